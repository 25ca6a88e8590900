//! `--data FILE` and `--blind`.

use super::support::{COUNTING, folder, run_in, write};

#[test]
fn observations_from_a_file_of_any_form() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    write(folder.path(), "map.json", r#"{"SR": [70]}"#);
    write(folder.path(), "map.yaml", "SR: [70]\n");
    write(folder.path(), "list.json", r#"[{"name": "SR", "data": [70]}]"#);
    write(folder.path(), "pyhf.json", r#"{"channels": [], "observations": [{"name": "SR", "data": [70]}]}"#);
    write(folder.path(), "spec70.yaml", &COUNTING.replace("[63]", "[70]"));
    for file in ["map.json", "map.yaml", "list.json", "pyhf.json", "spec70.yaml"] {
        let run = run_in(folder.path(), &["fit", "spec.yaml", "--data", file, "--format", "json"]).exits(0);
        let mu = run.json()["parameters"].as_array().unwrap()[0]["value"].as_f64().unwrap();
        let mu = if mu == 0.0 { run.json()["parameters"][1]["value"].as_f64().unwrap() } else { mu };
        assert!((mu - 2.0).abs() < 1e-6, "{file}: {mu}");
    }
}

#[test]
fn all_faults_of_a_data_file_at_once() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    write(folder.path(), "bad.json", r#"{"SRR": [70], "SR": [-1, 2]}"#);
    let run = run_in(folder.path(), &["fit", "spec.yaml", "--data", "bad.json"]).exits(2);
    run.tells(&["no channel `SRR`", "did you mean `SR`?", "has 1 bin", "found 2", "found -1"]);
    write(folder.path(), "wrong.json", r#"{"SR": "many"}"#);
    run_in(folder.path(), &["fit", "spec.yaml", "--data", "wrong.json"])
        .exits(2)
        .tells(&["--data wrong.json"]);
    let run = run_in(folder.path(), &["fit", "spec.yaml", "--data", "asimow"]).exits(2);
    run.tells(&["--data asimow", "did you mean `asimov`?"]);
}

#[test]
fn a_channel_without_observations_can_be_evaluated_but_not_fitted() {
    let folder = folder();
    let spec = COUNTING.replace("  observations: {SR: [63]}\n", "");
    write(folder.path(), "spec.yaml", &spec);
    let json = run_in(folder.path(), &["evaluate", "spec.yaml", "--format", "json"]).exits(0).json();
    assert!(json["twice_nll"].is_null());
    assert_eq!(json["expected"]["SR"], serde_json::json!([60.0]));
    assert!(json["warnings"][0].as_str().unwrap().contains("SR"));
    run_in(folder.path(), &["fit", "spec.yaml"]).exits(2).tells(&["no observations", "SR", "--data asimov"]);
    run_in(folder.path(), &["fit", "spec.yaml", "--data", "asimov"]).exits(0);
}

#[test]
fn a_blinded_channel_is_left_out_and_its_data_are_not_shown() {
    let spec = "specs/quickstart.yaml";
    let run = super::support::run(&format!("fit {spec} --blind SR --fix mu=1 --bins")).exits(0);
    assert!(run.stdout.contains("blinded"), "{}", run.stdout);
    assert!(!run.stdout.contains("341"), "the observation of a blinded bin is shown:\n{}", run.stdout);
    let json = super::support::run(&format!("fit {spec} --blind SR --fix mu=1 --format json")).exits(0);
    assert!(!json.stdout.contains("341"), "{}", json.stdout);
}
