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

/// exp(x) with a relative error of a few units in the last place; x beyond ±708 counts as ±708, and NaN is kept.
///
/// With x = n ln 2 + r it is 2ⁿ exp(r), and |r| ≤ ln 2 / 2 needs terms of the series up to r¹³.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let x = x.clamp(-LIMIT, LIMIT);
    let shifted = x * LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    const C: [f64; 12] = [
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5040.0,
        1.0 / 40320.0,
        1.0 / 362_880.0,
        1.0 / 3_628_800.0,
        1.0 / 39_916_800.0,
        1.0 / 479_001_600.0,
        1.0 / 6_227_020_800.0,
    ];
    let tail = C.iter().rev().fold(0.0, |sum, c| sum * r + c);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    power * (1.0 + (r + r * r * tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library() {
        for step in -200_000..=200_000 {
            let x = f64::from(step) * 3.4e-3;
            let (found, expected) = (exp(x), x.exp());
            assert!((found / expected - 1.0).abs() <= 1e-15, "exp({x}) = {found}, expected {expected}");
        }
        assert_eq!((exp(0.0), exp(-1e9), exp(1e9)), (1.0, exp(-708.0), exp(708.0)));
        assert!(exp(-708.0) > 0.0 && exp(708.0) < f64::INFINITY && exp(f64::NAN).is_nan());
    }
}
