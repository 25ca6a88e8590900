//! Additive interpolation (histosys): δ(α) = S·s(α) + D·f(α), with S = (hi − lo)/2 and D = (hi + lo − 2 nominal)/2 a bin.
//!
//! The code chooses only the two functions, which are the same in every bin.

use crate::spec::HistoSysCode;

/// The functions s and f of a code, with derivatives, at one α.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Basis {
    /// s(α), the factor of S.
    pub s: f64,
    /// f(α), the factor of D.
    pub f: f64,
    /// s'(α).
    pub s1: f64,
    /// f'(α).
    pub f1: f64,
    /// f''(α); s'' is 0 in every code.
    pub f2: f64,
}

impl Basis {
    /// The functions of `code` at `alpha`.
    #[inline]
    pub fn eval(code: HistoSysCode, alpha: f64) -> Self {
        let a = alpha.abs();
        let sign = if alpha < 0.0 { -1.0 } else { 1.0 };
        let linear = Self { s: alpha, f: a, s1: 1.0, f1: sign, f2: 0.0 };
        match code {
            HistoSysCode::Code0 => linear,
            HistoSysCode::Code2 if a <= 1.0 => parabola(alpha),
            HistoSysCode::Code2 => Self { f: 2.0 * a - 1.0, f1: 2.0 * sign, ..linear },
            HistoSysCode::Code2Pyhf if a <= 1.0 => parabola(alpha),
            // pyhf leaves out hi − nominal at α > 1, and has α in the place of α + 1, less lo − nominal, at α < −1:
            // the effect jumps at ±1, differently.
            HistoSysCode::Code2Pyhf if alpha > 0.0 => {
                Self { s: alpha - 1.0, f: 2.0 * alpha - 2.0, f1: 2.0, ..linear }
            }
            HistoSysCode::Code2Pyhf => Self { s: alpha, f: 2.0 * a, f1: -2.0, ..linear },
            HistoSysCode::Code4p if a < 1.0 => {
                let x2 = alpha * alpha;
                Self {
                    s: alpha,
                    f: x2 * (15.0 + x2 * (-10.0 + x2 * 3.0)) / 8.0,
                    s1: 1.0,
                    f1: alpha * (30.0 + x2 * (-40.0 + x2 * 18.0)) / 8.0,
                    f2: (30.0 + x2 * (-120.0 + x2 * 90.0)) / 8.0,
                }
            }
            HistoSysCode::Code4p => linear,
        }
    }
}

fn parabola(alpha: f64) -> Basis {
    Basis { s: alpha, f: alpha * alpha, s1: 1.0, f1: 2.0 * alpha, f2: 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(code: HistoSysCode, alpha: f64) -> f64 {
        let (lo, nominal, hi) = (80.0, 100.0, 130.0);
        let basis = Basis::eval(code, alpha);
        (hi - lo) / 2.0 * basis.s + (hi + lo - 2.0 * nominal) / 2.0 * basis.f
    }

    /// For (lo, nominal, hi) = (80, 100, 130): codes 0, 2 as pyhf has it, 2, 4p. pyhf 0.7.6 gives −30 at α = −2.
    #[test]
    fn table_of_check_values() {
        let rows = [
            (-2.0, -40.0, -30.0, -35.0, -40.0),
            (-1.0, -20.0, -20.0, -20.0, -20.0),
            (-0.7, -14.0, -15.05, -15.05, -14.186283125),
            (-0.3, -6.0, -7.05, -7.05, -6.705508125),
            (0.3, 9.0, 7.95, 7.95, 8.294491875),
            (0.7, 21.0, 19.95, 19.95, 20.813716875),
            (1.0, 30.0, 30.0, 30.0, 30.0),
            (2.0, 60.0, 35.0, 65.0, 60.0),
        ];
        for (alpha, code0, pyhf2, code2, code4p) in rows {
            let expected = [
                (HistoSysCode::Code0, code0),
                (HistoSysCode::Code2Pyhf, pyhf2),
                (HistoSysCode::Code2, code2),
                (HistoSysCode::Code4p, code4p),
            ];
            for (code, value) in expected {
                let found = shift(code, alpha);
                assert!((found - value).abs() < 1e-10, "{code:?}({alpha}) = {found}, not {value}");
            }
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        use HistoSysCode::{Code0, Code2, Code2Pyhf, Code4p};
        for code in [Code0, Code2, Code2Pyhf, Code4p] {
            for alpha in [-3.0, -1.2, -0.8, -0.1, 0.3, 0.7, 1.4, 2.5] {
                let h = 1e-5;
                let (up, down) = (Basis::eval(code, alpha + h), Basis::eval(code, alpha - h));
                let at = Basis::eval(code, alpha);
                assert!(((up.s - down.s) / (2.0 * h) - at.s1).abs() < 1e-9, "{code:?} s'({alpha})");
                assert!(((up.f - down.f) / (2.0 * h) - at.f1).abs() < 1e-8, "{code:?} f'({alpha})");
                assert!(((up.f1 - down.f1) / (2.0 * h) - at.f2).abs() < 1e-7, "{code:?} f''({alpha})");
            }
        }
    }
}
