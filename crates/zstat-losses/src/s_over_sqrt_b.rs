//! `s_over_sqrt_b`: s²/b, or s²/(s + b), summed over the bins. Far off where few background events are expected.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes, TemplateLoss};
use zstat_core::model::Model;
use zstat_core::plugin::{Plugin, PluginError};

use crate::Form;
use crate::counts::Counts;
use crate::expected::expects_signal;

/// Options of `s_over_sqrt_b`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SOverSqrtBOptions {
    /// Divide by √(s + b) instead of √b.
    pub signal_in_error: bool,
    /// What is minimised, in terms of the sum.
    pub form: Form,
}

/// The loss.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SOverSqrtB {
    /// Its options.
    pub options: SOverSqrtBOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "s_over_sqrt_b",
        summary: "s/√b or s/√(s + b), bins in quadrature",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(SOverSqrtBOptions),
        build: |options| {
            let options = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "loss", name: "s_over_sqrt_b", source })?;
            Ok(Box::new(SOverSqrtB { options }))
        },
    }
}

impl Loss for SOverSqrtB {
    fn level(&self) -> Level<'_> {
        Level::Templates(self)
    }

    fn fits_model(&self, model: &Model) -> Result<(), LossError> {
        expects_signal(model)
    }
}

impl TemplateLoss for SOverSqrtB {
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError> {
        let mut counts = Counts::new(batch)?;
        let (mut q, mut by_signal, mut by_background) = (0.0, Vec::new(), Vec::new());
        for (&s, &b) in counts.signal.iter().zip(&counts.background) {
            let n = if self.options.signal_in_error { s + b } else { b };
            let (ratio, own) = (s / n, if self.options.signal_in_error { 1.0 } else { 0.0 });
            q += s * ratio;
            by_signal.push(2.0 * ratio - own * ratio * ratio);
            by_background.push(-ratio * ratio);
        }
        let [value, slope] = self.options.form.of(q)?;
        by_signal.iter_mut().chain(&mut by_background).for_each(|x| *x *= slope);
        counts.pull(&by_signal, &by_background, gradient)?;
        Ok(value)
    }
}
