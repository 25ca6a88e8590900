//! `discovery`: how well the background alone is excluded by data with the signal, q₀ from a profile fit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes, TemplateLoss};
use zstat_core::model::Model;
use zstat_core::plugin::{Plugin, PluginError};

use crate::Form;
use crate::expected::expects_signal;
use crate::profile::likelihood_ratio;

/// Options of `discovery`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoveryOptions {
    /// What is minimised, in terms of q₀ = Z².
    pub form: Form,
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discovery {
    /// Its options.
    pub options: DiscoveryOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "discovery",
        summary: "discovery significance through the profile fit",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(DiscoveryOptions),
        build: |options| {
            let options = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "loss", name: "discovery", source })?;
            Ok(Box::new(Discovery { options }))
        },
    }
}

impl Loss for Discovery {
    fn level(&self) -> Level<'_> {
        Level::Templates(self)
    }

    fn fits_model(&self, model: &Model) -> Result<(), LossError> {
        expects_signal(model)
    }
}

impl TemplateLoss for Discovery {
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError> {
        let q = likelihood_ratio(batch, batch.point[batch.poi], 0.0, gradient)?;
        let [value, slope] = self.options.form.of(q)?;
        gradient.scale(slope);
        Ok(value)
    }
}
