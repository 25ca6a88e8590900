//! Every scorer: derivatives against differences, tensors, threads, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::{Value, json};
use zstat_core::optimiser::OptimiserKind;
use zstat_core::plugin::Registry;
use zstat_core::scorer::{Scorer, ScorerError, ScorerKind};

use super::MOST_PARAMETERS;
use crate::optimiser::{Adam, Clip};

fn features(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("x{i}")).collect()
}

fn make(name: &str, options: Value, inputs: usize, outputs: usize) -> Result<Box<dyn Scorer>, ScorerError> {
    let registry = Registry::<dyn ScorerKind>::load("scorer").unwrap();
    registry.build(name, options).unwrap().make(&features(inputs), outputs, 5)
}

/// Of four features and two outputs.
fn scorers() -> Vec<Box<dyn Scorer>> {
    let cases = [
        ("mlp", json!({"hidden": [6, 5], "activation": "tanh"})),
        ("mlp", json!({"hidden": [7], "activation": "sigmoid"})),
        ("mlp", json!({"hidden": []})),
        ("linear", json!({})),
        ("identity", json!({"columns": ["x3", "x1"]})),
    ];
    cases.map(|(name, options)| make(name, options, 4, 2).unwrap()).into()
}

fn waves(length: usize, pace: f64) -> Vec<f32> {
    (0..length).map(|i| (0.3 + (i + 1) as f64 * pace).sin() as f32).collect()
}

#[test]
fn gradients_are_differences() {
    let rows = 50;
    let (x, d_out) = (waves(4 * rows, 0.713), waves(2 * rows, 0.377));
    for mut scorer in scorers() {
        let start = scorer.parameters().to_vec();
        let mut gradient = vec![f64::NAN; start.len()];
        scorer.backward(&x, &d_out, &mut gradient);
        let mut total = |shift: f32, i: usize| -> [f64; 2] {
            scorer.parameters_mut()[i] = start[i] + shift;
            let mut out = vec![f32::NAN; 2 * rows];
            scorer.forward(&x, &mut out);
            let at = f64::from(scorer.parameters()[i]);
            scorer.parameters_mut()[i] = start[i];
            [at, out.iter().zip(&d_out).map(|(o, d)| f64::from(*o) * f64::from(*d)).sum()]
        };
        let scale = gradient.iter().fold(1.0, |scale: f64, g| scale.max(g.abs()));
        for (i, found) in gradient.iter().enumerate() {
            let [[above, high], [below, low]] = [total(0.02, i), total(-0.02, i)];
            let numeric = (high - low) / (above - below);
            // The third derivative times h²/6, and outputs in f32.
            assert!((found - numeric).abs() < 1e-3 * scale, "{i}: {found}, {numeric} (scale {scale})");
        }
    }
}

#[test]
fn tensors_cover_all_parameters_once() {
    for scorer in scorers() {
        let tensors = scorer.tensors();
        let mut end = 0;
        for tensor in &tensors {
            assert_eq!(tensor.range.start, end, "{}", tensor.name);
            assert_eq!(tensor.range.len(), tensor.shape.iter().product::<usize>(), "{}", tensor.name);
            end = tensor.range.end;
        }
        assert_eq!(end, scorer.parameters().len());
        assert_eq!([scorer.inputs(), scorer.outputs()], [4, 2]);
    }
    let tensors = make("mlp", json!({"hidden": [5]}), 3, 2).unwrap().tensors();
    let shapes: Vec<_> = tensors.iter().map(|t| (t.name.as_str(), t.shape.as_slice())).collect();
    let expected: [(&str, &[usize]); 4] = [
        ("layers.0.weight", &[3, 5]),
        ("layers.0.bias", &[5]),
        ("layers.1.weight", &[5, 2]),
        ("layers.1.bias", &[2]),
    ];
    assert_eq!(shapes, expected);
}

/// What a linear model's tensors say is what it computes.
#[test]
fn weights_have_the_shape_that_tensors_say() {
    let mut scorer = make("linear", json!({}), 2, 3).unwrap();
    let values = [1.0, 2.0, 3.0, 10.0, 20.0, 30.0, 0.5, 0.25, 0.125];
    scorer.parameters_mut().copy_from_slice(&values);
    let mut out = [0.0; 3];
    scorer.forward(&[1.0, -1.0], &mut out);
    let tensors = scorer.tensors();
    let [weight, bias] = [0, 1].map(|at: usize| &values[tensors[at].range.clone()]);
    let expected = [0, 1, 2].map(|j| weight[j] - weight[3 + j] + bias[j]);
    assert_eq!(out, expected);
    assert_eq!(out, [-8.5, -17.75, -26.875]);
}

#[test]
fn a_network_depends_on_its_seed_alone() {
    let registry = Registry::<dyn ScorerKind>::load("scorer").unwrap();
    let kind = registry.build("mlp", json!({"hidden": [4]})).unwrap();
    let parameters = |seed| kind.make(&features(2), 1, seed).unwrap().parameters().to_vec();
    assert_eq!(parameters(1), parameters(1));
    assert_ne!(parameters(1), parameters(2));
    let linear = |name, options| make(name, options, 4, 2).unwrap().parameters().to_vec();
    assert_eq!(linear("linear", Value::Null), linear("mlp", json!({"hidden": []})));
    assert_eq!(make("mlp", Value::Null, 3, 10).unwrap().parameters().len(), 400 + 10_100 + 1010);
}

proptest! {
    #[test]
    fn identity_passes_columns_on(rows in prop::collection::vec(prop::array::uniform4(-1e6..1e6_f32), 0..9)) {
        let x = rows.concat();
        let pass = |options, inputs, outputs: usize| {
            let mut scorer = make("identity", options, inputs, outputs).unwrap();
            let mut out = vec![f32::NAN; x.len() / inputs * outputs];
            scorer.forward(&x, &mut out);
            scorer.backward(&x, &out, &mut []);
            out
        };
        prop_assert_eq!(pass(json!({}), 4, 4), x.clone());
        prop_assert_eq!(pass(json!({}), 1, 1), x.clone());
        let one: Vec<f32> = rows.iter().map(|row| row[2]).collect();
        prop_assert_eq!(pass(json!({"column": "x2"}), 4, 1), one.clone());
        prop_assert_eq!(pass(json!({"columns": ["x2"]}), 4, 1), one);
        let two: Vec<f32> = rows.iter().flat_map(|row| [row[3], row[0]]).collect();
        prop_assert_eq!(pass(json!({"columns": ["x3", "x0"]}), 4, 2), two);
    }
}

/// Forward, backward and steps of a network together.
#[test]
fn threads_do_not_show() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let rows = 5000;
    let (x, target) = (waves(4 * rows, 0.713), waves(2 * rows, 0.377));
    let train = || {
        let mut scorer = make("mlp", json!({"hidden": [20, 10], "activation": "tanh"}), 4, 2).unwrap();
        let mut optimiser = Adam::default().make(scorer.parameters().len());
        let (mut out, mut gradient) = (vec![0.0; 2 * rows], vec![0.0; scorer.parameters().len()]);
        for _ in 0..5 {
            scorer.forward(&x, &mut out);
            out.iter_mut().zip(&target).for_each(|(out, target)| *out -= target);
            scorer.backward(&x, &out, &mut gradient);
            Clip { norm: Some(10.0), value: None }.apply(&mut [&mut gradient]);
            optimiser.step(0.01, &gradient, scorer.parameters_mut().into());
        }
        scorer.parameters().iter().map(|p| p.to_bits()).collect::<Vec<_>>()
    };
    let [one, two] = [1, 2].map(|threads| pool(threads).install(train));
    assert_eq!(one, two);
}

#[test]
fn wrong_options_are_refused() {
    let registry = Registry::<dyn ScorerKind>::load("scorer").unwrap();
    let names: Vec<&str> = registry.iter().map(|plugin| plugin.name).collect();
    assert_eq!(names, ["identity", "linear", "mlp"]);
    let wrong = [
        ("mlp", json!({"hidden": [3, 0]}), "hidden layer 1 of the scorer `mlp` has no units"),
        ("mlp", json!({"activation": "relo"}), "unknown variant `relo`"),
        ("mlp", json!({"units": [3]}), "unknown field `units`"),
        ("linear", json!({"hidden": [3]}), "unknown field `hidden`"),
        ("identity", json!({"column": "a", "columns": ["a"]}), "`column` and `columns` say the same"),
        ("identity", json!({"columns": []}), "`columns` must name at least one column"),
        ("identity", json!({"columns": ["a", "b", "a"]}), "`columns` names `a` twice"),
    ];
    for (name, options, expected) in wrong {
        let message = registry.build(name, options).err().unwrap().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn what_does_not_fit_the_events_is_told() {
    let message =
        |name, options, inputs, outputs| make(name, options, inputs, outputs).err().unwrap().to_string();
    let near = message("identity", json!({"column": "x22"}), 3, 1);
    assert!(near.contains("`x22`") && near.contains("did you mean `x2`?"), "{near}");
    let ambiguous = message("identity", json!({}), 3, 1);
    assert!(ambiguous.contains("1 of the events' features `x0`, `x1` and `x2`; say which with `column`"));
    assert!(message("identity", json!({}), 3, 2).contains("say which with `columns`"));
    let outputs = message("identity", json!({"column": "x1"}), 3, 2);
    assert_eq!(outputs, "the scorer `identity` gives `x1`; number of outputs needed: 2");
    for name in ["mlp", "linear", "identity"] {
        assert!(message(name, json!({}), 0, 1).ends_with("needs a feature, found none"), "{name}");
        assert!(message(name, json!({}), 1, 0).ends_with("needs an output, found none"), "{name}");
    }
    for units in [1 << 24, usize::MAX / 2, usize::MAX] {
        let error = make("mlp", json!({"hidden": [units, units, units]}), 3, 1).err().unwrap();
        assert!(matches!(error, ScorerError::TooLarge { parameters, .. } if parameters > MOST_PARAMETERS));
    }
}
