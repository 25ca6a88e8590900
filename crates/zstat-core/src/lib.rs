//! zstat-core: a HistFactory workspace as a likelihood with exact value, gradient and Hessian.
//!
//! In: text and numbers, never paths. Out: [`spec::Workspace`] → [`model::Model`] → [`likelihood::Nll`] →
//! [`fit::Fitter`] → [`fit::FitResult`]. This crate does not print, start threads, or know any plugin by name.

pub mod diag;
pub mod fit;
pub mod formula;
pub mod likelihood;
pub mod linalg;
pub mod loss;
pub mod model;
pub mod normal;
pub mod optimiser;
pub mod plugin;
pub mod scorer;
pub mod source;
pub mod spec;
pub mod summary;
pub mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
