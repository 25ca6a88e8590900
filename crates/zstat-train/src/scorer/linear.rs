//! `linear`: outputs are weighted sums of the features, with a constant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::scorer::{Scorer, ScorerError, ScorerKind};

use super::layers::NetworkScorer;
use crate::network::{Activation, Architecture};

/// Options of `linear`: none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinearOptions {}

/// The kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Linear {
    /// Its options.
    pub options: LinearOptions,
}

inventory::submit! {
    Plugin::<dyn ScorerKind> {
        name: "linear",
        summary: "weighted sums of the features",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(LinearOptions),
        build: |options| {
            let options = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "scorer", name: "linear", source })?;
            Ok(Box::new(Linear { options }))
        },
    }
}

impl ScorerKind for Linear {
    fn make(&self, features: &[String], outputs: usize, seed: u64) -> Result<Box<dyn Scorer>, ScorerError> {
        let (inputs, activation) = (features.len(), Activation::Linear);
        let architecture = Architecture { inputs, hidden: Vec::new(), outputs, activation };
        Ok(Box::new(NetworkScorer::init("linear", architecture, seed)?))
    }
}
