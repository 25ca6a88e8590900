//! Conformance of a loss of templates.

use zstat_core::loss::{Binned, Level, Loss, LossError};
use zstat_core::model::{Model, Templates};
use zstat_fitters::Newton;

use crate::model::example_model;
use crate::same::check_same_bits;
use crate::slopes::check_slopes;

/// Values of the parameter of interest in the hypothesis.
const SIGNALS: [f64; 2] = [1.0, 1.7];

/// What stays the same while templates move.
struct Place {
    theta: Vec<f64>,
    fixed: Vec<bool>,
    poi: usize,
    variances: Vec<f64>,
    fitter: Newton,
}

impl Place {
    fn of(model: &Model, signal: f64, with_variances: bool) -> Self {
        let (mut theta, poi) = (model.init(), model.poi()[0].0);
        theta[poi] = signal;
        let nominal = &model.templates().nominal;
        let variances = if with_variances { nominal.iter().map(|n| 0.1 * n).collect() } else { Vec::new() };
        let fixed = model.parameters().iter().map(|parameter| parameter.fixed).collect();
        Self { theta, fixed, poi, variances, fitter: Newton::default() }
    }

    /// The value, and the derivatives by nominal yields, then by shifts.
    fn evaluate(&self, loss: &dyn Loss, model: &Model) -> (Result<f64, LossError>, Vec<f64>) {
        let Level::Templates(templates) = loss.level() else {
            panic!("the loss was of templates, and is of events")
        };
        let mut gradient = model.templates().zeros_like();
        gradient.nominal.fill(f64::NAN);
        gradient.shifts.fill(f64::NAN);
        let batch = Binned {
            model,
            variances: &self.variances,
            point: &self.theta,
            fixed: &self.fixed,
            poi: self.poi,
            fitter: &self.fitter,
        };
        let value = templates.evaluate(&batch, &mut gradient);
        (value, flat(&gradient))
    }
}

/// Everything, at two hypotheses, with and without variances.
#[track_caller]
pub(crate) fn check(loss: &dyn Loss) {
    let model = example_model();
    for signal in SIGNALS {
        for with_variances in [false, true] {
            let place = Place::of(&model, signal, with_variances);
            numbers(loss, &model, &place);
            check_same_bits("the loss", &|| numbers(loss, &model, &place));
            differences(loss, &model, &place);
        }
    }
    empty_bin(loss, &model);
}

fn flat(templates: &Templates) -> Vec<f64> {
    templates.nominal.iter().chain(&templates.shifts).copied().collect()
}

/// The gradient, and the value after it; all must be numbers.
#[track_caller]
fn numbers(loss: &dyn Loss, model: &Model, place: &Place) -> Vec<f64> {
    let (value, mut numbers) = place.evaluate(loss, model);
    match value {
        Ok(value) => numbers.push(value),
        Err(error) => panic!("the loss has no value on the example model: {error}"),
    }
    for (at, number) in numbers.iter().enumerate() {
        let what = if at + 1 == numbers.len() {
            "the loss".to_owned()
        } else {
            format!("its gradient by {}", name(model, at))
        };
        assert!(number.is_finite(), "{what} is {number}, or was not written");
    }
    numbers
}

fn name(model: &Model, at: usize) -> String {
    let n = model.templates().nominal.len();
    if at < n { format!("nominal yield {at}") } else { format!("shift {}", at - n) }
}

#[track_caller]
fn differences(loss: &dyn Loss, model: &Model, place: &Place) {
    let mut moved = model.clone();
    let (start, n) = (flat(model.templates()), model.templates().nominal.len());
    let names: Vec<String> = (0..start.len()).map(|at| name(model, at)).collect();
    let mut at = |x: &[f64], out: &mut [f64]| {
        moved.set_templates(Templates { nominal: x[..n].to_vec(), shifts: x[n..].to_vec() });
        let (value, gradient) = place.evaluate(loss, &moved);
        out.copy_from_slice(&gradient);
        value.ok()
    };
    check_slopes(&mut at, &start, &names);
}

/// A bin that expects nothing gives a number or an error.
#[track_caller]
fn empty_bin(loss: &dyn Loss, model: &Model) {
    let mut empty = model.clone();
    let templates = empty.templates().zeros_like();
    empty.set_templates(templates);
    if let (Ok(value), _) = Place::of(model, 1.0, false).evaluate(loss, &empty) {
        assert!(value.is_finite(), "with empty bins the loss is {value}; it must be a number or an error");
    }
}
