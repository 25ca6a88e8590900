//! `mc_error`: a penalty on bins whose background is known badly, because few simulated events are in them:
//! Σ_b max(0, √V/b − r)², with V the variance of the background b that the templates of the result will have.
//!
//! To be added to another loss, with a weight. Zero, with no gradient, where every bin is known well enough.
//! Source: GATO, arXiv:2601.07756.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes, TemplateLoss};
use zstat_core::plugin::{Plugin, PluginError};

use crate::background::Background;
use crate::expected::in_every_bin;

/// Options of `mc_error`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct McErrorOptions {
    /// Statistical error of the background that every bin should have at most, in parts of it: 0.2 are 25 events of equal weight.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub at_most: f64,
}

impl Default for McErrorOptions {
    fn default() -> Self {
        Self { at_most: 0.2 }
    }
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct McError {
    /// Its options.
    pub options: McErrorOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "mc_error",
        summary: "penalty on bins with few simulated events of background",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(McErrorOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "loss", name: "mc_error", source };
            let options: McErrorOptions = serde_json::from_value(options).map_err(refused)?;
            if !(options.at_most > 0.0 && options.at_most.is_finite()) {
                return Err(refused(serde::de::Error::custom("`at_most` must be positive")));
            }
            Ok(Box::new(McError { options }))
        },
    }
}

impl Loss for McError {
    fn level(&self) -> Level<'_> {
        Level::Templates(self)
    }
}

impl TemplateLoss for McError {
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError> {
        let mut background = Background::new(batch);
        in_every_bin(batch.model, &background.events)?;
        let spread = background.spread(batch)?;
        let mut value = 0.0;
        let (mut by_events, mut by_spread) = (Vec::new(), Vec::new());
        for (&events, &variance) in background.events.iter().zip(&spread.of_bins) {
            let error = variance.sqrt() / events;
            let excess = error - self.options.at_most;
            if excess <= 0.0 {
                by_events.push(0.0);
                by_spread.push(0.0);
                continue;
            }
            value += excess * excess;
            // ∂(√V/b) is −√V/b² by b and 1/(2 b √V) by V, where V > 0 because it is above a positive number.
            by_events.push(-2.0 * excess * error / events);
            by_spread.push(excess * error / variance);
        }
        if !f64::is_finite(value) {
            let why = "the error of a bin is not finite: lower the learning rate";
            return Err(LossError::NotFinite { value, why });
        }
        background.pull(&by_events, gradient)?;
        spread.pull(&by_spread, &mut gradient.variances);
        Ok(value)
    }
}
