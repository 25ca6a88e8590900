//! The likelihood: data, and −ln L with exact derivatives.
//!
//! `forward` computes expected yields and keeps the pieces that derivatives need, `nll` adds Poisson and constraint
//! terms and the gradient, `hessian` the second derivatives; `chain` is the outer layer of formula parameters,
//! `pullback` the way back to the templates, `samples` the yields of single samples, `floors` where ROOT would differ.

mod chain;
mod data;
mod domain;
mod floors;
mod forward;
mod hessian;
mod layout;
mod nll;
mod pullback;
mod samples;
mod scales;
mod shifts;
pub mod special;

pub use data::Data;
pub use nll::{Evaluation, Nll};
pub use samples::Samples;

pub(crate) use layout::Layout;
