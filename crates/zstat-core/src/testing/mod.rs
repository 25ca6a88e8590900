//! Tools for tests of this crate and of plugins: a slow oracle likelihood, random models, derivative checks,
//! conformance checks of fitters. Behind the feature `testing`; nothing of it is linked into a release build.

mod derivatives;
pub mod fitter;
pub mod oracle;
pub mod random;

pub use derivatives::{check_gradient, check_hessian};
pub use fitter::check_fitter;
