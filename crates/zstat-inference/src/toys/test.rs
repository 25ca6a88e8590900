//! Tests of hypotheses with toys in place of asymptotic formulas.

use serde::{Deserialize, Serialize};
use zstat_core::fit::Fitter;

use super::distribution::{expected_tails, tails};
use super::tally::Tally;
use super::{Estimate, Purpose, ToyMaker, ToySource, ToyTails};
use crate::hypotest::{Tester, statistic_of};
use crate::tasks::Tasks;
use crate::{Setup, TestError};

/// One toy of a test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ToyRecord {
    /// The statistic; none where the fits failed.
    #[serde(with = "crate::record::statistics::one")]
    pub q: Option<f64>,
    /// Best value of the parameter of interest.
    pub mu_hat: Option<f64>,
    /// It took another start or another minimiser.
    pub rescued: bool,
}

/// How many toys there were, of hypothesis and alternative together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ToyCounts {
    /// Asked for, of each.
    pub requested: u64,
    /// Left out: their fits failed with every start and minimiser.
    pub failed: u64,
    /// Fitted at the second attempt or later.
    pub retried: u64,
}

/// The statistics of the toys of a test, counted as they come, in any order. Memory does not grow with the number of toys: at
/// most 65 536 distinct values of each hypothesis are held. Where there are more, values are cut to so many binary digits
/// as leave no more, see [`ToyHypotest::resolution`].
#[derive(Debug, Clone)]
pub struct ToyTally {
    /// Of the hypothesis and of the alternative.
    statistics: [Tally; 2],
    retried: u64,
}

impl ToyTally {
    /// Counts the record of a task; each task once.
    pub fn put(&mut self, task: u64, record: &ToyRecord) {
        self.statistics[(task % 2) as usize].add(record.q.unwrap_or(f64::NAN));
        self.retried += u64::from(record.rescued);
    }
}

/// A test with toys of the hypothesis and of the alternative: task 2i is toy i of the hypothesis, task 2i + 1 toy i of
/// the alternative, so that more toys are more tasks.
pub struct ToyTest<'a> {
    setup: Setup<'a>,
    mu: f64,
    q_obs: f64,
    mu_hat: f64,
    converged: bool,
    warnings: Vec<String>,
    fits: usize,
    sources: [ToySource<'a>; 2],
}

/// The result.
#[derive(Debug, Clone, PartialEq)]
pub struct ToyHypotest {
    /// The value tested.
    pub mu: f64,
    /// Best value of the parameter of interest.
    pub mu_hat: f64,
    /// The statistic on the data.
    pub q_obs: f64,
    /// Fractions of toys at least as extreme.
    pub observed: ToyTails,
    /// CLs+b, CLb and CLs that the alternative expects, at −2, −1, 0, 1 and 2 standard deviations.
    pub expected: [[f64; 3]; 5],
    /// The alternative's p-values under the hypothesis, at the same.
    pub p_exp: [f64; 5],
    /// Median of the statistic in the alternative's toys.
    pub q_exp: f64,
    /// p-value of the data under the hypothesis.
    pub p_obs: Estimate,
    /// Toys.
    pub toys: ToyCounts,
    /// The values behind `expected`, `p_exp` and `q_exp` are moved by less than this part of themselves; 0 where they are exact.
    /// What the data have is exact always.
    pub resolution: f64,
    /// The fits of the observed data converged, and no toy failed.
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations of the observed data.
    pub fits: usize,
}

impl<'a> ToyTest<'a> {
    /// Fits the data under both hypotheses and makes the ensembles of the two. `rescue` is the minimiser for toys that
    /// the first one fails on.
    ///
    /// # Errors
    /// As [`crate::hypotest`].
    pub fn new(setup: Setup<'a>, mu: f64, seed: u64, rescue: &'a dyn Fitter) -> Result<Self, TestError> {
        let is_discovery = setup.statistic.is_discovery();
        let mu = if is_discovery { 0.0 } else { mu };
        let mut tester = Tester::new(setup, Some(mu))?;
        let point = tester.at(mu)?;
        let alternative = if is_discovery { setup.signal } else { 0.0 };
        let hypothesis = tester.generating_point(mu)?;
        let alternative = tester.generating_point(alternative)?;
        let source =
            |theta, purpose| ToySource::new(setup.inputs, Some(setup.poi), theta, rescue, seed, purpose);
        Ok(Self {
            setup,
            mu,
            q_obs: point.q,
            mu_hat: point.mu_hat,
            converged: tester.observed.converged(),
            warnings: tester.warnings(),
            fits: tester.fits(),
            sources: [source(hypothesis, Purpose::Hypothesis)?, source(alternative, Purpose::Alternative)?],
        })
    }

    /// Tasks that `toys` of each hypothesis are.
    pub fn tasks(toys: u64) -> u64 {
        2 * toys
    }

    /// A tally without toys yet.
    pub fn tally(&self) -> ToyTally {
        ToyTally { statistics: [Tally::new(self.q_obs), Tally::new(self.q_obs)], retried: 0 }
    }

    /// The result from `toys` toys of each hypothesis; those that the tally does not have count as failed.
    pub fn finish(&self, tally: ToyTally, toys: u64) -> ToyHypotest {
        let ToyTally { statistics, retried } = tally;
        let [clsb, clb] = statistics.each_ref().map(Tally::observed);
        let counted: u64 = statistics.iter().map(Tally::total).sum();
        let all = Self::tasks(toys);
        let toys = ToyCounts { requested: toys, failed: all.saturating_sub(counted), retried };
        let mut warnings = self.warnings.clone();
        warnings.extend(left_out(toys.failed, all));
        let ([hypothesis, alternative], resolution) = Tally::distributions(statistics);
        ToyHypotest {
            mu: self.mu,
            mu_hat: self.mu_hat,
            q_obs: self.q_obs,
            observed: tails(clsb, clb),
            expected: expected_tails(&hypothesis, &alternative),
            p_exp: alternative.map(|q| hypothesis.p_value(q).value).bands(),
            q_exp: alternative.bands()[2],
            p_obs: clsb,
            toys,
            resolution,
            converged: self.converged && toys.failed == 0,
            warnings,
            fits: self.fits,
        }
    }
}

/// What a reader should know of toys that failed.
pub(crate) fn left_out(failed: u64, all: u64) -> Option<String> {
    (failed > 0).then(|| {
        format!("{failed} of {all} toys are left out: their fits failed with every start and minimiser")
    })
}

impl<'a> Tasks for ToyTest<'a> {
    type Worker<'w>
        = [ToyMaker<'w, 'a>; 2]
    where
        Self: 'w;
    type Record = ToyRecord;

    fn worker(&self) -> Self::Worker<'_> {
        self.sources.each_ref().map(ToyMaker::new)
    }

    fn run(&self, worker: &mut Self::Worker<'_>, task: u64) -> ToyRecord {
        let toy = worker[(task % 2) as usize].toy(task / 2);
        let [q, mu_hat, _] = statistic_of(self.setup.statistic, toy.profile, self.mu);
        let good = toy.profile.converged() && !q.is_nan();
        ToyRecord {
            q: good.then_some(q),
            mu_hat: good.then_some(mu_hat),
            rescued: good && toy.profile.rescued(),
        }
    }
}
