//! The exponential function in double precision without branches, so that a loop over it becomes vector code.

use std::f64::consts::LOG2_E;

/// Adding and subtracting it rounds to an integer, which the lowest bits of the sum show.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// The leading bits of ln 2: products with integers up to 2¹¹ are exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
/// What is missing.
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Beyond, powers of two are not normal numbers.
const LIMIT: f64 = 708.0;

/// (exp(r) − 1 − r)/r² for |r| ≤ ln 2 / 2, to 1e-16: its Chebyshev polynomial of degree 9.
const TAIL: [f64; 10] = [
    0.500_000_000_000_000_1,
    0.166_666_666_666_666_69,
    0.041_666_666_666_624_13,
    0.008_333_333_333_330_062,
    0.001_388_888_891_721_371_7,
    0.000_198_412_698_630_536_18,
    2.480_152_129_595_437_6e-5,
    2.755_726_845_999_706_4e-6,
    2.762_008_844_540_974_6e-7,
    2.510_038_549_551_032e-8,
];

/// a b + c, rounded once where the CPU fuses both.
#[inline(always)]
fn mul_add<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// exp(x) with a relative error of a few units in the last place; x beyond ±708 counts as ±708, and NaN is kept. `FUSED` where
/// the code around it is compiled for a CPU with fused multiply-add.
///
/// With x = n ln 2 + r it is 2ⁿ exp(r).
#[inline(always)]
pub fn exp<const FUSED: bool>(x: f64) -> f64 {
    let x = x.clamp(-LIMIT, LIMIT);
    let shifted = mul_add::<FUSED>(x, LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    let r = mul_add::<FUSED>(n, -LN_2_LOW, mul_add::<FUSED>(n, -LN_2_HIGH, x));
    let tail = TAIL.iter().rev().fold(0.0, |sum, c| mul_add::<FUSED>(sum, r, *c));
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    power * (1.0 + mul_add::<FUSED>(r * r, tail, r))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library() {
        for step in -200_000..=200_000 {
            let x = f64::from(step) * 3.4e-3;
            let expected = x.exp();
            for found in [exp::<false>(x), exp::<true>(x)] {
                assert!((found / expected - 1.0).abs() <= 1e-15, "exp({x}) = {found}, expected {expected}");
            }
        }
        let exp = exp::<false>;
        assert_eq!((exp(0.0), exp(-1e9), exp(1e9)), (1.0, exp(-708.0), exp(708.0)));
        assert!(exp(-708.0) > 0.0 && exp(708.0) < f64::INFINITY && exp(f64::NAN).is_nan());
    }
}
