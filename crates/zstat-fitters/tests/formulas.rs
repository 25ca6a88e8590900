//! Formulas and correlated constraints against models that say the same without them.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use common::fit;
use zstat_core::fit::{Curvature, FitOptions, FitResult, FormulaResult, Objective, ParameterResult, run};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace, check};
use zstat_fitters::Newton;

/// Two channels; `signal` names the parameter of the signal's strength in both, `a` and `b` drive the backgrounds.
fn workspace(signal: &str, settings: serde_json::Value) -> Workspace {
    let mut workspace = serde_json::json!({
        "channels": [
            {"name": "SR", "samples": [
                {"name": "signal", "data": [12.0, 21.0, 8.0], "modifiers": [
                    {"name": signal, "type": "normfactor"},
                    {"name": "a", "type": "normsys", "lo": 0.92, "hi": 1.1},
                ]},
                {"name": "background", "data": [110.0, 85.0, 60.0], "modifiers": [
                    {"name": "a", "type": "normsys", "lo": 0.95, "hi": 1.04},
                    {"name": "b", "type": "histosys", "lo": [104.0, 86.0, 63.0], "hi": [117.0, 83.0, 58.5]},
                ]},
            ]},
            {"name": "CR", "samples": [
                {"name": "signal", "data": [3.0], "modifiers": [{"name": signal, "type": "normfactor"}]},
                {"name": "background", "data": [420.0], "modifiers": [
                    {"name": "b", "type": "normsys", "lo": 0.93, "hi": 1.06},
                ]},
            ]},
        ],
        "observations": {"SR": [131, 118, 66], "CR": [437]},
    });
    workspace.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    serde_json::from_value(workspace).unwrap()
}

#[track_caller]
fn fitted(workspace: &Workspace) -> FitResult {
    let options = BuildOptions::default();
    assert_eq!(check(workspace, &options), []);
    let model = Model::build(workspace, &options).unwrap();
    let data = model.observed(workspace).unwrap();
    let result = fit(&model, data, &model.init(), &[]);
    assert!(result.status.converged, "{:?}", result.status);
    result
}

fn parameter<'r>(result: &'r FitResult, name: &str) -> &'r ParameterResult {
    result.parameters.iter().find(|p| p.name == name).unwrap()
}

fn formula<'r>(result: &'r FitResult, name: &str) -> &'r FormulaResult {
    result.formulas.iter().find(|f| f.name == name).unwrap()
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    let size = expected.abs().max(1.0);
    assert!((found - expected).abs() <= tolerance * size, "{found} against {expected}");
}

fn plain() -> FitResult {
    fitted(&workspace("mu", serde_json::json!({"poi": "mu", "parameters": {"mu": {"bounds": [0, 10]}}})))
}

/// A formula that is just another name changes nothing.
#[test]
fn a_synonym_gives_the_same_fit() {
    let settings = serde_json::json!({
        "poi": "mu",
        "parameters": {"mu": {"init": 1, "bounds": [0, 10]}, "mu_a": {"formula": "mu"}},
    });
    let (plain, through) = (plain(), fitted(&workspace("mu_a", settings)));
    close(through.twice_nll.unwrap(), plain.twice_nll.unwrap(), 1e-12);
    for name in ["mu", "a", "b"] {
        let (one, other) = (parameter(&plain, name), parameter(&through, name));
        assert!(one.uncertainty.unwrap() > 0.1, "{name} is measured");
        close(other.value, one.value, 1e-9);
        close(other.uncertainty.unwrap(), one.uncertainty.unwrap(), 1e-9);
    }
    let (mu, mu_a) = (parameter(&through, "mu"), formula(&through, "mu_a"));
    assert_eq!(mu_a.value, mu.value);
    close(mu_a.uncertainty.unwrap(), mu.uncertainty.unwrap(), 1e-12);
}

/// mu = exp(l): the same minimum, and d mu = mu dl.
#[test]
fn a_logarithm_as_parameter() {
    let settings = serde_json::json!({
        "poi": "l",
        "parameters": {"l": {"init": 0.3}, "mu": {"formula": "exp(l)"}},
    });
    let (plain, through) = (plain(), fitted(&workspace("mu", settings)));
    let (mu, l) = (parameter(&plain, "mu"), parameter(&through, "l"));
    let sigma = mu.uncertainty.unwrap();
    close(through.twice_nll.unwrap(), plain.twice_nll.unwrap(), 1e-10);
    assert!(mu.value > 0.1 && (mu.value - 1.0).abs() > 0.01, "a minimum inside, and not at the start value");
    close(l.value, mu.value.ln(), 1e-6);
    close(l.uncertainty.unwrap(), sigma / mu.value, 1e-6);
    let found = formula(&through, "mu");
    close(found.value, mu.value, 1e-6);
    close(found.uncertainty.unwrap(), sigma, 1e-6);
    for name in ["a", "b"] {
        close(parameter(&through, name).value, parameter(&plain, name).value, 1e-6);
    }
}

/// Two correlated unit Gaussians are two independent ones, mixed: a = z1, b = rho z1 + sqrt(1 - rho^2) z2. The densities
/// differ by the constant Jacobian sqrt(1 - rho^2).
#[test]
fn a_correlation_is_a_mixture_of_independent_ones() {
    for rho in [0.7_f64, -0.35] {
        let block = serde_json::json!({
            "poi": "mu",
            "constraints": [{"parameters": ["a", "b"], "correlation": [[1.0, rho], [rho, 1.0]]}],
        });
        let rest = (1.0 - rho * rho).sqrt();
        let unit = serde_json::json!({"init": 0, "constraint": {"normal": {"sigma": 1}}});
        let mixed = serde_json::json!({
            "poi": "mu",
            "parameters": {
                "z1": unit, "z2": unit,
                "a": {"formula": "z1"},
                "b": {"formula": format!("({rho}) * z1 + sqrt(1 - ({rho})^2) * z2")},
            },
        });
        let (block, mixed) = (fitted(&workspace("mu", block)), fitted(&workspace("mu", mixed)));
        let jacobian = 2.0 * rest.ln();
        close(block.twice_nll.unwrap() - mixed.twice_nll.unwrap(), jacobian, 1e-8);
        let (one, other) = (parameter(&block, "mu"), parameter(&mixed, "mu"));
        close(other.value, one.value, 1e-6);
        close(other.uncertainty.unwrap(), one.uncertainty.unwrap(), 1e-6);
        for name in ["a", "b"] {
            let (member, formula) = (parameter(&block, name), formula(&mixed, name));
            assert_eq!(member.constraint, "correlated");
            close(formula.value, member.value, 1e-6);
            close(formula.uncertainty.unwrap(), member.uncertainty.unwrap(), 1e-6);
        }
        // And it is not the fit without the correlation.
        let without = parameter(&plain(), "mu").uncertainty.unwrap();
        assert!((one.uncertainty.unwrap() - without).abs() > 1e-3, "the correlation matters");
    }
}

/// Where a formula is not defined there is no likelihood, and the fit stays where there is one.
#[test]
fn a_fit_stays_inside_the_domain() {
    let settings = serde_json::json!({
        "poi": "x",
        "parameters": {"x": {"init": 4, "bounds": [-5, 20]}, "mu": {"formula": "1 + log(x) / 3"}},
    });
    let workspace = workspace("mu", settings);
    let result = fitted(&workspace);
    let (plain, x) = (plain(), parameter(&result, "x"));
    close(x.value, (3.0 * (parameter(&plain, "mu").value - 1.0)).exp(), 1e-5);
    let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
    let mut theta = model.init();
    theta[model.find("x").unwrap().0] = -1.0;
    let error = Nll::new(&model, model.observed(&workspace).unwrap()).evaluate(&theta).unwrap_err();
    assert!(error.to_string().contains("`mu`"), "{error}");
}

/// Formulas that drive nothing are no part of the likelihood: it is defined where they are not, and a fit that ends there
/// reports no value for them. One that another formula uses, which drives something, is.
#[test]
fn formulas_that_drive_nothing_do_not_limit_the_domain() {
    let settings = |signal: &str| {
        serde_json::json!({
            "poi": "x",
            "parameters": {
                "x": {"init": 1, "bounds": [0, 10]},
                "inverse": {"formula": "1 / x"},
                "idle": {"formula": "inverse + log(x)"},
                "mu": {"formula": signal},
            },
        })
    };
    let at_zero = |workspace: &Workspace| {
        let model = Model::build(workspace, &BuildOptions::default()).unwrap();
        let mut theta = model.init();
        theta[model.find("x").unwrap().0] = 0.0;
        let mut nll = Nll::new(&model, model.observed(workspace).unwrap());
        let mut hessian = nll.new_hessian();
        let mut gradient = vec![0.0; theta.len()];
        nll.hessian(&theta, Curvature::Exact, &mut gradient, &mut hessian)
            .map(|value| (value, gradient, hessian.to_dense()))
    };
    let synonym = serde_json::json!({
        "poi": "x", "parameters": {"x": {"init": 1, "bounds": [0, 10]}, "mu": {"formula": "x"}},
    });
    let (free, alone) = (workspace("mu", settings("x")), workspace("mu", synonym));
    assert_eq!(at_zero(&free), at_zero(&alone), "all derivatives are those without them");
    assert!(at_zero(&free).is_ok());
    let error = at_zero(&workspace("mu", settings("2 - inverse"))).unwrap_err();
    assert!(error.to_string().contains("`inverse`"), "the first one that has no value: {error}");
    // A fit with no signal to be seen ends at x = 0.
    let mut empty = free.clone();
    empty.observations.insert("SR".into(), vec![90.0, 70.0, 45.0]);
    let result = fitted(&empty);
    assert_eq!(parameter(&result, "x").value, 0.0);
    assert!(!formula(&result, "inverse").value.is_finite());
    assert_eq!(formula(&result, "inverse").uncertainty, None);
}

/// √μ has no slope at 0, and needs none where μ is held there: the fit is that of the background alone.
#[test]
fn a_held_parameter_may_have_infinite_derivatives() {
    let text = |modifiers: &str, parameters: &str| {
        format!(
            r#"{{"channels": [{{"name": "SR", "samples": [
                {{"name": "signal", "data": [5.0, 12.0], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
                {{"name": "interference", "data": [-2.0, 1.0], "modifiers": [{modifiers}]}},
                {{"name": "background", "data": [50.0, 40.0], "modifiers": [
                    {{"name": "scale", "type": "normsys", "lo": 0.9, "hi": 1.1}}]}}]}}],
                "observations": {{"SR": [58, 53]}}, "poi": "mu", "parameters": {{{parameters}}}}}"#
        )
    };
    let fit = |text: String| {
        let workspace: Workspace = serde_json::from_str(&text).unwrap();
        let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
        let mu = model.find("mu").unwrap().0;
        let mut start = model.init();
        let mut fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
        (start[mu], fixed[mu]) = (0.0, true);
        if let Some(root) = model.find("root") {
            (start[root.0], fixed[root.0]) = (0.0, true);
        }
        let mut nll = Nll::new(&model, model.observed(&workspace).unwrap());
        let options = FitOptions { start, fixed, minos: Vec::new(), multi_start: 1, seed: 1 };
        let result = run(&mut nll, &Newton::default(), &options);
        assert!(result.status.converged, "{:?}", result.status);
        let scale = model.find("scale").unwrap().0;
        (
            result.twice_nll.unwrap(),
            result.parameters[scale].value,
            result.parameters[scale].uncertainty.unwrap(),
        )
    };
    let root = r#"{"name": "root", "type": "normfactor"}"#;
    let (with, without) = (fit(text(root, r#""root": {"formula": "sqrt(mu)"}"#)), fit(text(root, "")));
    for (a, b) in [(with.0, without.0), (with.1, without.1), (with.2, without.2)] {
        assert!((a - b).abs() < 1e-9, "{with:?} and {without:?}");
    }
}
