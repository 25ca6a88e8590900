//! Impacts against closed forms, cold fits with a parameter fixed, and each other.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking, and says what it skips

use crate::common::native;
#[allow(dead_code)] // the small models are for the other tests
use crate::common::published;
use zstat_core::fit::{FitOptions, run};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::{Constraint, Model};
use zstat_core::spec::BuildOptions;
use zstat_fitters::Newton;
use zstat_inference::{
    Effect, ImpactGroup, ImpactKind, ImpactOptions, Impacts, Inputs, groups_by_kind, impacts,
};

const KINDS: [ImpactKind; 3] = [ImpactKind::Refit, ImpactKind::GlobalObservables, ImpactKind::Covariance];

fn quickstart() -> (Model, Data) {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/quickstart.yaml")).unwrap();
    let analysis: zstat_core::spec::Analysis = serde_saphyr::from_str(&text).unwrap();
    let model = Model::build(&analysis.workspace, &BuildOptions::default()).unwrap();
    let data = model.observed(&analysis.workspace).unwrap();
    (model, data)
}

/// Impacts on `pois`, with all groups that `groups` names and their members.
fn found(model: &Model, data: &Data, kind: ImpactKind, pois: &[&str], groups: &[(&str, &[&str])]) -> Impacts {
    let index = |name: &&str| model.find(name).unwrap().0;
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let start = model.init();
    let inputs = Inputs { model, data, fitter: &Newton::default(), start: &start, fixed: &fixed };
    let group = |(name, members): &(&str, &[&str])| ImpactGroup {
        name: (*name).to_owned(),
        members: members.iter().map(index).collect(),
    };
    let pois: Vec<usize> = pois.iter().map(index).collect();
    let groups =
        if groups.is_empty() { groups_by_kind(&inputs, &pois) } else { groups.iter().map(group).collect() };
    impacts(inputs, &ImpactOptions { kind, pois, groups }, &|| ()).unwrap()
}

fn effect(model: &Model, impacts: &Impacts, name: &str) -> Effect {
    let index = model.find(name).unwrap().0;
    impacts.parameters.iter().find(|p| p.parameter == index).unwrap().effects[0]
}

#[track_caller]
fn near(found: Option<f64>, wanted: f64, tolerance: f64) {
    let found = found.unwrap_or(f64::NAN);
    assert!((found - wanted).abs() < tolerance, "{found}, expected {wanted}");
}

/// One bin and a free signal strength: the fit is exact for whatever the others are, so that every impact is a closed
/// form: −dν/s with the move dν of the background.
const ONE_BIN: &str = r#"{"channels": [{"name": "SR", "samples": [
    {"name": "s", "data": [8.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
    {"name": "b", "data": [60.0], "modifiers": [{"name": "a", "type": "histosys", "lo": [55.0], "hi": [65.0]}]},
    {"name": "c", "data": [40.0], "modifiers": [{"name": "g", "type": "shapesys", "errors": [8.0]}]},
    {"name": "d", "data": [30.0], "modifiers": [{"name": "k", "type": "normfactor"}]}]}],
    "observations": {"SR": [150]}, "poi": "mu",
    "parameters": {"mu": {"bounds": [-50, 50]}, "k": {"constraint": {"lognormal": {"kappa": 1.2}}}}}"#;

#[test]
fn one_bin_in_closed_form() {
    let (model, data) = native(ONE_BIN);
    let (s, moves) = (8.0, [("a", 5.0), ("g[0]", 8.0), ("k", 30.0 * 1.2_f64.ln())]);
    let systematic = moves.iter().map(|(_, d)| (d / s) * (d / s)).sum::<f64>().sqrt();
    let statistical = 150.0_f64.sqrt() / s;
    for kind in KINDS {
        let impacts = found(&model, &data, kind, &["mu"], &[("ag", &["a", "g"]), ("k", &["k"])]);
        assert!(impacts.converged && impacts.warnings.is_empty(), "{kind:?}: {:?}", impacts.warnings);
        for (name, d) in moves {
            let effect = effect(&model, &impacts, name);
            // The fit to a shifted log-normal observation is at κ^±1.
            let by_shift = kind == ImpactKind::GlobalObservables && name == "k";
            let wanted = if by_shift { [6.0, 30.0 * (1.0 / 1.2 - 1.0)] } else { [d, -d] };
            near(effect.up, -wanted[0] / s, 1e-6);
            near(effect.down, -wanted[1] / s, 1e-6);
            if kind == ImpactKind::GlobalObservables {
                assert_eq!((effect.prefit_up, effect.prefit_down), (None, None));
            } else {
                // Nothing else says anything about the parameters: after the fit they are as before.
                near(effect.prefit_up, -d / s, 1e-6);
                near(effect.prefit_down, d / s, 1e-6);
            }
        }
        let poi = impacts.pois[0];
        near(poi.total, statistical.hypot(systematic), 1e-6);
        near(poi.held, statistical, 1e-6);
        if kind != ImpactKind::GlobalObservables {
            near(poi.statistical, statistical, 1e-6);
            near(poi.systematic, systematic, 1e-6);
            near(impacts.groups[0].impacts[0], 5.0_f64.hypot(8.0) / s, 1e-6);
        } else {
            let of_k = 0.5 * (6.0 + 30.0 * (1.0 - 1.0 / 1.2)) / s;
            near(impacts.groups[1].impacts[0], of_k, 1e-6);
            near(impacts.groups[0].impacts[0], 5.0_f64.hypot(8.0) / s, 1e-6);
            near(poi.systematic, (5.0_f64.hypot(8.0) / s).hypot(of_k), 1e-6);
            near(
                poi.statistical,
                (poi.total.unwrap().powi(2) - poi.systematic.unwrap().powi(2)).sqrt(),
                1e-12,
            );
        }
        let ranked: Vec<usize> =
            impacts.ranked(0).iter().map(|&at| impacts.parameters[at].parameter).collect();
        let wanted: Vec<usize> = ["g[0]", "k", "a"].map(|name| model.find(name).unwrap().0).into();
        assert_eq!(ranked, wanted, "{kind:?}");
    }
}

/// Correlated constraints: a refit drags the partner along, and independent shifts add up to the systematic part.
#[test]
fn correlated_constraints_in_closed_form() {
    let text = |held: &str| {
        format!(
            r#"{{"channels": [{{"name": "SR", "samples": [
            {{"name": "s", "data": [8.0], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
            {{"name": "b", "data": [60.0], "modifiers": [
                {{"name": "a", "type": "histosys", "lo": [55.0], "hi": [65.0]}},
                {{"name": "b", "type": "histosys", "lo": [53.0], "hi": [67.0]}}]}}]}}],
            "observations": {{"SR": [75]}}, "poi": "mu",
            "constraints": [{{"parameters": ["a", "b"], "correlation": [[1, -0.6], [-0.6, 1]]}}],
            "parameters": {{"mu": {{"bounds": [-50, 50]}}, "b": {{"fixed": {held}}}}}}}"#
        )
    };
    let (model, data) = native(&text("false"));
    let (s, a, b, rho) = (8.0, 5.0, 7.0, -0.6_f64);
    let variance = (a * a + b * b + 2.0 * rho * a * b) / (s * s);
    let refits = found(&model, &data, ImpactKind::Refit, &["mu"], &[]);
    near(effect(&model, &refits, "a").up, -(a + rho * b) / s, 1e-6);
    near(effect(&model, &refits, "b").prefit_down, (b + rho * a) / s, 1e-6);
    near(refits.pois[0].systematic, variance.sqrt(), 1e-6);
    let shifts = found(&model, &data, ImpactKind::GlobalObservables, &["mu"], &[]);
    // √R of a 2 × 2 correlation matrix has p on its diagonal and q beside it.
    let (plus, minus) = ((1.0 + rho).sqrt(), (1.0 - rho).sqrt());
    let (p, q) = (0.5 * (plus + minus), 0.5 * (plus - minus));
    near(effect(&model, &shifts, "a").up, -(p * a + q * b) / s, 1e-6);
    near(effect(&model, &shifts, "b").down, (q * a + p * b) / s, 1e-6);
    near(shifts.pois[0].systematic, variance.sqrt(), 1e-6);
    near(shifts.pois[0].statistical, 75.0_f64.sqrt() / s, 1e-6);
    // With one held, the other has its conditional width.
    let (model, data) = native(&text("true"));
    let alone = found(&model, &data, ImpactKind::GlobalObservables, &["mu"], &[]);
    assert_eq!(alone.parameters.len(), 1);
    let width = (1.0 - rho * rho).sqrt();
    near(effect(&model, &alone, "a").up, -a * width / s, 1e-6);
    near(alone.pois[0].systematic, a * width / s, 1e-6);
}

/// A control region that constrains the nuisance, with so many events that all is linear: weighted least squares by hand.
/// Here the definitions differ.
#[test]
fn a_control_region_tells_the_definitions_apart() {
    let (model, data) = native(
        r#"{"channels": [
        {"name": "SR", "samples": [
            {"name": "s", "data": [1e4], "modifiers": [{"name": "mu", "type": "normfactor"}]},
            {"name": "b", "data": [1e8], "modifiers": [{"name": "a", "type": "histosys", "lo": [99970000], "hi": [100030000]}]}]},
        {"name": "CR", "samples": [
            {"name": "b", "data": [2e8], "modifiers": [{"name": "a", "type": "histosys", "lo": [199980000], "hi": [200020000]}]}]}],
        "observations": {"SR": [100010000], "CR": [200000000]}, "poi": "mu",
        "parameters": {"mu": {"bounds": [-50, 50]}}}"#,
    );
    let (s, d, e) = (1e4, 3e4, 2e4_f64);
    // Weight of the auxiliary observation in α̂, which is also α's variance.
    let w = 1.0 / (1.0 + e * e / 2e8);
    let total = (1.0001e8 / (s * s) + d * d * w / (s * s)).sqrt();
    for kind in KINDS {
        let impacts = found(&model, &data, kind, &["mu"], &[]);
        let poi = impacts.pois[0];
        let shift = if kind == ImpactKind::GlobalObservables { w } else { w.sqrt() };
        let effect = effect(&model, &impacts, "a");
        near(effect.up, -d * shift / s, 1e-3);
        near(effect.down, d * shift / s, 1e-3);
        near(poi.total, total, 1e-3);
        near(poi.systematic, d * shift / s, 1e-3);
        near(poi.statistical, (total * total - (d * shift / s).powi(2)).sqrt(), 1e-3);
        near(poi.held, 1.0001e8_f64.sqrt() / s, 1e-3);
        near(impacts.groups[0].impacts[0], d * shift / s, 1e-3);
        if kind != ImpactKind::GlobalObservables {
            near(effect.prefit_up, -d / s, 1e-3);
        }
    }
}

/// A cold fit with one parameter fixed, the lowest of some starts: where the parameter of interest goes.
fn cold(model: &Model, data: &Data, fixed: usize, value: f64, poi: usize, starts: usize) -> f64 {
    let mut start = model.init();
    start[fixed] = value;
    let mut held: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    held[fixed] = true;
    let options = FitOptions { start, fixed: held, minos: Vec::new(), multi_start: starts, seed: 7 };
    let fit = run(&mut Nll::new(model, data.clone()), &Newton::default(), &options);
    assert!(fit.status.converged);
    fit.parameters[poi].value
}

/// Refits of all seven kinds of modifiers are cold fits with the parameter fixed; shifts are cold fits to shifted data.
#[test]
fn agrees_with_cold_fits() {
    let (model, data) = quickstart();
    let poi = model.find("mu").unwrap().0;
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let options = FitOptions { start: model.init(), fixed, minos: Vec::new(), multi_start: 1, seed: 1 };
    let best = run(&mut Nll::new(&model, data.clone()), &Newton::default(), &options);
    let mu = best.parameters[poi].value;
    let refits = found(&model, &data, ImpactKind::Refit, &["mu"], &[]);
    assert_eq!(refits.parameters.len(), model.parameters().len() - 1);
    let shifts = found(&model, &data, ImpactKind::GlobalObservables, &["mu"], &[]);
    for (refit, shift) in refits.parameters.iter().zip(&shifts.parameters) {
        let (i, effect) = (refit.parameter, refit.effects[0]);
        let (theta, sigma) = (best.parameters[i].value, best.parameters[i].uncertainty.unwrap());
        let moved = |value: f64| cold(&model, &data, i, value, poi, 1) - mu;
        near(effect.up, moved(theta + sigma), 1e-5);
        near(effect.down, moved(theta - sigma), 1e-5);
        let constraint = model.parameters()[i].constraint;
        let Some((_, width)) = constraint.centre_and_width() else {
            assert_eq!((effect.prefit_up, shift.effects[0]), (None, Effect::default()));
            continue;
        };
        near(effect.prefit_up, moved(theta + width), 1e-5);
        near(effect.prefit_down, moved(theta - width), 1e-5);
        for (side, found) in [(1.0, shift.effects[0].up), (-1.0, shift.effects[0].down)] {
            let mut shifted = data.clone();
            shifted.aux[i] +=
                side * if let Constraint::Poisson { tau, .. } = constraint { tau.sqrt() } else { width };
            let fit = run(&mut Nll::new(&model, shifted), &Newton::default(), &options);
            near(found, fit.parameters[poi].value - mu, 1e-5);
        }
    }
    // 2 ΔNLL is nearly a parabola here, and the covariance nearly says it all.
    let linear = found(&model, &data, ImpactKind::Covariance, &["mu"], &[]);
    for (refit, linear) in refits.parameters.iter().zip(&linear.parameters) {
        let (refit, linear) = (refit.effects[0], linear.effects[0]);
        near(linear.up, 0.5 * (refit.up.unwrap() - refit.down.unwrap()), 0.02);
    }
}

/// The same bits for any number of threads, and a tick a parameter.
#[test]
fn threads_do_not_matter() {
    let (model, data) = quickstart();
    for kind in KINDS {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| found(&model, &data, kind, &["mu"], &[]))
        };
        assert_eq!(with(1), with(3));
    }
}

/// Bounds, flat directions, no nuisances: numbers are missing with a reason.
#[test]
fn what_cannot_be_said_is_left_open() {
    let model = |parameters: &str, observed: f64| {
        native(&format!(
            r#"{{"channels": [{{"name": "SR", "samples": [
            {{"name": "s", "data": [8.0], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
            {{"name": "b", "data": [60.0], "modifiers": [{{"name": "k", "type": "normfactor"}}]}}]}}],
            "observations": {{"SR": [{observed}]}}, "poi": "mu", "parameters": {{"mu": {{"bounds": [0, 50]}}, {parameters}}}}}"#
        ))
    };
    // One standard deviation leads beyond the bound: held there.
    let narrow = r#""k": {"bounds": [0.9, 1.3], "constraint": {"normal": {"sigma": 0.2}}}"#;
    let (narrow, data) = model(narrow, 75.0);
    let impacts = found(&narrow, &data, ImpactKind::Refit, &["mu"], &[]);
    near(effect(&narrow, &impacts, "k").up, -60.0 * 0.2 / 8.0, 1e-6);
    near(effect(&narrow, &impacts, "k").down, 60.0 * 0.1 / 8.0, 1e-6);
    assert!(impacts.warnings[0].contains("-1 σ is beyond the lower bound 0.9"), "{:?}", impacts.warnings);
    // On the bound already: no step to that side.
    let edge = r#""k": {"bounds": [1, 1.3], "aux": 0.8, "constraint": {"normal": {"sigma": 0.2}}}"#;
    let (edge, data) = model(edge, 75.0);
    let impacts = found(&edge, &data, ImpactKind::Refit, &["mu"], &[]);
    assert!(impacts.parameters[0].at_bound);
    assert_eq!(effect(&edge, &impacts, "k").down, None);
    assert!(effect(&edge, &impacts, "k").up.is_some());
    // Two free factors of one bin: a flat direction.
    let (flat, data) = model(r#""k": {"bounds": [0, 5]}"#, 75.0);
    for kind in KINDS {
        let impacts = found(&flat, &data, kind, &["mu"], &[]);
        assert_eq!(effect(&flat, &impacts, "k").size(), None, "{kind:?}");
        assert_eq!(impacts.pois[0].total, None);
        assert!(
            impacts.warnings.iter().any(|w| w.contains("`mu` has no uncertainty")),
            "{:?}",
            impacts.warnings
        );
    }
    // The parameter of interest has no effect: nothing moves it, and that says nothing.
    let (idle, data) = native(
        &ONE_BIN
            .replace("[8.0], \"modifiers\": [{\"name\": \"mu\"", "[0.0], \"modifiers\": [{\"name\": \"mu\""),
    );
    for kind in KINDS {
        let impacts = found(&idle, &data, kind, &["mu"], &[]);
        assert!(
            impacts.parameters.iter().all(|p| p.effects[0] == Effect::default()),
            "{kind:?}: {impacts:?}"
        );
        assert_eq!((impacts.pois[0].total, impacts.pois[0].systematic), (None, None));
    }
    // The parameter of interest on its bound.
    let (low, data) = model(r#""k": {"constraint": {"normal": {"sigma": 0.01}}}"#, 40.0);
    let impacts = found(&low, &data, ImpactKind::Refit, &["mu"], &[]);
    assert!(impacts.warnings.iter().any(|w| w.contains("`mu` is on its bound 0")), "{:?}", impacts.warnings);
    // Nothing beside it.
    let (alone, data) = model(r#""k": {"fixed": true}"#, 75.0);
    let impacts = found(&alone, &data, ImpactKind::GlobalObservables, &["mu"], &[]);
    assert!(impacts.parameters.is_empty() && impacts.groups.is_empty());
    near(impacts.pois[0].statistical, 75.0_f64.sqrt() / 8.0, 1e-6);
    near(impacts.pois[0].systematic, 0.0, 1e-12);
}

/// A refit that falls into a lower minimum than the first fit's: everything is done again from there.
#[test]
fn a_lower_minimum_found_on_the_way_counts() {
    let (model, data) = native(
        r#"{"channels": [{"name": "SR", "samples": [
            {"name": "s", "data": [8.0, 0.0, 0.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
            {"name": "square", "data": [4.0, 10.0, 0.0], "modifiers": [
                {"name": "k", "type": "normfactor"}, {"name": "k", "type": "normfactor"}]},
            {"name": "tilt", "data": [0.0, 0.0, 1.0], "modifiers": [{"name": "k", "type": "normfactor"}]},
            {"name": "b", "data": [60.0, 50.0, 50.0], "modifiers": []}]}],
            "observations": {"SR": [70, 52.5, 48]}, "poi": "mu",
            "parameters": {"k": {"bounds": [-4, 4]}, "mu": {"bounds": [-20, 20]}}}"#,
    );
    let impacts = found(&model, &data, ImpactKind::Refit, &["mu"], &[]);
    assert!(impacts.warnings[0].contains("missed a minimum lower"), "{:?}", impacts.warnings);
    let k = impacts.parameters[0].value;
    // The signal makes up for the first bin; k alone solves what is left: Σ ν' (1 − n/ν) = 0 over the other two.
    let slope = 20.0 * k * (1.0 - 52.5 / (50.0 + 10.0 * k * k)) + (1.0 - 48.0 / (50.0 + k));
    assert!(k < 0.0 && slope.abs() < 1e-6, "{k}, {slope}");
    near(Some(impacts.pois[0].value), (10.0 - 4.0 * k * k) / 8.0, 1e-6);
    let moved = |k: f64| (10.0 - 4.0 * k * k) / 8.0 - impacts.pois[0].value;
    let sigma = impacts.parameters[0].uncertainty.unwrap();
    near(effect(&model, &impacts, "k").up, moved(k + sigma), 1e-6);
    near(effect(&model, &impacts, "k").down, moved(k - sigma), 1e-6);
}

/// A published search: impacts of some of its parameters are those of cold fits, from several starts each, so that none is
/// wrong because a refit ended in another minimum.
#[test]
fn a_published_workspace_against_cold_fits() {
    for (case, _) in published(&BuildOptions::default()).iter().filter(|(case, _)| case.name.contains("1lbb"))
    {
        let (model, data) = (&case.model, &case.data);
        let poi = model.poi()[0].0;
        let name = model.parameters()[poi].name.as_str();
        let impacts = found(model, data, ImpactKind::Refit, &[name], &[]);
        assert!(impacts.converged, "{:?}", impacts.warnings);
        let (mu, total) = (impacts.pois[0].value, impacts.pois[0].total.unwrap());
        let ranked = impacts.ranked(0);
        for at in ranked.iter().take(6).chain(ranked.iter().step_by(9)) {
            let impact = &impacts.parameters[*at];
            let (sigma, effect) = (impact.uncertainty.unwrap(), impact.effects[0]);
            let width =
                model.parameters()[impact.parameter].constraint.centre_and_width().map(|(_, width)| width);
            let steps = [(effect.up, Some(sigma)), (effect.down, Some(-sigma)), (effect.prefit_up, width)];
            for (found, step) in steps {
                let Some(step) = step else { continue };
                let moved = cold(model, data, impact.parameter, impact.value + step, poi, 2) - mu;
                near(found, moved, 1e-4 * total);
            }
        }
    }
}
