//! Poisson terms without cancellation: the deviance form, and the constant it leaves out.

/// −ln Pois(n | ν) + ln Pois(n | n): ν − n + n ln(n/ν), which is 0 at ν = n and never negative.
///
/// `n` ≥ 0 may be fractional. For n = 0 it is ν, for any sign of ν. For n > 0 and ν ≤ 0 it is infinite.
/// Relative precision holds down to ν = n, so terms with n of 1e11 lose nothing.
#[inline]
pub fn poisson_deviance(n: f64, nu: f64) -> f64 {
    if n == 0.0 {
        return nu;
    }
    if nu <= 0.0 {
        return f64::INFINITY;
    }
    let x = (nu - n) / n;
    // Far from n nothing cancels, and n/ν is more precise than 1 + x.
    if x.abs() < 0.15 { n * -ln_1p_minus(x) } else { nu - n + n * (n / nu).ln() }
}

/// [`poisson_deviance`] with its first two derivatives by ν, continued below ν = `part` n by the parabola that it has there:
/// finite for any ν, and smaller than the deviance. 0 < `part` ≤ 1.
pub fn relaxed_deviance(n: f64, nu: f64, part: f64) -> [f64; 3] {
    if n == 0.0 {
        return [nu, 1.0, 0.0];
    }
    let at = part * n;
    if nu >= at {
        return [poisson_deviance(n, nu), 1.0 - n / nu, n / (nu * nu)];
    }
    let (below, slope, bend) = (nu - at, 1.0 - 1.0 / part, 1.0 / (part * at));
    [poisson_deviance(n, at) + below * (slope + 0.5 * bend * below), slope + bend * below, bend]
}

/// ln(1 + x) − x for x > −1, without cancellation near 0.
///
/// |x| < 0.15: with s = x/(2 + x), ln(1+x) = 2 atanh(s), so ln(1+x) − x = −s x + 2 (s³/3 + s⁵/5 + …).
#[inline]
pub fn ln_1p_minus(x: f64) -> f64 {
    if x.abs() >= 0.15 {
        return x.ln_1p() - x;
    }
    let s = x / (2.0 + x);
    let z = s * s;
    // s² < 0.0066: seven terms reach 1e-17 of the sum.
    let tail = 1.0 / 3.0
        + z * (1.0 / 5.0
            + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0 + z * (1.0 / 13.0 + z / 15.0)))));
    s * (2.0 * z * tail - x)
}

/// −ln Pois(n | n) = n − n ln n + lnΓ(n + 1): what the deviance form leaves out. 0 for n = 0.
///
/// Stirling's series above n = 16, where the three terms would cancel; ½ ln(2πn) + 1/(12n) − ….
pub fn ln_gamma_remainder(n: f64) -> f64 {
    if n == 0.0 {
        return 0.0;
    }
    if n < 16.0 {
        return n - n * n.ln() + statrs::function::gamma::ln_gamma(n + 1.0);
    }
    let r = 1.0 / n;
    let r2 = r * r;
    let series = r
        * (1.0 / 12.0
            - r2 * (1.0 / 360.0
                - r2 * (1.0 / 1260.0
                    - r2 * (1.0 / 1680.0 - r2 * (1.0 / 1188.0 - r2 * (691.0 / 360_360.0))))));
    0.5 * (std::f64::consts::TAU * n).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::function::gamma::ln_gamma;

    #[test]
    fn deviance_and_remainder_make_the_poisson_term() {
        for n in [0.0, 0.3, 1.0, 2.5, 7.0, 15.9, 16.1, 55.0, 1234.5] {
            for nu in [0.01, 0.5, 1.0, 3.3, 54.0, 1300.0] {
                let plain = nu - if n == 0.0 { 0.0 } else { n * f64::ln(nu) } + ln_gamma(n + 1.0);
                let ours = poisson_deviance(n, nu) + ln_gamma_remainder(n);
                // `plain` itself cancels: allow for its own rounding.
                let scale = 1.0 + n * f64::ln(nu).abs() + ln_gamma(n + 1.0).abs() + nu;
                assert!((plain - ours).abs() < 4e-15 * scale, "n = {n}, nu = {nu}: {plain} against {ours}");
            }
        }
    }

    /// n = 1.9e11 as in a published workspace; the value from n·(x²/2 − x³/3 + x⁴/4) with exact x.
    #[test]
    fn huge_counts_keep_their_digits() {
        let n = 1.9e11_f64;
        let x = 2.0_f64.powi(-20);
        let nu = n + n * x; // exact: n has few bits
        let exact = n * x * x * (0.5 - x / 3.0 + x * x / 4.0);
        assert!((poisson_deviance(n, nu) / exact - 1.0).abs() < 1e-9, "limited by the rounding of nu");
    }

    /// Above its edge the relaxed form is the deviance, and at it nothing jumps; below, the slopes are those of the values.
    #[test]
    fn relaxed_deviance_goes_on_below_zero() {
        for (n, part) in [(3.0, 0.1), (0.4, 1e-3), (250.0, 1.0)] {
            let edge: f64 = part * n;
            let [value, slope, bend] = relaxed_deviance(n, edge, part);
            assert_eq!(value.to_bits(), poisson_deviance(n, edge).to_bits());
            let [below, slope_below, bend_below] = relaxed_deviance(n, edge * (1.0 - 1e-12), part);
            assert!((below - value).abs() <= 1e-9 * value.abs().max(1.0), "n = {n}: value {value}, {below}");
            assert!((slope_below - slope).abs() <= 1e-9 / part, "n = {n}: slope {slope}, {slope_below}");
            assert!((bend_below / bend - 1.0).abs() < 1e-9, "n = {n}: bend {bend}, {bend_below}");
            for nu in [-n, -edge, 0.0] {
                let h = 1e-3 * edge;
                let [low, here, high] = [nu - h, nu, nu + h].map(|nu| relaxed_deviance(n, nu, part));
                let numeric = (high[0] - low[0]) / (2.0 * h);
                assert!((numeric / here[1] - 1.0).abs() < 1e-6, "n = {n}, nu = {nu}: {numeric}");
                assert!(low[0] > here[0], "the lower, the worse");
            }
        }
    }

    #[test]
    fn series_meets_the_plain_form() {
        for x in [-0.149, 0.149, -0.1500001, 0.1500001] {
            let plain = f64::ln_1p(x) - x;
            assert!((ln_1p_minus(x) / plain - 1.0).abs() < 1e-13, "{x}");
        }
        // Series by hand at small x.
        let x = 1e-5_f64;
        let exact = -x * x / 2.0 + x.powi(3) / 3.0 - x.powi(4) / 4.0 + x.powi(5) / 5.0;
        assert!((ln_1p_minus(x) / exact - 1.0).abs() < 1e-15);
    }
}
