//! `generalised_variance`: ln det of the covariance of several parameters, from Asimov data: D-optimality.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes, TemplateLoss};
use zstat_core::model::Model;
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::text::nearest;

use crate::variance::ln_det_covariance;

/// Options of `generalised_variance`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GeneralisedVarianceOptions {
    /// Parameters whose covariance counts; all free ones if there are none.
    pub parameters: Vec<String>,
    /// With a γ a bin for the statistics of the simulated events, profiled. By default where samples with `events` have a
    /// `staterror` that is made from them, for these; `true`: for all samples with events.
    pub mc_statistics: Option<bool>,
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GeneralisedVariance {
    /// Its options.
    pub options: GeneralisedVarianceOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "generalised_variance",
        summary: "ln det of the covariance of several parameters",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(GeneralisedVarianceOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "loss", name: "generalised_variance", source };
            let options: GeneralisedVarianceOptions = serde_json::from_value(options).map_err(refused)?;
            let names = &options.parameters;
            if let Some((_, name)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
                let why = format!("`{name}` is in `parameters` twice: the covariance with itself has no inverse");
                return Err(refused(Error::custom(why)));
            }
            Ok(Box::new(GeneralisedVariance { options }))
        },
    }
}

impl Loss for GeneralisedVariance {
    fn level(&self) -> Level<'_> {
        Level::Templates(self)
    }

    fn fits_model(&self, model: &Model) -> Result<(), LossError> {
        let fixed = fixed(model);
        self.options.parameters.iter().try_for_each(|name| parameter(model, &fixed, name).map(drop))
    }
}

impl TemplateLoss for GeneralisedVariance {
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError> {
        let mut parameters = Vec::new();
        for name in &self.options.parameters {
            parameters.push(parameter(batch.model, batch.fixed, name)?);
        }
        if parameters.is_empty() {
            parameters = (0..batch.fixed.len()).filter(|&i| !batch.fixed[i]).collect();
        }
        ln_det_covariance(batch, &parameters, self.options.mc_statistics, gradient)
    }
}

/// Which parameters of a model are fixed.
pub(crate) fn fixed(model: &Model) -> Vec<bool> {
    model.parameters().iter().map(|parameter| parameter.fixed).collect()
}

/// Index of the parameter with this name.
///
/// # Errors
/// Where there is none, or it is fixed.
pub(crate) fn parameter(model: &Model, fixed: &[bool], name: &str) -> Result<usize, LossError> {
    let found = model.find(name).map(|index| index.0).filter(|&i| !fixed[i]);
    found.ok_or_else(|| {
        let free = model.parameters().iter().zip(fixed).filter(|(_, fixed)| !**fixed);
        let nearest = nearest(name, free.map(|(parameter, _)| parameter.name.as_str()));
        LossError::UnknownParameter { name: name.to_owned(), nearest: nearest.map(str::to_owned) }
    })
}
