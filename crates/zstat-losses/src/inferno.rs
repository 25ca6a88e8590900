//! `inferno`: the variance of one parameter, with all free nuisance parameters profiled, from Asimov data.
//!
//! Source: P. de Castro and T. Dorigo, arXiv:1806.04743. The logarithm is minimised by default: then the gradient does not
//! depend on the size of the variance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes, TemplateLoss};
use zstat_core::model::Model;
use zstat_core::plugin::{Plugin, PluginError};

use crate::generalised_variance::{fixed, parameter};
use crate::variance::ln_det_covariance;

/// What of the variance σ² is minimised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Width {
    /// ln σ².
    #[default]
    Log,
    /// σ.
    Sigma,
    /// σ².
    Variance,
}

/// Options of `inferno`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InfernoOptions {
    /// Parameter whose variance counts; the parameter of interest if there is none.
    pub parameter: Option<String>,
    /// What is minimised.
    pub form: Width,
    /// With a γ a bin for the statistics of the simulated events, profiled as the other nuisance parameters are. By default where
    /// samples with `events` have a `staterror` that is made from them, for these; `true`: for all samples with events.
    pub mc_statistics: Option<bool>,
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inferno {
    /// Its options.
    pub options: InfernoOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "inferno",
        summary: "variance of a parameter with the nuisance parameters profiled",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(InfernoOptions),
        build: |options| {
            let options = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "loss", name: "inferno", source })?;
            Ok(Box::new(Inferno { options }))
        },
    }
}

impl Loss for Inferno {
    fn level(&self) -> Level<'_> {
        Level::Templates(self)
    }

    fn fits_model(&self, model: &Model) -> Result<(), LossError> {
        let fixed = fixed(model);
        if let Some(name) = &self.options.parameter {
            return parameter(model, &fixed, name).map(drop);
        }
        match model.poi().first() {
            Some(poi) if fixed[poi.0] => {
                Err(LossError::FixedPoi { parameter: model.parameters()[poi.0].name.clone() })
            }
            _ => Ok(()),
        }
    }
}

impl TemplateLoss for Inferno {
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError> {
        let of = match &self.options.parameter {
            Some(name) => parameter(batch.model, batch.fixed, name)?,
            None => batch.poi,
        };
        let ln_variance = ln_det_covariance(batch, &[of], self.options.mc_statistics, gradient)?;
        let (value, slope) = match self.options.form {
            Width::Log => return Ok(ln_variance),
            Width::Sigma => ((0.5 * ln_variance).exp(), 0.5 * (0.5 * ln_variance).exp()),
            Width::Variance => (ln_variance.exp(), ln_variance.exp()),
        };
        gradient.scale(slope);
        Ok(value)
    }
}
