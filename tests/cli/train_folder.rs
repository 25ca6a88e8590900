//! The folder of `zstat train`: what is damaged is made again, what fails leaves nothing, what is told of the workspace holds.

use std::fs;

use serde_json::json;

use super::support::{folder, write};
use super::train::{classifier, files, spec, table, zstat};

/// A finished folder is looked through: what is missing or damaged is named, and made again as it was.
#[test]
fn a_finished_folder_is_mended() {
    let work = folder();
    write(work.path(), "training.yaml", &classifier());
    zstat(work.path(), "train training.yaml --output run").exits(0);
    let run = work.path().join("run");
    let whole = files(&run);
    let found = zstat(work.path(), "train training.yaml --output run --resume --format json").exits(0).json();
    assert_eq!((&found["status"]["found"], &found["status"]["made_again"]), (&json!([1]), &json!([])));
    zstat(work.path(), "train training.yaml --output run").exits(0).prints(&["nothing was trained"]);
    for (name, cut, by) in [
        ("templates.csv", None, "evaluation"),
        ("workspace.yaml", Some(100), "evaluation"),
        ("spec.json", Some(0), "evaluation"),
        ("result.json", None, "evaluation"),
        ("history.parquet", Some(10), "evaluation"),
        ("weights.safetensors", Some(50), "training"),
        ("curves.csv", None, "training"),
        ("history.csv", Some(20), "training"),
        ("run.json", Some(300), "training"),
        ("run.json", None, "training"),
    ] {
        match cut {
            None => fs::remove_file(run.join(name)).unwrap(),
            Some(length) => fs::write(run.join(name), &fs::read(run.join(name)).unwrap()[..length]).unwrap(),
        }
        let option = if name == "templates.csv" || name == "run.json" { " --resume" } else { "" };
        let line = format!("train training.yaml --output run --format json{option}");
        let found = zstat(work.path(), &line).exits(0).json();
        let was = if cut.is_none() { "missing" } else { "changed" };
        let expected = json!([{ "seed": 1, "file": name, "was": was, "by": by }]);
        assert_eq!(found["status"]["made_again"], expected);
        assert!(found["status"]["warnings"].to_string().contains(&format!("`{name}` was ")), "{found}");
        assert!(files(&run) == whole, "{name}: other bytes");
    }
    // A number that was changed in the record itself.
    let text = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(run.join("run.json"), text.replacen("\"epoch\": 3", "\"epoch\": 2", 1)).unwrap();
    zstat(work.path(), "train training.yaml --output run").exits(0).prints(&["`run.json` was not what"]);
    assert!(files(&run) == whole);
    // Of another spec it is not touched.
    fs::remove_file(run.join("run.json")).unwrap();
    zstat(work.path(), "train training.yaml --output run --seed 2")
        .exits(2)
        .tells(&["has the `weights.safetensors` of another spec"]);
}

/// A training that fails leaves nothing in the way of the corrected spec.
#[test]
fn a_failed_training_leaves_nothing() {
    let work = folder();
    let diverging = spec().replace("learning_rate: 0.01", "learning_rate: 1.0e+30");
    write(work.path(), "training.yaml", &diverging);
    zstat(work.path(), "train training.yaml --output new/run")
        .exits(2)
        .tells(&["no training: epoch 0, step"]);
    assert!(!work.path().join("new").exists());
    // The second epoch fails: there has been a checkpoint.
    let losses = "\n    - {type: discovery, until: 1}\n    - {type: discovery, from: 1, weight: 1.0e+300}";
    let late = spec().replace(" {type: discovery}", losses);
    write(work.path(), "late.yaml", &late);
    zstat(work.path(), "train late.yaml --output late").exits(2).tells(&["no training: epoch 1, step 0"]);
    assert!(!work.path().join("late").exists());
    zstat(work.path(), "train late.yaml --output late --resume").exits(2).tells(&["there is no checkpoint"]);
    assert!(!work.path().join("late").exists());
    fs::create_dir(work.path().join("old")).unwrap();
    zstat(work.path(), "train training.yaml --output old").exits(2);
    assert!(files(&work.path().join("old")).is_empty(), "a folder that was there stays, with nothing in it");
    write(work.path(), "training.yaml", &spec());
    zstat(work.path(), "train training.yaml --output old --epochs 1").exits(0);
}

/// Signal and background in peaks of their own: no event is in the second of three bins.
const PEAKS: &str = "\
zstat: 1
events:
  signal: {yield: 40, generate: {mass: {normal: [125, 4]}, pt: {exponential: 0.1}}}
  background: {yield: 1000, generate: {mass: {normal: [200, 4]}, pt: {exponential: 0.1}}}
workspace:
  channels:
    - name: SR
      samples:
        - {name: signal, events: signal, modifiers: [{name: mu, type: normfactor}]}
        - {name: background, events: background, modifiers: [{name: rate, type: normsys, lo: 0.95, hi: 1.05}]}
  observations: {SR: [40, 0, 1000]}
  poi: mu
  parameters: {mu: {init: 1, bounds: [-10, 10]}}
train:
  features: [mass, pt]
  network: {type: identity, column: mass}
  standardise: false
  summary: {type: hard, edges: [80, 155, 165, 250], squash: false}
  loss: bce
  events: 1000
  batch: 1000
  epochs: 1
evaluate: {events: 2000}
";

/// Bins that are left out take no data with them unsaid, and have one number everywhere.
#[test]
fn bins_that_are_left_out() {
    let work = folder();
    write(work.path(), "lost.yaml", &PEAKS.replace("[40, 0, 1000]", "[40, 3, 1000]"));
    zstat(work.path(), "train lost.yaml --output lost").exits(2).tells(&[
        "channel `SR`",
        "bin 1 of the summary, where the data have 3 events",
        "zstat apply --workspace",
    ]);
    assert!(!work.path().join("lost").exists());
    write(work.path(), "peaks.yaml", PEAKS);
    let found = zstat(work.path(), "train peaks.yaml --output run --format json").exits(0).json();
    let warnings = found["status"]["warnings"].to_string();
    assert!(warnings.contains("the data have 0 events in bin 1 of the summary"), "{warnings}");
    let text = fs::read_to_string(work.path().join("run/workspace.yaml")).unwrap();
    assert!(text.contains("SR: [40, 1000]"), "{text}");
    let bins = |table: &[std::collections::BTreeMap<String, String>]| {
        let pair = |row: &std::collections::BTreeMap<String, String>| {
            (row["bin"].clone(), row["summary_bin"].clone())
        };
        table.iter().map(pair).collect::<std::collections::BTreeSet<_>>()
    };
    let all = [("", "1"), ("0", "0"), ("1", "2")].map(|(bin, of)| (bin.to_owned(), of.to_owned()));
    assert_eq!(bins(&table(&work.path().join("run/boundary.csv"))), all.clone().into());
    assert_eq!(bins(&table(&work.path().join("run/templates.csv"))), all[1..].iter().cloned().collect());
    write(work.path(), "data.csv", "mass,pt\n125,1\n160,1\n200,1\n");
    zstat(work.path(), "apply run data.csv --output scores.csv").exits(0);
    assert_eq!(bins(&table(&work.path().join("scores.csv"))), all.into());
    for form in ["parquet", "npy"] {
        zstat(work.path(), &format!("apply run data.csv --output scores.{form}")).exits(0);
    }
}

/// Where negative weights outweigh the others there are reasons, no numbers; and no claim that the workspace can be fitted.
#[test]
fn weights_of_both_signs() {
    let work = folder();
    let row = |i: usize| {
        let mass = 100.0 + ((i * 37) % 1000) as f64 / 10.0;
        format!("{mass},1,{}\n", if (130.0..140.0).contains(&mass) { -1 } else { 1 })
    };
    write(work.path(), "b.csv", &("mass,pt,w\n".to_owned() + &(0..6000).map(row).collect::<String>()));
    let generated = "generate: {mass: {normal: [200, 4]}, pt: {exponential: 0.1}}";
    let text = PEAKS
        .replace(generated, "files: b.csv, weight: w")
        .replace("  observations: {SR: [40, 0, 1000]}\n", "");
    let text = text.replace("[80, 155, 165, 250]", "[50, 130, 140, 250]");
    write(work.path(), "negative.yaml", &text);
    let run = zstat(work.path(), "train negative.yaml --output run --format json").exits(1).json();
    let warnings = run["status"]["warnings"].to_string();
    assert!(
        warnings.contains("`workspace.yaml` cannot be fitted: bin 1 of channel `SR` expects -"),
        "{warnings}"
    );
    let of = &run["evaluation"]["measurements"][0];
    for (name, value) in of["metrics"].as_object().unwrap() {
        assert!(value.is_null(), "{name}: {value}");
        assert!(
            of["missing"][name].as_str().unwrap().contains("at the start values: negative weights"),
            "{of}"
        );
    }
    zstat(work.path(), "train negative.yaml --output run")
        .exits(1)
        .prints(&["`workspace.yaml`, which cannot be fitted"]);
    zstat(work.path(), "fit run/workspace.yaml").exits(2);
    // With much signal there is a likelihood, but none without it.
    write(work.path(), "signal.yaml", &text.replace("yield: 40,", "yield: 4000,"));
    let run = zstat(work.path(), "train signal.yaml --output signal --format json").exits(0).json();
    let of = &run["evaluation"]["measurements"][0];
    assert!(of["metrics"]["sigma_poi"].is_null(), "{of}");
    assert!(
        of["missing"]["sigma_poi"].as_str().unwrap().contains("where `mu` is 0: negative weights"),
        "{of}"
    );
    zstat(work.path(), "fit signal/workspace.yaml").exits(0);
}

/// A training that came to nothing is told as such.
#[test]
fn a_training_that_learns_nothing() {
    let work = folder();
    for (name, text, told) in [
        ("good", spec(), None),
        (
            "flat",
            spec().replace("learning_rate: 0.01", "learning_rate: 1.0e+10"),
            Some("the gradient is exactly 0 from epoch 1 on"),
        ),
        (
            "far",
            classifier().replace("learning_rate: 0.01", "learning_rate: 1.0e+10"),
            Some("nothing was learnt: the loss of the validation events is"),
        ),
    ] {
        write(work.path(), "training.yaml", &text);
        let found = zstat(work.path(), &format!("train training.yaml --output {name} --format json"));
        let warnings = found.exits(0).json()["status"]["warnings"].to_string();
        match told {
            Some(told) => assert!(warnings.contains(told), "{name}: {warnings}"),
            None => assert_eq!(warnings, "[]"),
        }
    }
}

/// What stands beside the result is called what it is, with its statistical errors.
#[test]
fn what_stands_beside_the_result() {
    let work = folder();
    write(work.path(), "training.yaml", &spec());
    let run = zstat(work.path(), "train training.yaml --output run --epochs 1").exits(0);
    let (_, beside) = run.stdout.split_once("for comparison, from the densities").unwrap();
    assert!(!run.stdout.contains("the best that is possible"), "{}", run.stdout);
    let row = beside.lines().nth(2).unwrap();
    assert_eq!(row.matches('±').count(), 6, "{row}");
    assert!(beside.contains("other bins, or a summary that knows what varies, may be better"), "{beside}");
}

/// Nothing that is of no training is written over: each of its files, found alone in a folder, ends it before it begins.
#[test]
fn files_of_others_are_not_lost() {
    let work = folder();
    write(work.path(), "training.yaml", &classifier());
    zstat(work.path(), "train training.yaml --output run").exits(0);
    let names = files(&work.path().join("run"));
    for (at, name) in
        names.iter().map(|(name, _)| name).filter(|name| *name != "weights.safetensors").enumerate()
    {
        let other = work.path().join(format!("other-{at}"));
        fs::create_dir(&other).unwrap();
        fs::write(other.join(name), "precious").unwrap();
        zstat(work.path(), &format!("train training.yaml --output other-{at}"))
            .exits(2)
            .tells(&[&format!("`{name}`")]);
        assert_eq!(fs::read_to_string(other.join(name)).unwrap(), "precious");
        assert_eq!(fs::read_dir(&other).unwrap().count(), 1, "{name}");
    }
}

/// Seeds end with the largest.
#[test]
fn seeds_beyond_the_largest() {
    let work = folder();
    write(work.path(), "training.yaml", &classifier());
    let line = format!("train training.yaml --output run --epochs 1 --seed {} --seeds 2", u64::MAX);
    zstat(work.path(), &line).exits(2).tells(&["2 seeds from 18446744073709551615 on go beyond the largest"]);
    let line = format!("train training.yaml --output run --epochs 1 --seed {} --seeds 2", u64::MAX - 1);
    zstat(work.path(), &line).exits(0);
}

/// The workspace is of the parameter of interest that the run was made for, and `apply` takes no other than the run's.
#[test]
fn the_workspace_is_of_the_run() {
    let work = folder();
    write(work.path(), "training.yaml", &spec().replace("{type: discovery}", "{type: inferno}"));
    zstat(work.path(), "train training.yaml --output run --poi energy").exits(0);
    let path = work.path().join("run/workspace.yaml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("poi: energy"), "{text}");
    fs::write(&path, text.replacen("init: 1", "init: 3", 1)).unwrap();
    write(work.path(), "new.csv", "mass,pt\n120,30\n");
    zstat(work.path(), "apply run new.csv")
        .exits(2)
        .tells(&["`workspace.yaml` is not what the training wrote"]);
}
