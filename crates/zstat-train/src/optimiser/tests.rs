//! Every optimiser: steps against sums over all gradients so far, closed forms, minima, states, options.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::{Value, json};
use zstat_core::optimiser::{Optimiser, OptimiserKind, StateError};
use zstat_core::plugin::Registry;

use super::radam::rectification;

fn kind(name: &str, options: Value) -> Box<dyn OptimiserKind> {
    Registry::<dyn OptimiserKind>::load("optimiser").unwrap().build(name, options).unwrap()
}

/// All options, each at values that matter.
fn cases() -> Vec<(&'static str, Value)> {
    vec![
        ("sgd", json!({})),
        ("sgd", json!({"momentum": 0.9})),
        ("sgd", json!({"learning_rate": 0.1, "momentum": 0.7, "nesterov": true, "weight_decay": 0.3})),
        ("sgd", json!({"weight_decay": 0.5})),
        ("adam", json!({})),
        (
            "adam",
            json!({"learning_rate": 0.02, "beta1": 0.5, "beta2": 0.8, "epsilon": 0.1, "weight_decay": 0.2}),
        ),
        ("adam", json!({"beta1": 0.0, "beta2": 0.0})),
        ("radam", json!({})),
        (
            "radam",
            json!({"learning_rate": 0.02, "beta1": 0.5, "beta2": 0.8, "epsilon": 0.1, "weight_decay": 0.2}),
        ),
        ("radam", json!({"beta2": 0.6})),
        ("radam", json!({"beta1": 0.0, "beta2": 0.0})),
    ]
}

fn number(options: &Value, name: &str, default: f64) -> f64 {
    options.get(name).map_or(default, |value| value.as_f64().unwrap())
}

/// The oracle: what θ becomes in a step at a rate, from its derivatives in all steps so far. A running mean is written out
/// as the sum that it is.
fn moved(name: &str, options: &Value, rate: f64, theta: f64, gradients: &[f64]) -> f64 {
    let last = gradients.len() - 1;
    let sum = |beta: f64, power: i32| -> f64 {
        gradients.iter().enumerate().map(|(i, g)| beta.powi((last - i) as i32) * g.powi(power)).sum()
    };
    let decayed = theta - rate * number(options, "weight_decay", 0.0) * theta;
    if name == "sgd" {
        let momentum = number(options, "momentum", 0.0);
        let is_nesterov = options.get("nesterov") == Some(&json!(true));
        let velocity = sum(momentum, 1);
        return decayed - rate * if is_nesterov { gradients[last] + momentum * velocity } else { velocity };
    }
    let (beta1, beta2) = (number(options, "beta1", 0.9), number(options, "beta2", 0.999));
    let t = gradients.len() as i32;
    let mean = (1.0 - beta1) * sum(beta1, 1) / (1.0 - beta1.powi(t));
    let root = ((1.0 - beta2) * sum(beta2, 2) / (1.0 - beta2.powi(t))).sqrt();
    let adam = mean / (root + number(options, "epsilon", 1e-8));
    if name == "adam" {
        return decayed - rate * adam;
    }
    let limit = 2.0 / (1.0 - beta2) - 1.0;
    let rho = limit - 2.0 * f64::from(t) * beta2.powi(t) / (1.0 - beta2.powi(t));
    if rho <= 4.0 {
        return decayed - rate * mean;
    }
    let rectified = (rho - 4.0) * (rho - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * rho);
    decayed - rate * rectified.sqrt() * adam
}

/// Derivatives by three parameters in step t; the last one's are often 0.
fn gradient(t: usize) -> [f64; 3] {
    let t = t as f64;
    [(0.7 * t + 0.1).sin(), 30.0 * (1.3 * t).cos() + 20.0, if t % 4.0 < 2.0 { 0.0 } else { 1e-3 * t }]
}

#[test]
fn steps_are_those_of_the_formulas() {
    for (name, options) in cases() {
        let mut optimiser = kind(name, options.clone()).make(3);
        let mut theta = [1.5, -0.4, 0.2];
        let mut so_far: [Vec<f64>; 3] = Default::default();
        for t in 0..40 {
            let (rate, before) = (0.01 * (1.0 + (t as f64).sin().abs()), theta);
            optimiser.step(rate, &gradient(t), (&mut theta[..]).into());
            for i in 0..3 {
                so_far[i].push(gradient(t)[i]);
                let expected = moved(name, &options, rate, before[i], &so_far[i]);
                // Two ways to take a power of β from 1 differ in digits that a small step hardly sees.
                assert!(
                    (theta[i] - expected).abs() < 1e-12 * (1.0 + expected.abs()),
                    "{name} {options}, step {t}, {i}: {}, expected {expected}",
                    theta[i]
                );
            }
        }
    }
}

/// The state is f64 for both: one step from the same parameters differs by rounding.
#[test]
fn single_precision_is_rounded_once() {
    for (name, options) in cases() {
        let kind = kind(name, options);
        let [mut single, mut double] = [kind.make(3), kind.make(3)];
        let mut theta = [1.5_f32, -0.4, 0.2];
        for t in 0..20 {
            let mut wide = theta.map(f64::from);
            single.step(kind.learning_rate(), &gradient(t), (&mut theta[..]).into());
            double.step(kind.learning_rate(), &gradient(t), (&mut wide[..]).into());
            assert_eq!(theta, wide.map(|theta| theta as f32), "{name}");
        }
        assert_eq!(single.state(), double.state());
    }
}

#[test]
fn the_first_step_of_adam_is_the_rate() {
    let kind = kind("adam", json!({"epsilon": 1e-12}));
    let mut theta = [1.0_f64, 1.0, 1.0, 0.0];
    kind.make(4).step(kind.learning_rate(), &[1e-3, -7.0, 1e6, 0.0], (&mut theta[..]).into());
    for (theta, expected) in theta.iter().zip([0.999, 1.001, 0.999, 0.0]) {
        assert!((theta - expected).abs() < 1e-11, "{theta}, expected {expected}");
    }
}

/// With the default β2 four steps go along the gradient itself; then the step is that of Adam, much shorter at first.
#[test]
fn radam_holds_back_at_first() {
    let mut optimiser = kind("radam", json!({})).make(1);
    let mut theta = [0.0];
    for t in 1..=30 {
        let before = theta[0];
        optimiser.step(1e-3, &[50.0], (&mut theta[..]).into());
        let step = before - theta[0];
        let expected = if t <= 4 { 50.0 * 1e-3 } else { 1e-3 * rectification(0.999, t).unwrap() };
        assert!((step / expected - 1.0).abs() < 1e-9, "step {t}: {step}, expected {expected}");
    }
    // ρ_5 of β2 = 0.999, worked out in fractions.
    let (rho, limit) = (4.995_998_000_401_602, 1999.0_f64);
    let expected = ((rho - 4.0) * (rho - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * rho)).sqrt();
    assert!((rectification(0.999, 5).unwrap() / expected - 1.0).abs() < 1e-9);
    assert!((0.01..0.03).contains(&expected));
    assert!((1..=4).all(|t| rectification(0.999, t).is_none()));
    assert!((rectification(0.999, 100_000).unwrap() - 1.0).abs() < 1e-12);
    assert!((1..1000).all(|t| rectification(0.6, t).is_none() && rectification(0.0, t).is_none()));
    // ρ_t is about t where β2 is close to 1, and 4 is not reached early by rounding.
    assert_eq!(rectification(1.0 - 1e-9, 3), None);
    assert!(rectification(1.0 - 1e-9, 6).is_some());
}

#[test]
fn all_find_the_minimum_of_a_quadratic() {
    let runs = [
        ("sgd", json!({}), 0.02),
        ("sgd", json!({"momentum": 0.9}), 0.01),
        ("sgd", json!({"momentum": 0.9, "nesterov": true}), 0.01),
        ("adam", json!({}), 0.05),
        ("radam", json!({}), 0.05),
    ];
    let (curvature, minimum) = ([40.0, 3.0, 0.5], [1.0, -2.0, 0.3]);
    for (name, options, rate) in runs {
        let mut optimiser = kind(name, options.clone()).make(3);
        let mut theta = [0.0; 3];
        for t in 0..4000 {
            let slope = |i: usize| curvature[i] * (theta[i] - minimum[i]);
            // Adam does not settle at a constant rate.
            let rate =
                rate * super::Schedule::Cosine { floor: 0.0, warm_up: 0.0 }.factor(f64::from(t), 4000.0);
            optimiser.step(rate, &[slope(0), slope(1), slope(2)], (&mut theta[..]).into());
        }
        for (theta, minimum) in theta.iter().zip(minimum) {
            assert!((theta - minimum).abs() < 1e-5, "{name} {options}: {theta}, {minimum}");
        }
    }
}

/// With no gradient parameters decay by rate × decay, for every optimiser alike.
#[test]
fn weights_decay_aside_of_the_gradient() {
    for name in ["sgd", "adam", "radam"] {
        let mut optimiser = kind(name, json!({"weight_decay": 0.5})).make(1);
        let mut theta = [2.0];
        for _ in 0..3 {
            optimiser.step(0.1, &[0.0], (&mut theta[..]).into());
        }
        assert!((theta[0] - 2.0 * 0.95_f64.powi(3)).abs() < 1e-15, "{name}");
    }
}

fn run(optimiser: &mut dyn Optimiser, steps: std::ops::Range<usize>, single: &mut [f32]) {
    for t in steps {
        optimiser.step(0.01 + 1e-3 * t as f64, &gradient(t), single.into());
    }
}

proptest! {
    #[test]
    fn a_state_that_was_saved_goes_on_with_the_same_bits(cut in 0..60_usize, case in 0..11_usize) {
        let (name, options) = cases().swap_remove(case);
        let kind = kind(name, options);
        let (mut whole, mut theta) = (kind.make(3), [1.5, -0.4, 0.2]);
        run(whole.as_mut(), 0..cut, &mut theta);
        let text = serde_json::to_string(&whole.state()).unwrap();
        let saved: Vec<f64> = serde_json::from_str(&text).unwrap();
        let (mut resumed, mut again) = (kind.make(3), theta);
        // What it did before is forgotten.
        run(resumed.as_mut(), 7..9, &mut [0.0; 3]);
        resumed.restore(&saved).unwrap();
        run(whole.as_mut(), cut..60, &mut theta);
        run(resumed.as_mut(), cut..60, &mut again);
        prop_assert_eq!(theta.map(f32::to_bits), again.map(f32::to_bits));
        let bits = |optimiser: &dyn Optimiser| optimiser.state().into_iter().map(f64::to_bits).collect::<Vec<_>>();
        prop_assert_eq!(bits(whole.as_ref()), bits(resumed.as_ref()));
    }
}

#[test]
fn states_of_others_are_refused_and_change_nothing() {
    let mut adam = kind("adam", json!({})).make(2);
    adam.step(0.1, &[1.0, 2.0], (&mut [0.0_f64; 2][..]).into());
    let before = adam.state();
    assert_eq!(before[0], 1.0);
    assert_eq!(adam.restore(&[1.0; 3]), Err(StateError::Length { expected: 5, found: 3 }));
    let cases = [
        (0, 0.5, "a number of steps"),
        (0, -1.0, "a number of steps"),
        (0, f64::NAN, "a number of steps"),
        (0, 1e17, "a number of steps"),
        (2, f64::INFINITY, "a finite number"),
        (4, -1.0, "the mean of a square"),
    ];
    for (at, found, what) in cases {
        let mut state = before.clone();
        state[at] = found;
        let message = adam.restore(&state).unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
        assert_eq!(adam.state(), before);
    }
    // Means of gradients have either sign.
    adam.restore(&[3.0, -1.0, 0.0, 1.0, 0.0]).unwrap();
    assert_eq!(kind("sgd", json!({})).make(0).state(), [0.0]);
}

#[test]
#[should_panic(expected = "derivatives by all parameters")]
fn too_few_derivatives_are_a_bug_of_the_caller() {
    kind("sgd", json!({})).make(2).step(0.1, &[1.0], (&mut [0.0_f64; 2][..]).into());
}

#[test]
fn wrong_options_are_refused() {
    let registry = Registry::<dyn OptimiserKind>::load("optimiser").unwrap();
    let names: Vec<&str> = registry.iter().map(|plugin| plugin.name).collect();
    assert_eq!(names, ["adam", "radam", "sgd"]);
    let wrong = [
        ("sgd", json!({"learning_rate": -0.1}), "`learning_rate` must be a positive number, found -0.1"),
        ("sgd", json!({"learning_rate": 0}), "`learning_rate` must be a positive number, found 0"),
        ("sgd", json!({"momentum": 1}), "`momentum` must be a number of at least 0 and below 1, found 1"),
        ("sgd", json!({"nesterov": true}), "`nesterov` looks ahead along a velocity: give it a `momentum`"),
        ("sgd", json!({"weight_decay": -1}), "`weight_decay` must be 0 or a positive number, found -1"),
        ("adam", json!({"beta1": -0.1}), "`beta1` must be a number of at least 0 and below 1, found -0.1"),
        ("adam", json!({"beta2": 1.5}), "`beta2` must be a number of at least 0 and below 1, found 1.5"),
        ("adam", json!({"epsilon": 0}), "`epsilon` must be a positive number, found 0"),
        ("adam", json!({"momentum": 0.9}), "unknown field `momentum`"),
        ("radam", json!({"beta2": 1}), "options of optimiser `radam`: `beta2` must be"),
    ];
    for (name, options, expected) in wrong {
        let message = registry.build(name, options).err().unwrap().to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(kind("adam", Value::Null).learning_rate(), 1e-3);
}
