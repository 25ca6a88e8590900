//! Events: where they come from, and what they are made of.
//!
//! Rows are events, columns features, all f64. An event that is generated is a function of seed, process, purpose and its number
//! alone, whoever asks and in whatever order.

mod density;
mod generator;

pub use density::{Component, Density, DensityFault};
pub use generator::{Generator, Joint, Purpose, Stream};
