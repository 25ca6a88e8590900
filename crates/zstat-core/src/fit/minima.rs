//! The minima of a likelihood, from one start or several.

use super::anywhere::Nowhere;
use super::run::reason;
use super::starts::random_start;
use super::{FitOptions, Fitter, Minimum, Objective, Problem, Termination, from_anywhere, minimise};
use crate::likelihood::Nll;

/// 2 NLL values closer than this are the same.
const SAME: f64 = 1e-6;
/// How often a random start without likelihood is moved, and what is left of its distance each time.
const ATTEMPTS: i32 = 20;
const NEARER: f64 = 0.75;

/// One of the distinct minima.
pub(super) struct Found {
    pub minimum: Minimum,
    /// Parameters on the kink of their interpolation there.
    pub on_kink: Vec<usize>,
    /// How many starts ended there.
    pub starts: usize,
}

/// The distinct minima, lowest first. Never empty.
pub(super) fn find_minima(
    nll: &mut Nll<'_>,
    fitter: &dyn Fitter,
    problem: &Problem<'_>,
    options: &FitOptions,
    warnings: &mut Vec<String>,
) -> Vec<Found> {
    let clamped = |i: usize| {
        let ([lower, upper], x) = (problem.bounds[i], problem.start[i]);
        if problem.fixed[i] { x } else { x.max(lower).min(upper) }
    };
    let start: Vec<f64> = (0..problem.start.len()).map(clamped).collect();
    let at_start = nll.value(&start);
    let (mut first, mut first_kink) = minimise(nll, fitter, problem);
    if let (Err(why), false) = (&at_start, matches!(first.termination, Termination::InvalidStart(_))) {
        warnings
            .push(format!("no likelihood at the start values ({why}); the fit began at a point near them"));
    }
    // Where random starts without likelihood are drawn to.
    let mut inside = problem.start.to_vec();
    if let Termination::InvalidStart(why) = first.termination.clone() {
        match from_anywhere(nll, fitter, problem, &[], options.seed) {
            Ok((again, kink)) => {
                warnings.push(format!(
                    "no likelihood at the start values ({why}); the fit began at another point, where there is one"
                ));
                inside.clone_from(&again.theta);
                (first, first_kink) = (again, kink);
            }
            Err(Nowhere { is_zero: true, why }) => warnings
                .push(format!("the likelihood is zero whatever the parameters that are free are: {why}")),
            Err(_) => {}
        }
    }
    let mut minima = vec![Found { minimum: first, on_kink: first_kink, starts: 1 }];
    let mut failed: Vec<(String, Vec<usize>)> = Vec::new();
    for start in 1..options.multi_start {
        let point = valid_start(nll, problem, &inside, options.seed, start as u64);
        let (minimum, on_kink) = minimise(nll, fitter, &Problem { start: &point, ..*problem });
        if minimum.termination != Termination::Converged {
            let why = reason(&minimum.termination);
            match failed.iter_mut().find(|(known, _)| *known == why) {
                Some((_, starts)) => starts.push(start + 1),
                None => failed.push((why, vec![start + 1])),
            }
            continue;
        }
        match minima.iter_mut().find(|known| same_minimum(nll, &known.minimum, &minimum)) {
            Some(known) => {
                known.starts += 1;
                if minimum.value < known.minimum.value {
                    (known.minimum, known.on_kink) = (minimum, on_kink);
                }
            }
            None => minima.push(Found { minimum, on_kink, starts: 1 }),
        }
    }
    // A first fit that went nowhere is no minimum beside good ones.
    if minima.len() > 1 && minima[0].minimum.termination != Termination::Converged {
        let first = minima.remove(0);
        let why = reason(&first.minimum.termination);
        match failed.iter_mut().find(|(known, _)| *known == why) {
            Some((_, starts)) => starts.insert(0, 1),
            None => failed.insert(0, (why, vec![1])),
        }
    }
    for (why, starts) in failed {
        let which: Vec<String> = starts.iter().take(8).map(usize::to_string).collect();
        let more = if starts.len() > which.len() { ", …" } else { "" };
        warnings.push(format!(
            "{} of {} starts did not converge (start {}{more}): {why}",
            starts.len(),
            options.multi_start,
            which.join(", ")
        ));
    }
    // The lowest first.
    minima.sort_by(|a, b| a.minimum.value.total_cmp(&b.minimum.value));
    minima
}

/// Random start number `start`, drawn towards the point `inside` where there is no likelihood.
fn valid_start(nll: &mut Nll<'_>, problem: &Problem<'_>, inside: &[f64], seed: u64, start: u64) -> Vec<f64> {
    let parameters = nll.model().parameters();
    let drawn = random_start(parameters, problem.start, problem.fixed, seed, start);
    let nearer = |attempt: i32| -> Vec<f64> {
        let scale = NEARER.powi(attempt);
        drawn.iter().zip(inside).map(|(x, base)| base + scale * (x - base)).collect()
    };
    (0..ATTEMPTS).map(nearer).find(|point| nll.value(point).is_ok()).unwrap_or(drawn)
}

/// Two converged points are one minimum if their values agree and nothing rises between them.
fn same_minimum(nll: &mut Nll<'_>, a: &Minimum, b: &Minimum) -> bool {
    if a.termination != Termination::Converged || 2.0 * (a.value - b.value).abs() > SAME {
        return false;
    }
    let middle: Vec<f64> = a.theta.iter().zip(&b.theta).map(|(x, y)| 0.5 * (x + y)).collect();
    nll.value(&middle).is_ok_and(|value| 2.0 * (value - a.value.max(b.value)) <= SAME)
}
