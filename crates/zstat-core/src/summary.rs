//! The contract of a summary: scores of events become shares in bins, softly where they are trained, hard where they are counted.
//!
//! A summary knows neither events nor weights: the yield of a bin is the weighted sum of the events' shares, whatever the sign of
//! the weights. Derivatives by the shares become derivatives by scores and by what the summary itself has to learn (edges).

use crate::plugin::Plugin;

/// Where a summary stands in its training.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    /// What it has learnt, of the length of [`Summary::start`].
    pub learnt: &'a [f64],
    /// The part of the training that is over, from 0 to 1; 1 where nothing is trained any more.
    pub progress: f64,
}

/// Whose derivatives a summary gives back.
#[derive(Clone, Copy)]
pub enum SummarySlopes<'a> {
    /// Those of its own shares.
    Own,
    /// Those of the shares of another summary, with the same bins and the same to learn, at the same scores: shares that are hard
    /// have none of their own (straight-through).
    Of(&'a dyn Summary),
    /// None: losses of templates cannot train with it.
    None,
}

/// A differentiable way from scores to bins. Scores are row-major, events × [`Summary::outputs`]; shares are events ×
/// [`Summary::bins`]. Events do not know of each other: any division into batches gives the same.
///
/// # Panics
/// All methods may where lengths do not fit.
pub trait Summary: Send + Sync {
    /// Scores an event.
    fn outputs(&self) -> usize;

    /// Bins.
    fn bins(&self) -> usize;

    /// Start values of what it learns; empty where it learns nothing.
    fn start(&self) -> Vec<f64>;

    /// The share of each event in each bin, into `shares` (overwritten). Shares of an event add up to 1 at most.
    fn assign(&self, stage: Stage<'_>, scores: &[f64], shares: &mut [f64]);

    /// From derivatives by the shares: those by the scores into `by_scores` (overwritten), and those by what is learnt added to
    /// `by_learnt`. `shares` are those that [`Summary::assign`] gave for the same scores.
    fn pull(
        &self,
        stage: Stage<'_>,
        scores: &[f64],
        shares: &[f64],
        by_shares: &[f64],
        by_scores: &mut [f64],
        by_learnt: &mut [f64],
    );

    /// Whose derivatives [`Summary::pull`] gives: nearly always its own.
    fn slopes(&self) -> SummarySlopes<'_> {
        SummarySlopes::Own
    }

    /// The bin of each event as it is counted after training; none where it is in no bin.
    fn bin(&self, learnt: &[f64], scores: &[f64], bins: &mut [Option<usize>]);

    /// Scores as a figure shows them, in their place: squashed where the summary squashes them, in the same order. Where that
    /// leaves a range, the range; by default scores are shown as they are.
    fn show(&self, _scores: &mut [f64]) -> Option<[f64; 2]> {
        None
    }
}

inventory::collect!(Plugin<dyn Summary>);
