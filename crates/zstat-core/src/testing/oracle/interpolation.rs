//! Interpolation codes as in the table of the HistFactory note: δ(α) for additive, f(α) for multiplicative ones.

use super::Number;
use crate::spec::{HistoSysCode, NormSysCode};

/// Increment of a bin with content `n` at α = 0, `l` at −1, `h` at +1.
pub fn increment<T: Number>(code: HistoSysCode, alpha: T, l: f64, n: f64, h: f64) -> T {
    let at = alpha.re();
    let linear = || if at >= 0.0 { alpha * (h - n) } else { alpha * (n - l) };
    let (a, b) = ((h + l) / 2.0 - n, (h - l) / 2.0);
    match code {
        HistoSysCode::Code0 => linear(),
        HistoSysCode::Code2 if at > 1.0 => (alpha - 1.0) * (b + 2.0 * a) + (h - n),
        HistoSysCode::Code2 if at < -1.0 => (alpha + 1.0) * (b - 2.0 * a) + (l - n),
        HistoSysCode::Code2Pyhf if at > 1.0 => (alpha - 1.0) * (b + 2.0 * a),
        HistoSysCode::Code2Pyhf if at < -1.0 => alpha * (b - 2.0 * a),
        HistoSysCode::Code2 | HistoSysCode::Code2Pyhf => alpha * alpha * a + alpha * b,
        HistoSysCode::Code4p if at.abs() > 1.0 => linear(),
        HistoSysCode::Code4p => {
            let poly = alpha.powi(6) * 3.0 - alpha.powi(4) * 10.0 + alpha.powi(2) * 15.0;
            alpha * b + poly * (h + l - 2.0 * n) / 16.0
        }
    }
}

/// Factor that is 1 at α = 0, `l` at −1, `h` at +1; both positive.
pub fn factor<T: Number>(code: NormSysCode, alpha: T, l: f64, h: f64) -> T {
    let at = alpha.re();
    let exponential = || if at >= 0.0 { (alpha * h.ln()).exp() } else { (-alpha * l.ln()).exp() };
    match code {
        NormSysCode::Code1 => exponential(),
        NormSysCode::Code4 if at.abs() >= 1.0 => exponential(),
        NormSysCode::Code4 => {
            let (ln_h, ln_l) = (h.ln(), l.ln());
            let (s0, a0) = ((h + l) / 2.0, (h - l) / 2.0);
            let (s1, a1) = ((h * ln_h - l * ln_l) / 2.0, (h * ln_h + l * ln_l) / 2.0);
            let s2 = (h * ln_h.powi(2) + l * ln_l.powi(2)) / 2.0;
            let a2 = (h * ln_h.powi(2) - l * ln_l.powi(2)) / 2.0;
            let coefficients = [
                (15.0 * a0 - 7.0 * s1 + a2) / 8.0,
                (-24.0 + 24.0 * s0 - 9.0 * a1 + s2) / 8.0,
                (-5.0 * a0 + 5.0 * s1 - a2) / 4.0,
                (12.0 - 12.0 * s0 + 7.0 * a1 - s2) / 4.0,
                (3.0 * a0 - 3.0 * s1 + a2) / 8.0,
                (-8.0 + 8.0 * s0 - 5.0 * a1 + s2) / 8.0,
            ];
            let mut total = T::from(1.0);
            let mut power = T::from(1.0);
            for coefficient in coefficients {
                power *= alpha;
                total += power * coefficient;
            }
            total
        }
    }
}

#[cfg(test)]
mod tests {
    use num_dual::Dual2_64;

    use super::*;

    const ALPHAS: [f64; 8] = [-2.0, -1.0, -0.7, -0.3, 0.3, 0.7, 1.0, 2.0];

    #[track_caller]
    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}");
    }

    /// The table of check values, to its printed digits.
    #[test]
    fn additive_codes_at_published_points() {
        let table = [
            (HistoSysCode::Code0, [-40.0, -20.0, -14.0, -6.0, 9.0, 21.0, 30.0, 60.0]),
            (HistoSysCode::Code2Pyhf, [-30.0, -20.0, -15.05, -7.05, 7.95, 19.95, 30.0, 35.0]),
            (HistoSysCode::Code2, [-35.0, -20.0, -15.05, -7.05, 7.95, 19.95, 30.0, 65.0]),
            (
                HistoSysCode::Code4p,
                [-40.0, -20.0, -14.186283125, -6.705508125, 8.294491875, 20.813716875, 30.0, 60.0],
            ),
        ];
        for (code, values) in table {
            for (alpha, value) in ALPHAS.into_iter().zip(values) {
                close(increment(code, alpha, 80.0, 100.0, 130.0), value, 1e-12);
            }
        }
    }

    #[test]
    fn multiplicative_codes_at_published_points() {
        let code1 = [0.64, 0.8, 0.85538768, 0.9352484478, 1.081889749, 1.201601181, 1.3, 1.69];
        let code4 = [0.64, 0.8, 0.854619319507, 0.93228781842, 1.0793309775, 1.20091536773, 1.3, 1.69];
        for (index, alpha) in ALPHAS.into_iter().enumerate() {
            close(factor(NormSysCode::Code1, alpha, 0.8, 1.3), code1[index], 1e-9);
            close(factor(NormSysCode::Code4, alpha, 0.8, 1.3), code4[index], 1e-11);
        }
    }

    /// Code 4, 4p and ROOT's code 2 join smoothly; the order of smoothness is the definition's.
    #[test]
    fn joints_are_smooth() {
        for sign in [-1.0, 1.0] {
            let (inside, outside) = (sign * (1.0 - 1e-12), sign * (1.0 + 1e-12));
            let at = |x: f64| Dual2_64::from_re(x).derivative();
            let pairs = [
                (
                    factor(NormSysCode::Code4, at(inside), 0.7, 1.4),
                    factor(NormSysCode::Code4, at(outside), 0.7, 1.4),
                ),
                (
                    increment(HistoSysCode::Code4p, at(inside), 7.0, 10.0, 14.5),
                    increment(HistoSysCode::Code4p, at(outside), 7.0, 10.0, 14.5),
                ),
            ];
            for (a, b) in pairs {
                close(a.re, b.re, 1e-10);
                close(a.v1, b.v1, 1e-10);
                close(a.v2, b.v2, 1e-9);
            }
            let a = increment(HistoSysCode::Code2, at(inside), 7.0, 10.0, 14.5);
            let b = increment(HistoSysCode::Code2, at(outside), 7.0, 10.0, 14.5);
            close(a.re, b.re, 1e-10);
            close(a.v1, b.v1, 1e-10);
        }
    }
}
