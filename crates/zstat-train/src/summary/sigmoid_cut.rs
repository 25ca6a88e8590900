//! `sigmoid_cut`: one bin, events on the right side of a cut: share 1/(1 + e^−k(z − c)).
//!
//! The cut may be learnt; a negative slope accepts what is below it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::summary::{Stage, Summary};

/// Options of `sigmoid_cut`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SigmoidCutOptions {
    /// k, in units of 1/score; its sign says which side is accepted.
    pub slope: f64,
    /// c, or where it starts.
    pub cut: f64,
    /// The cut is learnt.
    pub train_cut: bool,
    /// What is not accepted is a second bin.
    pub keep_rejected: bool,
}

impl Default for SigmoidCutOptions {
    fn default() -> Self {
        Self { slope: 1.0, cut: 0.0, train_cut: false, keep_rejected: false }
    }
}

/// The summary.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SigmoidCut {
    /// Its options.
    pub options: SigmoidCutOptions,
}

inventory::submit! {
    Plugin::<dyn Summary> {
        name: "sigmoid_cut",
        summary: "a cut on one score, made smooth by a sigmoid",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(SigmoidCutOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "summary", name: "sigmoid_cut", source };
            let options: SigmoidCutOptions = serde_json::from_value(options).map_err(refused)?;
            if !(options.slope.is_finite() && options.slope != 0.0 && options.cut.is_finite()) {
                return Err(refused(serde::de::Error::custom("`slope` and `cut` must be finite, and `slope` not 0")));
            }
            Ok(Box::new(SigmoidCut { options }))
        },
    }
}

impl SigmoidCut {
    fn cut(&self, learnt: &[f64]) -> f64 {
        learnt.first().copied().unwrap_or(self.options.cut)
    }

    /// The accepted share, and its slope in z.
    fn share(&self, cut: f64, z: f64) -> [f64; 2] {
        let x = self.options.slope * (z - cut);
        let tail = (-x.abs()).exp();
        let share = if x >= 0.0 { 1.0 / (1.0 + tail) } else { tail / (1.0 + tail) };
        [share, self.options.slope * tail / ((1.0 + tail) * (1.0 + tail))]
    }
}

impl Summary for SigmoidCut {
    fn outputs(&self) -> usize {
        1
    }

    fn bins(&self) -> usize {
        if self.options.keep_rejected { 2 } else { 1 }
    }

    fn start(&self) -> Vec<f64> {
        if self.options.train_cut { vec![self.options.cut] } else { Vec::new() }
    }

    fn assign(&self, stage: Stage<'_>, scores: &[f64], shares: &mut [f64]) {
        let cut = self.cut(stage.learnt);
        assert_eq!(shares.len(), scores.len() * self.bins(), "events × bins");
        for (&z, shares) in scores.iter().zip(shares.chunks_exact_mut(self.bins())) {
            let [share, _] = self.share(cut, z);
            shares[0] = share;
            shares[1..].fill(1.0 - share);
        }
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
        let cut = self.cut(stage.learnt);
        let rows = scores.iter().zip(by_shares.chunks_exact(self.bins()));
        let mut sum = 0.0;
        for ((&z, upstream), out) in rows.zip(by_scores) {
            let [_, slope] = self.share(cut, z);
            *out = slope * (upstream[0] - upstream.get(1).unwrap_or(&0.0));
            sum += *out;
        }
        by_learnt.iter_mut().for_each(|by_cut| *by_cut -= sum);
    }

    fn bin(&self, learnt: &[f64], scores: &[f64], bins: &mut [Option<usize>]) {
        let cut = self.cut(learnt);
        for (bin, z) in bins.iter_mut().zip(scores) {
            let side = self.options.slope * (z - cut);
            *bin = match side {
                side if side >= 0.0 => Some(0),
                side if side < 0.0 && self.options.keep_rejected => Some(1),
                _ => None,
            };
        }
    }
}
