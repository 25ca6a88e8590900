//! The engine and the fit against pyhf on some forty small models: those of pyhf's own validation, its documentation,
//! cabinetry, LiteHF, combine2pyhf, and edge cases (empty bins, clipping, shared and fixed parameters).

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking, and says what it skips

mod common;

use common::{build, fit_from, kept, numbers};
use serde_json::Value;
use zstat_core::likelihood::Nll;
use zstat_core::spec::{BuildOptions, Interpolation};

fn options(case: &Value) -> BuildOptions {
    let code = |kind: &str| case["codes"][kind].as_str().unwrap();
    let clip = |key: &str| case["clip"][key].as_f64();
    BuildOptions {
        interpolation: Interpolation {
            normsys: Some(code("normsys").parse().unwrap()),
            histosys: Some(code("histosys").parse().unwrap()),
        },
        clip_bins: clip("clip_bin_data"),
        clip_samples: clip("clip_sample_data"),
        ..BuildOptions::default()
    }
}

fn cases() -> Vec<(String, Value)> {
    let json = kept("pyhf-small.json");
    let cases = json["cases"].as_array().unwrap().iter();
    let named = |case: &Value| {
        (
            format!(
                "{} {}/{}",
                case["name"].as_str().unwrap(),
                case["codes"]["normsys"],
                case["codes"]["histosys"]
            ),
            case.clone(),
        )
    };
    let cases: Vec<_> = cases.map(named).collect();
    assert!(cases.len() > 70);
    cases
}

/// All places where a case records parameters with 2 NLL or expectations.
fn points(checks: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    for key in ["points", "clip_points", "golden", "scan"] {
        out.extend(checks[key].as_array().into_iter().flatten().cloned());
    }
    out.extend(["at_-0.6", "shifted"].iter().map(|key| &checks[*key]).filter(|v| v.is_object()).cloned());
    out
}

#[test]
fn values_are_pyhfs() {
    for (name, case) in cases() {
        let (model, data) = build(&case["workspace"].to_string(), &options(&case));
        let checks = &case["checks"];
        let names: Vec<&str> = model.parameters().iter().map(|p| p.name.as_str()).collect();
        let expected: Vec<&str> =
            checks["par_names"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(names, expected, "{name}");
        for (i, parameter) in model.parameters().iter().enumerate() {
            assert_eq!(parameter.fixed, checks["fixed"][i].as_bool().unwrap(), "{name} {}", parameter.name);
            assert_eq!(parameter.init, checks["init"][i].as_f64().unwrap(), "{name} {}", parameter.name);
        }
        let mut nll = Nll::new(&model, data);
        for point in points(checks) {
            let theta = numbers(&point["pars"]);
            if let Some(expected) = point["expected_main"].as_array() {
                for (found, wanted) in nll.expected(&theta).iter().zip(expected) {
                    let wanted = wanted.as_f64().unwrap();
                    assert!(
                        (found - wanted).abs() <= 1e-10 * wanted.abs().max(1.0),
                        "{name} at {theta:?}: {found} against {wanted}"
                    );
                }
            }
            let Some(wanted) = point["twice_nll"].as_f64() else {
                assert!(nll.evaluate(&theta).is_err(), "{name}: pyhf finds no finite value at {theta:?}");
                continue;
            };
            let found = nll.evaluate(&theta).unwrap_or_else(|e| panic!("{name} at {theta:?}: {e}"));
            let found = found.twice_nll_main + found.twice_nll_constraint;
            assert!(
                (found - wanted).abs() <= 1e-10 * wanted.abs().max(1.0),
                "{name} at {theta:?}: {found} against {wanted}"
            );
        }
    }
}

#[test]
fn minima_are_pyhfs_or_lower() {
    let mut fits = 0;
    for (name, case) in cases() {
        let (model, data) = build(&case["workspace"].to_string(), &options(&case));
        let poi = model.poi()[0].0;
        for (key, fix) in [("fit_free", vec![]), ("fit_poi1", vec![poi])] {
            let reference = &case["checks"][key];
            let Some(wanted) = reference["twice_nll"].as_f64() else { continue };
            let mut start = model.init();
            if !fix.is_empty() {
                start[poi] = 1.0;
            }
            // These have two minima, one on each side of α = 0.
            let starts = if name.contains("coupledhisto") { 20 } else { 1 };
            let result = fit_from(&model, data.clone(), &start, &fix, starts);
            let found = result.twice_nll.unwrap();
            fits += 1;
            // Models with a kink at the minimum (codes 0 and 1) or several minima: the value must still be as low.
            assert!(found <= wanted + 1e-6, "{name} {key}: {found} against {wanted}, {:?}", result.status);
            assert!(result.status.converged, "{name} {key}: {:?}", result.status);
            if found < wanted - 1e-6 {
                println!("{name} {key}: {found} is lower than the reference's {wanted}");
                continue;
            }
            // The reference holds parameters on a bound fast, zstat leaves them free in the covariance.
            let bounded = reference["at_bound"].as_array().unwrap().iter().any(|v| v.as_bool() == Some(true));
            let errors = &reference["errors_from_hessian"];
            for (i, parameter) in result.parameters.iter().enumerate() {
                let (Some(sigma), Some(wanted)) = (parameter.uncertainty, errors[i].as_f64()) else {
                    continue;
                };
                let off = (parameter.value - reference["pars"][i].as_f64().unwrap()).abs();
                if parameter.fixed || parameter.at_bound || wanted == 0.0 {
                    continue;
                }
                assert!(
                    off <= 1e-4 * sigma,
                    "{name} {key}: {} is off by {off}, uncertainty {sigma}",
                    parameter.name
                );
                // Across the kink of codes 0 and 1 a difference quotient is not a second derivative.
                if bounded || name.contains("code1") {
                    continue;
                }
                assert!(
                    (sigma / wanted - 1.0).abs() < 1e-3,
                    "{name} {key}: {} ± {sigma} against {wanted}",
                    parameter.name
                );
            }
        }
    }
    assert!(fits > 100, "{fits} fits compared");
}
