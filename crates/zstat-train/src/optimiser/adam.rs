//! `adam`: steps of about the learning rate in each parameter, whatever the size of its derivatives.
//!
//! Source: D. Kingma, J. Ba, arXiv:1412.6980, algorithm 1; weight decay as in AdamW, arXiv:1711.05101, algorithm 2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::optimiser::{Optimiser, OptimiserKind, Parameters, StateError};
use zstat_core::plugin::Plugin;

use super::moments::Moments;
use super::radam::rectification;
use crate::options::{self, Domain, DomainFault};

/// Options of `adam` and of `radam`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdamOptions {
    /// Length of a step in a parameter whose derivative is always the same, before any schedule.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub learning_rate: f64,
    /// β1: the part of the mean of gradients that is left at the next step.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub beta1: f64,
    /// β2: the part of the mean of squared gradients that is left at the next step.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub beta2: f64,
    /// ε: added to the root of the mean square; derivatives far below it hardly move a parameter.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub epsilon: f64,
    /// Parameters shrink by this part in units of the learning rate, aside of the gradient and its means (AdamW).
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
}

impl Default for AdamOptions {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// The kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Adam {
    /// Its options.
    pub options: AdamOptions,
}

inventory::submit! {
    Plugin::<dyn OptimiserKind> {
        name: "adam",
        summary: "Adam, with decoupled weight decay (AdamW)",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(AdamOptions),
        build: |options| {
            let options = options::read("optimiser", "adam", options, AdamOptions::check)?;
            Ok(Box::new(Adam { options }))
        },
    }
}

impl AdamOptions {
    pub(super) fn check(&self) -> Result<(), DomainFault> {
        let numbers = [
            ("learning_rate", self.learning_rate, Domain::Positive),
            ("beta1", self.beta1, Domain::BelowOne),
            ("beta2", self.beta2, Domain::BelowOne),
            ("epsilon", self.epsilon, Domain::Positive),
            ("weight_decay", self.weight_decay, Domain::NotNegative),
        ];
        numbers.into_iter().try_for_each(|(name, value, domain)| domain.check(name, value))
    }
}

impl OptimiserKind for Adam {
    fn make(&self, parameters: usize) -> Box<dyn Optimiser> {
        Box::new(Adaptive::new(self.options.clone(), false, parameters))
    }

    fn learning_rate(&self) -> f64 {
        self.options.learning_rate
    }
}

/// An optimiser of this kind, or of `radam`.
pub(super) struct Adaptive {
    options: AdamOptions,
    /// As `radam` does.
    is_rectified: bool,
    /// Means of gradients, and of their squares.
    moments: Moments<2>,
}

impl Adaptive {
    pub fn new(options: AdamOptions, is_rectified: bool, parameters: usize) -> Self {
        Self { options, is_rectified, moments: Moments::new(parameters) }
    }
}

/// 1 − β^t, to the last digits for any β.
pub(super) fn weight_so_far(beta: f64, steps: u64) -> f64 {
    -(steps as f64 * beta.ln()).exp_m1()
}

impl Optimiser for Adaptive {
    /// m ← β1 m + (1 − β1) g and v ← β2 v + (1 − β2) g²; with m̂ and v̂, these over 1 − β^t,
    /// θ ← (1 − rate decay) θ − rate m̂ / (√v̂ + ε).
    fn step(&mut self, rate: f64, gradient: &[f64], parameters: Parameters<'_>) {
        self.moments.advance(gradient, &parameters);
        let AdamOptions { beta1, beta2, epsilon, weight_decay, .. } = self.options;
        let steps = self.moments.steps;
        let [first, second] = [beta1, beta2].map(|beta| weight_so_far(beta, steps));
        let scale = if self.is_rectified { rectification(beta2, steps) } else { Some(1.0) };
        let [means, squares] = &mut self.moments.means;
        let kept = 1.0 - rate * weight_decay;
        let (of_mean, of_square) = (scale.unwrap_or(1.0) / first, second.recip());
        parameters.update(gradient, [means, squares], |theta, g, [mean, square]| {
            *mean = beta1 * *mean + (1.0 - beta1) * g;
            *square = beta2 * *square + (1.0 - beta2) * g * g;
            let size = if scale.is_some() { (*square * of_square).sqrt() + epsilon } else { 1.0 };
            kept * theta - rate * (of_mean * *mean / size)
        });
    }

    fn state(&self) -> Vec<f64> {
        self.moments.state()
    }

    fn restore(&mut self, state: &[f64]) -> Result<(), StateError> {
        self.moments.restore(state, &[1])
    }
}
