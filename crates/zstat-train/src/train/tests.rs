//! The whole way of a step, and of a training, against differences and against itself.

use serde_json::{Value, json};
use zstat_core::spec::{Analysis, BuildOptions};
use zstat_fitters::Newton;

use super::fit::Saved;
use super::step::{At, Gradient, Learnt};
use super::*;
use crate::events::Purpose;
use crate::spec::{Plugins, Training};

fn analysis(network: Value, summary: Value, loss: Value) -> Analysis {
    serde_json::from_value(json!({
        "zstat": 1,
        "events": {
            "signal": {"yield": 40, "generate": {"m": {"normal": [1.2, 0.4]}, "p": {"exponential": 2.0}}},
            "background": {"yield": 500, "generate": {"m": {"exponential": 1.0}, "p": {"exponential": 3.0}}},
        },
        "workspace": {
            "channels": [{"name": "SR", "samples": [
                {"name": "s", "events": "signal", "modifiers": [{"name": "mu", "type": "normfactor"},
                    {"name": "e", "type": "histosys", "vary": {"scale": {"m": 1.1}}}]},
                {"name": "b", "events": "background", "modifiers": [
                    {"name": "e", "type": "histosys", "vary": {"scale": {"m": 1.1}, "shift": {"p": 0.05}}},
                    {"name": "w", "type": "histosys", "vary": {"reweight": "1 + 0.2 * m"}},
                    {"name": "n", "type": "normsys", "lo": 0.9, "hi": 1.1}]}]}],
            "poi": "mu",
            "parameters": {"mu": {"init": 1, "bounds": [0, 10]}},
        },
        "train": {"network": network, "summary": summary, "loss": loss, "optimiser": {"type": "sgd", "learning_rate": 0.01},
            "events": 400, "validation": 200, "batch": 100, "epochs": 3, "seed": 3},
        "evaluate": {"events": 2000},
    }))
    .unwrap()
}

fn training(analysis: &Analysis) -> Training {
    Training::read(analysis, &Plugins::load().unwrap()).map_err(|faults| format!("{faults:?}")).unwrap()
}

fn options() -> BuildOptions {
    let mut options = BuildOptions::default();
    options.interpolation.histosys = Some("code4p".parse().unwrap());
    options
}

const LINEAR: &str = "linear";

/// Derivatives by everything that is learnt, of losses of events and of templates, against differences in double steps.
#[test]
fn gradients_are_differences() {
    let bkde = json!({"type": "bkde", "bins": 4, "bandwidth": 0.3, "range": [-2, 2], "train_edges": true});
    let softmax = json!({"type": "softmax", "bins": 3, "temperature": 0.7});
    let cases = [
        (softmax.clone(), json!({"type": "inferno"})),
        (softmax.clone(), json!([{"type": "discovery"}, {"type": "asimov", "weight": 0.3}])),
        (softmax, json!({"type": "cls"})),
        (bkde.clone(), json!([{"type": "bce"}, {"type": "inferno", "weight": 2.0}])),
        (bkde, json!({"type": "generalised_variance"})),
    ];
    for (summary, loss) in cases {
        let analysis = analysis(json!(LINEAR), summary.clone(), loss.clone());
        let training = training(&analysis);
        let newton = Newton::default();
        let mut trainer = Trainer::new(&training, &options(), &newton, std::path::Path::new(""), 3).unwrap();
        let (mut scorer, mut learnt) = trainer.start().unwrap();
        let at = At { epoch: 0, step: 0, progress: 0.5 };
        let picks = vec![(0..400).collect::<Vec<u32>>(); 2];
        let mut gradient = Gradient::default();
        let mut value =
            |scorer: &mut dyn zstat_core::scorer::Scorer, learnt: &[f64], gradient: Option<&mut Gradient>| {
                let mut now = Learnt { scorer, summary: learnt };
                let (engine, events) = trainer.parts();
                engine.evaluate(&mut now, at, (events, &picks), gradient).unwrap().total
            };
        value(scorer.as_mut(), &learnt, Some(&mut gradient));
        let close = |numeric: f64, exact: f64, what: &str| {
            let scale = gradient.scorer.iter().fold(1e-3_f64, |largest, g| largest.max(g.abs()));
            assert!((numeric - exact).abs() < 2e-3 * scale, "{summary} {loss} {what}: {numeric}, {exact}");
        };
        for i in 0..scorer.parameters().len() {
            let start = scorer.parameters()[i];
            let mut at = |step: f32| {
                scorer.parameters_mut()[i] = start + step;
                let found = value(scorer.as_mut(), &learnt, None);
                (found, f64::from(scorer.parameters()[i]))
            };
            let h = 4e-3;
            let ((a, x), (b, y)) = (at(-h), at(h));
            let ((c, u), (d, v)) = (at(-2.0 * h), at(2.0 * h));
            scorer.parameters_mut()[i] = start;
            // Richardson: the error of h² is gone.
            let numeric = (4.0 * (b - a) / (y - x) - (d - c) / (v - u)) / 3.0;
            close(numeric, gradient.scorer[i], &format!("parameter {i}"));
        }
        for i in 0..learnt.len() {
            let start = learnt[i];
            let mut at = |step: f64| {
                learnt[i] = start + step;
                value(scorer.as_mut(), &learnt, None)
            };
            let numeric = (at(1e-4) - at(-1e-4)) / 2e-4;
            learnt[i] = start;
            close(numeric, gradient.summary[i], &format!("edge {i}"));
        }
    }
}

fn run(training: &Training, from: Option<Saved>, stop: Option<u32>) -> (Vec<u32>, Vec<Saved>) {
    let newton = Newton::default();
    let mut trainer = Trainer::new(training, &options(), &newton, std::path::Path::new(""), 3).unwrap();
    let mut states = Vec::new();
    let fitted = trainer.run(from, &mut |progress, state| {
        states.push(state.clone());
        Some(progress.epochs) != stop
    });
    let bits = fitted.map(|fitted| fitted.scorer.parameters().iter().map(|p| p.to_bits()).collect());
    (bits.unwrap_or_default(), states)
}

/// The same bits on one thread and on several, and when it is interrupted after any epoch.
#[test]
fn the_same_bits_always() {
    let network = json!({"type": "mlp", "hidden": [8], "activation": "tanh"});
    let analysis = analysis(
        network,
        json!({"type": "softmax", "bins": 3, "temperature": 0.5}),
        json!({"type": "discovery"}),
    );
    let training = training(&analysis);
    let (whole, states) = run(&training, None, None);
    assert_eq!((states.len(), whole.is_empty()), (3, false));
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| run(&training, None, None)).0, whole, "{threads} threads");
    }
    for stop in 1..3 {
        let (_, mut before) = run(&training, None, Some(stop));
        let (resumed, _) = run(&training, before.pop(), None);
        assert_eq!(resumed, whole, "after epoch {stop}");
    }
}

/// The error of the unbinned limit is how far it scatters from one set of events to another.
#[test]
fn the_unbinned_limit_tells_its_error() {
    let mut analysis =
        analysis(json!("linear"), json!({"type": "softmax", "bins": 2}), json!({"type": "inferno"}));
    analysis.evaluate = Some(json!({"events": 1000}));
    let mut training = training(&analysis);
    for sample in &mut training.samples {
        sample.variations.retain(|variation| variation.name != "w");
        sample.variations.iter_mut().flat_map(|v| &mut v.effects).for_each(|effect| effect.shift.clear());
    }
    let newton = Newton::default();
    let limits = (0..40).map(|seed| {
        let trainer = Trainer::new(&training, &options(), &newton, std::path::Path::new(""), seed).unwrap();
        trainer.limits(&options()).unwrap()[0].clone().unwrap()
    });
    let limits: Vec<Metric> = limits.collect();
    let n = limits.len() as f64;
    let mean = limits.iter().map(|limit| limit.value).sum::<f64>() / n;
    let scatter = (limits.iter().map(|limit| (limit.value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let told = limits.iter().map(|limit| limit.error.unwrap()).sum::<f64>() / n;
    // The scatter of forty is known to 11 %, an error from ten parts to 24 %, their mean to 4 %.
    assert!((told / scatter - 1.0).abs() < 0.4, "told {told}, seen {scatter}");
}

/// The result's σ is that of the fit of the workspace it leaves, and no better than the events themselves allow.
#[test]
fn the_result_is_what_a_fit_gives() {
    let network = json!({"type": "mlp", "hidden": [8], "activation": "tanh"});
    let analysis = analysis(
        network,
        json!({"type": "softmax", "bins": 4, "temperature": 0.5}),
        json!({"type": "inferno"}),
    );
    let mut training = training(&analysis);
    // A variation by weights has no density that is known, and a shift moves the edge of an exponential.
    for sample in &mut training.samples {
        sample.variations.retain(|variation| variation.name != "w");
    }
    {
        let newton = Newton::default();
        let trainer = Trainer::new(&training, &options(), &newton, std::path::Path::new(""), 3).unwrap();
        let why = trainer.limits(&options()).unwrap()[0].clone().unwrap_err();
        assert!(why.contains("the density of `p` has an edge"), "{why}");
    }
    for sample in &mut training.samples {
        sample.variations.iter_mut().flat_map(|v| &mut v.effects).for_each(|effect| effect.shift.clear());
    }
    let newton = Newton::default();
    let mut trainer = Trainer::new(&training, &options(), &newton, std::path::Path::new(""), 3).unwrap();
    let mut fitted = trainer.run(None, &mut |_, _| true).unwrap();
    let found = evaluate(&mut trainer, fitted.scorer.as_mut(), &fitted.learnt, &mut |_, _| true).unwrap();
    let made = workspace(&trainer, &found, &options()).unwrap();
    let metrics = trainer.metrics(&found, &options(), &newton).unwrap();
    let sigma = metrics[0].values.iter().find(|(name, _)| *name == "sigma_poi").unwrap().1.clone().unwrap();
    let limit = trainer.limits(&options()).unwrap()[0].clone().unwrap();
    assert!(limit.value < sigma.value, "{limit:?}, {sigma:?}");
    let model = zstat_core::model::Model::build(&made, &options()).unwrap();
    let observed: Vec<f64> =
        model.channels().iter().flat_map(|c| made.observations[&c.name].clone()).collect();
    let mut nll = zstat_core::likelihood::Nll::new(&model, model.data(observed));
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let options =
        zstat_core::fit::FitOptions { start: model.init(), fixed, minos: vec![], multi_start: 1, seed: 1 };
    let fit = zstat_core::fit::run(&mut nll, &newton, &options);
    let mu = fit.parameters.iter().find(|p| p.name == "mu").unwrap();
    assert!((mu.uncertainty.unwrap() - sigma.value).abs() < 1e-6 * sigma.value, "{mu:?}, {sigma:?}");
    let total: f64 = made.channels[0].samples[1].data.iter().sum();
    assert!((total - 500.0).abs() < 1e-9, "softmax leaves out no event: {total}");
}

/// Other events that are a variation are none that losses of single events train on.
#[test]
fn other_events_are_not_nominal() {
    let mut analysis =
        analysis(json!(LINEAR), json!({"type": "bkde"}), json!([{"type": "bce"}, {"type": "inferno"}]));
    let events = analysis.events.as_mut().unwrap();
    events["other"] = events["background"].clone();
    let vary = json!({"name": "o", "type": "histosys", "vary": {"up": {"events": "other"}, "down": {}}});
    let background = &mut analysis.workspace.channels[0].samples[1];
    background.modifiers.insert(0, serde_json::from_value(vary).unwrap());
    analysis.workspace.channels[0].samples[0].modifiers.retain(|modifier| modifier.vary.is_none());
    let training = training(&analysis);
    let newton = Newton::default();
    let mut trainer = Trainer::new(&training, &options(), &newton, std::path::Path::new(""), 3).unwrap();
    let (engine, _) = trainer.parts();
    let processes: Vec<usize> = engine.passes.iter().map(|pass| pass.process).collect();
    assert_eq!((engine.nominal(), &processes[..3]), (2, &[0, 1, 2][..]));
}

/// A staterror without errors gets those of the events of the result; the loss with its γ in closed form is σ of that result, and
/// training on as many events as the result has sees what the result will have.
#[test]
fn the_result_has_the_statistics_of_its_events() {
    let mut analysis = analysis(
        json!(LINEAR),
        json!({"type": "hard", "edges": [-1.5, 0, 1.5], "squash": false, "straight_through": {"bandwidth": 0.3}}),
        json!({"type": "inferno"}),
    );
    for sample in &mut analysis.workspace.channels[0].samples {
        sample.modifiers.push(serde_json::from_value(json!({"name": "mc", "type": "staterror"})).unwrap());
        // Factors of a normsys are of training events, and not the same.
        sample.modifiers.retain(|modifier| modifier.name != "w");
    }
    let training = training(&analysis);
    assert!(training.samples.iter().all(|sample| sample.statistics.len() == 1));
    let newton = Newton::default();
    let mut trainer = Trainer::new(&training, &options(), &newton, std::path::Path::new(""), 3).unwrap();
    let (mut scorer, learnt) = trainer.start().unwrap();
    let found = evaluate(&mut trainer, scorer.as_mut(), &learnt, &mut |_, _| true).unwrap();
    let made = workspace(&trainer, &found, &options()).unwrap();
    let text = serde_json::to_value(&made).unwrap();
    for (at, (yield_, n)) in [(40.0, 2000.0), (500.0, 2000.0_f64)].into_iter().enumerate() {
        let sample = &text["channels"][0]["samples"][at];
        let modifiers = sample["modifiers"].as_array().unwrap();
        let errors = modifiers.iter().find(|modifier| modifier["name"] == "mc").unwrap()["errors"].clone();
        for (error, events) in errors.as_array().unwrap().iter().zip(sample["data"].as_array().unwrap()) {
            // k events of the same weight have the error weight √k.
            let weight: f64 = yield_ / n;
            let wanted = (weight * events.as_f64().unwrap()).sqrt();
            assert!((error.as_f64().unwrap() - wanted).abs() < 1e-9 * wanted, "{error}, {wanted}");
        }
    }
    // The step on the very events of the result: yields, variances and so the loss are the result's.
    let metrics = trainer.metrics(&found, &options(), &newton).unwrap();
    let sigma = metrics[0].values.iter().find(|(name, _)| *name == "sigma_poi").unwrap().1.clone().unwrap();
    let events = trainer
        .kitchen
        .events(
            &trainer.engine.passes,
            &trainer.sources,
            &trainer.standardiser,
            (Purpose::Evaluation, &|n| 0..n),
        )
        .unwrap();
    let picks = vec![(0..2000).collect::<Vec<u32>>(); 2];
    let mut now = Learnt { scorer: scorer.as_mut(), summary: &learnt };
    let at = At { epoch: 0, step: 0, progress: 1.0 };
    let value = trainer.engine.evaluate(&mut now, at, (&events, &picks), None).unwrap().total;
    assert!((value - 2.0 * sigma.value.ln()).abs() < 1e-9, "{value}, {sigma:?}");
    // A quarter of the events has four times the variance, and sees the same once it is scaled.
    let picks = vec![(0..500).collect::<Vec<u32>>(); 2];
    let quarter = trainer.engine.evaluate(&mut now, at, (&events, &picks), None).unwrap().total;
    assert!((quarter - value).abs() < 0.2, "{quarter}, {value}");
}

#[test]
fn faults_are_all_told() {
    let mut analysis = analysis(
        json!({"hiden": [8]}),
        json!({"type": "softmx"}),
        json!({"type": "inferno", "from": 2, "until": 1}),
    );
    analysis.workspace.channels[0].samples[0].events = Some("signl".to_owned());
    let faults = Training::read(&analysis, &Plugins::load().unwrap()).err().unwrap();
    let text: Vec<String> =
        faults.iter().map(|fault| format!("{}: {} {:?}", fault.pointer, fault.message, fault.help)).collect();
    let text = text.join("\n");
    for part in ["/train/network/hiden", "hidden", "softmx", "softmax", "signl", "signal"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
