//! Distributions of the score in fine bins of one width.

use super::Trainer;

/// Bins of a distribution.
const BINS: usize = 100;

/// A distribution of one output of the scorer.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// The sample.
    pub sample: String,
    /// Its process.
    pub process: String,
    /// Name of the variation; empty where there is none.
    pub variation: String,
    /// `nominal`, `down` or `up`.
    pub side: &'static str,
    /// The output, from 0.
    pub output: usize,
    /// Edges of the bins, one more than bins. The outermost bins have what lies outside, too.
    pub edges: Vec<f64>,
    /// Events expected.
    pub events: Vec<f64>,
    /// Their errors √Σw².
    pub errors: Vec<f64>,
}

/// Distributions in the making: Σw and Σw², passes × outputs × bins.
pub(super) struct Histograms {
    ranges: Vec<[f64; 2]>,
    sums: Vec<[f64; 2]>,
}

impl Histograms {
    /// Empty ones, over a range an output. A range of no width is widened.
    pub fn new(passes: usize, ranges: Vec<[f64; 2]>) -> Self {
        let widened = |[low, high]: [f64; 2]| match () {
            () if !(low.is_finite() && high.is_finite()) => [0.0, 1.0],
            () if low < high => [low, high],
            // By more than a digit of the number itself.
            () => [low - 0.5 * low.abs().max(1.0), low + 0.5 * low.abs().max(1.0)],
        };
        let ranges: Vec<[f64; 2]> = ranges.into_iter().map(widened).collect();
        let sums = vec![[0.0; 2]; passes * ranges.len() * BINS];
        Self { ranges, sums }
    }

    /// Adds events of a pass: scores are events × outputs.
    pub fn add(&mut self, pass: usize, scores: &[f64], weights: &[f64]) {
        let outputs = self.ranges.len();
        let sums = &mut self.sums[pass * outputs * BINS..(pass + 1) * outputs * BINS];
        for (row, weight) in scores.chunks_exact(outputs).zip(weights) {
            for (output, (score, [low, high])) in row.iter().zip(&self.ranges).enumerate() {
                if score.is_nan() {
                    continue;
                }
                // Casts to integers stop at 0.
                let bin = ((score - low) / (high - low) * BINS as f64) as usize;
                let [sum, square] = &mut sums[output * BINS + bin.min(BINS - 1)];
                *sum += weight;
                *square += weight * weight;
            }
        }
    }

    /// From weights to events: a factor a pass.
    pub fn scale(&mut self, scales: &[f64]) {
        for (sums, scale) in self.sums.chunks_exact_mut(self.ranges.len() * BINS).zip(scales) {
            for [sum, square] in sums {
                *sum *= scale;
                *square *= scale * scale;
            }
        }
    }

    /// Of all samples and variations.
    pub fn distributions(&self, trainer: &Trainer<'_>) -> Vec<Distribution> {
        let (training, cells) = (trainer.engine.training, &trainer.engine.cells);
        let channel = &training.workspace.channels[training.channel];
        let mut all = Vec::new();
        for (at, of) in training.samples.iter().enumerate() {
            let mut wanted: Vec<(&str, &'static str, usize)> = vec![("", "nominal", cells.nominal_pass(at))];
            for variation in &of.variations {
                let [down, up] = cells.variation(at, variation);
                wanted.extend([(&*variation.name, "down", down), (&*variation.name, "up", up)]);
            }
            for (variation, side, pass) in wanted {
                for output in 0..self.ranges.len() {
                    all.push(Distribution {
                        sample: channel.samples[of.index].name.clone(),
                        process: trainer.sources[of.process].name.clone(),
                        variation: variation.to_owned(),
                        ..self.one(pass, side, output)
                    });
                }
            }
        }
        all
    }

    fn one(&self, pass: usize, side: &'static str, output: usize) -> Distribution {
        let start = (pass * self.ranges.len() + output) * BINS;
        let sums = &self.sums[start..start + BINS];
        let [low, high] = self.ranges[output];
        Distribution {
            sample: String::new(),
            process: String::new(),
            variation: String::new(),
            side,
            output,
            edges: (0..=BINS).map(|edge| low + (high - low) * edge as f64 / BINS as f64).collect(),
            events: sums.iter().map(|[sum, _]| *sum).collect(),
            errors: sums.iter().map(|[_, square]| square.sqrt()).collect(),
        }
    }
}
