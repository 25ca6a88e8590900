//! What a training has learnt, applied to new events: scores, and bins of the channel that the training made.
//!
//! `plan` says which columns events need and what is made of them, `weights` puts what was learnt into the scorer, `score` runs
//! both. In: a training's spec, its tensors and standardiser, tables of events. Out: scores and bins, equal for any number of
//! threads and any division of the events. Nothing here opens a file.

mod fault;
mod plan;
mod score;
#[cfg(test)]
mod tests;
mod weights;

pub use fault::{ApplyFault, WeightsFault};
pub use plan::{Plan, Prepared};
pub use score::{Applier, Place, Scored};
pub(crate) use weights::restore;
