//! Significances of a counting experiment in closed form: functions of expected signal and background.
//!
//! Each is a q = Z², with its derivatives side by side. Source: G. Cowan, K. Cranmer, E. Gross, O. Vitells,
//! Eur. Phys. J. C 71 (2011) 1554, and Cowan's note on the discovery sensitivity with background uncertainty.

use zstat_core::likelihood::special::poisson_deviance;

/// q, dq/ds, dq/db at fixed τ, and dq/dτ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnOff {
    /// 2 ln of the likelihood ratio.
    pub q: f64,
    /// ∂q/∂s.
    pub d_s: f64,
    /// ∂q/∂b with τ held.
    pub d_b: f64,
    /// ∂q/∂τ.
    pub d_tau: f64,
}

/// Profiled q₀ of n = s + b events, where τ b auxiliary ones tell b: Z_A² with background uncertainty, τ = b/σ_b². `tau` may be
/// infinite: b is known.
///
/// Domain: b > 0, s + b > 0, τ > 0; NaN outside. With λ₀ = (n + τ b)/(1 + τ), the background alone that both counts are
/// explained by best, q/2 is the sum of both deviances. Neither cancels, for s of any size.
pub fn on_off(s: f64, b: f64, tau: f64) -> OnOff {
    if !(b > 0.0 && s + b > 0.0 && tau > 0.0) {
        return OnOff { q: f64::NAN, d_s: f64::NAN, d_b: f64::NAN, d_tau: f64::NAN };
    }
    // What λ₀ is above b, and n above λ₀.
    let above = if tau.is_infinite() { 0.0 } else { s / (1.0 + tau) };
    let lambda = b + above;
    let ln_main = ((s - above) / lambda).ln_1p();
    let deviance = poisson_deviance(b, lambda);
    let (aux, ln_aux) =
        if tau.is_infinite() { (0.0, -s / b) } else { (tau * deviance, -tau * (above / b).ln_1p()) };
    OnOff {
        q: 2.0 * (poisson_deviance(s + b, lambda) + aux),
        d_s: 2.0 * ln_main,
        d_b: 2.0 * (ln_main + ln_aux),
        d_tau: 2.0 * deviance,
    }
}

/// Z_A² of s signal events over b ± `sigma` background events (an absolute uncertainty; 0: b is known), and its derivatives by
/// s, b and σ.
pub fn asimov(s: f64, b: f64, sigma: f64) -> [f64; 4] {
    let variance = sigma * sigma;
    let found = on_off(s, b, b / variance);
    if variance == 0.0 {
        return [found.q, found.d_s, found.d_b, 0.0];
    }
    let tau = b / variance;
    [found.q, found.d_s, found.d_b + found.d_tau / variance, -2.0 * found.d_tau * tau / sigma]
}

/// The same with an uncertainty of `part` × b, and its derivatives by s and b.
pub fn asimov_relative(s: f64, b: f64, part: f64) -> [f64; 3] {
    let found = on_off(s, b, 1.0 / (part * part * b));
    // τ = 1/(k² b).
    let by_tau = if part == 0.0 { 0.0 } else { -found.d_tau / (part * part * b * b) };
    [found.q, found.d_s, found.d_b + by_tau]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The closed form as it is printed, which loses digits for small σ and s.
    fn printed(s: f64, b: f64, sigma: f64) -> f64 {
        let (n, v) = (s + b, sigma * sigma);
        2.0 * (n * (n * (b + v) / (b * b + n * v)).ln() - b * b / v * (1.0 + v * s / (b * (b + v))).ln())
    }

    #[test]
    fn reference_values() {
        let z = |s, b, sigma| asimov(s, b, sigma)[0].sqrt();
        assert!((z(14.0, 5.0, 1.5) - 3.614_963_535_971_218_4).abs() < 1e-12);
        assert!((z(25.0, 50.0, 7.0) - 2.255_697_621_9).abs() < 1e-10);
        assert!((z(25.0, 50.0, 0.0) - 3.289_341_304_3).abs() < 1e-10);
    }

    #[test]
    fn agrees_with_the_printed_form_and_its_limits() {
        for (s, b, sigma) in [(3.0, 10.0, 2.0), (40.0, 7.0, 0.5), (1.0, 300.0, 60.0), (-2.0, 9.0, 1.0)] {
            let (found, wanted) = (asimov(s, b, sigma)[0], printed(s, b, sigma));
            assert!((found - wanted).abs() < 1e-10 * wanted, "{found}, {wanted}");
            assert!((asimov_relative(s, b, sigma / b)[0] - wanted).abs() < 1e-10 * wanted);
        }
        // Without uncertainty: 2[(s + b) ln(1 + s/b) − s]; with next to none of either, s²/(b + σ²).
        let exact = 2.0 * (13.0 * (1.0_f64 + 0.3).ln() - 3.0);
        assert!((asimov(3.0, 10.0, 1e-9)[0] - exact).abs() < 1e-12);
        assert!((asimov(3.0, 10.0, 0.0)[0] - exact).abs() < 1e-12);
        let small = asimov(1e-7, 10.0, 2.0)[0];
        assert!((small / (1e-14 / 14.0) - 1.0).abs() < 1e-6, "{small}");
        assert!(asimov(1.0, 0.0, 1.0)[0].is_nan());
    }

    #[test]
    fn derivatives_are_differences() {
        let close = |slope: f64, numeric: f64| {
            assert!((slope - numeric).abs() < 2e-7 * (1.0 + numeric.abs()), "{slope}, {numeric}");
        };
        for (s, b, sigma) in [(3.0, 10.0, 2.0), (40.0, 7.0, 0.5), (0.2, 300.0, 60.0), (14.0, 5.0, 1.5)] {
            let h = 1e-5;
            let [_, d_s, d_b, d_sigma] = asimov(s, b, sigma);
            close(d_s, (asimov(s + h, b, sigma)[0] - asimov(s - h, b, sigma)[0]) / (2.0 * h));
            close(d_b, (asimov(s, b + h, sigma)[0] - asimov(s, b - h, sigma)[0]) / (2.0 * h));
            close(d_sigma, (asimov(s, b, sigma + h)[0] - asimov(s, b, sigma - h)[0]) / (2.0 * h));
            for part in [0.0, 0.1, 0.7] {
                let [_, d_s, d_b] = asimov_relative(s, b, part);
                close(
                    d_s,
                    (asimov_relative(s + h, b, part)[0] - asimov_relative(s - h, b, part)[0]) / (2.0 * h),
                );
                close(
                    d_b,
                    (asimov_relative(s, b + h, part)[0] - asimov_relative(s, b - h, part)[0]) / (2.0 * h),
                );
            }
        }
    }

    /// relaxed's one-bin example: s = 15 + φ, b = 45 − 2φ, σ_b = 0.5 + 0.1 φ²: where the discovery p-value is smallest.
    #[test]
    fn the_one_bin_example_has_its_known_optimum() {
        let at = |phi: f64| {
            let [q, d_s, d_b, d_sigma] = asimov(15.0 + phi, 45.0 - 2.0 * phi, 0.5 + 0.1 * phi * phi);
            (q, d_s - 2.0 * d_b + 0.2 * phi * d_sigma)
        };
        let (mut low, mut high) = (0.0, 10.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if at(middle).1 > 0.0 { low = middle } else { high = middle }
        }
        let p = |phi: f64| zstat_core::normal::upper_tail(at(phi).0.sqrt());
        assert!((low - 4.635_22).abs() < 1e-5, "{low}");
        assert!((p(low) - 3.075_715e-3).abs() < 1e-9, "{}", p(low));
        assert!((at(low).0.sqrt() - 2.739_598).abs() < 1e-6);
        for (phi, wanted) in [(0.0, 0.017_005), (9.0, 0.025_119), (10.0, 0.043_254)] {
            assert!((p(phi) - wanted).abs() < 1e-6, "{phi}: {}", p(phi));
        }
    }
}
