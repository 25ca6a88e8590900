//! Unified intervals against the tables of Feldman and Cousins, exact sums, and the asymptotic profile interval.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use crate::common::native;
use zstat_core::likelihood::Data;
use zstat_core::model::Model;
use zstat_fitters::{Lbfgsb, Newton};
use zstat_inference::{
    Calculator, Inputs, ScanOptions, Unified, UnifiedOptions, UnifiedToys, all_tasks, scan, unified_exact,
    unified_range,
};

fn with<T>(model: &Model, data: &Data, work: impl FnOnce(Inputs<'_>, usize) -> T) -> T {
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let (fitter, start) = (Newton::default(), model.init());
    let inputs = Inputs { model, data, fitter: &fitter, start: &start, fixed: &fixed };
    work(inputs, model.poi()[0].0)
}

/// Signal of one event a unit of μ over `background`.
fn counting(background: f64, count: u32) -> (Model, Data) {
    native(&format!(
        r#"{{"channels": [{{"name": "SR", "samples": [
            {{"name": "s", "data": [1.0], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
            {{"name": "b", "data": [{background}], "modifiers": []}}]}}],
            "observations": {{"SR": [{count}]}}, "parameters": {{"mu": {{"bounds": [0, 60]}}}}, "poi": "mu"}}"#
    ))
}

fn options(inputs: Inputs<'_>, poi: usize, level: f64, points: usize) -> UnifiedOptions {
    UnifiedOptions { level, range: unified_range(inputs, poi, level).unwrap(), points }
}

fn by_toys(inputs: Inputs<'_>, poi: usize, options: UnifiedOptions, toys: u64) -> Unified {
    let rescue = Lbfgsb::default();
    let study = UnifiedToys::new(inputs, poi, options, &rescue, 7).unwrap();
    let records = all_tasks(&study, study.tasks(toys), &|| {});
    let mut tally = study.tally();
    (0..).zip(&records).for_each(|(task, record)| tally.put(task, record));
    study.finish(tally, toys)
}

/// Tables IV and VI of the paper: to the last digit printed.
#[test]
fn tables_of_the_paper() {
    let rows = [
        (0.90, 0.0, 0, 0.00, 2.44),
        (0.90, 0.0, 1, 0.11, 4.36),
        (0.90, 0.0, 2, 0.53, 5.91),
        (0.90, 0.0, 3, 1.10, 7.42),
        (0.90, 0.0, 4, 1.47, 8.60),
        (0.95, 0.0, 0, 0.00, 3.09),
        (0.95, 0.0, 2, 0.36, 6.72),
        (0.95, 0.0, 6, 2.21, 12.75),
    ];
    for (level, background, count, low, high) in rows {
        let (model, data) = counting(background, count);
        let found = with(&model, &data, |inputs, poi| {
            unified_exact(inputs, poi, &options(inputs, poi, level, 11)).unwrap().unwrap()
        });
        let ends = [found.low.unwrap().value, found.high.unwrap().value];
        let case = format!("{level} b = {background} n = {count}: {ends:?}");
        assert_eq!(found.calculator, Calculator::Exact);
        assert!((ends[0] - low).abs() <= 0.0051 && (ends[1] - high).abs() <= 0.0051, "{case}");
        assert!(found.converged && found.warnings.is_empty(), "{case}: {:?}", found.warnings);
    }
}

/// No event over b = 3.0: the construction gives 0.953 (summed by an independent program); the paper's table says 1.08,
/// because there the upper end is lengthened until it does not rise with the background any more (section IV C).
#[test]
fn upper_ends_that_rise_with_the_background() {
    let upper = |background: f64| {
        let (model, data) = counting(background, 0);
        let found = with(&model, &data, |inputs, poi| {
            let options = UnifiedOptions { level: 0.9, range: [0.0, 3.0], points: 2 };
            unified_exact(inputs, poi, &options).unwrap().unwrap()
        });
        found.high.unwrap().value
    };
    assert!((upper(3.0) - 0.953).abs() < 0.001, "{}", upper(3.0));
    let lengthened = (0..=100).map(|i| upper(3.0 + 0.01 * f64::from(i))).fold(0.0, f64::max);
    assert!((lengthened - 1.08).abs() < 0.0075, "{lengthened}");
}

/// The critical value leaves out less than the level allows, and the p-value says the same as the two statistics.
#[test]
fn critical_values_and_p_values_agree() {
    let (model, data) = counting(3.0, 5);
    let found = with(&model, &data, |inputs, poi| {
        unified_exact(inputs, poi, &options(inputs, poi, 0.9, 41)).unwrap().unwrap()
    });
    let accepted = found.points.iter().filter(|point| point.p_value.value > 0.1).count();
    assert!(accepted > 5 && accepted + 5 < found.points.len(), "{accepted}");
    for point in &found.points {
        let by_value = point.t_obs <= point.t_critical + 1e-7;
        assert_eq!(by_value, point.p_value.value > 1.0 - 0.9, "{point:?}");
    }
}

#[test]
fn toys_agree_with_exact_sums() {
    let (model, data) = counting(3.0, 6);
    let (exact, toys) = with(&model, &data, |inputs, poi| {
        let options = options(inputs, poi, 0.9, 16);
        (unified_exact(inputs, poi, &options).unwrap().unwrap(), by_toys(inputs, poi, options, 4000))
    });
    assert_eq!(exact.points.len(), toys.points.len());
    let mut differing = 0;
    for (exact, toys) in exact.points.iter().zip(&toys.points) {
        assert_eq!(exact.mu, toys.mu);
        assert!((exact.t_obs - toys.t_obs).abs() < 1e-6);
        let off = (exact.p_value.value - toys.p_value.value).abs();
        assert!(off < 4.5 * toys.p_value.error + 1e-9, "{exact:?} {toys:?}");
        differing += usize::from(off > 0.0);
    }
    // They are not the same thing twice.
    assert!(differing > 5);
    let step = (toys.range[1] - toys.range[0]) / 15.0;
    for (exact, toys) in [(exact.low, toys.low), (exact.high, toys.high)] {
        let (exact, toys) = (exact.unwrap(), toys.unwrap());
        let near = 5.0 * toys.error.unwrap_or(0.0) + step;
        assert!((exact.value - toys.value).abs() < near, "{exact:?} {toys:?}");
    }
}

/// Events where none are expected without signal: that value is rejected, whatever the toys.
#[test]
fn an_impossible_value_is_rejected() {
    let (model, data) = counting(0.0, 3);
    let found = with(&model, &data, |inputs, poi| {
        let options = UnifiedOptions { level: 0.9, range: [0.0, 10.0], points: 21 };
        by_toys(inputs, poi, options, 500)
    });
    let first = found.points[0];
    assert_eq!((first.mu, first.t_obs, first.p_value.value), (0.0, f64::INFINITY, 0.0));
    assert!(found.converged, "{:?}", found.warnings);
    let [low, high] = [found.low.unwrap(), found.high.unwrap()];
    assert!((low.value - 1.10).abs() < 0.5 && (high.value - 7.42).abs() < 0.8, "{low:?} {high:?}");
}

/// Many events, a background with an uncertainty: t has its asymptotic distribution.
#[test]
fn many_events_give_the_profile_interval() {
    let (model, data) = native(
        r#"{"channels": [{"name": "SR", "samples": [
            {"name": "s", "data": [400.0, 900.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
            {"name": "b", "data": [9000.0, 3000.0],
             "modifiers": [{"name": "k", "type": "normsys", "lo": 0.98, "hi": 1.02}]}]}],
            "observations": {"SR": [9450, 3880]}, "parameters": {"mu": {"bounds": [-10, 10]}}, "poi": "mu"}"#,
    );
    let level = 0.682_689_492_137_085_9;
    let (toys, profile, exact) = with(&model, &data, |inputs, poi| {
        let options = options(inputs, poi, level, 21);
        let scanned =
            scan(inputs, poi, &ScanOptions { levels: vec![level], ..ScanOptions::default() }).unwrap();
        let exact = unified_exact(inputs, poi, &options).unwrap();
        (by_toys(inputs, poi, options, 4000), scanned.intervals[0], exact)
    });
    assert!(exact.is_none());
    let width = profile.high.unwrap() - profile.low.unwrap();
    for (found, wanted) in [(toys.low, profile.low), (toys.high, profile.high)] {
        let (found, wanted) = (found.unwrap(), wanted.unwrap());
        let error = found.error.unwrap();
        assert!(error < 0.05 * width, "{error}");
        assert!((found.value - wanted).abs() < 4.0 * error + 0.005 * width, "{found:?} {wanted}");
    }
}

#[test]
fn ends_outside_the_range_are_none() {
    let (model, data) = counting(3.0, 6);
    let of = |range: [f64; 2]| {
        with(&model, &data, |inputs, poi| {
            unified_exact(inputs, poi, &UnifiedOptions { level: 0.9, range, points: 5 }).unwrap().unwrap()
        })
    };
    let found = of([2.0, 4.0]);
    assert!(found.low.is_none() && found.high.is_none() && found.warnings.len() == 2);
    let found = of([50.0, 60.0]);
    assert!(found.low.is_none() && found.high.is_none() && found.warnings.len() == 1);
}

/// Where the data have no likelihood, whatever the parameters are, the value is marked and the others are tested: one event of
/// background less three or four of signal is no expectation.
#[test]
fn a_value_of_zero_likelihood_is_excluded() {
    let (model, data) = native(
        r#"{"channels": [{"name": "SR", "samples": [
            {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
            {"name": "b", "data": [1.0], "modifiers": []}]}],
            "observations": {"SR": [3]}, "parameters": {"mu": {"bounds": [-10, 60]}}, "poi": "mu"}"#,
    );
    let options = UnifiedOptions { level: 0.9, range: [-4.0, 8.0], points: 13 };
    let found = with(&model, &data, |inputs, poi| by_toys(inputs, poi, options.clone(), 200));
    assert!(found.converged, "{found:?}");
    for point in &found.points {
        assert_eq!(point.t_obs.is_infinite(), point.mu <= -1.0, "{point:?}");
        assert!(point.mu > -1.0 || point.p_value.value == 0.0, "{point:?}");
        assert_eq!(point.failed, 0);
    }
    assert!(found.low.is_some() && found.high.is_some(), "{found:?}");
}

/// The error of an end counts toys alone: where p falls from near one to zero between neighbours, the end is not known to it.
#[test]
fn a_coarse_grid_is_told() {
    let (model, data) = counting(30.0, 60);
    let of = |points: usize| {
        with(&model, &data, |inputs, poi| {
            let options = UnifiedOptions { level: 0.9, range: [0.0, 150.0], points };
            by_toys(inputs, poi, options, 400)
        })
    };
    // Values 0, 50, 100, 150 and the best one, 30: p is 0, 1, 0.02, 0, 0.
    let coarse = of(4);
    assert_eq!(coarse.warnings.len(), 2, "{:?}", coarse.warnings);
    for (warning, side) in coarse.warnings.iter().zip(["lower", "upper"]) {
        assert!(warning.starts_with(&format!("the error of the {side} end counts toys alone")), "{warning}");
        assert!(warning.ends_with("raise --points or choose a narrower --range"), "{warning}");
    }
    let fine = of(76);
    assert_eq!(fine.warnings, Vec::<String>::new());
    // The remark's distance is what the finer grid moves the ends by, or more.
    let moved = (fine.low.unwrap().value - coarse.low.unwrap().value).abs();
    assert!(moved > 3.0 * coarse.low.unwrap().error.unwrap(), "{moved}");
}
