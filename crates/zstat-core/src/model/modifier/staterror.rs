//! staterror: bin b times γ_b, one γ for all samples of a channel that carry the modifier (Barlow–Beeston lite).

use super::{Requirement, gamma_bounds};
use crate::model::Constraint;
use crate::spec::{BuildOptions, Dialect, StatErrorConstraint};

/// Relative uncertainty a bin over all carriers: sqrt(Σ u²)/|Σ n|, and 0 where Σ n is 0.
///
/// `carriers` are pairs (nominal, absolute uncertainty), each of `n_bins` entries in events.
pub(crate) fn relative_errors(carriers: &[(&[f64], &[f64])], n_bins: usize) -> Vec<f64> {
    let one = |bin: usize| {
        let total: f64 = carriers.iter().map(|(nominal, _)| nominal[bin]).sum();
        let variance: f64 = carriers.iter().map(|(_, error)| error[bin] * error[bin]).sum();
        if total > 0.0 { variance.sqrt() / total } else { 0.0 }
    };
    (0..n_bins).map(one).collect()
}

/// One γ a bin. Without uncertainty, or below the threshold, it stays at 1.
///
/// In pyhf a bin without uncertainty keeps the term Normal(1|1, 1), which adds ln 2π to twice the NLL; so does zstat.
/// ROOT has no term for bins below its threshold.
pub(super) fn requirements(relative: &[f64], options: &BuildOptions) -> Vec<Requirement> {
    let threshold = options.staterror_threshold();
    let one = |&sigma: &f64| {
        let constant = sigma == 0.0 || sigma < threshold;
        let constraint = match (constant, options.dialect, options.staterror_constraint()) {
            (true, Dialect::Pyhf, _) => Constraint::Normal { aux: 1.0, sigma: 1.0 },
            (true, Dialect::Root, _) => Constraint::None,
            (false, _, StatErrorConstraint::Gaussian) => Constraint::Normal { aux: 1.0, sigma },
            (false, _, StatErrorConstraint::Poisson) => {
                let tau = 1.0 / (sigma * sigma);
                Constraint::Poisson { aux: tau, tau }
            }
        };
        Requirement { init: 1.0, bounds: gamma_bounds(sigma, options), fixed: constant, constraint }
    };
    relative.iter().map(one).collect()
}
