//! `zstat limit --patch FILE:ALL`: every patch as when it is named alone, faults in their rows, one job.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::support::{Run, folder, golden, run_in, shared, without_timing, write};

/// A background-only workspace.
const BACKGROUND: &str = r#"{
  "channels": [
    {"name": "SR", "samples": [
      {"name": "background", "data": [50.0, 40.0], "modifiers": [
        {"name": "scale", "type": "normsys", "data": {"lo": 0.9, "hi": 1.1}}]}]}
  ],
  "observations": [{"name": "SR", "data": [57, 50]}],
  "measurements": [{"name": "meas", "config": {"poi": "mu", "parameters": []}}],
  "version": "1.0.0"
}
"#;

/// A patch that adds a signal at `path`.
pub fn signal(name: &str, mass: f64, path: &str, data: &[f64]) -> Value {
    let modifiers = json!([{"name": "mu", "type": "normfactor", "data": null}]);
    let value = json!({"name": "signal", "data": data, "modifiers": modifiers});
    json!({"metadata": {"name": name, "values": [mass, "a"]}, "patch": [{"op": "add", "path": path, "value": value}]})
}

pub fn set(patches: Vec<Value>) -> String {
    let metadata = json!({"name": "grid", "description": "", "labels": ["mass", "model"], "references": {}, "digests": {"md5": ""}});
    serde_json::to_string_pretty(&json!({"metadata": metadata, "version": "1.0.0", "patches": patches}))
        .unwrap()
}

pub const END: &str = "/channels/0/samples/-";

pub fn good() -> Vec<Value> {
    vec![
        signal("m_100", 100.0, END, &[5.0, 12.0]),
        signal("m_200", 200.0, END, &[1.0, 6.0]),
        signal("m_300", 300.0, END, &[0.3, 0.4]),
        signal("n_400", 400.0, END, &[2.0, 0.0]),
    ]
}

/// A folder with the workspace, a set of good patches, and one with all kinds of faulty ones.
pub fn work() -> tempfile::TempDir {
    let folder = folder();
    write(folder.path(), "bkg.json", BACKGROUND);
    write(folder.path(), "good.json", &set(good()));
    let mut faulty = good();
    faulty.insert(1, signal("nowhere", 1.0, "/channels/7/samples/-", &[1.0, 1.0]));
    faulty.insert(3, signal("short", 2.0, END, &[1.0]));
    faulty.push(signal("nothing", 3.0, END, &[0.0, 0.0]));
    faulty.push(
        json!({"metadata": {"name": "misspelt", "values": [4, "a"]}, "patch": [{"op": "ad", "path": "/x"}]}),
    );
    write(folder.path(), "faulty.json", &set(faulty));
    folder
}

fn zstat_in(folder: &Path, line: &str) -> Run {
    let line = line.replace("SET", "limit bkg.json --ignore-digests --patch");
    run_in(folder, &line.split_whitespace().collect::<Vec<_>>())
}

fn json_of(folder: &Path, line: &str, code: i32) -> Value {
    zstat_in(folder, &format!("{line} --format json")).exits(code).json()
}

fn result(folder: &Path, line: &str, code: i32) -> Value {
    without_timing(json_of(folder, line, code))
}

pub fn rows(document: &Value) -> &Vec<Value> {
    document["patches"].as_array().unwrap()
}

pub fn names(document: &Value) -> Vec<&str> {
    rows(document).iter().map(|row| row["name"].as_str().unwrap()).collect()
}

/// Every number of a row is, to the last bit, that of the patch named alone; so are its remarks.
#[test]
fn each_row_is_the_limit_of_the_patch_alone() {
    let work = work();
    let folder = work.path();
    write(folder, "first.json", r#"[{"op": "replace", "path": "/observations/0/data/0", "value": 55}]"#);
    write(
        folder,
        "last.json",
        r#"[{"op": "copy", "from": "/channels/0/samples/0/modifiers/0", "path": "/channels/0/samples/1/modifiers/-"}]"#,
    );
    for options in ["", "--widen --level 0.9 --test-stat q", "--data asimov --fix scale --asimov nominal"] {
        for patches in ["SET FILE", "SET first.json --patch FILE --patch last.json"] {
            let line = |file: &str| format!("{} {options}", patches.replace("FILE", file));
            let all = json_of(folder, &line("good.json:ALL"), 0);
            assert_eq!(names(&all), ["m_100", "m_200", "m_300", "n_400"]);
            for row in rows(&all) {
                let name = row["name"].as_str().unwrap();
                let alone = json_of(folder, &line(&format!("good.json:{name}")), 0);
                for key in ["mu_hat", "observed", "expected", "poi"] {
                    assert_eq!(row[key], alone[key], "{name}: {key}");
                }
                for key in ["converged", "fits", "warnings"] {
                    assert_eq!(row["status"][key], alone["status"][key], "{name}: {key}");
                }
                assert_eq!(row["digest"], alone["spec"]["digest"]);
                let notes = |value: &Value| value["notes"].as_array().cloned().unwrap_or_default();
                let mut mine = [notes(&all["spec"]), notes(&row["status"])].concat();
                let mut alone = notes(&alone["spec"]);
                [&mut mine, &mut alone].into_iter().for_each(|all| all.sort_by_key(Value::to_string));
                assert_eq!(mine, alone);
            }
        }
    }
}

#[test]
fn what_is_wrong_stands_in_its_row() {
    let work = work();
    let folder = work.path();
    let all = json_of(folder, "SET faulty.json:ALL", 1);
    let row = |name: &str| rows(&all).iter().find(|row| row["name"] == name).unwrap();
    for (name, place) in [
        ("nowhere", "there is no `/channels/7`"),
        ("short", "`data` has 1 entry, the channel has 2 bins"),
        ("misspelt", "did you mean `add`?"),
    ] {
        // The first line that the patch alone leads to says the same of the same place.
        let alone = zstat_in(folder, &format!("SET faulty.json:{name}")).exits(2);
        let fault = row(name)["status"]["faults"][0].as_str().unwrap();
        let at = fault.split(": ").next().unwrap();
        assert!(fault.contains(place) && alone.stderr.contains(at), "{fault}\n{}", alone.stderr);
        assert!(row(name)["observed"].is_null() && row(name)["status"]["converged"] == false);
    }
    assert!(row("nothing")["status"]["warnings"].to_string().contains("no sensitivity"));
    // The others are what they are without them.
    let good = json_of(folder, "SET good.json:ALL", 0);
    for name in names(&good) {
        assert_eq!(
            row(name)["observed"],
            rows(&good).iter().find(|row| row["name"] == name).unwrap()["observed"]
        );
    }
    assert!(
        all["status"]["warnings"].to_string().contains("faulty, without a result: 3 of 8 patches"),
        "{}",
        all["status"]
    );
    // No limit, for want of sensitivity, is a result, as it is of the patch alone; so is a limit above the bound.
    let none = json_of(folder, "SET faulty.json:nothin?", 0);
    let alone = json_of(folder, "SET faulty.json:nothing", 0);
    assert_eq!(rows(&none)[0]["status"]["converged"], alone["status"]["converged"]);
    assert_eq!(rows(&none)[0]["status"]["warnings"], alone["status"]["warnings"]);
    assert!(zstat_in(folder, "SET faulty.json:nothin?").exits(0).stdout.contains("all done"));
    json_of(folder, "SET faulty.json:m_*", 0);
    // Nothing but faults: no result, every reason once.
    let none = zstat_in(folder, "SET faulty.json:ALL --fitter newtn").exits(2);
    assert!(none.stdout.is_empty());
    let none = none.tells(&[
        "none of 8 patches of `faulty.json` gives a result",
        "did you mean `newton`?",
        "/channels/7",
    ]);
    assert_eq!(none.stderr.matches("no fitter is called").count(), 1, "{}", none.stderr);
}

#[test]
fn pages_and_tables() {
    let work = work();
    golden("limit_patches.txt", &zstat_in(work.path(), "SET faulty.json:ALL").exits(1).stdout);
    let csv = zstat_in(work.path(), "SET faulty.json:ALL --format csv").exits(1).stdout;
    golden("limit_patches.csv", &csv);
    let json = result(work.path(), "SET faulty.json:ALL", 1);
    golden("limit_patches.json", &format!("{json:#}\n"));
}

#[test]
fn globs_names_and_values() {
    let work = work();
    let folder = work.path();
    assert_eq!(names(&json_of(folder, "SET good.json:m_*", 0)), ["m_100", "m_200", "m_300"]);
    assert_eq!(names(&json_of(folder, "SET good.json:?_?00", 0)).len(), 4);
    assert_eq!(
        names(&json_of(folder, "SET good.json:n*", 0)),
        ["n_400"],
        "a family of one has the form of a family"
    );
    // Values in brackets are no glob, nor is a patch of that name.
    let by_values = json_of(folder, "SET good.json:[200,a]", 0);
    let by_name = json_of(folder, "SET good.json:m_200", 0);
    assert_eq!(by_values["observed"], by_name["observed"]);
    let odd = vec![
        signal("ALL", 1.0, END, &[5.0, 12.0]),
        signal("m*", 2.0, END, &[1.0, 6.0]),
        signal("mm", 3.0, END, &[1.0, 1.0]),
    ];
    write(folder, "odd.json", &set(odd));
    assert!(json_of(folder, "SET odd.json:ALL", 0)["observed"].is_number(), "one limit");
    assert!(json_of(folder, "SET odd.json:m*", 0)["observed"].is_number(), "one limit");
    assert_eq!(names(&json_of(folder, "SET odd.json:*", 0)), ["ALL", "m*", "mm"]);
    zstat_in(folder, "SET good.json:x*")
        .exits(2)
        .tells(&["no patch of the set matches `x*`", "`m_100`, `m_200`"]);
    zstat_in(folder, "SET good.json:ALL --patch odd.json:*").exits(2).tells(&["a second family of patches"]);
    zstat_in(folder, "SET good.json:ALL --data -")
        .exits(2)
        .tells(&["standard input can be read for one patch only"]);
    zstat_in(folder, "fit bkg.json --ignore-digests --patch good.json:ALL").exits(2).tells(&[
        "has no patch `ALL`",
        "several patches in one run are for `zstat limit`, `zstat hypotest` and",
    ]);
    for option in ["--toys 10", "--curve 0:3", "--curve", "--points 5"] {
        let told = zstat_in(folder, &format!("SET good.json:ALL {option}")).exits(2).stderr;
        assert!(told.contains(option) && told.contains("is for one patch at a time"), "{told}");
    }
    zstat_in(folder, "SET good.json:m_100 --checkpoint c").exits(2).tells(&["--patch FILE:ALL"]);
    zstat_in(folder, "limit bkg.json --patch good.json:ALL").exits(2).tells(&["its md5 digest"]);
}

#[test]
fn parts_threads_and_interrupts_change_no_byte() {
    let work = work();
    let folder = work.path();
    let line = "SET faulty.json:ALL";
    let whole = result(folder, line, 1);
    for threads in [1, 2, 5] {
        assert_eq!(result(folder, &format!("{line} --threads {threads}"), 1), whole);
    }
    for part in 1..=3 {
        zstat_in(folder, &format!("{line} --shard {part}/3 --checkpoint p{part}")).exits(0);
    }
    assert_eq!(result(folder, "merge p3 p1 p2", 1), whole);
    let csv = zstat_in(folder, &format!("{line} --format csv")).exits(1).stdout;
    assert_eq!(zstat_in(folder, "merge p1 p2 p3 --format csv").exits(1).stdout, csv);
    assert_eq!(
        zstat_in(folder, "merge p1 p2 --missing").exits(1).stdout.lines().next(),
        Some("3 of 8 tasks are missing")
    );
    // A journal that ends anywhere goes on: what is whole is not done again.
    assert_eq!(result(folder, &format!("{line} --checkpoint c"), 1), whole);
    let path = folder.join("c/journal.jsonl");
    let kept = fs::read_to_string(&path).unwrap();
    for cut in [1, 40, kept.len() / 2, kept.len() - 400] {
        let torn = &kept[..kept.len() - cut];
        fs::write(&path, torn).unwrap();
        assert_eq!(result(folder, &format!("{line} --checkpoint c"), 1), whole);
        let now = fs::read_to_string(&path).unwrap();
        let whole_lines = &torn[..torn.rfind('\n').map_or(0, |end| end + 1)];
        assert!(now.starts_with(whole_lines) && now.lines().count() == kept.lines().count());
    }
    // Nothing else is taken for it.
    for (other, what) in [
        ("SET good.json:ALL", "digest of the workspace"),
        ("SET faulty.json:m_*", "patches: "),
        ("SET faulty.json:ALL --level 0.9", "level: 0.9 here, 0.95 there"),
        ("SET faulty.json:ALL --widen", "widen"),
        ("SET faulty.json:ALL --fix scale", "other data, start values, model options or minimiser"),
    ] {
        zstat_in(folder, &format!("{other} --checkpoint c")).exits(2).tells(&["is of another job", what]);
    }
}

/// The published likelihood with its signal, and the same of other sizes: limits of pyhf, which scale exactly.
#[test]
fn published_limits() {
    let Some(workspaces) = shared("published_limits") else { return };
    let name = "susy-2018-32-simplified";
    let read = |path: &Path| serde_json::from_str::<Value>(&fs::read_to_string(path).unwrap()).unwrap();
    let mut background = read(&workspaces.join(format!("{name}.json")));
    let reference = read(&workspaces.join(format!("../reference/{name}.json")));
    let poi = background["measurements"][0]["config"]["poi"].as_str().unwrap().to_owned();
    // Take the signal out of every channel: the samples that the parameter of interest scales.
    let is_signal = |sample: &Value| {
        sample["modifiers"]
            .as_array()
            .unwrap()
            .iter()
            .any(|m| m["name"] == poi.as_str() && m["type"] == "normfactor")
    };
    let mut removed = Vec::new();
    for (c, channel) in background["channels"].as_array_mut().unwrap().iter_mut().enumerate() {
        channel["samples"].as_array_mut().unwrap().retain(|sample| {
            let signal = is_signal(sample);
            if signal {
                removed.push((c, sample.clone()));
            }
            !signal
        });
    }
    assert!(!removed.is_empty());
    let scaled = |sample: &Value, size: f64| {
        let mut sample = sample.clone();
        let times = |list: &mut Value| {
            for x in list.as_array_mut().unwrap() {
                *x = json!(x.as_f64().unwrap() * size);
            }
        };
        times(&mut sample["data"]);
        for modifier in sample["modifiers"].as_array_mut().unwrap() {
            match modifier["type"].as_str().unwrap() {
                "histosys" => {
                    ["hi_data", "lo_data"].into_iter().for_each(|key| times(&mut modifier["data"][key]))
                }
                "staterror" | "shapesys" => times(&mut modifier["data"]),
                _ => {}
            }
        }
        sample
    };
    let sizes = [0.5, 1.0, 2.0];
    let patches = sizes.map(|size| {
        let operations: Vec<Value> = removed
            .iter()
            .map(|(c, sample)| json!({"op": "add", "path": format!("/channels/{c}/samples/-"), "value": scaled(sample, size)}))
            .collect();
        json!({"metadata": {"name": format!("x{size}"), "values": [size, "a"]}, "patch": operations})
    });
    let work = folder();
    write(work.path(), "bkg.json", &background.to_string());
    write(work.path(), "set.json", &set(patches.to_vec()));
    let all = json_of(work.path(), "SET set.json:ALL --widen", 0);
    for (row, size) in rows(&all).iter().zip(sizes) {
        let pairs = std::iter::once((&row["observed"], &reference["limit"]["obs"])).chain(
            row["expected"].as_array().unwrap().iter().zip(reference["limit"]["exp"].as_array().unwrap()),
        );
        for (found, wanted) in pairs {
            let (found, wanted) = (found.as_f64().unwrap() * size, wanted.as_f64().unwrap());
            // The reference's fits stop at tolerances of 1e-4 and more.
            assert!((found / wanted - 1.0).abs() < 2e-3, "{size}: {found}, {wanted}");
        }
    }
}
