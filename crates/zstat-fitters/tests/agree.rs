//! Independent minimisers agree: on published likelihoods with the best known minima, on random models with each other.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use zstat_core::fit::{Fitter, Minimum, Problem, Termination};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::spec::BuildOptions;
use zstat_core::testing::random::{self, RandomModel};
use zstat_fitters::{Lbfgsb, NelderMead, Newton};

fn fit(fitter: &dyn Fitter, nll: &mut Nll<'_>) -> Minimum {
    let start = nll.model().init();
    fit_from(fitter, nll, &start)
}

fn fit_from(fitter: &dyn Fitter, nll: &mut Nll<'_>, start: &[f64]) -> Minimum {
    let parameters = nll.model().parameters();
    let bounds: Vec<[f64; 2]> = parameters.iter().map(|p| p.bounds).collect();
    let fixed: Vec<bool> = parameters.iter().map(|p| p.fixed).collect();
    fitter.minimise(nll, &Problem::new(start, &bounds, &fixed))
}

#[test]
fn lbfgsb_reaches_the_best_known_minima() {
    let path = common::shared().join("reference/best_known.json");
    let Ok(text) = std::fs::read_to_string(&path) else { return };
    let best: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(best.len() >= 10);
    for known in &best {
        let name = known["name"].as_str().unwrap();
        let path = common::shared().join(format!("workspaces/{name}.json"));
        let (model, data) = common::load(&path, &BuildOptions::default());
        let mut nll = Nll::new(&model, data);
        let minimum = fit(&Lbfgsb::default(), &mut nll);
        let twice_nll = 2.0 * (minimum.value + nll.constant());
        let lowest = known["twice_nll_min"].as_f64().unwrap();
        assert_eq!(minimum.termination, Termination::Converged, "{name}");
        assert!(twice_nll <= lowest + 1e-6, "{name}: {twice_nll}, best known {lowest}");
    }
}

/// The same random models every time.
fn models(count: usize) -> impl Iterator<Item = RandomModel> {
    let mut runner = TestRunner::new(random::config(1));
    std::iter::repeat_with(move || random::models().new_tree(&mut runner).unwrap().current()).take(count)
}

/// Calls `check` with smooth random models of at most `largest` free parameters.
fn with_smooth_models(count: usize, largest: usize, mut check: impl FnMut(usize, &mut Nll<'_>)) {
    for (which, random) in models(count).enumerate() {
        let random = random.smooth();
        let model = Model::build(&random.workspace, &random.options).unwrap();
        if model.parameters().iter().filter(|parameter| !parameter.fixed).count() <= largest {
            check(which, &mut Nll::new(&model, model.observed(&random.workspace).unwrap()));
        }
    }
}

/// Where one minimiser has converged the other finds nothing lower beside it, and from the same start they nearly always
/// arrive at the same value (some of these likelihoods have several minima).
#[test]
fn newton_and_lbfgsb_agree_on_random_models() {
    let (mut tried, mut converged, mut same) = (0, [0, 0], 0);
    with_smooth_models(200, usize::MAX, |which, nll| {
        tried += 1;
        let found = [fit(&Newton::default(), nll), fit(&Lbfgsb::default(), nll)];
        let ended = [0, 1].map(|i| found[i].termination == Termination::Converged);
        (0..2).filter(|&i| ended[i]).for_each(|i| converged[i] += 1);
        if ended == [true, true] {
            same += usize::from((found[0].value - found[1].value).abs() <= 1e-6);
            let others: [&dyn Fitter; 2] = [&Lbfgsb::default(), &Newton::default()];
            for (minimum, other) in found.iter().zip(others) {
                let again = fit_from(other, nll, &minimum.theta);
                assert!(again.value >= minimum.value - 1e-7, "model {which}: {minimum:?}, but {again:?}");
            }
        }
    });
    assert!(converged[0] >= tried * 95 / 100, "newton converged on {} of {tried}", converged[0]);
    assert!(converged[1] >= tried * 97 / 100, "lbfgsb converged on {} of {tried}", converged[1]);
    assert!(same >= tried * 85 / 100, "the same value on {same} of {tried}");
}

/// Where the simplex has converged lbfgsb finds nothing lower beside it.
#[test]
fn nelder_mead_finds_minima_of_small_models() {
    let (mut tried, mut converged) = (0, 0);
    with_smooth_models(200, 4, |which, nll| {
        tried += 1;
        let simplex = fit(&NelderMead::default(), nll);
        if simplex.termination == Termination::Converged {
            converged += 1;
            let again = fit_from(&Lbfgsb::default(), nll, &simplex.theta);
            assert!(again.value >= simplex.value - 1e-7, "model {which}: {simplex:?}, but {again:?}");
        }
    });
    assert!(tried >= 20, "only {tried} models are small");
    // The rest are valleys where two parameters stand only in a product, and the curvature is that of rounding.
    assert!(converged >= tried * 92 / 100, "converged on {converged} of {tried}");
}
