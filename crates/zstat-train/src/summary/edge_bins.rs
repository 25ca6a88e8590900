//! The summaries of bins between edges on one score: they differ in their options, and in what smears.

use serde::de::DeserializeOwned;
use serde_json::Value;
use zstat_core::plugin::PluginError;
use zstat_core::summary::{Stage, Summary};

use super::edges::{Edges, Kernel, Smeared};
use crate::options;

/// A summary of bins between edges on one score, smeared as its options say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EdgeBins<O> {
    /// Its options.
    pub options: O,
}

/// What tells one such summary from another.
pub(super) trait EdgeOptions: DeserializeOwned + Send + Sync {
    /// Name in specs.
    const NAME: &'static str;

    /// Where the edges are.
    fn edges(&self) -> Edges;

    /// What smears, and its width in units of the score after squashing, at this part of the training.
    fn kernel(&self, progress: f64) -> (Kernel, f64);

    /// What is wrong with the kernel.
    fn fault(&self) -> Option<&'static str>;
}

/// The summary with these options, where there is nothing wrong with them.
pub(super) fn build<O: EdgeOptions + 'static>(options: Value) -> Result<Box<dyn Summary>, PluginError> {
    let fault = |options: &O| options.fault().or_else(|| options.edges().fault());
    let check = |options: &O| fault(options).map_or(Ok(()), Err);
    let options = options::read("summary", O::NAME, options, check)?;
    Ok(Box::new(EdgeBins { options }))
}

fn smeared<'a>(options: &impl EdgeOptions, edges: &'a Edges, stage: Stage<'_>) -> Smeared<'a> {
    let (kernel, width) = options.kernel(stage.progress);
    Smeared { edges, kernel, width }
}

impl<O: EdgeOptions> Summary for EdgeBins<O> {
    fn outputs(&self) -> usize {
        1
    }

    fn bins(&self) -> usize {
        self.options.edges().bins
    }

    fn start(&self) -> Vec<f64> {
        self.options.edges().start()
    }

    fn assign(&self, stage: Stage<'_>, scores: &[f64], shares: &mut [f64]) {
        smeared(&self.options, &self.options.edges(), stage).assign(stage.learnt, scores, shares);
    }

    fn pull(
        &self,
        stage: Stage<'_>,
        scores: &[f64],
        _: &[f64],
        by_shares: &[f64],
        by_scores: &mut [f64],
        by_learnt: &mut [f64],
    ) {
        let edges = self.options.edges();
        smeared(&self.options, &edges, stage).pull(stage.learnt, scores, by_shares, by_scores, by_learnt);
    }

    fn bin(&self, learnt: &[f64], scores: &[f64], bins: &mut [Option<usize>]) {
        let edges = self.options.edges();
        let places = edges.places(learnt);
        bins.iter_mut().zip(scores).for_each(|(bin, z)| *bin = edges.bin(&places, *z));
    }

    fn show(&self, scores: &mut [f64]) -> Option<[f64; 2]> {
        let edges = self.options.edges();
        scores.iter_mut().for_each(|z| *z = edges.shown(*z));
        edges.squash.then_some([0.0, 1.0])
    }
}
