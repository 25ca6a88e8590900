//! `pivot`: cross-entropy plus a penalty where the score of background depends on a column, such as a mass that a search looks for
//! bumps in.
//!
//! In: scores, and the column. Out: BCE + strength · dCorr²(score, column | background), and its derivatives by the scores. The
//! idea is that of "learning to pivot" (arXiv:1611.01046), with the distance correlation of arXiv:2001.05310 in place of an
//! adversary.

mod distance;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::{EventLoss, Level, Loss, LossError, Scored};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_losses::Bce;

pub use distance::{Correlation, distance_correlation};

/// Options of `pivot`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PivotOptions {
    /// The column that the score of background must not depend on.
    pub column: String,
    /// What a full dependence costs, in units of the cross-entropy.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub strength: f64,
}

fn one() -> f64 {
    1.0
}

/// The loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Pivot {
    /// Its options.
    pub options: PivotOptions,
}

inventory::submit! {
    Plugin::<dyn Loss> {
        name: "pivot",
        summary: "cross-entropy, and a penalty where background depends on a column",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(PivotOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "loss", name: "pivot", source };
            let options: PivotOptions = serde_json::from_value(options).map_err(refused)?;
            if !(options.strength >= 0.0 && options.strength.is_finite()) {
                return Err(refused(serde::de::Error::custom("`strength` must not be negative")));
            }
            Ok(Box::new(Pivot { options }))
        },
    }
}

impl Loss for Pivot {
    fn level(&self) -> Level<'_> {
        Level::Events(self)
    }

    fn columns(&self) -> Vec<String> {
        vec![self.options.column.clone()]
    }
}

impl EventLoss for Pivot {
    fn evaluate(&self, batch: &Scored<'_>, gradient: &mut [f64]) -> Result<f64, LossError> {
        let column = batch.column(&self.options.column)?;
        let bce = Bce::default().evaluate(batch, gradient)?;
        let background: Vec<usize> = (0..batch.n_events()).filter(|event| !batch.is_signal(*event)).collect();
        let pick = |values: &[f64]| background.iter().map(|&event| values[event]).collect::<Vec<_>>();
        let found = distance_correlation(&pick(batch.scores), &pick(column), &pick(batch.weights));
        if !found.squared.is_finite() {
            let why = "a value of the column is not finite, or negative weights prevail: use larger batches";
            return Err(LossError::NotFinite { value: found.squared, why });
        }
        for (&event, slope) in background.iter().zip(&found.slopes) {
            gradient[event] += self.options.strength * slope;
        }
        Ok(bce + self.options.strength * found.squared)
    }
}
