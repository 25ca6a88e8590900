//! Toys against exact sums, asymptotic formulas, and themselves.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking

use std::sync::Mutex;

use crate::common::native;
use zstat_core::fit::Fitter;
use zstat_core::likelihood::Data;
use zstat_core::model::Model;
use zstat_fitters::{Lbfgsb, Newton};
use zstat_inference::{
    Asimov, Ensemble, GofStatistic, HandOver, Inputs, Moments, Purpose, Setup, StudyOptions, TestStatistic,
    ToyGof, ToyHypotest, ToyStudy, ToyTest, all_tasks, chi_squared_tail, goodness_of_fit, hypotest,
    run_tasks, threshold,
};

/// Runs `work` on the inputs of a model, with everything free that the model does not fix.
fn with<T>(model: &Model, data: &Data, work: impl FnOnce(Inputs<'_>) -> T) -> T {
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let (fitter, start) = (Newton::default(), model.init());
    work(Inputs { model, data, fitter: &fitter, start: &start, fixed: &fixed })
}

fn tested(inputs: Inputs<'_>, statistic: TestStatistic, mu: f64, toys: u64) -> ToyHypotest {
    let setup =
        Setup { inputs, poi: inputs.model.poi()[0].0, statistic, asimov: Asimov::Profiled, signal: 1.0 };
    let rescue = Lbfgsb::default();
    let test = ToyTest::new(setup, mu, 42, &rescue).unwrap();
    let records = all_tasks(&test, ToyTest::tasks(toys), &|| {});
    let mut tally = test.tally();
    (0..).zip(&records).for_each(|(task, record)| tally.put(task, record));
    test.finish(tally, toys)
}

const COUNT: &str = r#"{"channels": [{"name": "SR", "samples": [
    {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
    {"name": "b", "data": [5.5], "modifiers": []}]}],
    "observations": {"SR": [3]}, "parameters": {"mu": {"bounds": [0, 40]}}, "poi": "mu"}"#;

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

/// One bin without nuisances: q̃ falls with the count, so that CLs+b and CLb are sums of Poisson probabilities.
#[test]
fn one_count_agrees_with_exact_sums() {
    let (model, data) = native(COUNT);
    let found = with(&model, &data, |inputs| tested(inputs, TestStatistic::Qtilde, 4.0, 20_000));
    let exact = [poisson_below(3, 9.5), poisson_below(3, 5.5)];
    for (found, exact) in [found.observed.clsb, found.observed.clb].iter().zip(exact) {
        let error = (exact * (1.0 - exact) / 20_000.0).sqrt();
        assert!((found.value - exact).abs() < 4.0 * error, "{found:?}, {exact}");
        assert!((found.error / error - 1.0).abs() < 0.1, "{found:?}, {error}");
    }
    let cls = found.observed.cls;
    assert!((cls.value - exact[0] / exact[1]).abs() < 4.0 * cls.error, "{cls:?}");
    // The bands: CLs of the counts at the background's quantiles. 4.0 of signal is excluded less where there is more.
    let quantile = |fraction: f64| (0..100).find(|&n| poisson_below(n, 5.5) >= fraction).unwrap();
    let below = [0.022_750_13, 0.158_655_25, 0.5, 0.841_344_75, 0.977_249_87].map(quantile);
    for (band, n) in found.expected.iter().zip(below) {
        // Best values above the tested one count as in full agreement.
        let is_above = f64::from(n) - 5.5 > 4.0;
        let [clsb, clb] =
            [poisson_below(n, 9.5), poisson_below(n, 5.5)].map(|p| if is_above { 1.0 } else { p });
        let relative = ((1.0 - clsb) / clsb + (1.0 - clb) / clb).sqrt() / 20_000.0_f64.sqrt();
        let exact = clsb / clb;
        assert!((band[2] - exact).abs() <= 4.0 * relative * exact, "{band:?}, {n}: {exact}");
    }
}

/// q_0 of the same bin: p0 is the sum over counts at least as large.
#[test]
fn discovery_agrees_with_exact_sums() {
    let (model, data) = native(&COUNT.replace("[3]", "[11]"));
    let found = with(&model, &data, |inputs| tested(inputs, TestStatistic::Q0, 0.0, 20_000));
    let exact = 1.0 - poisson_below(10, 5.5);
    let error = (exact * (1.0 - exact) / 20_000.0).sqrt();
    assert!((found.p_obs.value - exact).abs() < 4.0 * error, "{:?}, {exact}", found.p_obs);
}

const LARGE: &str = r#"{"channels": [{"name": "SR", "samples": [
    {"name": "s", "data": [150.0, 300.0], "modifiers": [{"name": "mu", "type": "normfactor"},
        {"name": "eff", "type": "normsys", "lo": 0.95, "hi": 1.05}]},
    {"name": "b", "data": [10000.0, 9000.0], "modifiers": [
        {"name": "bkg", "type": "normsys", "lo": 0.99, "hi": 1.01},
        {"name": "shape", "type": "histosys", "lo": [9900.0, 9050.0], "hi": [10100.0, 8950.0]},
        {"name": "mc", "type": "shapesys", "errors": [50.0, 40.0]}]}]}],
    "observations": {"SR": [10080, 9090]}, "parameters": {"mu": {"bounds": [-10, 10]}}, "poi": "mu"}"#;

/// Thousands of events: the asymptotic formulas hold within the errors of the toys.
#[test]
fn large_counts_agree_with_asymptotic_formulas() {
    const TOYS: u64 = 4000;
    let (model, data) = native(LARGE);
    with(&model, &data, |inputs| {
        for (statistic, mu) in
            [(TestStatistic::Qtilde, 1.0), (TestStatistic::Q, 1.4), (TestStatistic::Q0, 0.0)]
        {
            let found = tested(inputs, statistic, mu, TOYS);
            let setup =
                Setup { inputs, poi: model.poi()[0].0, statistic, asimov: Asimov::Profiled, signal: 1.0 };
            let asymptotic = hypotest(setup, mu).unwrap();
            assert_eq!(found.q_obs, asymptotic.q_obs);
            let error = |p: f64| 4.0 * (p * (1.0 - p) / TOYS as f64).sqrt() + 0.002;
            if statistic.has_cls() {
                let exact = asymptotic.observed.unwrap();
                for (found, exact) in
                    [(found.observed.clsb.value, exact.clsb), (found.observed.clb.value, exact.clb)]
                {
                    assert!((found - exact).abs() < error(exact), "{statistic}: {found}, {exact}");
                }
                let bands = asymptotic.expected.unwrap();
                assert!((found.expected[2][2] - bands[2].cls).abs() < 0.03, "{found:?}, {bands:?}");
            } else {
                let exact = asymptotic.p_obs;
                assert!((found.p_obs.value - exact).abs() < error(exact), "{:?}, {exact}", found.p_obs);
            }
        }
    });
}

/// 2000 toys of three true values: pulls of mean 0 and width 1, and intervals that cover as often as they say.
#[test]
fn pulls_and_coverage() {
    const TOYS: u64 = 2000;
    let (model, data) = native(LARGE);
    with(&model, &data, |inputs| {
        let poi = model.poi()[0].0;
        let points: Vec<Vec<f64>> = [0.0, 1.0, 2.5]
            .iter()
            .map(|&mu| {
                let mut theta = model.init();
                theta[poi] = mu;
                theta
            })
            .collect();
        let reported: Vec<usize> = (0..model.parameters().len()).collect();
        let rescue = Lbfgsb::default();
        let options = StudyOptions { poi: Some(poi), reported: reported.clone(), with_data: false, seed: 3 };
        let study = ToyStudy::new(inputs, points.clone(), &rescue, options).unwrap();
        let records = all_tasks(&study, study.tasks(TOYS), &|| {});
        for (point, truth) in points.iter().enumerate() {
            let mine: Vec<_> = records.iter().skip(point).step_by(points.len()).collect();
            assert_eq!(mine.len() as u64, TOYS);
            assert!(mine.iter().all(|record| record.converged));
            for (k, &i) in reported.iter().enumerate() {
                let mut pulls = Moments::default();
                mine.iter().for_each(|r| pulls.add((r.values[k] - truth[i]) / r.errors[k].unwrap()));
                let (mean, width) = (pulls.mean().unwrap(), pulls.width().unwrap());
                let name = &model.parameters()[i].name;
                assert!(mean.abs() < 4.0 * pulls.mean_error().unwrap() + 0.01, "{name}: {mean}");
                // Some parameters are known from their constraints alone: there the width falls below 1, never above.
                assert!(width < 1.0 + 4.0 * pulls.width_error().unwrap(), "{name}: {width}");
                if i == poi {
                    assert!((width - 1.0).abs() < 4.0 * pulls.width_error().unwrap(), "{name}: {width}");
                }
            }
            for level in [0.682_689_492_137, 0.95] {
                let inside = mine.iter().filter(|r| r.twice_rise.unwrap() <= threshold(level)).count();
                let found = inside as f64 / TOYS as f64;
                let error = (level * (1.0 - level) / TOYS as f64).sqrt();
                assert!((found - level).abs() < 4.0 * error, "{level}: {found} ± {error}");
            }
        }
    });
}

/// A toy is a function of seed and index: not of the order, the worker, or the thread.
#[test]
fn toys_do_not_depend_on_order_or_threads() {
    let (model, data) = native(LARGE);
    with(&model, &data, |inputs| {
        let setup = Setup {
            inputs,
            poi: model.poi()[0].0,
            statistic: TestStatistic::Qtilde,
            asimov: Asimov::Profiled,
            signal: 1.0,
        };
        let rescue = Lbfgsb::default();
        let test = ToyTest::new(setup, 1.0, 5, &rescue as &dyn Fitter).unwrap();
        let mut runs = Vec::new();
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            runs.push(pool.install(|| all_tasks(&test, 60, &|| {})));
        }
        assert!(runs.windows(2).all(|pair| pair[0] == pair[1]));
        // The second half alone, with holes.
        let found = Mutex::new(Vec::new());
        let each = |ended: Vec<_>| found.lock().unwrap().extend(ended);
        run_tasks(&test, 30..60, &|task| task % 7 == 0, HandOver::Together, &each);
        let found = found.into_inner().unwrap();
        assert_eq!(found.len(), (30..60).filter(|task| task % 7 != 0).count());
        assert!(found.iter().all(|(task, record)| runs[0][*task as usize] == *record));
    });
}

/// Auxiliary observations follow their constraints: means, widths, and the correlations of a block.
#[test]
fn auxiliary_observations_follow_their_constraints() {
    const TOYS: u64 = 20_000;
    let (model, data) = native(
        r#"{"channels": [{"name": "SR", "samples": [{"name": "b", "data": [100.0, 50.0], "modifiers": [
            {"name": "mu", "type": "normfactor"},
            {"name": "a", "type": "normsys", "lo": 0.9, "hi": 1.1},
            {"name": "b", "type": "normsys", "lo": 0.9, "hi": 1.1},
            {"name": "c", "type": "normsys", "lo": 0.9, "hi": 1.1},
            {"name": "mc", "type": "shapesys", "errors": [20.0, 10.0]}]}]}],
            "observations": {"SR": [100, 50]}, "poi": "mu",
            "constraints": [{"parameters": ["a", "b", "c"],
                "correlation": [[1, 0.6, -0.3], [0.6, 1, 0.2], [-0.3, 0.2, 1]]}]}"#,
    );
    with(&model, &data, |inputs| {
        let at = |name: &str| model.find(name).unwrap().0;
        let mut theta = model.init();
        theta[at("a")] = 0.5;
        theta[at("mc[0]")] = 1.2;
        let fixed: Vec<bool> = (0..theta.len()).map(|i| i == at("c")).collect();
        let draws = |inputs: Inputs<'_>| {
            let ensemble = Ensemble::new(&inputs, &theta, None, 1, Purpose::Study).unwrap();
            let mut data = ensemble.room();
            let mut all = Vec::new();
            for toy in 0..TOYS {
                ensemble.draw(toy, &mut data);
                all.push(data.clone());
            }
            all
        };
        let n = TOYS as f64;
        let mean = |all: &[Data], i: usize| all.iter().map(|d| d.aux[i]).sum::<f64>() / n;
        let covariance = |all: &[Data], i: usize, j: usize| {
            let (a, b) = (mean(all, i), mean(all, j));
            all.iter().map(|d| (d.aux[i] - a) * (d.aux[j] - b)).sum::<f64>() / n
        };
        let all = draws(inputs);
        let [a, b, c] = ["a", "b", "c"].map(at);
        let close = |found: f64, exact: f64, error: f64| {
            assert!((found - exact).abs() < 5.0 * error, "{found}, {exact} ± {error}");
        };
        close(mean(&all, a), 0.5, n.sqrt().recip());
        for ((i, j), rho) in [((a, b), 0.6), ((a, c), -0.3), ((b, c), 0.2), ((a, a), 1.0), ((c, c), 1.0)] {
            close(covariance(&all, i, j), rho, (1.0 + rho * rho).sqrt() / n.sqrt());
        }
        // τ = (100/20)² = 25 at γ = 1.2: counts of mean 30.
        let mc = at("mc[0]");
        close(mean(&all, mc), 30.0, 30.0_f64.sqrt() / n.sqrt());
        close(covariance(&all, mc, mc), 30.0, 30.0 * (2.0_f64 / n).sqrt());
        // With c fixed at 0, and observed at 0: the others given that.
        let given = draws(Inputs { fixed: &fixed, ..inputs });
        assert!(given.iter().all(|d| d.aux[c] == 0.0));
        close(mean(&given, a), 0.5, n.sqrt().recip());
        close(covariance(&given, a, b), 0.6 + 0.3 * 0.2, 1.2 / n.sqrt());
        close(covariance(&given, a, a), 1.0 - 0.09, 1.4 / n.sqrt());
    });
}

/// Large counts: the deviance of toys is distributed as χ², and its p-values are those of the tail.
#[test]
fn goodness_of_fit_agrees_with_chi_squared() {
    const TOYS: u64 = 2000;
    let (model, data) = native(LARGE);
    with(&model, &data, |inputs| {
        let statistics = [GofStatistic::Saturated, GofStatistic::Ks];
        let found = goodness_of_fit(inputs, &statistics, 1).unwrap();
        let theta: Vec<f64> = found.fit.parameters.iter().map(|p| p.value).collect();
        let rescue = Lbfgsb::default();
        let job = ToyGof::new(inputs, theta, &statistics, &rescue, 11).unwrap();
        let records = all_tasks(&job, TOYS, &|| {});
        let places = |observed: [f64; 2]| {
            let mut tally = ToyGof::tally(&observed.map(Some));
            records.iter().for_each(|record| tally.put(record));
            assert_eq!(tally.failed, 0);
            tally.places().into_iter().map(Option::unwrap).collect::<Vec<_>>()
        };
        let ks = found.tests[1].value.unwrap();
        let dof = usize::try_from(found.tests[0].dof.unwrap()).unwrap();
        // Not at the data alone: over the whole range.
        for quantile in [0.2, 1.0, 2.5, 5.0] {
            let place = places([quantile, ks])[0];
            let exact = chi_squared_tail(quantile, dof);
            let error = (exact * (1.0 - exact) / TOYS as f64).sqrt();
            assert!((place.p_value.value - exact).abs() < 4.0 * error, "{quantile}: {place:?}, {exact}");
        }
        let ks = places([0.0, ks])[1];
        assert!(ks.p_value.value > 0.0 && ks.p_value.value < 1.0 && ks.toys == TOYS, "{ks:?}");
    });
}
