//! `bce`: weighted binary cross-entropy of signal against background, on a score that is a logit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{EventLoss, Level, Loss, LossError, Scored};
use zstat_core::plugin::{Plugin, PluginError};

/// Options of `bce`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BceOptions {
    /// Signal and background count the same in all; otherwise as many events as are expected of them.
    pub balanced: bool,
}

impl Default for BceOptions {
    fn default() -> Self {
        Self { balanced: true }
    }
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bce {
    /// Its options.
    pub options: BceOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "bce",
        summary: "weighted binary cross-entropy of signal and background",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(BceOptions),
        build: |options| {
            let options = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "loss", name: "bce", source })?;
            Ok(Box::new(Bce { options }))
        },
    }
}

impl Loss for Bce {
    fn level(&self) -> Level<'_> {
        Level::Events(self)
    }
}

/// One output an event, or an error.
pub(crate) fn single_output(batch: &Scored<'_>) -> Result<(), LossError> {
    if batch.outputs == 1 { Ok(()) } else { Err(LossError::Outputs { needed: 1, found: batch.outputs }) }
}

/// Sum of the weights of background, and of signal; both positive, or an error.
pub(crate) fn sums(batch: &Scored<'_>) -> Result<[f64; 2], LossError> {
    let mut sums = [0.0; 2];
    for (event, weight) in batch.weights.iter().enumerate() {
        sums[usize::from(batch.is_signal(event))] += weight;
    }
    for (sum, what) in sums.iter().zip(["background events", "signal events"]) {
        if sum.is_nan() || *sum <= 0.0 {
            return Err(LossError::Missing { what });
        }
    }
    Ok(sums)
}

impl EventLoss for Bce {
    /// Σ w ln(1 + e^∓z) over Σ w; where the classes are balanced, the mean of theirs.
    fn evaluate(&self, batch: &Scored<'_>, gradient: &mut [f64]) -> Result<f64, LossError> {
        single_output(batch)?;
        let [background, signal] = sums(batch)?;
        let total =
            if self.options.balanced { [2.0 * background, 2.0 * signal] } else { [background + signal; 2] };
        let mut loss = 0.0;
        for (event, (&score, out)) in batch.scores.iter().zip(gradient).enumerate() {
            let is_signal = batch.is_signal(event);
            let sign = if is_signal { -1.0 } else { 1.0 };
            let weight = batch.weights[event] / total[usize::from(is_signal)];
            let [value, slope] = softplus(sign * score);
            loss += weight * value;
            *out = sign * weight * slope;
        }
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(LossError::NotFinite { value: loss, why: "a score is not finite: lower the learning rate" })
        }
    }
}

/// ln(1 + eˣ) and its slope, for x of any size.
fn softplus(x: f64) -> [f64; 2] {
    let tail = (-x.abs()).exp();
    let slope = if x >= 0.0 { 1.0 / (1.0 + tail) } else { tail / (1.0 + tail) };
    [x.max(0.0) + tail.ln_1p(), slope]
}
