//! `radam`: Adam whose first steps are held back while the mean of squares is not to be relied on.
//!
//! Source: L. Liu et al., arXiv:1908.03265, algorithm 2: rectified where ρ_t > 4. There is no ε in it; here it stands where Adam
//! has it. The options and their defaults are those of `adam`.

use zstat_core::optimiser::{Optimiser, OptimiserKind};
use zstat_core::plugin::Plugin;

use super::adam::{AdamOptions, Adaptive, weight_so_far};
use crate::options;

/// The kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RAdam {
    /// Its options.
    pub options: AdamOptions,
}

inventory::submit! {
    Plugin::<dyn OptimiserKind> {
        name: "radam",
        summary: "rectified Adam, which warms up by itself",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(AdamOptions),
        build: |options| {
            let options = options::read("optimiser", "radam", options, AdamOptions::check)?;
            Ok(Box::new(RAdam { options }))
        },
    }
}

impl OptimiserKind for RAdam {
    fn make(&self, parameters: usize) -> Box<dyn Optimiser> {
        Box::new(Adaptive::new(self.options.clone(), true, parameters))
    }

    fn learning_rate(&self) -> f64 {
        self.options.learning_rate
    }
}

/// r_t, the factor of Adam's step number t ≥ 1; none where the step is along the mean of gradients itself, as in the first few
/// steps, and always for β2 ≤ 0.6.
///
/// ρ_∞ = 2/(1 − β2) − 1, ρ_t = ρ_∞ − 2 t β2^t/(1 − β2^t), r_t² = (ρ_t − 4)(ρ_t − 2) ρ_∞ / ((ρ_∞ − 4)(ρ_∞ − 2) ρ_t).
pub(super) fn rectification(beta2: f64, steps: u64) -> Option<f64> {
    let limit = 2.0 / (1.0 - beta2) - 1.0;
    let weight = weight_so_far(beta2, steps);
    let rho = limit - 2.0 * steps as f64 * (1.0 - weight) / weight;
    let square = (rho - 4.0) * (rho - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * rho);
    (rho > 4.0).then(|| square.sqrt())
}
