//! Minima on the kink of a piecewise interpolation (codes 0 and 1 at α = 0): the slope jumps there from below zero to above
//! it, so that no gradient vanishes and a minimiser stops without having converged.

use super::{Fitter, Minimum, Objective, Problem, Termination};
use crate::likelihood::Nll;

/// A parameter this close to its kink may belong on it.
const NEAR: f64 = 1e-2;
/// Where the slopes beside a kink are taken.
const BESIDE: f64 = 1e-9;
/// Rounds of holding parameters on their kinks.
const ROUNDS: usize = 5;

/// Tries to end a search that made no more progress: parameters on whose kink the slope changes sign are held there, and
/// the others are fitted. Returns the minimum and those parameters, or what it was given and none.
pub(super) fn settle(
    nll: &mut Nll<'_>,
    fitter: &dyn Fitter,
    problem: &Problem<'_>,
    stuck: Minimum,
) -> (Minimum, Vec<usize>) {
    let kinked = nll.model().kinked();
    if kinked.is_empty() || stuck.termination != Termination::NoProgress {
        return (stuck, Vec::new());
    }
    let mut theta = stuck.theta.clone();
    let mut held: Vec<usize> = Vec::new();
    let (mut iterations, mut evaluations) = (stuck.iterations, stuck.evaluations);
    for _ in 0..ROUNDS {
        // A kink on a bound, or beyond, is no corner inside the box.
        let free = |i: &&usize| {
            let [lower, upper] = problem.bounds[**i];
            !problem.fixed[**i] && theta[**i].abs() < NEAR && lower < 0.0 && upper > 0.0
        };
        let near: Vec<usize> = kinked.iter().filter(free).copied().collect();
        let mut on_kink = Vec::new();
        for i in near {
            evaluations += 2;
            if is_corner(nll, &theta, i) {
                on_kink.push(i);
            }
        }
        if on_kink.is_empty() {
            break;
        }
        let same = on_kink == held;
        let mut fixed = problem.fixed.to_vec();
        for &i in &on_kink {
            (theta[i], fixed[i]) = (0.0, true);
        }
        let found = fitter.minimise(nll, &Problem { start: &theta, fixed: &fixed, ..*problem });
        iterations += found.iterations;
        evaluations += found.evaluations;
        theta.clone_from(&found.theta);
        let corners = on_kink.iter().all(|&i| is_corner(nll, &theta, i));
        if found.termination == Termination::Converged && corners && found.value <= stuck.value {
            return (Minimum { iterations, evaluations, ..found }, on_kink);
        }
        if same {
            break;
        }
        held = on_kink;
    }
    (stuck, Vec::new())
}

/// Whether −ln L falls towards α = 0 of parameter `i` from both sides.
fn is_corner(nll: &mut Nll<'_>, theta: &[f64], i: usize) -> bool {
    let mut point = theta.to_vec();
    let mut gradient = vec![0.0; theta.len()];
    let mut slope = |x: f64| {
        point[i] = x;
        nll.gradient(&point, &mut gradient).ok().map(|_| gradient[i])
    };
    matches!((slope(-BESIDE), slope(BESIDE)), (Some(below), Some(above)) if below < 0.0 && above > 0.0)
}
