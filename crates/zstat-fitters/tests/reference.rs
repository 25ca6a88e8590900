//! The engine against pyhf on published workspaces: values and gradients at five points, for codes 4/4p and 1/0.
//!
//! Reads `../shared` beside the repository; without it the tests say so and pass.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking, and says what it skips

mod common;

use common::{Reference, load, references, shared};
use zstat_core::likelihood::Nll;
use zstat_core::model::Constraint;
use zstat_core::spec::{BuildOptions, HistoSysCode, Interpolation, NormSysCode};

/// pyhf's own rounding on 3L-RJ-500: terms of size 1e12 cancel there.
fn tolerance(name: &str, value: f64) -> f64 {
    if name == "3L-RJ-500" { 2e-3 } else { 1e-10 * value.abs().max(1.0) }
}

fn options(code: &str) -> BuildOptions {
    let interpolation = match code {
        "code4" => Interpolation { normsys: Some(NormSysCode::Code4), histosys: Some(HistoSysCode::Code4p) },
        _ => Interpolation { normsys: Some(NormSysCode::Code1), histosys: Some(HistoSysCode::Code0) },
    };
    BuildOptions { interpolation, ..BuildOptions::default() }
}

#[test]
fn parameters_are_pyhfs() {
    for Reference { name, json } in references() {
        let (model, _) = load(&shared().join(format!("workspaces/{name}.json")), &options("code4"));
        let names: Vec<&str> = model.parameters().iter().map(|p| p.name.as_str()).collect();
        let expected: Vec<&str> =
            json["model"]["par_names"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(names, expected, "{name}");
        for (i, parameter) in model.parameters().iter().enumerate() {
            let of = |key: &str| &json["model"][key][i];
            assert_eq!(parameter.init, of("init").as_f64().unwrap(), "{name} {}", parameter.name);
            assert_eq!(parameter.fixed, of("fixed").as_bool().unwrap(), "{name} {}", parameter.name);
            assert_eq!(parameter.bounds[0], of("bounds")[0].as_f64().unwrap(), "{name} {}", parameter.name);
            assert_eq!(parameter.bounds[1], of("bounds")[1].as_f64().unwrap(), "{name} {}", parameter.name);
        }
    }
}

#[test]
fn values_and_expectations_are_pyhfs() {
    for Reference { name, json } in references() {
        for code in ["code4", "code1"] {
            let (model, data) = load(&shared().join(format!("workspaces/{name}.json")), &options(code));
            let mut nll = Nll::new(&model, data);
            for (at, point) in json["points"].as_array().unwrap().iter().enumerate() {
                let theta: Vec<f64> =
                    point["pars"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
                let expected = &point[code];
                let nu = nll.expected(&theta).to_vec();
                for (bin, (found, wanted)) in
                    nu.iter().zip(expected["expected_main"].as_array().unwrap()).enumerate()
                {
                    let wanted = wanted.as_f64().unwrap();
                    assert!(
                        (found - wanted).abs() <= 1e-10 * wanted.abs().max(1.0),
                        "{name} {code} point {at} bin {bin}: {found} against {wanted}"
                    );
                }
                let Some(wanted) = expected["twice_nll"].as_f64() else {
                    let error = nll.evaluate(&theta).expect_err("pyhf finds no finite value here");
                    println!("{name} {code} point {at}: {error}");
                    continue;
                };
                let found = nll.evaluate(&theta).unwrap_or_else(|e| panic!("{name} {code} point {at}: {e}"));
                let (main, constraint) = (found.twice_nll_main, found.twice_nll_constraint);
                for (what, found, wanted) in [
                    ("sum", main + constraint, wanted),
                    ("main", main, expected["twice_nll_main"].as_f64().unwrap()),
                    ("constraint", constraint, expected["twice_nll_constraint"].as_f64().unwrap()),
                ] {
                    assert!(
                        (found - wanted).abs() <= tolerance(&name, wanted),
                        "{name} {code} point {at} {what}: {found} against {wanted}"
                    );
                }
                let Some(gradient) = expected["grad_twice_nll"].as_array() else { continue };
                let size = gradient.iter().filter_map(|g| g.as_f64()).fold(1.0, |a: f64, g| a.max(g.abs()));
                for (i, (found, wanted)) in found.gradient.iter().zip(gradient).enumerate() {
                    let Some(wanted) = wanted.as_f64() else { continue };
                    // pyhf's derivative of a Poisson constraint is a difference of numbers of size tau.
                    let tau = match model.parameters()[i].constraint {
                        Constraint::Poisson { tau, .. } => tau,
                        _ => 0.0,
                    };
                    let tolerance = 1e-9 * size + 4.0 * f64::EPSILON * tau;
                    assert!(
                        (found - wanted).abs() <= tolerance,
                        "{name} {code} point {at} gradient of {}: {found} against {wanted}",
                        model.parameters()[i].name
                    );
                }
            }
        }
    }
}
