//! `zstat train`: a run leaves a workspace that other commands take, goes on after an interrupt, and says what is wrong.

use std::fs;
use std::path::Path;

use super::support::{folder, root, run_in, write};

fn spec() -> String {
    fs::read_to_string(root().join("specs/training.yaml")).unwrap()
}

fn zstat(folder: &Path, line: &str) -> super::support::Run {
    run_in(folder, &line.split_whitespace().collect::<Vec<_>>())
}

/// Files of a run, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_run_leaves_a_workspace_like_any_other() {
    let work = folder();
    write(work.path(), "training.yaml", &spec());
    let found = zstat(work.path(), "train training.yaml --output run --format json").exits(0).json();
    let metrics = &found["evaluation"]["metrics"];
    let names: Vec<String> = files(&work.path().join("run")).into_iter().map(|(name, _)| name).collect();
    let wanted = [
        "history.csv",
        "history.parquet",
        "result.json",
        "run.json",
        "spec.json",
        "templates.csv",
        "weights.safetensors",
        "workspace.json",
        "workspace.yaml",
    ];
    assert_eq!(names, wanted);
    let z = zstat(work.path(), "significance run/workspace.yaml --format json").exits(0).json();
    let (exp, claimed) = (z["z_exp"].as_f64().unwrap(), metrics["z0"]["value"].as_f64().unwrap());
    assert!((exp - claimed).abs() < 1e-4 * claimed, "{exp}, {claimed}");
    let fit = zstat(work.path(), "fit run/workspace.yaml --format json").exits(0).json();
    let parameters = fit["parameters"].as_array().unwrap();
    let mu = parameters.iter().find(|parameter| parameter["name"] == "mu").unwrap();
    let (width, claimed) =
        (mu["uncertainty"].as_f64().unwrap(), metrics["sigma_poi"]["value"].as_f64().unwrap());
    assert!((width - claimed).abs() < 1e-2 * claimed, "{width}, {claimed}");
    // pyhf's form is the same model.
    let pyhf = zstat(work.path(), "significance run/workspace.json --format json").exits(0).json();
    assert!((pyhf["z_exp"].as_f64().unwrap() - exp).abs() < 1e-6);
    // Done is done: the same command gives the same without training.
    let again = zstat(work.path(), "train training.yaml --output run --format json").exits(0).json();
    assert_eq!(again["evaluation"], found["evaluation"]);
    assert_eq!(again["timing"]["train_s"], 0.0);
    // The limits: no summary beats the unbinned likelihood, and few bins lose something.
    let limits = &found["evaluation"]["limits"];
    let [best, classifier] = ["analytical", "optimal_classifier"].map(|name| limits[name].as_f64().unwrap());
    assert!(best < claimed && best < classifier, "{best}, {classifier}, {claimed}");
    let kept = fs::read_to_string(work.path().join("run/result.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["evaluation"], found["evaluation"]);
    zstat(work.path(), "train training.yaml --output run --seed 2")
        .exits(2)
        .tells(&["has the run of another spec"]);
}

/// Scores that are all 0 have the least loss of all, and what a short training finds is a state on the way there: said so.
#[test]
fn a_loss_says_what_is_wrong_with_it() {
    let work = folder();
    let text = fs::read_to_string(root().join("specs/delta-z.yaml")).unwrap();
    let text = text.replace("events: 50000 ", "events: 4000 ").replace("events: 500000", "events: 10000");
    let text = text.replace("epochs: 15", "epochs: 2");
    write(work.path(), "usual.yaml", &text);
    let found = zstat(work.path(), "train usual.yaml --output usual --format json").exits(0).json();
    let warnings = found["status"]["warnings"].to_string();
    assert!(warnings.contains("the one that is 0 has the least loss (17.32"), "{warnings}");
    write(work.path(), "large.yaml", &text.replace("type: delta_z", "type: delta_z, epsilon: 30000"));
    let found = zstat(work.path(), "train large.yaml --output large --format json").exits(0).json();
    assert_eq!(found["status"]["warnings"], serde_json::json!([]));
}

/// The option chooses what is trained for, and comes before the spec.
#[test]
fn a_measurement_is_chosen() {
    let work = folder();
    let text = fs::read_to_string(root().join("specs/mixture-2d.yaml")).unwrap();
    let text = text.replace("events: 50000\n", "events: 2000\n").replace("events: 500000", "events: 10000");
    write(work.path(), "mixture.yaml", &text.replace("epochs: 20", "epochs: 1"));
    for (option, expected) in [("", "free"), ("--measurement known", "known")] {
        let line = format!("train mixture.yaml --output run-{expected} --format json {option}");
        let found = zstat(work.path(), line.trim()).exits(0).json();
        assert_eq!(found["evaluation"]["measurement"], expected);
    }
}

#[test]
fn threads_change_no_byte() {
    let work = folder();
    write(work.path(), "training.yaml", &spec());
    for threads in [1, 2] {
        zstat(work.path(), &format!("train training.yaml --output t{threads} --threads {threads}")).exits(0);
    }
    assert_eq!(files(&work.path().join("t1")), files(&work.path().join("t2")));
}

#[test]
fn what_is_wrong_is_told() {
    let work = folder();
    let text = spec();
    write(work.path(), "training.yaml", &text);
    zstat(work.path(), "train training.yaml").exits(2).tells(&["--output DIR: is missing"]);
    zstat(work.path(), "train training.yaml --output r --resume")
        .exits(2)
        .tells(&["there is no checkpoint in r"]);
    zstat(work.path(), "fit training.yaml").exits(2).tells(&["made from events", "zstat train"]);
    zstat(work.path(), "validate training.yaml").exits(0);
    let broken = text.replace("hidden: [10]", "hiden: [10]").replace("type: discovery", "type: discovry");
    let broken = broken.replace("events: signal\n", "events: signl\n").replace("yield: 40", "yield: -40");
    write(work.path(), "broken.yaml", &broken);
    zstat(work.path(), "validate broken.yaml").exits(2).tells(&[
        "`hidden`",
        "`discovery`",
        "no process of `events` is called `signl`",
        "must be positive",
    ]);
    let columns = text.replace("scale: {mass: 1.02, pt", "scale: {mas: 1.02, pt");
    let columns = columns
        .replace("  epochs: 4", "  epochs: 4\n  derive: {ratio: mass / p}\n  features: [masse, ratio]");
    let columns = columns.replace("    yield: 40", "    yield: 40\n    select: mass + 1");
    write(work.path(), "columns.yaml", &columns);
    zstat(work.path(), "validate columns.yaml").exits(2).tells(&[
        "derived column `ratio` `mass / p`: no column `p`",
        "events of process `background` have no column `masse`",
        "selection `mass + 1`: found a number, expected a condition",
        "events of process `signal` have no column `mas`",
    ]);
    let diverging = text.replace("learning_rate: 0.01", "learning_rate: 1.0e+30");
    write(work.path(), "diverging.yaml", &diverging);
    zstat(work.path(), "train diverging.yaml --output d").exits(2).tells(&["no training: epoch 0, step"]);
    let names: Vec<String> = files(&work.path().join("d")).into_iter().map(|(name, _)| name).collect();
    assert!(names.is_empty(), "nothing is left of it: {names:?}");
}
