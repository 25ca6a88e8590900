//! Scorers, registered as plugins: `mlp`, `linear`, `identity`.
//!
//! In: rows of features. Out: rows of scores, and the way back of derivatives to the parameters. No scorer knows what its scores
//! are for.

mod identity;
mod layers;
mod linear;
mod mlp;
#[cfg(test)]
mod tests;

pub use identity::{Identity, IdentityOptions};
pub use layers::{MOST_PARAMETERS, NetworkScorer};
pub use linear::{Linear, LinearOptions};
pub use mlp::{Mlp, MlpOptions};
