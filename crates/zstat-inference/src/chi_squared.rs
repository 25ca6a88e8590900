//! The tail of the χ² distribution, exact where it is small.

use statrs::function::gamma::ln_gamma;

use crate::upper_tail;

/// P(χ² > x) with a whole number of degrees of freedom; 1 for x ≤ 0, NaN for none.
///
/// With y = x/2, sums of positive terms: e^{−y} Σ_{k < dof/2} y^k/k! for even dof; for odd dof
/// erfc(√y) + e^{−y} Σ_{k < (dof−1)/2} y^{k+1/2}/Γ(k + 3/2). Abramowitz and Stegun 26.4.4 and 26.4.5.
pub fn chi_squared_tail(x: f64, dof: usize) -> f64 {
    if dof == 0 || x.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    let (y, half) = (0.5 * x, if dof.is_multiple_of(2) { 0.0 } else { 0.5 });
    // By logarithms: a power may overflow where e^{−y} underflows.
    let term = |k: usize| {
        let power = k as f64 + half;
        (power * y.ln() - y - ln_gamma(power + 1.0)).exp()
    };
    let head = if half > 0.0 { 2.0 * upper_tail(x.sqrt()) } else { 0.0 };
    (head + (0..dof / 2).map(term).sum::<f64>()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::function::gamma::gamma_ur;

    #[test]
    fn closed_forms() {
        for x in [1e-3, 0.5, 3.0, 20.0, 300.0] {
            assert!((chi_squared_tail(x, 2) / (-0.5 * x).exp() - 1.0).abs() < 1e-13, "{x}");
            let four = (-0.5 * x).exp() * (1.0 + 0.5 * x);
            assert!((chi_squared_tail(x, 4) / four - 1.0).abs() < 1e-13, "{x}");
            assert_eq!(chi_squared_tail(x, 1), 2.0 * upper_tail(x.sqrt()));
        }
        assert_eq!(chi_squared_tail(0.0, 3), 1.0);
        assert!(chi_squared_tail(1.0, 0).is_nan());
    }

    /// Against the incomplete gamma function by its continued fraction.
    #[test]
    fn incomplete_gamma_function() {
        for dof in [1, 3, 7, 10, 51, 200, 1001] {
            for ratio in [0.3, 0.9, 1.0, 1.3, 2.0] {
                let x = dof as f64 * ratio;
                let (found, wanted) = (chi_squared_tail(x, dof), gamma_ur(0.5 * dof as f64, 0.5 * x));
                assert!((found / wanted - 1.0).abs() < 1e-10, "{x}, {dof}: {found}, {wanted}");
            }
        }
        // The percentage points of tables.
        assert!((chi_squared_tail(3.841_458_820_694_124, 1) - 0.05).abs() < 1e-12);
        assert!((chi_squared_tail(18.307_038_053_275_146, 10) - 0.05).abs() < 1e-12);
        // Far below what can be 1 minus something.
        let far = chi_squared_tail(1200.0, 2);
        assert!((far / (-600.0_f64).exp() - 1.0).abs() < 1e-12 && far > 0.0);
    }
}
