//! What is made of events, and which tensors are refused.

use indexmap::IndexMap;
use serde_json::json;
use zstat_core::spec::Analysis;
use zstat_core::table::Table;

use super::*;
use crate::files::tensors::{NamedTensor, Tensors};
use crate::spec::{Plugins, Training};
use crate::table::Standardiser;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn derive() -> IndexMap<String, String> {
    let texts = [("r", "m / p"), ("far", "r > 1 ? r : 0"), ("w", "truth * 2"), ("s", "r + 1")];
    let texts = [texts[0], ("unused", "truth + 1"), texts[2], texts[3]];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

fn events() -> Table {
    let values = vec![vec![1.0, 2.0, 3.0, 4.0], vec![2.0, 0.0, 2.0, 2.0]];
    Table::new(names(&["m", "p"]), values, 4).unwrap()
}

#[test]
fn only_what_is_used_is_derived() {
    let plan = Plan::new(&derive(), Some("p > 0"), Some("s * 2"), &names(&["m"])).unwrap();
    assert_eq!(plan.needs(), ["m", "p"]);
    let found = plan.prepare(events()).unwrap();
    assert_eq!((found.rows.as_slice(), found.read), ([0, 2, 3].as_slice(), 4));
    assert_eq!(found.weights, [3.0, 5.0, 6.0]);
    assert!(found.table.column("unused").is_none());
    let plan = Plan::new(&derive(), None, None, &names(&["w"])).unwrap();
    assert_eq!(plan.needs(), ["truth"]);
}

#[test]
fn texts_and_rows_that_make_no_sense() {
    let faults = Plan::new(&derive(), Some("p >"), Some("p > 0"), &names(&["m"])).unwrap_err();
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(text.len(), 2, "{text:?}");
    assert!(text[0].contains("weight `p > 0`: found a condition"), "{text:?}");
    assert!(text[1].contains("selection `p >`"), "{text:?}");
    let plan = Plan::new(&derive(), Some("m > 1"), Some("1 / p"), &names(&["m"])).unwrap();
    let fault = plan.prepare(events()).unwrap_err().to_string();
    assert!(fault.contains("inf in row 1 (counted from 0)"), "{fault}");
}

fn training() -> Training {
    let analysis: Analysis = serde_json::from_value(json!({
        "zstat": 1,
        "events": {"b": {"yield": 5, "generate": {"m": {"normal": [0, 1]}, "p": {"normal": [0, 1]}}}},
        "workspace": {"channels": [{"name": "SR", "samples": [
            {"name": "b", "events": "b", "modifiers": [{"name": "mu", "type": "normfactor"}]}]}], "poi": "mu"},
        "train": {"network": {"type": "linear"}, "loss": "inferno", "batch": 1, "epochs": 1,
            "summary": {"type": "sigmoid_edges", "bins": 3, "train_edges": true}},
    }))
    .unwrap();
    Training::read(&analysis, &Plugins::load().unwrap()).map_err(|faults| format!("{faults:?}")).unwrap()
}

fn tensors(weight: &[f32], edges: &[f64], more: Option<&str>) -> Tensors {
    let mut tensors = vec![
        NamedTensor::new("layers.0.weight", &[weight.len(), 1], weight),
        NamedTensor::new("layers.0.bias", &[1], &[0.5_f32][..]),
        NamedTensor::new("summary", &[edges.len()], edges),
    ];
    tensors.extend(more.map(|name| NamedTensor::new(name.to_owned(), &[1], &[0.5_f32][..])));
    crate::files::tensors::read(&crate::files::tensors::write(&tensors, &[])).unwrap()
}

fn applier<'t>(training: &'t Training, empty: &[usize], file: &Tensors) -> Result<Applier<'t>, String> {
    let features = names(&["m", "p"]);
    Applier::new(training, &features, Standardiser::identity(&features), empty, file)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn scores_and_places() {
    let training = training();
    let mut applier = applier(&training, &[1], &tensors(&[2.0, -1.0], &[0.0; 3], None)).unwrap();
    assert_eq!((applier.bins(), applier.outputs()), (vec![0, 2], 1));
    let plan = Plan::new(&IndexMap::new(), None, None, &names(&["m", "p"])).unwrap();
    let m = vec![-3.0, 0.0, 3.0];
    let table = Table::new(names(&["m", "p"]), vec![m, vec![0.0; 3]], 3).unwrap();
    let found = applier.score(&plan.prepare(table).unwrap()).unwrap();
    assert_eq!(found.raw, [-5.5, 0.5, 6.5]);
    let squashed = |z: f64| 1.0 / (1.0 + (-z).exp());
    let all = found.scores.iter().zip(&found.raw);
    all.for_each(|(score, raw)| assert!((score - squashed(*raw)).abs() < 1e-12, "{score}, {raw}"));
    assert_eq!(found.places, [Place::Bin(0), Place::LeftOut(1), Place::Bin(1)]);
    let table = Table::new(names(&["m", "p"]), vec![vec![3e38], vec![0.0]], 1).unwrap();
    let fault = applier.score(&plan.prepare(table).unwrap()).unwrap_err().to_string();
    assert!(fault.starts_with("the score in row 0 (counted from 0) is inf"), "{fault}");
}

#[test]
fn tensors_that_do_not_fit_are_all_named() {
    let training = training();
    let fault = applier(&training, &[7], &tensors(&[2.0], &[0.0, f64::NAN, 0.0], Some("layers.1.bias")));
    let expected = "\
bin 7 is said to be empty, the summary has 3
tensor `layers.0.weight` has the shape [1, 1], expected [2, 1]
tensor `summary`: number 1 (counted from 0) is not finite
tensor `layers.1.bias` is none of the scorer's";
    assert_eq!(fault.err().unwrap(), expected);
}
