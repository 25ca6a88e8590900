//! Reads pyhf workspaces and reference numbers for the tests: nothing but a renaming of keys, and no checks.
#![allow(dead_code)] // each test target uses its own part of this file

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use zstat_core::spec::{
    Bounds, Channel, ConstraintSpec, Measurement, Modifier, ModifierKind, OneOrMany, ParameterSpec, Sample,
    Workspace,
};

/// The shared inputs, beside the repository. Not part of it: a test that needs them says so and passes without.
pub fn shared(path: &str) -> Option<PathBuf> {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if full.exists() {
        return Some(full);
    }
    // Straight to the stream: the test harness hides what `eprintln!` says in a passing test.
    let mut stream = std::io::stderr();
    writeln!(stream, "NOT TESTED: `{}` is absent", full.display()).unwrap();
    None
}

pub fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap_or(f64::NAN)).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A workspace from pyhf's JSON, its first measurement in the place of the defaults.
pub fn pyhf_workspace(json: &Value) -> Workspace {
    let channels = list(&json["channels"]).iter().map(|channel| Channel {
        name: text(&channel["name"]),
        samples: list(&channel["samples"]).iter().map(sample).collect(),
    });
    let observations = list(&json["observations"]).iter().map(|o| (text(&o["name"]), numbers(&o["data"])));
    let measurements = list(&json["measurements"]).iter().map(|measurement| Measurement {
        name: text(&measurement["name"]),
        poi: measurement["config"]["poi"]
            .as_str()
            .filter(|poi| !poi.is_empty())
            .map(|p| OneOrMany::One(p.into())),
        parameters: list(&measurement["config"]["parameters"]).iter().map(parameter).collect(),
    });
    Workspace {
        channels: channels.collect(),
        observations: observations.collect(),
        measurements: measurements.collect(),
        ..Workspace::default()
    }
}

fn sample(json: &Value) -> Sample {
    Sample {
        name: text(&json["name"]),
        data: numbers(&json["data"]),
        events: None,
        modifiers: list(&json["modifiers"]).iter().map(modifier).collect(),
    }
}

fn modifier(json: &Value) -> Modifier {
    let data = &json["data"];
    let number = |key: &str| data[key].as_f64().unwrap();
    let kind = match json["type"].as_str().unwrap() {
        "normfactor" => ModifierKind::NormFactor,
        "lumi" => ModifierKind::Lumi,
        "shapefactor" => ModifierKind::ShapeFactor,
        "normsys" => ModifierKind::NormSys { lo: number("lo"), hi: number("hi"), interpolation: None },
        "histosys" => ModifierKind::HistoSys {
            lo: numbers(&data["lo_data"]),
            hi: numbers(&data["hi_data"]),
            interpolation: None,
        },
        "shapesys" => ModifierKind::ShapeSys { errors: numbers(data) },
        "staterror" => ModifierKind::StatError { errors: numbers(data) },
        other => panic!("unknown modifier type {other}"),
    };
    Modifier { name: text(&json["name"]), kind, constraint: None, vary: None }
}

fn parameter(json: &Value) -> (String, ParameterSpec) {
    let many = |key: &str| json.get(key).map(|values| OneOrMany::Many(numbers(values)));
    let bounds = json.get("bounds").map(|pairs| {
        let pairs = list(pairs).iter().map(|pair| numbers(pair).try_into().unwrap());
        OneOrMany::Many(pairs.collect::<Vec<Bounds>>())
    });
    let constraint = match (many("sigmas"), many("factors")) {
        (Some(sigma), _) => Some(ConstraintSpec::Normal { sigma }),
        (None, Some(tau)) => Some(ConstraintSpec::Poisson { tau }),
        (None, None) => None,
    };
    let settings = ParameterSpec {
        init: many("inits"),
        bounds,
        fixed: json.get("fixed").map(|fixed| OneOrMany::One(fixed.as_bool().unwrap())),
        aux: many("auxdata"),
        constraint,
        formula: None,
    };
    (text(&json["name"]), settings)
}
