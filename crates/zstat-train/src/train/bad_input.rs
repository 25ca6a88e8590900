//! Trainings that cannot go on, or not begin: each says where, why, and what to do.

use serde_json::{Value, json};
use zstat_core::spec::{Analysis, BuildOptions};
use zstat_fitters::Newton;

use super::Trainer;
use crate::spec::{Plugins, Training};

/// A signal and a background on `m` and `p`.
fn spec(train: Value) -> Value {
    let mut all = json!({
        "features": ["m", "p"], "network": "linear", "summary": {"type": "softmax", "bins": 3, "temperature": 0.7},
        "loss": "inferno", "events": 200, "validation": 50, "batch": 100, "epochs": 3, "seed": 3,
    });
    for (key, value) in train.as_object().unwrap() {
        all[key] = value.clone();
    }
    json!({
        "zstat": 1,
        "events": {
            "signal": {"yield": 40, "generate": {"m": {"normal": [1.2, 0.4]}, "p": {"exponential": 2.0}}},
            "background": {"yield": 500, "generate": {"m": {"exponential": 1.0}, "p": {"exponential": 3.0}}},
        },
        "workspace": {
            "channels": [{"name": "SR", "samples": [
                {"name": "s", "events": "signal", "modifiers": [{"name": "mu", "type": "normfactor"}]},
                {"name": "b", "events": "background", "modifiers": [
                    {"name": "e", "type": "histosys", "vary": {"scale": {"m": 1.1}}}]}]}],
            "poi": "mu",
            "parameters": {"mu": {"init": 1, "bounds": [0, 10]}},
        },
        "train": all,
        "evaluate": {"events": 200},
    })
}

/// What a training says that does not come to its end.
fn said(spec: &Value, folder: &std::path::Path) -> String {
    let analysis: Analysis = serde_json::from_value(spec.clone()).unwrap();
    let training = match Training::read(&analysis, &Plugins::load().unwrap()) {
        Ok(training) => training,
        Err(faults) => {
            let words =
                faults.iter().map(|fault| format!("{}: {} ({:?})", fault.pointer, fault.message, fault.help));
            return words.collect::<Vec<_>>().join("\n");
        }
    };
    let newton = Newton::default();
    let mut trainer = match Trainer::new(&training, &BuildOptions::default(), &newton, folder, 3) {
        Ok(trainer) => trainer,
        Err(fault) => return fault.to_string(),
    };
    match trainer.run(None, &mut |_, _| true) {
        Ok(_) => "it was trained".to_owned(),
        Err(fault) => fault.to_string(),
    }
}

#[track_caller]
fn says(spec: &Value, parts: &[&str]) {
    let found = said(spec, std::path::Path::new(""));
    for part in parts {
        assert!(found.contains(part), "expected `{part}`, found `{found}`");
    }
}

#[test]
fn diverging() {
    let rate = |rate: f64| json!({"type": "sgd", "learning_rate": rate});
    let wanted = "not finite, the training diverges: lower the learning rate, or clip the gradient";
    says(&spec(json!({"optimiser": rate(1e39)})), &["epoch 0, step 1: the scores are ", wanted]);
    says(
        &spec(json!({"optimiser": rate(1e39), "loss": "bce", "summary": {"type": "bkde"}})),
        &["epoch 0, step 1: the scores are ", wanted],
    );
}

#[test]
fn too_little_to_tell_parameters_apart() {
    let mut singular = spec(json!({"summary": {"type": "sigmoid_cut"}}));
    let background = &mut singular["workspace"]["channels"][0]["samples"][1]["modifiers"];
    background.as_array_mut().unwrap().push(json!({"name": "norm", "type": "normfactor"}));
    says(
        &singular,
        &[
            "epoch 0, step 0, loss `inferno`: the Fisher matrix is singular: the bins do not determine",
            "`mu`",
            "`norm`",
            "give them a constraint, or use more bins",
        ],
    );
}

#[test]
fn empty_bins() {
    let hard = |edges: Value| {
        json!({"summary": {"type": "hard", "edges": edges, "squash": false, "include_outside": false,
            "straight_through": {"bandwidth": 0.1}}})
    };
    says(
        &spec(hard(json!([-50, 0, 5, 50, 1000]))),
        &[
            "epoch 0, step 0, loss `inferno`: bin 3 of channel `SR` expects 0 events",
            "use fewer bins, or larger batches, or a wider smoothing",
        ],
    );
    // A batch that is too small for the bins: the other losses of templates, too.
    for loss in ["inferno", "asimov", "discovery", "cls", "s_over_sqrt_b", "mc_error", "generalised_variance"]
    {
        says(
            &spec(json!({"batch": 8, "loss": loss,
                "summary": {"type": "hard", "bins": 50, "straight_through": {"bandwidth": 0.02}}})),
            &[
                &format!("epoch 0, step 0, loss `{loss}`: bin "),
                "of channel `SR` expects 0 events: use fewer bins, or larger batches, or a wider smoothing",
            ],
        );
    }
    // The penalty has a value, and trains.
    says(
        &spec(json!({"batch": 8, "loss": "minimum_background",
            "summary": {"type": "hard", "bins": 50, "straight_through": {"bandwidth": 0.02}}})),
        &["it was trained"],
    );
}

#[test]
fn features_of_no_use() {
    let derived = |text: &str| spec(json!({"features": ["m", "new"], "derive": {"new": text}}));
    says(&derived("0 * m + 2"), &["feature `new` is 2 in all 400 training events; leave it out"]);
    says(&derived("log(m - 1)"), &["new", "NaN"]);
    let folder = tempfile::tempdir().unwrap();
    let rows = |from: usize, odd: &str| {
        let rows = (from..from + 300).map(|i| format!("{}.5,{}\n", i % 7, if i == 40 { odd } else { "1.5" }));
        "m,p\n".to_owned() + &rows.collect::<String>()
    };
    for (odd, wanted) in [("nan", "NaN"), ("inf", "inf")] {
        std::fs::write(folder.path().join("s.csv"), rows(0, odd)).unwrap();
        let mut files = spec(json!({"split": {"validation": 0.01, "evaluation": 0.01}}));
        files["events"]["signal"] = json!({"yield": 40, "files": "s.csv"});
        let found = said(&files, folder.path());
        assert!(found.contains("`p`") && found.contains(wanted) && found.contains("row"), "{found}");
    }
}

#[test]
fn weights_that_cancel() {
    let folder = tempfile::tempdir().unwrap();
    let rows =
        (0..300).map(|i| format!("{}.5,{}.25,{}\n", i % 7, i % 11, if i % 2 == 0 { 1.0 } else { -0.98 }));
    std::fs::write(folder.path().join("s.csv"), "m,p,w\n".to_owned() + &rows.collect::<String>()).unwrap();
    let mut files = spec(json!({"batch": 5}));
    files["events"]["signal"] = json!({"yield": 40, "files": "s.csv", "weight": "w"});
    let found = said(&files, folder.path());
    assert!(found.contains("signal") && found.contains("weights"), "{found}");
}

#[test]
fn hard_bins_without_a_gradient() {
    let hard = json!({"type": "hard", "bins": 3});
    says(
        &spec(json!({"summary": hard, "loss": [{"type": "bce"}, {"type": "inferno", "weight": 0.1}]})),
        &[
            "/train/loss/1: the loss `inferno` learns nothing: the summary has no derivatives",
            "straight_through",
        ],
    );
    // A loss that is only watched may have none.
    says(
        &spec(
            json!({"summary": hard, "loss": [{"type": "bce"}, {"type": "minimum_background", "weight": 0}]}),
        ),
        &["it was trained"],
    );
}
