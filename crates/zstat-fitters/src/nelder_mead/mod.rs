//! `nelder-mead`: a simplex that needs nothing but values. The last resort: slow beyond a handful of parameters.
//!
//! Runs argmin's solver again and again, each time with a fresh simplex around the best point, until the exact Hessian
//! says that the minimum is there or a round gains nothing. Sources: J. A. Nelder, R. Mead, Comput. J. 7 (1965) 308;
//! expansion and shrinkage by dimension as F. Gao, L. Han, Comput. Optim. Appl. 51 (2012) 259 have them.

mod coordinates;

use argmin::core::{Error, Executor, IterState, State as _};
use argmin::solver::neldermead::NelderMead as Simplex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::fit::{Fitter, Minimum, Objective, Problem, Termination};
use zstat_core::plugin::{Plugin, PluginError};

use crate::arrival::{Arrival, invalid_start};
use crate::reduced::{Reduced, find_start};
use coordinates::Unbounded;

/// Options of the `nelder-mead` fitter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NelderMeadOptions {
    /// Largest estimated vertical distance to the minimum that counts as converged, in units of the NLL.
    #[schemars(range(min = 0.0))]
    pub tolerance: f64,
    /// Limit on iterations, over all restarts.
    pub max_iterations: u64,
    /// Size of the first simplex, in uncertainties of the parameters.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub size: f64,
}

impl Default for NelderMeadOptions {
    fn default() -> Self {
        Self { tolerance: 1e-8, max_iterations: 200_000, size: 1.0 }
    }
}

/// The fitter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NelderMead {
    /// Its options.
    pub options: NelderMeadOptions,
}

inventory::submit! {
    Plugin::<dyn Fitter> {
        name: "nelder-mead",
        summary: "downhill simplex on values alone (last resort; slow beyond ten parameters)",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(NelderMeadOptions),
        build: |options| {
            let options = serde_json::from_value(options)
                .map_err(|source| PluginError::Options { kind: "fitter", name: "nelder-mead", source })?;
            Ok(Box::new(NelderMead { options }))
        },
    }
}

/// Every simplex is smaller than the one before by this.
const SHRINK: f64 = 0.5;
/// Rounds in a row without gain that end the search.
const PATIENCE: usize = 3;
/// Coordinates this close to a bound are tried on it.
const BESIDE: f64 = 1e-3;
/// Differences below this fraction of the value are rounding.
const ROUNDING: f64 = 1e-15;

impl Fitter for NelderMead {
    fn minimise(&self, objective: &mut dyn Objective, problem: &Problem<'_>) -> Minimum {
        let start = match find_start(objective, problem) {
            Ok(start) => start,
            Err(failure) => return invalid_start(failure),
        };
        let reduced = Reduced::new(objective, problem, start, true);
        let mut x = reduced.start();
        let (mut value, mut size) = (f64::INFINITY, self.options.size);
        let (mut iterations, mut idle) = (0, 0);
        loop {
            let arrival = Arrival::at(&reduced, &x, problem);
            let out_of_iterations = iterations >= self.options.max_iterations;
            let termination = arrival.verdict(self.options.tolerance, idle >= PATIENCE, out_of_iterations);
            if let Some(termination) = termination {
                return arrival.minimum(termination, iterations as usize, reduced.evaluations());
            }
            let left = self.options.max_iterations - iterations;
            // The solver is given legal settings and the problem returns no errors.
            let Ok((best, done)) = self.round(&reduced, &x, size, left) else {
                return arrival.minimum(Termination::NoProgress, iterations as usize, reduced.evaluations());
            };
            iterations += done.max(1);
            x = onto_bounds(&reduced, best);
            let reached = reduced.value(&x);
            let gain = value - reached;
            idle = if gain > ROUNDING * reached.abs() { 0 } else { idle + 1 };
            value = reached;
            size *= SHRINK;
        }
    }
}

impl NelderMead {
    /// One simplex from `x` down: the best point and the iterations done.
    fn round(
        &self,
        reduced: &Reduced<'_>,
        x: &[f64],
        size: f64,
        left: u64,
    ) -> Result<(Vec<f64>, u64), Error> {
        let problem = Unbounded { reduced };
        let mut vertices = vec![problem.outside(x)];
        for (j, &[lower, upper]) in reduced.bounds.iter().enumerate() {
            let step = size.min(0.25 * (upper - lower));
            let mut vertex = x.to_vec();
            vertex[j] += if x[j] + step <= upper { step } else { -step };
            vertices.push(problem.outside(&vertex));
        }
        let n = x.len().max(2) as f64;
        let spread = (1e-3 * self.options.tolerance).max(ROUNDING * reduced.value(x).abs());
        let simplex = Simplex::new(vertices)
            .with_sd_tolerance(spread)?
            .with_gamma(1.0 + 2.0 / n)?
            .with_sigma(1.0 - 1.0 / n)?;
        type Values = IterState<Vec<f64>, (), (), (), (), f64>;
        let run = Executor::new(problem, simplex).configure(|state: Values| state.max_iters(left)).run()?;
        let best = run.state.get_best_param().map_or_else(|| x.to_vec(), |u| Unbounded { reduced }.inside(u));
        Ok((best, run.state.get_iter()))
    }
}

/// Puts coordinates that are beside a bound on it, where that does not raise the value.
fn onto_bounds(reduced: &Reduced<'_>, mut x: Vec<f64>) -> Vec<f64> {
    let mut value = reduced.value(&x);
    for j in 0..x.len() {
        for bound in reduced.bounds[j] {
            if x[j] != bound && (x[j] - bound).abs() <= BESIDE {
                let before = std::mem::replace(&mut x[j], bound);
                let there = reduced.value(&x);
                if there <= value {
                    value = there;
                } else {
                    x[j] = before;
                }
            }
        }
    }
    x
}
