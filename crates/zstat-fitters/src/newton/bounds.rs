//! The last of the way to a bound.

use super::search::{ROUNDING, Search};

/// Parameters nearer to a bound than this part of their range may be put on it.
const BESIDE: f64 = 1e-9;

impl Search<'_> {
    /// Puts those parameters on a bound that are beside it and are drawn to it, where the value does not tell the difference:
    /// an expectation that falls to zero where nothing was observed is a line, on which Fisher steps lead ever nearer to the
    /// bound and rounding keeps them off it. False if nothing moved.
    pub(super) fn settle_on_bounds(&mut self) -> bool {
        let noise = ROUNDING * self.value.abs().max(1.0);
        self.trial.clone_from(&self.theta);
        let mut has_moved = false;
        for (i, x) in self.trial.iter_mut().enumerate().filter(|(i, _)| self.step.free[*i]) {
            let ([lower, upper], slope) = (self.problem.bounds[i], self.gradient[i]);
            let bound = if slope > 0.0 { lower } else { upper };
            let distance = (bound - *x).abs();
            let is_beside = distance > 0.0 && distance <= BESIDE * (upper - lower).clamp(1e-3, 1e3);
            if is_beside && slope != 0.0 && slope.abs() * distance <= noise {
                (*x, has_moved) = (bound, true);
            }
        }
        if !has_moved {
            return false;
        }
        self.evaluations += 1;
        let is_as_low = self.objective.value(&self.trial).is_ok_and(|value| value <= self.value + noise);
        if !is_as_low || !self.accept() {
            return false;
        }
        self.restart_damping();
        true
    }
}
