//! Losses of templates: differences in every template, fits, and closed forms.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;
use zstat_core::fit::{FitOptions, run};
use zstat_core::likelihood::Nll;
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes, TemplateLoss};
use zstat_core::model::{Model, Templates};
use zstat_core::normal::upper_tail;
use zstat_core::plugin::Registry;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::Newton;
use zstat_losses::significance::asimov_relative;
use zstat_losses::{
    Asimov, AsimovOptions, Cls, Discovery, Form, GeneralisedVariance, Inferno, InfernoOptions, Width,
};

/// Two channels; free, constrained and shared nuisance parameters; factors, shapes, γ of a sample and of a bin.
const WORKSPACE: &str = r#"{
    "channels": [
        {"name": "SR", "samples": [
            {"name": "signal", "data": [2.0, 6.0, 9.0], "modifiers": [
                {"name": "mu", "type": "normfactor"},
                {"name": "scale", "type": "histosys", "lo": [2.5, 6.2, 8.0], "hi": [1.6, 5.7, 9.9]}]},
            {"name": "background", "data": [60.0, 30.0, 11.0], "modifiers": [
                {"name": "scale", "type": "histosys", "lo": [64.0, 28.0, 10.0], "hi": [57.0, 33.0, 12.5]},
                {"name": "tune", "type": "histosys", "lo": [55.0, 31.0, 13.0], "hi": [66.0, 29.5, 9.0]},
                {"name": "norm", "type": "normfactor"},
                {"name": "xsec", "type": "normsys", "lo": 0.9, "hi": 1.15}]},
            {"name": "other", "data": [5.0, 4.0, 3.0], "modifiers": [
                {"name": "fakes", "type": "shapesys", "errors": [1.0, 0.8, 0.9]}]}]},
        {"name": "CR", "samples": [
            {"name": "background", "data": [200.0, 120.0], "modifiers": [
                {"name": "norm", "type": "normfactor"},
                {"name": "tune", "type": "histosys", "lo": [190.0, 124.0], "hi": [212.0, 115.0]}]}]}],
    "observations": {"SR": [70, 40, 20], "CR": [200, 120]},
    "poi": "mu"
}"#;

fn model(text: &str) -> Model {
    let workspace: Workspace = serde_json::from_str(text).unwrap();
    Model::build(&workspace, &BuildOptions::default()).unwrap()
}

struct Point {
    theta: Vec<f64>,
    fixed: Vec<bool>,
    poi: usize,
    variances: Vec<f64>,
    gammas: Vec<bool>,
    newton: Newton,
}

impl Point {
    fn of(model: &Model) -> Self {
        let fixed = model.parameters().iter().map(|p| p.fixed).collect();
        let (theta, poi) = (model.init(), model.poi()[0].0);
        Self { theta, fixed, poi, variances: Vec::new(), gammas: Vec::new(), newton: Newton::default() }
    }

    /// With variances of all nominal yields, relative errors of 10 % to 20 %.
    fn with_variances(model: &Model) -> Self {
        let nominal = model.templates().nominal.iter().enumerate();
        let variances = nominal.map(|(at, n)| n * n * (0.01 + 0.01 * (at % 4) as f64)).collect();
        Self { variances, ..Self::of(model) }
    }

    fn batch<'a>(&'a self, model: &'a Model) -> Binned<'a> {
        Binned {
            model,
            variances: &self.variances,
            gammas: &self.gammas,
            point: &self.theta,
            fixed: &self.fixed,
            poi: self.poi,
            fitter: &self.newton,
        }
    }
}

fn evaluate(loss: &dyn TemplateLoss, model: &Model, point: &Point) -> Result<(f64, Slopes), LossError> {
    let batch = point.batch(model);
    let mut gradient = Slopes::of(&batch);
    gradient.iter_mut().for_each(|slope| *slope = f64::NAN);
    loss.evaluate(&batch, &mut gradient).map(|value| (value, gradient))
}

/// Every linked template loss, with options.
fn losses() -> Vec<(String, Box<dyn Loss>)> {
    let registry = Registry::<dyn Loss>::load("loss").unwrap();
    let build = |(name, options): (&str, serde_json::Value)| {
        (format!("{name} {options}"), registry.build(name, options).unwrap())
    };
    let cases = [
        ("inferno", json!({})),
        ("inferno", json!({"parameter": "norm", "form": "sigma"})),
        ("inferno", json!({"parameter": "tune", "form": "variance"})),
        ("inferno", json!({"mc_statistics": true, "form": "sigma"})),
        ("generalised_variance", json!({})),
        ("generalised_variance", json!({"mc_statistics": true})),
        ("minimum_background", json!({"events": 40.0})),
        ("mc_error", json!({"at_most": 0.11})),
        ("generalised_variance", json!({"parameters": ["norm", "mu"]})),
        ("discovery", json!({})),
        ("discovery", json!({"form": "root"})),
        ("cls", json!({})),
        ("cls", json!({"form": "log_cls"})),
        ("cls", json!({"form": "cls"})),
        ("cls", json!({"form": "inverse"})),
        ("asimov", json!({"background_uncertainty": 0.1})),
        ("asimov", json!({"form": "negative"})),
        ("s_over_sqrt_b", json!({})),
        ("s_over_sqrt_b", json!({"signal_in_error": true, "form": "inverse"})),
    ];
    cases.into_iter().map(build).collect()
}

#[test]
fn gradients_are_differences() {
    let mut model = model(WORKSPACE);
    let mut point = Point::with_variances(&model);
    let templates = model.templates().clone();
    let n = templates.nominal.len();
    let (known, none) = ((0..n).map(|at| at % 3 != 0).collect::<Vec<_>>(), Vec::new());
    for (signal, gammas) in [(1.0, &none), (1.7, &known)] {
        point.theta[point.poi] = signal;
        point.gammas.clone_from(gammas);
        for (name, loss) in losses() {
            let Level::Templates(loss) = loss.level() else { panic!("{name}") };
            let (_, gradient) = evaluate(loss, &model, &point).unwrap();
            let all = n + templates.shifts.len();
            let found: Vec<f64> = gradient.iter().copied().collect();
            let of_templates = found[..all].iter().fold(0.0_f64, |m, g| m.max(g.abs()));
            let of_variances = found[all..].iter().fold(0.0_f64, |m, g| m.max(g.abs()));
            assert!(of_templates > 0.0, "{name}");
            let sees = name.contains("statistics") || name.contains("mc_error");
            let sees =
                sees || gammas.contains(&true) && (name.contains("inferno") || name.contains("general"));
            assert_eq!(of_variances > 0.0, sees, "{name}");
            for (at, &exact) in found.iter().enumerate() {
                let mut moved = |step: f64| {
                    let (mut templates, mut variances) = (templates.clone(), point.variances.clone());
                    let shifts = templates.shifts.iter_mut();
                    let mut entries = templates.nominal.iter_mut().chain(shifts).chain(&mut variances);
                    *entries.nth(at).unwrap() += step;
                    model.set_templates(templates);
                    let before = std::mem::replace(&mut point.variances, variances);
                    let value = evaluate(loss, &model, &point).unwrap().0;
                    point.variances = before;
                    value
                };
                let h = 1e-4;
                let numeric =
                    (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
                // The difference of values has their rounding.
                let bound = 2e-7 * if at < all { of_templates } else { of_variances } + 1e-11;
                assert!((exact - numeric).abs() < bound, "{name}, entry {at}: {exact}, {numeric}");
            }
            model.set_templates(templates.clone());
        }
    }
}

/// The variance is that of a fit to Asimov data, with everything profiled.
#[test]
fn the_variance_is_that_of_the_fit() {
    let model = model(WORKSPACE);
    let point = Point::of(&model);
    let mut data = model.data(vec![0.0; model.n_bins()]);
    data.main = Nll::new(&model, data.clone()).expected(&point.theta).to_vec();
    let options = FitOptions {
        start: point.theta.clone(),
        fixed: point.fixed.clone(),
        minos: vec![],
        multi_start: 1,
        seed: 1,
    };
    let fit = run(&mut Nll::new(&model, data), &point.newton, &options);
    let sigma = fit.parameters[point.poi].uncertainty.unwrap();
    let (ln_variance, _) = evaluate(&Inferno::default(), &model, &point).unwrap();
    assert!((ln_variance - 2.0 * sigma.ln()).abs() < 1e-10);
    // ln det of the covariance of all parameters.
    let v = fit.covariance.unwrap().matrix;
    let ln_det = nalgebra::DMatrix::from_fn(v.len(), v.len(), |i, j| v[i][j]).determinant().ln();
    let (found, _) = evaluate(&GeneralisedVariance::default(), &model, &point).unwrap();
    assert!((found - ln_det).abs() < 1e-9 * ln_det.abs(), "{found}, {ln_det}");
}

/// σ of the parameter of interest from a fit to Asimov data.
fn fitted(model: &Model, theta: &[f64], fixed: &[bool], poi: usize) -> f64 {
    let mut data = model.data(vec![0.0; model.n_bins()]);
    data.main = Nll::new(model, data.clone()).expected(theta).to_vec();
    let (start, fixed) = (theta.to_vec(), fixed.to_vec());
    let options = FitOptions { start, fixed, minos: vec![], multi_start: 1, seed: 1 };
    let fit = run(&mut Nll::new(model, data), &Newton::default(), &options);
    fit.parameters[poi].uncertainty.unwrap()
}

/// γ of the simulation's statistics in closed form are those of a model that has them as parameters: one a bin for all samples,
/// one a bin and sample (whatever factors the samples have), and one for some of the samples.
#[test]
fn gammas_in_closed_form_are_those_of_the_fit() {
    let plain = model(WORKSPACE);
    let mut point = Point::with_variances(&plain);
    let places = plain.template_places();
    let own = |_: usize, sample: &str| Some(format!("mc_{sample}"));
    let shared = |_: usize, _: &str| Some("mc".to_owned());
    let some = |channel: usize, sample: &str| (channel == 0 && sample != "other").then(|| "mc".to_owned());
    type Names<'a> = &'a dyn Fn(usize, &str) -> Option<String>;
    let cases: [(Names<'_>, f64, bool); 4] =
        [(&shared, 1.0, true), (&own, 1.0, true), (&own, 2.3, true), (&some, 1.0, false)];
    for (names, signal, all) in cases {
        let mut workspace: Workspace = serde_json::from_str(WORKSPACE).unwrap();
        point.theta[point.poi] = signal;
        point.gammas = vec![false; point.variances.len()];
        for place in &places {
            let channel = &plain.channels()[place.channel];
            let of = workspace.channels.iter_mut().find(|of| of.name == channel.name).unwrap();
            let name = &channel.samples[place.sample];
            let sample = of.samples.iter_mut().find(|sample| sample.name == *name).unwrap();
            let Some(gamma) = names(place.channel, name) else { continue };
            point.gammas[place.nominal.clone()].fill(true);
            let errors: Vec<f64> = point.variances[place.nominal.clone()].iter().map(|v| v.sqrt()).collect();
            let name = format!("{gamma}_{}", channel.name);
            sample.modifiers.push(
                serde_json::from_value(json!({"name": name, "type": "staterror", "errors": errors})).unwrap(),
            );
        }
        let with = Model::build(&workspace, &BuildOptions::default()).unwrap();
        let (mut theta, poi) = (with.init(), with.poi()[0].0);
        theta[poi] = signal;
        let fixed: Vec<bool> = with.parameters().iter().map(|p| p.fixed).collect();
        let sigma = fitted(&with, &theta, &fixed, poi);
        let without = fitted(&plain, &point.theta, &point.fixed, point.poi);
        assert!(sigma > 1.01 * without, "{sigma}, {without}");
        let of = |mc_statistics| {
            let loss = Inferno {
                options: InfernoOptions { mc_statistics, form: Width::Sigma, ..Default::default() },
            };
            evaluate(&loss, &plain, &point).unwrap().0
        };
        assert!((of(None) - sigma).abs() < 1e-9 * sigma, "{} {sigma}", of(None));
        assert!((of(Some(false)) - without).abs() < 1e-9 * without);
        assert_eq!((of(Some(true)) - sigma).abs() < 1e-9 * sigma, all, "{signal}");
    }
    // Without variances it says so.
    let options = InfernoOptions { mc_statistics: Some(true), ..InfernoOptions::default() };
    let error = evaluate(&Inferno { options }, &plain, &Point::of(&plain)).unwrap_err();
    assert!(error.to_string().contains("needs the variances"), "{error}");
}

#[test]
fn penalties_are_their_closed_forms() {
    let model = model(WORKSPACE);
    let mut point = Point::with_variances(&model);
    point.theta[point.poi] = 3.0;
    // SR without signal: 65, 34, 14; CR 200, 120.
    let of = |name: &str, options: serde_json::Value| {
        let registry = Registry::<dyn Loss>::load("loss").unwrap();
        let loss = registry.build(name, options).unwrap();
        let Level::Templates(loss) = loss.level() else { panic!("{name}") };
        evaluate(loss, &model, &point).unwrap()
    };
    let squares = |parts: &[f64]| parts.iter().map(|x: &f64| x * x).sum::<f64>();
    let (found, _) = of("minimum_background", json!({"events": 50.0}));
    assert!((found - squares(&[16.0 / 50.0, 36.0 / 50.0])).abs() < 1e-12, "{found}");
    let (found, gradient) = of("minimum_background", json!({}));
    assert!(found == 0.0 && gradient.iter().all(|slope| *slope == 0.0));
    // Variances of the backgrounds of one bin add up; the signal's do not count.
    let mut background = vec![(0.0, 0.0); model.n_bins()];
    for place in model.template_places() {
        let channel = &model.channels()[place.channel];
        for (at, bin) in place.nominal.zip(channel.bins.clone()) {
            if channel.samples[place.sample] != "signal" {
                background[bin].0 += model.templates().nominal[at];
                background[bin].1 += point.variances[at];
            }
        }
    }
    let excess = |(b, v): &(f64, f64)| (v.sqrt() / b - 0.12).max(0.0);
    let wanted = squares(&background.iter().map(excess).collect::<Vec<_>>());
    let (found, _) = of("mc_error", json!({"at_most": 0.12}));
    assert!(wanted > 0.0 && (found - wanted).abs() < 1e-12, "{found}, {wanted}");
    let (found, gradient) = of("mc_error", json!({"at_most": 0.9}));
    assert!(found == 0.0 && gradient.iter().all(|slope| *slope == 0.0));
}

fn one_bin(modifiers: &str) -> Model {
    model(&format!(
        r#"{{"channels": [{{"name": "SR", "samples": [
            {{"name": "s", "data": [14.0], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
            {{"name": "b", "data": [5.0], "modifiers": [{modifiers}]}}]}}],
            "observations": {{"SR": [19]}}, "poi": "mu"}}"#
    ))
}

/// Z_A is the profiled q₀ of a Poisson bin and a Poisson auxiliary measurement, τ = b/σ_b²; and CLs without nuisance
/// parameters has a closed form.
#[test]
fn closed_forms() {
    let on_off = one_bin(r#"{"name": "aux", "type": "shapesys", "errors": [1.5]}"#);
    let point = Point::of(&on_off);
    let root = Discovery { options: zstat_losses::DiscoveryOptions { form: Form::Root } };
    let (z, _) = evaluate(&root, &on_off, &point).unwrap();
    assert!((z + 3.614_963_535_971_218_4).abs() < 1e-9, "{z}");
    let options = AsimovOptions { background_uncertainty: 0.3, form: Form::Root };
    let (closed, _) = evaluate(&Asimov { options }, &on_off, &point).unwrap();
    assert!((closed + 3.614_963_535_971_218_4).abs() < 1e-12);
    let plain = one_bin("");
    let point = Point::of(&plain);
    let q = 2.0 * (14.0 - 5.0 * (19.0_f64 / 5.0).ln());
    let (found, _) = evaluate(&Cls::default(), &plain, &point).unwrap();
    assert!((found + q.ln()).abs() < 1e-12);
    let registry = Registry::<dyn Loss>::load("loss").unwrap();
    let loss = registry.build("cls", json!({"form": "cls"})).unwrap();
    let Level::Templates(loss) = loss.level() else { panic!() };
    let (cls, _) = evaluate(loss, &plain, &point).unwrap();
    assert!((cls - 2.0 * upper_tail(q.sqrt())).abs() < 1e-14);
    // Without shared nuisance parameters bins add in quadrature, and the closed form is the profile fit.
    let (a, _) = evaluate(&Discovery::default(), &plain, &point).unwrap();
    assert!((a + asimov_relative(14.0, 5.0, 0.0)[0].ln()).abs() < 1e-10);
}

#[test]
fn what_is_wrong_is_named() {
    let empty = one_bin("").templates().clone();
    let mut model = one_bin("");
    model.set_templates(Templates { nominal: vec![0.0; empty.nominal.len()], ..empty });
    let point = Point { variances: vec![0.0; 2], ..Point::of(&model) };
    let has_parameters = |name: &str| !name.contains("norm") && !name.contains("tune");
    for (name, loss) in losses().into_iter().filter(|(name, _)| has_parameters(name)) {
        if name.contains("minimum_background") {
            continue;
        }
        let Level::Templates(loss) = loss.level() else { panic!("{name}") };
        let error = evaluate(loss, &model, &point).unwrap_err();
        let wanted = LossError::EmptyBin { channel: "SR".to_owned(), bin: 0, expected: 0.0 };
        assert_eq!(error, wanted, "{name}");
    }
    // Two free norms in one bin.
    let flat = one_bin(r#"{"name": "norm", "type": "normfactor"}"#);
    let point = Point::of(&flat);
    let error = evaluate(&Inferno::default(), &flat, &point).unwrap_err();
    assert!(error.to_string().contains("do not determine `norm`, `mu`"), "{error}");
    let registry = Registry::<dyn Loss>::load("loss").unwrap();
    let loss = registry.build("inferno", json!({"parameter": "nrom"})).unwrap();
    let Level::Templates(loss) = loss.level() else { panic!() };
    let error = evaluate(loss, &flat, &point).unwrap_err();
    assert!(error.to_string().contains("no parameter `nrom`; did you mean `norm`?"), "{error}");
    // No signal, no significance.
    let mut none = one_bin("");
    let mut templates = none.templates().clone();
    templates.nominal = vec![5.0, 0.0];
    none.set_templates(templates);
    let point = Point::of(&none);
    let error = evaluate(&Asimov::default(), &none, &point).unwrap_err();
    assert!(error.to_string().contains("not told apart"), "{error}");
}

#[test]
fn the_registry_knows_them_and_refuses_wrong_options() {
    let registry = Registry::<dyn Loss>::load("loss").unwrap();
    let names: Vec<&str> = registry.iter().map(|plugin| plugin.name).collect();
    assert_eq!(
        names,
        [
            "asimov",
            "bce",
            "cls",
            "delta_z",
            "discovery",
            "generalised_variance",
            "inferno",
            "mc_error",
            "minimum_background",
            "s_over_sqrt_b"
        ]
    );
    for plugin in registry.iter() {
        assert!(registry.build(plugin.name, json!({"no_such_option": 1})).is_err(), "{}", plugin.name);
        let schema = serde_json::to_value((plugin.schema)()).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{}", plugin.name);
    }
    assert!(registry.build("delta_z", json!({"epsilon": 0.0})).is_err());
    assert!(registry.build("minimum_background", json!({"events": 0.0})).is_err());
    assert!(registry.build("mc_error", json!({"at_most": -0.2})).is_err());
    assert!(registry.build("asimov", json!({"background_uncertainty": -0.1})).is_err());
    let Err(error) = registry.build("infreno", json!({})) else { panic!() };
    assert!(error.to_string().contains("inferno"), "{error}");
}
