//! Linear algebra of the fit: dense kernels on row-major slices, and symmetric matrices in arrow shape.

mod arrow;
pub mod dense;
mod inverse;
mod kernel;
mod solver;

pub use arrow::{ArrowMatrix, ArrowStructure, Group, GroupValues, Place, Run};
pub(crate) use kernel::{LANES, Lanes, Sextics, log_derivatives, log_slopes, sextic_values};
pub use solver::{ArrowSolver, NotPositiveDefinite};
