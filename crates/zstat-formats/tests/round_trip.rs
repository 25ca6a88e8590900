//! pyhf → zstat → pyhf is the same document, up to the order of keys and what pyhf takes by default.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a test fails by panicking, and names the file it is at

mod common;

use serde_json::{Value, json};
use zstat_core::spec::Analysis;
use zstat_formats::{Kind, detect, native, pyhf};

/// All numbers as floats, nothing that pyhf would take by default, keys sorted.
fn normal(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64().unwrap()),
        Value::Array(items) => items.into_iter().map(normal).collect(),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, normal(value))).collect();
            let lumi = entries.iter().any(|(key, value)| key == "name" && value == "lumi");
            entries.retain(|(key, value)| {
                let default_width = lumi && key == "sigmas" && *value == json!([1.0]);
                !value.is_null() && !default_width
            });
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        other => other,
    }
}

fn analysis(text: &str) -> Analysis {
    let file: pyhf::Workspace = serde_json::from_str(text).unwrap();
    let workspace = pyhf::from_workspace(file).unwrap().workspace;
    Analysis { zstat: 1, workspace, ..Default::default() }
}

#[track_caller]
fn assert_round_trip(text: &str) {
    let before = analysis(text);
    let (written, losses) = pyhf::from_analysis(&before);
    assert_eq!(losses, [], "a pyhf file says nothing that pyhf cannot say");
    let written = native::to_json(&written).unwrap();
    assert_eq!(normal(serde_json::from_str(&written).unwrap()), normal(serde_json::from_str(text).unwrap()));
    assert_eq!(analysis(&written), before);

    let yaml = native::to_yaml(&before).unwrap();
    assert_eq!(detect(&yaml), Kind::Analysis);
    let deserializer = serde_yaml::Deserializer::from_str(&yaml);
    let read: Analysis = serde_yaml::with::singleton_map_recursive::deserialize(deserializer).unwrap();
    assert_eq!(read, before, "through yaml_serde");
    assert_eq!(serde_saphyr::from_str::<Analysis>(&yaml).unwrap(), before, "through serde-saphyr");
    let json = native::to_json(&before).unwrap();
    assert_eq!(detect(&json), Kind::Analysis);
    assert_eq!(serde_json::from_str::<Analysis>(&json).unwrap(), before);
    let bare = native::to_yaml(&before.workspace).unwrap();
    assert_eq!(detect(&bare), Kind::NativeWorkspace);
}

#[test]
fn every_published_workspace_comes_back() {
    let Some(dir) = common::shared_workspaces() else { return };
    let mut count = 0;
    for path in common::json_files(&dir) {
        let text = std::fs::read_to_string(&path).unwrap();
        if detect(&text) == Kind::PyhfWorkspace {
            eprintln!("{}", path.display());
            assert_round_trip(&text);
            count += 1;
        }
    }
    assert!(count >= 20, "only {count} pyhf workspaces found");
}

/// Every type of modifier, every setting of a parameter, names that are unusual.
const SMALL: &str = r#"{
  "channels": [
    {"name": "SR/high mass", "samples": [
      {"name": "sig[0]", "data": [5, 12.5], "modifiers": [
        {"name": "mu", "type": "normfactor", "data": null},
        {"name": "µ_ττ → ℓ", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}},
        {"name": "lumi", "type": "lumi", "data": null}]},
      {"name": "no: yes # {x}, [y]", "data": [50.1, 1e-7], "modifiers": [
        {"type": "histosys", "data": {"hi_data": [51, 2e-7], "lo_data": [49, 0]}, "name": "~1/~0"},
        {"name": "null", "type": "shapesys", "data": [5, 0.0]},
        {"name": "free", "type": "shapefactor", "data": null}]},
      {"name": "mc", "data": [7, 1], "modifiers": [{"name": "staterror_SR", "type": "staterror", "data": [0.5, 0.25]}]}]},
    {"name": " ", "samples": [{"name": "1e5", "data": [1], "modifiers": []}]}
  ],
  "observations": [{"name": "SR/high mass", "data": [60, 13]}, {"name": " ", "data": [0]}],
  "measurements": [
    {"name": "", "config": {"poi": "mu", "parameters": [
      {"name": "lumi", "auxdata": [1.0], "sigmas": [0.017], "bounds": [[0.5, 1.5]], "inits": [1.0]},
      {"name": "mu", "inits": [2], "bounds": [[-10, 10]], "fixed": false},
      {"name": "null", "auxdata": [100.0, 2.0], "factors": [110.0, 1.0], "inits": [1.0, 1.0]},
      {"name": "staterror_SR", "sigmas": [0.1, 0.2], "bounds": [[0, 2], [0.5, 2]], "fixed": true},
      {"name": "~1/~0", "auxdata": [0.5]},
      {"name": "nobody", "inits": [3.0]}]}},
    {"name": "bkg only", "config": {"poi": "", "parameters": []}}
  ],
  "version": "1.0.0"
}"#;

#[test]
fn a_workspace_with_everything_comes_back() {
    let second_lumi = r#""poi": "", "parameters": ["#;
    let lumi = r#"{"name": "lumi", "auxdata": [1.0], "sigmas": [0.1], "bounds": [[0, 2]], "inits": [1.0]}"#;
    assert_round_trip(&SMALL.replace(second_lumi, &format!("{second_lumi}{lumi}")));
}

#[test]
fn pyhf_layout_in_yaml_is_the_same() {
    let value: Value = serde_json::from_str(SMALL).unwrap();
    let yaml = native::to_yaml(&value).unwrap();
    assert_eq!(detect(&yaml), Kind::PyhfWorkspace);
    let from_yaml: pyhf::Workspace = serde_yaml::from_str(&yaml).unwrap();
    assert_eq!(from_yaml, serde_json::from_str::<pyhf::Workspace>(SMALL).unwrap());
}
