//! Multiplicative interpolation (normsys): a factor f(α) with f(0) = 1, f(1) = `hi`, f(−1) = `lo`.

use crate::spec::NormSysCode;

/// A factor of one parameter, ready for evaluation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factor {
    ln_hi: f64,
    ln_lo: f64,
    /// Coefficients of α … α⁶ for |α| < 1.
    poly: [f64; 6],
    smooth: bool,
}

impl Factor {
    /// A factor that is `hi` at α = 1 and `lo` at α = −1; both must be positive.
    pub fn new(code: NormSysCode, lo: f64, hi: f64) -> Self {
        let (ln_hi, ln_lo) = (hi.ln(), lo.ln());
        let smooth = code == NormSysCode::Code4;
        let poly = if smooth { sixth_order(lo, hi) } else { [0.0; 6] };
        Self { ln_hi, ln_lo, poly, smooth }
    }

    /// Whether the slope jumps at α = 0.
    pub fn is_kinked(&self) -> bool {
        !self.smooth
    }

    /// The coefficients of α … α⁶ in f − 1 for |α| < 1; none where f is no polynomial there.
    pub fn polynomial(&self) -> Option<[f64; 6]> {
        self.smooth.then_some(self.poly)
    }

    /// `[f, f', f'']` at α.
    #[inline]
    pub fn eval(&self, alpha: f64) -> [f64; 3] {
        if self.smooth && alpha.abs() < 1.0 {
            let [a1, a2, a3, a4, a5, a6] = self.poly;
            let x = alpha;
            let f = 1.0 + x * (a1 + x * (a2 + x * (a3 + x * (a4 + x * (a5 + x * a6)))));
            let f1 = a1 + x * (2.0 * a2 + x * (3.0 * a3 + x * (4.0 * a4 + x * (5.0 * a5 + x * (6.0 * a6)))));
            let f2 = 2.0 * a2 + x * (6.0 * a3 + x * (12.0 * a4 + x * (20.0 * a5 + x * (30.0 * a6))));
            return [f, f1, f2];
        }
        let slope = self.slope(alpha);
        let f = (slope * alpha).exp();
        [f, f * slope, f * slope * slope]
    }

    /// The slope of ln f where that is a straight line; none inside the polynomial.
    #[inline]
    pub fn exponent(&self, alpha: f64) -> Option<f64> {
        (!self.smooth || alpha.abs() >= 1.0).then(|| self.slope(alpha))
    }

    /// Slope of ln f outside the polynomial: towards `hi` on the right, towards `lo` on the left.
    #[inline]
    fn slope(&self, alpha: f64) -> f64 {
        if alpha >= 0.0 { self.ln_hi } else { -self.ln_lo }
    }

    /// f alone.
    #[inline]
    pub fn value(&self, alpha: f64) -> f64 {
        if self.smooth && alpha.abs() < 1.0 {
            let [a1, a2, a3, a4, a5, a6] = self.poly;
            let x = alpha;
            return 1.0 + x * (a1 + x * (a2 + x * (a3 + x * (a4 + x * (a5 + x * a6)))));
        }
        (self.slope(alpha) * alpha).exp()
    }
}

/// Code 4 at α₀ = 1: the polynomial that continues value, slope and curvature of the exponentials at ±1.
///
/// With u = hi, d = lo: even combinations S0 = (u+d)/2, S1 = (u ln u − d ln d)/2, S2 = (u ln²u + d ln²d)/2, and odd ones
/// A0 = (u−d)/2, A1 = (u ln u + d ln d)/2, A2 = (u ln²u − d ln²d)/2, the six conditions at ±1 separate by parity.
fn sixth_order(lo: f64, hi: f64) -> [f64; 6] {
    let (lh, ll) = (hi.ln(), lo.ln());
    let (s0, a0) = ((hi + lo) / 2.0, (hi - lo) / 2.0);
    let (s1, a1) = ((hi * lh - lo * ll) / 2.0, (hi * lh + lo * ll) / 2.0);
    let (s2, a2) = ((hi * lh * lh + lo * ll * ll) / 2.0, (hi * lh * lh - lo * ll * ll) / 2.0);
    [
        (15.0 * a0 - 7.0 * s1 + a2) / 8.0,
        (-24.0 + 24.0 * s0 - 9.0 * a1 + s2) / 8.0,
        (-5.0 * a0 + 5.0 * s1 - a2) / 4.0,
        (12.0 - 12.0 * s0 + 7.0 * a1 - s2) / 4.0,
        (3.0 * a0 - 3.0 * s1 + a2) / 8.0,
        (-8.0 + 8.0 * s0 - 5.0 * a1 + s2) / 8.0,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `histfactory.md` E3 for (lo, hi) = (0.8, 1.3).
    #[test]
    fn table_of_check_values() {
        let rows = [
            (-2.0, 0.64, 0.64),
            (-1.0, 0.8, 0.8),
            (-0.7, 0.85538768, 0.854619319507),
            (-0.3, 0.9352484478, 0.93228781842),
            (0.3, 1.081889749, 1.0793309775),
            (0.7, 1.201601181, 1.20091536773),
            (1.0, 1.3, 1.3),
            (2.0, 1.69, 1.69),
        ];
        for (alpha, code1, code4) in rows {
            let one = Factor::new(NormSysCode::Code1, 0.8, 1.3).value(alpha);
            let four = Factor::new(NormSysCode::Code4, 0.8, 1.3).value(alpha);
            // The table is printed to ten digits.
            assert!((one - code1).abs() < 1e-9, "code1({alpha}) = {one}");
            assert!((four - code4).abs() < 1e-10, "code4({alpha}) = {four}");
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        for code in [NormSysCode::Code1, NormSysCode::Code4] {
            let factor = Factor::new(code, 0.7, 1.25);
            for alpha in [-3.1, -1.5, -0.9, -0.4, 0.2, 0.6, 0.99, 1.7, 4.0] {
                let h = 1e-4;
                let [f, f1, f2] = factor.eval(alpha);
                let (up, down) = (factor.eval(alpha + h), factor.eval(alpha - h));
                match factor.exponent(alpha) {
                    Some(slope) => {
                        assert!((slope - f1 / f).abs() < 1e-15 && (f2 / f - slope * slope).abs() < 1e-15)
                    }
                    None => assert!(code == NormSysCode::Code4 && alpha.abs() < 1.0),
                }
                assert_eq!(f.to_bits(), factor.value(alpha).to_bits());
                assert!(((up[0] - down[0]) / (2.0 * h) - f1).abs() < 1e-7, "{code:?} f'({alpha})");
                assert!(((up[1] - down[1]) / (2.0 * h) - f2).abs() < 1e-6, "{code:?} f''({alpha})");
            }
        }
    }

    #[test]
    fn code4_is_smooth_at_one() {
        let factor = Factor::new(NormSysCode::Code4, 0.6, 1.9);
        for edge in [-1.0_f64, 1.0] {
            let inside = factor.eval(edge * (1.0 - 1e-12));
            let outside = factor.eval(edge * (1.0 + 1e-12));
            for (a, b) in inside.iter().zip(outside) {
                assert!((a - b).abs() < 1e-9, "{inside:?} against {outside:?} at {edge}");
            }
        }
    }
}
