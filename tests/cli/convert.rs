//! `zstat convert`: to pyhf's JSON and back, same likelihood; losses are told.

use super::support::{folder, root, run, run_in, write};

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
    write(folder.path(), "a.yaml", super::support::COUNTING);
    let run = run_in(folder.path(), &["convert", "a.yaml", "b.root"]).exits(2);
    run.tells(&["b.root", "--to"]);
    assert!(!folder.path().join("b.root").exists());
    run_in(folder.path(), &["convert", "a.yaml", "-"]).exits(2).tells(&["--to"]);
}
