//! `zstat hypotest` and `zstat significance` with `--patch FILE:ALL`: every patch as when it is named alone, one job.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::limit_patches::{END, names, rows, set, signal, work};
use super::support::{Run, golden, run_in, without_timing, write};

/// `SET` in a line stands for the workspace and its option.
fn zstat_in(folder: &Path, line: &str) -> Run {
    let line = line.replace("SET", "bkg.json --ignore-digests --patch");
    run_in(folder, &line.split_whitespace().collect::<Vec<_>>())
}

fn json_of(folder: &Path, line: &str, code: i32) -> Value {
    zstat_in(folder, &format!("{line} --format json")).exits(code).json()
}

/// What speaks of all patches of one statistic, once.
fn without_common(warnings: &Value) -> Vec<Value> {
    let all = warnings.as_array().unwrap().iter();
    all.filter(|warning| !warning.as_str().unwrap().contains("has no CLs")).cloned().collect()
}

const OF_TEST: [&str; 8] =
    ["cls_obs", "clsb_obs", "clb_obs", "cls_exp", "p_obs", "p_exp", "q_obs", "q_asimov"];
const OF_SIGNIFICANCE: [&str; 7] = ["p0_obs", "z_obs", "p0_exp", "z_exp", "p0_exp_band", "q_obs", "q_asimov"];

/// Every number of a row is, to the last bit, that of the patch named alone; so are its remarks.
#[test]
fn each_row_is_the_test_of_the_patch_alone() {
    let work = work();
    let folder = work.path();
    for (command, fields, common) in [
        ("hypotest", &OF_TEST[..], &["mu", "test_stat"][..]),
        ("hypotest --mu 2 --test-stat q0 --signal 0.5", &OF_TEST, &["mu", "test_stat"]),
        ("hypotest --mu 2 --test-stat t --asimov nominal --fix scale", &OF_TEST, &["mu", "test_stat"]),
        ("significance", &OF_SIGNIFICANCE, &["test_stat", "signal"]),
        ("significance --test-stat u0 --signal 2 --data asimov --set mu=3", &OF_SIGNIFICANCE, &["signal"]),
    ] {
        let (verb, options) = command.split_once(' ').unwrap_or((command, ""));
        let line = |name: &str| format!("{verb} SET good.json:{name} {options}");
        let all = json_of(folder, &line("ALL"), 0);
        assert_eq!(names(&all), ["m_100", "m_200", "m_300", "n_400"]);
        assert_eq!(all["calculator"], "asymptotic");
        for row in rows(&all) {
            let name = row["name"].as_str().unwrap();
            let alone = json_of(folder, &line(name), 0);
            for key in fields.iter().chain(&["mu_hat", "poi"]) {
                assert!(row.get(key).is_some() && row[key] == alone[key], "{command}, {name}: {key}");
            }
            assert!(common.iter().all(|key| all[key] == alone[key]), "{command}: {common:?}");
            for key in ["converged", "fits"] {
                assert_eq!(row["status"][key], alone["status"][key], "{name}: {key}");
            }
            assert_eq!(
                without_common(&row["status"]["warnings"]),
                without_common(&alone["status"]["warnings"])
            );
            assert_eq!(row["digest"], alone["spec"]["digest"]);
        }
    }
}

#[test]
fn pages_and_tables() {
    let work = work();
    for (name, line) in [
        ("hypotest_patches", "hypotest SET faulty.json:ALL"),
        ("hypotest_q0_patches", "hypotest SET faulty.json:ALL --test-stat q0"),
        ("significance_patches", "significance SET faulty.json:ALL"),
    ] {
        golden(&format!("{name}.txt"), &zstat_in(work.path(), line).exits(1).stdout);
        let csv = zstat_in(work.path(), &format!("{line} --format csv")).exits(1).stdout;
        let width = csv.lines().next().unwrap().split(',').count();
        assert!(csv.lines().filter(|row| !row.contains('"')).all(|row| row.split(',').count() == width));
        golden(&format!("{name}.csv"), &csv);
    }
    // A row without result has the fields of one, each null, and its reason.
    let all = json_of(work.path(), "hypotest SET faulty.json:ALL", 1);
    let row = rows(&all).iter().find(|row| row["name"] == "short").unwrap();
    assert!(OF_TEST.iter().all(|key| row.get(key) == Some(&Value::Null)), "{row}");
    assert!(row["status"]["faults"].to_string().contains("the channel has 2 bins"), "{row}");
}

/// No background, and events: there is no likelihood without signal, and no expectation of the data from it. That is the
/// reason of its patch alone.
#[test]
fn a_patch_without_test_says_why() {
    let work = work();
    let folder = work.path();
    let zero = json!({"metadata": {"name": "zero", "values": [1, "a"]}, "patch": [
        {"op": "replace", "path": "/channels/0/samples/0/data", "value": [0.0, 0.0]},
        {"op": "add", "path": END, "value": {"name": "signal", "data": [5.0, 5.0],
            "modifiers": [{"name": "mu", "type": "normfactor", "data": null}]}}]});
    write(folder, "zero.json", &set(vec![signal("m", 1.0, END, &[5.0, 12.0]), zero]));
    let all = json_of(folder, "hypotest SET zero.json:ALL", 1);
    let alone = zstat_in(folder, "hypotest SET zero.json:zero").exits(2).stderr;
    let fault = rows(&all)[1]["status"]["faults"][0].as_str().unwrap();
    assert!(alone.contains(fault), "{fault}\n{alone}");
    assert!(rows(&all)[0]["cls_obs"].is_number());
    let none = zstat_in(folder, "hypotest SET zero.json:z*").exits(2);
    none.tells(&["not one patch of `zero.json` gives a result", "`zero`: ", fault]);
}

#[test]
fn parts_threads_and_interrupts_change_no_byte() {
    let work = work();
    let folder = work.path();
    for command in ["hypotest", "significance"] {
        let line = format!("{command} SET faulty.json:ALL");
        let result = |line: &str| without_timing(json_of(folder, line, 1));
        let whole = result(&line);
        assert!([1, 2, 5].iter().all(|n| result(&format!("{line} --threads {n}")) == whole));
        let part = |index: u32| format!("{command}{index}");
        for index in 1..=3 {
            let folder_of = part(index);
            zstat_in(folder, &format!("{line} --shard {index}/3 --checkpoint {folder_of}")).exits(0);
        }
        let [one, two, three] = [1, 2, 3].map(part);
        assert_eq!(result(&format!("merge {three} {one} {two}")), whole);
        let missing = zstat_in(folder, &format!("merge {one} {two} --missing")).exits(1).stdout;
        assert_eq!(missing.lines().next(), Some("3 of 8 tasks are missing"));
        // A journal that ends anywhere goes on.
        let kept = format!("{line} --checkpoint {command}");
        assert_eq!(result(&kept), whole);
        let path = folder.join(command).join("journal.jsonl");
        let journal = fs::read_to_string(&path).unwrap();
        fs::write(&path, &journal[..journal.len() / 2]).unwrap();
        assert_eq!(result(&kept), whole);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), journal.lines().count());
        // Nothing else is taken for it.
        let value = if command == "significance" { "--signal 2" } else { "--mu 3" };
        for other in [value, "--asimov nominal", "--fix scale"] {
            zstat_in(folder, &format!("{kept} {other}")).exits(2).tells(&["is of another job"]);
        }
        zstat_in(folder, &format!("limit SET faulty.json:ALL --checkpoint {command}"))
            .exits(2)
            .tells(&["is of another job (command: limit here"]);
    }
    zstat_in(folder, "hypotest SET faulty.json:ALL --mu 2 --checkpoint hypotest")
        .exits(2)
        .tells(&["mu: 2 here, 1 there"]);
}

#[test]
fn what_is_for_one_patch_is_refused() {
    let work = work();
    let folder = work.path();
    for command in ["hypotest", "significance"] {
        zstat_in(folder, &format!("{command} SET good.json:ALL --toys 10 --data - --signal nan"))
            .exits(2)
            .tells(&["--toys 10: is for one patch at a time", "standard input", "--signal NaN"]);
        zstat_in(folder, &format!("{command} SET good.json:m_100 --checkpoint c"))
            .exits(2)
            .tells(&["is for toys or many patches, and this is one asymptotic test", "--patch FILE:ALL"]);
        let some = json_of(folder, &format!("{command} SET good.json:m_*"), 0);
        assert_eq!(names(&some), ["m_100", "m_200", "m_300"]);
    }
}

/// Of many patches that are all faulty, each in its own way, a screen of reasons is told.
#[test]
fn reasons_fit_on_a_screen() {
    let work = work();
    let nowhere = (0..40)
        .map(|i| signal(&format!("p{i}"), f64::from(i), &format!("/channels/{}/samples/-", i + 5), &[1.0]));
    write(work.path(), "many.json", &set(nowhere.collect()));
    let told = zstat_in(work.path(), "hypotest SET many.json:ALL").exits(2).stderr;
    assert!(
        told.contains("none of 40 patches") && told.contains("`p9`: ") && told.contains("and 30 more"),
        "{told}"
    );
    assert!(!told.contains("`p10`") && told.lines().count() < 20, "{told}");
}
