//! `zstat limit --toys` and `--curve`: parts, threads and interrupts, reasons, options, pages.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::jobs::at_work;
use super::support::{COUNTING, Run, folder, golden, run, run_in, without_timing, write};

const LIMIT: &str = "limit counting.yaml --toys 60 --points 7 --seed 3";

fn work() -> tempfile::TempDir {
    let folder = folder();
    write(folder.path(), "counting.yaml", COUNTING);
    folder
}

fn zstat_in(folder: &Path, line: &str) -> Run {
    run_in(folder, &line.split_whitespace().collect::<Vec<_>>())
}

fn result(folder: &Path, line: &str) -> Value {
    without_timing(zstat_in(folder, &format!("{line} --format json")).exits(0).json())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

#[test]
fn parts_and_threads_change_no_byte() {
    let work = work();
    let folder = work.path();
    let whole = result(folder, LIMIT);
    for threads in [1, 2, 5] {
        assert_eq!(result(folder, &format!("{LIMIT} --threads {threads}")), whole);
    }
    for part in 1..=3 {
        zstat_in(folder, &format!("{LIMIT} --shard {part}/3 --checkpoint p{part}")).exits(0);
    }
    assert_eq!(result(folder, "merge p2 p3 p1"), whole);
    let csv = zstat_in(folder, &format!("{LIMIT} --format csv")).exits(0).stdout;
    assert_eq!(zstat_in(folder, "merge p1 p2 p3 --format csv").exits(0).stdout, csv);
    assert_eq!(csv.lines().count(), 8);
    zstat_in(folder, "merge p1 p3").exits(2).tells(&["160 of 480 tasks are missing"]);
    assert_eq!(whole["calculator"], "toys");
    assert_eq!(
        whole["toys"],
        serde_json::json!({"requested": 60, "failed": 0, "retried": 0, "resolution": 0.0, "seed": 3})
    );
    for (key, length) in [("expected", 5), ("expected_errors", 5), ("scan", 7)] {
        assert_eq!(whole[key].as_array().unwrap().len(), length);
    }
    let other =
        zstat_in(folder, "limit counting.yaml --toys 60 --points 8 --seed 3 --checkpoint p1 --shard 1/3");
    other.exits(2).tells(&["is of another job (grid: ["]);
}

#[test]
fn a_killed_job_goes_on_and_more_toys_are_more_tasks() {
    let work = work();
    let folder = work.path();
    let line = "limit counting.yaml --toys 3000 --points 9 --range 0.5:6";
    let job = format!("{line} --checkpoint c");
    for bytes in [1, 5_000, 60_000] {
        let mut child = at_work(folder, &job, bytes);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let path = folder.join("c/journal.jsonl");
    let kept = fs::read_to_string(&path).unwrap();
    let whole = result(folder, line);
    assert_eq!(result(folder, &job), whole);
    let now = fs::read_to_string(&path).unwrap();
    assert!(now.starts_with(&kept[..kept.rfind('\n').unwrap() + 1]));
    assert_eq!(now.lines().filter(|line| line.starts_with('[')).count(), 30_000);
    // Fewer are the first of them; the grid that is found is the same for any number.
    let fewer = line.replace("3000", "500");
    assert_eq!(result(folder, &format!("{fewer} --checkpoint c")), result(folder, &fewer));
    let grid = |toys: u32| {
        let json = result(folder, &format!("limit counting.yaml --toys {toys} --points 3"));
        json["scan"].as_array().unwrap().iter().map(|point| number(&point["mu"])).collect::<Vec<_>>()
    };
    assert_eq!(grid(20), grid(40));
}

/// A value of the grid is the test of that value with the same toys.
#[test]
fn a_value_of_the_grid_is_a_test_with_toys() {
    let work = work();
    let folder = work.path();
    for options in ["", "--test-stat q --asimov nominal --seed 8"] {
        let line = format!("limit counting.yaml --toys 80 --points 3 --range 1:3 {options}");
        let limit = result(folder, &line);
        for point in limit["scan"].as_array().unwrap() {
            let line = format!("hypotest counting.yaml --mu {} --toys 80 {options}", point["mu"]);
            let test = result(folder, &line);
            for key in ["cls_obs", "cls_obs_error", "clsb_obs", "clb_obs"] {
                assert!((number(&point[key]) - number(&test[key])).abs() < 1e-12, "{key}: {point}\n{test}");
            }
            let expected =
                |value: &Value| value["cls_exp"].as_array().unwrap().iter().map(number).collect::<Vec<_>>();
            for (found, wanted) in expected(point).into_iter().zip(expected(&test)) {
                assert!((found - wanted).abs() < 1e-12, "{point}\n{test}");
            }
        }
    }
}

#[test]
fn limits_that_are_not_there_say_why() {
    let work = work();
    let folder = work.path();
    let warnings = |line: &str| result(folder, line)["status"]["warnings"].to_string();
    let with = |options: &str| format!("limit counting.yaml --toys 50 --points 3 {options}");
    let told = warnings("limit counting.yaml --toys 400 --points 3 --range 3.3:6");
    assert!(told.contains("CLs is below 0.05 from 3.3 on, the start of the grid; widen it"), "{told}");
    assert!(told.contains("not one of 400 toys is so extreme at mu = 3.3; begin lower"), "{told}");
    let told = warnings(&with("--range 0.1:0.2"));
    assert!(
        told.contains("no limit (observed, -1σ, median, +1σ, +2σ): CLs is above 0.05 up to 0.2"),
        "{told}"
    );
    let told = warnings(&with("--range 0.1:9"));
    assert!(told.contains("not one of 50 toys is so extreme at mu = "), "{told}");
    let json = result(folder, &with("--range 0.1:0.2"));
    assert!(json["observed"].is_null() && json["observed_error"].is_null() && json["expected"][4].is_null());
    write(folder, "weak.yaml", &COUNTING.replace("data: [10.0]", "data: [0.3]"));
    let weak = "limit weak.yaml --toys 50 --points 4";
    let told = warnings(weak);
    assert!(told.contains("it lies above 10, the upper bound of `mu`; use --widen"), "{told}");
    let wide = result(folder, &format!("{weak} --widen --seed 2"));
    assert!(number(&wide["scan"][3]["mu"]) > 50.0, "{wide}");
    write(folder, "none.yaml", &COUNTING.replace("data: [10.0]", "data: [0.0]"));
    assert!(warnings("limit none.yaml --toys 50").contains("no sensitivity"));
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let work = work();
    let folder = work.path();
    let refused = |line: &str, told: &[&str]| {
        zstat_in(folder, &format!("limit counting.yaml {line}")).exits(2).tells(told);
    };
    refused("--toys 10 --range 0:3", &["--range 0:3", "expected values above 0"]);
    refused("--toys 10 --range 1:30", &["goes beyond 10, the upper bound", "--widen"]);
    refused("--range 1:3", &["--toys"]);
    refused("--points 5", &["--points 5: is for a curve or for toys"]);
    refused("--checkpoint c", &["--checkpoint c: is for toys or many patches"]);
    refused("--curve --toys 10", &["cannot be used with"]);
    refused(
        "--curve 3",
        &["expected LO:HI with LO < HI, such as 0:3; or nothing, then write SPEC before --curve"],
    );
    refused("--toys 10 --points 1", &["a whole number from 2 to 10000"]);
    run("limit --curve specs/quickstart.yaml").exits(2).tells(&["write SPEC before --curve"]);
}

/// CLs on the grid is that of tests of its values; the limit is what it is without.
#[test]
fn a_curve_is_tests_of_its_values() {
    let spec = "specs/quickstart.yaml";
    let json = run(&format!("limit {spec} --curve 0.5:4 --points 6 --format json")).exits(0).json();
    let curve = json["curve"].as_array().unwrap();
    assert_eq!(curve.len(), 6);
    for point in curve {
        let mu = number(&point["mu"]);
        let test = run(&format!("hypotest {spec} --mu {mu} --format json")).exits(0).json();
        assert!((number(&point["cls_obs"]) - number(&test["cls_obs"])).abs() < 1e-7, "{mu}");
        for (found, wanted) in
            point["cls_exp"].as_array().unwrap().iter().zip(test["cls_exp"].as_array().unwrap())
        {
            assert!((number(found) - number(wanted)).abs() < 1e-7, "{mu}");
        }
    }
    let plain = run(&format!("limit {spec} --format json")).exits(0).json();
    for key in ["observed", "expected", "scan", "mu_hat"] {
        assert_eq!(json[key], plain[key], "{key}");
    }
    assert!(plain.get("curve").is_none());
    let csv = run(&format!("limit {spec} --curve --format csv")).exits(0).stdout;
    assert_eq!(csv.lines().count(), 42);
    assert!(csv.lines().nth(1).unwrap().starts_with("0,1,1,1,1,1,1"), "{csv}");
    // From below 0 with an equals sign; a model without a limit has no curve to place.
    let below = run("limit specs/interference.yaml --curve=-0.5:1 --points 4 --format json").exits(0).json();
    assert_eq!(number(&below["curve"][0]["mu"]), -0.5);
}

#[test]
fn pages() {
    golden("limit_toys.txt", &run("limit specs/quickstart.yaml --toys 100 --points 9").exits(0).stdout);
    let json = run("limit specs/quickstart.yaml --toys 100 --points 9 --format json").exits(0).json();
    golden("limit_toys.json", &format!("{:#}\n", without_timing(json)));
    golden("limit_curve.txt", &run("limit specs/quickstart.yaml --curve --points 11").exits(0).stdout);
}
