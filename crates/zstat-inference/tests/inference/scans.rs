//! Profile scans against closed forms, MINOS and combine.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use crate::common::{native, tutorial_card};
use zstat_core::fit::{FitOptions, run};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;
use zstat_core::spec::BuildOptions;
use zstat_fitters::Newton;
use zstat_inference::{Inputs, Interval, Scan, ScanOptions, scan, threshold};

fn scanned(model: &Model, data: &Data, parameter: &str, options: &ScanOptions) -> Scan {
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let parameter = model.find(parameter).unwrap().0;
    let fitter = Newton::default();
    let inputs = Inputs { model, data, fitter: &fitter, start: &model.init(), fixed: &fixed };
    scan(inputs, parameter, options).unwrap()
}

fn at_68(scan: &Scan) -> Interval {
    *scan.intervals.iter().find(|interval| interval.level < 0.9).unwrap()
}

#[test]
fn thresholds() {
    assert!((threshold(0.682_689_492_137_085_9) - 1.0).abs() < 1e-12);
    assert!((threshold(0.95) - 3.841_458_820_694_124).abs() < 1e-10);
}

/// One Poisson count: 2 ΔNLL in closed form at every point, and at the ends of the intervals.
#[test]
fn one_count() {
    let (model, data) = native(
        r#"{"channels": [{"name": "SR", "samples": [
            {"name": "s", "data": [5.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
            {"name": "b", "data": [50.0], "modifiers": []}]}],
            "observations": {"SR": [62]}, "parameters": {"mu": {"bounds": [-8, 20]}}}"#,
    );
    let exact = |mu: f64| {
        let nu = 50.0 + 5.0 * mu;
        2.0 * (nu - 62.0 + 62.0 * (62.0 / nu).ln())
    };
    let found = scanned(&model, &data, "mu", &ScanOptions::default());
    assert!((found.best - 2.4).abs() < 1e-6 && found.converged);
    for point in &found.points {
        assert!((point.delta_twice_nll - exact(point.value)).abs() < 1e-8, "{point:?}");
    }
    assert_eq!(found.intervals.len(), 2);
    for interval in &found.intervals {
        for end in [interval.low, interval.high] {
            assert!((exact(end.unwrap()) - threshold(interval.level)).abs() < 1e-8, "{interval:?}");
        }
    }
    let [low, high] = found.range;
    assert!((4.0..16.0).contains(&exact(low)) && (4.0..16.0).contains(&exact(high)), "{:?}", found.range);
}

/// The two-channel card of combine's tutorial (toy-hgg-125): its two signal strengths with asymmetric errors.
#[test]
fn two_signal_strengths_as_combine_has_them() {
    let names = ["r_ggH", "r_qqH"];
    let bounds = r#""parameters": {"r_ggH": {"bounds": [-5, 20]}, "r_qqH": {"bounds": [-5, 20]}},"#;
    let (model, data) = tutorial_card(names, &names, bounds);
    // Two strengths fit two counts exactly: the best values solve two linear equations, which combine's own (0.882 and
    // 4.683) miss by 1e-3. The ends of its intervals are good to the digits that it prints.
    let r_ggh = (26.0 - 1.6 * 4.8 / 0.95) / (21.0 - 1.6 * 0.4 / 0.95);
    let r_qqh = (4.8 - 0.4 * r_ggh) / 0.95;
    for (name, best, low, high) in [
        ("r_ggH", r_ggh, 0.88138 - 0.74838, 0.88138 + 0.79500),
        ("r_qqH", r_qqh, 4.68278 - 2.74550, 4.68278 + 3.46453),
    ] {
        let found = scanned(&model, &data, name, &ScanOptions::default());
        let interval = at_68(&found);
        assert!((found.best - best).abs() < 1e-6, "{name}: {}", found.best);
        assert!((interval.low.unwrap() - low).abs() < 1e-4, "{name}: {interval:?}");
        assert!((interval.high.unwrap() - high).abs() < 1e-4, "{name}: {interval:?}");
    }
}

/// Crossings of 2 ΔNLL = 1 are MINOS intervals; without constraints the statistical part is everything.
#[test]
fn agrees_with_minos_and_splits_the_statistical_part() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/quickstart.yaml")).unwrap();
    let analysis: zstat_core::spec::Analysis = serde_saphyr::from_str(&text).unwrap();
    let model = Model::build(&analysis.workspace, &BuildOptions::default()).unwrap();
    let data = model.observed(&analysis.workspace).unwrap();
    let mu = model.find("mu").unwrap().0;
    let options = FitOptions {
        start: model.init(),
        fixed: model.parameters().iter().map(|p| p.fixed).collect(),
        minos: vec![mu],
        multi_start: 1,
        seed: 1,
    };
    let fit = run(&mut Nll::new(&model, data.clone()), &Newton::default(), &options);
    let minos = fit.parameters[mu].minos.unwrap();
    let found = scanned(&model, &data, "mu", &ScanOptions { statistical: true, ..Default::default() });
    let interval = at_68(&found);
    assert!(
        (interval.low.unwrap() - found.best - minos.down.unwrap()).abs() < 1e-5,
        "{interval:?} {minos:?}"
    );
    assert!((interval.high.unwrap() - found.best - minos.up.unwrap()).abs() < 1e-5, "{interval:?} {minos:?}");
    // Held nuisances: the statistical interval is the narrower one, and 2 ΔNLL the larger.
    let part = found.statistical[0];
    assert!(part.low.unwrap() > interval.low.unwrap() && part.high.unwrap() < interval.high.unwrap());
    for point in &found.points {
        assert!(point.delta_statistical.unwrap() >= point.delta_twice_nll - 1e-9, "{point:?}");
    }
}

/// Interference makes a likelihood with two minima: two intervals at 68 %.
#[test]
fn two_minima_have_two_intervals() {
    let (model, data) = native(
        r#"{"channels": [{"name": "SR", "samples": [
            {"name": "square", "data": [10.0], "modifiers": [
                {"name": "k", "type": "normfactor"}, {"name": "k", "type": "normfactor"}]},
            {"name": "b", "data": [50.0], "modifiers": []}]}],
            "observations": {"SR": [90]}, "parameters": {"k": {"bounds": [-4, 4]}}}"#,
    );
    let found = scanned(&model, &data, "k", &ScanOptions { range: Some([-4.0, 4.0]), ..Default::default() });
    let narrow: Vec<&Interval> = found.intervals.iter().filter(|interval| interval.level < 0.9).collect();
    assert_eq!(narrow.len(), 2, "{:?}", found.intervals);
    assert!((narrow[0].low.unwrap() + narrow[1].high.unwrap()).abs() < 1e-6, "{narrow:?}");
    assert!((narrow[0].high.unwrap() + narrow[1].low.unwrap()).abs() < 1e-6, "{narrow:?}");
}
