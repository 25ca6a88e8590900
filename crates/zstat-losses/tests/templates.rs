//! Losses of templates: differences in every template, fits, and closed forms.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;
use zstat_core::fit::{FitOptions, run};
use zstat_core::likelihood::Nll;
use zstat_core::loss::{Binned, Level, Loss, LossError, TemplateLoss};
use zstat_core::model::{Model, Templates};
use zstat_core::normal::upper_tail;
use zstat_core::plugin::Registry;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::Newton;
use zstat_losses::significance::asimov_relative;
use zstat_losses::{Asimov, AsimovOptions, Cls, Discovery, Form, GeneralisedVariance, Inferno};

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
    newton: Newton,
}

impl Point {
    fn of(model: &Model) -> Self {
        let fixed = model.parameters().iter().map(|p| p.fixed).collect();
        Self { theta: model.init(), fixed, poi: model.poi()[0].0, newton: Newton::default() }
    }

    fn batch<'a>(&'a self, model: &'a Model) -> Binned<'a> {
        Binned {
            model,
            variances: &[],
            point: &self.theta,
            fixed: &self.fixed,
            poi: self.poi,
            fitter: &self.newton,
        }
    }
}

fn evaluate(loss: &dyn TemplateLoss, model: &Model, point: &Point) -> Result<(f64, Templates), LossError> {
    let mut gradient = model.templates().zeros_like();
    gradient.nominal.fill(f64::NAN);
    gradient.shifts.fill(f64::NAN);
    loss.evaluate(&point.batch(model), &mut gradient).map(|value| (value, gradient))
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
        ("generalised_variance", json!({})),
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
    let mut point = Point::of(&model);
    for signal in [1.0, 1.7] {
        point.theta[point.poi] = signal;
        for (name, loss) in losses() {
            let Level::Templates(loss) = loss.level() else { panic!("{name}") };
            let (_, gradient) = evaluate(loss, &model, &point).unwrap();
            let templates = model.templates().clone();
            let n = templates.nominal.len();
            let size = gradient.nominal.iter().chain(&gradient.shifts).fold(0.0_f64, |m, g| m.max(g.abs()));
            assert!(size > 0.0, "{name}");
            for at in 0..n + templates.shifts.len() {
                let mut moved = |step: f64| {
                    let mut templates = templates.clone();
                    let entry =
                        if at < n { &mut templates.nominal[at] } else { &mut templates.shifts[at - n] };
                    *entry += step;
                    model.set_templates(templates);
                    evaluate(loss, &model, &point).unwrap().0
                };
                let h = 1e-4;
                let numeric =
                    (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
                let found = if at < n { gradient.nominal[at] } else { gradient.shifts[at - n] };
                assert!((found - numeric).abs() < 2e-7 * size, "{name}, template {at}: {found}, {numeric}");
            }
            model.set_templates(templates);
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
    let point = Point::of(&model);
    for (name, loss) in
        losses().into_iter().filter(|(name, _)| !name.contains("norm") && !name.contains("tune"))
    {
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
        ["asimov", "bce", "cls", "delta_z", "discovery", "generalised_variance", "inferno", "s_over_sqrt_b"]
    );
    for plugin in registry.iter() {
        assert!(registry.build(plugin.name, json!({"no_such_option": 1})).is_err(), "{}", plugin.name);
        let schema = serde_json::to_value((plugin.schema)()).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{}", plugin.name);
    }
    assert!(registry.build("delta_z", json!({"epsilon": 0.0})).is_err());
    assert!(registry.build("asimov", json!({"background_uncertainty": -0.1})).is_err());
    let Err(error) = registry.build("infreno", json!({})) else { panic!() };
    assert!(error.to_string().contains("inferno"), "{error}");
}
