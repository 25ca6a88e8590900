//! `zstat schema`: the files under `schemas/` are those of this build, and every spec satisfies them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::support::{bless, folder, root, run, run_in};

fn names(folder: &std::path::Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn kept_schemas_are_fresh() {
    let folder = folder();
    let out = folder.path().join("schemas");
    run_in(folder.path(), &["schema", "--output", "schemas"]).exits(0);
    // A folder that is there is filled again, and one inside a folder that is not there is made.
    run_in(folder.path(), &["schema", "--output", "schemas"]).exits(0);
    run_in(folder.path(), &["man", "--output", "deep/man"]).exits(0);
    assert!(folder.path().join("deep/man/zstat-fit.1").is_file());
    let kept = root().join("schemas");
    if bless() {
        let _ = fs::remove_dir_all(&kept);
        fs::create_dir(&kept).unwrap();
        for name in names(&out) {
            fs::copy(out.join(&name), kept.join(&name)).unwrap();
        }
    }
    assert_eq!(names(&kept), names(&out), "run `cargo xtask schemas`");
    for name in names(&out) {
        let (kept, fresh) = (fs::read_to_string(kept.join(&name)), fs::read_to_string(out.join(&name)));
        assert_eq!(kept.unwrap(), fresh.unwrap(), "{name}: run `cargo xtask schemas`");
    }
}

fn validator() -> jsonschema::Validator {
    let schema: Value = run("schema").exits(0).json();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn every_spec_satisfies_the_schema() {
    let validator = validator();
    let mut count = 0;
    for name in names(&root().join("specs")) {
        let text = fs::read_to_string(root().join("specs").join(&name)).unwrap();
        let spec: Value = serde_yaml::from_str(&text).unwrap();
        let faults: Vec<String> = validator.iter_errors(&spec).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        count += 1;
    }
    assert!(count >= 4);
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let validator = validator();
    let modifier = |modifier: Value| {
        let sample = json!({"name": "s", "data": [1.0], "modifiers": [modifier]});
        json!({"zstat": 1, "workspace": {"channels": [{"name": "SR", "samples": [sample]}]}})
    };
    assert!(validator.is_valid(&modifier(json!({"name": "a", "type": "normsys", "lo": 0.9, "hi": 1.1}))));
    let wrong = [
        modifier(json!({"name": "a", "type": "normsys", "lo": 0.9})),
        modifier(json!({"name": "a", "type": "normsis", "lo": 0.9, "hi": 1.1})),
        modifier(json!({"name": "a", "type": "histosys", "lo": 0.9, "hi": 1.1})),
        modifier(json!({"name": "a", "type": "lumi", "errors": [1.0]})),
        json!({"zstat": 2, "workspace": {"channels": []}}),
        json!({"workspace": {"channels": []}}),
    ];
    for wrong in wrong {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn options_of_plugins_are_part_of_the_schema() {
    let validator = validator();
    let with = |fitter: Value| json!({"zstat": 1, "workspace": {"channels": []}, "fit": {"fitter": fitter}});
    for plugin in run("plugins --format json").exits(0).json()["plugins"].as_array().unwrap() {
        let name = &plugin["name"];
        if plugin["kind"] != "fitter" {
            continue;
        }
        assert!(validator.is_valid(&with(name.clone())), "{name}");
        assert!(validator.is_valid(&with(json!({"type": name}))), "{name}");
        assert!(!validator.is_valid(&with(json!({"type": name, "no_such_option": 1}))), "{name}");
    }
    assert!(!validator.is_valid(&with(json!("no-such-fitter"))));
    assert!(!validator.is_valid(&with(json!({"type": "no-such-fitter"}))));
}

#[test]
fn one_schema_by_name_and_an_unknown_name() {
    let workspace = run("schema workspace").exits(0).json();
    assert!(workspace["properties"]["channels"].is_object());
    run("schema workspaces").exits(2).tells(&["workspaces", "did you mean `workspace`?"]);
}
