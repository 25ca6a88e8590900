//! Scans of two parameters against closed forms, cold fits and combine.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use crate::common::{native, tutorial_card};
use zstat_core::fit::{FitOptions, run};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;
use zstat_fitters::Newton;
use zstat_inference::{Inputs, PlaneOptions, PlaneScan, scan_plane, threshold_2d};

fn scanned(model: &Model, data: &Data, names: [&str; 2], options: &PlaneOptions) -> PlaneScan {
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let start = model.init();
    let inputs = Inputs { model, data, fitter: &Newton::default(), start: &start, fixed: &fixed };
    scan_plane(inputs, names.map(|name| model.find(name).unwrap().0), options, &|| ()).unwrap()
}

#[test]
fn thresholds() {
    assert!((threshold_2d(0.682_689_492_137_085_9) - 2.295_748_928_898_636).abs() < 1e-12);
    assert!((threshold_2d(0.95) - 5.991_464_547_107_979).abs() < 1e-12);
}

/// Correlated constraints and nothing else: an ellipse, also with a third parameter profiled.
#[test]
fn an_ellipse() {
    let (model, data) = native(
        r#"{"channels": [{"name": "SR", "samples": [{"name": "b", "data": [50.0], "modifiers": [
            {"name": "a", "type": "histosys", "lo": [50.0], "hi": [50.0]},
            {"name": "b", "type": "histosys", "lo": [50.0], "hi": [50.0]},
            {"name": "c", "type": "histosys", "lo": [50.0], "hi": [50.0]}]}]}],
            "observations": {"SR": [55]},
            "constraints": [{"parameters": ["a", "b", "c"], "covariance": [[1, 0.6, 0.2], [0.6, 0.81, -0.3], [0.2, -0.3, 0.7]]}]}"#,
    );
    let det = 0.81 - 0.36;
    let exact = |[a, b]: [f64; 2]| (0.81 * a * a - 1.2 * a * b + b * b) / det;
    let options = PlaneOptions { points: [17, 12], ..PlaneOptions::default() };
    let found = scanned(&model, &data, ["a", "b"], &options);
    assert!(found.converged && found.warnings.is_empty(), "{:?}", found.warnings);
    assert_eq!(found.points.len(), 17 * 12);
    for point in &found.points {
        assert!((point.delta_twice_nll - exact(point.values)).abs() < 1e-8, "{point:?}");
    }
    for contour in &found.contours {
        let [line] = contour.lines.as_slice() else { panic!("{contour:?}") };
        assert!(line.closed && line.points.len() > 10 && line.points.first() == line.points.last());
        for point in &line.points {
            assert!((exact(*point) - threshold_2d(contour.level)).abs() < 1e-6, "{point:?}");
        }
        // Area of the polygon: a little less than that of the ellipse, π t √det.
        let pairs = line.points.windows(2);
        let area = 0.5 * pairs.map(|p| p[0][0] * p[1][1] - p[1][0] * p[0][1]).sum::<f64>().abs();
        let wanted = std::f64::consts::PI * threshold_2d(contour.level) * det.sqrt();
        assert!(area < wanted && area > 0.9 * wanted, "{area}, {wanted}");
    }
}

/// The two-channel card of combine's tutorial, with bounds of the first strength.
fn two_strengths(bounds: &str) -> (Model, Data) {
    let names = ["r_ggH", "r_qqH"];
    let bounds =
        format!(r#""parameters": {{"r_ggH": {{"bounds": {bounds}}}, "r_qqH": {{"bounds": [-5, 20]}}}},"#);
    tutorial_card(names, &names, &bounds)
}

/// Points of contours are where cold fits with both parameters fixed have the threshold; the contour with 2 ΔNLL = 1 reaches
/// as far as the intervals of single parameters, which combine prints.
#[test]
fn two_signal_strengths() {
    let (model, data) = two_strengths("[-5, 20]");
    let single = -(-0.5_f64).exp_m1();
    let options = PlaneOptions { levels: vec![single, 0.95], points: [61, 61], ..PlaneOptions::default() };
    let found = scanned(&model, &data, ["r_ggH", "r_qqH"], &options);
    assert!(found.converged, "{:?}", found.warnings);
    let fit = |fixed: Option<[f64; 2]>| {
        let mut start = model.init();
        let mut held: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
        for (name, at) in [("r_ggH", 0), ("r_qqH", 1)] {
            if let Some(values) = fixed {
                let index = model.find(name).unwrap().0;
                (start[index], held[index]) = (values[at], true);
            }
        }
        let options = FitOptions { start, fixed: held, minos: Vec::new(), multi_start: 1, seed: 1 };
        run(&mut Nll::new(&model, data.clone()), &Newton::default(), &options).twice_nll.unwrap()
    };
    let best = fit(None);
    for contour in &found.contours {
        let [line] = contour.lines.as_slice() else { panic!("{contour:?}") };
        assert!(line.closed, "the usual range holds all of it: {:?}", found.range);
        for point in line.points.iter().step_by(5) {
            let delta = fit(Some(*point)) - best;
            assert!((delta - threshold_2d(contour.level)).abs() < 1e-5, "{point:?}: {delta}");
        }
    }
    let reach = |k: usize, side: f64| {
        let points = found.contours[0].lines[0].points.iter().map(|point| side * point[k]);
        side * points.fold(f64::NEG_INFINITY, f64::max)
    };
    for (found, wanted) in [
        (reach(0, -1.0), 0.88138 - 0.74838),
        (reach(0, 1.0), 0.88138 + 0.79500),
        (reach(1, -1.0), 4.68278 - 2.74550),
        (reach(1, 1.0), 4.68278 + 3.46453),
    ] {
        assert!((found - wanted).abs() < 0.02, "{found}, {wanted}");
    }
}

/// A bound cuts a contour: the line ends there, on the bound itself, both ends on the threshold. Threads do not matter, and
/// the statistical part is the narrower one.
#[test]
fn bounds_threads_and_the_statistical_part() {
    let (model, data) = two_strengths("[0, 20]");
    let options = PlaneOptions { points: [21, 21], statistical: true, ..PlaneOptions::default() };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| scanned(&model, &data, ["r_ggH", "r_qqH"], &options))
    };
    let found = with(1);
    assert_eq!(found, with(3));
    assert_eq!(found.range[0][0], 0.0);
    let [line] = found.contours[1].lines.as_slice() else { panic!("{:?}", found.contours[1]) };
    assert!(!line.closed);
    for end in [line.points[0], line.points[line.points.len() - 1]] {
        assert_eq!(end[0], 0.0, "{end:?}");
    }
    assert_eq!(found.statistical.len(), 2);
    for point in &found.points {
        assert!(point.delta_statistical.unwrap() >= point.delta_twice_nll - 1e-8, "{point:?}");
    }
}
