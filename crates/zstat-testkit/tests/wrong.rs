//! Plugins that are wrong on purpose: each is found out, and the message says what is wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_core::loss::{Binned, EventLoss, Level, Loss, LossError, Scored, Slopes, TemplateLoss};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::summary::{Stage, Summary};
use zstat_testkit::{
    LossDemands, Scaling, check_loss_contract, check_options, check_round_trip, check_summary_contract,
};

/// What is wrong with a loss.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    Gradient,
    ZeroGradient,
    Unwritten,
    Order,
    Twice,
    Thread,
    Weightless,
    Count,
    Nan,
    Poor,
}

/// ½ Σ w s² over Σ |w|, with a fault.
struct Mean {
    fault: Fault,
    calls: AtomicU64,
}

impl Loss for Mean {
    fn level(&self) -> Level<'_> {
        Level::Events(self)
    }
}

thread_local!(static HERE: AtomicU64 = const { AtomicU64::new(0) });

impl EventLoss for Mean {
    fn evaluate(&self, batch: &Scored<'_>, gradient: &mut [f64]) -> Result<f64, LossError> {
        let fault = |fault| self.fault == fault;
        let n = batch.n_events();
        let sum: f64 = batch.weights.iter().map(|w| w.abs()).sum();
        let sum = if fault(Fault::Count) { n as f64 } else { sum };
        if sum == 0.0 && !fault(Fault::Poor) {
            return Err(LossError::Missing { what: "events" });
        }
        let mut value = 0.0;
        for (event, (score, slope)) in batch.scores.iter().zip(&mut *gradient).enumerate() {
            let mut weight = batch.weights[event] / sum;
            weight += if fault(Fault::Weightless) { 0.01 } else { 0.0 };
            weight *= if fault(Fault::Order) { 1.0 + 1e-6 * event as f64 } else { 1.0 };
            value += 0.5 * weight * score * score;
            *slope = weight * score;
        }
        match self.fault {
            Fault::Gradient => gradient[n / 2] *= 1.001,
            Fault::ZeroGradient => gradient.fill(0.0),
            Fault::Unwritten => gradient[n - 1] = f64::NAN,
            Fault::Twice => value += 1e-15 * self.calls.fetch_add(1, Ordering::Relaxed) as f64,
            Fault::Thread => {
                // A thread counts for itself, and only this one has begun.
                let before = HERE.with(|here| here.fetch_add(0, Ordering::Relaxed));
                value += if before == 0 { 0.0 } else { 1e-9 };
            }
            _ => {}
        }
        if value.is_nan() && !matches!(self.fault, Fault::Nan | Fault::Poor) {
            return Err(LossError::NotFinite { value, why: "a score is not finite" });
        }
        Ok(if fault(Fault::Nan) && value.is_nan() { 0.0 } else { value })
    }
}

/// What a check says; the empty text where it is content.
fn told(check: impl FnOnce()) -> String {
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(()) => String::new(),
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => payload.downcast::<&str>().map(|text| (*text).to_owned()).unwrap_or_default(),
        },
    }
}

#[track_caller]
fn finds(check: impl FnOnce(), wanted: &str) {
    let message = told(check);
    assert!(message.contains(wanted), "expected `{wanted}`, found `{message}`");
}

fn mean(fault: Fault) -> Mean {
    Mean { fault, calls: AtomicU64::new(0) }
}

#[test]
fn wrong_losses_of_events_are_found_out() {
    let demands = LossDemands::default();
    check_loss_contract(&mean(Fault::None), &demands);
    HERE.with(|here| here.store(1, Ordering::Relaxed));
    for (fault, wanted) in [
        (Fault::Gradient, "gradient in `score 0 of event 19`"),
        (Fault::ZeroGradient, "gradient in `score 0 of event 0`: found 0e0"),
        (Fault::Unwritten, "the gradient by score 0 of event 38 is NaN, or was not written"),
        (Fault::Order, "the order of events changes the loss"),
        (Fault::Twice, "two evaluations of the same differ"),
        (Fault::Thread, "an evaluation in another thread differs"),
        (Fault::Weightless, "an event of weight 0 changes the loss"),
        (Fault::Count, "an event of weight 0 changes the loss"),
        (Fault::Nan, "a score that is no number must be an error"),
        (Fault::Poor, "a score that is no number must be an error"),
    ] {
        finds(|| check_loss_contract(&mean(fault), &demands), wanted);
    }
    let wrong = LossDemands { scaling: Scaling::Degree(1.0), ..demands };
    finds(|| check_loss_contract(&mean(Fault::None), &wrong), "times as large make the loss");
    let undeclared = LossDemands { scaling: Scaling::Undeclared, ..demands };
    check_loss_contract(&mean(Fault::None), &undeclared);
}

/// The sum of squares of the yields and of the variances, with a factor on the gradient of each.
struct Squares(f64, f64);

impl Loss for Squares {
    fn level(&self) -> Level<'_> {
        Level::Templates(self)
    }
}

impl TemplateLoss for Squares {
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError> {
        let yields = &batch.model.templates().nominal;
        gradient.templates.shifts.fill(0.0);
        let by_yields = gradient.templates.nominal.iter_mut().zip(yields);
        by_yields.for_each(|(slope, n)| *slope = 2.0 * self.0 * n);
        let by_variances = gradient.variances.iter_mut().zip(batch.variances);
        by_variances.for_each(|(slope, v)| *slope = 2.0 * self.1 * v);
        Ok(yields.iter().chain(batch.variances).map(|n| n * n).sum())
    }
}

#[test]
fn wrong_losses_of_templates_are_found_out() {
    let demands = LossDemands::default();
    check_loss_contract(&Squares(1.0, 1.0), &demands);
    finds(|| check_loss_contract(&Squares(1.0001, 1.0), &demands), "gradient in `nominal yield ");
    finds(|| check_loss_contract(&Squares(1.0, 0.99), &demands), "gradient in `variance ");
    finds(
        || check_loss_contract(&Squares(f64::NAN, 1.0), &demands),
        "its gradient by nominal yield 0 is NaN",
    );
    finds(|| check_loss_contract(&Squares(1.0, f64::NAN), &demands), "its gradient by variance 0 is NaN");
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Lax {
    strength: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Strict {
    strength: f64,
    #[serde(skip_serializing)]
    forgotten: bool,
}

fn options<O: for<'de> Deserialize<'de>>(options: Value) -> Result<Box<dyn Loss>, PluginError> {
    let read = serde_json::from_value::<O>(options);
    read.map_err(|source| PluginError::Options { kind: "loss", name: "of a test", source })?;
    Ok(Box::new(mean(Fault::None)))
}

macro_rules! register {
    ($name:literal, $schema:ty, $build:expr) => {
        inventory::submit! {
            Plugin::<dyn Loss> {
                name: $name,
                summary: "a loss of a test",
                package: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
                schema: || schemars::schema_for!($schema),
                build: $build,
            }
        }
    };
}

register!("lax", Lax, options::<Lax>);
register!("lax-build", Strict, options::<Lax>);
register!("deaf", Strict, |_| Ok(Box::new(mean(Fault::None))));
register!("strict", Strict, options::<Strict>);
register!("Loud", Strict, options::<Strict>);

#[test]
fn wrong_options_are_found_out() {
    let check = |name: &str, options: Value| check_options::<dyn Loss>("loss", name, &options);
    check("strict", json!({"strength": 2.0}));
    finds(|| check("lax", json!({})), "the schema must be one that refuses an unknown option");
    finds(|| check("lax-build", json!({})), "`build` must be one that refuses an unknown option");
    finds(|| check("deaf", json!({})), "`build` must be one that refuses an unknown option");
    finds(|| check("strict", json!({"strength": "much"})), "the schema must be one that takes these options");
    finds(|| check("Loud", json!({})), "the name `Loud`");
    finds(|| check("strickt", json!({})), "did you mean `strict`?");
    check_round_trip::<Strict>(&json!({"strength": 2.0}));
    finds(|| check_round_trip::<Strict>(&json!({"forgotten": true})), "change on their way through JSON");
}

/// One sigmoid bin, with faults: a factor on the share, and on the derivative; whether what is learnt is overwritten.
struct Cut {
    share: f64,
    slope: f64,
    overwrites: bool,
}

impl Summary for Cut {
    fn outputs(&self) -> usize {
        1
    }
    fn bins(&self) -> usize {
        1
    }
    fn start(&self) -> Vec<f64> {
        vec![0.1]
    }
    fn assign(&self, stage: Stage<'_>, scores: &[f64], shares: &mut [f64]) {
        for (share, z) in shares.iter_mut().zip(scores) {
            *share = self.share / (1.0 + (stage.learnt[0] - z).exp());
        }
    }
    fn pull(
        &self,
        stage: Stage<'_>,
        scores: &[f64],
        _: &[f64],
        by_shares: &[f64],
        by_scores: &mut [f64],
        by_learnt: &mut [f64],
    ) {
        let mut sum = 0.0;
        for ((out, z), by) in by_scores.iter_mut().zip(scores).zip(by_shares) {
            let share = 1.0 / (1.0 + (stage.learnt[0] - z).exp());
            *out = self.slope * self.share * by * share * (1.0 - share);
            sum += *out;
        }
        by_learnt[0] = if self.overwrites { 0.0 } else { by_learnt[0] } - sum;
    }
    fn bin(&self, learnt: &[f64], scores: &[f64], bins: &mut [Option<usize>]) {
        bins.iter_mut().zip(scores).for_each(|(bin, z)| *bin = (*z > learnt[0]).then_some(0));
    }
}

#[test]
fn wrong_summaries_are_found_out() {
    let cut = |share, slope, overwrites| check_summary_contract(&Cut { share, slope, overwrites });
    cut(1.0, 1.0, false);
    finds(|| cut(1.0, 0.999, false), "gradient in `score ");
    finds(|| cut(1.3, 1.0, false), "more than 1");
    finds(|| cut(-1.0, 1.0, false), "one is negative");
    finds(|| cut(1.0, 1.0, true), "must be added, not overwritten");
}
