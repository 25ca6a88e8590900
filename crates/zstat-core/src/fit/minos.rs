//! MINOS intervals: where 2 ΔNLL = 1 with all other parameters profiled, by constrained fits and Newton's method.
//!
//! At a constrained minimum the profile's slope is ∂NLL/∂θ_i (envelope theorem), so every fit gives value and slope and
//! the crossing is reached in a few of them. Source: F. James and M. Roos, Comput. Phys. Commun. 10 (1975) 343.

use super::{Fitter, Minimum, Minos, Problem, Termination, minimise};
use crate::likelihood::Nll;

/// Precision of the crossing, in units of 2 NLL.
const PRECISION: f64 = 1e-7;
const MAX_FITS: usize = 40;

/// What came of one search.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MinosOutcome {
    pub interval: Minos,
    /// A constrained fit found a lower value than the minimum it started from: where, and by how much in 2 NLL.
    pub lower_minimum: Option<f64>,
    /// A constrained fit did not converge, or no crossing was found within the limit.
    pub failed: Option<String>,
}

/// Both sides for parameter `i` around `best`. `sigma` is a first guess of the distance.
pub(super) fn minos(
    nll: &mut Nll<'_>,
    fitter: &dyn Fitter,
    problem: &Problem<'_>,
    best: &Minimum,
    i: usize,
    sigma: f64,
    slopes: &[f64],
) -> MinosOutcome {
    let mut out =
        MinosOutcome { interval: Minos { down: None, up: None }, lower_minimum: None, failed: None };
    for side in [-1.0, 1.0] {
        let mut search = Side { nll, fitter, problem, best, i, sigma, slopes, out: &mut out };
        let offset = search.find(side);
        if side < 0.0 {
            out.interval.down = offset;
        } else {
            out.interval.up = offset;
        }
    }
    out
}

struct Side<'a, 'p, 'm> {
    nll: &'a mut Nll<'m>,
    fitter: &'a dyn Fitter,
    problem: &'a Problem<'p>,
    best: &'a Minimum,
    i: usize,
    sigma: f64,
    /// dθ_j/dθ_i along the profile, from the covariance: where the others go.
    slopes: &'a [f64],
    out: &'a mut MinosOutcome,
}

impl Side<'_, '_, '_> {
    fn find(&mut self, side: f64) -> Option<f64> {
        let origin = self.best.theta[self.i];
        let [lower, upper] = self.problem.bounds[self.i];
        let limit = if side > 0.0 { upper - origin } else { origin - lower };
        if limit <= 0.0 {
            return None;
        }
        // Distances from the minimum: `near` is inside the interval, `far` outside once known.
        let (mut near, mut far) = (0.0, None);
        let mut distance = self.sigma.min(limit);
        let mut warm = self.best.theta.clone();
        for _ in 0..MAX_FITS {
            let fit = self.constrained(origin + side * distance, &warm)?;
            let excess = 2.0 * (fit.value - self.best.value) - 1.0;
            if excess < -1.0 - 1e-6 {
                let drop = -1.0 - excess;
                self.out.lower_minimum = Some(self.out.lower_minimum.unwrap_or(0.0).max(drop));
            }
            if excess.abs() < PRECISION {
                return Some(side * distance);
            }
            if excess < 0.0 {
                near = distance;
                if distance >= limit {
                    return None;
                }
            } else {
                far = Some(distance);
            }
            let slope = 2.0 * side * fit.gradient[self.i];
            warm = fit.theta;
            distance = next_distance(distance, excess, slope, near, far, limit);
        }
        self.out.failed = Some("no crossing found within the limit of fits".to_owned());
        None
    }

    /// The fit with θ_i held at `x`.
    fn constrained(&mut self, x: f64, warm: &[f64]) -> Option<Minimum> {
        let mut start = warm.to_vec();
        let shift = x - warm[self.i];
        for (j, value) in start.iter_mut().enumerate() {
            if !self.problem.fixed[j] {
                let [lower, upper] = self.problem.bounds[j];
                *value = (*value + shift * self.slopes[j]).max(lower).min(upper);
            }
        }
        start[self.i] = x;
        let mut fixed = self.problem.fixed.to_vec();
        fixed[self.i] = true;
        let problem = Problem::new(&start, self.problem.bounds, &fixed);
        let (mut fit, _) = minimise(self.nll, self.fitter, &problem);
        if fit.termination != Termination::Converged {
            // The predicted point may be a bad start: try from where the last fit ended.
            let mut start = warm.to_vec();
            start[self.i] = x;
            (fit, _) = minimise(self.nll, self.fitter, &Problem { start: &start, ..problem });
        }
        if fit.termination == Termination::Converged {
            return Some(fit);
        }
        self.out.failed = Some(format!("the fit at {x} did not converge"));
        None
    }
}

/// Newton's step on the square root of the excess curve (nearly linear in the distance), kept inside what is known.
fn next_distance(distance: f64, excess: f64, slope: f64, near: f64, far: Option<f64>, limit: f64) -> f64 {
    let delta = excess + 1.0;
    // With r = √δ: r' = δ'/(2r); next = d + (1 − r)/r'.
    let newton = if delta > 0.0 && slope > 0.0 {
        let r = delta.sqrt();
        distance + (1.0 - r) * 2.0 * r / slope
    } else {
        f64::NAN
    };
    let upper = far.unwrap_or(limit);
    let inside = newton > near && newton < upper;
    match (inside, far) {
        (true, _) => newton,
        (false, Some(far)) => 0.5 * (near + far),
        (false, None) => (2.0 * distance).min(limit),
    }
}
