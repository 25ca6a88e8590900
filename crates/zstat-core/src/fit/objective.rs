//! The contract of a minimiser: an objective with exact derivatives over a box.

use serde::Serialize;

use crate::linalg::ArrowMatrix;
use crate::plugin::Plugin;
use crate::text::in_short;

/// Which second derivatives an objective is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curvature {
    /// The exact Hessian.
    Exact,
    /// Those that are expected of data, the Fisher information: for counts Σ ∂ν ∂ν/ν, never indefinite. Another objective may
    /// leave out what makes its own indefinite.
    Fisher,
}

/// Why an objective has no value at a point.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A bin with data expects no events or a negative number.
    #[error(
        "the expectation {} of bin {bin} in channel `{channel}` is not positive, and the data have {} there",
        in_short(*.expected),
        in_short(*.observed)
    )]
    NonPositiveYield {
        /// Channel's name.
        channel: String,
        /// Bin, from 0, in the channel.
        bin: usize,
        /// Expected events.
        expected: f64,
        /// Observed events.
        observed: f64,
    },
    /// A constrained parameter left the domain of its constraint.
    #[error(
        "parameter `{parameter}` = {value} is outside the domain of its constraint (it must be positive)"
    )]
    ConstraintDomain {
        /// Parameter's name.
        parameter: String,
        /// Its value.
        value: f64,
    },
    /// The search has been for too long where bins expect a negative number of events: what it looks for is not there. All
    /// points there are refused from now on, and a fitter had better end.
    #[error("the search stays where a negative number of events is expected")]
    CalledBack,
    /// Something overflowed or a parameter is not finite.
    #[error("{what} is not finite")]
    NotFinite {
        /// What: "the expectation of bin 3 in channel `SR`", "parameter `mu`".
        what: String,
    },
}

impl EvalError {
    /// A bin with data expects exactly none.
    pub fn is_zero_yield(&self) -> bool {
        matches!(self, Self::NonPositiveYield { expected, .. } if *expected == 0.0)
    }
}

/// A function of `n` parameters with exact derivatives, to be minimised. For a likelihood: −ln L up to a constant.
///
/// An evaluation may use scratch space of the object (hence `&mut`) but has no memory: the same point gives the same bits.
pub trait Objective {
    /// Number of parameters, fixed ones included.
    fn n_params(&self) -> usize;

    /// The value at `theta`.
    ///
    /// # Errors
    /// Where the function has no finite value there.
    fn value(&mut self, theta: &[f64]) -> Result<f64, EvalError>;

    /// The value, and the gradient into `gradient` (length `n_params`, overwritten).
    ///
    /// # Errors
    /// As `value`.
    fn gradient(&mut self, theta: &[f64], gradient: &mut [f64]) -> Result<f64, EvalError>;

    /// The value, the gradient, and the second derivatives into `hessian` (made by `new_hessian`, overwritten).
    ///
    /// # Errors
    /// As `value`.
    fn hessian(
        &mut self,
        theta: &[f64],
        curvature: Curvature,
        gradient: &mut [f64],
        hessian: &mut ArrowMatrix,
    ) -> Result<f64, EvalError>;

    /// A matrix of the right structure for `hessian`.
    fn new_hessian(&self) -> ArrowMatrix;
}

/// Where to start and what may move. All slices have length `n_params`.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Start values; values outside the bounds are moved onto them.
    pub start: &'a [f64],
    /// Lower and upper bounds; infinite ones are allowed.
    pub bounds: &'a [[f64; 2]],
    /// Parameters kept at their start value.
    pub fixed: &'a [bool],
    /// A minimum that was found before, where another one is looked for: a search that comes near it may end there, with
    /// [`Termination::Known`]. Fitters need not look at it.
    pub known: Option<&'a Known<'a>>,
    /// Second derivatives near the minimum that is looked for: those of a neighbouring minimum, or of the same objective with
    /// other data. They are a hint: fitters need not look at them, and find the minimum where they are of no use.
    pub curvature: Option<&'a ArrowMatrix>,
}

impl<'a> Problem<'a> {
    /// The problem of finding a minimum, nothing being known.
    pub fn new(start: &'a [f64], bounds: &'a [[f64; 2]], fixed: &'a [bool]) -> Self {
        Self { start, bounds, fixed, known: None, curvature: None }
    }
}

/// A minimum, and how far a point may be from it and still be sure to lead there.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The minimum, one value a parameter.
    pub theta: &'a [f64],
    /// The objective there.
    pub value: f64,
    /// For each parameter, the distance within which a point is near; NaN for none but the same value.
    pub within: &'a [f64],
    /// The rise of the objective below which it is.
    pub rise: f64,
}

impl Known<'_> {
    /// Whether a point with this value of the objective leads to the minimum.
    pub fn is_near(&self, theta: &[f64], value: f64) -> bool {
        let near = |((x, best), within): ((&f64, &f64), &f64)| x == best || (x - best).abs() < *within;
        value - self.value < self.rise && theta.iter().zip(self.theta).zip(self.within).all(near)
    }
}

/// Why a minimisation ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Termination {
    /// EDM and projected gradient are below tolerance.
    Converged,
    /// No progress is possible at the floating-point precision of the function, and the EDM is above tolerance.
    NoProgress,
    /// The limit on iterations was reached.
    IterationLimit,
    /// The search came near the minimum that was known before, and ended there.
    Known,
    /// The function has no value at the start, and no point with a value was found near it.
    InvalidStart(String),
}

/// Where a minimiser arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// The point.
    pub theta: Vec<f64>,
    /// The objective there (NaN after `InvalidStart`).
    pub value: f64,
    /// Its gradient there.
    pub gradient: Vec<f64>,
    /// Estimated vertical distance to the minimum over the free directions, ½ gᵀH⁻¹g, in units of the objective.
    pub edm: f64,
    /// Why it ended.
    pub termination: Termination,
    /// Iterations done.
    pub iterations: usize,
    /// Evaluations of the objective, with or without derivatives.
    pub evaluations: usize,
    /// Second derivatives near the minimum, which searches for neighbouring minima may begin with
    /// ([`Problem::curvature`]). Fitters need not have any.
    pub curvature: Option<ArrowMatrix>,
}

/// A minimiser of an [`Objective`] in a box. Deterministic: the same problem gives the same bits.
pub trait Fitter: Send + Sync {
    /// Minimises. A minimisation that does not converge is a result, not an error.
    fn minimise(&self, objective: &mut dyn Objective, problem: &Problem<'_>) -> Minimum;
}

inventory::collect!(Plugin<dyn Fitter>);
