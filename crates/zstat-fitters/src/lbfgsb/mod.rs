//! `lbfgsb`: limited-memory BFGS in a box, for when second derivatives are too dear or an independent answer is wanted.
//!
//! Steps use values and gradients alone; the Fisher matrix is asked once for the parameters' scales, and the exact Hessian
//! for the distance to the minimum before the fitter says `Converged`. Source: R. H. Byrd, P. Lu, J. Nocedal, C. Zhu,
//! SIAM J. Sci. Comput. 16 (1995) 1190.

mod line_search;
mod memory;
mod model;
mod solver;

use argmin::core::{Executor, State as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::fit::{Fitter, Minimum, Objective, Problem, Termination};
use zstat_core::plugin::{Plugin, PluginError};

use crate::arrival::{Arrival, invalid_start};
use crate::reduced::{Reduced, find_start};
use solver::{BoundedLbfgs, State};

/// Options of the `lbfgsb` fitter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LbfgsbOptions {
    /// Largest estimated vertical distance to the minimum that counts as converged, in units of the NLL.
    #[schemars(range(min = 0.0))]
    pub tolerance: f64,
    /// Limit on iterations.
    pub max_iterations: u64,
    /// Number of steps that the curvature is remembered from.
    #[schemars(range(min = 1))]
    pub memory: usize,
    /// Measure every parameter in units of its uncertainty at the start.
    pub scaling: bool,
}

impl Default for LbfgsbOptions {
    fn default() -> Self {
        Self { tolerance: 1e-8, max_iterations: 5000, memory: 20, scaling: true }
    }
}

/// The fitter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lbfgsb {
    /// Its options.
    pub options: LbfgsbOptions,
}

inventory::submit! {
    Plugin::<dyn Fitter> {
        name: "lbfgsb",
        summary: "limited-memory BFGS with bounds, on values and gradients",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(LbfgsbOptions),
        build: |options| {
            let options = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "fitter", name: "lbfgsb", source })?;
            Ok(Box::new(Lbfgsb { options }))
        },
    }
}

/// Each round asks for a gradient smaller by this.
const TIGHTEN: f64 = 0.1;
/// Below this no gradient is to be had.
const TIGHTEST: f64 = 1e-13;
/// Saddles that are left before the search is given up.
const SADDLES: usize = 20;

impl Fitter for Lbfgsb {
    fn minimise(&self, objective: &mut dyn Objective, problem: &Problem<'_>) -> Minimum {
        let start = match find_start(objective, problem) {
            Ok(start) => start,
            Err(failure) => return invalid_start(failure),
        };
        let reduced = Reduced::new(objective, problem, start, self.options.scaling);
        let mut x = reduced.start();
        // In units of uncertainties ½ Σ g² is about the distance to the minimum.
        let threshold = (2.0 * self.options.tolerance / reduced.bounds.len().max(1) as f64).sqrt();
        let mut solver = self.solver(&reduced, threshold);
        let (mut iterations, mut saddles, mut ran) = (0, 0, false);
        loop {
            let arrival = Arrival::at(&reduced, &x, problem);
            let mut exhausted = ran && (solver.is_stuck() || solver.threshold < TIGHTEST);
            if ran && arrival.edm().is_infinite() && saddles < SADDLES {
                saddles += 1;
                if let Some(lower) = arrival.way_down(&reduced, &x) {
                    x = lower;
                    // The threshold stays: in a flat valley the curvature is negative only until the gradient is small.
                    solver = self.solver(&reduced, solver.threshold.max(TIGHTEST));
                    exhausted = false;
                }
            }
            let out_of_iterations = iterations >= self.options.max_iterations;
            let termination = arrival.verdict(self.options.tolerance, exhausted, out_of_iterations);
            if let Some(termination) = termination {
                return arrival.minimum(termination, iterations as usize, reduced.evaluations());
            }
            let left = self.options.max_iterations - iterations;
            let executor = Executor::new(&reduced, solver)
                .configure(|state: State| state.param(x.clone()).max_iters(left));
            // The solver and the problem return no errors.
            let Ok(mut run) = executor.run() else {
                return arrival.minimum(Termination::NoProgress, iterations as usize, reduced.evaluations());
            };
            iterations += run.state.get_iter();
            x = run.state.take_best_param().unwrap_or(x);
            solver = run.solver;
            solver.threshold *= TIGHTEN;
            ran = true;
        }
    }
}

impl Lbfgsb {
    fn solver(&self, reduced: &Reduced<'_>, threshold: f64) -> BoundedLbfgs {
        BoundedLbfgs::new(reduced.bounds.clone(), self.options.memory.max(1), threshold)
    }
}
