//! Dialect `root` against ROOT 6.40: NLL at points up to one constant a model, profiles, and fits.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking, and says what it skips

mod common;

use common::{build, fit, kept, shared};
use serde_json::Value;
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Dialect, StatErrorConstraint, StatErrorSpec};

fn options(constraint: &str, threshold: f64) -> BuildOptions {
    let constraint = match constraint {
        "Gaussian" => StatErrorConstraint::Gaussian,
        "Poisson" => StatErrorConstraint::Poisson,
        other => panic!("unknown constraint {other}"),
    };
    let staterror = StatErrorSpec { constraint: Some(constraint), threshold: Some(threshold) };
    BuildOptions { dialect: Dialect::Root, staterror, ..BuildOptions::default() }
}

/// Start values with the named ones replaced; names that the model does not have (ROOT's Lumi) are passed over.
fn point(model: &Model, values: &Value) -> Vec<f64> {
    let mut theta = model.init();
    for (name, value) in values.as_object().unwrap() {
        if let Some(at) = model.find(name) {
            theta[at.0] = value.as_f64().unwrap();
        }
    }
    theta
}

#[test]
fn small_models_agree_up_to_a_constant() {
    for case in kept("root-small.json")["models"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let staterror = &case["staterror"];
        let options = match staterror["constraint"].as_str() {
            Some(constraint) => options(constraint, staterror["threshold"].as_f64().unwrap()),
            None => BuildOptions { dialect: Dialect::Root, ..BuildOptions::default() },
        };
        // ROOT cuts off the sum of a sample's shape effects at 0; so does a lower limit on samples, factors being positive.
        let options = BuildOptions { clip_samples: Some(0.0), ..options };
        let (model, data) = build(&case["workspace"].to_string(), &options);
        let mut nll = Nll::new(&model, data.clone());
        let start = point(&model, &case["start"]["values"]);
        let mut value = |theta: &[f64]| {
            nll.evaluate(theta).ok().map(|e| 0.5 * (e.twice_nll_main + e.twice_nll_constraint))
        };
        let offset = case["start"]["nll"].as_f64().unwrap() - value(&start).unwrap();
        for other in case["points"].as_array().unwrap() {
            let theta = point(&model, &other["values"]);
            let wanted = other["nll"].as_f64().unwrap();
            let Some(found) = value(&theta) else { panic!("{name}: no value at {theta:?}") };
            // ROOT keeps relative errors in float32 histograms: 0.01 becomes 0.0099999998, worth 3e-7 here.
            assert!(
                (found + offset - wanted).abs() < 1e-6,
                "{name} at {theta:?}: {} against {wanted}",
                found + offset
            );
        }
        let Some(parameters) = case["fit"]["parameters"].as_object() else { continue };
        let mut start = start;
        let mut fixed = Vec::new();
        for (name, value) in case["fit"]["constant"].as_object().unwrap() {
            let at = model.find(name).unwrap().0;
            start[at] = value.as_f64().unwrap();
            fixed.push(at);
        }
        let result = fit(&model, data, &start, &fixed);
        for (parameter, pair) in parameters {
            let found = result.parameters.iter().find(|p| p.name == *parameter).unwrap();
            let (wanted, error) = (pair[0].as_f64().unwrap(), pair[1].as_f64().unwrap());
            assert!(
                (found.value - wanted).abs() < 1e-3 * error,
                "{name}: {parameter} = {} against {wanted} ± {error}",
                found.value
            );
        }
        // HESSE's errors suffer from Minuit's transformation of bounded parameters (0.666 for a MINOS interval of
        // −0.6935, +0.6943): the interval is the honest reference for the exact Hessian.
        if let Some(minos) = case["fit"]["poi_minos"].as_array() {
            let (down, up) = (-minos[0].as_f64().unwrap(), minos[1].as_f64().unwrap());
            let half = 0.5 * (up + down);
            // A parabola's width and a lopsided interval are different things.
            if (up - down).abs() > 0.01 * half {
                continue;
            }
            let sigma = result.parameters[model.poi()[0].0].uncertainty.unwrap();
            assert!((sigma / half - 1.0).abs() < 5e-3, "{name}: {sigma} against {half}");
        }
    }
}

#[test]
fn profiles_of_the_synthetic_model_agree() {
    let path = shared().join("workspaces/syn-0050.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("SKIPPED: no ../shared beside the repository");
        return;
    };
    for set in kept("root-syn-0050.json")["sets"].as_array().unwrap() {
        let name = set["set"].as_str().unwrap();
        let options = options(
            set["staterror_constraint"].as_str().unwrap(),
            set["staterror_threshold"].as_f64().unwrap(),
        );
        let (model, data) = build(&text, &options);
        let mut nll = Nll::new(&model, data.clone());
        let start = model.init();
        let mut value = |theta: &[f64]| {
            let found = nll.evaluate(theta).unwrap();
            0.5 * (found.twice_nll_main + found.twice_nll_constraint)
        };
        let offset = set["start_nll"].as_f64().unwrap() - value(&start);
        for step in set["points"].as_array().unwrap() {
            let mut theta = start.clone();
            let at = model.find(step["parameter"].as_str().unwrap()).unwrap().0;
            theta[at] = step["value"].as_f64().unwrap();
            let (found, wanted) = (value(&theta) + offset, step["nll"].as_f64().unwrap());
            assert!((found - wanted).abs() < 1e-7, "{name} {step}: {found} against {wanted}");
        }
        let free = fit(&model, data.clone(), &start, &[]);
        let mu = model.find("mu").unwrap().0;
        let minimum = &set["free_minimum"];
        let (wanted, error) = (minimum["mu"].as_f64().unwrap(), minimum["mu_error"].as_f64().unwrap());
        assert!((free.parameters[mu].value - wanted).abs() < 1e-3 * error, "{name}: mu");
        // Minuit's HESSE is a difference quotient.
        assert!((free.parameters[mu].uncertainty.unwrap() / error - 1.0).abs() < 5e-3, "{name}: error of mu");
        for step in set["profile"].as_array().unwrap() {
            let mut theta = start.clone();
            theta[mu] = step["mu"].as_f64().unwrap();
            let fixed = fit(&model, data.clone(), &theta, &[mu]);
            let found = 0.5 * (fixed.twice_nll.unwrap() - free.twice_nll.unwrap());
            let wanted = step["delta_nll"].as_f64().unwrap();
            assert!((found - wanted).abs() < 1e-4, "{name} mu = {}: {found} against {wanted}", theta[mu]);
        }
    }
}
