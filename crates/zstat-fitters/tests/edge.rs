//! Minima on the edge of the domain: bins without events whose expectation would go below zero.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use zstat_core::fit::{FitOptions, Fitter, Minimum, Objective, Problem, Termination, minimise, run};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::{Lbfgsb, Newton};

/// A workspace's model with this interpolation of shapes, and its data.
fn built(text: &str, code: &str) -> (Model, Data) {
    let workspace: Workspace = serde_json::from_str(text).unwrap();
    let codes = zstat_core::spec::Interpolation { histosys: Some(code.parse().unwrap()), normsys: None };
    let options = BuildOptions { interpolation: codes, ..BuildOptions::default() };
    let model = Model::build(&workspace, &options).unwrap();
    let data = model.observed(&workspace).unwrap();
    (model, data)
}

/// 1 + α events expected where none are, 100 + 30 α where 50 are (piecewise linear): the second bin wants α near −1.5.
fn model() -> (Model, Data) {
    let text = r#"{"channels": [{"name": "SR", "samples": [{"name": "b", "data": [1, 100], "modifiers": [
        {"name": "mu", "type": "normfactor"},
        {"name": "shape", "type": "histosys", "lo": [0, 70], "hi": [2, 130]}]}]}],
        "observations": {"SR": [0, 50]}, "parameters": {"mu": {"fixed": true}}}"#;
    built(text, "code0")
}

#[test]
fn the_minimum_is_on_the_edge() {
    let (model, data) = model();
    let shape = model.find("shape").unwrap().0;
    let bounds: Vec<[f64; 2]> = model.parameters().iter().map(|p| p.bounds).collect();
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    // At α = −1: no events in the first bin, 70 in the second, and the constraint; up to constants of the data.
    let exact = (70.0 - 50.0 + 50.0 * (50.0_f64 / 70.0).ln()) + 0.5;
    for fitter in [&Newton::default() as &dyn Fitter, &Lbfgsb::default()] {
        for start in [0.0, 3.0, -0.9] {
            let mut nll = Nll::new(&model, data.clone());
            let mut theta = model.init();
            theta[shape] = start;
            let problem = Problem::new(&theta, &bounds, &fixed);
            let (found, _) = minimise(&mut nll, fitter, &problem);
            assert!((found.theta[shape] + 1.0).abs() < 1e-7, "{found:?}");
            assert!((found.value - exact).abs() < 1e-7, "{found:?}, {exact}");
            assert_eq!(nll.data().main, data.main, "the data are as they were");
        }
    }
    // Not a bound and not a stationary point: the likelihood would go on falling outside.
    let mut nll = Nll::new(&model, data.clone());
    let outside = |alpha: f64| {
        let mut theta = model.init();
        theta[shape] = alpha;
        theta
    };
    assert!(nll.value(&outside(-1.1)).unwrap() < exact);
}

#[test]
fn a_fit_says_so() {
    let (model, data) = model();
    let options = FitOptions {
        start: model.init(),
        fixed: model.parameters().iter().map(|p| p.fixed).collect(),
        minos: Vec::new(),
        multi_start: 1,
        seed: 1,
    };
    let found = run(&mut Nll::new(&model, data), &Newton::default(), &options);
    assert!(found.status.converged);
    let told = found.status.warnings.iter().any(|w| w.contains("bin 0 of channel `SR`"));
    assert!(told, "{:?}", found.status.warnings);
}

/// Events expected in the first bin only where α is above 0, and none whatever happens in the last; the other two bins pull α below 0.
fn starting_on_the_edge() -> (Model, Data) {
    let text = r#"{"channels": [{"name": "SR", "samples": [{"name": "b", "data": [0, 100, 200, 0], "modifiers": [
        {"name": "mu", "type": "normfactor"},
        {"name": "shape", "type": "histosys", "lo": [0, 90, 210, 0], "hi": [2, 110, 190, 0]}]}]}],
        "observations": {"SR": [0, 97, 203, 0]}, "parameters": {"mu": {"bounds": [0, 5]}}}"#;
    built(text, "code4p")
}

/// The start is on the edge already, and the likelihood would go on falling outside: there the minimum is. With α at 0 the rest is
/// a number of events, 300 where 300 are expected.
#[test]
fn a_minimum_where_the_start_is() {
    let (model, data) = starting_on_the_edge();
    let shape = model.find("shape").unwrap().0;
    let bounds: Vec<[f64; 2]> = model.parameters().iter().map(|p| p.bounds).collect();
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    for fitter in [&Newton::default() as &dyn Fitter, &Lbfgsb::default()] {
        let mut nll = Nll::new(&model, data.clone());
        let theta = model.init();
        let (found, _) = minimise(&mut nll, fitter, &Problem::new(&theta, &bounds, &fixed));
        assert_eq!(found.termination, Termination::Converged, "{found:?}");
        assert!(found.theta[shape].abs() < 1e-7 && nll.is_inside(&found.theta), "{found:?}");
        assert!((found.theta[1 - shape] - 1.0).abs() < 1e-5, "{found:?}");
        assert_eq!(nll.data().main, data.main, "the data are as they were");
    }
}

/// Bins that expect a millionth of an event with variations a thousand times that, beside bins that pull the parameters along
/// their edge: −ln L has a narrow curved valley there.
fn valley(seed: u64) -> (Model, Data) {
    // Numbers in 0 to 1, by the golden ratio.
    let mut state = seed as f64 * 0.377_964;
    let mut next = || {
        state = (state + 0.618_033_988_75).fract();
        state
    };
    let scarce: Vec<f64> = (0..4).map(|_| 1e-7 * 10f64.powf(2.0 * next())).collect();
    let mut side = |rise: f64| -> Vec<f64> {
        let few = scarce.iter().map(|nominal| nominal * 10f64.powf(4.0 * next() - 1.0));
        let few: Vec<f64> = few.collect();
        // And a bin in which there is nothing whatever happens.
        few.into_iter().chain([100.0 * (1.0 + rise * next()), 300.0 * (1.0 - rise * next()), 0.0]).collect()
    };
    let sides = [side(0.2), side(-0.2), side(0.1), side(-0.3)];
    let nominal: Vec<f64> = scarce.iter().copied().chain([100.0, 300.0, 0.0]).collect();
    let observed: Vec<f64> = scarce.iter().map(|few| 1.3 * few).chain([115.0, 280.0, 0.0]).collect();
    let [hi, lo, more, less] = sides;
    let text = serde_json::json!({
        "channels": [{"name": "SR", "samples": [{"name": "b", "data": nominal, "modifiers": [
            {"name": "mu", "type": "normfactor"},
            {"name": "one", "type": "histosys", "hi": hi, "lo": lo},
            {"name": "two", "type": "histosys", "hi": more, "lo": less}]}]}],
        "observations": {"SR": observed},
        "parameters": {"mu": {"fixed": true}, "one": {"constraint": "none"}, "two": {"constraint": "none"}}
    });
    built(&text.to_string(), "code4p")
}

/// Searches that would creep along a valley arrive: by the way of wider ones, at points that are minima and no higher than where
/// the search alone came to.
#[test]
fn narrow_valleys_are_followed() {
    let mut crept = 0;
    for seed in 1..=500 {
        let (model, data) = valley(seed);
        let bounds: Vec<[f64; 2]> = model.parameters().iter().map(|p| p.bounds).collect();
        let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
        let start = model.init();
        let problem = Problem::new(&start, &bounds, &fixed);
        let mut nll = Nll::new(&model, data.clone());
        let alone = Newton::default().minimise(&mut nll, &problem);
        let (found, _) = minimise(&mut nll, &Newton::default(), &problem);
        assert_eq!(found.termination, Termination::Converged, "{seed}: {found:?}");
        assert!(found.value <= alone.value + 1e-8, "{seed}: {} above {}", found.value, alone.value);
        assert_eq!(nll.data().main, data.main, "the data are as they were");
        crept += usize::from(alone.termination != Termination::Converged);
    }
    assert!(crept > 0, "there is a valley among them");
}

/// A fitter that takes any point without slopes for a minimum.
struct Stay;

impl Fitter for Stay {
    fn minimise(&self, objective: &mut dyn Objective, problem: &Problem<'_>) -> Minimum {
        let theta = problem.start.to_vec();
        Minimum {
            value: objective.value(&theta).unwrap(),
            gradient: vec![0.0; theta.len()],
            theta,
            edm: 0.0,
            termination: Termination::Converged,
            iterations: 0,
            evaluations: 1,
            curvature: None,
        }
    }
}

/// More events either way, and more observed than without: at 0 the likelihood is least, not greatest, and no fit has converged there.
#[test]
fn a_point_that_is_no_minimum_is_no_result() {
    let text = r#"{"channels": [{"name": "SR", "samples": [{"name": "b", "data": [100], "modifiers": [
        {"name": "mu", "type": "normfactor"},
        {"name": "shape", "type": "histosys", "lo": [130], "hi": [130]}]}]}],
        "observations": {"SR": [130]},
        "parameters": {"mu": {"fixed": true}, "shape": {"constraint": "none"}}}"#;
    let (model, data) = built(text, "code4p");
    let fixed = model.parameters().iter().map(|p| p.fixed).collect();
    let options = FitOptions { start: model.init(), fixed, minos: Vec::new(), multi_start: 1, seed: 1 };
    let found = run(&mut Nll::new(&model, data.clone()), &Stay, &options);
    assert!(!found.status.converged);
    assert!(found.status.warnings.iter().any(|w| w.contains("not a minimum")), "{:?}", found.status.warnings);
    let found = run(&mut Nll::new(&model, data), &Newton::default(), &options);
    assert!(found.status.converged && found.parameters[1].value.abs() > 0.5, "{:?}", found.status);
}

/// Where an edge holds the minimum, and not the curvature, the minimum is one.
#[test]
fn an_edge_may_hold_a_minimum_alone() {
    let text = r#"{"channels": [{"name": "SR", "samples": [
        {"name": "s", "data": [0, 0.1], "modifiers": [{"name": "mu", "type": "normfactor"},
            {"name": "a", "type": "histosys", "lo": [0, 0.2], "hi": [1, 0]}]},
        {"name": "b", "data": [0, 0], "modifiers": [{"name": "a", "type": "histosys", "lo": [0, 1], "hi": [3, 0]}]}]}],
        "observations": {"SR": [0, 0]}}"#;
    let (model, data) = built(text, "code4p");
    let options = FitOptions {
        start: model.init(),
        fixed: vec![false; model.parameters().len()],
        minos: Vec::new(),
        multi_start: 1,
        seed: 1,
    };
    let found = run(&mut Nll::new(&model, data), &Newton::default(), &options);
    let told = &found.status.warnings;
    assert!(found.status.converged, "{:?}", found.status);
    assert!(told.iter().any(|w| w.contains("at the edge of what is possible")), "{told:?}");
    assert!(told.iter().all(|w| !w.contains("not a minimum")), "{told:?}");
}
