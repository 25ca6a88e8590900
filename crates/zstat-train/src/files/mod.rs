//! The files of a training run, as bytes: what was learnt, how it went, where to go on, and the numbers behind figures.
//!
//! In: numbers with names. Out: bytes, equal for equal numbers on every machine, and back. Nothing here knows of paths; whoever
//! writes a file sees to it that nobody finds half of it.

mod checkpoint;
mod csv;
mod history;
mod parquet;
mod table;
pub mod tensors;

pub use checkpoint::{Checkpoint, CheckpointFault};
pub use history::{History, HistoryFault};
pub use table::{Cell, Table};
