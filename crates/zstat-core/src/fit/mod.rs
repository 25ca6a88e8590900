//! Fits: the contract between an objective function and a minimiser, and what comes out.
//!
//! Nothing here knows channels or samples; nothing in a fitter does either.

mod objective;
mod result;

pub use objective::{Curvature, EvalError, Fitter, Minimum, Objective, Problem, Termination};
pub use result::{Covariance, FitOptions, FitResult, FitStatus, Minos, OtherMinimum, ParameterResult};
