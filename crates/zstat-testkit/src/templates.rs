//! Conformance of a loss of templates.

use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes};
use zstat_core::model::{Model, Templates};
use zstat_fitters::Newton;

use crate::model::example_model;
use crate::same::check_same_bits;
use crate::slopes::check_slopes;

/// Values of the parameter of interest in the hypothesis.
const SIGNALS: [f64; 2] = [1.0, 1.7];

/// What is known of the statistics of the simulated events.
#[derive(Clone, Copy, PartialEq)]
enum Statistics {
    Unknown,
    Known,
    WithGammas,
}

/// What stays the same while templates move.
#[derive(Clone)]
struct Place {
    theta: Vec<f64>,
    fixed: Vec<bool>,
    poi: usize,
    variances: Vec<f64>,
    gammas: Vec<bool>,
    fitter: Newton,
}

impl Place {
    fn of(model: &Model, signal: f64, statistics: Statistics) -> Self {
        let (mut theta, poi) = (model.init(), model.poi()[0].0);
        theta[poi] = signal;
        let nominal = model.templates().nominal.iter().enumerate();
        let (mut variances, mut gammas) = (Vec::new(), Vec::new());
        if statistics != Statistics::Unknown {
            variances = nominal.clone().map(|(at, n)| (0.1 + 0.05 * (at % 3) as f64) * n).collect();
        }
        if statistics == Statistics::WithGammas {
            gammas = nominal.map(|(at, _)| at % 4 != 1).collect();
        }
        let fixed = model.parameters().iter().map(|parameter| parameter.fixed).collect();
        Self { theta, fixed, poi, variances, gammas, fitter: Newton::default() }
    }

    /// The value, and the derivatives by nominal yields, then by shifts, then by variances.
    fn evaluate(&self, loss: &dyn Loss, model: &Model) -> (Result<f64, LossError>, Vec<f64>) {
        let Level::Templates(templates) = loss.level() else {
            panic!("the loss was of templates, and is of events")
        };
        let batch = Binned {
            model,
            variances: &self.variances,
            gammas: &self.gammas,
            point: &self.theta,
            fixed: &self.fixed,
            poi: self.poi,
            fitter: &self.fitter,
        };
        let mut gradient = Slopes::of(&batch);
        gradient.iter_mut().for_each(|slope| *slope = f64::NAN);
        let value = templates.evaluate(&batch, &mut gradient);
        (value, gradient.iter().copied().collect())
    }
}

/// Everything, at two hypotheses, with and without variances; without them a loss may have no value.
#[track_caller]
pub(crate) fn check(loss: &dyn Loss) {
    let model = example_model();
    for signal in SIGNALS {
        for statistics in [Statistics::Unknown, Statistics::Known, Statistics::WithGammas] {
            let place = Place::of(&model, signal, statistics);
            if statistics == Statistics::Unknown
                && place.evaluate(loss, &model).0 == Err(LossError::NoVariances)
            {
                continue;
            }
            numbers(loss, &model, &place);
            check_same_bits("the loss", &|| numbers(loss, &model, &place));
            differences(loss, &model, &place);
        }
    }
    empty_bin(loss, &model);
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
    let templates = model.templates();
    let (n, shifts) = (templates.nominal.len(), templates.shifts.len());
    match at {
        at if at < n => format!("nominal yield {at}"),
        at if at < n + shifts => format!("shift {}", at - n),
        at => format!("variance {}", at - n - shifts),
    }
}

#[track_caller]
fn differences(loss: &dyn Loss, model: &Model, place: &Place) {
    let mut moved = model.clone();
    let templates = [&model.templates().nominal[..], &model.templates().shifts].concat();
    let (start, n, both) =
        ([&templates[..], &place.variances].concat(), model.templates().nominal.len(), templates.len());
    let mut place = place.clone();
    let names: Vec<String> = (0..start.len()).map(|at| name(model, at)).collect();
    let mut at = |x: &[f64], out: &mut [f64]| {
        moved.set_templates(Templates { nominal: x[..n].to_vec(), shifts: x[n..both].to_vec() });
        place.variances.copy_from_slice(&x[both..]);
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
    if let (Ok(value), _) = Place::of(model, 1.0, Statistics::Known).evaluate(loss, &empty) {
        assert!(value.is_finite(), "with empty bins the loss is {value}; it must be a number or an error");
    }
}
