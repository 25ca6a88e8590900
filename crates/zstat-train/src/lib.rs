//! Training: events, scorers with the small neural networks behind them, summaries that put scores into bins, optimisers, and
//! the loop that learns from a loss of the very model that is fitted.
//!
//! Each part knows nothing of the others, but for the vector loops of `kernel`, which `network`, `summary` and `train` use:
//! `events` and `table` are rows of features, `scorer` turns features into scores,
//! `summary` scores into shares of bins; values one way, derivatives the other, and `optimiser` moves what is learnt against
//! them. `spec` is what stands in an analysis, `train` puts all together, `files` is what a run leaves behind. Losses are for
//! others. Scorers, summaries, optimisers and readers are plugins: a binary that wants them by name says `use zstat_train as _;`.

pub mod apply;
pub mod events;
pub mod files;
pub mod kernel;
pub mod network;
pub mod optimiser;
mod options;
pub mod scorer;
pub mod spec;
pub mod summary;
pub mod table;
pub mod train;
