//! Fits: the contract between an objective function and a minimiser, and what comes out.
//!
//! [`Objective`] and [`Fitter`] know no channels. [`run`] is the fit of a likelihood: minimum, covariance, pulls, MINOS
//! intervals, several starts, and everything a careful reader should be told.

mod anywhere;
mod covariance;
mod domain;
mod entry;
mod flat;
mod kinks;
mod minima;
mod minos;
mod objective;
mod result;
mod run;
mod starts;

pub use anywhere::{Nowhere, from_anywhere};
pub use covariance::{Uncertainties, uncertainties};
pub use domain::minimise;
pub use flat::Flat;
pub use objective::{Curvature, EvalError, Fitter, Known, Minimum, Objective, Problem, Termination};
pub use result::{
    Covariance, FitOptions, FitResult, FitStatus, FormulaResult, Minos, OtherMinimum, ParameterResult,
};
pub use run::{Fitted, minimum, run};
