//! Bad option values: what was found, what was expected, the nearest known name; all of them at once.

use super::support::{COUNTING, folder, run, run_in, write};

#[test]
fn all_bad_names_are_told_at_once() {
    let run = run(
        "fit specs/quickstart.yaml --fix jess --set btagging=1 --blind SRR --minos my --fitter newtn --free x_*",
    );
    run.exits(2).tells(&[
        "--fix jess",
        "`jes`",
        "--set btagging",
        "`b_tagging`",
        "--blind SRR",
        "`SR`",
        "--minos my",
        "`mu`",
        "--fitter newtn",
        "`newton`",
        "--free x_*",
        "no parameter matches",
    ]);
}

#[test]
fn model_options_too() {
    let bad =
        "--measurement inclusiv --dialect rot --interpolation normsys=code5,histsys=code0,x --poi mu_gH";
    run(&format!("inspect specs/several-pois.yaml {bad}")).exits(2).tells(&[
        "--measurement inclusiv",
        "`inclusive`",
        "--dialect rot",
        "`root`",
        "code5",
        "code1, code4",
        "histsys",
        "`histosys`",
        "expected KIND=CODE",
        "--poi mu_gH",
        "`mu_ggH`",
    ]);
}

#[test]
fn values_that_are_no_numbers() {
    run("fit specs/quickstart.yaml --set mu --set jes=a --fix jer=inf --set lumi=").exits(2).tells(&[
        "expected NAME=VALUE",
        "--set jes=a",
        "found `a`",
        "--fix jer=inf",
        "expected a finite number",
        "--set lumi=",
    ]);
    run("fit specs/quickstart.yaml --multi-start 0").exits(2).tells(&["--multi-start", "0"]);
    run("fit specs/quickstart.yaml --seed x").exits(2).tells(&["--seed", "x"]);
}

#[test]
fn start_values_outside_the_bounds_are_refused_in_a_fit_and_fine_elsewhere() {
    let run_ = run("fit specs/quickstart.yaml --set mu=20 --set jes=-7").exits(2);
    run_.tells(&["mu=20", "[0, 10]", "jes=-7", "[-5, 5]"]);
    run("fit specs/quickstart.yaml --fix mu=20").exits(0);
    run("evaluate specs/quickstart.yaml --set mu=20").exits(0);
}

#[test]
fn an_option_changes_the_model() {
    let twice_nll = |options: &str| {
        let run = run(&format!(
            "evaluate specs/quickstart.yaml --set jes=0.4 --set b_tagging=0.7 --format json {options}"
        ));
        run.exits(0).json()["twice_nll"].as_f64().unwrap()
    };
    let default = twice_nll("");
    assert_eq!(default, twice_nll("--interpolation normsys=code4,histosys=code4p"));
    assert_ne!(default, twice_nll("--interpolation histosys=code0"));
    assert_ne!(default, twice_nll("--interpolation normsys=code1"));
    assert_ne!(default, twice_nll("--dialect root"));
    assert_ne!(default, twice_nll("--blind CR"));
    assert_ne!(default, twice_nll("--clip-bins 60"));
    let both = twice_nll("--blind CR") + twice_nll("--blind SR");
    let constraint = run("evaluate specs/quickstart.yaml --set jes=0.4 --set b_tagging=0.7 --format json");
    let constraint = constraint.exits(0).json()["twice_nll_constraint"].as_f64().unwrap();
    assert!((both - constraint - default).abs() < 1e-9, "the bins of the two channels add up");
}

#[test]
fn a_poi_by_option() {
    let json = run("fit specs/quickstart.yaml --poi jes --format json").exits(0).json();
    assert_eq!(json["poi"], serde_json::json!(["jes"]));
}

#[test]
fn names_with_equal_signs_and_glob_characters_do_no_harm() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    run_in(folder.path(), &["fit", "spec.yaml", "--fix", "=1"]).exits(2).tells(&["--fix"]);
    run_in(folder.path(), &["fit", "spec.yaml", "--fix", ""]).exits(2).tells(&["--fix"]);
    run_in(folder.path(), &["fit", "spec.yaml", "--fix", "*=1=2"]).exits(2).tells(&["1=2"]);
}

#[test]
fn numbers_of_options_are_checked() {
    let spec = "fit specs/quickstart.yaml";
    for (options, words) in [
        ("--correlations 2", "from 0 to 1"),
        ("--correlations nan", "from 0 to 1"),
        ("--multi-start 0", "1 or more"),
        ("--multi-start -3", "1 or more"),
        ("--seed -1", "from 0 to"),
        ("--threads 0", "from 1 to 1024"),
        ("--threads 100000", "from 1 to 1024"),
        ("--poi mu --poi mu", "--poi mu: is given twice"),
        ("--interpolation normsys=code1,normsys=code4", "`normsys` has a code already"),
    ] {
        let run = run(&format!("{spec} {options}")).exits(2);
        run.tells(&[words]);
    }
    let json = run(&format!("{spec} --fix mu=50 --format json")).exits(0).json();
    let warnings = json["status"]["warnings"].to_string();
    assert!(warnings.contains("`mu` is fixed at 50, outside its bounds [0, 10]"), "{warnings}");
}

#[test]
fn the_ending_of_the_file_chooses_the_format() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    for (file, first) in [("a.json", "{"), ("a.csv", "name,value"), ("a.txt", "spec.yaml")] {
        run_in(folder.path(), &["fit", "spec.yaml", "-o", file]).exits(0);
        let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(text.starts_with(first), "{file}: {text}");
    }
    run_in(folder.path(), &["fit", "spec.yaml", "-o", "b.json", "--format", "csv"]).exits(0);
    assert!(std::fs::read_to_string(folder.path().join("b.json")).unwrap().starts_with("name,value"));
}

/// Values are compared bit by bit: all but the seconds.
#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let bytes = |threads: usize| {
        let fit = format!(
            "fit specs/interference.yaml --multi-start 20 --minos kappa --format json --threads {threads}"
        );
        super::support::without_timing(run(&fit).exits(0).json()).to_string()
    };
    let one = bytes(1);
    assert!(one.contains("\"minima\":2"), "{one}");
    assert!([2, 3, 8].into_iter().all(|threads| bytes(threads) == one));
}
