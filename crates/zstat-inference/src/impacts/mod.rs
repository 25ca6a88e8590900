//! Impacts: how far the parameters of interest move with each of the others, and what that adds to their uncertainties.
//!
//! Three definitions, none of which is the other's approximation where the likelihood is not Gaussian: by refits with one
//! parameter held; by refits of shifted auxiliary observations (A. Pinto et al., Eur. Phys. J. C 84 (2024) 593); from the
//! covariance, without a fit.

mod breakdown;
mod one;
mod reference;
mod study;

use serde::{Deserialize, Serialize};

use crate::tasks::all_tasks;
use crate::{Inputs, TestError};
pub use breakdown::{ImpactGroup, groups_by_kind};
pub use study::{ImpactRecord, ImpactStudy};

/// At most so many remarks on single parameters are repeated for the whole.
const REMARKS: usize = 10;

/// What an impact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImpactKind {
    /// Hold θ_i one standard deviation off its best value, fit all others again.
    #[default]
    Refit,
    /// Shift the auxiliary observation of θ_i by one width of its constraint, fit everything again.
    GlobalObservables,
    /// Cov(μ, θ_i) / σ_i, without a fit.
    Covariance,
}

/// How to compute impacts.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpactOptions {
    /// What an impact is.
    pub kind: ImpactKind,
    /// Parameters of interest, free ones; one at least.
    pub pois: Vec<usize>,
    /// Groups of parameters, which may overlap.
    pub groups: Vec<ImpactGroup>,
}

/// How far one parameter of interest moves. None where it cannot be said: see the parameter's notes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// With the parameter one uncertainty after the fit above its best value; or the auxiliary observation shifted up.
    pub up: Option<f64>,
    /// The same below.
    pub down: Option<f64>,
    /// With the parameter one width of its constraint above its best value; none without constraint and for shifted
    /// auxiliary observations, whose shift is that width already.
    pub prefit_up: Option<f64>,
    /// The same below.
    pub prefit_down: Option<f64>,
}

impl Effect {
    /// The larger of up and down in size, else of the prefit ones; none where there is none.
    pub fn size(&self) -> Option<f64> {
        let larger = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.abs().max(b.abs())),
            (one, other) => one.or(other).map(f64::abs),
        };
        larger(self.up, self.down).or_else(|| larger(self.prefit_up, self.prefit_down))
    }

    /// Half the distance between up and down; the size of one where the other is missing.
    pub fn half(&self) -> Option<f64> {
        match (self.up, self.down) {
            (Some(up), Some(down)) => Some(0.5 * (up - down).abs()),
            (one, other) => one.or(other).map(f64::abs),
        }
    }
}

/// One parameter's impact.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterImpact {
    /// Index of the parameter.
    pub parameter: usize,
    /// Its best value.
    pub value: f64,
    /// Its uncertainty after the fit; none where undetermined.
    pub uncertainty: Option<f64>,
    /// (value − auxiliary value) / width of its constraint; none without constraint.
    pub pull: Option<f64>,
    /// Uncertainty / width of its constraint.
    pub pull_error: Option<f64>,
    /// On a bound?
    pub at_bound: bool,
    /// One a parameter of interest.
    pub effects: Vec<Effect>,
    /// Why numbers are missing or mean less than they seem to.
    pub notes: Vec<String>,
    /// All its fits converged.
    pub converged: bool,
    /// Minimisations.
    pub fits: usize,
    /// A refit was lower than the best fit: −ln L and the point.
    lower: Option<(f64, Vec<f64>)>,
}

/// A group's impact.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupImpact {
    /// The group, without fixed parameters and those of interest.
    pub group: ImpactGroup,
    /// One a parameter of interest. By refit and covariance: what freezing the group at the best fit takes off its variance,
    /// as a standard deviation. By global observables: the quadratic sum of the members' impacts.
    pub impacts: Vec<Option<f64>>,
}

/// A parameter of interest and where its uncertainty comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoiBreakdown {
    /// Index of the parameter.
    pub parameter: usize,
    /// Best value.
    pub value: f64,
    /// Uncertainty, from the exact Hessian; none where undetermined.
    pub total: Option<f64>,
    /// The statistical part: total² − systematic² for global observables, else [`PoiBreakdown::held`].
    pub statistical: Option<f64>,
    /// The systematic part: the quadratic sum of all shifts for global observables, else total² − statistical².
    pub systematic: Option<f64>,
    /// Uncertainty with all that has a constraint held at its best value.
    pub held: Option<f64>,
}

/// Impacts of all free parameters that are not of interest.
#[derive(Debug, Clone, PartialEq)]
pub struct Impacts {
    /// What an impact is.
    pub kind: ImpactKind,
    /// The parameters of interest.
    pub pois: Vec<PoiBreakdown>,
    /// All others that are free, in the model's order.
    pub parameters: Vec<ParameterImpact>,
    /// The groups, as given.
    pub groups: Vec<GroupImpact>,
    /// All fits converged.
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations.
    pub fits: usize,
}

impl Impacts {
    /// Positions in `parameters` by size of the impact on the parameter of interest number `poi`, largest first; those
    /// without impact last. Ties stay in the model's order.
    pub fn ranked(&self, poi: usize) -> Vec<usize> {
        let size = |at: &usize| self.parameters[*at].effects[poi].size().unwrap_or(-1.0);
        let mut order: Vec<usize> = (0..self.parameters.len()).collect();
        order.sort_by(|a, b| size(b).total_cmp(&size(a)));
        order
    }
}

/// Impacts, in parallel over the parameters. Calls `tick` after each.
///
/// # Errors
/// Where there is no likelihood.
///
/// # Panics
/// Without parameters of interest.
pub fn impacts(
    inputs: Inputs<'_>,
    options: &ImpactOptions,
    tick: &(dyn Fn() + Sync),
) -> Result<Impacts, TestError> {
    let study = ImpactStudy::new(inputs, options)?;
    let records = all_tasks(&study, study.tasks(), tick);
    study.finish(records, tick)
}

/// All free parameters that are not of interest, in the model's order.
pub fn nuisances(inputs: &Inputs<'_>, pois: &[usize]) -> Vec<usize> {
    (0..inputs.fixed.len()).filter(|i| !inputs.fixed[*i] && !pois.contains(i)).collect()
}
