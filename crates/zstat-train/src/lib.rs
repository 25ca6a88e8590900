//! The parts that `zstat train` will be made of: events, small neural networks, and summaries that put their scores into bins.
//!
//! Each part knows nothing of the others: `events` are rows of features, `network` turns features into scores, `summary` scores
//! into shares of bins; values one way, derivatives the other. Losses are for others.

pub mod events;
pub mod network;
pub mod summary;
pub mod table;
