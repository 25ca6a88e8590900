//! A hundred random small trainings: the whole step's gradient, by all that is learnt, against differences.

use std::collections::BTreeSet;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde_json::{Value, json};
use zstat_core::fit::Fitter;
use zstat_core::scorer::Scorer;
use zstat_core::spec::{Analysis, BuildOptions};
use zstat_core::summary::{Stage, Summary, SummarySlopes};
use zstat_fitters::Newton;

use super::step::{At, Gradient, Learnt};
use super::{TrainFault, Trainer};
use crate::spec::{Plugins, Training};

/// Events of each process.
const EVENTS: usize = 60;
/// Trainings that are checked.
const TRAININGS: u64 = 100;
const AT: At = At { epoch: 0, step: 0, progress: 0.3 };

fn normal(random: &mut impl Rng) -> f64 {
    StandardNormal.sample(random)
}

fn pick<'a, T>(random: &mut impl Rng, of: &'a [T]) -> &'a T {
    &of[random.random_range(0..of.len())]
}

/// A process: generated, or a file with weights, one in eight of which is negative.
fn process(random: &mut ChaCha8Rng, features: usize, yield_: f64, file: Option<&std::path::Path>) -> Value {
    let Some(file) = file else {
        let columns: serde_json::Map<String, Value> = (0..features)
            .map(|x| {
                let mean = random.random_range(-1.0..1.0);
                let density = match random.random_range(0..3) {
                    0 => json!({"exponential": random.random_range(0.8..2.0)}),
                    _ => json!({"normal": [mean, random.random_range(0.5..1.5)]}),
                };
                (format!("x{x}"), density)
            })
            .collect();
        return json!({"yield": yield_, "generate": columns});
    };
    let shift: Vec<f64> = (0..features).map(|_| normal(random)).collect();
    let mut text = (0..features).map(|x| format!("x{x},")).collect::<String>() + "w\n";
    for event in 0..2 * EVENTS {
        let weight = random.random_range(0.5..1.5) * if event % 8 == 5 { -0.6 } else { 1.0 };
        let values: String = shift.iter().map(|shift| format!("{},", shift + normal(random))).collect();
        text += &format!("{values}{weight}\n");
    }
    std::fs::write(file, text).unwrap();
    json!({"yield": yield_, "files": file.file_name().unwrap().to_str().unwrap(), "weight": "w"})
}

/// A variation of a random kind.
fn variation(random: &mut ChaCha8Rng, features: usize, name: &str) -> Value {
    let column = format!("x{}", random.random_range(0..features));
    let by = random.random_range(0.02..0.2);
    let vary = match random.random_range(0..6) {
        0 => json!({"shift": {(column.clone()): by}}),
        1 => json!({"scale": {(column.clone()): 1.0 + by}}),
        2 => json!({"reweight": format!("1 + {by} * tanh({column})")}),
        3 => {
            json!({"shift": {"x0": -by}, "scale": {(column.clone()): 1.0 + by},
                "reweight": format!("exp({by} * tanh(x0))")})
        }
        4 => json!({"up": {"shift": {(column.clone()): by}}, "down": {}}),
        _ => json!({"up": {"events": "other"}, "down": {"scale": {(column.clone()): 1.0 - by}}}),
    };
    match random.random_range(0..4) {
        0 => {
            json!({"name": name, "type": "normsys", "vary": {"reweight": format!("1 + {by} * tanh({column})")}})
        }
        _ => json!({"name": name, "type": "histosys", "vary": vary}),
    }
}

fn modifiers(random: &mut ChaCha8Rng, features: usize, statistics: bool, has_norm: bool) -> Vec<Value> {
    let mut all = Vec::new();
    for name in ["a", "b", "c"] {
        if random.random_bool(0.4) {
            all.push(variation(random, features, name));
        }
    }
    if random.random_bool(0.5) {
        let size = random.random_range(0.02..0.2);
        all.push(json!({"name": "n", "type": "normsys", "lo": 1.0 - 0.8 * size, "hi": 1.0 + size}));
    }
    if has_norm {
        all.push(json!({"name": "norm", "type": "normfactor"}));
    }
    if statistics {
        all.push(json!({"name": "mc", "type": "staterror"}));
    }
    all
}

/// A summary, and the bins it has.
fn summary(random: &mut ChaCha8Rng) -> (Value, usize) {
    let bins = random.random_range(2..5);
    let (train, outside) = (random.random_bool(0.5), random.random_bool(0.5));
    let bandwidth = random.random_range(0.2..0.4);
    match random.random_range(0..6) {
        0 => (json!({"type": "softmax", "bins": bins, "temperature": random.random_range(0.5..1.5)}), bins),
        1 => (
            json!({"type": "bkde", "bins": bins, "bandwidth": bandwidth, "train_edges": train,
                "include_outside": outside}),
            bins,
        ),
        2 => (
            json!({"type": "bkde", "bins": bins, "bandwidth": 2.0 * bandwidth, "train_edges": train,
                "squash": false, "range": [-1.5, 1.5]}),
            bins,
        ),
        3 => (
            json!({"type": "sigmoid_edges", "bins": bins, "steepness": [6.0, 12.0], "train_edges": train}),
            bins,
        ),
        4 => {
            let keep = random.random_bool(0.7);
            (
                json!({"type": "sigmoid_cut", "slope": 1.5, "train_cut": train, "keep_rejected": keep}),
                if keep { 2 } else { 1 },
            )
        }
        _ => (json!({"type": "hard", "bins": bins, "straight_through": {"bandwidth": bandwidth}}), bins),
    }
}

/// One loss to three, with weights.
fn losses(random: &mut ChaCha8Rng, summary: &str) -> Value {
    let of_templates = [
        json!({"type": "inferno"}),
        json!({"type": "inferno", "mc_statistics": true, "form": "sigma"}),
        json!({"type": "inferno", "mc_statistics": false}),
        json!({"type": "generalised_variance", "parameters": ["mu"], "mc_statistics": true}),
        json!({"type": "generalised_variance"}),
        json!({"type": "discovery"}),
        json!({"type": "cls"}),
        json!({"type": "asimov", "background_uncertainty": 0.1}),
        json!({"type": "s_over_sqrt_b", "signal_in_error": true}),
        json!({"type": "minimum_background", "events": 90.0}),
        json!({"type": "mc_error", "at_most": 0.02}),
    ];
    let mut all = vec![pick(random, &of_templates).clone()];
    if random.random_bool(0.5) {
        all.push(pick(random, &of_templates).clone());
    }
    // Those of events need one score, and a gradient of their own.
    if !["softmax", "hard"].contains(&summary) && random.random_bool(0.5) {
        all.push(
            pick(random, &[json!({"type": "bce"}), json!({"type": "delta_z", "epsilon": 400.0})]).clone(),
        );
    }
    for loss in &mut all {
        loss["weight"] = json!(random.random_range(0.2..2.0));
    }
    Value::from(all)
}

fn analysis(random: &mut ChaCha8Rng, folder: &std::path::Path) -> Value {
    let features = random.random_range(1..5);
    let of_files = random.random_bool(0.3);
    let mut events = serde_json::Map::new();
    let statistics = random.random_bool(0.3);
    let (summary, bins) = summary(random);
    let kinds = random.random_range(1..4);
    let mut samples = Vec::new();
    for at in 0..=kinds {
        let (name, yield_) = match at {
            0 => ("signal".to_owned(), random.random_range(20.0..60.0)),
            at => (format!("b{at}"), random.random_range(60.0..200.0)),
        };
        let file = folder.join(format!("{name}.csv"));
        events.insert(name.clone(), process(random, features, yield_, of_files.then_some(file.as_path())));
        let has_norm = at == 1 && bins > 2 && random.random_bool(0.3);
        let statistics = statistics && random.random_bool(0.8);
        let mut modifiers = modifiers(random, features, statistics, has_norm);
        if at == 0 {
            modifiers.push(json!({"name": "mu", "type": "normfactor"}));
        }
        samples.push(json!({"name": name, "events": name, "modifiers": modifiers}));
    }
    let file = folder.join("other.csv");
    events.insert("other".to_owned(), process(random, features, 100.0, of_files.then_some(file.as_path())));
    let hidden: Vec<usize> = (0..random.random_range(0..3)).map(|_| random.random_range(2..7)).collect();
    let activation = *pick(random, &["relu", "tanh", "sigmoid"]);
    let mut spec = json!({
        "zstat": 1,
        "events": events,
        "workspace": {
            "channels": [{"name": "SR", "samples": samples}],
            "poi": "mu",
            "parameters": {"mu": {"init": random.random_range(0.5..2.0), "bounds": [0, 10]}},
        },
        "train": {
            "features": (0..features).map(|x| format!("x{x}")).collect::<Vec<_>>(),
            "network": {"type": "mlp", "hidden": hidden, "activation": activation},
            "loss": losses(random, summary["type"].as_str().unwrap()),
            "summary": summary,
            "events": EVENTS, "validation": 20, "batch": EVENTS, "epochs": 1, "seed": random.random_range(0..1000),
        },
        "evaluate": {"events": 500},
    });
    if of_files {
        // Numbers of events to generate have no effect.
        spec["evaluate"] = json!({});
        if let Some(train) = spec["train"].as_object_mut() {
            train.remove("validation");
        }
    }
    spec
}

/// What came of a training.
enum Outcome {
    /// Right; its summary, whether there are negative weights, and its losses.
    Right(String, bool, Vec<String>),
    /// A loss has no value for these events.
    NoValue(TrainFault),
    /// Differences of different steps do not agree: a kink is near.
    Kink,
}

/// The loss as a function of the scorer's parameters and of what the summary learns.
struct Step<'s, 'e> {
    trainer: &'s mut Trainer<'e>,
    scorer: Box<dyn Scorer>,
    picks: Vec<Vec<u32>>,
    /// Features and slopes by shares at the start, and the summary whose shares these are of: where derivatives are borrowed.
    borrowed: Option<(Vec<f32>, Vec<f64>, &'e dyn Summary)>,
}

impl Step<'_, '_> {
    fn value(&mut self, learnt: &[f64], gradient: Option<&mut Gradient>) -> Result<f64, TrainFault> {
        if let (Some((x, by_shares, smooth)), None) = (&self.borrowed, &gradient) {
            let outputs = self.scorer.outputs();
            let mut out = vec![0.0; by_shares.len() / smooth.bins() * outputs];
            self.scorer.forward(x, &mut out);
            let scores: Vec<f64> = out.iter().map(|z| f64::from(*z)).collect();
            let mut shares = vec![0.0; by_shares.len()];
            smooth.assign(Stage { learnt, progress: AT.progress }, &scores, &mut shares);
            return Ok(shares.iter().zip(by_shares).map(|(share, slope)| share * slope).sum());
        }
        let mut now = Learnt { scorer: self.scorer.as_mut(), summary: learnt };
        let (engine, events) = self.trainer.parts();
        Ok(engine.evaluate(&mut now, AT, (events, &self.picks), gradient)?.total)
    }

    /// The slope along a direction of the parameters by differences with steps of a size and of twice that, and their doubt: how far
    /// both are apart, or how far the slopes of both sides are where the steps end (a kink, where they do not come together).
    fn slope(&mut self, learnt: &[f64], direction: &[f32], step: f32) -> Result<[f64; 2], TrainFault> {
        let start = self.scorer.parameters().to_vec();
        let length = direction.iter().map(|d| f64::from(*d).powi(2)).sum::<f64>();
        let h = step / (length as f32).sqrt();
        let mut found = [[0.0; 2]; 5];
        for (found, factor) in found.iter_mut().zip([-2.0, -1.0, 0.0, 1.0, 2.0]) {
            let moved = self.scorer.parameters_mut().iter_mut().zip(&start);
            moved.zip(direction).for_each(|((p, start), d)| *p = start + factor * h * d);
            // The step that is left after rounding, along the direction.
            let moved = self.scorer.parameters().iter().zip(&start).zip(direction);
            let step: f64 = moved.map(|((p, s), d)| (f64::from(*p) - f64::from(*s)) * f64::from(*d)).sum();
            let value = self.value(learnt, None);
            self.scorer.parameters_mut().copy_from_slice(&start);
            *found = [value?, step / length];
        }
        let slope =
            |from: usize, to: usize| (found[to][0] - found[from][0]) / (found[to][1] - found[from][1]);
        let (near, far) = (slope(1, 3), slope(0, 4));
        // Of a smooth function both are of the size of the steps.
        let jump = 2.0 * (slope(2, 3) - slope(1, 2)) - (slope(2, 4) - slope(0, 2));
        Ok([(4.0 * near - far) / 3.0, (near - far).abs().max(jump.abs())])
    }
}

/// Relative to the largest derivative, differences agree to this; and where they do not agree with one another to that, they tell
/// nothing. Scores are single precision.
const TOLERANCE: f64 = 4e-3;
const STEADY: f64 = 2e-2;

fn check(random: &mut ChaCha8Rng, linked: &Plugins, fitter: &dyn Fitter, options: &BuildOptions) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let spec = analysis(random, folder.path());
    let analysis: Analysis = serde_json::from_value(spec.clone()).unwrap();
    let training = Training::read(&analysis, linked).map_err(|faults| format!("{faults:?} {spec}")).unwrap();
    let mut trainer = match Trainer::new(&training, options, fitter, folder.path(), 7) {
        Ok(trainer) => trainer,
        Err(fault) => panic!("{fault:?}: {spec}"),
    };
    let (mut scorer, mut learnt) = trainer.start().unwrap();
    scorer.parameters_mut().iter_mut().for_each(|p| *p += 0.4 * normal(random) as f32);
    learnt.iter_mut().for_each(|x| *x += 0.2 * normal(random));
    let counts = trainer.parts().1.weights.iter().map(|weights| weights.len() as u32);
    let picks = counts.collect::<Vec<_>>().into_iter().map(|n| (0..n).collect()).collect();
    let mut step = Step { trainer: &mut trainer, scorer, picks, borrowed: None };
    let mut gradient = Gradient::default();
    if let Err(fault) = step.value(&learnt, Some(&mut gradient)) {
        return Outcome::NoValue(fault);
    }
    if let SummarySlopes::Of(smooth) = training.summary.slopes() {
        let (x, by_shares) = step.trainer.parts().0.last();
        step.borrowed = Some((x, by_shares, smooth));
    }
    let largest =
        gradient.scorer.iter().chain(&gradient.summary).fold(1e-3_f64, |largest, g| largest.max(g.abs()));
    let n = gradient.scorer.len();
    let unit = |at: usize| (0..n).map(|i| if i == at { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
    let mut directions: Vec<Vec<f32>> = (0..5).map(|_| unit(random.random_range(0..n))).collect();
    directions.push((0..n).map(|_| normal(random) as f32).collect());
    // Fewer events change sides of a kink in a smaller step, and rounding is seen more.
    let size_of_step = if spec["train"]["network"]["activation"] == "relu" { 1e-3 } else { 4e-3 };
    let mut steady = true;
    for direction in &directions {
        let exact: f64 = gradient.scorer.iter().zip(direction).map(|(g, d)| g * f64::from(*d)).sum();
        let size = largest * direction.iter().map(|d| f64::from(*d).powi(2)).sum::<f64>().sqrt();
        match step.slope(&learnt, direction, size_of_step) {
            Err(fault) => return Outcome::NoValue(fault),
            Ok([_, doubt]) if doubt > STEADY * size => steady = false,
            Ok([numeric, doubt]) => assert!(
                (numeric - exact).abs() < TOLERANCE * size + 0.6 * doubt,
                "along {direction:?}: {numeric} ± {doubt}, gradient {exact} of {largest}: {spec}"
            ),
        }
    }
    for at in 0..learnt.len() {
        let start = learnt[at];
        let mut moved = |h: f64| {
            learnt[at] = start + h;
            let value = step.value(&learnt, None);
            learnt[at] = start;
            value
        };
        let (Ok(up), Ok(down)) = (moved(1e-4), moved(-1e-4)) else { return Outcome::Kink };
        let (numeric, exact) = ((up - down) / 2e-4, gradient.summary[at]);
        assert!((numeric - exact).abs() < 1e-4 * largest, "learnt {at}: {numeric}, {exact}: {spec}");
    }
    if !steady {
        return Outcome::Kink;
    }
    let summary = spec["train"]["summary"]["type"].as_str().unwrap().to_owned();
    let is_negative =
        step.trainer.parts().1.weights.iter().flat_map(|of| of.iter()).any(|weight| *weight < 0.0);
    Outcome::Right(summary, is_negative, training.losses.iter().map(|(loss, _)| loss.name.clone()).collect())
}

/// Trainings whose loss has no value, or that stand at a kink, are drawn again; they must be few.
#[test]
fn a_hundred_random_small_trainings() {
    let (linked, fitter) = (Plugins::load().unwrap(), Newton::default());
    let mut options = BuildOptions::default();
    options.interpolation.histosys = Some("code4p".parse().unwrap());
    let (mut right, mut no_value, mut kinks) = (0, Vec::new(), 0);
    let (mut summaries, mut losses) = (BTreeSet::new(), BTreeSet::new());
    let mut seed = 0;
    while right < TRAININGS {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        match check(&mut random, &linked, &fitter, &options) {
            Outcome::Right(summary, is_negative, of) => {
                right += 1;
                summaries.insert((summary, is_negative));
                losses.extend(of);
            }
            Outcome::NoValue(fault) => no_value.push(format!("{seed}: {fault}")),
            Outcome::Kink => kinks += 1,
        }
        seed += 1;
        assert!(no_value.len() <= 10 && kinks <= 5, "{right} right, {kinks} kinks, {no_value:#?}");
    }
    // Every summary, with negative weights and without, and every loss.
    assert_eq!(summaries.len(), 2 * linked.summaries.iter().count(), "{summaries:?}");
    assert_eq!(losses.len(), linked.losses.iter().count(), "{losses:?}");
}
