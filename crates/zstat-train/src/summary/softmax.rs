//! `softmax`: as many scores as bins; shares are e^(z/τ) over their sum, and the bin that counts is the one of the largest score.
//!
//! Source: P. de Castro and T. Dorigo, arXiv:1806.04743.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::summary::{Stage, Summary};

use super::edges::of_bins;
use crate::kernel::{RowTask, by_rows, exp};

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
            if let Some(fault) = of_bins(options.bins) {
                return Err(refused(serde::de::Error::custom(fault)));
            }
            if options.temperature.is_nan() || options.temperature <= 0.0 {
                return Err(refused(serde::de::Error::custom("`temperature` must be positive")));
            }
            Ok(Box::new(Softmax { options }))
        },
    }
}

/// Exponents below count as this: e^−80 beside 1 changes no digit of a sum, and products of such shares are still normal
/// numbers, which are many times as fast as subnormal ones.
const LEAST: f64 = -80.0;

/// e^(z/τ) over its sum, row by row.
struct Shares<'a> {
    scores: &'a [f64],
    shares: &'a mut [f64],
    bins: usize,
    /// 1/τ.
    rate: f64,
}

impl RowTask for Shares<'_> {
    fn width(&self) -> usize {
        self.bins
    }

    #[inline(always)]
    fn run<const FUSED: bool>(self, width: usize) {
        let Self { scores, shares, rate, .. } = self;
        for (scores, shares) in scores.chunks_exact(width).zip(shares.chunks_exact_mut(width)) {
            let largest = scores.iter().fold(f64::NEG_INFINITY, |most, &z| if z > most { z } else { most });
            shares.iter_mut().zip(scores).for_each(|(share, z)| *share = (z - largest) * rate);
        }
        // Keeps NaN, unlike `max`.
        shares
            .iter_mut()
            .for_each(|share| *share = exp::<FUSED>(if *share < LEAST { LEAST } else { *share }));
        for shares in shares.chunks_exact_mut(width) {
            let unit = 1.0 / shares.iter().sum::<f64>();
            shares.iter_mut().for_each(|share| *share *= unit);
        }
    }
}

/// a_j (g_j − Σ a g)/τ, row by row.
struct Pull<'a> {
    shares: &'a [f64],
    by_shares: &'a [f64],
    by_scores: &'a mut [f64],
    bins: usize,
    /// 1/τ.
    rate: f64,
}

impl RowTask for Pull<'_> {
    fn width(&self) -> usize {
        self.bins
    }

    #[inline(always)]
    fn run<const FUSED: bool>(self, width: usize) {
        let Self { shares, by_shares, by_scores, rate, .. } = self;
        let rows = shares.chunks_exact(width).zip(by_shares.chunks_exact(width));
        for ((shares, slopes), out) in rows.zip(by_scores.chunks_exact_mut(width)) {
            let mean: f64 = shares.iter().zip(slopes).map(|(a, g)| a * g).sum();
            for ((out, a), g) in out.iter_mut().zip(shares).zip(slopes) {
                *out = a * (g - mean) * rate;
            }
        }
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
        let SoftmaxOptions { bins, temperature } = self.options;
        by_rows(Shares { scores, shares, bins, rate: temperature.recip() });
    }

    /// ∂a_i/∂z_j = a_i (δ_ij − a_j)/τ.
    fn pull(
        &self,
        _: Stage<'_>,
        _: &[f64],
        shares: &[f64],
        by_shares: &[f64],
        by_scores: &mut [f64],
        _: &mut [f64],
    ) {
        assert!(shares.len() == by_shares.len() && shares.len() == by_scores.len(), "a share a score");
        let SoftmaxOptions { bins, temperature } = self.options;
        by_rows(Pull { shares, by_shares, by_scores, bins, rate: temperature.recip() });
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
        let given = scores.to_vec();
        self.assign(Stage { learnt: &[], progress: 1.0 }, &given, scores);
        Some([0.0, 1.0])
    }
}
