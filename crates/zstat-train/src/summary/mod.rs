//! Summaries, registered as plugins: `softmax`, `bkde`, `sigmoid_edges`, `sigmoid_cut`, `hard`.
//!
//! In: scores of events. Out: their shares in bins, and the way back of derivatives. No summary knows events or weights.

mod bkde;
mod edge_bins;
mod edges;
mod hard;
mod sigmoid_cut;
mod sigmoid_edges;
mod softmax;
#[cfg(test)]
mod tests;

pub use bkde::{Bkde, BkdeOptions};
pub use edge_bins::EdgeBins;
pub use hard::{Hard, HardOptions, StraightThrough};
pub use sigmoid_cut::{SigmoidCut, SigmoidCutOptions};
pub use sigmoid_edges::{SigmoidEdges, SigmoidEdgesOptions};
pub use softmax::{Softmax, SoftmaxOptions};
