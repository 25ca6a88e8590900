//! Compatibility of channels of which one prefers a negative value, against closed forms; and what it costs.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::sync::atomic::{AtomicUsize, Ordering};

use zstat_core::fit::{Fitter, Minimum, Objective, Problem};
use zstat_fitters::Newton;
use zstat_inference::{Compatibility, CompatibilityOptions, Inputs, chi_squared_tail, compatibility};

use crate::common::native;

/// Signal, background and count of three channels: 10 μ + 50 with 40, 10 μ + 30 with 45, 20 μ + 80 with 90.
const CHANNELS: [[f64; 3]; 3] = [[10.0, 50.0, 40.0], [10.0, 30.0, 45.0], [20.0, 80.0, 90.0]];

/// A minimiser that counts.
struct Counting(Newton, AtomicUsize);

impl Fitter for Counting {
    fn minimise(&self, objective: &mut dyn Objective, problem: &Problem<'_>) -> Minimum {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.minimise(objective, problem)
    }
}

/// With these bounds in the model, and those in the options; and the minimisations.
fn compared(bounds: [f64; 2], given: Option<[f64; 2]>) -> (Compatibility, usize) {
    let channel = |(i, [s, b, _]): (usize, [f64; 3])| {
        format!(
            r#"{{"name": "c{i}", "samples": [
                {{"name": "s", "data": [{s}], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
                {{"name": "b", "data": [{b}], "modifiers": []}}]}}"#
        )
    };
    let channels: Vec<String> = CHANNELS.into_iter().enumerate().map(channel).collect();
    let counts = CHANNELS.map(|[_, _, n]| n);
    let (model, data) = native(&format!(
        r#"{{"channels": [{}], "observations": {{"c0": [{}], "c1": [{}], "c2": [{}]}},
            "parameters": {{"mu": {{"bounds": {bounds:?}}}}}, "poi": "mu"}}"#,
        channels.join(","),
        counts[0],
        counts[1],
        counts[2]
    ));
    let fitter = Counting(Newton::default(), AtomicUsize::new(0));
    let inputs =
        Inputs { model: &model, data: &data, fitter: &fitter, start: &model.init(), fixed: &[false] };
    let options = CompatibilityOptions { bounds: given, ..CompatibilityOptions::default() };
    let found = compatibility(inputs, 0, &options).unwrap();
    (found, fitter.1.into_inner())
}

/// 2 NLL of a channel at μ, less that of ν = n.
fn deviance([s, b, n]: [f64; 3], mu: f64) -> f64 {
    let nu = s * mu + b;
    2.0 * (nu - n - n * (nu / n).ln())
}

/// Where a function crosses 0 from below.
fn root(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if f(middle) < 0.0 { low = middle } else { high = middle }
    }
    low
}

#[track_caller]
fn close(found: f64, wanted: f64, tolerance: f64) {
    assert!((found - wanted).abs() <= tolerance, "{found}, expected {wanted}");
}

#[test]
fn a_channel_may_prefer_a_negative_value() {
    // dNLL/dμ = Σ s (1 − n / ν).
    let slope = |mu: f64| CHANNELS.iter().map(|[s, b, n]| s * (1.0 - n / (s * mu + b))).sum::<f64>();
    let one = root(slope, -2.0, 3.0);
    let wanted: f64 = CHANNELS.iter().map(|&channel| deviance(channel, one)).sum();
    for (bounds, given) in [([-2.5, 10.0], None), ([0.0, 10.0], Some([-2.5, 10.0]))] {
        let (found, fits) = compared(bounds, given);
        assert!(found.converged && found.warnings.is_empty(), "{:?}", found.warnings);
        close(found.one.value, one, 1e-6);
        close(found.value, wanted, 1e-8);
        assert_eq!((found.dof, found.groups.len()), (2, 3));
        close(found.p_value, (-0.5 * wanted).exp(), 1e-9);
        close(found.p_value, chi_squared_tail(wanted, 2), 1e-9);
        for (group, channel) in found.groups.iter().zip(CHANNELS) {
            let [s, b, n] = channel;
            let best = (n - b) / s;
            close(group.best.value, best, 1e-6);
            // MINOS of one count: where its deviance is 1.
            let minos = group.best.minos.unwrap();
            let up = root(|mu| deviance(channel, mu) - 1.0, best, best + 5.0);
            let down = root(|mu| 1.0 - deviance(channel, mu), -b / s + 1e-9, best);
            close(minos.up.unwrap(), up - best, 1e-4);
            close(minos.down.unwrap(), down - best, 1e-4);
        }
        assert!(found.groups[0].best.value < -0.9, "{:?}", found.groups[0]);
        assert_eq!(found.fits, fits, "all minimisations, those of MINOS, too");
        // Two fits, and for four parameters two sides each.
        assert!(fits >= 2 + 4 * 2, "{fits}");
    }
}

/// Where it may not be negative, it stands at the bound, and the value is that of the bound.
#[test]
fn a_bound_stops_a_negative_value() {
    let (found, fits) = compared([0.0, 10.0], None);
    assert_eq!((found.groups[0].best.value, found.fits), (0.0, fits));
    let one = root(|mu| CHANNELS.iter().map(|[s, b, n]| s * (1.0 - n / (s * mu + b))).sum::<f64>(), 0.0, 3.0);
    let together: f64 = CHANNELS.iter().map(|&channel| deviance(channel, one)).sum();
    close(found.value, together - deviance(CHANNELS[0], 0.0), 1e-8);
}

/// Three counts, one strength and one free background: one comparison is left, that of the saturated model.
#[test]
fn undetermined_differences_are_no_degrees_of_freedom() {
    let channel = |name: &str, signal: f64, background: f64| {
        format!(
            r#"{{"name": "{name}", "samples": [
                {{"name": "s", "data": [{signal}], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
                {{"name": "b", "data": [{background}], "modifiers": [{{"name": "nb", "type": "normfactor"}}]}}]}}"#
        )
    };
    let channels = [channel("A", 5.0, 50.0), channel("B", 9.0, 20.0), channel("C", 1.0, 80.0)].join(", ");
    let text = format!(
        r#"{{"channels": [{channels}], "observations": {{"A": [60], "B": [22], "C": [95]}}, "poi": "mu",
            "parameters": {{"mu": {{"bounds": [-10, 10]}}}}}}"#
    );
    let (model, data) = native(&text);
    let fixed = vec![false; 2];
    let (newton, start) = (Newton::default(), model.init());
    let inputs = Inputs { model: &model, data: &data, fitter: &newton, start: &start, fixed: &fixed };
    let poi = model.poi()[0].0;
    let found = compatibility(inputs, poi, &CompatibilityOptions::default()).unwrap();
    assert_eq!((found.dof, found.groups.len()), (1, 3));
    close(found.p_value, chi_squared_tail(found.value, 1), 1e-12);
    assert!(found.warnings.iter().any(|why| why.contains("only 1 of 2 differences")), "{:?}", found.warnings);
}
