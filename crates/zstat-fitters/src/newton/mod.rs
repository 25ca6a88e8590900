//! `newton`: a bounded trust-region Newton method on exact second derivatives.
//!
//! Each step minimises a quadratic model in the box, damped by λ·diag(H) (Levenberg–Marquardt; λ follows the ratio of
//! actual to predicted decrease). The model's matrix is the exact Hessian where that is positive definite and the
//! Fisher matrix elsewhere: with what counts are expected to bend by, a step reaches a Poisson mean at once. A step that leaves
//! the domain is halved before it is damped. Parameters on a bound whose gradient points out of the box are held there, and
//! released as soon as the sign changes. Near a minimum, and beside a neighbouring one whose second derivatives the problem comes with,
//! steps go on with older ones, corrected by the gradients (`quasi`), as long as that is cheaper than new ones. Sources:
//! Nocedal and Wright, *Numerical Optimization*, chapters 4, 7 and 16; H. B. Nielsen, IMM-REP-1999-05, for the update of λ.

mod bounds;
mod distance;
mod escape;
mod quasi;
mod search;
mod step;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::fit::{Fitter, Minimum, Objective, Problem};
use zstat_core::plugin::{Plugin, PluginError};

use crate::arrival::invalid_start;
use search::Search;

/// Options of the `newton` fitter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewtonOptions {
    /// Largest estimated vertical distance to the minimum that counts as converged, in units of the NLL.
    pub tolerance: f64,
    /// Limit on iterations.
    pub max_iterations: usize,
}

impl Default for NewtonOptions {
    fn default() -> Self {
        Self { tolerance: 1e-8, max_iterations: 500 }
    }
}

/// The fitter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Newton {
    /// Its options.
    pub options: NewtonOptions,
}

inventory::submit! {
    Plugin::<dyn Fitter> {
        name: "newton",
        summary: "bounded trust-region Newton on exact second derivatives (default)",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(NewtonOptions),
        build: |options| {
            let options = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "fitter", name: "newton", source })?;
            Ok(Box::new(Newton { options }))
        },
    }
}

impl Fitter for Newton {
    fn minimise(&self, objective: &mut dyn Objective, problem: &Problem<'_>) -> Minimum {
        match Search::start(objective, problem) {
            Ok(search) => search.run(&self.options),
            Err(nothing) => invalid_start(nothing),
        }
    }
}
