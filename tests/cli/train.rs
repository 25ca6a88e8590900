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
    let metrics = &found["seeds"][0]["measurements"][0]["metrics"];
    let names: Vec<String> = files(&work.path().join("run")).into_iter().map(|(name, _)| name).collect();
    let wanted = [
        "evaluation.json",
        "history.csv",
        "history.parquet",
        "run.json",
        "spec.json",
        "templates.csv",
        "weights.safetensors",
        "workspace.json",
        "workspace.yaml",
    ];
    assert_eq!(names, wanted);
    let z = zstat(work.path(), "significance run/workspace.yaml --format json").exits(0).json();
    let (exp, claimed) = (z["z_exp"].as_f64().unwrap(), metrics["z_discovery"]["value"].as_f64().unwrap());
    assert!((exp - claimed).abs() < 1e-4 * claimed, "{exp}, {claimed}");
    let fit = zstat(work.path(), "fit run/workspace.yaml --format json").exits(0).json();
    let parameters = fit["parameters"].as_array().unwrap();
    let mu = parameters.iter().find(|parameter| parameter["name"] == "mu").unwrap();
    let (width, claimed) = (mu["uncertainty"].as_f64().unwrap(), metrics["sigma"]["value"].as_f64().unwrap());
    assert!((width - claimed).abs() < 1e-2 * claimed, "{width}, {claimed}");
    // pyhf's form is the same model.
    let pyhf = zstat(work.path(), "significance run/workspace.json --format json").exits(0).json();
    assert!((pyhf["z_exp"].as_f64().unwrap() - exp).abs() < 1e-6);
    // Done is done: the same command gives the same without training.
    let again = zstat(work.path(), "train training.yaml --output run --format json").exits(0).json();
    assert_eq!(again["seeds"], found["seeds"]);
    zstat(work.path(), "train training.yaml --output run --seed 2")
        .exits(2)
        .tells(&["has the run of another spec"]);
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
    let diverging = text.replace("learning_rate: 0.01", "learning_rate: 1.0e+30");
    write(work.path(), "diverging.yaml", &diverging);
    zstat(work.path(), "train diverging.yaml --output d").exits(2).tells(&["no training: epoch 0, step"]);
    let names: Vec<String> = files(&work.path().join("d")).into_iter().map(|(name, _)| name).collect();
    assert!(names.is_empty(), "nothing is left of it: {names:?}");
}
