//! `cls`: how well the signal is excluded by data with background alone: CLs from a profile fit.
//!
//! On Asimov data of the background CLs = 2 Φ(−√q) with q the likelihood ratio of the signal, so that a larger q is a smaller
//! CLs. By default −ln q is minimised: CLs itself has no gradient where it is small.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes, TemplateLoss};
use zstat_core::model::Model;
use zstat_core::normal::{hazard, ln_upper_tail};
use zstat_core::plugin::{Plugin, PluginError};

use crate::Form;
use crate::expected::expects_signal;
use crate::profile::likelihood_ratio;

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// ln CLs.
    LogCls,
    /// CLs.
    Cls,
    /// A function of q, the square of the exclusion in standard deviations.
    #[serde(untagged)]
    OfStatistic(Form),
}

/// Options of `cls`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClsOptions {
    /// What is minimised.
    pub form: Exclusion,
}

impl Default for ClsOptions {
    fn default() -> Self {
        Self { form: Exclusion::OfStatistic(Form::Log) }
    }
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cls {
    /// Its options.
    pub options: ClsOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "cls",
        summary: "expected CLs of the signal through the profile fit",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(ClsOptions),
        build: |options| {
            let options = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "loss", name: "cls", source })?;
            Ok(Box::new(Cls { options }))
        },
    }
}

impl Loss for Cls {
    fn level(&self) -> Level<'_> {
        Level::Templates(self)
    }

    fn fits_model(&self, model: &Model) -> Result<(), LossError> {
        expects_signal(model)
    }
}

impl TemplateLoss for Cls {
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError> {
        let q = likelihood_ratio(batch, 0.0, batch.point[batch.poi], gradient)?;
        // A q that is no positive number has no form.
        let [of_q, by_q] = match self.options.form {
            Exclusion::OfStatistic(form) => form.of(q)?,
            Exclusion::LogCls | Exclusion::Cls => Form::Root.of(q)?,
        };
        let ln_cls = || std::f64::consts::LN_2 + ln_upper_tail(-of_q);
        let [value, slope] = match self.options.form {
            Exclusion::OfStatistic(_) => [of_q, by_q],
            Exclusion::LogCls => [ln_cls(), by_q * hazard(-of_q)],
            Exclusion::Cls => [ln_cls().exp(), by_q * hazard(-of_q) * ln_cls().exp()],
        };
        gradient.scale(slope);
        Ok(value)
    }
}
