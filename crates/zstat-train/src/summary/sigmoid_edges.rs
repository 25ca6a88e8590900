//! `sigmoid_edges`: edges on one score that are sigmoids, and become steeper while they are trained.
//!
//! Source: GATO, arXiv:2601.07756.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::summary::{Stage, Summary};

use super::edges::{Edges, Kernel, Smeared};

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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SigmoidEdges {
    /// Its options.
    pub options: SigmoidEdgesOptions,
}

inventory::submit! {
    Plugin::<dyn Summary> {
        name: "sigmoid_edges",
        summary: "bins on one score with sigmoid edges that become steeper",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(SigmoidEdgesOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "summary", name: "sigmoid_edges", source };
            let options: SigmoidEdgesOptions = serde_json::from_value(options).map_err(refused)?;
            let found = SigmoidEdges { options };
            match found.fault() {
                Some(why) => Err(refused(serde::de::Error::custom(why))),
                None => Ok(Box::new(found)),
            }
        },
    }
}

impl SigmoidEdges {
    fn edges(&self) -> Edges {
        let SigmoidEdgesOptions { bins, range, train_edges: train, squash, include_outside, .. } =
            self.options;
        Edges { bins, range, train, squash, include_outside }
    }

    fn fault(&self) -> Option<&'static str> {
        if !self.options.steepness.iter().all(|k| *k > 0.0 && k.is_finite()) {
            return Some("`steepness` must be two positive numbers");
        }
        self.edges().fault()
    }

    fn smeared<'a>(&self, edges: &'a Edges, stage: Stage<'_>) -> Smeared<'a> {
        let [first, last] = self.options.steepness;
        let steepness = first * (last / first).powf(stage.progress);
        Smeared { edges, kernel: Kernel::Logistic, width: steepness.recip() }
    }
}

impl Summary for SigmoidEdges {
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
