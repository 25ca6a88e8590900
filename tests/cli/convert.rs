//! `zstat convert`: to pyhf's JSON and back, same likelihood; losses are told.

use super::support::{COUNTING, folder, root, run, run_in, write};

fn twice_nll(folder: &std::path::Path, file: &str) -> f64 {
    let run = run_in(folder, &["evaluate", file, "--format", "json"]).exits(0);
    run.json()["twice_nll"].as_f64().unwrap()
}

#[test]
fn to_pyhf_and_back_keeps_the_likelihood() {
    let folder = folder();
    std::fs::copy(root().join("specs/quickstart.yaml"), folder.path().join("a.yaml")).unwrap();
    run_in(folder.path(), &["convert", "a.yaml", "b.json"]).exits(0);
    run_in(folder.path(), &["convert", "b.json", "c.yaml"]).exits(0);
    let original = twice_nll(folder.path(), "a.yaml");
    assert!((original - twice_nll(folder.path(), "b.json")).abs() < 1e-10);
    assert!((original - twice_nll(folder.path(), "c.yaml")).abs() < 1e-10);
}

#[test]
fn what_pyhf_cannot_hold_is_a_loss() {
    let folder = folder();
    std::fs::copy(root().join("specs/root-dialect.yaml"), folder.path().join("a.yaml")).unwrap();
    let json = run_in(folder.path(), &["convert", "a.yaml", "b.json", "--format", "json"]).exits(0).json();
    let losses = json["losses"].as_array().unwrap();
    assert!(!losses.is_empty());
    for loss in losses {
        assert!(["what", "where", "why"].iter().all(|field| loss[*field].is_string()), "{loss}");
    }
}

#[test]
fn to_standard_output_and_from_standard_input() {
    let yaml = run("convert specs/interference.yaml - --to native").exits(0).stdout;
    assert!(yaml.starts_with("zstat: 1"), "{yaml}");
    let json = run("convert specs/interference.yaml - --to pyhf").exits(0).json();
    assert!(json["channels"].is_array() && json["version"].is_string());
}

#[test]
fn formats_that_are_not_known() {
    let folder = folder();
    write(folder.path(), "a.yaml", COUNTING);
    let run = run_in(folder.path(), &["convert", "a.yaml", "b.root"]).exits(2);
    run.tells(&["b.root", "--to"]);
    assert!(!folder.path().join("b.root").exists());
    run_in(folder.path(), &["convert", "a.yaml", "-"]).exits(2).tells(&["--to"]);
}

#[test]
fn settings_that_nothing_uses_are_lost_and_the_result_can_be_read() {
    let folder = folder();
    let workspace = r#"{"channels": [{"name": "SR", "samples": [{"name": "b", "data": [50.0], "modifiers":
        [{"name": "k", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}]}]}],
        "observations": [{"name": "SR", "data": [52]}], "version": "1.0.0",
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": [{"name": "mu_BG", "inits": [1.0]}]}}]}"#;
    write(folder.path(), "bkgonly.json", workspace);
    for out in ["bkgonly.yaml", "bkgonly.zstat.json"] {
        let run = run_in(folder.path(), &["convert", "bkgonly.json", out, "--format", "json"]).exits(0);
        let losses = run.json()["losses"].as_array().unwrap().clone();
        let lost: Vec<&str> = losses.iter().map(|loss| loss["what"].as_str().unwrap()).collect();
        assert_eq!(lost, ["the settings of `mu_BG`", "the parameter of interest `mu`"]);
        run_in(folder.path(), &["fit", out]).exits(0);
        assert!((twice_nll(folder.path(), out) - twice_nll(folder.path(), "bkgonly.json")).abs() < 1e-12);
    }
}

#[test]
fn a_faulty_spec_is_not_converted_and_none_overwritten() {
    let folder = folder();
    write(folder.path(), "spec.yaml", &COUNTING.replace("[63]", "[63, 64]"));
    run_in(folder.path(), &["convert", "spec.yaml", "out.json"]).exits(2).tells(&["E0302"]);
    assert!(!folder.path().join("out.json").exists());
    write(folder.path(), "good.yaml", COUNTING);
    let run = run_in(folder.path(), &["convert", "good.yaml", "./good.yaml"]).exits(2);
    run.tells(&["OUT ./good.yaml: is the spec itself"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("good.yaml")).unwrap(), COUNTING);
}

/// The bounds of dialect `root` are others than pyhf's.
#[test]
fn the_dialect_of_the_spec_counts() {
    let folder = folder();
    let spec = "zstat: 1\ndialect: root\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - name: b\n          \
                data: [50.0]\n          modifiers: [{name: sf, type: shapefactor}]\n  observations: {SR: [52]}\n  parameters: \
                {sf: {init: 50}}\n";
    write(folder.path(), "root.yaml", spec);
    run_in(folder.path(), &["validate", "root.yaml"]).exits(0);
    run_in(folder.path(), &["convert", "root.yaml", "root.zstat.json"]).exits(0);
}
