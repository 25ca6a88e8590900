//! `zstat train`: a run leaves a workspace that other commands take, goes on after an interrupt, and says what is wrong.

use std::fs;
use std::path::Path;

use super::support::{folder, root, run_in, write};

pub fn spec() -> String {
    fs::read_to_string(root().join("specs/training.yaml")).unwrap()
}

pub fn zstat(folder: &Path, line: &str) -> super::support::Run {
    run_in(folder, &line.split_whitespace().collect::<Vec<_>>())
}

/// Files of a run, by name.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
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
    // Five scores an event: there is no threshold on them.
    let wanted = [
        "boundary.csv",
        "curves.csv",
        "distributions.csv",
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
    // Every difference is told.
    zstat(work.path(), "train training.yaml --output run --seed 2 --epochs 3 --fitter lbfgsb")
        .exits(2)
        .tells(&[
            "has a run with another seed (1 there, 2 here)",
            "another --epochs (4 there, 3 here)",
            "another --fitter (none there, lbfgsb here)",
        ]);
    let longer = spec().replace("yield: 40", "yield: 41");
    write(work.path(), "training.yaml", &longer);
    zstat(work.path(), "train training.yaml --output run").exits(2).tells(&["has a run with another spec"]);
    zstat(work.path(), "train training.yaml --output run --measurement other").exits(2);
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
    let warnings = found["status"]["warnings"].to_string();
    assert!(!warnings.contains("has the least loss"), "{warnings}");
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
}

/// A classifier of two features, with one score.
pub fn classifier() -> String {
    let text = spec().replace("{type: softmax, bins: 5, temperature: 0.5}", "{type: sigmoid_edges, bins: 5}");
    text.replace("{type: discovery}", "bce").replace("evaluate: {", "evaluate: {every: 3, ")
}

/// Rows of a table, by column.
pub fn table(path: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let columns = lines.next().unwrap();
    lines.map(|cells| columns.iter().cloned().zip(cells).collect()).collect()
}

#[test]
fn tables_are_the_numbers_behind_figures() {
    let work = folder();
    write(work.path(), "training.yaml", &classifier());
    let run = zstat(work.path(), "train training.yaml --output run").exits(0);
    assert!(run.stdout.contains("one cut on the score, chosen on the validation events"), "{}", run.stdout);
    let at = |name: &str| table(&work.path().join("run").join(name));
    let number =
        |row: &std::collections::BTreeMap<String, String>, name: &str| row[name].parse::<f64>().unwrap();
    // Epochs 2 and 3, the last.
    let curves = at("curves.csv");
    assert_eq!(curves.iter().map(|row| row["epoch"].as_str()).collect::<Vec<_>>(), ["2", "3"]);
    assert!(curves.iter().all(|row| number(row, "validation.sigma_poi") > 0.0));
    let history = fs::read_to_string(work.path().join("run/history.csv")).unwrap();
    assert!(
        history.starts_with("epoch,steps,learning_rate,gradient_norm,loss,loss.bce,validation\n"),
        "{history}"
    );
    let signal: f64 = at("distributions.csv")
        .iter()
        .filter(|row| row["sample"] == "signal" && row["side"] == "nominal")
        .map(|row| number(row, "events"))
        .sum();
    assert!((signal - 40.0).abs() < 1e-9, "{signal}");
    let plane = at("boundary.csv");
    assert_eq!(plane.len(), 101 * 101);
    assert_eq!(plane[0].keys().collect::<Vec<_>>(), ["bin", "score", "summary_bin", "x", "y"]);
    // The cut of the result is a row of the table.
    let rows = at("thresholds.csv");
    assert_eq!((rows[0]["threshold"].as_str(), rows[0]["keep"].as_str()), ("-inf", "above"));
    let found: serde_json::Value =
        serde_json::from_slice(&fs::read(work.path().join("run/result.json")).unwrap()).unwrap();
    let found = &found["evaluation"]["seeds"][0];
    let best = &found["cut"]["z_asimov"];
    for events in ["validation", "evaluation"] {
        let is_best = |row: &&std::collections::BTreeMap<String, String>| {
            row["events"] == events && Some(number(row, "threshold")) == best["threshold"].as_f64()
        };
        let row = rows.iter().find(is_best).unwrap();
        assert_eq!(best[events]["z_asimov"]["value"].as_f64(), Some(number(row, "z_asimov")));
        assert_eq!(
            best[events]["efficiencies"]["background"].as_f64(),
            Some(number(row, "efficiency.background"))
        );
    }
    let all = &found["cut"]["no_cut"]["evaluation"];
    assert_eq!((all["efficiency"].as_f64(), found["cut"]["no_cut"]["threshold"].as_f64()), (Some(1.0), None));
    // Done is done, and the cut is told again.
    let again = zstat(work.path(), "train training.yaml --output run").exits(0);
    assert_eq!(
        again.stdout.lines().skip(2).collect::<Vec<_>>(),
        run.stdout.lines().skip(2).collect::<Vec<_>>()
    );
}

#[test]
fn a_table_that_is_not_there_has_a_reason() {
    let work = folder();
    let text = spec().replace("batch: 500", "batch: 500\n  derive: {ratio: pt / mass}");
    let text = text.replace("evaluate: {", "evaluate: {every: 0, ");
    write(work.path(), "training.yaml", &text);
    zstat(work.path(), "train training.yaml --output run --epochs 1").exits(0);
    let run: serde_json::Value =
        serde_json::from_slice(&fs::read(work.path().join("run/run.json")).unwrap()).unwrap();
    let wanted = serde_json::json!({
        "boundary.csv": "not written: there are 3 features, and a plane has two",
        "curves.csv": "not written: `evaluate.every` is 0",
        "distributions.csv": "written",
        "thresholds.csv": "not written: there are 5 scores an event, and a threshold is on one",
    });
    assert_eq!(run["tables"], wanted);
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(work.path().join("run").join(key).exists(), value == "written", "{key}");
    }
    for (bad, told) in [
        ("every: -1", "`evaluate.every` is -1"),
        ("min_effective: -1", "`evaluate.min_effective` is -1"),
        ("min_efective: 1", "`min_effective`"),
    ] {
        write(work.path(), "bad.yaml", &spec().replace("evaluate: {", &format!("evaluate: {{{bad}, ")));
        zstat(work.path(), "validate bad.yaml").exits(2).tells(&["bad.yaml:", told]);
    }
}

#[test]
fn an_interrupt_changes_no_byte() {
    let work = folder();
    let text = classifier().replace("events: 5000", "events: 1000").replace("epochs: 4", "epochs: 150");
    write(work.path(), "training.yaml", &text);
    let size = || fs::metadata(work.path().join("broken/checkpoint.zstat")).map_or(0, |found| found.len());
    let mut command = super::support::zstat();
    let arguments = ["train", "training.yaml", "--output", "broken"];
    command.current_dir(work.path()).args(arguments).stdout(std::process::Stdio::null());
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let (started, mut first) = (std::time::Instant::now(), 0);
    // Some rows of the history are kept.
    while first == 0 || size() < first + 500 {
        first = if first == 0 { size() } else { first };
        assert!(child.try_wait().unwrap().is_none(), "done before it was met at work");
        assert!(started.elapsed() < std::time::Duration::from_secs(60), "nothing is kept");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    zstat(work.path(), "train training.yaml --output broken --resume").exits(0);
    zstat(work.path(), "train training.yaml --output whole").exits(0);
    assert_eq!(files(&work.path().join("broken")), files(&work.path().join("whole")));
}

/// Files of events with other contents are another training; and a folder is of one run or of several seeds.
#[test]
fn a_folder_is_of_one_training() {
    let work = folder();
    let events = |shift: f64| -> String {
        let row = |i: i32| format!("{},{}\n", 100.0 + shift + f64::from(i % 83), f64::from(i % 59));
        "mass,pt\n".to_owned() + &(0..6000).map(row).collect::<String>()
    };
    write(work.path(), "background.csv", &events(0.0));
    let generated = "    generate: {mass: {exponential: 0.01}, pt: {exponential: 0.04}}";
    let text = spec().replace(generated, "    files: background.csv");
    assert_ne!(text, spec());
    write(work.path(), "training.yaml", &text);
    zstat(work.path(), "train training.yaml --output run --epochs 1").exits(0);
    zstat(work.path(), "train training.yaml --output run --epochs 1 --seeds 2")
        .exits(2)
        .tells(&["--output run: has a single run, and several seeds would replace its result"]);
    write(work.path(), "background.csv", &events(1.0));
    zstat(work.path(), "train training.yaml --output run --epochs 1")
        .exits(2)
        .tells(&["has a run with another content of the files of events"]);
    zstat(work.path(), "train training.yaml --output runs --epochs 1 --seeds 2").exits(0);
    zstat(work.path(), "train training.yaml --output runs --epochs 1")
        .exits(2)
        .tells(&["--output runs: has runs of several seeds"]);
    write(
        work.path(),
        "twice.yaml",
        &text.replace("files: background.csv", "files: [background.csv, background.csv]"),
    );
    zstat(work.path(), "validate twice.yaml")
        .exits(2)
        .tells(&["twice.yaml:", "the file `background.csv` is given twice"]);
}
