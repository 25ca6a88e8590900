//! Minimisation across the kinks of piecewise interpolations (codes 0 and 1 at α = 0).
//!
//! The slope jumps there, so that a minimiser for smooth functions stops beside a kink without having converged. But
//! kinks lie on coordinate planes only, and in the box between them, where every such α keeps its sign, the likelihood is
//! smooth: it is minimised box by box. Where a parameter ended on the plane between two boxes and the likelihood falls on
//! the other side, its sign changes; each round lowers the value, and the last one ends where it rises on both sides of
//! every kink that was reached.
//!
//! Interpolations driven by formulas have kinks elsewhere, which are not looked for.

use super::{Fitter, Minimum, Objective, Problem, Termination};
use crate::likelihood::Nll;

/// The lower side of a kink: the same value as at 0, and the slopes of α < 0.
const BELOW: f64 = -f64::MIN_POSITIVE;
/// A search that got stuck nearer to a kink than this is on it.
const ON: f64 = 1e-12;
/// Boxes looked at in one minimisation.
const ROUNDS: usize = 60;
/// A change of sign must promise to lower the objective by more than this (½ g²/H).
const GAIN: f64 = 1e-9;

/// Minimises, and goes on across kinks where the fitter got stuck. Returns the minimum, and the parameters that are on
/// their kinks there, with −ln L rising to both sides.
pub(super) fn across_kinks(
    nll: &mut Nll<'_>,
    fitter: &dyn Fitter,
    problem: &Problem<'_>,
) -> (Minimum, Vec<usize>) {
    let found = fitter.minimise(nll, problem);
    if !matches!(found.termination, Termination::NoProgress | Termination::Converged) {
        return (found, Vec::new());
    }
    // A kink on a bound, or beyond, is no corner inside the box.
    let straddles = |i: &usize| {
        let [lower, upper] = problem.bounds[*i];
        !problem.fixed[*i] && lower < 0.0 && upper > 0.0
    };
    let kinked: Vec<usize> = nll.model().kinked().into_iter().filter(straddles).collect();
    // A smooth minimum that is on no kink is one.
    let on_kink = kinked.iter().any(|&i| found.theta[i] == 0.0);
    if kinked.is_empty() || (found.termination == Termination::Converged && !on_kink) {
        return (found, Vec::new());
    }
    Boxes { nll, fitter, problem, kinked }.minimise(found)
}

struct Boxes<'a, 'm> {
    nll: &'a mut Nll<'m>,
    fitter: &'a dyn Fitter,
    problem: &'a Problem<'a>,
    /// Free parameters with a kink inside their bounds.
    kinked: Vec<usize>,
}

impl Boxes<'_, '_> {
    /// From a point where a search got stuck, or converged with a parameter on its kink: seen from above it may be flat
    /// there while it falls below.
    fn minimise(&mut self, first: Minimum) -> (Minimum, Vec<usize>) {
        let mut best = first;
        let mut is_above: Vec<bool> = self.kinked.iter().map(|&i| best.theta[i] >= 0.0).collect();
        for round in 0..ROUNDS {
            if round > 0 || best.termination != Termination::Converged {
                let found = self.in_box(&best, &is_above);
                let ended = found.termination != Termination::Converged;
                // A search that began at the best point cannot end above it, but for rounding.
                let counts = [best.iterations + found.iterations, best.evaluations + found.evaluations];
                let is_better = found.value <= best.value;
                let is_as_good = !ended && found.value <= best.value + GAIN;
                if is_better || (is_as_good && best.termination != Termination::Converged) {
                    best = found;
                }
                [best.iterations, best.evaluations] = counts;
                if ended {
                    break;
                }
            }
            let Some(slopes) = self.slopes(&mut best) else { break };
            let flips: Vec<usize> = (0..self.kinked.len())
                .filter(|&k| self.is_on_kink(&best, k))
                .filter(|&k| slopes[k].falls(!is_above[k]))
                .collect();
            if flips.is_empty() {
                let corners = (0..self.kinked.len()).filter(|&k| self.is_on_kink(&best, k));
                let corners: Vec<usize> =
                    corners.filter(|&k| slopes[k].is_corner()).map(|k| self.kinked[k]).collect();
                self.onto_kinks(&mut best);
                return (best, corners);
            }
            flips.iter().for_each(|&k| is_above[k] = !is_above[k]);
        }
        if best.termination == Termination::Converged {
            best.termination = Termination::NoProgress;
        }
        self.onto_kinks(&mut best);
        (best, Vec::new())
    }

    /// The minimum of the box in which the kinked parameters have these signs.
    fn in_box(&mut self, from: &Minimum, is_above: &[bool]) -> Minimum {
        let mut bounds = self.problem.bounds.to_vec();
        let mut start = from.theta.clone();
        for (&i, &above) in self.kinked.iter().zip(is_above) {
            let [lower, upper] = bounds[i];
            bounds[i] = if above { [0.0, upper] } else { [lower, BELOW] };
            // So near to the kink that no value tells: on it, where a fitter sees the bound.
            let place = if start[i].abs() < ON { 0.0 } else { start[i] };
            start[i] = place.max(bounds[i][0]).min(bounds[i][1]);
        }
        self.fitter.minimise(self.nll, &Problem::new(&start, &bounds, self.problem.fixed))
    }

    fn is_on_kink(&self, at: &Minimum, k: usize) -> bool {
        (BELOW..=0.0).contains(&at.theta[self.kinked[k]])
    }

    /// Writes 0 for the lower side of a kink: the value is the same.
    fn onto_kinks(&self, at: &mut Minimum) {
        for &i in &self.kinked {
            if at.theta[i] == BELOW {
                at.theta[i] = 0.0;
            }
        }
    }

    /// Slopes and curvatures on both sides of the kinks. Those of one parameter do not depend on the sides of the others.
    fn slopes(&mut self, at: &mut Minimum) -> Option<Vec<Slopes>> {
        let mut theta = at.theta.clone();
        let mut gradient = vec![0.0; theta.len()];
        let mut hessian = self.nll.new_hessian();
        let on_kink: Vec<usize> = (0..self.kinked.len()).filter(|&k| self.is_on_kink(at, k)).collect();
        let mut out = vec![Slopes::default(); self.kinked.len()];
        for above in [false, true] {
            on_kink.iter().for_each(|&k| theta[self.kinked[k]] = if above { 0.0 } else { BELOW });
            self.nll.hessian(&theta, super::Curvature::Fisher, &mut gradient, &mut hessian).ok()?;
            at.evaluations += 1;
            for (slopes, &i) in out.iter_mut().zip(&self.kinked) {
                slopes.sides[usize::from(above)] = [gradient[i], hessian.diagonal(i)];
            }
        }
        Some(out)
    }
}

/// What −ln L does on the two sides of a kink: slope and curvature below, then above.
#[derive(Debug, Clone, Copy, Default)]
struct Slopes {
    sides: [[f64; 2]; 2],
}

impl Slopes {
    /// Whether it falls, going away from the kink, by more than rounding.
    fn falls(&self, above: bool) -> bool {
        let [slope, curvature] = self.sides[usize::from(above)];
        let outward = if above { slope } else { -slope };
        outward < 0.0 && 0.5 * slope * slope > GAIN * curvature.abs().max(f64::MIN_POSITIVE)
    }

    fn is_corner(&self) -> bool {
        let [[below, _], [above, _]] = self.sides;
        below < 0.0 && above > 0.0
    }
}
