//! `delta_z`: the loss of significance by wrong decisions, made convex: the Lovász extension of a set function.
//!
//! With lost signal n and accepted background p of the events in error, D(n, p) = S/√ε − (S − n)/√(ε + p) is submodular and
//! grows with the errors, so that its Lovász extension over the hinge errors m_j = max(0, 1 − y_j F_j) is convex: errors in
//! descending order, each times what its event adds to D. Source: arXiv:2412.09500; A. Yu and M. Blaschko for the extension.
//!
//! The trivial scores F = 0 have the loss S/√ε. With the usual ε = S they may well be the minimum, which
//! [`DeltaZ::slope_at_zero`] tells: a larger ε makes the loss useful.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{EventLoss, Level, Loss, LossError, Process, Scored};
use zstat_core::plugin::{Plugin, PluginError};

use crate::bce::{both_kinds, one_output, single_output, sums};

mod trivial;

pub use trivial::Descent;

/// Options of `delta_z`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeltaZOptions {
    /// ε, events added to the background; the expected signal if there is none.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub epsilon: Option<f64>,
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeltaZ {
    /// Its options.
    pub options: DeltaZOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "delta_z",
        summary: "significance lost by wrong decisions (Lovász hinge)",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(DeltaZOptions),
        build: |options| {
            let options: DeltaZOptions = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "loss", name: "delta_z", source })?;
            if options.epsilon.is_some_and(|epsilon| epsilon.is_nan() || epsilon <= 0.0) {
                let source = serde::de::Error::custom("`epsilon` must be positive");
                return Err(PluginError::Options { kind: "loss", name: "delta_z", source });
            }
            Ok(Box::new(DeltaZ { options }))
        },
    }
}

impl Loss for DeltaZ {
    fn level(&self) -> Level<'_> {
        Level::Events(self)
    }

    fn fits_events(&self, outputs: usize, processes: &[Process]) -> Result<(), LossError> {
        one_output(outputs)?;
        both_kinds(processes)
    }

    fn remarks(&self, batch: &Scored<'_>) -> Result<Vec<String>, LossError> {
        trivial::remarks(self, batch)
    }
}

/// D(n, p): what `lost` signal and `accepted` background cost.
fn cost(lost: f64, accepted: f64, signal: f64, epsilon: f64) -> f64 {
    signal / epsilon.sqrt() - (signal - lost) / (epsilon + accepted).sqrt()
}

impl DeltaZ {
    /// The loss of the trivial scores F = 0, and of any that leave every event in error by as much: S/√ε.
    ///
    /// # Errors
    /// As the loss.
    pub fn trivial(&self, batch: &Scored<'_>) -> Result<f64, LossError> {
        let [_, signal] = sums(batch)?;
        Ok(signal / self.epsilon(signal).sqrt())
    }

    /// The slope of the loss at F = 0 along a direction of the scores, which stands in the batch in their place. Where no
    /// direction that the scorer can take has a negative one, F = 0 is the minimum.
    ///
    /// # Errors
    /// As the loss.
    pub fn slope_at_zero(&self, batch: &Scored<'_>) -> Result<f64, LossError> {
        single_output(batch)?;
        let changes: Vec<f64> =
            batch.scores.iter().enumerate().map(|(event, u)| -sign(batch, event) * u).collect();
        let gains = self.gains(batch, &changes)?;
        Ok(changes.iter().zip(gains).map(|(change, gain)| change * gain).sum())
    }

    fn epsilon(&self, signal: f64) -> f64 {
        self.options.epsilon.unwrap_or(signal)
    }

    /// What each event adds to D when the events are put in error one after the other, by descending `errors`; ties by number.
    fn gains(&self, batch: &Scored<'_>, errors: &[f64]) -> Result<Vec<f64>, LossError> {
        let [_, signal] = sums(batch)?;
        let epsilon = self.epsilon(signal);
        let mut order: Vec<usize> = (0..errors.len()).collect();
        order.sort_by(|&a, &b| errors[b].total_cmp(&errors[a]));
        let (mut lost, mut accepted, mut before) = (0.0, 0.0, 0.0);
        let mut gains = vec![0.0; errors.len()];
        for event in order {
            let place = if batch.is_signal(event) { &mut lost } else { &mut accepted };
            *place += batch.weights[event];
            let now = cost(lost, accepted, signal, epsilon);
            gains[event] = now - before;
            before = now;
        }
        if before.is_finite() {
            Ok(gains)
        } else {
            Err(LossError::NotFinite {
                value: before,
                why: "accepted background of negative weight outweighs epsilon: use a larger epsilon",
            })
        }
    }
}

/// +1 for signal, −1 for background.
fn sign(batch: &Scored<'_>, event: usize) -> f64 {
    if batch.is_signal(event) { 1.0 } else { -1.0 }
}

impl EventLoss for DeltaZ {
    fn evaluate(&self, batch: &Scored<'_>, gradient: &mut [f64]) -> Result<f64, LossError> {
        single_output(batch)?;
        if let Some(&value) = batch.scores.iter().find(|score| !score.is_finite()) {
            let why = "a score is not finite: lower the learning rate";
            return Err(LossError::NotFinite { value, why });
        }
        let error = |(event, score): (usize, &f64)| (1.0 - sign(batch, event) * score).max(0.0);
        let errors: Vec<f64> = batch.scores.iter().enumerate().map(error).collect();
        let gains = self.gains(batch, &errors)?;
        for (event, ((out, error), gain)) in gradient.iter_mut().zip(&errors).zip(&gains).enumerate() {
            *out = if *error > 0.0 { -sign(batch, event) * gain } else { 0.0 };
        }
        Ok(errors.iter().zip(&gains).map(|(error, gain)| error * gain).sum())
    }
}
