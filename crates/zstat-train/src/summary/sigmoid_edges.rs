//! `sigmoid_edges`: edges on one score that are sigmoids, and become steeper while they are trained.
//!
//! Source: GATO, arXiv:2601.07756.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::Plugin;
use zstat_core::summary::Summary;

use super::edge_bins::{EdgeBins, EdgeOptions, build};
use super::edges::{Edges, Kernel};

/// Options of `sigmoid_edges`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SigmoidEdgesOptions {
    /// Bins, of the same width at the start.
    #[schemars(range(min = 1))]
    pub bins: usize,
    /// First and last edge, of the score after squashing.
    pub range: [f64; 2],
    /// The edges between are learnt, too.
    pub train_edges: bool,
    /// The score is a logit: bins are of 1/(1 + e^−z).
    pub squash: bool,
    /// What lies below and above the range counts in the first and the last bin.
    pub include_outside: bool,
    /// 1/width of the sigmoids at the start and at the end of the training; in between it grows by the same factor each step.
    pub steepness: [f64; 2],
}

impl Default for SigmoidEdgesOptions {
    fn default() -> Self {
        Self {
            bins: 4,
            range: [0.0, 1.0],
            train_edges: false,
            squash: true,
            include_outside: true,
            steepness: [20.0, 200.0],
        }
    }
}

/// The summary.
pub type SigmoidEdges = EdgeBins<SigmoidEdgesOptions>;

inventory::submit! {
    Plugin::<dyn Summary> {
        name: SigmoidEdgesOptions::NAME,
        summary: "bins on one score with sigmoid edges that become steeper",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(SigmoidEdgesOptions),
        build: build::<SigmoidEdgesOptions>,
    }
}

impl EdgeOptions for SigmoidEdgesOptions {
    const NAME: &'static str = "sigmoid_edges";

    fn edges(&self) -> Edges {
        let Self { bins, range, train_edges: train, squash, include_outside, .. } = *self;
        Edges { bins, range, given: Vec::new(), train, squash, include_outside }
    }

    fn kernel(&self, progress: f64) -> (Kernel, f64) {
        let [first, last] = self.steepness;
        let steepness = first * (last / first).powf(progress);
        (Kernel::Logistic, steepness.recip())
    }

    fn fault(&self) -> Option<&'static str> {
        let is_right = self.steepness.iter().all(|k| *k > 0.0 && k.is_finite());
        (!is_right).then_some("`steepness` must be two positive numbers")
    }
}
