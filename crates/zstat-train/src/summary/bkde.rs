//! `bkde`: every event is smeared by a normal distribution, whose parts between the edges are its shares.
//!
//! Source: N. Simpson and L. Heinrich, arXiv:2203.05570.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::summary::{Stage, Summary};

use super::edges::{Edges, Kernel, Smeared};

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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bkde {
    /// Its options.
    pub options: BkdeOptions,
}

inventory::submit! {
    Plugin::<dyn Summary> {
        name: "bkde",
        summary: "bins on one score, events smeared by a normal kernel",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(BkdeOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "summary", name: "bkde", source };
            let options: BkdeOptions = serde_json::from_value(options).map_err(refused)?;
            let found = Bkde { options };
            match found.fault() {
                Some(why) => Err(refused(serde::de::Error::custom(why))),
                None => Ok(Box::new(found)),
            }
        },
    }
}

impl Bkde {
    fn edges(&self) -> Edges {
        let BkdeOptions { bins, range, train_edges: train, squash, include_outside, .. } = self.options;
        Edges { bins, range, train, squash, include_outside }
    }

    fn fault(&self) -> Option<&'static str> {
        if self.options.bandwidth.is_nan() || self.options.bandwidth <= 0.0 {
            return Some("`bandwidth` must be positive");
        }
        self.edges().fault()
    }

    fn smeared<'a>(&self, edges: &'a Edges, _: Stage<'_>) -> Smeared<'a> {
        Smeared { edges, kernel: Kernel::Normal, width: self.options.bandwidth }
    }
}

impl Summary for Bkde {
    fn outputs(&self) -> usize {
        1
    }

    fn bins(&self) -> usize {
        self.options.bins
    }

    fn start(&self) -> Vec<f64> {
        self.edges().start()
    }

    fn assign(&self, stage: Stage<'_>, scores: &[f64], shares: &mut [f64]) {
        self.smeared(&self.edges(), stage).assign(stage.learnt, scores, shares);
    }

    fn pull(
        &self,
        stage: Stage<'_>,
        scores: &[f64],
        by_shares: &[f64],
        by_scores: &mut [f64],
        by_learnt: &mut [f64],
    ) {
        self.smeared(&self.edges(), stage).pull(stage.learnt, scores, by_shares, by_scores, by_learnt);
    }

    fn bin(&self, learnt: &[f64], scores: &[f64], bins: &mut [Option<usize>]) {
        let edges = self.edges();
        let places = edges.places(learnt);
        bins.iter_mut().zip(scores).for_each(|(bin, z)| *bin = edges.bin(&places, *z));
    }
}
