//! No fault of meaning follows from a mend: single cases, and an analysis spoilt at random.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, json};

use super::*;
use crate::source::{Document, Native, parse, schema};
use crate::spec::{Analysis, BuildOptions, check};

/// Whether a text has faults of shape.
fn is_spoilt(text: &str) -> bool {
    parse::<Analysis>(&Document::new("a", text.to_owned())).is_err()
}

/// Faults of meaning that are told of a text with faults of shape.
fn told(text: &str) -> Vec<Fault> {
    let document = Document::new("a", text.to_owned());
    parse::<Analysis>(&document).expect_err("a fault of shape");
    let Ok(root) = document.tree() else { return vec![] };
    let mended = Mended::of(root, &schema::of::<Analysis>());
    let Some(analysis) = mended.read::<Analysis>() else { return vec![] };
    independent(check(&analysis.workspace, &BuildOptions::default()), &mended, &Native::Analysis)
}

fn codes(text: &str) -> Vec<(Code, String)> {
    told(text).into_iter().map(|fault| (fault.code, fault.pointer)).collect()
}

/// A good analysis with most of what there is.
fn good() -> Value {
    json!({
        "zstat": 1,
        "dialect": "pyhf",
        "workspace": {
            "channels": [
                {"name": "SR", "samples": [
                    {"name": "signal", "data": [5.0, 6.0], "modifiers": [
                        {"name": "mu", "type": "normfactor"},
                        {"name": "lumi", "type": "lumi"},
                        {"name": "jes", "type": "histosys", "lo": [4.0, 5.5], "hi": [6.0, 6.5]}]},
                    {"name": "top", "data": [50.0, 60.0], "modifiers": [
                        {"name": "jes", "type": "normsys", "lo": 0.9, "hi": 1.1, "interpolation": "code1"},
                        {"name": "free", "type": "normsys", "lo": 0.9, "hi": 1.1,
                         "constraint": {"normal": {"sigma": 2.0}}},
                        {"name": "stat", "type": "staterror", "errors": [2.0, 3.0]},
                        {"name": "rate", "type": "normfactor"}]}]},
                {"name": "CR", "samples": [
                    {"name": "top", "data": [500.0], "modifiers": [
                        {"name": "scale", "type": "normfactor"},
                        {"name": "gamma", "type": "shapesys", "errors": [20.0]}]}]}],
            "observations": {"SR": [55.0, 66.0], "CR": [510.0]},
            "poi": "mu",
            "parameters": {
                "mu": {"init": 20.0, "bounds": [0.0, 100.0]},
                "lumi": {"aux": 1.0, "constraint": {"normal": {"sigma": 0.02}}},
                "free": {"init": 8.0, "bounds": [-10.0, 10.0]},
                "stat": {"init": [1.0, 1.1], "bounds": [[0.1, 9.0], [0.1, 9.0]], "fixed": [true, false]},
                "kappa": {"init": 30.0, "bounds": [0.0, 50.0], "aux": 1.0, "constraint": {"lognormal": {"kappa": 1.5}}},
                "rate": {"formula": "mu * kappa"}
            },
            "constraints": [{"parameters": ["jes", "free"], "correlation": [[1.0, 0.5], [0.5, 1.0]]}],
            "measurements": [{"name": "m", "poi": ["scale"], "parameters": {"scale": {"bounds": [0.5, 20.0]}}}]
        },
        "fit": {"minos": ["mu"], "multi_start": 3}
    })
}

const SAMPLE: &str = "zstat: 1\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - name: s\n";

#[test]
fn what_stands_under_a_mistyped_key_is_known() {
    let rest = "          data: [1, 2]\n          modfiers: [{name: mu, type: normfactor}]\n  \
                parameters: {mu: {init: 2}}\n  poi: mu\n  observations: {SR: [1]}\n";
    let at = "/workspace/observations/SR".to_owned();
    assert_eq!(codes(&format!("{SAMPLE}{rest}")), [(Code::BinCount, at)]);
}

#[test]
fn faults_under_a_mistyped_key_are_told_with_the_key_as_it_is_written() {
    let rest = "          data: [1]\n          modfiers: [{name: a, type: normsys, lo: -1, hi: 1}]\n  \
                paramters: {a: {bounds: [2, 1]}}\n";
    let modifier = "/workspace/channels/0/samples/0/modfiers/0/lo".to_owned();
    let bounds = "/workspace/paramters/a/bounds".to_owned();
    let expected = [(Code::NormSysFactor, modifier), (Code::ParameterSetting, bounds)];
    assert_eq!(codes(&format!("{SAMPLE}{rest}")), expected);
}

#[test]
fn what_may_follow_from_a_key_that_was_left_out_is_not_told() {
    // `systs` may hold the modifiers; the bounds are wrong whatever it holds.
    let rest = "          data: [1]\n          nuisances: [{name: mu, type: normfactor}]\n          \
                modifiers: [{name: a, type: normfactor}]\n  poi: mu\n  \
                parameters: {mu: {init: 2}, a: {bounds: [2, 1]}}\n";
    let at = "/workspace/parameters/a/bounds".to_owned();
    assert_eq!(codes(&format!("{SAMPLE}{rest}")), [(Code::ParameterSetting, at)]);
    // The range that the user thinks to have given.
    let rest = "          data: [1]\n          modifiers: [{name: a, type: normfactor}]\n  \
                parameters: {a: {init: 90, between: [0, 100]}}\n";
    assert_eq!(codes(&format!("{SAMPLE}{rest}")), []);
}

#[test]
fn what_may_follow_from_a_stand_in_is_not_told() {
    // Which of the two lists is the right one?
    let rest = "          data: [1, 2]\n          data: [1]\n  observations: {SR: [1]}\n";
    assert_eq!(codes(&format!("{SAMPLE}{rest}")), []);
    // The bound that is no number.
    let rest = "          data: [1]\n          modifiers: [{name: a, type: normfactor}]\n  \
                parameters: {a: {init: 1, bounds: [low, -1]}}\n";
    assert_eq!(codes(&format!("{SAMPLE}{rest}")), []);
    // A name that is no text.
    let rest = "          data: [1]\n          modifiers: [{name: 5.0, type: normfactor}]\n  poi: \"5.0\"\n";
    assert_eq!(codes(&format!("{SAMPLE}{rest}")), []);
    // Three numbers, of which commas are missing.
    let rest = "          data: [1 2 3]\n  observations: {SR: [1, 2, 3]}\n";
    assert_eq!(codes(&format!("{SAMPLE}{rest}")), []);
    // The number of entries is right, whatever they are.
    let rest = "          data: [1, two]\n  observations: {SR: [1]}\n";
    let at = "/workspace/observations/SR".to_owned();
    assert_eq!(codes(&format!("{SAMPLE}{rest}")), [(Code::BinCount, at)]);
}

/// Where and how to spoil an analysis.
type Ways = Vec<(Index, u8)>;

fn ways() -> impl Strategy<Value = Ways> {
    prop::collection::vec((any::<Index>(), 0..8_u8), 1..4)
}

/// `root` spoilt in those of the ways that each make the good analysis unreadable; none if no way does.
fn spoilt(mut root: Value, ways: &Ways) -> Option<String> {
    let mut all = vec![];
    places(&root, "", &mut all);
    let mut count = 0;
    for (place, way) in ways {
        let at = place.get(&all);
        let mut alone = good();
        let is_fault =
            spoil(&mut alone, at, *way) && parse::<Analysis>(&Document::new("a", alone.to_string())).is_err();
        if is_fault && spoil(&mut root, at, *way) {
            count += 1;
        }
    }
    (count > 0).then(|| root.to_string())
}

/// Spoils the value at `at`; false if this way is none for it.
fn spoil(root: &mut Value, at: &str, way: u8) -> bool {
    let (parent, key) = at.rsplit_once('/').expect("a place inside");
    let Some(holder) = root.pointer_mut(parent) else { return false };
    // Keys of these are names: another name is no fault of shape.
    let named = parent.ends_with("/parameters") || parent.ends_with("/observations");
    if let (0..=2, Value::Object(map), false) = (way, &mut *holder, named) {
        let spoilt = match way {
            0 => format!("{key}x"),
            1 => key.chars().rev().collect(),
            _ => "something_else".to_owned(),
        };
        let entries = std::mem::take(map).into_iter();
        let renamed =
            entries.map(|(name, value)| if name == key { (spoilt.clone(), value) } else { (name, value) });
        *map = renamed.collect::<Map<_, _>>();
        return true;
    }
    let Some(value) = root.pointer_mut(at) else { return false };
    *value = match (way, &value) {
        (3, Value::Number(number)) => json!(number.to_string()),
        (3 | 4, Value::Number(_) | Value::Bool(_)) => json!("some text"),
        (3, Value::String(_)) => json!(7),
        (4, Value::String(text)) if ["code1", "pyhf"].contains(&text.as_str()) || at.ends_with("/type") => {
            json!(format!("{text}e"))
        }
        (5, Value::Number(_) | Value::String(_)) => json!({"a": 1}),
        (5, Value::Array(_)) => json!(7),
        (6, Value::Array(_)) => json!({"a": [1]}),
        (6, Value::Object(_)) => json!([1]),
        (7, _) => json!(null),
        _ => return false,
    };
    true
}

/// Pointers to all values of a tree.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (pointer::join(at, key), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(i, item)| (format!("{at}/{i}"), item)).collect()
        }
        _ => vec![],
    };
    for (at, value) in inside {
        all.push(at.clone());
        places(value, &at, all);
    }
}

#[test]
fn the_good_analysis_is_good() {
    let document = Document::new("a", good().to_string());
    let analysis: Analysis = parse(&document).expect("a good text");
    assert_eq!(check(&analysis.workspace, &BuildOptions::default()), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Where only the shape is spoilt, no fault of meaning is told: it would follow from a mend.
    #[test]
    fn nothing_is_told_of_mends(ways in ways()) {
        let text = spoilt(good(), &ways);
        prop_assume!(text.is_some());
        let text = text.unwrap_or_default();
        // Two changes may make up for each other.
        prop_assume!(is_spoilt(&text));
        prop_assert_eq!(told(&text), [], "{}", text);
    }

    /// Beside real faults of meaning, none is told at a place that was mended.
    #[test]
    fn nothing_is_told_at_a_mended_place(ways in ways()) {
        let mut root = good();
        root["workspace"]["observations"]["SR"] = json!([1.0, -3.0]);
        root["workspace"]["observations"]["CR"] = json!([1.0, 2.0]);
        root["workspace"]["parameters"]["mu"]["bounds"] = json!([100.0, 0.0]);
        root["workspace"]["poi"] = json!("unknown");
        root["workspace"]["channels"][0]["samples"][1]["modifiers"][0]["lo"] = json!(-0.1);
        let text = spoilt(root, &ways);
        prop_assume!(text.is_some());
        let text = text.unwrap_or_default();
        prop_assume!(is_spoilt(&text));
        let document = Document::new("a", text.clone());
        let mended = Mended::of(document.tree().expect("a tree"), &schema::of::<Analysis>());
        for fault in told(&text) {
            let at = |made: &Made| mended.placed(Fault::new(fault.code, "", ""), &made.pointer, false).pointer;
            prop_assert!(mended.made().iter().all(|made| at(made) != fault.pointer), "{:?} {}", fault, text);
        }
    }
}
