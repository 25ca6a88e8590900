//! Scans and impacts of a likelihood whose first fit ends in the higher of two minima: a slow oracle, and jobs whose records
//! went through JSON.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zstat_core::likelihood::Data;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::Newton;
use zstat_inference::{
    HandOver, ImpactKind, ImpactOptions, ImpactStudy, Inputs, LineStudy, PlaneOptions, PlaneStudy,
    ScanOptions, Tasks, impacts, run_tasks, scan, scan_plane,
};

use crate::two_minima::{least, two_minima};

/// The lower minimum is at k < 0.
fn of_mu() -> Value {
    two_minima([70.0, 60.0, 43.0], 4.0, "mu")
}

fn with<T>(workspace: Value, work: impl FnOnce(Inputs<'_>, &dyn Fn(&str) -> usize) -> T) -> T {
    let workspace: Workspace = serde_json::from_value(workspace).unwrap();
    let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
    let data: Data = model.observed(&workspace).unwrap();
    let (fitter, start) = (Newton::default(), model.init());
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let inputs = Inputs { model: &model, data: &data, fitter: &fitter, start: &start, fixed: &fixed };
    work(inputs, &|name| model.find(name).unwrap().0)
}

/// 2 NLL but for a constant.
fn twice_nll(mu: f64, k: f64, a: f64) -> f64 {
    let bins =
        [(60.0 + 8.0 * mu + 4.0 * k * k, 70.0), (50.0 + 10.0 * k * k, 60.0), (a * (50.0 + 4.0 * k), 43.0)];
    let poisson: f64 = bins.iter().map(|(nu, n): &(f64, f64)| 2.0 * (nu - n * nu.ln())).sum();
    poisson + ((a - 1.0) / 0.1).powi(2)
}

/// The best signal strength at k makes up for the first bin.
fn mu_at(k: f64) -> f64 {
    (10.0 - 4.0 * k * k) / 8.0
}

/// Best 2 NLL, k and a: the lower minimum, and the higher one.
fn best(sign: f64) -> (f64, f64, f64) {
    let at = |k: f64| least(|a| twice_nll(mu_at(k), k, a), 0.5, 1.5);
    let (value, k) = least(|k| at(k).0, sign * 0.5, sign * 2.0);
    (value, k, at(k).1)
}

#[test]
fn a_scan_that_finds_a_lower_minimum_is_relative_to_it() {
    let (lowest, k_hat, a_hat) = best(-1.0);
    assert!(lowest < best(1.0).0 - 0.1, "the minima differ");
    with(of_mu(), |inputs, index| {
        let options =
            ScanOptions { range: Some([-2.0, 2.0]), points: 41, statistical: true, ..ScanOptions::default() };
        let found = scan(inputs, index("k"), &options).unwrap();
        assert!(found.converged && found.warnings.iter().any(|w| w.contains("missed a minimum lower")));
        assert!((found.best - k_hat).abs() < 1e-5, "{} {k_hat}", found.best);
        for point in &found.points {
            let k = point.value;
            let wanted = least(|a| twice_nll(mu_at(k), k, a), 0.5, 1.5).0 - lowest;
            assert!((point.delta_twice_nll - wanted).abs() < 1e-6, "{point:?}, {wanted}");
            // What is held is held at the lower minimum.
            let wanted = twice_nll(mu_at(k), k, a_hat) - lowest;
            assert!((point.delta_statistical.unwrap() - wanted).abs() < 1e-6, "{point:?}, {wanted}");
        }
    });
}

#[test]
fn a_plane_that_finds_a_lower_minimum_is_relative_to_it() {
    let (lowest, k_hat, a_hat) = best(-1.0);
    with(of_mu(), |inputs, index| {
        let options = PlaneOptions {
            range: Some([[-1.0, 3.0], [-2.0, 2.0]]),
            points: [9, 21],
            statistical: true,
            ..PlaneOptions::default()
        };
        let found = scan_plane(inputs, [index("mu"), index("k")], &options, &|| {}).unwrap();
        assert!(found.warnings.iter().any(|w| w.contains("missed a minimum lower")), "{:?}", found.warnings);
        assert!((found.best[1] - k_hat).abs() < 1e-5 && (found.best[0] - mu_at(k_hat)).abs() < 1e-5);
        for point in &found.points {
            let [mu, k] = point.values;
            let wanted = least(|a| twice_nll(mu, k, a), 0.5, 1.5).0 - lowest;
            assert!((point.delta_twice_nll - wanted).abs() < 1e-6, "{point:?}, {wanted}");
            let wanted = twice_nll(mu, k, a_hat) - lowest;
            assert!((point.delta_statistical.unwrap() - wanted).abs() < 1e-6, "{point:?}, {wanted}");
        }
    });
}

/// Records of all tasks, each in JSON and back, done in three parts and the last one first.
fn through_json<T: Tasks>(study: &T, tasks: u64) -> Vec<T::Record>
where
    T::Record: Serialize + DeserializeOwned,
{
    let records = std::sync::Mutex::new(Vec::new());
    let keep = |ended: Vec<(u64, T::Record)>| {
        let json = ended.iter().map(|(task, record)| (*task, serde_json::to_string(record).unwrap()));
        records.lock().unwrap().extend(json);
    };
    for part in [2, 0, 1] {
        run_tasks(study, part * tasks / 3..(part + 1) * tasks / 3, &|_| false, HandOver::AtOnce, &keep);
    }
    let mut records = records.into_inner().unwrap();
    assert_eq!(records.len() as u64, tasks);
    records.sort();
    records.into_iter().map(|(_, record)| serde_json::from_str(&record).unwrap()).collect()
}

#[test]
fn jobs_in_parts_are_the_whole() {
    with(of_mu(), |inputs, index| {
        for statistical in [false, true] {
            let options = ScanOptions { range: Some([-2.0, 2.0]), statistical, ..ScanOptions::default() };
            let study = || LineStudy::new(inputs, index("k"), &options).unwrap();
            let records = through_json(&study(), study().tasks());
            assert_eq!(study().finish(&records), scan(inputs, index("k"), &options).unwrap());
            let options = PlaneOptions { points: [7, 6], statistical, ..PlaneOptions::default() };
            let parameters = [index("mu"), index("k")];
            let study = || PlaneStudy::new(inputs, parameters, &options).unwrap();
            let records = through_json(&study(), study().tasks());
            let whole = scan_plane(inputs, parameters, &options, &|| {}).unwrap();
            assert_eq!(study().finish(&records).unwrap(), whole);
        }
        for kind in [ImpactKind::Refit, ImpactKind::GlobalObservables, ImpactKind::Covariance] {
            let options = ImpactOptions { kind, pois: vec![index("mu")], groups: Vec::new() };
            let study = || ImpactStudy::new(inputs, &options).unwrap();
            let records = through_json(&study(), study().tasks());
            assert_eq!(study().finish(records, &|| {}).unwrap(), impacts(inputs, &options, &|| {}).unwrap());
        }
    });
    // Minima so near that refits lead to the lower one, and everything is done again from there.
    let mut near = two_minima([70.0, 52.5, 48.0], 1.0, "mu");
    near["parameters"]["a"] = json!({"fixed": true});
    with(near, |inputs, index| {
        let options = ImpactOptions { pois: vec![index("mu")], groups: Vec::new(), kind: ImpactKind::Refit };
        let whole = impacts(inputs, &options, &|| {}).unwrap();
        assert!(whole.warnings[0].contains("missed a minimum lower"), "{:?}", whole.warnings);
        let study = || ImpactStudy::new(inputs, &options).unwrap();
        let records = through_json(&study(), study().tasks());
        assert_eq!(study().finish(records, &|| {}).unwrap(), whole);
    });
}
