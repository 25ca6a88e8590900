//! The likelihood: data, and −ln L with exact derivatives.

mod data;
mod nll;

pub use data::Data;
pub use nll::{Evaluation, Nll};
