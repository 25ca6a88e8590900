//! Conformance of a summary.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde_json::Value;
use zstat_core::plugin::Registry;
use zstat_core::summary::{Stage, Summary, SummarySlopes};

use crate::options::check_options;
use crate::same::{check_same_bits, close};
use crate::slopes::check_slopes;

/// Events that a summary is tried on.
const EVENTS: usize = 23;
/// Shares may be so far from what they should be.
const ROUNDING: f64 = 1e-12;

/// Checks a registered summary with these options: the options ([`check_options`]) and the contract
/// ([`check_summary_contract`]).
///
/// # Panics
/// At the first violation, with what it is.
#[track_caller]
pub fn check_summary(name: &str, options: &Value) {
    check_options::<dyn Summary>("summary", name, options);
    let built =
        Registry::<dyn Summary>::load("summary").and_then(|registry| registry.build(name, options.clone()));
    match built {
        Ok(summary) => check_summary_contract(&*summary),
        Err(error) => panic!("{error}"),
    }
}

/// Checks that a summary keeps the contract of [`zstat_core::summary`], at the beginning, in the middle and at the end of a
/// training: shares are not negative and add up to 1 at most; events do not know of each other; the way back of
/// derivatives is that of differences, by scores (overwritten) and by what is learnt (added): of its own shares, of those of
/// the summary that it names in [`Summary::slopes`], or all zero where it says there that it has none; bins that are counted
/// exist; the same bits twice and from two threads.
///
/// # Panics
/// At the first violation, with what it is.
#[track_caller]
pub fn check_summary_contract(summary: &dyn Summary) {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut normal = |n: usize| -> Vec<f64> { (0..n).map(|_| StandardNormal.sample(&mut random)).collect() };
    let (outputs, bins) = (summary.outputs(), summary.bins());
    assert!(outputs > 0 && bins > 0, "a summary needs an output and a bin, found {outputs} and {bins}");
    let scores = normal(EVENTS * outputs);
    let by_shares = normal(EVENTS * bins);
    let start = summary.start();
    let moved: Vec<f64> = start.iter().zip(normal(start.len())).map(|(x, step)| x + 0.3 * step).collect();
    for learnt in [&start, &moved] {
        for progress in [0.0, 0.5, 1.0] {
            let try_ = Try { summary, learnt, progress, scores: &scores, by_shares: &by_shares };
            try_.shares();
            try_.single_events();
            try_.differences();
            check_same_bits("the summary", &|| try_.everything());
        }
        counted(summary, learnt, &scores);
    }
}

/// A summary in one place of its training.
#[derive(Clone, Copy)]
struct Try<'a> {
    summary: &'a dyn Summary,
    learnt: &'a [f64],
    progress: f64,
    scores: &'a [f64],
    by_shares: &'a [f64],
}

impl Try<'_> {
    fn assign(&self, learnt: &[f64], scores: &[f64]) -> Vec<f64> {
        let events = scores.len() / self.summary.outputs();
        let mut shares = vec![f64::NAN; events * self.summary.bins()];
        self.summary.assign(Stage { learnt, progress: self.progress }, scores, &mut shares);
        shares
    }

    /// Derivatives by scores, and by what is learnt on top of `before`.
    fn pull(&self, learnt: &[f64], scores: &[f64], by_shares: &[f64], before: f64) -> [Vec<f64>; 2] {
        let (mut by_scores, mut by_learnt) = (vec![f64::NAN; scores.len()], vec![before; learnt.len()]);
        let stage = Stage { learnt, progress: self.progress };
        let shares = self.assign(learnt, scores);
        self.summary.pull(stage, scores, &shares, by_shares, &mut by_scores, &mut by_learnt);
        [by_scores, by_learnt]
    }

    fn everything(&self) -> Vec<f64> {
        let shares = self.assign(self.learnt, self.scores);
        let pulled = self.pull(self.learnt, self.scores, self.by_shares, 0.0);
        [shares, pulled.concat()].concat()
    }

    #[track_caller]
    fn shares(&self) {
        let shares = self.assign(self.learnt, self.scores);
        for (event, shares) in shares.chunks_exact(self.summary.bins()).enumerate() {
            assert!(
                shares.iter().all(|share| *share >= -ROUNDING),
                "event {event} has shares {shares:?}: one is negative, or was not written"
            );
            let sum: f64 = shares.iter().sum();
            assert!(sum <= 1.0 + ROUNDING, "the shares of event {event} add up to {sum}, more than 1");
        }
    }

    #[track_caller]
    fn single_events(&self) {
        let (outputs, bins) = (self.summary.outputs(), self.summary.bins());
        let shares = self.assign(self.learnt, self.scores);
        let [by_scores, _] = self.pull(self.learnt, self.scores, self.by_shares, 0.0);
        for event in 0..EVENTS {
            let scores = &self.scores[event * outputs..][..outputs];
            let own = &self.by_shares[event * bins..][..bins];
            assert!(
                close(&self.assign(self.learnt, scores), &shares[event * bins..][..bins], ROUNDING),
                "event {event} has other shares alone than beside others"
            );
            let [alone, _] = self.pull(self.learnt, scores, own, 0.0);
            let all: Vec<f64> = by_scores[event * outputs..][..outputs].to_vec();
            assert!(
                close(&alone, &all, ROUNDING),
                "event {event} has other derivatives alone than beside others"
            );
        }
    }

    #[track_caller]
    fn differences(&self) {
        let n = self.scores.len();
        let x = [self.scores, self.learnt].concat();
        let name = |at: usize| {
            if at < n { format!("score {at}") } else { format!("learnt {}", at - n) }
        };
        let names: Vec<String> = (0..x.len()).map(name).collect();
        let of = match self.summary.slopes() {
            SummarySlopes::Own => *self,
            SummarySlopes::Of(summary) => Try { summary, ..*self },
            SummarySlopes::None => {
                let found = self.pull(self.learnt, self.scores, self.by_shares, 0.0).concat();
                assert!(found.iter().all(|by| *by == 0.0), "derivatives of a summary that says it has none");
                return;
            }
        };
        let mut function = |x: &[f64], out: &mut [f64]| {
            let (scores, learnt) = x.split_at(n);
            let shares = of.assign(learnt, scores);
            out.copy_from_slice(&self.pull(learnt, scores, self.by_shares, 0.0).concat());
            Some(shares.iter().zip(self.by_shares).map(|(share, by)| share * by).sum())
        };
        check_slopes(&mut function, &x, &names);
        let [_, from_zero] = self.pull(self.learnt, self.scores, self.by_shares, 0.0);
        let [_, added] = self.pull(self.learnt, self.scores, self.by_shares, 2.0);
        let wanted: Vec<f64> = from_zero.iter().map(|by| by + 2.0).collect();
        assert!(
            close(&added, &wanted, ROUNDING),
            "derivatives by what is learnt must be added, not overwritten"
        );
    }
}

#[track_caller]
fn counted(summary: &dyn Summary, learnt: &[f64], scores: &[f64]) {
    let count = || {
        let mut bins = vec![Some(usize::MAX); EVENTS];
        summary.bin(learnt, scores, &mut bins);
        bins
    };
    let bins = count();
    assert!(bins == count(), "events are counted in other bins the second time");
    for (event, bin) in bins.iter().enumerate() {
        let exists = bin.is_none_or(|bin| bin < summary.bins());
        assert!(exists, "event {event} is counted in bin {bin:?} of {}", summary.bins());
    }
}
