//! Yields with uncertainties against differences and other fits; goodness of fit and compatibility of channels against
//! closed forms, cabinetry and combine.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking, and says what it skips

use crate::common::{cases, native, published, tutorial_card};
use zstat_core::fit::{FitOptions, Objective, run};
use zstat_core::formula::Formula;
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::{Constraint, Functions, Model};
use zstat_core::spec::BuildOptions;
use zstat_fitters::Newton;
use zstat_inference::{
    Compatibility, CompatibilityOptions, GofStatistic, GoodnessOfFit, Inputs, Prediction, TestError, Yield,
    compatibility, goodness_of_fit, predict, statistic_of,
};

fn with<T>(model: &Model, data: &Data, work: impl FnOnce(Inputs<'_>) -> T) -> T {
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let fitter = Newton::default();
    work(Inputs { model, data, fitter: &fitter, start: &model.init(), fixed: &fixed })
}

fn predicted(model: &Model, data: &Data) -> Prediction {
    with(model, data, |inputs| predict(inputs, &Functions::new(model), Some(1))).unwrap()
}

#[track_caller]
fn close(found: f64, wanted: f64, tolerance: f64) {
    assert!((found - wanted).abs() <= tolerance, "{found}, expected {wanted}");
}

/// √(J V Jᵀ) with J by central differences of the expectation summed over `bins`.
fn by_differences(
    model: &Model,
    theta: &[f64],
    indices: &[usize],
    v: &[Vec<f64>],
    bins: std::ops::Range<usize>,
) -> f64 {
    let mut nll = Nll::new(model, model.data(vec![1.0; model.n_bins()]));
    let mut sum = |theta: &[f64]| nll.expected(theta)[bins.clone()].iter().sum::<f64>();
    let slope = |&i: &usize| {
        let h = 1e-4 * v[indices.binary_search(&i).unwrap()][indices.binary_search(&i).unwrap()].sqrt();
        let mut at = |step: f64| {
            let mut moved = theta.to_vec();
            moved[i] += step;
            sum(&moved)
        };
        (at(h) - at(-h)) / (2.0 * h)
    };
    let j: Vec<f64> = indices.iter().map(slope).collect();
    let rows = j.iter().zip(v).map(|(left, row)| left * j.iter().zip(row).map(|(j, v)| j * v).sum::<f64>());
    rows.sum::<f64>().sqrt()
}

/// After the fit: bins, channels and the sum of all, with the covariance of an independent run of the fit.
#[test]
fn postfit_against_differences() {
    let mut compared = 0;
    for case in cases() {
        let (model, data) = (&case.model, &case.data);
        let found = predicted(model, data);
        let (table, _) = found.postfit.unwrap();
        let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
        let options = FitOptions { start: model.init(), fixed, minos: Vec::new(), multi_start: 1, seed: 1 };
        let fit = run(&mut Nll::new(model, data.clone()), &Newton::default(), &options);
        let theta: Vec<f64> = fit.parameters.iter().map(|p| p.value).collect();
        let covariance = fit.covariance.unwrap();
        let defined = covariance.matrix.iter().flatten().all(|x| x.is_finite());
        // A difference over a kink is not a derivative.
        let on_kink = model.kinked().iter().any(|&i| theta[i].abs() < 1e-3);
        if !defined || on_kink {
            continue;
        }
        let mut check = |found: Yield, bins: std::ops::Range<usize>| {
            let wanted = by_differences(model, &theta, &covariance.indices, &covariance.matrix, bins);
            close(found.uncertainty.unwrap(), wanted, 1e-5 * (1.0 + wanted));
            compared += 1;
        };
        for (channel, info) in table.channels.iter().zip(model.channels()) {
            check(channel.all.total, info.bins.clone());
            for (bin, at) in channel.all.bins.iter().zip(info.bins.clone()) {
                check(*bin, at..at + 1);
            }
            // Floors lift samples, too, that a channel does not have.
            let sum: f64 = channel.samples.iter().map(|sample| sample.total.value).sum();
            if !case.is_clipped {
                close(sum, channel.all.total.value, 1e-9 * sum.abs());
            }
        }
        check(table.total, 0..model.n_bins());
    }
    assert!(compared > 200, "{compared}");
}

/// Before the fit: the covariance is that of a fit to nothing but the constraints.
#[test]
fn prefit_is_the_fit_to_the_constraints_alone() {
    let correlated = r#"{"channels": [{"name": "SR", "samples": [{"name": "b", "data": [50.0, 20.0], "modifiers": [
        {"name": "mu", "type": "normfactor"},
        {"name": "a", "type": "normsys", "lo": 0.9, "hi": 1.1}, {"name": "b", "type": "normsys", "lo": 0.8, "hi": 1.3},
        {"name": "c", "type": "histosys", "lo": [45, 22], "hi": [56, 19]}, {"name": "d", "type": "shapesys", "errors": [5, 4]},
        {"name": "e", "type": "normsys", "lo": 0.95, "hi": 1.05}]}]}],
        "observations": {"SR": [55, 21]}, "parameters": {"b": {"fixed": true}, "e": {"constraint": {"normal": {"sigma": 0.5}}}},
        "constraints": [{"parameters": ["a", "b", "c"], "correlation": [[1, 0.5, -0.3], [0.5, 1, 0.2], [-0.3, 0.2, 1]]}]}"#;
    let models = cases().into_iter().map(|case| (case.model, case.data)).chain([native(correlated)]);
    for (model, data) in models {
        let (functions, fitter) = (Functions::new(&model), Newton::default());
        // From where the constraints are at their best, so that there is nothing to move.
        let centre =
            |p: &zstat_core::model::Parameter| p.constraint.centre_and_width().map_or(p.init, |(x, _)| x);
        let start: Vec<f64> =
            model.parameters().iter().map(|p| if p.fixed { p.init } else { centre(p) }).collect();
        let held: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
        let inputs = Inputs { model: &model, data: &data, fitter: &fitter, start: &start, fixed: &held };
        let found = predict(inputs, &functions, None).unwrap();
        // Unconstrained ones held, and nothing observed.
        let fixed: Vec<bool> =
            model.parameters().iter().map(|p| p.fixed || p.constraint == Constraint::None).collect();
        let blind = Data { masked: vec![true; model.n_bins()], ..data.clone() };
        let inputs = Inputs { model: &model, data: &blind, fitter: &fitter, start: &start, fixed: &fixed };
        let (wanted, fit) = predict(inputs, &functions, Some(1)).unwrap().postfit.unwrap();
        assert!(fit.status.converged);
        for (found, wanted) in found.prefit.channels.iter().zip(&wanted.channels) {
            let all = |c: &zstat_inference::ChannelYields| {
                let of = |y: &zstat_inference::Yields| [&y.bins[..], &[y.total]].concat();
                [of(&c.all), c.samples.iter().flat_map(of).collect()].concat()
            };
            for (found, wanted) in all(found).iter().zip(all(wanted)) {
                close(found.value, wanted.value, 1e-9 * (1.0 + wanted.value.abs()));
                let (found, wanted) = (found.uncertainty.unwrap(), wanted.uncertainty.unwrap());
                close(found, wanted, 1e-6 * (1.0 + wanted));
            }
        }
    }
}

/// One bin with a normalisation uncertainty and a free signal: by hand, with functions of the parameters.
#[test]
fn one_bin_by_hand() {
    let (model, data) = native(
        r#"{"channels": [{"name": "SR", "samples": [
            {"name": "s", "data": [5.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
            {"name": "b", "data": [50.0], "modifiers": [{"name": "a", "type": "normsys", "lo": 0.9090909090909091, "hi": 1.1, "interpolation": "code1"}]}]}],
            "observations": {"SR": [62]}, "parameters": {"mu": {"bounds": [-8, 20]}}, "poi": "mu"}"#,
    );
    let mut functions = Functions::new(&model);
    functions.add("twice", &Formula::parse("2 * mu").unwrap()).unwrap();
    functions.add("ratio", &Formula::parse("5 * mu / 50").unwrap()).unwrap();
    functions.add("a", &Formula::parse("-a").unwrap()).unwrap();
    functions.add("constant", &Formula::parse("3").unwrap()).unwrap();
    let found = with(&model, &data, |inputs| predict(inputs, &functions, Some(1))).unwrap();
    let channel = &found.prefit.channels[0];
    assert_eq!(channel.all.total.value, 55.0);
    // dν/dα = 50 ln 1.1: hi = 1/lo, and no kink.
    close(channel.all.total.uncertainty.unwrap(), 50.0 * 1.1_f64.ln(), 1e-10);
    assert_eq!(channel.samples[1].total, Yield { value: 5.0, uncertainty: Some(0.0) });
    let (postfit, _) = found.postfit.unwrap();
    // The data fix the sum: 62 ± √62; the background stays as uncertain as it was.
    let channel = &postfit.channels[0];
    close(channel.all.total.value, 62.0, 1e-6);
    close(channel.all.total.uncertainty.unwrap(), 62.0_f64.sqrt(), 1e-6);
    let b = channel.samples[0].total.uncertainty.unwrap();
    close(b, 50.0 * 1.1_f64.ln(), 1e-6);
    let mu = (62.0 + b * b).sqrt() / 5.0;
    let sigma = |i: usize| postfit.functions[i].uncertainty.unwrap();
    close(sigma(0), 2.0 * mu, 1e-6);
    close(sigma(1), 0.1 * mu, 1e-6);
    assert_eq!(postfit.functions[3], Yield { value: 3.0, uncertainty: Some(0.0) });
    let rho = &postfit.correlations;
    close(rho[0][1].unwrap(), 1.0, 1e-12);
    // More background, less signal: cov(μ, α) = −50 ln 1.1 / 5.
    close(rho[0][2].unwrap(), b / 5.0 / mu, 1e-6);
    assert_eq!((rho[0][3], rho[3][3], rho[2][2]), (None, None, Some(1.0)));
}

/// Before the fit, cabinetry 0.6.0 on the same model (`model_utils.prediction`): its Δ, half the difference of the yields at
/// ±1σ, is σ times the derivative where yields are linear in each parameter, as here. After the fit, cabinetry's formula with
/// the inverse of the exact Hessian, written out for this model with numpy; with Minuit's, which is numerical, cabinetry gives
/// 5.2666, 2.0307, 5.9938 and 2.1605.
#[test]
fn yields_as_cabinetry() {
    let (model, data) = native(TWO_REGIONS);
    let found = predicted(&model, &data);
    let sigmas = |table: &zstat_inference::YieldTable| -> Vec<f64> {
        let channels = table.channels.iter();
        let one = |c: &zstat_inference::ChannelYields| [&c.all.bins[..], &[c.all.total]].concat();
        channels.flat_map(one).map(|found| found.uncertainty.unwrap()).collect()
    };
    let prefit = [5.0, 2.0, 5.385164807134504, 1.0, 1.0];
    let postfit =
        [5.270971818841034, 2.0334857341178734, 5.999212537815227, 2.162099733098603, 2.162099733098603];
    let (table, _) = found.postfit.as_ref().unwrap();
    for (found, (wanted, tolerance)) in
        [(sigmas(&found.prefit), (prefit, 1e-12)), (sigmas(table), (postfit, 1e-7))]
    {
        found.into_iter().zip(wanted).for_each(|(found, wanted)| close(found, wanted, tolerance));
    }
}

#[test]
fn published_models_have_yields() {
    for (case, _) in published(&BuildOptions::default()) {
        let found = predicted(&case.model, &case.data);
        for channel in &found.prefit.channels {
            for bin in &channel.all.bins {
                assert!(bin.uncertainty.is_some_and(f64::is_finite), "{}", case.name);
            }
            // The triangle inequality: the channel is no more uncertain than its bins are together.
            let sum: f64 = channel.all.bins.iter().filter_map(|bin| bin.uncertainty).sum();
            assert!(channel.all.total.uncertainty.unwrap() <= sum * (1.0 + 1e-12), "{}", case.name);
        }
    }
}

const TWO_REGIONS: &str = r#"{"channels": [
    {"name": "region_1", "samples": [{"name": "Signal", "data": [25, 5], "modifiers": [
        {"name": "staterror_region_1", "type": "staterror", "errors": [5, 2]}, {"name": "Signal strength", "type": "normfactor"}]}]},
    {"name": "region_2", "samples": [{"name": "Signal", "data": [8], "modifiers": [
        {"name": "staterror_region_2", "type": "staterror", "errors": [1]}, {"name": "Signal strength", "type": "normfactor"}]}]}],
    "observations": {"region_1": [35, 8], "region_2": [10]}, "poi": "Signal strength"}"#;

fn gof(model: &Model, data: &Data, statistics: &[GofStatistic]) -> GoodnessOfFit {
    with(model, data, |inputs| goodness_of_fit(inputs, statistics, 1)).unwrap()
}

/// cabinetry 0.6.0 of the same model, every parameter free: p-value of `cabinetry.fit.fit(…, goodness_of_fit=True)`.
#[test]
fn saturated_as_cabinetry() {
    let (model, data) = native(TWO_REGIONS);
    let found = gof(&model, &data, &GofStatistic::ALL);
    let saturated = &found.tests[0];
    assert_eq!(saturated.dof, Some(2));
    // Its own test's rounded likelihood, 9.964913, gives 0.91926079.
    close(saturated.p_value.unwrap(), 0.919_261_37, 2e-6);
    let parts: f64 = saturated.channels.iter().flatten().sum::<f64>() + saturated.constraints.unwrap();
    close(parts, saturated.value.unwrap(), 1e-12);
    // One bin has no shape; two have one distance.
    assert_eq!(found.tests[1].channels[1], Some(0.0));
    let nu = &found.expected;
    let distance = (35.0 / 43.0 - nu[0] / (nu[0] + nu[1])).abs();
    close(found.tests[1].value.unwrap(), distance, 1e-12);
    let f = nu[0] / (nu[0] + nu[1]);
    close(found.tests[2].value.unwrap(), 43.0 * distance * distance * f / (f * (1.0 - f)), 1e-12);
    assert!(found.tests[1].p_value.is_none() && found.tests[1].reason.is_some());
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
}

/// Without constraints the saturated statistic is the sum of the deviances; blinded bins and parameters that act on nothing
/// else do not count; empty bins and fractions do.
#[test]
fn saturated_by_hand() {
    let (model, mut data) = native(
        r#"{"channels": [
            {"name": "A", "samples": [{"name": "b", "data": [10, 20, 5], "modifiers": [{"name": "k", "type": "normfactor"}]}]},
            {"name": "B", "samples": [{"name": "b", "data": [7], "modifiers": [{"name": "f", "type": "normfactor"}]}]}],
            "observations": {"A": [14.5, 0, 6], "B": [3]}}"#,
    );
    let k = 20.5 / 35.0;
    let deviance = |n: f64, nu: f64| 2.0 * (nu - n + if n > 0.0 { n * (n / nu).ln() } else { 0.0 });
    let wanted = deviance(14.5, 10.0 * k) + deviance(0.0, 20.0 * k) + deviance(6.0, 5.0 * k);
    for blind in [false, true] {
        data.masked[3] = blind;
        let found = gof(&model, &data, &[GofStatistic::Saturated]);
        let test = &found.tests[0];
        close(test.value.unwrap(), wanted, 1e-9);
        assert_eq!(test.dof, Some(2));
        close(test.p_value.unwrap(), (-0.5 * wanted).exp(), 1e-12);
        assert_eq!(test.channels[1].is_none(), blind);
        assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
    }
    data.masked = vec![true, true, false, true];
    let found = gof(&model, &data, &[GofStatistic::Saturated]);
    assert_eq!((found.tests[0].dof, found.tests[0].p_value), (Some(0), None));
    assert!(found.tests[0].reason.is_some());
}

/// One-sided variations have a minimum on each side: from one start the nearer is found, from several the lower.
#[test]
fn several_starts_find_the_lower_minimum() {
    let case = cases().into_iter().find(|case| case.name == "2bin_2channel_coupledhisto code1").unwrap();
    let (model, data) = (&case.model, &case.data);
    let mut fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let (fitter, mut start) = (Newton::default(), model.init());
    // At a signal of 1 the lower one is at -0.3589, the other at 0.4814.
    (fixed[model.poi()[0].0], start[model.poi()[0].0]) = (true, 1.0);
    let alpha = (0..start.len()).find(|&i| !fixed[i]).unwrap();
    start[alpha] = 0.5;
    let inputs = Inputs { model, data, fitter: &fitter, start: &start, fixed: &fixed };
    let saturated = |starts| {
        let found = goodness_of_fit(inputs, &[GofStatistic::Saturated], starts).unwrap();
        let (_, fit) = predict(inputs, &Functions::new(model), Some(starts)).unwrap().postfit.unwrap();
        assert_eq!(fit.twice_nll, found.fit.twice_nll);
        (found.tests[0].value.unwrap(), found.fit.parameters[alpha].value)
    };
    let (near, low) = (saturated(1), saturated(10));
    close(near.1, 0.4814, 1e-4);
    close(low.1, -0.3589, 1e-4);
    close(near.0 - low.0, 2.0 * (15.687563 - 15.435869), 1e-5);
}

/// What a loop over toys calls gives the same numbers.
#[test]
fn the_statistic_alone() {
    let (model, data) = native(TWO_REGIONS);
    let found = gof(&model, &data, &GofStatistic::ALL);
    let theta: Vec<f64> = found.fit.parameters.iter().map(|p| p.value).collect();
    let mut nll = Nll::new(&model, data);
    for test in &found.tests {
        assert_eq!(statistic_of(test.statistic, &mut nll, &theta), test.value.unwrap());
    }
}

fn compared(model: &Model, data: &Data, options: &CompatibilityOptions) -> Result<Compatibility, TestError> {
    with(model, data, |inputs| compatibility(inputs, model.poi()[0].0, options))
}

#[test]
fn compatibility_as_combine() {
    let (model, data) = tutorial_card(["r", "r"], &["r"], "");
    let options = CompatibilityOptions { bounds: Some([-20.0, 20.0]), ..Default::default() };
    let found = compared(&model, &data, &options).unwrap();
    // combine prints four decimals; its minimiser stops before ours.
    close(found.value, 1.541696, 2e-5);
    assert_eq!((found.dof, found.left_out.as_slice()), (1, &["control".to_owned()][..]));
    close(found.p_value, 2.0 * zstat_inference::upper_tail(found.value.sqrt()), 1e-14);
    let check = |p: &zstat_core::fit::ParameterResult, wanted: [f64; 3]| {
        let minos = p.minos.unwrap();
        for (found, wanted) in [p.value, minos.down.unwrap(), minos.up.unwrap()].into_iter().zip(wanted) {
            close(found, wanted, 2e-3);
        }
    };
    check(&found.one, [1.4812, -0.5987, 0.6644]);
    assert_eq!(found.groups[0].name, "dijet");
    check(&found.groups[0].best, [3.5554, -1.8576, 2.3619]);
    check(&found.groups[1].best, [1.1506, -0.6393, 0.6939]);
}

/// A formula of the parameter of interest is split with it: the same numbers as with the parameter itself.
#[test]
fn compatibility_through_formulas() {
    let (model, data) = tutorial_card(["r", "r"], &["r"], "");
    let plain = compared(&model, &data, &CompatibilityOptions::default()).unwrap();
    let text = r#""parameters": {"r": {"formula": "2 * half"}, "half": {"formula": "mu / 2"}, "mu": {"init": 1, "bounds": [0, 10]}},"#;
    let (model, data) = tutorial_card(["r", "r"], &["mu"], text);
    let poi = model.find("mu").unwrap();
    let found = with(&model, &data, |inputs| compatibility(inputs, poi.0, &CompatibilityOptions::default()));
    let found = found.unwrap();
    close(found.value, plain.value, 1e-8);
    for (found, plain) in found.groups.iter().zip(&plain.groups) {
        close(found.best.value, plain.best.value, 1e-6);
    }
}

#[test]
fn groups_and_what_cannot_be_compared() {
    let (model, mut data) = tutorial_card(["r", "r"], &["r"], "");
    let at = |name: &str| model.channels().iter().position(|c| c.name == name).unwrap();
    let groups = vec![("both".to_owned(), vec![at("incl"), at("dijet"), at("control")])];
    let options = CompatibilityOptions { groups, bounds: None };
    let error = compared(&model, &data, &options).unwrap_err();
    assert!(error.to_string().contains("`both` alone"), "{error}");
    data.masked[model.channels()[at("dijet")].bins.start] = true;
    let error = compared(&model, &data, &CompatibilityOptions::default()).unwrap_err();
    assert!(error.to_string().contains("`incl` alone"), "{error}");
    let nuisance = model.find("pdf_gg").unwrap().0;
    data.masked.fill(false);
    let error =
        with(&model, &data, |inputs| compatibility(inputs, nuisance, &CompatibilityOptions::default()));
    assert!(matches!(error, Err(TestError::Split(_))));
    // Equal channels: no difference, and the value is the common one.
    let (model, mut data) = tutorial_card(["r", "r"], &["r"], "");
    let mut nll = Nll::new(&model, data.clone());
    data.main = nll.expected(&model.init()).to_vec();
    let found = compared(&model, &data, &CompatibilityOptions::default()).unwrap();
    assert!(found.value.abs() < 1e-9 && (found.p_value - 1.0).abs() < 1e-4, "{found:?}");
    assert!(nll.value(&model.init()).is_ok());
}

/// Two free factors on the same template: neither is determined, their sum is, and what depends on it alone has the
/// uncertainty of a model with one factor.
#[test]
fn what_a_flat_direction_does_not_change_has_an_uncertainty() {
    let text = |second: &str| {
        format!(
            r#"{{"channels": [{{"name": "SR", "samples": [
            {{"name": "a", "data": [10.0, 20.0], "modifiers": [{{"name": "x", "type": "normfactor"}}]}},
            {{"name": "b", "data": [10.0, 20.0], "modifiers": [{second}]}},
            {{"name": "c", "data": [7.0, 3.0], "modifiers": [{{"name": "n", "type": "normsys", "lo": 0.9, "hi": 1.1}}]}}]}}],
            "observations": {{"SR": [33, 44]}}}}"#
        )
    };
    let table = |text: &str| {
        let (model, data) = native(text);
        predicted(&model, &data).postfit.unwrap().0
    };
    let flat = table(&text(r#"{"name": "y", "type": "normfactor"}"#));
    let one = table(&text(r#"{"name": "x", "type": "normfactor"}"#));
    let [flat, one] = [&flat, &one].map(|table| &table.channels[0]);
    assert_eq!([flat.samples[0].total.uncertainty, flat.samples[1].bins[0].uncertainty], [None, None]);
    let alike = [(&flat.all, &one.all), (&flat.samples[2], &one.samples[2])];
    for (found, wanted) in alike.into_iter().flat_map(|(a, b)| {
        let all = |y: &zstat_inference::Yields| [&y.bins[..], &[y.total]].concat();
        all(a).into_iter().zip(all(b)).collect::<Vec<_>>()
    }) {
        close(found.value, wanted.value, 1e-6 * wanted.value);
        close(found.uncertainty.unwrap(), wanted.uncertainty.unwrap(), 1e-6 * wanted.value);
    }
}
