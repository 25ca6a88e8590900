//! Injection studies: fields, messages, the toys of `zstat toys`, the same bytes however they are made.

use std::fs;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use super::jobs::{at_work, journal, parts, quickstart, result, work, zstat_in};
use super::support::{COUNTING, run, without_timing, write};

const BIAS: &str = "bias counting.yaml --inject 0.5,1,2 --n 20 --seed 3";

fn numbers(points: &Value, key: &str) -> Vec<f64> {
    points.as_array().unwrap().iter().map(|point| point[key].as_f64().unwrap()).collect()
}

#[test]
fn a_study_has_the_fields_of_the_contract() {
    let found =
        run("bias specs/quickstart.yaml --inject 1:3 --points 3 --n 60 --format json").exits(0).json();
    assert_eq!((&found["parameter"], &found["toys"]["per_point"]), (&"mu".into(), &60.into()));
    assert_eq!((&found["toys"]["failed"], &found["toys"]["seed"]), (&0.into(), &1.into()));
    let points = &found["points"];
    assert_eq!(numbers(points, "injected"), [1.0, 2.0, 3.0]);
    for (k, point) in points.as_array().unwrap().iter().enumerate() {
        let number = |key: &str| numbers(points, key)[k];
        assert!((number("bias") - (number("mean") - number("injected"))).abs() < 1e-12);
        assert!((number("bias_in_rms") - number("bias") / number("rms")).abs() < 1e-12);
        assert!((number("mean_error") - number("rms") / 60_f64.sqrt()).abs() < 1e-12);
        assert!((number("median_bias") - (number("median") - number("injected"))).abs() < 1e-12);
        // 60 toys: 6 standard deviations.
        assert!(number("bias").abs() < 6.0 * number("mean_error"), "{point}");
        assert!(number("pull_mean").abs() < 6.0 * number("pull_mean_error"), "{point}");
        let covered = &point["coverage"][0];
        assert!((covered["covered"].as_f64().unwrap() - 0.683).abs() < 6.0 * 0.06, "{point}");
        assert!(
            number("median_error") > 0.0 && number("rms_error") > 0.0 && number("pull_width_error") > 0.0
        );
    }
    let line = &found["line"];
    let number = |key: &str| line[key].as_f64().unwrap();
    assert!((number("slope") - 1.0).abs() < 6.0 * number("slope_error"), "{line}");
    assert_eq!(line["covariance"]["matrix"][1][1].as_f64().unwrap().sqrt(), number("slope_error"));
    assert_eq!(line["dof"], 1);
    // CSV has the same numbers.
    let csv = run("bias specs/quickstart.yaml --inject 1:3 --points 3 --n 60 --format csv").exits(0).stdout;
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 4);
    for (at, name) in rows[0].iter().enumerate().filter(|(_, name)| !name.starts_with("covered")) {
        for (row, number) in rows[1..].iter().zip(numbers(points, name)) {
            assert_eq!(row[at].parse::<f64>().unwrap(), number, "{name}");
        }
    }
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
}

/// One injected value is `zstat toys` at that value.
#[test]
fn one_value_is_a_study_of_toys() {
    let work = work();
    let folder = work.path();
    let found = result(folder, "bias counting.yaml --inject 2 --n 50 --seed 9");
    zstat_in(folder, "toys counting.yaml --inject mu=2 --report mu --n 50 --seed 9 --output t").exits(0);
    let summary: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("t/summary.json")).unwrap()).unwrap();
    let (mine, toys) = (&found["points"][0], &summary["parameters"][0]);
    for key in [
        "mean",
        "mean_error",
        "rms",
        "bias",
        "pull_mean",
        "pull_mean_error",
        "pull_width",
        "pull_width_error",
    ] {
        assert_eq!(mine[key], toys[key], "{key}");
    }
    assert_eq!(mine["coverage"], summary["coverage"]);
    assert_eq!((&found["line"], &found["parameter"]), (&Value::Null, &"mu".into()));
    // Another value's toys are others, not the same ones moved.
    let two = result(folder, "bias counting.yaml --inject 2,2.0000001 --n 50 --seed 9");
    let means = numbers(&two["points"], "mean");
    assert!((means[0] - means[1]).abs() > 1e-3, "{means:?}");
}

#[test]
fn merged_parts_are_the_whole_and_threads_change_nothing() {
    let work = work();
    let folder = work.path();
    parts(folder, BIAS);
    let whole = result(folder, BIAS);
    assert_eq!(result(folder, "merge p2 p1 p3"), whole);
    for threads in [1, 2] {
        assert_eq!(result(folder, &format!("{BIAS} --threads {threads}")), whole);
    }
    assert_ne!(result(folder, &BIAS.replace("--seed 3", "--seed 4")), whole);
    let missing = zstat_in(folder, "merge p1 p3 --missing").exits(1).stdout;
    assert_eq!(missing, "20 of 60 tasks are missing\n  20 to 39\n");
    zstat_in(folder, &format!("{} --checkpoint p1 --shard 1/3", BIAS.replace("0.5,1,2", "0.5,1,3")))
        .exits(2)
        .tells(&["is of another job", "injected: [0.5,1.0,3.0] here, [0.5,1.0,2.0] there"]);
    // More toys go on from those that are there.
    zstat_in(folder, &format!("{BIAS} --checkpoint c")).exits(0);
    let more = BIAS.replace("--n 20", "--n 35");
    let before = journal(folder, "c");
    assert_eq!(result(folder, &format!("{more} --checkpoint c")), result(folder, &more));
    assert!(journal(folder, "c").starts_with(&before));
}

/// Every record of the journal is a row of the table, in order and with the injected value; the means follow from it. The same
/// from parts.
#[test]
fn the_table_of_toys_is_the_journal() {
    let work = work();
    let folder = work.path();
    let line = format!("{BIAS} --save-toys toys.parquet");
    zstat_in(folder, &line).exits(2).tells(&["--checkpoint"]);
    let found = result(folder, &format!("{line} --checkpoint c"));
    let mut records: Vec<(u64, Value)> =
        journal(folder, "c").lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    records.sort_by_key(|record| record.0);
    let bytes = fs::read(folder.join("toys.parquet")).unwrap();
    let file = SerializedFileReader::new(fs::File::open(folder.join("toys.parquet")).unwrap()).unwrap();
    let rows: Vec<Vec<(String, Field)>> =
        (file.get_row_iter(None).unwrap()).map(|row| row.unwrap().into_columns()).collect();
    assert_eq!((rows.len(), records.len()), (60, 60));
    let names: Vec<&str> = rows[0].iter().map(|(name, _)| name.as_str()).collect();
    let wanted = [
        "toy",
        "converged",
        "retried",
        "injected",
        "twice_nll",
        "delta_twice_nll(mu true)",
        "mu",
        "mu error",
    ];
    assert_eq!(names, wanted);
    let injected = [0.5, 1.0, 2.0];
    for (row, (task, record)) in rows.iter().zip(&records) {
        let number = |json: &Value| json.as_f64().map_or(Field::Null, Field::Double);
        let wanted = [
            Field::Long(*task as i64),
            Field::Bool(record["converged"].as_bool().unwrap()),
            Field::Bool(record["rescued"].as_bool().unwrap()),
            Field::Double(injected[*task as usize % 3]),
            number(&record["twice_nll"]),
            number(&record["twice_rise"]),
            number(&record["values"][0]),
            number(&record["errors"][0]),
        ];
        assert_eq!(row.iter().map(|(_, field)| field.clone()).collect::<Vec<_>>(), wanted);
    }
    for (place, mean) in numbers(&found["points"], "mean").into_iter().enumerate() {
        let values = records.iter().skip(place).step_by(3);
        let sum: f64 = values.map(|(_, record)| record["values"][0].as_f64().unwrap()).sum();
        assert!((sum / 20.0 - mean).abs() < 1e-12, "{sum}, {mean}");
    }
    fs::remove_file(folder.join("toys.parquet")).unwrap();
    parts(folder, &line);
    assert!(!folder.join("toys.parquet").exists(), "a part has no table");
    assert_eq!(result(folder, "merge p3 p1 p2"), found);
    assert!(fs::read(folder.join("toys.parquet")).unwrap() == bytes, "the table of merged parts differs");
}

#[test]
fn a_killed_study_goes_on() {
    let work = quickstart();
    let folder = work.path();
    let line = "bias specs/quickstart.yaml --inject 0,1,2 --n 1200";
    for bytes in [1, 20_000] {
        let mut child = at_work(folder, &format!("{line} --checkpoint c --threads 2"), bytes);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let kept = journal(folder, "c");
    let whole_lines = &kept[..kept.rfind('\n').unwrap() + 1];
    assert!(whole_lines.lines().count() > 10);
    assert_eq!(result(folder, &format!("{line} --checkpoint c")), result(folder, line));
    assert!(journal(folder, "c").starts_with(whole_lines));
}

#[test]
fn bad_options_are_all_told() {
    let bias = |options: &str| run(&format!("bias specs/quickstart.yaml --n 5 {options}")).exits(2);
    bias("").tells(&["--inject"]);
    for bad in ["1,x", "2:1", "mu=1", "nan", "1,,2"] {
        bias(&format!("--inject {bad}")).tells(&["--inject", "expected"]);
    }
    bias("--inject=-1,1,1,11 --points 3 --fix moo").tells(&[
        "--inject -1: is outside the bounds of `mu`, 0 to 10",
        "--inject 11: is outside",
        "--inject 1: is injected twice",
        "--points 3: is for a range",
        "`moo`",
    ]);
    bias("--inject 1 --parameter jess").tells(&["no parameter is called `jess`", "did you mean `jes`"]);
    bias("--inject 1 --fix mu").tells(&["--fix mu: fixes `mu`", "--poi"]);
    bias("--inject 1 --points 1").tells(&["--points", "a whole number from 2"]);
    bias("--inject 1 --n 0").tells(&["--n"]);
    bias("--inject 1 --shard 1/2").tells(&["--checkpoint"]);
}

#[test]
fn other_parameters_and_bounds() {
    // A constrained parameter: its auxiliary observation follows the injected value, so the pull has no bias.
    let line = "bias specs/quickstart.yaml --parameter jes --inject=-1,1 --n 60 --format json";
    let found = run(line).exits(0).json();
    assert_eq!(found["parameter"], "jes");
    for (bias, error) in numbers(&found["points"], "bias").iter().zip(numbers(&found["points"], "bias_error"))
    {
        assert!(bias.abs() < 6.0 * error);
    }
    assert_eq!((&found["line"]["dof"], &found["line"]["p_value"]), (&0.into(), &Value::Null));
    // Without signal half of the fits are on the bound: said so.
    let found = run("bias specs/quickstart.yaml --inject 0,3 --n 60 --format json").exits(0).json();
    assert!(numbers(&found["points"], "at_bound")[0] > 10.0);
    assert!(
        found["status"]["warnings"][0]
            .as_str()
            .unwrap()
            .contains("they are biased by it, and so is the line")
    );
    // Neither data nor signal: nothing varies, so there is no error, and no line.
    let work = work();
    let spec = COUNTING.replace("[50.0]", "[0.0]").replace("[63]", "[0]");
    write(work.path(), "empty.yaml", &spec);
    let found =
        without_timing(zstat_in(work.path(), "bias empty.yaml --inject 0,1 --n 9 --format json").json());
    let point = &found["points"][0];
    assert_eq!(
        [&point["mean"], &point["mean_error"], &point["bias_in_rms"], &found["line"]],
        [&json!(0.0), &json!(0.0), &Value::Null, &Value::Null],
        "{found}"
    );
    let told = found["status"]["warnings"].to_string();
    assert!(told.contains("the line leaves out what has no error: 0"), "{told}");
    // One toy has no errors, and 50 % of everything.
    let text = zstat_in(work.path(), "bias empty.yaml --inject 0 --n 1").exits(0).stdout;
    assert!(text.contains("1 injected value with 1 toy,") && text.contains("100.0 %   50.0 %"), "{text}");
    assert!(!text.contains("line"), "{text}");
}
