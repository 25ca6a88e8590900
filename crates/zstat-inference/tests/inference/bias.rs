//! Injection studies of one count, whose best signal strength is (n − b)/s: against Poisson sums.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::{Lbfgsb, Newton};
use zstat_inference::{Bias, BiasTally, InjectedFit, Inputs, StudyOptions, ToyStudy, all_tasks, threshold};

const SIGNAL: f64 = 2.0;
const BACKGROUND: f64 = 9.0;
const TOYS: u64 = 4000;

/// The study, and its fits: every one is checked against (n − b)/s, or the bound.
fn study(injected: &[f64], lower: f64) -> Bias {
    let text = format!(
        r#"{{"channels": [{{"name": "SR", "samples": [
            {{"name": "s", "data": [{SIGNAL}], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
            {{"name": "b", "data": [{BACKGROUND}], "modifiers": []}}]}}],
            "observations": {{"SR": [9]}}, "parameters": {{"mu": {{"bounds": [{lower}, 60]}}}}, "poi": "mu"}}"#
    );
    let workspace: Workspace = serde_json::from_str(&text).unwrap();
    let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
    let data = model.observed(&workspace).unwrap();
    let (fitter, rescue, start) = (Newton::default(), Lbfgsb::default(), model.init());
    let inputs = Inputs { model: &model, data: &data, fitter: &fitter, start: &start, fixed: &[false] };
    let points = injected.iter().map(|&mu| vec![mu]).collect();
    let options = StudyOptions { poi: Some(0), reported: vec![0], with_data: true, seed: 11 };
    let study = ToyStudy::new(inputs, points, &rescue, options).unwrap();
    let records = all_tasks(&study, study.tasks(TOYS), &|| {});
    for record in &records {
        let wanted = estimate(record.data[0], lower);
        assert!(record.converged && (record.values[0] - wanted).abs() < 1e-5, "{record:?}, {wanted}");
    }
    let mut tally = BiasTally::new(injected, [lower, 60.0]);
    (0..).zip(&records).for_each(|(task, record)| tally.put(task, &InjectedFit::from(record)));
    tally.finish()
}

fn estimate(count: f64, lower: f64) -> f64 {
    ((count - BACKGROUND) / SIGNAL).max(lower)
}

/// Σ P(n) f(n) for a count of this mean.
fn expected(mean: f64, f: impl Fn(f64) -> f64) -> f64 {
    let mut probability = (-mean).exp();
    let mut sum = 0.0;
    for n in 0..400 {
        let n = f64::from(n);
        sum += probability * f(n);
        probability *= mean / (n + 1.0);
    }
    sum
}

/// 2 [NLL(mu) − NLL(best)] of one count.
fn twice_rise(count: f64, mu: f64, lower: f64) -> f64 {
    let nll = |mu: f64| {
        let nu = SIGNAL * mu + BACKGROUND;
        nu - if count > 0.0 { count * nu.ln() } else { 0.0 }
    };
    2.0 * (nll(mu) - nll(estimate(count, lower)))
}

#[track_caller]
fn close(what: &str, found: f64, wanted: f64, error: f64) {
    assert!((found - wanted).abs() < 4.5 * error, "{what}: {found}, {wanted} ± {error}");
}

/// Mean, width, median, pulls, coverage of each value.
fn check_points(found: &Bias, lower: f64) {
    let n = TOYS as f64;
    for point in &found.points {
        let truth = point.response.truth;
        let mean_count = SIGNAL * truth + BACKGROUND;
        let moment =
            |power: i32, centre: f64| expected(mean_count, |n| (estimate(n, lower) - centre).powi(power));
        let mean = moment(1, 0.0);
        let (variance, fourth) = (moment(2, mean), moment(4, mean));
        let value = &point.response.value;
        assert_eq!((value.count(), point.failed), (TOYS, 0));
        close("mean", value.mean().unwrap(), mean, (variance / n).sqrt());
        close("bias", point.response.bias().unwrap(), mean - truth, (variance / n).sqrt());
        // The errors that are reported are those of the exact distribution.
        close("mean error", value.mean_error().unwrap(), (variance / n).sqrt(), 0.02 * (variance / n).sqrt());
        let width_error = ((fourth - variance * variance) / n / variance).sqrt() / 2.0;
        close("width", value.width().unwrap(), variance.sqrt(), width_error);
        close("width error", point.width_error.unwrap(), width_error, 0.05 * width_error);
        // Half of the counts are on each side of the median.
        let median = point.median.unwrap().value;
        let below = expected(mean_count, |n| f64::from(estimate(n, lower) < median - 1e-6));
        let upto = expected(mean_count, |n| f64::from(estimate(n, lower) < median + 1e-6));
        let slack = 4.0 * 0.5 / n.sqrt();
        assert!(below < 0.5 + slack && upto > 0.5 - slack, "{median}: {below} to {upto}");
        for (level, covered) in point.coverage.fractions() {
            let inside = expected(mean_count, |n| f64::from(twice_rise(n, truth, lower) <= threshold(level)));
            close("coverage", covered.value, inside, (inside * (1.0 - inside) / n).sqrt());
        }
        let at_bound = expected(mean_count, |n| f64::from(estimate(n, lower) <= lower));
        close("at bound", point.response.at_bound as f64 / n, at_bound, (at_bound / n).sqrt() + 1e-3);
    }
}

/// Far from bounds the estimate is unbiased: mean mu, variance (s mu + b)/s², slope 1, intercept 0.
#[test]
fn without_bounds_the_response_is_the_identity() {
    let injected = [0.0, 1.0, 3.0, 6.0, 10.0];
    // The lower bound is where nothing is expected any more.
    let found = study(&injected, -BACKGROUND / SIGNAL);
    check_points(&found, -BACKGROUND / SIGNAL);
    let line = found.line.unwrap();
    let weights = injected.map(|mu| TOYS as f64 * SIGNAL * SIGNAL / (SIGNAL * mu + BACKGROUND));
    let sum = |term: fn(f64) -> f64| injected.iter().zip(weights).map(|(mu, w)| w * term(*mu)).sum::<f64>();
    let (one, x, xx) = (sum(|_| 1.0), sum(|mu| mu), sum(|mu| mu * mu));
    let determinant = one * xx - x * x;
    let wanted = [[xx / determinant, -x / determinant], [-x / determinant, one / determinant]];
    close("slope", line.slope, 1.0, wanted[1][1].sqrt());
    close("intercept", line.intercept, 0.0, wanted[0][0].sqrt());
    for (found, wanted) in line.covariance.iter().flatten().zip(wanted.iter().flatten()) {
        close("covariance", *found, *wanted, 0.02 * wanted.abs());
    }
    // χ² of three degrees of freedom: 22.6 is as improbable as 4.5 standard deviations are rare.
    assert!(line.dof == 3 && line.chi_squared < 26.0, "{line:?}");
}

/// With the bound at 0 small values are biased by Σ P(n) max(0, (n − b)/s) − mu, and the response is no line.
#[test]
fn at_a_bound_the_bias_is_the_sum_over_counts() {
    let found = study(&[0.0, 0.5, 1.0, 3.0], 0.0);
    check_points(&found, 0.0);
    let bias = expected(BACKGROUND, |n| ((n - BACKGROUND) / SIGNAL).max(0.0));
    let point = &found.points[0].response;
    close("bias", point.bias().unwrap(), bias, point.value.mean_error().unwrap());
    assert!(bias > 0.5 && found.line.unwrap().p_value.unwrap() < 1e-6);
}
