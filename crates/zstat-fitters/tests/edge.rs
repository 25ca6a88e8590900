//! Minima on the edge of the domain: bins without events whose expectation would go below zero.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use zstat_core::fit::{FitOptions, Fitter, Problem, minimise, run};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::{Lbfgsb, Newton};

/// 1 + α events expected where none are, 100 + 30 α where 50 are (piecewise linear): the second bin wants α near −1.5.
fn model() -> (Model, Data) {
    let text = r#"{"channels": [{"name": "SR", "samples": [{"name": "b", "data": [1, 100], "modifiers": [
        {"name": "mu", "type": "normfactor"},
        {"name": "shape", "type": "histosys", "lo": [0, 70], "hi": [2, 130]}]}]}],
        "observations": {"SR": [0, 50]}, "parameters": {"mu": {"fixed": true}}}"#;
    let workspace: Workspace = serde_json::from_str(text).unwrap();
    let codes = zstat_core::spec::Interpolation { histosys: Some("code0".parse().unwrap()), normsys: None };
    let options = BuildOptions { interpolation: codes, ..BuildOptions::default() };
    let model = Model::build(&workspace, &options).unwrap();
    let data = model.observed(&workspace).unwrap();
    (model, data)
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
    use zstat_core::fit::Objective as _;
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
