//! Limits from toys against exact sums, a closed form, asymptotic formulas, and themselves.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use crate::common::native;
use zstat_fitters::{Lbfgsb, Newton};
use zstat_inference::{
    Asimov, Inputs, Limit, LimitByToys, LimitOptions, Reached, Setup, TestStatistic, ToyGrid, ToyLimit,
    ToyReached, all_tasks, limit, toy_limit_grid,
};

/// Runs `work` on the test of a model's parameter of interest.
fn with<T>(text: &str, statistic: TestStatistic, work: impl FnOnce(Setup<'_>) -> T) -> T {
    let (model, data) = native(text);
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let (fitter, start) = (Newton::default(), model.init());
    let inputs = Inputs { model: &model, data: &data, fitter: &fitter, start: &start, fixed: &fixed };
    let poi = model.poi()[0].0;
    work(Setup { inputs, poi, statistic, asimov: Asimov::Profiled, signal: 1.0 })
}

/// The limit, by a grid that is found, and the asymptotic one.
fn by_toys(setup: Setup<'_>, level: f64, points: usize, toys: u64) -> (LimitByToys, Limit) {
    let asymptotic = limit(setup, LimitOptions { level, ..LimitOptions::default() }).unwrap();
    let bound = setup.inputs.model.parameters()[setup.poi].bounds[1];
    let rescue = Lbfgsb::default();
    let options = ToyGrid { level, bound, range: None, points, seed: 42 };
    let values = toy_limit_grid(setup, &asymptotic, options, &rescue).unwrap();
    let job = ToyLimit::new(setup, level, &values, bound, 42, &rescue).unwrap();
    let mut tally = job.tally();
    for (task, record) in all_tasks(&job, job.tasks(toys), &|| {}).iter().enumerate() {
        tally.put(task as u64, record);
    }
    (job.finish(tally, toys), asymptotic)
}

/// One bin: b expected without signal, μ more with it, n observed.
fn count(b: f64, n: u32) -> String {
    format!(
        r#"{{"channels": [{{"name": "SR", "samples": [
            {{"name": "s", "data": [1.0], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
            {{"name": "b", "data": [{b}], "modifiers": []}}]}}],
            "observations": {{"SR": [{n}]}}, "parameters": {{"mu": {{"bounds": [0, 100]}}}}, "poi": "mu"}}"#
    )
}

/// P(n ≤ k) of a Poisson distribution, by its sum.
fn poisson_below(k: u32, mean: f64) -> f64 {
    let mut term = (-mean).exp();
    let mut sum = term;
    for n in 1..=k {
        term *= mean / f64::from(n);
        sum += term;
    }
    sum
}

/// The limit that n events of b give, by halving: q̃ falls with the count, so that CLs is a ratio of sums.
fn exact(n: u32, b: f64, alpha: f64) -> f64 {
    let (mut low, mut high) = (0.0, 200.0);
    for _ in 0..100 {
        let mu = 0.5 * (low + high);
        if poisson_below(n, b + mu) / poisson_below(n, b) > alpha { low = mu } else { high = mu }
    }
    low
}

#[track_caller]
fn close(found: ToyReached, wanted: f64, tolerance: f64) {
    let (value, error) = (found.value().expect("a limit"), found.error().expect("an error"));
    assert!(
        (value - wanted).abs() < 4.0 * error + tolerance * wanted,
        "{value} ± {error}, expected {wanted}"
    );
    assert!(error > 0.0 && error < 0.25 * wanted, "{value} ± {error}");
}

#[test]
fn one_count_agrees_with_exact_sums() {
    const B: f64 = 5.5;
    for (n, level) in [(3, 0.95), (9, 0.9)] {
        let alpha = 1.0 - level;
        with(&count(B, n), TestStatistic::Qtilde, |setup| {
            let (found, asymptotic) = by_toys(setup, level, 21, 8000);
            assert!(found.converged && found.toys.failed == 0, "{:?}", found.warnings);
            // ln CLs is bent between the values: up to a percent of the limit.
            close(found.observed, exact(n, B, alpha), 0.01);
            let quantile = |fraction: f64| (0..100).find(|&n| poisson_below(n, B) >= fraction).unwrap();
            let counts = [0.022_750_13, 0.158_655_25, 0.5, 0.841_344_75, 0.977_249_87].map(quantile);
            for (band, n) in found.expected.into_iter().zip(counts) {
                close(band, exact(n, B, alpha), 0.01);
            }
            // The toys matter: the asymptotic limit is further off than their error.
            let off = asymptotic.observed.value().unwrap() - exact(n, B, alpha);
            assert!(off.abs() > 2.0 * found.observed.error().unwrap() || n == 9, "{off}");
        });
    }
}

/// No event seen, hardly any expected: CLs is exp(−μ), far from its asymptotic form, and the grid reaches so far.
#[test]
fn no_event_gives_the_logarithm() {
    with(&count(0.02, 0), TestStatistic::Qtilde, |setup| {
        let (found, asymptotic) = by_toys(setup, 0.95, 21, 8000);
        let wanted = -(0.05_f64.ln());
        close(found.observed, wanted, 1e-3);
        close(found.expected[2], wanted, 1e-3);
        let ends = [found.points[0].mu, found.points[20].mu];
        assert!(ends[0] < 0.9 * wanted && ends[1] > 1.1 * wanted, "{ends:?}");
        assert!(
            (asymptotic.observed.value().unwrap() / wanted - 1.0).abs() > 0.1,
            "{:?}",
            asymptotic.observed
        );
    });
}

const LARGE: &str = r#"{"channels": [{"name": "SR", "samples": [
    {"name": "s", "data": [150.0, 300.0], "modifiers": [{"name": "mu", "type": "normfactor"},
        {"name": "eff", "type": "normsys", "lo": 0.95, "hi": 1.05}]},
    {"name": "b", "data": [10000.0, 9000.0], "modifiers": [
        {"name": "bkg", "type": "normsys", "lo": 0.99, "hi": 1.01},
        {"name": "mc", "type": "shapesys", "errors": [50.0, 40.0]}]}]}],
    "observations": {"SR": [10080, 9090]}, "parameters": {"mu": {"bounds": [-10, 10]}}, "poi": "mu"}"#;

/// Thousands of events: the asymptotic limits within the errors of the toys.
#[test]
fn large_counts_agree_with_asymptotic_formulas() {
    for statistic in [TestStatistic::Qtilde, TestStatistic::Q] {
        with(LARGE, statistic, |setup| {
            let (found, asymptotic) = by_toys(setup, 0.95, 17, 2000);
            close(found.observed, asymptotic.observed.value().unwrap(), 0.02);
            for (band, (found, formula)) in found.expected.into_iter().zip(asymptotic.expected).enumerate() {
                // A CLs of 0.05 at −2 standard deviations is two toys of 2000: there may be none.
                if band == 0 && found.value().is_none() {
                    assert!(matches!(found, ToyReached::NoToys(_)), "{found:?}");
                } else if band > 0 {
                    close(found, formula.value().unwrap(), 0.03);
                }
            }
            // The same toys everywhere: CLs falls all the way.
            let cls: Vec<f64> = found.points.iter().map(|point| point.observed.cls.value).collect();
            assert!(cls.windows(2).all(|pair| pair[1] <= pair[0] + 0.01), "{cls:?}");
        });
    }
}

/// A record depends on its number alone; of the alternative it has every value, of a hypothesis one.
#[test]
fn records_do_not_depend_on_threads() {
    with(LARGE, TestStatistic::Qtilde, |setup| {
        let rescue = Lbfgsb::default();
        let job = ToyLimit::new(setup, 0.95, &[0.5, 1.0, 2.0], 10.0, 3, &rescue).unwrap();
        assert_eq!(job.tasks(10), 40);
        let runs: Vec<_> = [1, 2, 5]
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| all_tasks(&job, 40, &|| {}))
            })
            .into();
        assert!(runs.windows(2).all(|pair| pair[0] == pair[1]));
        for (task, record) in runs[0].iter().enumerate() {
            assert_eq!(record.q.len(), if task % 4 == 0 { 3 } else { 1 });
        }
        // Toys that are missing count as failed, whichever they are.
        let mut tally = job.tally();
        for (task, record) in runs[0].iter().enumerate().filter(|(task, _)| *task != 8 && *task < 36) {
            tally.put(task as u64, record);
        }
        let found = job.finish(tally, 10);
        assert_eq!((found.toys.requested, found.toys.failed), (10, 5));
        assert!(!found.converged && found.warnings[0].contains("5 of 40 toys"), "{:?}", found.warnings);
    });
}

/// The curve on a grid, beside the limits: tests of its values, and nothing else changes.
#[test]
fn a_curve_is_tests_of_its_values() {
    use zstat_inference::{CurveOptions, hypotest};
    with(LARGE, TestStatistic::Qtilde, |setup| {
        let plain = limit(setup, LimitOptions::default()).unwrap();
        let curve = Some(CurveOptions { range: None, points: 9 });
        let found = limit(setup, LimitOptions { curve, ..LimitOptions::default() }).unwrap();
        assert_eq!(
            (found.observed, found.expected, &found.scan),
            (plain.observed, plain.expected, &plain.scan)
        );
        assert_eq!((plain.curve.len(), found.curve.len(), found.curve[0].mu), (0, 9, 0.0));
        let largest = [found.observed, found.expected[4]].map(|reached| reached.value().unwrap());
        assert!((found.curve[8].mu - 1.25 * largest[0].max(largest[1])).abs() < 1e-12);
        for point in &found.curve {
            let test = hypotest(setup, point.mu).unwrap();
            assert!((point.cls_obs.unwrap() - test.observed.unwrap().cls).abs() < 1e-7, "{point:?}");
            for (found, wanted) in point.cls_exp.iter().zip(test.expected.unwrap()) {
                assert!((found - wanted.cls).abs() < 1e-7, "{point:?}");
            }
        }
        // Fits of neighbours are starts: one or two each, where a test alone takes seven and more.
        assert!(found.fits < plain.fits + 4 * 9, "{} and {}", found.fits, plain.fits);
        let range = Some([0.25, 0.75]);
        let curve = Some(CurveOptions { range, points: 3 });
        let found = limit(setup, LimitOptions { curve, ..LimitOptions::default() }).unwrap();
        assert_eq!(found.curve.iter().map(|point| point.mu).collect::<Vec<_>>(), [0.25, 0.5, 0.75]);
        assert!(matches!(found.observed, Reached::At(_)));
    });
}
