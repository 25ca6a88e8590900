//! `hard`: bins between fixed edges on one score, counted as they are in the result: an event is in one bin, with all of its weight.
//!
//! Such counts have no derivatives. With `straight_through` they borrow those of the same bins with every event smeared by a
//! normal distribution (`bkde`): yields, and so the loss, are those of hard bins, while the gradient follows the smooth shares
//! at the same scores. It is not the gradient of the loss, but of a loss whose slopes by the yields are taken at the hard
//! yields. Source: Y. Bengio, N. Léonard, A. Courville, arXiv:1308.3432.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zstat_core::plugin::Plugin;
use zstat_core::summary::{Stage, Summary, SummarySlopes};

use super::edge_bins::{EdgeBins, EdgeOptions};
use super::edges::{Edges, Kernel};
use crate::options;

/// Options of `hard`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HardOptions {
    /// Bins, of the same width.
    #[schemars(range(min = 1))]
    pub bins: usize,
    /// First and last edge, of the score after squashing.
    pub range: [f64; 2],
    /// In place of `bins` and `range`: all edges, ascending.
    pub edges: Vec<f64>,
    /// The score is a logit: bins are of 1/(1 + e^−z).
    pub squash: bool,
    /// What lies below and above the range counts in the first and the last bin.
    pub include_outside: bool,
    /// Where the gradient comes from; without it there is none, and only losses of events can train.
    pub straight_through: Option<StraightThrough>,
}

/// Smooth shares that hard bins borrow derivatives from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StraightThrough {
    /// Width of the kernel that smears every event, in units of the score after squashing.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub bandwidth: f64,
}

impl Default for HardOptions {
    fn default() -> Self {
        Self {
            bins: 4,
            range: [0.0, 1.0],
            edges: Vec::new(),
            squash: true,
            include_outside: true,
            straight_through: None,
        }
    }
}

/// The summary.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hard {
    /// The same bins, smeared.
    smooth: EdgeBins<HardOptions>,
}

inventory::submit! {
    Plugin::<dyn Summary> {
        name: HardOptions::NAME,
        summary: "bins on one score, counted hard; gradients of smooth ones if wanted",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(HardOptions),
        build: |options| {
            let beside = beside_edges(&options);
            let check = |options: &HardOptions| {
                let fault = beside.or_else(|| options.fault()).or_else(|| options.edges().fault());
                fault.map_or(Ok(()), Err)
            };
            let options = options::read("summary", HardOptions::NAME, options, check)?;
            Ok(Box::new(Hard { smooth: EdgeBins { options } }))
        },
    }
}

/// What is given beside edges, and has no effect there.
fn beside_edges(options: &Value) -> Option<&'static str> {
    let are_given = options.get("edges").and_then(Value::as_array).is_some_and(|edges| !edges.is_empty());
    match (are_given, options.get("bins").is_some(), options.get("range").is_some()) {
        (true, true, _) => {
            Some("`bins` has no effect beside `edges`, which say how many there are: leave it out")
        }
        (true, false, true) => {
            Some("`range` has no effect beside `edges`, which say where it ends: leave it out")
        }
        _ => None,
    }
}

impl EdgeOptions for HardOptions {
    const NAME: &'static str = "hard";

    fn edges(&self) -> Edges {
        let Self { bins, range, edges, squash, include_outside, .. } = self.clone();
        let (bins, range) = match edges[..] {
            [first, .., last] => (edges.len() - 1, [first, last]),
            _ => (bins, range),
        };
        Edges { bins, range, given: edges, train: false, squash, include_outside }
    }

    fn kernel(&self, _: f64) -> (Kernel, f64) {
        (Kernel::Normal, self.straight_through.map_or(f64::NAN, |smooth| smooth.bandwidth))
    }

    fn fault(&self) -> Option<&'static str> {
        let ascends = |pair: &[f64]| pair[0] < pair[1] && pair[0].is_finite() && pair[1].is_finite();
        if self.edges.len() == 1 || !self.edges.windows(2).all(ascends) {
            return Some("`edges` must be at least two finite numbers in ascending order");
        }
        let width = self.straight_through.map_or(1.0, |smooth| smooth.bandwidth);
        (!(width > 0.0 && width.is_finite())).then_some("`bandwidth` must be positive")
    }
}

impl Summary for Hard {
    fn outputs(&self) -> usize {
        1
    }

    fn bins(&self) -> usize {
        self.smooth.bins()
    }

    fn start(&self) -> Vec<f64> {
        Vec::new()
    }

    fn assign(&self, _: Stage<'_>, scores: &[f64], shares: &mut [f64]) {
        let mut bins = vec![None; scores.len()];
        self.smooth.bin(&[], scores, &mut bins);
        assert_eq!(shares.len(), scores.len() * self.bins(), "events × bins");
        shares.fill(0.0);
        for (shares, bin) in shares.chunks_exact_mut(self.bins()).zip(bins) {
            if let Some(bin) = bin {
                shares[bin] = 1.0;
            }
        }
    }

    fn pull(
        &self,
        stage: Stage<'_>,
        scores: &[f64],
        shares: &[f64],
        by_shares: &[f64],
        by_scores: &mut [f64],
        by_learnt: &mut [f64],
    ) {
        match self.smooth.options.straight_through {
            Some(_) => self.smooth.pull(stage, scores, shares, by_shares, by_scores, by_learnt),
            None => by_scores.fill(0.0),
        }
    }

    fn bin(&self, learnt: &[f64], scores: &[f64], bins: &mut [Option<usize>]) {
        self.smooth.bin(learnt, scores, bins);
    }

    fn slopes(&self) -> SummarySlopes<'_> {
        match self.smooth.options.straight_through {
            Some(_) => SummarySlopes::Of(&self.smooth),
            None => SummarySlopes::None,
        }
    }
}
