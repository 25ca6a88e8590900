//! A training: events through the scorer and the summary into templates, a loss of these, its gradient the same way back, and
//! steps against it; then the same with events that training never saw, counted in hard bins.
//!
//! `source` gives events, `passes` their features under every variation, `batch` those of a step, `counts` their yields in `blocks` of
//! rows, `cells` the templates' places, `step` one evaluation of
//! the loss with its gradient, `fit` the loop, `evaluate` the result, `figures` what is seen of it, `restored` what an earlier training
//! has learnt, `soundness` whether the result is of use. Nothing here reads or writes files but the readers of
//! events.

mod batch;
mod blocks;
mod cells;
mod classifier;
mod counts;
mod doubts;
mod evaluate;
mod fault;
mod features;
mod figures;
mod fit;
mod kept;
mod limit;
mod memory;
mod passes;
mod remarks;
mod restored;
mod soundness;
mod source;
mod spent;
mod step;

pub use classifier::Exact;
pub(crate) use evaluate::PARTS;
pub use evaluate::{Evaluation, Metric, Metrics, evaluate, workspace};
pub use fault::TrainFault;
pub use figures::{Boundary, CutRow, Cuts, Distribution, Figures, Quantity, curve_names};
pub use fit::{Fitted, Progress, Saved, Trainer};
pub use spent::Spent;

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
