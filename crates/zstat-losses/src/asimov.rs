//! `asimov`: Cowan's Asimov significance with background uncertainty, Z_A², summed over the bins.
//!
//! Bins add in quadrature only where nothing is shared between them; with nuisance parameters of the model, `discovery` is
//! the same question answered by profile fits. Source: A. Elwood, D. Krücker, arXiv:1806.00322.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes, TemplateLoss};
use zstat_core::model::Model;
use zstat_core::plugin::{Plugin, PluginError};

use crate::Form;
use crate::counts::Counts;
use crate::expected::expects_signal;
use crate::significance::asimov_relative;

/// Options of `asimov`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AsimovOptions {
    /// Uncertainty of the background in every bin, in parts of it.
    #[schemars(range(min = 0.0))]
    pub background_uncertainty: f64,
    /// What is minimised, in terms of Z_A².
    pub form: Form,
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asimov {
    /// Its options.
    pub options: AsimovOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "asimov",
        summary: "Asimov significance with background uncertainty, bins in quadrature",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(AsimovOptions),
        build: |options| {
            let options: AsimovOptions = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "loss", name: "asimov", source })?;
            if options.background_uncertainty.is_nan() || options.background_uncertainty < 0.0 {
                let source = serde::de::Error::custom("`background_uncertainty` must not be negative");
                return Err(PluginError::Options { kind: "loss", name: "asimov", source });
            }
            Ok(Box::new(Asimov { options }))
        },
    }
}

impl Loss for Asimov {
    fn level(&self) -> Level<'_> {
        Level::Templates(self)
    }

    fn fits_model(&self, model: &Model) -> Result<(), LossError> {
        expects_signal(model)
    }
}

impl TemplateLoss for Asimov {
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError> {
        let mut counts = Counts::new(batch)?;
        let (mut q, mut by_signal, mut by_background) = (0.0, Vec::new(), Vec::new());
        for (&s, &b) in counts.signal.iter().zip(&counts.background) {
            let [of_bin, d_s, d_b] = asimov_relative(s, b, self.options.background_uncertainty);
            q += of_bin;
            by_signal.push(d_s);
            by_background.push(d_b);
        }
        let [value, slope] = self.options.form.of(q)?;
        by_signal.iter_mut().chain(&mut by_background).for_each(|x| *x *= slope);
        counts.pull(&by_signal, &by_background, gradient)?;
        Ok(value)
    }
}
