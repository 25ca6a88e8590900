//! `sgd`: steps against the gradient, with momentum if wanted.
//!
//! Source: I. Sutskever et al., ICML 2013 (momentum, Nesterov's included), with the learning rate outside of the velocity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::optimiser::{Optimiser, OptimiserKind, Parameters, StateError};
use zstat_core::plugin::Plugin;

use super::moments::Moments;
use crate::options::{self, Domain};

/// Options of `sgd`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SgdOptions {
    /// Length of a step in units of the gradient, before any schedule.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub learning_rate: f64,
    /// μ: the part of the velocity that is left at the next step; 0 for none.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub momentum: f64,
    /// The velocity is looked ahead by a step.
    pub nesterov: bool,
    /// Parameters shrink by this part in units of the learning rate, aside of the gradient.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
}

impl Default for SgdOptions {
    fn default() -> Self {
        Self { learning_rate: 1e-2, momentum: 0.0, nesterov: false, weight_decay: 0.0 }
    }
}

/// The kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sgd {
    /// Its options.
    pub options: SgdOptions,
}

inventory::submit! {
    Plugin::<dyn OptimiserKind> {
        name: "sgd",
        summary: "gradient descent, with momentum if wanted",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(SgdOptions),
        build: |options| {
            let options = options::read("optimiser", "sgd", options, SgdOptions::check)?;
            Ok(Box::new(Sgd { options }))
        },
    }
}

impl SgdOptions {
    fn check(&self) -> Result<(), String> {
        let numbers = [
            ("learning_rate", self.learning_rate, Domain::Positive),
            ("momentum", self.momentum, Domain::BelowOne),
            ("weight_decay", self.weight_decay, Domain::NotNegative),
        ];
        numbers.into_iter().try_for_each(|(name, value, domain)| {
            domain.check(name, value).map_err(|fault| fault.to_string())
        })?;
        if self.nesterov && self.momentum == 0.0 {
            return Err("`nesterov` looks ahead along a velocity: give it a `momentum` above 0".to_owned());
        }
        Ok(())
    }
}

impl OptimiserKind for Sgd {
    fn make(&self, parameters: usize) -> Box<dyn Optimiser> {
        Box::new(Descent { options: self.options.clone(), velocity: Moments::new(parameters) })
    }

    fn learning_rate(&self) -> f64 {
        self.options.learning_rate
    }
}

/// An optimiser of the kind.
struct Descent {
    options: SgdOptions,
    velocity: Moments<1>,
}

impl Optimiser for Descent {
    /// v ← μ v + g; θ ← (1 − rate decay) θ − rate v, or with Nesterov's − rate (g + μ v).
    fn step(&mut self, rate: f64, gradient: &[f64], parameters: Parameters<'_>) {
        self.velocity.advance(gradient, &parameters);
        let SgdOptions { momentum, nesterov, weight_decay, .. } = self.options;
        let [velocity] = &mut self.velocity.means;
        let kept = 1.0 - rate * weight_decay;
        parameters.update(gradient, [velocity], |theta, g, [velocity]| {
            *velocity = momentum * *velocity + g;
            let ahead = if nesterov { g + momentum * *velocity } else { *velocity };
            kept * theta - rate * ahead
        });
    }

    fn state(&self) -> Vec<f64> {
        self.velocity.state()
    }

    fn restore(&mut self, state: &[f64]) -> Result<(), StateError> {
        self.velocity.restore(state, &[])
    }
}
