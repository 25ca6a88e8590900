//! Every summary: shares that add up, derivatives against differences, hard bins as the limit of soft ones.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;
use zstat_core::plugin::Registry;
use zstat_core::summary::{Stage, Summary, SummarySlopes};

fn summaries() -> Vec<(String, Box<dyn Summary>)> {
    let registry = Registry::<dyn Summary>::load("summary").unwrap();
    let cases = [
        ("softmax", json!({"bins": 5, "temperature": 0.4})),
        ("softmax", json!({"bins": 1})),
        ("bkde", json!({"bandwidth": 0.2})),
        ("bkde", json!({"bins": 6, "train_edges": true, "include_outside": false, "bandwidth": 0.15})),
        (
            "bkde",
            json!({"bins": 3, "train_edges": true, "include_outside": true, "squash": false, "range": [-2.0, 1.5], "bandwidth": 0.5}),
        ),
        ("sigmoid_edges", json!({"bins": 4, "train_edges": true, "steepness": [5.0, 9.0]})),
        ("sigmoid_edges", json!({"bins": 1})),
        ("hard", json!({"bins": 3})),
        ("hard", json!({"straight_through": {"bandwidth": 0.2}})),
        (
            "hard",
            json!({"edges": [-1.0, 0.2, 0.3, 1.5], "squash": false, "include_outside": false, "straight_through": {"bandwidth": 0.4}}),
        ),
        ("sigmoid_cut", json!({})),
        ("sigmoid_cut", json!({"slope": -3.0, "train_cut": true, "cut": 0.3, "keep_rejected": true})),
    ];
    cases.map(|(name, options)| (format!("{name} {options}"), registry.build(name, options).unwrap())).into()
}

fn numbers(n: usize, phase: f64) -> Vec<f64> {
    (0..n).map(|i| 2.0 * (1.7 * i as f64 + phase).sin()).collect()
}

#[test]
fn shares_are_positive_and_add_up_to_one_at_most() {
    for (name, summary) in summaries() {
        let scores = numbers(40 * summary.outputs(), 0.3);
        let learnt = summary.start();
        let mut shares = vec![f64::NAN; 40 * summary.bins()];
        summary.assign(Stage { learnt: &learnt, progress: 0.5 }, &scores, &mut shares);
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{name}");
        for row in shares.chunks_exact(summary.bins()) {
            assert!(row.iter().sum::<f64>() <= 1.0 + 1e-12, "{name}: {row:?}");
        }
        // Where nothing lies outside, all of an event is in some bin.
        let is_whole = !name.starts_with("sigmoid_cut") && !name.contains("false");
        for row in shares.chunks_exact(summary.bins()).filter(|_| is_whole) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{name}: {row:?}");
        }
    }
}

#[test]
fn derivatives_are_differences() {
    for (name, summary) in summaries() {
        let (n, outputs, bins) = (17, summary.outputs(), summary.bins());
        let (scores, upstream) = (numbers(n * outputs, 0.7), numbers(n * bins, 2.1));
        let learnt: Vec<f64> =
            summary.start().iter().enumerate().map(|(i, x)| x + 0.2 * (i as f64).cos()).collect();
        let value = |learnt: &[f64], scores: &[f64]| -> f64 {
            let mut shares = vec![0.0; n * bins];
            let of: &dyn Summary = match summary.slopes() {
                SummarySlopes::Of(smooth) => smooth,
                _ => summary.as_ref(),
            };
            of.assign(Stage { learnt, progress: 0.4 }, scores, &mut shares);
            shares.iter().zip(&upstream).map(|(a, g)| a * g).sum()
        };
        let (mut by_scores, mut by_learnt) = (vec![f64::NAN; scores.len()], vec![0.0; learnt.len()]);
        let stage = Stage { learnt: &learnt, progress: 0.4 };
        let mut shares = vec![0.0; n * bins];
        summary.assign(stage, &scores, &mut shares);
        summary.pull(stage, &scores, &shares, &upstream, &mut by_scores, &mut by_learnt);
        let check = |found: f64, at: &mut dyn FnMut(f64) -> f64| {
            let h = 1e-4;
            let numeric = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            assert!((found - numeric).abs() < 1e-8 * (1.0 + numeric.abs()), "{name}: {found}, {numeric}");
        };
        for i in 0..scores.len() {
            check(by_scores[i], &mut |h| {
                let mut scores = scores.clone();
                scores[i] += h;
                value(&learnt, &scores)
            });
        }
        for i in 0..learnt.len() {
            check(by_learnt[i], &mut |h| {
                let mut learnt = learnt.clone();
                learnt[i] += h;
                value(&learnt, &scores)
            });
        }
    }
}

/// Edges that are given are where events are counted; what borrows its gradient has that of the same bins, smeared.
#[test]
fn hard_bins_count_whole_events() {
    let registry = Registry::<dyn Summary>::load("summary").unwrap();
    let options = json!({"edges": [-1.0, 0.2, 1.5], "squash": false, "include_outside": false, "straight_through": {"bandwidth": 0.3}});
    let hard = registry.build("hard", options).unwrap();
    let scores = [-1.2_f32, -1.0, 0.19, 0.2, 1.5, 1.6].map(f64::from);
    let mut shares = vec![f64::NAN; 12];
    hard.assign(Stage { learnt: &[], progress: 0.0 }, &scores, &mut shares);
    assert_eq!(shares, [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
    let options = json!({"bins": 3, "bandwidth": 0.3, "squash": true});
    let bkde = registry.build("bkde", options).unwrap();
    let options = json!({"bins": 3, "straight_through": {"bandwidth": 0.3}});
    let hard = registry.build("hard", options).unwrap();
    let (mut a, mut b) = (vec![0.0; 6], vec![0.0; 6]);
    for (summary, out) in [(&bkde, &mut a), (&hard, &mut b)] {
        let stage = Stage { learnt: &[], progress: 0.0 };
        summary.pull(stage, &scores, &[], &numbers(18, 0.4), out, &mut []);
    }
    assert!(a == b && a.iter().any(|slope| *slope != 0.0), "{a:?}, {b:?}");
}

/// Events one by one give what they give together.
#[test]
fn events_do_not_know_of_each_other() {
    for (name, summary) in summaries() {
        let (n, outputs, bins) = (9, summary.outputs(), summary.bins());
        let (scores, learnt) = (numbers(n * outputs, 1.1), summary.start());
        let stage = Stage { learnt: &learnt, progress: 1.0 };
        let mut together = vec![0.0; n * bins];
        summary.assign(stage, &scores, &mut together);
        for (scores, wanted) in scores.chunks_exact(outputs).zip(together.chunks_exact(bins)) {
            let mut alone = vec![0.0; bins];
            summary.assign(stage, scores, &mut alone);
            assert_eq!(alone, wanted, "{name}");
        }
    }
}

/// Scores are of 32 bits: a number that stands on an edge is in the bin above it all the same, the last one in the last bin.
#[test]
fn numbers_on_edges() {
    let registry = Registry::<dyn Summary>::load("summary").unwrap();
    let edges: Vec<f64> = (1..=10).map(|i| f64::from(i) / 10.0).collect();
    let scores: Vec<f64> = edges.iter().map(|edge| f64::from(*edge as f32)).collect();
    let all: Vec<Option<usize>> = (0..10).map(|i: usize| Some(i.min(8))).collect();
    for options in [
        json!({"edges": edges, "squash": false, "include_outside": false}),
        json!({"bins": 9, "range": [0.1, 1.0], "squash": false, "include_outside": false}),
    ] {
        let summary = registry.build("hard", options).unwrap();
        let mut found = vec![None; 10];
        summary.bin(&[], &scores, &mut found);
        assert_eq!(found, all);
    }
}

/// With next to no smearing the share is 1 in the bin that counts.
#[test]
fn hard_bins_are_the_limit_of_soft_ones() {
    let registry = Registry::<dyn Summary>::load("summary").unwrap();
    let cases = [
        ("softmax", json!({"bins": 5, "temperature": 1e-9})),
        ("bkde", json!({"bins": 6, "include_outside": false, "squash": false, "bandwidth": 1e-9})),
        ("bkde", json!({"bins": 5, "train_edges": true, "bandwidth": 1e-9})),
        ("sigmoid_edges", json!({"bins": 4, "steepness": [1.0, 1e12]})),
        ("hard", json!({"bins": 6})),
        ("hard", json!({"edges": [-0.4, 0.1, 0.3, 1.7], "squash": false, "include_outside": false})),
        ("sigmoid_cut", json!({"slope": 1e12})),
        ("sigmoid_cut", json!({"slope": -1e12, "keep_rejected": true, "cut": 0.2})),
    ];
    for (name, options) in cases {
        let summary = registry.build(name, options).unwrap();
        let (n, bins) = (60, summary.bins());
        let scores = numbers(n * summary.outputs(), 0.9);
        let learnt: Vec<f64> =
            summary.start().iter().enumerate().map(|(i, x)| x + 0.3 * (i as f64).sin()).collect();
        let (mut shares, mut found) = (vec![0.0; n * bins], vec![None; n]);
        summary.assign(Stage { learnt: &learnt, progress: 1.0 }, &scores, &mut shares);
        summary.bin(&learnt, &scores, &mut found);
        for (row, bin) in shares.chunks_exact(bins).zip(&found) {
            let wanted = row.iter().position(|share| *share > 0.5);
            assert_eq!(*bin, wanted, "{name}: {row:?}");
        }
        let mut nothing = [Some(0)];
        summary.bin(&learnt, &vec![f64::NAN; summary.outputs()], &mut nothing);
        assert_eq!(nothing, [None], "{name}");
    }
}

#[test]
fn wrong_options_are_refused() {
    let registry = Registry::<dyn Summary>::load("summary").unwrap();
    let names: Vec<&str> = registry.iter().map(|plugin| plugin.name).collect();
    assert_eq!(names, ["bkde", "hard", "sigmoid_cut", "sigmoid_edges", "softmax"]);
    let wrong = [
        ("softmax", json!({"bins": 0})),
        ("softmax", json!({"bins": 1_000_000_000_000_u64})),
        ("bkde", json!({"bins": 1_000_000_000_000_u64})),
        ("sigmoid_edges", json!({"bins": 100_001})),
        ("hard", json!({"bins": 100_001})),
        ("softmax", json!({"temperature": 0.0})),
        ("softmax", json!({"temprature": 1.0})),
        ("bkde", json!({"bandwidth": -1.0})),
        ("bkde", json!({"range": [1.0, 0.0]})),
        ("bkde", json!({"bins": 0})),
        ("sigmoid_edges", json!({"steepness": [1.0, 0.0]})),
        ("sigmoid_cut", json!({"slope": 0.0})),
        ("hard", json!({"edges": [0.5]})),
        ("hard", json!({"edges": [0.0, 0.5, 0.5]})),
        ("hard", json!({"straight_through": {"bandwidth": 0.0}})),
        ("hard", json!({"straight_through": {}})),
    ];
    for (name, options) in wrong {
        assert!(registry.build(name, options.clone()).is_err(), "{name} {options}");
    }
}
