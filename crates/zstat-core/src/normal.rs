//! The standard normal distribution, exact in its tails.

use libm::erfc;
use statrs::function::erf::erfc_inv;

use std::f64::consts::{PI, SQRT_2};

/// Beyond this the tail is evaluated by its continued fraction, of which the logarithm is wanted.
const FAR: f64 = 10.0;

/// P(X > x).
pub fn upper_tail(x: f64) -> f64 {
    0.5 * erfc(x / SQRT_2)
}

/// ln P(X > x), also where P itself underflows.
pub fn ln_upper_tail(x: f64) -> f64 {
    if x < FAR {
        return upper_tail(x).ln();
    }
    // Laplace's continued fraction: P = φ(x) / (x + 1/(x + 2/(x + 3/(x + …)))).
    let mut tail = x;
    for k in (1..=60).rev() {
        tail = x + f64::from(k) / tail;
    }
    -0.5 * x * x - 0.5 * (2.0 * PI).ln() - tail.ln()
}

/// φ(x) / P(X > x): minus the derivative of [`ln_upper_tail`].
pub fn hazard(x: f64) -> f64 {
    (-0.5 * x * x - 0.5 * (2.0 * PI).ln() - ln_upper_tail(x)).exp()
}

/// The x with P(X > x) = `p`; infinite at 0 and 1, NaN outside.
pub fn quantile(p: f64) -> f64 {
    if p == 0.0 {
        return f64::INFINITY;
    }
    if p == 1.0 {
        return f64::NEG_INFINITY;
    }
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    // Newton's method on ln P, which is smooth and concave, from an approximation.
    let mut x = SQRT_2 * erfc_inv(2.0 * p);
    let wanted = p.ln();
    for _ in 0..3 {
        let (found, slope) = (ln_upper_tail(x), -hazard(x));
        let step = (found - wanted) / slope;
        if !step.is_finite() {
            break;
        }
        x -= step;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of Abramowitz and Stegun's table and of arbitrary-precision arithmetic.
    #[test]
    fn tails_and_quantiles() {
        for (x, p) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457_05),
            (2.0, 0.022_750_131_948_179_21),
            (5.0, 2.866_515_718_791_94e-7),
            (8.0, 6.220_960_574_271_78e-16),
            (-1.0, 0.841_344_746_068_542_9),
        ] {
            assert!((upper_tail(x) / p - 1.0).abs() < 1e-12, "{x}: {}", upper_tail(x));
            assert!((quantile(p) - x).abs() < 1e-12, "{p}: {}", quantile(p));
        }
        // ln P(X > 40) = −804.608442…
        assert!((ln_upper_tail(40.0) + 804.608_442_013_754).abs() < 1e-9, "{}", ln_upper_tail(40.0));
        let (below, above) = (ln_upper_tail(FAR - 1e-9), ln_upper_tail(FAR + 1e-9));
        assert!((below - above - 2e-9 * hazard(FAR)).abs() < 1e-11, "no step between the formulas");
        assert!(quantile(1.5).is_nan() && quantile(0.0) == f64::INFINITY);
        assert!((quantile(1e-300) - 37.047_096_299_361_2).abs() < 1e-9, "{}", quantile(1e-300));
    }

    #[test]
    fn hazard_is_the_derivative() {
        for x in [-3.0, 0.0, 2.0, 9.5, 12.0, 30.0] {
            let h = 1e-5;
            let slope = (ln_upper_tail(x + h) - ln_upper_tail(x - h)) / (2.0 * h);
            assert!((slope + hazard(x)).abs() < 1e-6 * (1.0 + hazard(x)), "{x}");
        }
    }
}
