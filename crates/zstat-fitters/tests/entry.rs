//! Fits whose start values have no likelihood: a way into its domain is found where there is one.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking

mod common;

use zstat_core::fit::{EvalError, FitOptions, Fitter, Nowhere, Objective, Problem, from_anywhere, run};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::{Lbfgsb, Newton};

const BINS: usize = 40;

/// Forty bins with data, each of which expects b (10 + 2 α) + 10 μ with an α of its own; b is shared with a control bin. With μ at
/// −1.5 no α may be below 1.8 at the highest b: at random points one at least is.
fn model(bounds: &str) -> (Model, Data) {
    let channel = |i: usize| {
        format!(
            r#"{{"name": "c{i}", "samples": [
                {{"name": "s", "data": [10], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
                {{"name": "b", "data": [10], "modifiers": [{{"name": "b", "type": "normfactor"}},
                    {{"name": "a{i}", "type": "histosys", "lo": [8], "hi": [12]}}]}}]}}"#
        )
    };
    let channels: Vec<String> = (0..BINS).map(channel).collect();
    let observed: Vec<String> = (0..BINS).map(|i| format!(r#""c{i}": [{}]"#, 1 + i % 5)).collect();
    let control = r#"{"name": "control", "samples": [{"name": "b", "data": [400],
        "modifiers": [{"name": "b", "type": "normfactor"}]}]}"#;
    let text = format!(
        r#"{{"channels": [{}, {control}], "observations": {{{}, "control": [400]}},
            "parameters": {{"mu": {{"bounds": [-10, 10]}}, "b": {{"bounds": {bounds}}}}}}}"#,
        channels.join(", "),
        observed.join(", "),
    );
    let workspace: Workspace = serde_json::from_str(&text).unwrap();
    let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
    let data = model.observed(&workspace).unwrap();
    (model, data)
}

/// With the parameter held there, from start values or those of `theta`.
fn options(model: &Model, theta: &[f64], held: &str, value: f64) -> FitOptions {
    let place = model.find(held).unwrap().0;
    let mut start = theta.to_vec();
    start[place] = value;
    let mut fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    fixed[place] = true;
    FitOptions { start, fixed, minos: Vec::new(), multi_start: 1, seed: 1 }
}

#[test]
fn a_fit_enters_where_random_points_do_not() {
    let (model, data) = model("[0.9, 1.1]");
    for fitter in [&Newton::default() as &dyn Fitter, &Lbfgsb::default()] {
        let mut nll = Nll::new(&model, data.clone());
        let mut chained = model.init();
        // As far as the start values have a likelihood, and from there in steps.
        let mut before = f64::NAN;
        for mu in [-0.9, -1.0, -1.1, -1.2, -1.3, -1.4, -1.5] {
            let fit = run(&mut nll, fitter, &options(&model, &chained, "mu", mu));
            assert!(fit.status.converged, "mu = {mu}: {:?}", fit.status);
            chained = fit.parameters.iter().map(|p| p.value).collect();
            before = fit.twice_nll.unwrap();
        }
        let options = options(&model, &model.init(), "mu", -1.5);
        assert!(nll.value(&options.start).is_err(), "the start values are outside");
        let fit = run(&mut nll, fitter, &options);
        assert!(fit.status.converged, "{:?}", fit.status);
        assert!((fit.twice_nll.unwrap() - before).abs() < 1e-6, "{:?} against {before}", fit.twice_nll);
        assert!(fit.status.warnings.iter().any(|w| w.contains("began at")), "{:?}", fit.status.warnings);
        assert!(fit.status.iterations > 0, "those on the way count");
        assert_eq!(nll.data().main, data.main, "the data are as they were");
        assert!(nll.value(&options.start).is_err(), "the likelihood is what it was");
    }
}

/// Beyond what the bounds of all others allow there is none, and that is said of the bin: α ≤ 5 gives 20 b ≤ 22 events of background.
#[test]
fn a_likelihood_is_zero_where_bins_cannot_be_raised() {
    let (model, data) = model("[0.9, 1.1]");
    let bounds = model.parameters().iter().map(|p| [p.bounds[0].max(-5.0), p.bounds[1].min(5.0)]);
    let bounds: Vec<[f64; 2]> = bounds.collect();
    for fitter in [&Newton::default() as &dyn Fitter, &Lbfgsb::default()] {
        for (mu, exists) in [(-2.19, true), (-2.21, false), (-3.0, false)] {
            let mut nll = Nll::new(&model, data.clone());
            let options = options(&model, &model.init(), "mu", mu);
            let problem = Problem::new(&options.start, &bounds, &options.fixed);
            let found = from_anywhere(&mut nll, fitter, &problem, &[], 1);
            match found {
                Ok((minimum, _)) => assert!(exists && minimum.value.is_finite(), "{mu}: {minimum:?}"),
                Err(Nowhere { why, is_zero }) => {
                    assert!(!exists && is_zero, "{mu}: {why}, {is_zero}");
                    let EvalError::NonPositiveYield { expected, .. } = why else { panic!("{why}") };
                    assert!((expected - (22.0 + 10.0 * mu)).abs() < 1e-3, "the best it can do: {expected}");
                }
            }
        }
    }
}

/// 2 NLL of published fits with few events, from start values outside, as from the fits at neighbouring values.
#[test]
fn a_published_fit_enters() {
    let path = common::shared().join("workspaces/1lbb.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("SKIPPED: no ../shared beside the repository");
        return;
    };
    let file: zstat_formats::pyhf::Workspace = serde_json::from_str(&text).unwrap();
    let workspace = zstat_formats::pyhf::from_workspace(file).unwrap().workspace;
    let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
    let data = model.observed(&workspace).unwrap();
    let fitter = Newton::default();
    for (mu, chained) in [(-1.32, 203.2776), (-1.4, 203.9621), (-1.5, 204.8259)] {
        let options = options(&model, &model.init(), "r_C1N2_Wh_hbb_700_400", mu);
        let fit = run(&mut Nll::new(&model, data.clone()), &fitter, &options);
        assert!(fit.status.converged, "{mu}: {:?}", fit.status);
        assert!((fit.twice_nll.unwrap() - chained).abs() < 1e-4, "{mu}: {:?}, {chained}", fit.twice_nll);
    }
}
