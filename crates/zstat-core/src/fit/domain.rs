//! Minima inside the domain of a likelihood: no bin expects a negative number of events.
//!
//! Where events are observed, −ln L rises to infinity as the expectation falls to zero, and no search gets across. In a
//! bin without any, it is the expectation itself and goes on falling below zero, where there are no probabilities: an
//! extrapolated variation may carry a search away there. The minimum then lies on the edge, and is found from inside: a
//! vanishing fraction of an event in such bins is a logarithmic barrier (Nocedal and Wright, chapter 19), with the
//! likelihood's own derivatives. Where bins have a millionth of an event, as expected data may, −ln L is such a barrier itself: a
//! narrow valley along the edge, curved as the edge is, in which a search makes no way. It is found as others are, from wider ones.

use super::entry::{Entry, enter};
use super::kinks::across_kinks;
use super::{Curvature, Fitter, Minimum, Objective, Problem, Termination};
use crate::likelihood::Nll;

/// Bins with fewer events than this are scarce.
const SCARCE: f64 = 1e-2;
/// Events in place of fewer, one search after the other. The last one lifts the minimum by about as much where there are none.
const BARRIERS: [f64; 4] = [1e-2, 1e-3, 1e-6, 1e-10];
/// A step off the edge, as a part of a parameter's size.
const OFF: f64 = 1e-2;
/// Derivatives that a search may take outside.
const EXCURSION: usize = 3;
/// Parts of the way along the path of the barriers' minima that are tried.
const AHEAD: [f64; 4] = [1.0, 0.99, 0.9, 0.5];
/// A minimum from wider valleys that is higher than this above where the search alone came to is another one.
const HIGHER: f64 = 1e-6;
/// A bin without events that expects less than this is on the edge.
const EDGE: f64 = 1e-6;

/// Minimises, across kinks and inside the domain. Returns the minimum, and the parameters that are on a kink of their
/// interpolation there, with −ln L rising to both sides.
pub fn minimise(nll: &mut Nll<'_>, fitter: &dyn Fitter, problem: &Problem<'_>) -> (Minimum, Vec<usize>) {
    nll.hold(problem.fixed);
    let has_empty = !nll.empty_bins().is_empty();
    // A search may pass outside and come back; one that stays there would go on for long.
    nll.set_excursion(has_empty.then_some(EXCURSION));
    let found = across_kinks(nll, fitter, problem);
    nll.set_excursion(None);
    let is_done = match found.0.termination {
        Termination::InvalidStart(_) | Termination::Known => true,
        Termination::Converged => nll.is_inside(&found.0.theta),
        _ => false,
    };
    let scarce = nll.scarce_bins(SCARCE);
    if is_done || scarce.is_empty() {
        return found;
    }
    let (mut best, mut counts) = (None, [found.0.iterations, found.0.evaluations]);
    // From where the search began, and from where it came to: there may be several valleys.
    let arrived = nll.is_inside(&found.0.theta).then_some(found.0.theta.as_slice());
    for start in [Some(problem.start), arrived].into_iter().flatten() {
        let inside = from_inside(nll, fitter, &Problem { start, known: None, ..*problem }, &scarce);
        nll.raise_counts(&scarce, 0.0);
        let Some((mut minimum, on_kink)) = inside else { continue };
        counts = [counts[0] + minimum.iterations, counts[1] + minimum.evaluations + 1];
        // Of the likelihood itself; the slopes stay those of the barrier, which are the forces of the edge.
        minimum.value = nll.value(&minimum.theta).unwrap_or(minimum.value);
        let is_in_vain =
            minimum.termination != Termination::Converged || minimum.value > found.0.value + HIGHER;
        if !is_in_vain || arrived.is_none() {
            best = Some((minimum, on_kink));
        }
        if !is_in_vain {
            break;
        }
    }
    let Some((mut minimum, on_kink)) = best else {
        // Not for want of an edge, or by no way to the lowest point that is known.
        let is_outside = arrived.is_none();
        let mut found = found;
        if is_outside {
            found.0.termination = Termination::NoProgress;
        }
        return found;
    };
    [minimum.iterations, minimum.evaluations] = counts;
    (minimum, on_kink)
}

/// The warning that a point is on the edge of the domain, where it is.
pub(super) fn on_edge(nll: &mut Nll<'_>, theta: &[f64]) -> Option<String> {
    let model = nll.model();
    let empty = nll.empty_bins();
    let nu = nll.expected(theta);
    let place = |&(bin, _): &(usize, f64)| {
        let (channel, bin) = model.locate_bin(bin);
        format!("bin {bin} of channel `{channel}`")
    };
    // An expectation that is zero whatever the parameters are is no edge, but says the same of the data.
    let places: Vec<String> = empty.iter().filter(|(bin, _)| nu[*bin] < EDGE).map(place).collect();
    (!places.is_empty()).then(|| {
        format!(
            "no events are expected in {}, and none observed: at the edge of what is possible, where symmetric \
             uncertainties mean little",
            places.join(", ")
        )
    })
}

/// The minimum with lower and lower barriers in bins that have few events; none where no start is inside, and no way leads there.
fn from_inside(
    nll: &mut Nll<'_>,
    fitter: &dyn Fitter,
    problem: &Problem<'_>,
    scarce: &[(usize, f64)],
) -> Option<(Minimum, Vec<usize>)> {
    let mut nominal = nll.model().init();
    for (i, value) in nominal.iter_mut().enumerate().filter(|(i, _)| problem.fixed[*i]) {
        *value = problem.start[i];
    }
    let known = [problem.start.to_vec(), nominal].into_iter().find(|start| nll.is_inside(start));
    let mut start = known.or_else(|| match enter(nll, fitter, problem) {
        Entry::Inside { theta, .. } => Some(theta).filter(|theta| nll.is_inside(theta)),
        Entry::Barred(_) | Entry::Lost(_) => None,
    })?;
    lift(nll, problem, scarce, &mut start);
    // Where nothing is expected whatever happens and nothing is there, there is nothing to keep away from.
    let nu = nll.expected(&start);
    let scarce: Vec<(usize, f64)> =
        scarce.iter().copied().filter(|&(bin, own)| own > 0.0 || nu[bin] > 0.0).collect();
    let mut last: Option<(Minimum, Vec<usize>)> = None;
    let mut path: Vec<(f64, Vec<f64>)> = Vec::new();
    let (mut gradient, mut hessian) = (vec![0.0; start.len()], nll.new_hessian());
    for events in BARRIERS {
        nll.raise_counts(&scarce, events);
        // Barriers bend as neighbours without them do not.
        let mut curvature = None;
        if let [.., before, here] = path.as_slice() {
            start = ahead(nll, before, here, events, problem.bounds);
            let found = nll.hessian(&start, Curvature::Exact, &mut gradient, &mut hessian);
            curvature = found.is_ok().then_some(&hessian);
        }
        let mut next =
            across_kinks(nll, fitter, &Problem { start: &start, known: None, curvature, ..*problem });
        if let Some((last, _)) = &last {
            next.0.iterations += last.iterations;
            next.0.evaluations += last.evaluations;
        }
        if !nll.is_inside(&next.0.theta) {
            // What a higher barrier gave is too high by as much.
            return last.map(|(minimum, on_kink)| {
                (Minimum { termination: Termination::NoProgress, ..minimum }, on_kink)
            });
        }
        start.clone_from(&next.0.theta);
        path.push((events, next.0.theta.clone()));
        last = Some(next);
    }
    last
}

/// Moves a start that is on the edge off it, where a parameter alone leads away: bins that expect nothing there have no barrier, and
/// may expect less than nothing next to it.
fn lift(nll: &mut Nll<'_>, problem: &Problem<'_>, scarce: &[(usize, f64)], start: &mut [f64]) {
    // Bins that expect nothing at a point; none where another expects less.
    let mut bins_at_edge = |theta: &[f64]| {
        let nu = nll.expected(theta);
        let count = scarce.iter().filter(|(bin, _)| nu[*bin] <= 0.0).count();
        nll.is_inside(theta).then_some(count)
    };
    let Some(mut least) = bins_at_edge(start) else { return };
    for i in (0..start.len()).filter(|&i| !problem.fixed[i]) {
        for step in [OFF, -OFF] {
            if least == 0 {
                return;
            }
            let here = start[i];
            start[i] = here + step * here.abs().max(1.0);
            let [lower, upper] = problem.bounds[i];
            match bins_at_edge(start).filter(|count| *count < least && (lower..=upper).contains(&start[i])) {
                Some(fewer) => least = fewer,
                None => start[i] = here,
            }
        }
    }
}

/// Where the minimum with the next barrier is to be expected: minima with low barriers lie on a straight line, along which
/// the expectation in the empty bins falls as the barrier does.
fn ahead(
    nll: &mut Nll<'_>,
    (before, from): &(f64, Vec<f64>),
    (here, to): &(f64, Vec<f64>),
    next: f64,
    bounds: &[[f64; 2]],
) -> Vec<f64> {
    let step = (here - next) / (before - here);
    let at = |part: &f64| -> Vec<f64> {
        let points = from.iter().zip(to).zip(bounds);
        points.map(|((a, b), [lower, upper])| (b + part * step * (b - a)).max(*lower).min(*upper)).collect()
    };
    AHEAD.iter().map(at).find(|point| nll.value(point).is_ok()).unwrap_or_else(|| to.clone())
}
