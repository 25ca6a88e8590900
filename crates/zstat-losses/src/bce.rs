//! `bce`: weighted binary cross-entropy of signal against background, on a score that is a logit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{EventLoss, Level, Loss, LossError, Process, Scored};
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

    fn fits_events(&self, outputs: usize, processes: &[Process]) -> Result<(), LossError> {
        one_output(outputs)?;
        both_kinds(processes)
    }
}

/// One output an event, or an error.
pub(crate) fn single_output(batch: &Scored<'_>) -> Result<(), LossError> {
    one_output(batch.outputs)
}

/// One output, or an error.
pub(crate) fn one_output(found: usize) -> Result<(), LossError> {
    if found == 1 { Ok(()) } else { Err(LossError::Outputs { needed: 1, found }) }
}

/// Signal and background, or an error.
pub(crate) fn both_kinds(processes: &[Process]) -> Result<(), LossError> {
    let signals = processes.iter().filter(|process| process.is_signal).count();
    match (signals, processes.len() - signals) {
        (1.., 1..) | (0, 0) => Ok(()),
        (0, _) => Err(LossError::OneKind { kind: "background" }),
        (_, 0) => Err(LossError::OneKind { kind: "signal" }),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_told_without_events() {
        let processes = |signals: &[bool]| -> Vec<Process> {
            let process = |&is_signal: &bool| Process { name: "p".to_owned(), is_signal, yield_: 1.0 };
            signals.iter().map(process).collect()
        };
        let fits = |outputs, signals: &[bool]| Bce::default().fits_events(outputs, &processes(signals));
        assert_eq!(fits(1, &[true, false]), Ok(()));
        assert_eq!(fits(4, &[true, false]), Err(LossError::Outputs { needed: 1, found: 4 }));
        assert_eq!(fits(1, &[true, true]), Err(LossError::OneKind { kind: "signal" }));
        assert_eq!(fits(1, &[false]), Err(LossError::OneKind { kind: "background" }));
    }
}
