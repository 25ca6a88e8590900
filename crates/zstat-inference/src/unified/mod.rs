//! The unified interval of Feldman and Cousins (Phys. Rev. D 57 (1998) 3873): all values of the parameter of interest whose
//! hypothesis accepts the data, where outcomes are accepted in the order of their likelihood ratio, that is of
//! t = 2 [NLL(μ) − NLL(best μ inside its bounds)], until they have the probability wanted. By sums of Poisson probabilities
//! for one count, else by toys, with the other parameters at their best values for the data at each μ tested.

mod exact;
mod toys;

use serde::Serialize;

use crate::scan::{grid, range_to, threshold};
use crate::toys::Estimate;
use crate::{Inputs, TestError};

pub use exact::unified_exact;
pub use toys::{UnifiedRecord, UnifiedTally, UnifiedToys};

/// How probabilities are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Calculator {
    /// Sums of Poisson probabilities.
    Exact,
    /// Fractions of toys.
    Toys,
}

/// What is tested.
#[derive(Debug, Clone, PartialEq)]
pub struct UnifiedOptions {
    /// Confidence level.
    pub level: f64,
    /// Values to test, inside the bounds of the parameter.
    pub range: [f64; 2],
    /// How many, from end to end, at least two; the best value is tested besides.
    pub points: usize,
}

/// One value tested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnifiedPoint {
    /// The value.
    pub mu: f64,
    /// The statistic on the data.
    pub t_obs: f64,
    /// The largest statistic that is accepted.
    pub t_critical: f64,
    /// Probability of a statistic at least as large as that of the data.
    pub p_value: Estimate,
    /// The fit of the data at this value converged.
    pub converged: bool,
    /// Toys that are left out.
    pub failed: u64,
}

/// An end of the interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End {
    /// Where it is.
    pub value: f64,
    /// Statistical error from the number of toys; none where exact, or a bound.
    pub error: Option<f64>,
}

/// The interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Unified {
    /// How it was computed.
    pub calculator: Calculator,
    /// Confidence level.
    pub level: f64,
    /// Best value of the parameter, inside its bounds.
    pub best: f64,
    /// Range tested.
    pub range: [f64; 2],
    /// Lower end; none where the range ends first.
    pub low: Option<End>,
    /// Upper end; none where the range ends first.
    pub high: Option<End>,
    /// The values tested, ascending.
    pub points: Vec<UnifiedPoint>,
    /// The critical values are moved by less than this part of themselves; 0 where they are exact. p-values, and so the ends,
    /// are exact always.
    pub resolution: f64,
    /// All fits converged, and no toy failed.
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations of the observed data.
    pub fits: usize,
}

/// The usual range: to both sides to where the statistic is at least twice its asymptotic threshold, inside the bounds.
///
/// # Errors
/// Where there is no likelihood.
pub fn unified_range(inputs: Inputs<'_>, poi: usize, level: f64) -> Result<[f64; 2], TestError> {
    let mut profile = inputs.profile(poi);
    let free = profile.free().clone();
    if !free.nll.is_finite() {
        return Err(profile.no_likelihood(free.mu));
    }
    let unit = threshold(level);
    Ok(range_to(&mut profile, 2.4 * unit, [2.0 * unit, 3.0 * unit]))
}

/// The grid, and the best value where it is inside.
fn values(range: [f64; 2], points: usize, best: f64) -> Vec<f64> {
    let mut values = grid(range, points);
    if best > range[0] && best < range[1] {
        values.push(best);
        values.sort_by(f64::total_cmp);
        values.dedup();
    }
    values
}

/// Remarks on ends that are not found.
fn warnings_of_ends(low: Option<End>, high: Option<End>, any: bool) -> Vec<String> {
    if !any {
        return vec!["no value tested is accepted: the interval is outside the range".to_owned()];
    }
    let outside = |side: &str| format!("the {side} end of the interval is outside the range");
    let low = low.is_none().then(|| outside("lower"));
    let high = high.is_none().then(|| outside("upper"));
    low.into_iter().chain(high).collect()
}
