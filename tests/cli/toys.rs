//! Tests with toys, and studies of them: fields, messages, the same bytes however they are made, the table, memory.

use std::fs;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use super::support::{COUNTING, Run, folder, run, run_in, without_timing, write, zstat};

/// A counting experiment without a parameter of interest.
fn without_poi() -> String {
    COUNTING.replace("  poi: mu\n", "")
}

#[test]
fn a_test_with_toys_has_the_fields_of_the_contract() {
    let found =
        run("hypotest specs/quickstart.yaml --mu 2.5 --toys 100 --seed 7 --format json").exits(0).json();
    assert_eq!(found["calculator"], "toys");
    assert_eq!(
        (&found["poi"], &found["mu"], &found["test_stat"]),
        (&"mu".into(), &2.5.into(), &"qtilde".into())
    );
    let toys = &found["toys"];
    assert_eq!([&toys["requested"], &toys["failed"], &toys["seed"]], [100, 0, 7]);
    let number = |key: &str| found[key].as_f64().unwrap_or_else(|| panic!("no number {key}: {found}"));
    assert!((number("cls_obs") - number("clsb_obs") / number("clb_obs")).abs() < 1e-12);
    let expected: Vec<f64> =
        found["cls_exp"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert_eq!(expected.len(), 5);
    assert!(expected.is_sorted() && expected[4] <= 1.0);
    // The statistic of the data is that of the asymptotic test, whatever the toys.
    let asymptotic = run("hypotest specs/quickstart.yaml --mu 2.5 --format json").exits(0).json();
    assert_eq!((&asymptotic["q_obs"], &asymptotic["calculator"]), (&found["q_obs"], &"asymptotic".into()));
    let p = number("clsb_obs");
    assert!((number("clsb_obs_error") - (p * (1.0 - p) / 100.0).sqrt()).abs() < 1e-12);
    // Its probability is near the asymptotic one: 100 toys, 5 standard deviations.
    assert!((p - asymptotic["clsb_obs"].as_f64().unwrap()).abs() < 5.0 * number("clsb_obs_error"));
}

#[test]
fn a_significance_with_toys_has_the_fields_of_the_contract() {
    let found = run("significance specs/quickstart.yaml --toys 100 --format json").exits(0).json();
    assert_eq!((&found["calculator"], &found["toys"]["requested"]), (&"toys".into(), &100.into()));
    assert_eq!((&found["p0_obs"], &found["z_obs"]), (&0.0.into(), &Value::Null), "no toy is as extreme");
    let warnings = found["status"]["warnings"].to_string();
    assert!(warnings.contains("z_obs"), "{warnings}");
    assert!(found["p0_exp"].as_f64().unwrap() > 0.0 && found["z_exp"].as_f64().unwrap() > 0.5);
}

#[test]
fn results_do_not_depend_on_threads_and_do_on_the_seed() {
    for command in ["hypotest", "significance"] {
        let of = |options: &str| {
            let line = format!("{command} specs/quickstart.yaml --toys 60 --format json {options}");
            without_timing(run(&line).exits(0).json()).to_string()
        };
        assert_eq!(of("--threads 1"), of("--threads 2"));
        assert_ne!(of("--seed 1"), of("--seed 2"));
    }
    let folder = folder();
    let of = |name: &str, options: &[&str]| {
        let spec = write(folder.path(), "counting.yaml", COUNTING).display().to_string();
        let line = [&["toys", &spec, "--n", "60", "--output", name, "--save-data"], options].concat();
        run_in(folder.path(), &line).exits(0);
        ["toys.parquet", "summary.json"].map(|file| fs::read(folder.path().join(name).join(file)).unwrap())
    };
    let one = of("one", &["--threads", "1"]);
    assert!(one == of("two", &["--threads", "2"]));
    assert!(one != of("three", &["--seed", "2"]));
}

#[test]
fn one_toy_is_enough_for_a_result() {
    let found = run("hypotest specs/quickstart.yaml --toys 1 --format json").exits(0).json();
    assert_eq!([&found["clsb_obs_error"], &found["clb_obs_error"]], [0.5, 0.5]);
    let folder = folder();
    write(folder.path(), "counting.yaml", COUNTING);
    let line = ["toys", "counting.yaml", "--n", "1", "--output", "t", "--format", "json"];
    let found = run_in(folder.path(), &line).exits(0).json();
    assert_eq!(found["coverage"][0]["error"], 0.5);
    assert!(found["parameters"][0]["rms"].is_null());
}

#[test]
fn bad_options_are_all_told() {
    for toys in ["0", "-5", "1e3", "x", "1099511627777"] {
        run(&format!("hypotest specs/quickstart.yaml --toys {toys}"))
            .exits(2)
            .tells(&["--toys", "a whole number"]);
        run(&format!("toys specs/quickstart.yaml --output none --n {toys}"))
            .exits(2)
            .tells(&["--n", "a whole number"]);
    }
    for shard in ["0/3", "4/3", "x", "1", "1/0", "-1/3"] {
        let line = format!("hypotest specs/quickstart.yaml --toys 9 --checkpoint none --shard={shard}");
        run(&line).exits(2).tells(&["--shard", "from 1 to N"]);
    }
    run("hypotest specs/quickstart.yaml --toys 9 --shard 1/2").exits(2).tells(&["--checkpoint"]);
    for command in ["hypotest", "significance"] {
        let found = run(&format!("{command} specs/quickstart.yaml --checkpoint none --fix moo")).exits(2);
        found.tells(&["--checkpoint none: is for toys or many patches", "`--toys N`", "`moo`"]);
    }
    run("toys specs/quickstart.yaml --n 5 --output t --inject mu=20")
        .exits(2)
        .tells(&["--inject 20", "outside the bounds of `mu`, 0 to 10"]);
    let line = "toys specs/quickstart.yaml --n 5 --inject m=1 --inject lumi=x --inject jer --inject jes=1 \
                --inject jes=2 --report jess";
    run(line).exits(2).tells(&[
        "--output DIR: is missing",
        "no parameter is called `m`",
        "did you mean `mu`",
        "lumi=x: the value `x` is no finite number",
        "jer: expected NAME=VALUE",
        "`jes` is injected twice",
        "did you mean `jes`",
    ]);
    run("toys specs/quickstart.yaml --n 5 --fix * --output none")
        .exits(2)
        .tells(&["--fix *: leaves nothing to fit"]);
    run("toys specs/quickstart.yaml --n 5 --fix mu --report mu --output none")
        .exits(2)
        .tells(&["fixed parameters only"]);
    run("toys specs/quickstart.yaml --n 5 --output specs/quickstart.yaml").exits(2).tells(&["it is a file"]);
    assert!(!Path::new("none").exists(), "nothing is made where options are bad");
}

#[test]
fn toys_need_no_parameter_of_interest() {
    let folder = folder();
    write(folder.path(), "counting.yaml", &without_poi());
    // Without the signal's factor held, one bin cannot tell signal and background apart but for the constraint.
    let line = ["toys", "counting.yaml", "--n", "40", "--output", "toys", "--format", "json"];
    let found = run_in(folder.path(), &line).exits(0).json();
    assert!(found.get("poi").is_none() && found.get("coverage").is_none(), "{found}");
    assert_eq!(found["parameters"].as_array().unwrap().len(), 2);
    let line = [&line[..4], &["--fix", "mu", "--output", "fixed", "--format", "csv"]].concat();
    let csv = run_in(folder.path(), &line).exits(0).stdout;
    assert_eq!(
        csv.lines().map(|line| line.split(',').next().unwrap()).collect::<Vec<_>>(),
        ["parameter", "norm"]
    );
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let folder = folder();
    write(folder.path(), "counting.yaml", COUNTING);
    let toys = |options: &[&str]| -> Run {
        run_in(folder.path(), &[&["toys", "counting.yaml", "--output", "toys", "--n", "4"], options].concat())
    };
    let file = folder.path().join("toys/summary.json");
    fs::create_dir(folder.path().join("toys")).unwrap();
    fs::write(&file, "mine").unwrap();
    toys(&[]).exits(2).tells(&["--output toys: has a file `summary.json` already", "choose another folder"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    fs::remove_file(&file).unwrap();
    toys(&[]).exits(0);
    toys(&["--inject", "mu=2"]).exits(2).tells(&["is of another job", "truth injected mu: 2 here"]);
    toys(&["--report", "mu"]).exits(2).tells(&["reported: [\"mu\"] here, [\"mu\",\"norm\"] there"]);
    toys(&["--fix", "norm"]).exits(2).tells(&["other data, start values, model options or minimiser"]);
    toys(&[]).exits(0);
}

/// Every record of the journal is a row of the table, in order, with the same bits; data and summary follow from it.
#[test]
fn the_table_is_the_journal() {
    let folder = folder();
    write(folder.path(), "counting.yaml", COUNTING);
    let line = ["toys", "counting.yaml", "--n", "50", "--output", "t", "--inject", "mu=2", "--save-data"];
    run_in(folder.path(), &line).exits(0);
    let journal = fs::read_to_string(folder.path().join("t/journal.jsonl")).unwrap();
    let mut records: Vec<(u64, Value)> =
        journal.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    records.sort_by_key(|record| record.0);
    let file =
        SerializedFileReader::new(fs::File::open(folder.path().join("t/toys.parquet")).unwrap()).unwrap();
    let rows: Vec<Vec<(String, Field)>> =
        (file.get_row_iter(None).unwrap()).map(|row| row.unwrap().into_columns()).collect();
    assert_eq!((rows.len(), records.len()), (50, 50));
    let names: Vec<&str> = rows[0].iter().map(|(name, _)| name.as_str()).collect();
    let wanted = [
        "toy",
        "converged",
        "retried",
        "twice_nll",
        "delta_twice_nll(mu true)",
        "mu",
        "norm",
        "mu error",
        "norm error",
        "data SR[0]",
        "aux mu",
        "aux norm",
    ];
    assert_eq!(names, wanted);
    let double = |field: &Field| match field {
        Field::Double(value) => Value::from(*value),
        Field::Null => Value::Null,
        other => panic!("{other:?}"),
    };
    for (row, (task, record)) in rows.iter().zip(&records) {
        assert_eq!(row[0].1, Field::Long(*task as i64));
        assert_eq!(row[1].1, Field::Bool(record["converged"].as_bool().unwrap()));
        assert_eq!(row[2].1, Field::Bool(record["rescued"].as_bool().unwrap()));
        let mut kept = vec![record["twice_nll"].clone(), record["twice_rise"].clone()];
        ["values", "errors", "data"]
            .iter()
            .for_each(|key| kept.extend(record[key].as_array().unwrap().clone()));
        assert_eq!(row[3..].iter().map(|(_, field)| double(field)).collect::<Vec<_>>(), kept);
        let count = record["data"][0].as_f64().unwrap();
        assert!(count >= 0.0 && count.fract() == 0.0, "a count: {count}");
    }
    // The mean of the summary, once more.
    let mean = records.iter().map(|(_, record)| record["values"][0].as_f64().unwrap()).sum::<f64>() / 50.0;
    let summary: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("t/summary.json")).unwrap()).unwrap();
    assert!((summary["parameters"][0]["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert_eq!(summary["true"], 2.0);
}

/// The largest memory of a run in kilobytes; none where the system does not tell.
#[cfg(target_os = "linux")]
fn peak(folder: &Path, toys: u64) -> Option<u64> {
    let line = format!("toys counting.yaml --threads 2 --save-data --quiet --output {toys} --n {toys}");
    let mut child = zstat()
        .current_dir(folder)
        .args(line.split_whitespace())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).or(peak);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    peak
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_toys() {
    let folder = folder();
    write(folder.path(), "counting.yaml", COUNTING);
    let (Some(few), Some(many)) = (peak(folder.path(), 2_000), peak(folder.path(), 20_000)) else {
        panic!("this system does not tell the memory of a process");
    };
    assert!(few > 1_000, "{few} kB is no process");
    // The table is held in part: 12 columns of 18 000 toys are 3.5 MB before they are written. The records are 5 MB more.
    assert!(many < few + 7_000, "{few} kB with 2000 toys, {many} kB with 20000");
}
