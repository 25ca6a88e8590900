//! `minimum_background`: a penalty on bins that expect little background: Σ_b max(0, 1 − b/b_min)².
//!
//! To be added to another loss, with a weight. Zero, with no gradient, where every bin has enough; at most about 1 a bin.
//! Source: GATO, arXiv:2601.07756, there in units of events².

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes, TemplateLoss};
use zstat_core::plugin::{Plugin, PluginError};

use crate::background::Background;

/// Options of `minimum_background`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MinimumBackgroundOptions {
    /// Background that every bin should have at least, in events expected.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub events: f64,
}

impl Default for MinimumBackgroundOptions {
    fn default() -> Self {
        Self { events: 10.0 }
    }
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MinimumBackground {
    /// Its options.
    pub options: MinimumBackgroundOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "minimum_background",
        summary: "penalty on bins with little background",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(MinimumBackgroundOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "loss", name: "minimum_background", source };
            let options: MinimumBackgroundOptions = serde_json::from_value(options).map_err(refused)?;
            if !(options.events > 0.0 && options.events.is_finite()) {
                return Err(refused(serde::de::Error::custom("`events` must be positive")));
            }
            Ok(Box::new(MinimumBackground { options }))
        },
    }
}

impl Loss for MinimumBackground {
    fn level(&self) -> Level<'_> {
        Level::Templates(self)
    }
}

impl TemplateLoss for MinimumBackground {
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError> {
        let mut background = Background::new(batch);
        let least = self.options.events;
        let (mut value, mut slopes) = (0.0, Vec::with_capacity(background.events.len()));
        for &events in &background.events {
            // No `max`: it would make a yield that is no number one that is large enough.
            let missing = 1.0 - events / least;
            let missing = if missing <= 0.0 { 0.0 } else { missing };
            value += missing * missing;
            slopes.push(-2.0 * missing / least);
        }
        if !f64::is_finite(value) {
            let why = "the background of a bin is not finite: lower the learning rate";
            return Err(LossError::NotFinite { value, why });
        }
        background.pull(&slopes, gradient)?;
        Ok(value)
    }
}
