//! Conformance of a loss of events.

use zstat_core::loss::{Level, Loss, LossError};

use crate::batch::Batch;
use crate::loss::{LossDemands, Scaling};
use crate::same::{check_same_bits, close};
use crate::slopes::check_slopes;

/// Relative difference that another order of summation may make.
const ROUNDING: f64 = 1e-9;

/// Everything, on each batch.
#[track_caller]
pub(crate) fn check(loss: &dyn Loss, batches: &[Batch], demands: &LossDemands) {
    for batch in batches {
        value(loss, batch);
        check_same_bits("the loss", &|| {
            let (found, mut numbers) = value(loss, batch);
            numbers.push(found);
            numbers
        });
        differences(loss, batch);
        order(loss, batch);
        weightless(loss, batch);
        scaling(loss, batch, demands.scaling);
        without_numbers(loss, batch);
        poor_batches(loss, batch);
    }
}

fn evaluate(loss: &dyn Loss, batch: &Batch) -> (Result<f64, LossError>, Vec<f64>) {
    let mut gradient = vec![f64::NAN; batch.scores.len()];
    let Level::Events(events) = loss.level() else { panic!("the loss was of events, and is of templates") };
    let value = batch.scored(|scored| events.evaluate(scored, &mut gradient));
    (value, gradient)
}

/// Value and gradient of a batch on which there must be one.
#[track_caller]
fn value(loss: &dyn Loss, batch: &Batch) -> (f64, Vec<f64>) {
    let (value, gradient) = evaluate(loss, batch);
    let value = match value {
        Ok(value) => value,
        Err(error) => panic!("the loss has no value on a usual batch: {error}"),
    };
    assert!(value.is_finite(), "the loss is {value} on a usual batch");
    for (at, slope) in gradient.iter().enumerate() {
        assert!(slope.is_finite(), "the gradient by {} is {slope}, or was not written", label(batch, at));
    }
    (value, gradient)
}

fn label(batch: &Batch, at: usize) -> String {
    format!("score {} of event {}", at % batch.outputs, at / batch.outputs)
}

#[track_caller]
fn differences(loss: &dyn Loss, batch: &Batch) {
    let names: Vec<String> = (0..batch.scores.len()).map(|at| label(batch, at)).collect();
    let mut moved = batch.clone();
    let mut at = |scores: &[f64], out: &mut [f64]| {
        moved.scores.copy_from_slice(scores);
        let (value, gradient) = evaluate(loss, &moved);
        out.copy_from_slice(&gradient);
        value.ok()
    };
    check_slopes(&mut at, &batch.scores, &names);
}

#[track_caller]
fn order(loss: &dyn Loss, batch: &Batch) {
    let (found, gradient) = value(loss, batch);
    let n = batch.n_events();
    // Backwards, and in steps that visit every event once.
    let step = (5..).find(|step| gcd(*step, n) == 1).unwrap_or(1);
    for events in [(0..n).rev().collect::<Vec<_>>(), (0..n).map(|i| i * step % n).collect()] {
        let (other, turned) = value(loss, &batch.picked(&events));
        assert!(
            close(&[other], &[found], ROUNDING),
            "the order of events changes the loss: {found}, {other}"
        );
        let wanted: Vec<f64> = rows(&gradient, batch.outputs, &events);
        assert!(close(&turned, &wanted, ROUNDING), "the order of events changes the gradient");
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn rows(gradient: &[f64], outputs: usize, events: &[usize]) -> Vec<f64> {
    events.iter().flat_map(|&event| gradient[event * outputs..][..outputs].iter().copied()).collect()
}

#[track_caller]
fn weightless(loss: &dyn Loss, batch: &Batch) {
    let (found, gradient) = value(loss, batch);
    let n = batch.n_events();
    // A twin of the first event, elsewhere and without weight.
    let mut more = batch.picked(&(0..=n).map(|event| event % n).collect::<Vec<_>>());
    more.weights[n] = 0.0;
    more.scores[n * batch.outputs..].iter_mut().for_each(|score| *score += 0.37);
    let (other, turned) = value(loss, &more);
    assert!(close(&[other], &[found], ROUNDING), "an event of weight 0 changes the loss: {found}, {other}");
    let wanted: Vec<f64> = gradient.iter().copied().chain(vec![0.0; batch.outputs]).collect();
    assert!(close(&turned, &wanted, ROUNDING), "an event of weight 0 is in the gradient");
}

#[track_caller]
fn scaling(loss: &dyn Loss, batch: &Batch, scaling: Scaling) {
    let (found, gradient) = value(loss, batch);
    for factor in [0.5, 3.0_f64] {
        let scaled = batch.scaled(factor);
        let Scaling::Degree(degree) = scaling else {
            differences(loss, &scaled);
            continue;
        };
        let (other, turned) = value(loss, &scaled);
        let by = factor.powf(degree);
        assert!(
            close(&[other], &[by * found], ROUNDING),
            "weights {factor} times as large make the loss {other}, expected {} (degree {degree})",
            by * found
        );
        let wanted: Vec<f64> = gradient.iter().map(|slope| by * slope).collect();
        assert!(
            close(&turned, &wanted, ROUNDING),
            "weights {factor} times as large: the gradient does not scale as the value does (degree {degree})"
        );
    }
}

#[track_caller]
fn without_numbers(loss: &dyn Loss, batch: &Batch) {
    let mut broken = batch.clone();
    broken.scores[0] = f64::NAN;
    let (value, _) = evaluate(loss, &broken);
    assert!(value.is_err(), "a score that is no number must be an error, found {value:?}");
}

/// Without events, and without signal: nothing but a panic or a value that is no number is wrong.
#[track_caller]
fn poor_batches(loss: &dyn Loss, batch: &Batch) {
    let background: Vec<usize> =
        (0..batch.n_events()).filter(|event| !batch.processes[batch.process[*event]].is_signal).collect();
    for (what, events) in [("events", Vec::new()), ("signal", background)] {
        if let (Ok(value), _) = evaluate(loss, &batch.picked(&events)) {
            assert!(value.is_finite(), "without {what} the loss is {value}; it must be a number or an error");
        }
    }
}
