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
    write(folder.path(), "flow.yaml", "{SR: [70]}\n");
    for file in ["map.json", "map.yaml", "flow.yaml", "list.json", "pyhf.json", "spec70.yaml"] {
        let run = run_in(folder.path(), &["fit", "spec.yaml", "--data", file, "--format", "json"]).exits(0);
        let mu = run.json()["parameters"].as_array().unwrap()[0]["value"].as_f64().unwrap();
        let mu = if mu == 0.0 { run.json()["parameters"][1]["value"].as_f64().unwrap() } else { mu };
        assert!((mu - 2.0).abs() < 1e-6, "{file}: {mu}");
    }
}

#[test]
fn all_faults_of_a_data_file_at_once_with_their_places() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    let fails = |name: &str, text: &str, words: &[&str]| {
        write(folder.path(), name, text);
        run_in(folder.path(), &["fit", "spec.yaml", "--data", name]).exits(2).tells(words);
        run_in(folder.path(), &["evaluate", "spec.yaml", "--data", name]).exits(2).tells(words);
    };
    let words = ["bad.json:1:2", "`SRR`", "did you mean `SR`?", "has 1 bin", "found 2 numbers", "-1 events"];
    fails("bad.json", r#"{"SRR": [70], "SR": [-1, 2]}"#, &words);
    fails("wrong.json", r#"{"SR": "many"}"#, &["wrong.json:1:8", "the text `many`", "a list of numbers"]);
    fails("words.yaml", "SR: [many]\n", &["words.yaml:1:6", "bin 0 of channel `SR` is the text `many`"]);
    fails("nan.yaml", "SR: [.nan]\n", &["nan.yaml:1:6", "NaN, expected a finite number"]);
    // No data is not the same as zero events.
    fails("none.json", "[]", &["no observations of `SR`"]);
    fails("empty.json", "{}", &["no observations of `SR`"]);
    fails("other.yaml", "observations: {}\n", &["no observations of `SR`"]);
    fails("number.yaml", "70\n", &["is the number 70, expected observations by channel"]);
    // The last of two must not win.
    fails("twice.yaml", "SR: [70]\nSR: [1]\n", &["twice.yaml:2:1", "`SR` is given twice"]);
    let list = r#"[{"name": "SR", "data": [70]}, {"name": "SR", "data": [1]}, {"data": [1]}]"#;
    fails("twice.json", list, &["observations in entry 0 already", "entry 2 has no `name`"]);
    fails("bare.yaml", "channels: []\nmeasurements: []\n", &["the file has no `observations`"]);
    fails(
        "both.yaml",
        "observations: {SR: [1]}\nobservations: {SR: [2]}\n",
        &["`observations` is given twice"],
    );
    fails("cut.json", r#"{"SR": [70"#, &["cut.json:1:"]);
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
    let page = super::support::run(&format!("fit {spec} --blind SR --fix mu=1 --bins")).exits(0).stdout;
    let rows: Vec<&str> = page.lines().filter(|line| line.trim_start().starts_with("SR ")).collect();
    assert_eq!(rows.len(), 5, "{page}");
    assert!(rows.iter().all(|row| row.contains("blinded")), "{page}");
    let json =
        super::support::run(&format!("fit {spec} --blind SR --fix mu=1 --format json")).exits(0).json();
    let channel = |name: &str| {
        let channels = json["channels"].as_array().unwrap();
        channels.iter().find(|channel| channel["name"] == name).unwrap().clone()
    };
    assert!(channel("SR")["observed"].is_null(), "{}", channel("SR"));
    assert_eq!(channel("CR")["observed"][0], 2371.0);
}
