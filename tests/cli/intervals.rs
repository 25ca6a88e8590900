//! `zstat feldman-cousins`: the paper's numbers, parts and their merger, options.

use serde_json::Value;

use super::support::{folder, run, run_in, without_timing, write};

/// One event a unit of μ, no background, two observed.
const COUNT: &str = "zstat: 1\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - {name: s, data: [1.0], modifiers: \
                     [{name: mu, type: normfactor}]}\n  observations: {SR: [2]}\n  parameters:\n    mu: {init: 1, \
                     bounds: [0, 40]}\n  poi: mu\n";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

#[test]
fn one_count_is_summed_and_toys_agree() {
    let folder = folder();
    write(folder.path(), "count.yaml", COUNT);
    let find = |options: &[&str]| {
        let args = [&["feldman-cousins", "count.yaml", "--format", "json"][..], options].concat();
        run_in(folder.path(), &args).exits(0).json()
    };
    let exact = find(&[]);
    assert_eq!(exact["calculator"], "exact");
    assert!((number(&exact["interval"]["low"]) - 0.36).abs() < 0.0051, "{exact}");
    assert!((number(&exact["interval"]["high"]) - 6.72).abs() < 0.0051, "{exact}");
    assert!(exact["interval"]["low_error"].is_null() && exact.get("toys").is_none());
    let toys = find(&["--toys", "4000", "--points", "41"]);
    assert_eq!(toys["calculator"], "toys");
    for (end, error) in [("low", "low_error"), ("high", "high_error")] {
        let off = number(&exact["interval"][end]) - number(&toys["interval"][end]);
        // A step of the grid besides: p jumps where a count is let in.
        assert!(off.abs() < 5.0 * number(&toys["interval"][error]) + 0.3, "{end}: {off}");
    }
    for point in toys["points"].as_array().unwrap() {
        let accepted = number(&point["p_value"]) > 0.05;
        assert_eq!(point["accepted"], accepted, "{point}");
    }
    // Another seed is other toys.
    assert_ne!(find(&["--toys", "200", "--seed", "2"])["points"], find(&["--toys", "200"])["points"]);
}

#[test]
fn parts_and_threads_give_the_same_bytes() {
    let folder = folder();
    write(folder.path(), "count.yaml", COUNT);
    let base = ["feldman-cousins", "count.yaml", "--toys", "60", "--points", "7"];
    let json = |extra: &[&str]| {
        let args = [&base[..], &["--format", "json"], extra].concat();
        without_timing(run_in(folder.path(), &args).exits(0).json())
    };
    let whole = json(&["--threads", "1"]);
    assert_eq!(whole, json(&["--threads", "2"]));
    for part in ["1/3", "2/3", "3/3"] {
        let place = part.replace('/', "of");
        let args = [&base[..], &["--shard", part, "--checkpoint", &place]].concat();
        run_in(folder.path(), &args).exits(0);
    }
    let merged =
        run_in(folder.path(), &["merge", "1of3", "2of3", "3of3", "--format", "json"]).exits(0).json();
    assert_eq!(whole, without_timing(merged));
}

#[test]
fn options_that_make_no_sense() {
    let folder = folder();
    write(folder.path(), "count.yaml", COUNT);
    let fails = |options: &[&str], parts: &[&str]| {
        let args = [&["feldman-cousins", "count.yaml"][..], options].concat();
        run_in(folder.path(), &args).exits(2).tells(parts);
    };
    fails(&["--range=-1:3"], &["--range", "leaves the bounds of `mu`"]);
    fails(&["--level", "1"], &["between 0 and 1"]);
    fails(&["--points", "1"], &["2 to 10000"]);
    fails(&["--toys", "0"], &["whole number"]);
    fails(&["--checkpoint", "c"], &["needs none", "--toys N"]);
    fails(&["--fix", "mu"], &["--fix mu", "it must be free"]);
    run("feldman-cousins specs/quickstart.yaml --range 0:11 --fitter x")
        .exits(2)
        .tells(&["--range", "--fitter"]);
}
