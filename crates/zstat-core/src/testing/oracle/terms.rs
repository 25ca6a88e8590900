//! −2 ln of the densities, all constants included.

use std::f64::consts::PI;

use super::Number;

/// Pois(n | ν) with Γ(n + 1) in place of n!. Pois(0 | ν) = e^−ν for every ν; infinite or NaN where pyhf's is.
///
/// Written as deviance plus what is left at ν = n, because n ln ν − ν − ln Γ(n + 1) loses all digits for n ≈ 1e11.
pub fn poisson<T: Number>(n: f64, nu: T) -> T {
    if n == 0.0 {
        return nu * 2.0;
    }
    if n < 0.0 || nu.re() == 0.0 {
        return T::from(f64::INFINITY);
    }
    if nu.re() < 0.0 {
        return T::from(f64::NAN);
    }
    let t = (nu - n) / n;
    (t - t.ln_1p()) * (2.0 * n) + 2.0 * saturated(n)
}

/// −ln Pois(n | n) = ln Γ(n + 1) − n ln n + n.
fn saturated(n: f64) -> f64 {
    if n >= 20.0 {
        // Stirling's series; the first term left out is below 1e-16 from n = 20 on.
        let inverse = 1.0 / n;
        let square = inverse * inverse;
        let series =
            [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
        let tail = series.iter().rev().fold(0.0, |sum, coefficient| sum * square + coefficient);
        return 0.5 * (2.0 * PI * n).ln() + tail * inverse;
    }
    // ln Γ(n + 1) = ln Γ(n + 21) − Σ ln(n + k), k = 1 … 20, and ln Γ(m + 1) = saturated(m) + m ln m − m.
    let m = n + 20.0;
    let ln_gamma = saturated(m) + m * m.ln() - m - (1..=20).map(|k| (n + f64::from(k)).ln()).sum::<f64>();
    ln_gamma - n * n.ln() + n
}

/// Normal(x | mean, σ).
pub fn normal<T: Number>(x: f64, mean: T, sigma: f64) -> T {
    let pull = (-mean + x) / sigma;
    pull * pull + (2.0 * PI).ln() + 2.0 * sigma.ln()
}

/// Multivariate normal of the differences `pulls`, given the inverse of the covariance and ln of its determinant.
pub fn multivariate_normal<T: Number>(pulls: &[T], inverse: &[Vec<f64>], ln_determinant: f64) -> T {
    let mut total = T::from(pulls.len() as f64 * (2.0 * PI).ln() + ln_determinant);
    for (row, &left) in inverse.iter().zip(pulls) {
        for (&entry, &right) in row.iter().zip(pulls) {
            total += left * right * entry;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64) {
        let error = (found - expected).abs() / expected.abs().max(1.0);
        assert!(error <= 1e-13, "found {found}, expected {expected}");
    }

    #[test]
    fn poisson_with_whole_numbers_is_the_textbook_formula() {
        let mut ln_factorial = 0.0;
        for n in 1..60 {
            let n = f64::from(n);
            ln_factorial += n.ln();
            for nu in [0.3, 7.0, 55.5] {
                close(poisson(n, nu), -2.0 * (n * f64::ln(nu) - nu - ln_factorial));
            }
        }
        close(poisson(0.0, 3.5), 7.0);
        assert_eq!(poisson(0.0, 0.0), 0.0);
    }

    /// Γ(1/2) = √π and the recurrence give half-integers in closed form.
    #[test]
    fn poisson_with_half_numbers() {
        let mut ln_gamma = 0.5 * PI.ln();
        for k in 0..80 {
            let n = f64::from(k) + 0.5;
            ln_gamma += n.ln();
            close(poisson(n, 4.0), -2.0 * (n * 4.0_f64.ln() - 4.0 - ln_gamma));
        }
    }

    #[test]
    fn poisson_outside_its_domain() {
        assert_eq!(poisson(1.0, 0.0), f64::INFINITY);
        assert!(poisson::<f64>(1.0, -1.0).is_nan());
        assert_eq!(poisson(0.0, -1.0), -2.0);
    }

    #[test]
    fn uncorrelated_multivariate_normal_is_a_product() {
        let inverse = vec![vec![0.25, 0.0], vec![0.0, 1.0 / 9.0]];
        let joint = multivariate_normal(&[0.3, -0.4], &inverse, 36.0_f64.ln());
        close(joint, normal(0.3, 0.0, 2.0) + normal(-0.4, 0.0, 3.0));
    }
}
