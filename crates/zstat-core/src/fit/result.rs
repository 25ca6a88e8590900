//! What a fit gives back: values, uncertainties, covariance, and how well it went.

use serde::Serialize;

use super::Flat;

/// What a fit should do beyond finding the minimum.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// Start values, one a parameter.
    pub start: Vec<f64>,
    /// Parameters kept at their start value.
    pub fixed: Vec<bool>,
    /// Indices of the parameters whose MINOS interval is computed.
    pub minos: Vec<usize>,
    /// Number of starts in all: the first from `start`, the others random inside the bounds.
    pub multi_start: usize,
    /// Seed of the random starts.
    pub seed: u64,
}

/// How well a fit went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitStatus {
    /// EDM and projected gradient below tolerance.
    pub converged: bool,
    /// Why the minimiser stopped, in words.
    pub reason: String,
    /// Iterations used.
    pub iterations: usize,
    /// Evaluations used.
    pub evaluations: usize,
    /// Estimated vertical distance to the minimum, in units of the NLL.
    pub edm: f64,
    /// Distinct minima found (1 without `multi_start`).
    pub minima: usize,
    /// Free parameters that ended on a bound.
    pub at_bound: Vec<String>,
    /// All that a careful reader should know.
    pub warnings: Vec<String>,
}

/// MINOS interval: where 2 ΔNLL = 1 with all others profiled; offsets from the best value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Minos {
    /// Lower offset (≤ 0); none where a bound comes first.
    pub down: Option<f64>,
    /// Upper offset (≥ 0); none where a bound comes first.
    pub up: Option<f64>,
}

/// One parameter after the fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterResult {
    /// Name; vector parameters as `name[0]`.
    pub name: String,
    /// Value at the minimum.
    pub value: f64,
    /// Square root of the covariance's diagonal; none where undetermined, 0 where fixed.
    pub uncertainty: Option<f64>,
    /// Asymmetric interval, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minos: Option<Minos>,
    /// Start value.
    pub init: f64,
    /// Bounds.
    pub bounds: [f64; 2],
    /// Was it kept fixed?
    pub fixed: bool,
    /// Kind of the constraint: `none`, `normal`, `poisson`, `lognormal`, `correlated`.
    pub constraint: &'static str,
    /// (value − auxiliary value) / width of the constraint; none where unconstrained.
    pub pull: Option<f64>,
    /// uncertainty / width of the constraint: below 1 where the data constrain it; none where unconstrained.
    pub constraint_ratio: Option<f64>,
    /// On a bound?
    pub at_bound: bool,
}

/// A quantity that follows from the parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FormulaResult {
    /// Name.
    pub name: String,
    /// The formula.
    pub formula: String,
    /// Value at the minimum.
    pub value: f64,
    /// From the covariance of the parameters, to first order: √(gᵀ V g); none where undetermined.
    pub uncertainty: Option<f64>,
}

/// Covariance matrix over the free parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Covariance {
    /// Names of rows and columns.
    pub names: Vec<String>,
    /// Index of each row among all parameters.
    #[serde(skip)]
    pub indices: Vec<usize>,
    /// The matrix, row by row.
    pub matrix: Vec<Vec<f64>>,
    /// Directions that nothing determines, where there are any: `matrix` is NaN for what shares them.
    #[serde(skip)]
    pub flat: Option<Flat>,
}

/// The result of a maximum-likelihood fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitResult {
    /// How it went.
    pub status: FitStatus,
    /// −2 ln L at the minimum, all constants included; none where it is not finite.
    pub twice_nll: Option<f64>,
    /// Parameters of interest.
    pub poi: Vec<String>,
    /// All parameters, in the model's order.
    pub parameters: Vec<ParameterResult>,
    /// What follows from them by formulas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formulas: Vec<FormulaResult>,
    /// Covariance over the free parameters; none where the Hessian is not positive definite.
    pub covariance: Option<Covariance>,
    /// The other minima of a multi-start fit: 2 NLL and the point, best first (the first is the result itself).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub minima: Vec<OtherMinimum>,
}

/// One minimum of a multi-start fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OtherMinimum {
    /// −2 ln L there.
    pub twice_nll: f64,
    /// The point, one value a parameter.
    pub values: Vec<f64>,
    /// How many of the starts ended there.
    pub starts: usize,
}
