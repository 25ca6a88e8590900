//! Fits of published workspaces reach the best known minima: from the start values and from random ones.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking, and says what it skips

mod common;

use common::{fit, load, shared};
use zstat_core::fit::{Fitter, Objective, Problem, Termination, minimise};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, HistoSysCode, Interpolation, NormSysCode};
use zstat_fitters::Newton;

struct Known {
    name: String,
    twice_nll: f64,
    poi: String,
    sigma: Option<f64>,
}

fn known() -> Vec<Known> {
    let Ok(text) = std::fs::read_to_string(shared().join("reference/best_known.json")) else {
        println!("SKIPPED: no ../shared beside the repository");
        return Vec::new();
    };
    let json: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let one = |entry: serde_json::Value| Known {
        name: entry["name"].as_str().unwrap().to_owned(),
        twice_nll: entry["twice_nll_min"].as_f64().unwrap(),
        poi: entry["poi"].as_str().unwrap().to_owned(),
        sigma: entry["poi_sigma"].as_f64(),
    };
    json.into_iter().map(one).collect()
}

#[test]
fn from_the_start_values() {
    for known in known() {
        let (model, data) =
            load(&shared().join(format!("workspaces/{}.json", known.name)), &BuildOptions::default());
        let result = fit(&model, data, &model.init(), &[]);
        let found = result.twice_nll.unwrap();
        assert!(result.status.converged, "{}: {:?}", known.name, result.status);
        assert!(found <= known.twice_nll + 1e-6, "{}: {found} against {}", known.name, known.twice_nll);
        let poi = model.find(&known.poi).unwrap().0;
        match (known.sigma, result.parameters[poi].uncertainty) {
            (Some(wanted), Some(found)) => {
                assert!((found / wanted - 1.0).abs() < 1e-3, "{}: ± {found} against {wanted}", known.name);
            }
            (None, found) => {
                println!("{}: no reference for the uncertainty, zstat says {found:?}", known.name)
            }
            (Some(_), None) => {
                panic!("{}: no uncertainty of the parameter of interest: {:?}", known.name, result.status)
            }
        }
    }
}

/// Linear congruential numbers: enough to scatter start values, the same on every machine.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

/// α uniform in [−1, 1]; γ and free factors within 20 % of their start value; inside the bounds.
fn scattered(model: &Model, state: &mut u64) -> Vec<f64> {
    let one = |p: &zstat_core::model::Parameter| {
        let u = 2.0 * uniform(state) - 1.0;
        if p.fixed {
            p.init
        } else if p.init == 0.0 {
            u.max(p.bounds[0]).min(p.bounds[1])
        } else {
            (p.init * (1.0 + 0.2 * u)).max(p.bounds[0]).min(p.bounds[1])
        }
    };
    model.parameters().iter().map(one).collect()
}

#[test]
fn from_random_starts() {
    let (mut fits, mut arrived) = (0, 0);
    for known in known() {
        let (model, data) =
            load(&shared().join(format!("workspaces/{}.json", known.name)), &BuildOptions::default());
        let bounds: Vec<[f64; 2]> = model.parameters().iter().map(|p| p.bounds).collect();
        let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
        let mut nll = Nll::new(&model, data);
        let constant = nll.constant();
        let mut state = 7;
        for start in 0..20 {
            let theta = scattered(&model, &mut state);
            let problem = Problem::new(&theta, &bounds, &fixed);
            let minimum = Newton::default().minimise(&mut nll, &problem);
            fits += 1;
            let found = 2.0 * (minimum.value + constant);
            if found <= known.twice_nll + 1e-6 {
                arrived += 1;
                continue;
            }
            println!(
                "{} start {start}: {found} against {}, {:?}",
                known.name, known.twice_nll, minimum.termination
            );
            if minimum.termination == Termination::Converged {
                assert!(minimum.edm <= 1e-8, "{} start {start}: a local minimum", known.name);
            }
        }
    }
    println!("{arrived} of {fits} fits arrive at the best known minimum");
    assert!(arrived * 100 >= fits * 95, "{arrived} of {fits}");
}

/// Codes 1 and 0 have a kink at every α = 0, and with concave ones many local minima. From every start a minimum is
/// reached: no coordinate, near or on its kink, leads further down.
#[test]
fn from_random_starts_with_kinks() {
    let options = BuildOptions {
        interpolation: Interpolation {
            normsys: Some(NormSysCode::Code1),
            histosys: Some(HistoSysCode::Code0),
        },
        ..BuildOptions::default()
    };
    let (mut fits, mut converged) = (0, 0);
    for known in known() {
        let (model, data) = load(&shared().join(format!("workspaces/{}.json", known.name)), &options);
        let bounds: Vec<[f64; 2]> = model.parameters().iter().map(|p| p.bounds).collect();
        let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
        let mut nll = Nll::new(&model, data);
        let mut state = 11;
        for start in 0..3 {
            let theta = scattered(&model, &mut state);
            let problem = Problem::new(&theta, &bounds, &fixed);
            let (minimum, _) = minimise(&mut nll, &Newton::default(), &problem);
            fits += 1;
            if minimum.termination != Termination::Converged {
                println!("{} start {start}: {:?}", known.name, minimum.termination);
                continue;
            }
            converged += 1;
            let mut probe = minimum.theta.clone();
            for i in (0..probe.len()).filter(|&i| !fixed[i]) {
                // Beside a kink, not beyond it: there another minimum may begin.
                let room = if probe[i] == 0.0 { 1e-2 } else { 0.5 * probe[i].abs() };
                for step in [-1e-2, -1e-4, 1e-4, 1e-2].map(|step: f64| step.clamp(-room, room)) {
                    probe[i] = (minimum.theta[i] + step).max(bounds[i][0]).min(bounds[i][1]);
                    if let Ok(value) = nll.value(&probe) {
                        let name = &model.parameters()[i].name;
                        let fall = minimum.value - value;
                        assert!(
                            fall < 1e-7,
                            "{} start {start}: `{name}` {step:+} falls by {fall}",
                            known.name
                        );
                    }
                }
                probe[i] = minimum.theta[i];
            }
        }
    }
    assert_eq!(converged, fits);
}
