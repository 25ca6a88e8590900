//! Figures against slow sums over single events, and against closed forms.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use zstat_core::normal::upper_tail;
use zstat_core::scorer::Scorer;
use zstat_core::spec::{Analysis, BuildOptions};
use zstat_fitters::Newton;

use super::super::passes::Events;
use super::*;
use crate::spec::{Plugins, Training};

const EVENTS: usize = 4000;

fn training(events: &Value, train: Value, evaluate: Value) -> Training {
    let analysis: Analysis = serde_json::from_value(json!({
        "zstat": 1,
        "events": events,
        "workspace": {
            "channels": [{"name": "SR", "samples": [
                {"name": "s", "events": "signal", "modifiers": [{"name": "mu", "type": "normfactor"}]},
                {"name": "b", "events": "background", "modifiers": [
                    {"name": "e", "type": "histosys", "vary": {"scale": {"m": 1.1}}},
                    {"name": "w", "type": "histosys", "vary": {"reweight": "1 + 0.2 * m"}}]}]}],
            "poi": "mu",
            "parameters": {"mu": {"init": 2, "bounds": [0, 10]}},
        },
        "train": train,
        "evaluate": evaluate,
    }))
    .unwrap();
    Training::read(&analysis, &Plugins::load().unwrap()).map_err(|faults| format!("{faults:?}")).unwrap()
}

/// Two features, an exponential and a normal one, and a small network.
fn network(summary: Value, loss: &str) -> Training {
    let events = json!({
        "signal": {"yield": 40, "generate": {"m": {"normal": [1.2, 0.4]}, "p": {"exponential": 2.0}}},
        "background": {"yield": 500, "generate": {"m": {"exponential": 1.0}, "p": {"exponential": 3.0}}},
    });
    let train = json!({"network": {"hidden": [6], "activation": "tanh"}, "summary": summary, "loss": loss,
        "optimiser": {"type": "adam", "learning_rate": 0.01},
        "events": 2000, "validation": 1500, "batch": 200, "epochs": 3, "seed": 3});
    training(&events, train, json!({"events": EVENTS, "every": 2}))
}

/// One normal feature that is the score itself; the signal's mean is given.
fn identity(mean: f64) -> Training {
    let events = json!({
        "signal": {"yield": 50, "generate": {"m": {"normal": [mean, 1.0]}}},
        "background": {"yield": 1000, "generate": {"m": {"normal": [0.0, 1.0]}}},
    });
    let summary =
        json!({"type": "sigmoid_edges", "bins": 4, "range": [-4, 4], "squash": false, "train_edges": true});
    let train = json!({"network": "identity", "summary": summary, "loss": "inferno", "standardise": false,
        "events": 2000, "validation": 40000, "batch": 500, "epochs": 1, "seed": 5});
    training(&events, train, json!({"events": 40000}))
}

/// A trained run, all that was seen of it, and its events scored one by one.
struct Run<'t> {
    trainer: Trainer<'t>,
    scorer: Box<dyn Scorer>,
    learnt: Vec<f64>,
    figures: Figures,
    found: Evaluation,
    curves: Vec<Option<Vec<f64>>>,
}

fn trained<'t>(training: &'t Training, newton: &'t Newton) -> Run<'t> {
    let mut options = BuildOptions::default();
    options.interpolation.histosys = Some("code4p".parse().unwrap());
    let mut trainer = Trainer::new(training, &options, newton, Path::new(""), 3).unwrap();
    let mut curves = Vec::new();
    let fitted = trainer.run(None, &mut |progress, _| {
        curves.push(progress.curves.clone());
        true
    });
    let fitted = fitted.unwrap();
    let (mut scorer, learnt) = (fitted.scorer, fitted.learnt);
    let mut figures = Figures::new(&trainer, scorer.as_mut()).unwrap();
    let found = figures.evaluate(&trainer, scorer.as_mut(), &learnt, &mut |_, _| true).unwrap();
    Run { trainer, scorer, learnt, figures, found, curves }
}

impl Run<'_> {
    fn events(&self, purpose: Purpose) -> Events {
        let Trainer { engine, kitchen, sources, standardiser, .. } = &self.trainer;
        kitchen.events(&engine.passes, sources, standardiser, (purpose, &|n| 0..n)).unwrap()
    }

    /// Scores of a pass, event by event.
    fn scores(&mut self, purpose: Purpose, pass: usize) -> Vec<(f64, f64)> {
        let events = self.events(purpose);
        let (x, weights) = (&events.passes[pass].x, &events.passes[pass].weights);
        let width = self.trainer.features().len();
        let one = |row: &[f32]| {
            let mut out = vec![0.0; self.scorer.outputs()];
            self.scorer.forward(row, &mut out);
            f64::from(out[0])
        };
        x.chunks_exact(width).map(one).zip(weights.iter().copied()).collect()
    }
}

fn close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-9 * (1.0 + wanted.abs()), "{found}, {wanted}");
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Every cut by going through all events; the best one by trying all.
#[test]
fn cuts_are_those_of_single_events() {
    let training = network(json!({"type": "sigmoid_edges", "bins": 3}), "bce");
    let newton = Newton::default();
    let mut run = trained(&training, &newton);
    let cuts = run.figures.cuts(10.0).unwrap();
    assert!(cuts.above);
    assert_eq!(cuts.processes, [("signal".to_owned(), true), ("background".to_owned(), false)]);
    assert_eq!(cuts.validation.len(), 1000);
    for (rows, purpose) in [(&cuts.validation, Purpose::Validation), (&cuts.evaluation, Purpose::Evaluation)]
    {
        // The parameter of interest starts at 2: 80 signal events.
        let scores = [(0, 80.0), (1, 500.0)].map(|(pass, expected)| (run.scores(purpose, pass), expected));
        for (at, row) in rows.iter().enumerate().filter(|(at, _)| at % 83 == 0 || *at == 999) {
            assert_eq!(row.threshold.is_finite(), at > 0);
            let mut kept = [0.0; 2];
            for (kept, ((scores, expected), found)) in kept.iter_mut().zip(scores.iter().zip([row.s, row.b]))
            {
                let n = scores.iter().filter(|(z, _)| sigmoid(*z) >= row.threshold).count() as f64;
                let each = expected / scores.len() as f64;
                close(found[0], n * each);
                close(found[1], n.sqrt() * each);
                *kept = n / scores.len() as f64;
            }
            close(row.efficiency, kept[0]);
            close(row.efficiencies[1], kept[1]);
            close(row.effective, kept[1] * scores[1].0.len() as f64);
            if purpose == Purpose::Validation {
                assert!((row.efficiency - (1.0 - at as f64 / 1000.0)).abs() < 2.0 / 1500.0, "{row:?}");
            }
        }
    }
    let best = cuts.best(CutRow::z_asimov).unwrap();
    let mut largest = (0, 0.0);
    for (at, row) in cuts.validation.iter().enumerate() {
        let ([s, _], [b, _]) = (row.s, row.b);
        let z = (2.0 * ((s + b) * (1.0 + s / b).ln() - s)).sqrt();
        if row.effective >= 10.0 && z > largest.1 {
            largest = (at, z);
        }
    }
    assert_eq!(best, largest.0);
    assert!(best > 0, "a network that has learnt anything gains by a cut");
    close(cuts.validation[best].z_asimov()[0], largest.1);
    assert!(run.figures.cuts(1e9).unwrap().best(CutRow::z_asimov).is_none());
}

/// What a cut on a normal feature keeps has a closed form; on the side where the signal is.
#[test]
fn cuts_on_a_normal_feature_are_its_tails() {
    let newton = Newton::default();
    for mean in [1.5, -1.5_f64] {
        let training = identity(mean);
        let run = trained(&training, &newton);
        let cuts = run.figures.cuts(100.0).unwrap();
        assert_eq!(cuts.above, mean > 0.0);
        let side = mean.signum();
        let tails = |threshold: f64| [side * mean, 0.0].map(|mean| upper_tail(side * threshold - mean));
        for row in &cuts.evaluation[1..] {
            for (found, wanted) in row.efficiencies.iter().zip(tails(row.threshold)) {
                let error = (wanted * (1.0 - wanted) / 40_000.0).sqrt();
                assert!((found - wanted).abs() < 5.0 * error + 1e-4, "{row:?}: {found}, {wanted}");
            }
        }
        // The best of all cuts, by the closed form on a fine grid.
        let z = |threshold: f64| {
            let [s, b] = tails(threshold);
            100.0 * s / (100.0 * s + 1000.0 * b).sqrt()
        };
        let best = (0..6000).map(|i| z(-3.0 + 1e-3 * f64::from(i))).fold(0.0, f64::max);
        let at = cuts.best(CutRow::s_over_sqrt_s_plus_b).unwrap();
        let [found, error] = cuts.evaluation[at].s_over_sqrt_s_plus_b();
        assert!((found - best).abs() < 5.0 * error && error < 0.02 * found, "{found} ± {error}, {best}");
        assert!((z(cuts.evaluation[at].threshold) / best - 1.0).abs() < 5e-3);
        let plane = run.figures.plane.as_ref().err().unwrap();
        assert_eq!(plane, "there is 1 feature, and a plane has two");
    }
}

/// Errors of significances are their slopes by s and b times the errors of these.
#[test]
fn errors_are_differences() {
    let row = |s: f64, b: f64| CutRow {
        threshold: 0.0,
        efficiency: 1.0,
        efficiencies: vec![],
        s: [s, 0.3],
        b: [b, 0.7],
        effective: 20.0,
    };
    let all: [Quantity; 3] = [CutRow::s_over_sqrt_b, CutRow::s_over_sqrt_s_plus_b, CutRow::z_asimov];
    for quantity in all {
        let (h, [_, error]) = (1e-5, quantity(&row(5.0, 9.0)));
        let slope = |[a, b]: [CutRow; 2]| (quantity(&a)[0] - quantity(&b)[0]) / (2.0 * h);
        let by_s = slope([row(5.0 + h, 9.0), row(5.0 - h, 9.0)]);
        let by_b = slope([row(5.0, 9.0 + h), row(5.0, 9.0 - h)]);
        assert!((error - (0.3 * by_s).hypot(0.7 * by_b)).abs() < 1e-7, "{error}");
    }
    assert!(row(5.0, 0.0).z_asimov()[0].is_nan());
}

/// Distributions add up to yields, bin by bin to the events in them.
#[test]
fn distributions_add_up_to_yields() {
    let newton = Newton::default();
    for summary in [
        json!({"type": "softmax", "bins": 3}),
        json!({"type": "bkde", "bins": 3, "bandwidth": 0.3,
        "range": [-2, 2], "squash": false}),
    ] {
        let training = network(summary.clone(), "inferno");
        let mut run = trained(&training, &newton);
        let outputs = run.scorer.outputs();
        let all = run.figures.distributions(&run.trainer);
        // Nominal signal, and nominal, down and up of two variations of the background.
        assert_eq!(all.len(), 6 * outputs);
        let evaluation = run.events(Purpose::Evaluation);
        for of in &all {
            let total: f64 = of.events.iter().sum();
            let cell = usize::from(of.sample == "b");
            let variations = &training.samples[cell].variations;
            let pass = match variations.iter().find(|variation| variation.name == of.variation) {
                None => run.trainer.nominal_pass(cell),
                Some(v) => run.trainer.engine.cells.variation(cell, v)[usize::from(of.side == "up")],
            };
            let weights = &evaluation.passes[pass].weights;
            let scale = [40.0, 500.0][cell] / EVENTS as f64;
            close(total, weights.iter().sum::<f64>() * scale);
            let squares: f64 = of.errors.iter().map(|error| error * error).sum();
            close(squares, weights.iter().map(|weight| weight * weight).sum::<f64>() * scale * scale);
            if of.side == "nominal" {
                close(total, [40.0, 500.0][cell]);
            }
            if outputs == 1 {
                let (low, high) = (of.edges[40], of.edges[41]);
                let scores = run.scores(Purpose::Evaluation, pass);
                let inside = scores.iter().filter(|(z, _)| low <= *z && *z < high);
                let wanted: f64 = inside.map(|(_, weight)| weight).sum();
                // An event on an edge may be in either bin.
                assert!((of.events[40] - wanted * scale).abs() < 1e-9 + 1.5 * scale, "{of:?}");
            } else {
                assert_eq!([of.edges[0], of.edges[100]], [0.0, 1.0]);
            }
        }
        if outputs > 1 {
            let why = run.figures.cuts(10.0).unwrap_err();
            assert_eq!(why, "there are 3 scores an event, and a threshold is on one");
        }
    }
}

/// Events of files with weights of both signs: every bin and every cut is the sum of the weights in it, and its error the root of
/// the sum of their squares.
#[test]
fn weights_of_both_signs_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "m,w\n".to_owned();
    for i in 0..9000 {
        let m = 3.0 * (1.618_034 * f64::from(i)).fract() - 1.0;
        writeln!(text, "{m},{}", if i % 4 == 0 { -0.6 } else { 1.4 }).unwrap();
    }
    let file = folder.path().join("background.csv");
    std::fs::write(&file, text).unwrap();
    let events = json!({
        "signal": {"yield": 40, "generate": {"m": {"normal": [1.2, 0.4]}}},
        "background": {"yield": 500, "files": file.to_str().unwrap(), "weight": "w"},
    });
    let summary = json!({"type": "hard", "bins": 3, "range": [-1, 2], "squash": false});
    let train = json!({"network": "identity", "features": ["m"], "summary": summary, "loss": "bce", "standardise": false,
        "events": 2000, "batch": 500, "epochs": 1, "seed": 5});
    let training = training(&events, train, json!({"events": EVENTS}));
    let newton = Newton::default();
    let mut run = trained(&training, &newton);
    let scores = run.scores(Purpose::Evaluation, 1);
    let sum = |keep: &dyn Fn(f64) -> bool, power: i32| -> f64 {
        scores.iter().filter(|(z, _)| keep(*z)).map(|(_, weight)| weight.powi(power)).sum()
    };
    let unit = 500.0 / sum(&|_| true, 1);
    let all = run.figures.distributions(&run.trainer);
    let background = all.iter().find(|of| of.sample == "b" && of.side == "nominal").unwrap();
    for bin in 1..99 {
        let inside = |z: f64| background.edges[bin] <= z && z < background.edges[bin + 1];
        close(background.events[bin], sum(&inside, 1) * unit);
        close(background.errors[bin], sum(&inside, 2).sqrt() * unit);
    }
    let cuts = run.figures.cuts(10.0).unwrap();
    for row in cuts.evaluation.iter().step_by(97) {
        let kept = |z: f64| if cuts.above { z >= row.threshold } else { z <= row.threshold };
        let (b, squares) = (sum(&kept, 1), sum(&kept, 2));
        close(row.b[0], b * unit);
        close(row.b[1], squares.sqrt() * unit);
        close(row.effective, b * b / squares);
    }
}

/// Points of the plane have the score and the bin that an event there gets.
#[test]
fn points_of_the_plane_are_events() {
    let training = network(json!({"type": "sigmoid_edges", "bins": 3}), "bce");
    let newton = Newton::default();
    let mut run = trained(&training, &newton);
    let plane = run.figures.boundary(&run.trainer, run.scorer.as_mut(), &run.learnt).unwrap();
    assert_eq!((plane.points.len(), plane.outputs, plane.bins.len()), (101 * 101, 1, 101 * 101));
    let standardiser = run.trainer.standardiser().clone();
    for at in (0..plane.points.len()).step_by(617) {
        let row: Vec<f32> = (0..2)
            .map(|i| ((plane.points[at][i] - standardiser.mean()[i]) / standardiser.deviation()[i]) as f32)
            .collect();
        let mut out = [0.0];
        run.scorer.forward(&row, &mut out);
        close(plane.scores[at], sigmoid(f64::from(out[0])));
        let mut bin = [None];
        training.summary.bin(&run.learnt, &[f64::from(out[0])], &mut bin);
        assert_eq!(plane.bins[at], bin[0]);
    }
    // One in a thousand of all events is below the grid, and one above.
    let events = run.events(Purpose::Evaluation);
    for feature in 0..2 {
        let (first, last) = (plane.points[0][feature], plane.points[101 * 101 - 1][feature]);
        let value =
            |x: &f32| standardiser.mean()[feature] + standardiser.deviation()[feature] * f64::from(*x);
        let all =
            events.passes[..2].iter().flat_map(|pass| pass.x.iter().skip(feature).step_by(2)).map(value);
        let [below, above] = all.fold([0, 0], |[below, above], x| {
            [below + usize::from(x < first), above + usize::from(x > last)]
        });
        assert_eq!([below, above], [2 * EVENTS / 1000; 2]);
    }
}

/// Metrics along the training are those of the validation events in hard bins, in the epochs that are asked for.
#[test]
fn curves_are_of_the_validation_events() {
    let training = network(json!({"type": "sigmoid_edges", "bins": 3}), "bce");
    let newton = Newton::default();
    let mut run = trained(&training, &newton);
    assert_eq!(run.curves.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true]);
    let mut yields = [[0.0; 3]; 2];
    for (pass, expected) in [(0, 80.0), (1, 500.0)] {
        for (z, weight) in run.scores(Purpose::Validation, pass) {
            let mut bin = [None];
            training.summary.bin(&run.learnt, &[z], &mut bin);
            yields[pass][bin[0].unwrap()] += weight * expected / 1500.0;
        }
    }
    let squares = yields[0].iter().zip(&yields[1]).filter(|(_, b)| **b > 0.0).map(|(s, b)| s * s / b);
    let at = curve_names().iter().position(|name| name == "validation.s_over_sqrt_b").unwrap();
    let last = run.curves.pop().unwrap().unwrap();
    close(last[at], squares.sum::<f64>().sqrt());
    assert!(last.iter().all(|value| value.is_finite()), "{last:?}");
    // A look at them changes nothing of what is learnt.
    let mut blind = network(json!({"type": "sigmoid_edges", "bins": 3}), "bce");
    blind.evaluate.every = Some(0);
    let other = trained(&blind, &newton);
    assert!(other.curves.iter().all(Option::is_none));
    assert_eq!(other.scorer.parameters(), run.scorer.parameters());
    assert_eq!(other.found, run.found);
}
