//! `zstat evaluate`: numbers by hand, points from files, likelihoods that are not finite.

use super::support::{COUNTING, Run, folder, golden, run, run_in, without_timing, write};

/// −2 ln of Pois(n | ν) for small whole n, by the definition.
fn twice_nll_poisson(n: u32, nu: f64) -> f64 {
    let ln_factorial: f64 = (1..=n).map(|k| f64::from(k).ln()).sum();
    2.0 * (nu - f64::from(n) * nu.ln() + ln_factorial)
}

fn counting(arguments: &[&str]) -> Run {
    let folder = folder();
    write(folder.path(), "counting.yaml", COUNTING);
    write(folder.path(), "point.json", r#"{"mu": 0.5, "norm": 1}"#);
    write(folder.path(), "bad.json", r#"{"mu": 0.5, "nrm": 1, "mu": 2, "x": 0}"#);
    write(folder.path(), "text.json", r#"{"mu": "a"}"#);
    run_in(folder.path(), &[&["evaluate", "counting.yaml"], arguments].concat())
}

#[track_caller]
fn close(value: &serde_json::Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{value} is not {expected}");
}

#[test]
fn the_counting_experiment_by_hand() {
    let json = counting(&["--format", "json"]).exits(0).json();
    let constraint = (2.0 * std::f64::consts::PI).ln();
    close(&json["twice_nll_main"], twice_nll_poisson(63, 60.0));
    close(&json["twice_nll_constraint"], constraint);
    close(&json["twice_nll"], twice_nll_poisson(63, 60.0) + constraint);
    assert_eq!(json["expected"]["SR"], serde_json::json!([60.0]));
    let mu = json["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "mu").unwrap();
    close(&mu["gradient"], 2.0 * (1.0 - 63.0 / 60.0) * 10.0);
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[test]
fn a_point_from_a_file() {
    let json = counting(&["--at", "point.json", "--format", "json"]).exits(0).json();
    let constraint = (2.0 * std::f64::consts::PI).ln() + 1.0;
    close(&json["twice_nll"], twice_nll_poisson(63, 5.0 + 55.0) + constraint);
}

#[test]
fn all_faults_of_a_point_at_once() {
    let run = counting(&["--at", "bad.json", "--blind", "CR"]).exits(2);
    run.tells(&["nrm", "did you mean `norm`?", "`mu` is given twice", "x", "--blind CR", "SR"]);
    counting(&["--at", "text.json"]).exits(2).tells(&["text.json:1:"]);
    counting(&["--at", "none.json"]).exits(2).tells(&["none.json"]);
}

#[test]
fn a_likelihood_that_is_not_finite_is_null_and_names_the_bin() {
    let json = counting(&["--set", "mu=-5", "--format", "json"]).exits(0).json();
    assert!(json["twice_nll"].is_null() && json["twice_nll_main"].is_null());
    assert_eq!(json["expected"]["SR"], serde_json::json!([0.0]), "the expectation is finite");
    let warning = json["warnings"][0].as_str().unwrap();
    assert!(warning.contains("bin 0") && warning.contains("`SR`"), "{warning}");
}

#[test]
fn page_and_json_of_the_quickstart_are_as_accepted() {
    golden("evaluate/quickstart.txt", &run("evaluate specs/quickstart.yaml --set mu=2").exits(0).stdout);
    let json = run("evaluate specs/quickstart.yaml --set mu=2 --format json").exits(0).json();
    golden("evaluate/quickstart.json", &format!("{:#}\n", without_timing(json)));
}

#[test]
fn one_bin_of_a_vector_by_its_name() {
    let folder = folder();
    let spec = COUNTING.replace(
        "{name: norm, type: normsys, lo: 0.9, hi: 1.1}",
        "{name: norm, type: normsys, lo: 0.9, hi: 1.1}, {name: stat, type: staterror, errors: [2.0]}",
    );
    write(folder.path(), "spec.yaml", &spec);
    write(folder.path(), "a.json", r#"{"stat": 1.1}"#);
    write(folder.path(), "b.json", r#"{"stat[0]": 1.1}"#);
    let at = |file| {
        let run = run_in(folder.path(), &["evaluate", "spec.yaml", "--at", file, "--format", "json"]);
        without_timing(run.exits(0).json())
    };
    assert_eq!(at("a.json"), at("b.json"));
    close(&at("a.json")["expected"]["SR"][0], 10.0 + 55.0);
}
