//! Coordinates without bounds: sine between two bounds, a square root beside one.
//!
//! The transformations are those of MINUIT (James and Roos, Comput. Phys. Commun. 10 (1975) 343). At a bound the
//! derivative vanishes, which a method without derivatives does not mind.

use std::f64::consts::FRAC_PI_2;

use argmin::core::{CostFunction, Error};

use crate::reduced::Reduced;

/// The objective in coordinates u that may take any value.
pub(super) struct Unbounded<'a, 'r> {
    pub reduced: &'a Reduced<'r>,
}

impl Unbounded<'_, '_> {
    /// The bounded coordinates of u.
    pub fn inside(&self, u: &[f64]) -> Vec<f64> {
        u.iter().zip(&self.reduced.bounds).map(|(&u, &bounds)| inside(u, bounds)).collect()
    }

    /// A point u of the bounded coordinates x.
    pub fn outside(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.reduced.bounds).map(|(&x, &bounds)| outside(x, bounds)).collect()
    }
}

impl CostFunction for Unbounded<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, u: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.reduced.value(&self.inside(u)))
    }
}

fn inside(u: f64, [lower, upper]: [f64; 2]) -> f64 {
    let x = match (lower.is_finite(), upper.is_finite()) {
        (true, true) => lower + (upper - lower) * 0.5 * (1.0 + u.sin()),
        (true, false) => lower + (u.hypot(1.0) - 1.0),
        (false, true) => upper - (u.hypot(1.0) - 1.0),
        (false, false) => u,
    };
    x.max(lower).min(upper)
}

fn outside(x: f64, [lower, upper]: [f64; 2]) -> f64 {
    match (lower.is_finite(), upper.is_finite()) {
        (true, true) => (2.0 * (x - lower) / (upper - lower) - 1.0).clamp(-1.0, 1.0).asin(),
        // hypot(u, 1) = 1 + d gives u = √(d² + 2d).
        (true, false) => root(x - lower),
        (false, true) => root(upper - x),
        (false, false) => x,
    }
    .clamp(if lower.is_finite() && upper.is_finite() { -FRAC_PI_2 } else { f64::MIN }, f64::MAX)
}

fn root(distance: f64) -> f64 {
    (distance * (distance + 2.0)).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let infinity = f64::INFINITY;
        for bounds in [[-1.0, 3.0], [-1.0, infinity], [-infinity, 3.0], [-infinity, infinity]] {
            for x in [-1.0, -0.999, 0.0, 1.7, 2.99, 3.0] {
                let back = inside(outside(x, bounds), bounds);
                assert!((back - x).abs() < 1e-12, "{x} became {back} between {bounds:?}");
            }
        }
    }

    #[test]
    fn never_outside() {
        for u in [-1e300, -7.0, -1.6, 0.0, 0.3, 1.6, 1e5, 1e300] {
            let x = inside(u, [-1.0, 3.0]);
            assert!((-1.0..=3.0).contains(&x), "{u} became {x}");
            assert!(inside(u, [2.0, f64::INFINITY]) >= 2.0);
        }
    }
}
