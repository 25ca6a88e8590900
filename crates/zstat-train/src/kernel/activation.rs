//! Activations and their derivatives, without branches so that a loop over them becomes vector code.
//!
//! Derivatives are taken by the value a = f(z), which is what a layer leaves behind: f′ as [`slope`], and f″ / f′ as
//! [`bend`], which gives f″(z) dz from the tangent da = f′(z) dz.

use std::f32::consts::LOG2_E;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a unit of a hidden layer makes of its weighted sum z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, z); the slope at 0 is 0.
    #[default]
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// 1 / (1 + exp(−z)).
    Sigmoid,
    /// z itself.
    Linear,
}

/// Adding and subtracting it rounds to an integer, which the lowest bits of the sum show.
const ROUNDER: f32 = 12_582_912.0;
/// The leading bits of ln 2: products with small integers are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// What is missing.
const LN_2_LOW: f32 = (std::f64::consts::LN_2 - LN_2_HIGH as f64) as f32;
/// tanh is ±1 and the logistic function 0 or 1 to all digits of f32, or to within 1e-37, beyond.
const LIMIT: f32 = 87.0;

/// exp(x) − 1 with a few units in the last place of error, for |x| ≤ [`LIMIT`].
///
/// With x = n ln 2 + r it is 2ⁿ (exp(r) − 1) + (2ⁿ − 1), and |r| ≤ ln 2 / 2 needs eight terms of the series.
#[inline(always)]
fn expm1(x: f32) -> f32 {
    let shifted = x * LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    const C: [f32; 7] =
        [1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0, 1.0 / 40320.0];
    let tail = C.iter().rev().fold(0.0, |sum, c| sum * r + c);
    let p = r + r * r * tail;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    power * p + (power - 1.0)
}

/// Keeps NaN, unlike `min` and `max`.
#[inline(always)]
fn within(x: f32, limit: f32) -> f32 {
    x.clamp(-limit, limit)
}

/// tanh(z), with a relative error of a few units in the last place.
#[inline(always)]
pub fn tanh(z: f32) -> f32 {
    let e = expm1(within(2.0 * z, 20.0));
    e / (e + 2.0)
}

/// 1 / (1 + exp(−z)), with a relative error of a few units in the last place.
#[inline(always)]
pub fn sigmoid(z: f32) -> f32 {
    1.0 / (2.0 + expm1(within(-z, LIMIT)))
}

/// max(0, z), NaN for NaN.
#[inline(always)]
pub fn relu(z: f32) -> f32 {
    if z <= 0.0 { 0.0 } else { z }
}

/// f′ by the value of f.
#[inline(always)]
pub fn slope(activation: Activation, a: f32) -> f32 {
    match activation {
        Activation::Relu => f32::from(u8::from(a > 0.0)),
        Activation::Tanh => 1.0 - a * a,
        Activation::Sigmoid => a * (1.0 - a),
        Activation::Linear => 1.0,
    }
}

/// f″ / f′ by the value of f.
#[inline(always)]
pub fn bend(activation: Activation, a: f32) -> f32 {
    match activation {
        Activation::Relu | Activation::Linear => 0.0,
        Activation::Tanh => -2.0 * a,
        Activation::Sigmoid => 1.0 - 2.0 * a,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a few units in the last place, 6e-8 each, and of the exponential's argument at large z.
    #[test]
    fn agrees_with_the_functions_in_f64() {
        for step in -40_000..=40_000 {
            let z = step as f32 * 1e-3 * (step as f32 * 1e-3).abs().sqrt() / 3.0;
            let x = f64::from(z);
            assert!(
                (f64::from(tanh(z)) - x.tanh()).abs() <= 4e-7 * x.tanh().abs(),
                "tanh({z}) = {}",
                tanh(z)
            );
            let logistic = 1.0 / (1.0 + (-x).exp());
            assert!(
                (f64::from(sigmoid(z)) - logistic).abs() <= 4e-7 * logistic,
                "sigmoid({z}) = {}",
                sigmoid(z)
            );
        }
    }

    #[test]
    fn extremes_stay_in_range_and_nan_is_kept() {
        for z in [200.0, 1e30, f32::INFINITY] {
            assert_eq!((tanh(z), tanh(-z), sigmoid(z), relu(-z)), (1.0, -1.0, 1.0, 0.0));
            assert!((0.0..1e-37).contains(&sigmoid(-z)));
        }
        assert!(tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan() && relu(f32::NAN).is_nan());
        assert_eq!((tanh(0.0), sigmoid(0.0), relu(0.0)), (0.0, 0.5, 0.0));
    }

    /// First and second derivatives by value, against differences of f64.
    #[test]
    fn slopes_and_bends_are_the_derivatives() {
        type Function = fn(f64) -> f64;
        let functions: [(Activation, Function); 4] = [
            (Activation::Relu, |z| z.max(0.0)),
            (Activation::Tanh, f64::tanh),
            (Activation::Sigmoid, |z| 1.0 / (1.0 + (-z).exp())),
            (Activation::Linear, |z| z),
        ];
        for (activation, f) in functions {
            for z in [-2.3, -0.7, 0.4, 1.9] {
                let h = 1e-4;
                let (a, first) = (f(z) as f32, (f(z + h) - f(z - h)) / (2.0 * h));
                let second = (f(z + h) - 2.0 * f(z) + f(z - h)) / (h * h);
                assert!((f64::from(slope(activation, a)) - first).abs() < 1e-6);
                assert!((f64::from(bend(activation, a)) * first - second).abs() < 1e-6);
            }
        }
    }
}
