//! `softmax`: as many scores as bins; shares are e^(z/τ) over their sum, and the bin that counts is the one of the largest score.
//!
//! Source: P. de Castro and T. Dorigo, arXiv:1806.04743.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::summary::{Stage, Summary};

/// Rows that one thread takes at once.
const ROWS: usize = 512;

/// Options of `softmax`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SoftmaxOptions {
    /// Bins.
    #[schemars(range(min = 1))]
    pub bins: usize,
    /// τ: the smaller, the harder.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub temperature: f64,
}

impl Default for SoftmaxOptions {
    fn default() -> Self {
        Self { bins: 10, temperature: 0.1 }
    }
}

/// The summary.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Softmax {
    /// Its options.
    pub options: SoftmaxOptions,
}

inventory::submit! {
    Plugin::<dyn Summary> {
        name: "softmax",
        summary: "a score a bin, softmax with a temperature",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(SoftmaxOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "summary", name: "softmax", source };
            let options: SoftmaxOptions = serde_json::from_value(options).map_err(refused)?;
            if options.bins == 0 {
                return Err(refused(serde::de::Error::custom("`bins` must be at least 1")));
            }
            if options.temperature.is_nan() || options.temperature <= 0.0 {
                return Err(refused(serde::de::Error::custom("`temperature` must be positive")));
            }
            Ok(Box::new(Softmax { options }))
        },
    }
}

impl Softmax {
    fn row(&self, scores: &[f64], shares: &mut [f64]) {
        let largest = scores.iter().fold(f64::NEG_INFINITY, |largest, z| largest.max(*z));
        let mut sum = 0.0;
        for (share, z) in shares.iter_mut().zip(scores) {
            *share = ((z - largest) / self.options.temperature).exp();
            sum += *share;
        }
        shares.iter_mut().for_each(|share| *share /= sum);
    }
}

impl Summary for Softmax {
    fn outputs(&self) -> usize {
        self.options.bins
    }

    fn bins(&self) -> usize {
        self.options.bins
    }

    fn start(&self) -> Vec<f64> {
        Vec::new()
    }

    fn assign(&self, _: Stage<'_>, scores: &[f64], shares: &mut [f64]) {
        assert_eq!(scores.len(), shares.len(), "a share a score");
        let bins = self.options.bins;
        let some = bins * ROWS;
        scores.par_chunks(some).zip(shares.par_chunks_mut(some)).for_each(|(scores, shares)| {
            for (scores, shares) in scores.chunks_exact(bins).zip(shares.chunks_exact_mut(bins)) {
                self.row(scores, shares);
            }
        });
    }

    /// ∂a_i/∂z_j = a_i (δ_ij − a_j)/τ.
    fn pull(&self, _: Stage<'_>, scores: &[f64], by_shares: &[f64], by_scores: &mut [f64], _: &mut [f64]) {
        assert!(scores.len() == by_shares.len() && scores.len() == by_scores.len(), "a share a score");
        let bins = self.options.bins;
        let some = bins * ROWS;
        let all = scores.par_chunks(some).zip(by_shares.par_chunks(some));
        all.zip(by_scores.par_chunks_mut(some)).for_each(|((scores, by_shares), by_scores)| {
            let rows = scores.chunks_exact(bins).zip(by_shares.chunks_exact(bins));
            for ((scores, upstream), out) in rows.zip(by_scores.chunks_exact_mut(bins)) {
                self.row(scores, out);
                let mean: f64 = out.iter().zip(upstream).map(|(a, g)| a * g).sum();
                for (a, g) in out.iter_mut().zip(upstream) {
                    *a *= (g - mean) / self.options.temperature;
                }
            }
        });
    }

    /// The first of equal ones.
    fn bin(&self, _: &[f64], scores: &[f64], bins: &mut [Option<usize>]) {
        for (scores, bin) in scores.chunks_exact(self.options.bins).zip(bins) {
            let better = |best: usize, at: usize| if scores[at] > scores[best] { at } else { best };
            *bin = (!scores.iter().any(|z| z.is_nan())).then(|| (1..scores.len()).fold(0, better));
        }
    }

    /// As shares, which add up to 1.
    fn show(&self, scores: &mut [f64]) -> Option<[f64; 2]> {
        let mut row = vec![0.0; self.options.bins];
        for scores in scores.chunks_exact_mut(self.options.bins) {
            self.row(scores, &mut row);
            scores.copy_from_slice(&row);
        }
        Some([0.0, 1.0])
    }
}
