//! Polynomials of the sixth degree, several at a time: p(x) = 1 + a₁x + … + a₆x⁶.
//!
//! Multiplications and additions are rounded one by one, in the order of Horner: the bits are those of a plain loop.

/// Numbers side by side.
pub const LANES: usize = 4;

/// One number a polynomial.
pub type Lanes = [f64; LANES];

/// a₁ … a₆ of polynomials side by side.
pub type Sextics = [Lanes; 6];

/// p and the logarithmic slope p'/p, each at its x.
///
/// # Panics
/// If the slices differ in length.
pub fn log_slopes(a: &[Sextics], x: &[Lanes], out: [&mut [Lanes]; 2]) {
    assert!(a.len() == x.len() && out.iter().all(|out| out.len() == x.len()), "one entry a block");
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has the feature.
        return unsafe { log_slopes_avx2(a, x, out) };
    }
    log_slopes_plain(a, x, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn log_slopes_avx2(a: &[Sextics], x: &[Lanes], out: [&mut [Lanes]; 2]) {
    log_slopes_plain(a, x, out);
}

#[inline(always)]
fn log_slopes_plain(a: &[Sextics], x: &[Lanes], [value, slope]: [&mut [Lanes]; 2]) {
    for ((a, x), (value, slope)) in a.iter().zip(x).zip(value.iter_mut().zip(slope)) {
        *value = one(a, x);
        *slope = log_slope(a, x, value);
    }
}

/// p, the logarithmic slope p'/p, and its slope p''/p − (p'/p)², each at its x.
///
/// # Panics
/// If the slices differ in length.
pub fn log_derivatives(a: &[Sextics], x: &[Lanes], out: [&mut [Lanes]; 3]) {
    assert!(a.len() == x.len() && out.iter().all(|out| out.len() == x.len()), "one entry a block");
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has the feature.
        return unsafe { log_derivatives_avx2(a, x, out) };
    }
    log_derivatives_plain(a, x, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn log_derivatives_avx2(a: &[Sextics], x: &[Lanes], out: [&mut [Lanes]; 3]) {
    log_derivatives_plain(a, x, out);
}

#[inline(always)]
fn log_derivatives_plain(a: &[Sextics], x: &[Lanes], [value, slope, bend]: [&mut [Lanes]; 3]) {
    let out = value.iter_mut().zip(slope).zip(bend);
    for ((a, x), ((value, slope), bend)) in a.iter().zip(x).zip(out) {
        let [_, a2, a3, a4, a5, a6] = a;
        *value = one(a, x);
        *slope = log_slope(a, x, value);
        for i in 0..LANES {
            let (x, g) = (x[i], slope[i]);
            let f2 = 2.0 * a2[i]
                + x * (6.0 * a3[i] + x * (12.0 * a4[i] + x * (20.0 * a5[i] + x * (30.0 * a6[i]))));
            bend[i] = f2 / value[i] - g * g;
        }
    }
}

/// p, each at its x.
///
/// # Panics
/// If the slices differ in length.
pub fn values(a: &[Sextics], x: &[Lanes], value: &mut [Lanes]) {
    assert!(a.len() == x.len() && value.len() == x.len(), "one entry a block");
    for ((a, x), value) in a.iter().zip(x).zip(value) {
        *value = one(a, x);
    }
}

#[inline(always)]
fn one([a1, a2, a3, a4, a5, a6]: &Sextics, x: &Lanes) -> Lanes {
    std::array::from_fn(|i| {
        let x = x[i];
        1.0 + x * (a1[i] + x * (a2[i] + x * (a3[i] + x * (a4[i] + x * (a5[i] + x * a6[i])))))
    })
}

#[inline(always)]
fn log_slope([a1, a2, a3, a4, a5, a6]: &Sextics, x: &Lanes, value: &Lanes) -> Lanes {
    std::array::from_fn(|i| {
        let x = x[i];
        let f1 = a1[i]
            + x * (2.0 * a2[i]
                + x * (3.0 * a3[i] + x * (4.0 * a4[i] + x * (5.0 * a5[i] + x * (6.0 * a6[i])))));
        f1 / value[i]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against sums of powers, differences, and the same without vector instructions.
    #[test]
    fn values_and_derivatives() {
        let block = |b: usize| -> Sextics {
            std::array::from_fn(|k| {
                std::array::from_fn(|i| 0.3 / (1.0 + k as f64) - 0.05 * i as f64 + 0.01 * b as f64)
            })
        };
        let a: [Sextics; 3] = std::array::from_fn(block);
        let x = [[-0.9, -0.2, 0.4, 0.99], [0.1, 0.0, -0.5, 0.7], [0.3; 4]];
        let p =
            |b: usize, i: usize, x: f64| 1.0 + (0..6).map(|k| a[b][k][i] * x.powi(k as i32 + 1)).sum::<f64>();
        let mut found = [[[0.0; LANES]; 3]; 3];
        let [f, g, bend] = &mut found;
        log_derivatives(&a, &x, [f, g, bend]);
        let mut plain = [[[0.0; LANES]; 3]; 3];
        let [f, g, bend] = &mut plain;
        log_derivatives_plain(&a, &x, [f, g, bend]);
        assert_eq!(found, plain);
        let mut alone = [[0.0; LANES]; 3];
        values(&a, &x, &mut alone);
        let mut slopes = [[[0.0; LANES]; 3]; 2];
        let [f, g] = &mut slopes;
        log_slopes(&a, &x, [f, g]);
        let [f, g, bend] = found;
        assert_eq!((alone, slopes), (f, [f, g]));
        for (b, i) in (0..3).flat_map(|b| (0..LANES).map(move |i| (b, i))) {
            let (x, h) = (x[b][i], 1e-4);
            let ln = |d: f64| p(b, i, x + d).ln();
            assert!((f[b][i] - p(b, i, x)).abs() < 1e-14);
            assert!((g[b][i] - (ln(h) - ln(-h)) / (2.0 * h)).abs() < 1e-6);
            assert!((bend[b][i] - (ln(h) - 2.0 * ln(0.0) + ln(-h)) / (h * h)).abs() < 1e-5);
        }
    }
}
