//! `bkde`: every event is smeared by a normal distribution, whose parts between the edges are its shares.
//!
//! Source: N. Simpson and L. Heinrich, arXiv:2203.05570.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::Plugin;
use zstat_core::summary::Summary;

use super::edge_bins::{EdgeBins, EdgeOptions, build};
use super::edges::{Edges, Kernel};

/// Options of `bkde`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BkdeOptions {
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
    /// Width of the kernel, in units of the score after squashing.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub bandwidth: f64,
}

impl Default for BkdeOptions {
    fn default() -> Self {
        Self {
            bins: 4,
            range: [0.0, 1.0],
            train_edges: false,
            squash: true,
            include_outside: true,
            bandwidth: 0.1,
        }
    }
}

/// The summary.
pub type Bkde = EdgeBins<BkdeOptions>;

inventory::submit! {
    Plugin::<dyn Summary> {
        name: BkdeOptions::NAME,
        summary: "bins on one score, events smeared by a normal kernel",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(BkdeOptions),
        build: build::<BkdeOptions>,
    }
}

impl EdgeOptions for BkdeOptions {
    const NAME: &'static str = "bkde";

    fn edges(&self) -> Edges {
        let Self { bins, range, train_edges: train, squash, include_outside, .. } = *self;
        Edges { bins, range, given: Vec::new(), train, squash, include_outside }
    }

    fn kernel(&self, _: f64) -> (Kernel, f64) {
        (Kernel::Normal, self.bandwidth)
    }

    fn fault(&self) -> Option<&'static str> {
        (self.bandwidth.is_nan() || self.bandwidth <= 0.0).then_some("`bandwidth` must be positive")
    }
}
