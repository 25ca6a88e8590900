//! From scores to the yields of passes, and the way back, block by block of rows.

use zstat_core::summary::{Stage, Summary};

use super::batch::Batch;
use super::blocks::{Block, blocks, cut, each};
use crate::kernel::{Isa, Lines, RowTask, Task, by_rows, vectorised};

/// The yields of passes, and memory.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Σ w a, passes × bins.
    pub yields: Vec<f64>,
    /// t Σ (w a)² of nominal passes, with t the events of the batch over those of the result.
    pub squares: Vec<f64>,
    /// Derivatives by both.
    pub by_yields: Vec<f64>,
    pub by_squares: Vec<f64>,
    shares: Vec<f64>,
    blocks: Vec<Block>,
}

/// A summary where a training stands, and the scores it sees.
pub(super) struct View<'a> {
    pub summary: &'a dyn Summary,
    pub stage: Stage<'a>,
    /// Scores, rows × outputs of the summary.
    pub out: &'a [f32],
}

/// Memory for the rows of one block.
#[derive(Default)]
struct Scratch {
    scores: Vec<f64>,
    by_shares: Vec<f64>,
    by_scores: Vec<f64>,
}

impl Counts {
    /// Counts the rows of a batch; false where a score is of no use. Of so many nominal passes, squares too.
    pub fn fill(&mut self, view: &View<'_>, batch: &Batch, nominal: usize) -> bool {
        let (outputs, bins) = (view.summary.outputs(), view.summary.bins());
        self.blocks = blocks(&batch.start);
        self.shares.resize(batch.rows() * bins, 0.0);
        let mut sums = vec![0.0; self.blocks.len() * (2 * bins + 1)];
        let parts = cut(&self.blocks, &mut self.shares, bins).into_iter();
        let tasks: Vec<_> = self.blocks.iter().zip(parts.zip(sums.chunks_exact_mut(2 * bins + 1))).collect();
        each(tasks, |scores: &mut Vec<f64>, (block, (shares, sums))| {
            let out = &view.out[outputs * block.rows.start..outputs * block.rows.end];
            let are_finite = widen(out, scores);
            view.summary.assign(view.stage, scores, shares);
            let weights = &batch.weights[block.rows.clone()];
            let (sums, is_bad) = sums.split_at_mut(2 * bins);
            is_bad[0] = f64::from(u8::from(!are_finite));
            let with_squares = block.pass < nominal;
            by_rows(Sum { weights, shares, sums, bins, with_squares });
        });
        let passes = batch.start.len() - 1;
        self.yields.clear();
        self.yields.resize(passes * bins, 0.0);
        self.squares.clear();
        self.squares.resize(passes * bins, 0.0);
        for (block, sums) in self.blocks.iter().zip(sums.chunks_exact(2 * bins + 1)) {
            let place = block.pass * bins..(block.pass + 1) * bins;
            add(&mut self.yields[place.clone()], &sums[..bins]);
            let squares = self.squares[place].iter_mut().zip(&sums[bins..2 * bins]);
            squares.for_each(|(sum, square)| *sum += batch.thinning[block.pass] * square);
        }
        sums.chunks_exact(2 * bins + 1).all(|sums| sums[2 * bins] == 0.0)
    }

    /// Derivatives by the shares of a block, from those by yields and squares: with y = Σ w a and v = t Σ (w a)² they are
    /// w ∂y + 2 t w² a ∂v.
    fn by_shares(&self, block: &Block, batch: &Batch, bins: usize, out: &mut Vec<f64>) {
        let place = block.pass * bins..(block.pass + 1) * bins;
        out.resize(block.rows.len() * bins, 0.0);
        by_rows(Spread {
            weights: &batch.weights[block.rows.clone()],
            shares: &self.shares[block.rows.start * bins..block.rows.end * bins],
            by_yields: &self.by_yields[place.clone()],
            by_squares: &self.by_squares[place],
            twice: 2.0 * batch.thinning[block.pass],
            out,
        });
    }

    /// From `by_yields` and `by_squares` to derivatives by the scores, to which those of the first rows in `others` are added, and
    /// by what the summary learns.
    pub fn pull(&self, view: &View<'_>, batch: &Batch, others: &[f64], by_out: &mut [f32]) -> Vec<f64> {
        let (outputs, bins) = (view.summary.outputs(), view.summary.bins());
        let learnt = view.stage.learnt.len();
        let mut by_learnt = vec![0.0; learnt * self.blocks.len()];
        let mut rest = by_learnt.as_mut_slice();
        let own = std::iter::repeat_with(|| rest.split_off_mut(..learnt).unwrap_or_default());
        let parts = cut(&self.blocks, by_out, outputs);
        let tasks: Vec<_> = self.blocks.iter().zip(parts.into_iter().zip(own)).collect();
        each(
            tasks,
            |Scratch { scores, by_shares, by_scores }: &mut Scratch, (block, (by_out, by_learnt))| {
                self.by_shares(block, batch, bins, by_shares);
                let place = outputs * block.rows.start..outputs * block.rows.end;
                widen(&view.out[place.clone()], scores);
                by_scores.resize(scores.len(), 0.0);
                let shares = &self.shares[block.rows.start * bins..block.rows.end * bins];
                view.summary.pull(view.stage, scores, shares, by_shares, by_scores, by_learnt);
                if let Some(others) = others.get(place) {
                    add(by_scores, others);
                }
                vectorised(Isa::best(), Narrow { slopes: by_scores, out: by_out });
            },
        );
        let mut sum = vec![0.0; learnt];
        by_learnt.chunks_exact(learnt.max(1)).for_each(|own| add(&mut sum, own));
        sum
    }

    /// Derivatives by the shares of all rows.
    #[cfg(test)]
    pub fn all_by_shares(&self, batch: &Batch, bins: usize) -> Vec<f64> {
        let of = |block: &Block| {
            let mut slopes = Vec::new();
            self.by_shares(block, batch, bins, &mut slopes);
            slopes
        };
        self.blocks.iter().flat_map(of).collect()
    }
}

fn add(sums: &mut [f64], terms: &[f64]) {
    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
}

/// Scores beyond, 2⁶⁰, are those of a network that has run away: there is nothing that it could be called back by.
const FAR: u32 = (127 + 60) << 23;

/// Scores in double precision, overwriting `scores`; false where one is not finite, or so far out that nothing has slopes there.
pub(super) fn widen(out: &[f32], scores: &mut Vec<f64>) -> bool {
    scores.resize(out.len(), 0.0);
    let mut bad = 0;
    vectorised(Isa::best(), Widen { out, scores, bad: &mut bad });
    bad == 0
}

struct Widen<'a> {
    out: &'a [f32],
    scores: &'a mut [f64],
    /// How many are not finite, or far out.
    bad: &'a mut u32,
}

impl Task for Widen<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self, _: impl Lines) {
        const MAGNITUDE: u32 = 0x7fff_ffff;
        *self.bad = self.out.iter().map(|z| u32::from(z.to_bits() & MAGNITUDE >= FAR)).sum();
        self.scores.iter_mut().zip(self.out).for_each(|(score, z)| *score = f64::from(*z));
    }
}

/// Slopes below have no part in anything: a network's arithmetic is many times as fast without subnormal numbers, which they and
/// products with weights would become.
const TINY: f64 = 1e-30;

/// Slopes in single precision.
struct Narrow<'a> {
    slopes: &'a [f64],
    out: &'a mut [f32],
}

impl Task for Narrow<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self, _: impl Lines) {
        for (out, &slope) in self.out.iter_mut().zip(self.slopes) {
            *out = if slope.abs() < TINY { 0.0 } else { slope as f32 };
        }
    }
}

/// Σ w a and Σ (w a)² of rows, side by side.
struct Sum<'a> {
    weights: &'a [f64],
    shares: &'a [f64],
    sums: &'a mut [f64],
    bins: usize,
    with_squares: bool,
}

impl RowTask for Sum<'_> {
    fn width(&self) -> usize {
        self.bins
    }

    #[inline(always)]
    fn run<const FUSED: bool>(self, width: usize) {
        let (sums, squares) = self.sums.split_at_mut(width);
        let squares = &mut squares[..width];
        let rows = self.weights.iter().zip(self.shares.chunks_exact(width));
        if !self.with_squares {
            return rows.for_each(|(weight, shares)| {
                sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += weight * share);
            });
        }
        for (weight, shares) in rows {
            for ((sum, square), share) in sums.iter_mut().zip(&mut *squares).zip(shares) {
                let part = weight * share;
                *sum += part;
                *square += part * part;
            }
        }
    }
}

/// The way back of [`Sum`].
struct Spread<'a> {
    weights: &'a [f64],
    shares: &'a [f64],
    by_yields: &'a [f64],
    by_squares: &'a [f64],
    twice: f64,
    out: &'a mut [f64],
}

impl RowTask for Spread<'_> {
    fn width(&self) -> usize {
        self.by_yields.len()
    }

    #[inline(always)]
    fn run<const FUSED: bool>(self, width: usize) {
        let Self { weights, shares, by_yields, by_squares, twice, out } = self;
        let (by_yields, by_squares) = (&by_yields[..width], &by_squares[..width]);
        let rows = out.chunks_exact_mut(width).zip(shares.chunks_exact(width)).zip(weights);
        for ((out, shares), weight) in rows {
            let slopes = by_yields.iter().zip(by_squares);
            for ((out, share), (by_yield, by_square)) in out.iter_mut().zip(shares).zip(slopes) {
                *out = weight * (by_yield + twice * weight * share * by_square);
            }
        }
    }
}
