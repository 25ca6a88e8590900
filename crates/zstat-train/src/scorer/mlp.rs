//! `mlp`: a fully connected network, all features to all units of the first layer, and so on to the outputs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::Plugin;
use zstat_core::scorer::{Scorer, ScorerError, ScorerKind};

use super::layers::NetworkScorer;
use crate::network::{Activation, Architecture};
use crate::options;

/// Options of `mlp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MlpOptions {
    /// Units of each hidden layer, from the features on; without any it is a linear model.
    #[schemars(inner(range(min = 1)))]
    pub hidden: Vec<usize>,
    /// Of all hidden layers; outputs have none.
    pub activation: Activation,
}

impl Default for MlpOptions {
    fn default() -> Self {
        Self { hidden: vec![100, 100], activation: Activation::Relu }
    }
}

/// The kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mlp {
    /// Its options.
    pub options: MlpOptions,
}

inventory::submit! {
    Plugin::<dyn ScorerKind> {
        name: "mlp",
        summary: "a fully connected neural network",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(MlpOptions),
        build: |options| {
            let options = options::read("scorer", "mlp", options, MlpOptions::check)?;
            Ok(Box::new(Mlp { options }))
        },
    }
}

impl MlpOptions {
    fn check(&self) -> Result<(), ScorerError> {
        match self.hidden.iter().position(|units| *units == 0) {
            Some(layer) => Err(ScorerError::NoUnits { scorer: "mlp", layer }),
            None => Ok(()),
        }
    }
}

impl ScorerKind for Mlp {
    fn make(&self, features: &[String], outputs: usize, seed: u64) -> Result<Box<dyn Scorer>, ScorerError> {
        let MlpOptions { hidden, activation } = self.options.clone();
        let architecture = Architecture { inputs: features.len(), hidden, outputs, activation };
        Ok(Box::new(NetworkScorer::init("mlp", architecture, seed)?))
    }
}
