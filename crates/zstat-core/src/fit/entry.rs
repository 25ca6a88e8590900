//! A way into the domain of a likelihood, from where it has none: all bins with data are to expect a positive number of events.
//!
//! Below a part of what was observed a bin's −ln L is replaced by its parabola there, so that there is a value everywhere,
//! and that is minimised. Where the minimum is outside, the same again with a smaller part: what is outside costs as −ln of
//! the part at least, what is inside no more than its likelihood, so that sooner or later the minimum is inside if there is
//! an inside at all and the search is not held up on its way. (Phase one of Boyd and Vandenberghe, *Convex Optimization*,
//! chapter 11.4, with the likelihood's own derivatives.)

use super::kinks::across_kinks;
use super::{EvalError, Fitter, Objective, Problem, Termination};
use crate::likelihood::Nll;

/// Parts of what was observed below which there is a parabola, one search after the other.
const PARTS: [f64; 5] = [0.1, 1e-2, 1e-3, 1e-4, 1e-5];
/// Events in place of none: bins without data are not to expect a negative number either.
const EVENTS: f64 = 1e-2;
/// A search that ended so near to its minimum (EDM), relative to the value there, has found it.
const ARRIVED: f64 = 1e-6;
/// What is left of the distance to the domain, with a part a tenth of the last, where there is one: no more than this.
const LEFT: f64 = 0.5;

/// Where the search for a way in ended.
pub(super) enum Entry {
    /// At a point with a likelihood, after so many iterations and evaluations.
    Inside { theta: Vec<f64>, counts: [usize; 2] },
    /// Where the expectation of some bin cannot be raised any further, and is not positive.
    Barred(EvalError),
    /// Without a point, and without knowing that there is none.
    Lost(Option<EvalError>),
}

/// Looks for a way in from the start of `problem`.
pub(super) fn enter(nll: &mut Nll<'_>, fitter: &dyn Fitter, problem: &Problem<'_>) -> Entry {
    let empty = nll.empty_bins();
    let mut here = problem.start.to_vec();
    let mut before = f64::INFINITY;
    let mut is_barred = false;
    let mut counts = [0, 0];
    for part in PARTS {
        nll.raise_counts(&empty, EVENTS);
        nll.relax(Some(part));
        // Second derivatives from elsewhere know nothing of the parabolas.
        let from = Problem::new(&here, problem.bounds, problem.fixed);
        let (found, _) = across_kinks(nll, fitter, &from);
        nll.relax(None);
        nll.raise_counts(&empty, 0.0);
        if matches!(found.termination, Termination::InvalidStart(_)) {
            return Entry::Lost(None);
        }
        here = found.theta;
        counts = [counts[0] + found.iterations, counts[1] + found.evaluations];
        if nll.value(&here).is_ok() && nll.is_inside(&here) {
            return Entry::Inside { theta: here, counts };
        }
        let Some((distance, _)) = nll.violation(&here) else { continue };
        is_barred = found.edm <= ARRIVED * found.value.abs().max(1.0) && distance >= LEFT * before;
        before = distance;
    }
    match nll.violation(&here) {
        // With data there is a likelihood, if not where bins without any have probabilities.
        None if nll.value(&here).is_ok() => Entry::Inside { theta: here, counts },
        None => Entry::Lost(nll.value(&here).err()),
        Some((_, why)) if is_barred => Entry::Barred(why),
        Some((_, why)) => Entry::Lost(Some(why)),
    }
}
