//! Minima on the kink of a piecewise interpolation, against a grid.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use zstat_core::fit::{FitOptions, Fitter, Objective, run};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::{Lbfgsb, Newton};

/// Both variations raise the background, the data would have it lower: α = 0 is a corner. `TYPE` is the modifier.
const WORKSPACE: &str = r#"{
    "channels": [{"name": "SR", "samples": [
        {"name": "signal", "data": [5.0, 10.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
        {"name": "background", "data": [50.0, 52.0], "modifiers": [{"name": "shape", TYPE}]}]}],
    "observations": {"SR": [45, 62]},
    "poi": "mu"
}"#;

const KINKED: [&str; 2] = [
    r#""type": "histosys", "lo": [58.0, 55.0], "hi": [56.0, 60.0], "interpolation": "code0""#,
    r#""type": "normsys", "lo": 1.1, "hi": 1.15, "interpolation": "code1""#,
];

fn lowest_on_grid(nll: &mut Nll<'_>, index: [usize; 2], around: [f64; 2]) -> f64 {
    let mut lowest = f64::INFINITY;
    for i in -60..=60 {
        for j in -60..=60 {
            let mut theta = [0.0; 2];
            theta[index[0]] = (around[0] + 0.01 * f64::from(i)).max(0.0);
            theta[index[1]] = around[1] + 0.01 * f64::from(j);
            lowest = lowest.min(nll.value(&theta).unwrap());
        }
    }
    lowest
}

#[test]
fn a_minimum_on_a_kink_is_found_and_said() {
    for modifier in KINKED {
        let workspace: Workspace = serde_json::from_str(&WORKSPACE.replace("TYPE", modifier)).unwrap();
        let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
        let index = ["mu", "shape"].map(|name| model.find(name).unwrap().0);
        let fitters: [&dyn Fitter; 2] = [&Newton::default(), &Lbfgsb::default()];
        for fitter in fitters {
            for start in [-0.5, 0.0, 0.8] {
                let mut theta = model.init();
                theta[index[1]] = start;
                let options = FitOptions {
                    start: theta,
                    fixed: vec![false; 2],
                    minos: Vec::new(),
                    multi_start: 1,
                    seed: 1,
                };
                let mut nll = Nll::new(&model, model.observed(&workspace).unwrap());
                let result = run(&mut nll, fitter, &options);
                let found = index.map(|i| result.parameters[i].value);
                assert!(result.status.converged, "{modifier} from {start}: {:?}", result.status);
                assert_eq!(found[1], 0.0, "{modifier} from {start}");
                assert!(
                    result.status.warnings.iter().any(|w| w.contains("kink of `shape`")),
                    "{:?}",
                    result.status
                );
                let value = 0.5 * result.twice_nll.unwrap() - nll.constant();
                assert!(value <= lowest_on_grid(&mut nll, index, found) + 1e-12, "{modifier} from {start}");
            }
        }
    }
}

/// −ln L with `mu` held, profiled over α by golden-section searches on both sides of the kink and the corner itself.
fn profile(nll: &mut Nll<'_>, index: [usize; 2], mu: f64) -> f64 {
    let mut at = |alpha: f64| {
        let mut theta = [0.0; 2];
        (theta[index[0]], theta[index[1]]) = (mu, alpha);
        nll.value(&theta).unwrap()
    };
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let mut lowest = at(0.0);
    for [mut low, mut high] in [[-5.0, 0.0], [0.0, 5.0]] {
        for _ in 0..80 {
            let (a, b) = (high - golden * (high - low), low + golden * (high - low));
            if at(a) < at(b) { high = b } else { low = a }
        }
        lowest = lowest.min(at(0.5 * (low + high)));
    }
    lowest
}

/// Where the interval ends, α is on its kink on one side at least: the constrained fits must end there, too.
#[test]
fn minos_intervals_cross_kinks() {
    for modifier in KINKED {
        let workspace: Workspace = serde_json::from_str(&WORKSPACE.replace("TYPE", modifier)).unwrap();
        let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
        let index = ["mu", "shape"].map(|name| model.find(name).unwrap().0);
        for fitter in [&Newton::default() as &dyn Fitter, &Lbfgsb::default()] {
            let options = FitOptions {
                start: model.init(),
                fixed: vec![false; 2],
                minos: vec![index[0]],
                multi_start: 4,
                seed: 1,
            };
            let mut nll = Nll::new(&model, model.observed(&workspace).unwrap());
            let result = run(&mut nll, fitter, &options);
            let mu = &result.parameters[index[0]];
            let best = 0.5 * result.twice_nll.unwrap() - nll.constant();
            assert!(
                !result.status.warnings.iter().any(|w| w.contains("did not converge")),
                "{:?}",
                result.status
            );
            let minos = mu.minos.unwrap();
            for end in [minos.down, minos.up].into_iter().flatten() {
                let rise = 2.0 * (profile(&mut nll, index, mu.value + end) - best);
                assert!((rise - 1.0).abs() < 1e-6, "{modifier}: 2 ΔNLL = {rise} at {end:+}");
            }
            assert!(minos.up.is_some(), "{modifier}");
        }
    }
}

/// Above 0 the variation does nothing, below it helps: seen from above, the start is a minimum.
#[test]
fn a_flat_side_hides_no_minimum() {
    for modifier in [
        r#""type": "histosys", "lo": [40.0, 60.0], "hi": [50.0, 52.0], "interpolation": "code0""#,
        r#""type": "normsys", "lo": 0.8, "hi": 1.0, "interpolation": "code1""#,
    ] {
        let text = WORKSPACE.replace("TYPE", modifier).replace("[45, 62]", "[44, 75]");
        let workspace: Workspace = serde_json::from_str(&text).unwrap();
        let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
        let index = ["mu", "shape"].map(|name| model.find(name).unwrap().0);
        for fitter in [&Newton::default() as &dyn Fitter, &Lbfgsb::default()] {
            let from = |start: f64| {
                let mut theta = model.init();
                theta[index[1]] = start;
                let options = FitOptions {
                    start: theta,
                    fixed: vec![false; 2],
                    minos: Vec::new(),
                    multi_start: 1,
                    seed: 1,
                };
                let mut nll = Nll::new(&model, model.observed(&workspace).unwrap());
                let result = run(&mut nll, fitter, &options);
                assert!(result.status.converged, "{modifier}: {:?}", result.status);
                (result.twice_nll.unwrap(), result.parameters[index[1]].value)
            };
            let (here, there) = (from(0.0), from(-0.5));
            assert!((here.0 - there.0).abs() < 1e-6, "{modifier}: {here:?} and {there:?}");
            assert!(here.1 < -0.01, "{modifier}: {here:?}");
        }
    }
}
