//! shapesys: bin b times γ_b with an auxiliary Poisson measurement of τ_b = (n_b/u_b)² events.

use super::{Requirement, gamma_bounds};
use crate::model::Constraint;
use crate::spec::BuildOptions;

/// τ follows the sample's nominal n and its absolute uncertainty u, both in events.
///
/// A bin with n ≤ 0 or u ≤ 0 has no effect to constrain: γ is fixed at 1. pyhf keeps the term Pois(1|1) there, which
/// adds 2 to twice the NLL; so does zstat, so that values agree.
pub(super) fn requirements(nominal: &[f64], errors: &[f64], options: &BuildOptions) -> Vec<Requirement> {
    let one = |(&n, &u): (&f64, &f64)| {
        let valid = n > 0.0 && u > 0.0;
        let tau = if valid { (n / u) * (n / u) } else { 1.0 };
        let sigma = if valid { u / n } else { 0.0 };
        Requirement {
            init: 1.0,
            bounds: gamma_bounds(sigma, options),
            fixed: !valid,
            constraint: Constraint::Poisson { aux: tau, tau },
        }
    };
    nominal.iter().zip(errors).map(one).collect()
}
