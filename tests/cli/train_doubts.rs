//! Results that a reader has to doubt, and numbers that hold whatever the events are: weights of both signs, few events, options of the
//! command line.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::support::{folder, run_in, write};
use super::train_input::{LOSS, SOFTMAX, spec};

/// One bin of every score, by itself: what a training has counted does not depend on what it has learnt.
fn counting(bins: &str, modifiers: &str, evaluate: &str) -> String {
    format!(
        "zstat: 1
events:
  s: {{yield: 40, generate: {{m: {{normal: [125, 8]}}}}}}
  b: {{yield: 1000, generate: {{m: {{uniform: [100, 150]}}}}}}
workspace:
  channels:
    - name: SR
      samples:
        - {{name: s, events: s, modifiers: [{{name: mu, type: normfactor}}]}}
        - {{name: b, events: b, modifiers: [{modifiers}]}}
  poi: mu
  parameters: {{mu: {{init: 1, bounds: [-10, 10]}}}}
train:
  network: {{type: identity, column: m}}
  standardise: false
  summary: {{type: hard, {bins}, squash: false, include_outside: false}}
  loss: bce
  events: 2000
  batch: 500
  epochs: 1
evaluate: {evaluate}
"
    )
}

#[track_caller]
fn trained(folder: &Path, text: &str, options: &[&str]) -> Value {
    write(folder, "spec.yaml", text);
    let _ = fs::remove_dir_all(folder.join("run"));
    let all = [&["train", "spec.yaml", "--output", "run", "--format", "json"], options].concat();
    run_in(folder, &all).exits(0).json()
}

fn sigma(result: &Value) -> f64 {
    result["evaluation"]["metrics"]["sigma_poi"]["value"].as_f64().unwrap()
}

/// The uncertainty of `mu` that a fit of what was left gives.
#[track_caller]
fn fitted(folder: &Path) -> f64 {
    let fit = run_in(folder, &["fit", "run/workspace.yaml", "--format", "json"]).exits(0).json();
    let mu = fit["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "mu").unwrap();
    mu["uncertainty"].as_f64().unwrap()
}

/// A factor that is made from events is the ratio of sums of weights, whatever their signs: that of the templates of the same variation.
#[test]
fn factors_are_ratios_of_sums() {
    let work = folder();
    // Weights that nearly cancel, in an order that is not regular.
    let row = |i: usize| {
        let x = (i as f64 * 0.618_033_988_75).fract();
        format!("{x:.4},{}\n", if (i * i) % 100 < 56 { 1 } else { -1 })
    };
    let events = |n: usize| "x,w\n".to_owned() + &(0..n).map(row).collect::<String>();
    write(work.path(), "b.csv", &events(400));
    let signal: String = (0..400).map(|i| format!("{:.4},1\n", (i as f64 * 0.4142).fract())).collect();
    write(work.path(), "s.csv", &("x,w\n".to_owned() + &signal));
    let vary = "vary: {reweight: \"1 + 0.2 * (x - 0.5)\"}";
    let text = format!(
        "zstat: 1
events: {{s: {{yield: 20, files: s.csv, weight: w}}, b: {{yield: 100, files: b.csv, weight: w}}}}
workspace:
  channels:
    - name: SR
      samples:
        - {{name: s, events: s, modifiers: [{{name: mu, type: normfactor}}]}}
        - {{name: b, events: b, modifiers: [{{name: tune, type: normsys, {vary}}}, {{name: t2, type: histosys, {vary}}}]}}
  poi: mu
  parameters: {{mu: {{init: 1, bounds: [-10, 10]}}}}
train:
  features: [x]
  network: {{type: identity, column: x}}
  standardise: false
  summary: {{type: hard, bins: 1, range: [0, 1], squash: false}}
  loss: bce
  batch: 100
  epochs: 1
  split: {{validation: 0.2, evaluation: 0.5}}
evaluate: {{every: 0}}
"
    );
    trained(work.path(), &text, &[]);
    run_in(work.path(), &["convert", "run/workspace.yaml", "run.zstat.json"]).exits(0);
    let json: Value =
        serde_json::from_str(&fs::read_to_string(work.path().join("run.zstat.json")).unwrap()).unwrap();
    let background = &json["workspace"]["channels"][0]["samples"][1];
    let nominal = background["data"][0].as_f64().unwrap();
    for side in ["lo", "hi"] {
        let factor = background["modifiers"][0][side].as_f64().unwrap();
        let template = background["modifiers"][1][side][0].as_f64().unwrap();
        assert!((factor - template / nominal).abs() < 1e-12, "{side}: {factor}, {template} of {nominal}");
    }
}

/// Options that change the model are part of what is left, or named: a fit gives what the table says.
#[test]
fn options_of_the_command_line_are_kept() {
    let work = folder();
    let shape = "{name: rate, type: normsys, lo: 0.8, hi: 1.3}, {name: energy, type: histosys, vary: {scale: {m: 1.05}}}, {name: mc, type: staterror}";
    let text = counting("bins: 5, range: [100, 150]", shape, "{events: 3000}");
    for options in [&["--dialect", "root"][..], &["--interpolation", "normsys=code1,histosys=code0"], &[]] {
        let result = trained(work.path(), &text, options);
        let (told, fit) = (sigma(&result), fitted(work.path()));
        assert!((told / fit - 1.0).abs() < 1e-6, "{options:?}: {told}, {fit}");
    }
    let result = trained(work.path(), &text, &["--clip-samples", "5"]);
    let warnings = result["status"]["warnings"].to_string();
    assert!(warnings.contains("`workspace.yaml` does not say --clip-samples 5"), "{warnings}");
}

/// Templates of too few events promise more than there is: told, and numbers without an error are not printed as if they had none.
#[test]
fn templates_of_few_events() {
    let work = folder();
    let text = counting("bins: 5000, range: [100, 150]", "{name: bn, type: normfactor}", "{events: 2000}");
    let result = trained(work.path(), &text, &[]);
    let warnings = result["status"]["warnings"].to_string();
    assert!(warnings.contains("less than 5 simulated events of the background"), "{warnings}");
    assert!(warnings.contains("of the unbinned likelihood, which nothing beats"), "{warnings}");
    let healthy = counting("bins: 5, range: [100, 150]", "{name: bn, type: normfactor}", "{events: 20000}");
    let result = trained(work.path(), &healthy, &[]);
    assert_eq!(result["status"]["warnings"], serde_json::json!([]));
    // A parameter for each bin makes matrices that no memory holds.
    let mc = counting("bins: 1200, range: [100, 150]", "{name: mc, type: staterror}", "{events: 2000}");
    let result = trained(work.path(), &mc, &[]);
    let why = result["evaluation"]["measurements"][0]["no_limits"]["analytical"].as_str().unwrap();
    assert!(why.contains("parameters, too many for its matrices"), "{why}");
}

/// A cut that leaves nothing of a process with few, heavy events is not the best: one of them would be more than all the rest.
#[test]
fn heavy_events_that_are_not_there() {
    let work = folder();
    let text = counting("edges: [-10, 0, 1, 2, 3, 4, 10]", "{name: mc, type: staterror}", "{events: 2000}")
        .replace("{yield: 40, generate: {m: {normal: [125, 8]}}}", "{yield: 10, generate: {m: {normal: [3, 1]}}}")
        .replace(
            "b: {yield: 1000, generate: {m: {uniform: [100, 150]}}}",
            "b: {yield: 100000, generate: {m: {normal: [0, 1]}}}\n  rare: {yield: 0.5, generate: {m: {normal: [2, 2]}}}",
        )
        .replace("  poi: mu", "        - {name: rare, events: rare}\n  poi: mu")
        .replace("  events: 2000\n", "  events: 2000\n  validation: 2000\n");
    let result = trained(work.path(), &text, &[]);
    let cut = &result["evaluation"]["seeds"][0]["cut"]["z_asimov"];
    for events in ["validation", "evaluation"] {
        let kept = cut[events]["efficiencies"]["b"].as_f64();
        assert!(kept.is_some_and(|kept| kept > 0.0), "{events}: {cut:#}");
    }
}

/// A training at work keeps others out of its folder; one that is over does not, whatever it left.
#[test]
fn one_training_at_a_time() {
    let work = folder();
    write(work.path(), "spec.yaml", &spec(&[]));
    fs::create_dir(work.path().join("run")).unwrap();
    let lock = fs::File::create(work.path().join("run/.zstat.lock")).unwrap();
    lock.try_lock().unwrap();
    let train = ["train", "spec.yaml", "--output", "run"];
    run_in(work.path(), &train).exits(2).tells(&["--output run: another training is at work in this folder"]);
    drop(lock);
    run_in(work.path(), &train).exits(0);
    assert!(!work.path().join("run/.zstat.lock").exists());
}

/// Causes are named as they are.
#[test]
fn causes_by_their_names() {
    let work = folder();
    let plain = "{name: bn, type: normfactor}";
    let refused = |text: &str, told: &[&str]| {
        write(work.path(), "spec.yaml", text);
        let _ = fs::remove_dir_all(work.path().join("run"));
        run_in(work.path(), &["train", "spec.yaml", "--output", "run"]).exits(2).tells(told);
    };
    // Bins that nothing is in.
    let text = counting("bins: 2, range: [500, 600]", plain, "{events: 2000}");
    refused(&text, &["no event of the evaluation is in any bin of the summary", "`range`"]);
    // A factor from events that is none.
    let negative = "{name: tune, type: normsys, vary: {up: {reweight: \"0 - 1\"}, down: {}}}";
    let text = counting("bins: 2, range: [100, 150]", negative, "{events: 2000}");
    refused(&text, &["modifier `tune` of sample `b`: the weights of its events at +1 add up to -1 times"]);
    // A parameter of interest that is not there.
    let text = counting("bins: 2, range: [100, 150]", plain, "{events: 2000}").replace("poi: mu", "poi: mo");
    refused(&text, &["`mo`", "did you mean `mu`?"]);
    // A table without an ending.
    write(work.path(), "spec.yaml", &spec(&[(SOFTMAX, "{type: hard, bins: 3}"), (LOSS, "bce")]));
    run_in(work.path(), &["train", "spec.yaml", "--output", "run"]).exits(0);
    write(work.path(), "data.csv", "mass,pt\n1,2\n");
    run_in(work.path(), &["apply", "run", "data.csv", "--output", "scores"])
        .exits(2)
        .tells(&["the file has no ending"]);
    // Settings that say nothing.
    let clip = spec(&[("{type: adam, learning_rate: 0.01}", "{type: adam, clip: {}}")]);
    write(work.path(), "clip.yaml", &clip);
    run_in(work.path(), &["validate", "clip.yaml"]).exits(2).tells(&["`clip` says nothing"]);
    // Losses of events do not see edges.
    let edges = counting("bins: 2, range: [100, 150]", plain, "{events: 2000}")
        .replace("type: hard", "type: bkde, train_edges: true, bandwidth: 2");
    write(work.path(), "edges.yaml", &edges);
    run_in(work.path(), &["train", "edges.yaml", "--output", "edges"])
        .exits(0)
        .prints(&["nothing was learnt: losses of single events do not see the edges of bins"]);
}
