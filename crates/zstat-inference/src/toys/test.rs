//! Tests of hypotheses with toys in place of asymptotic formulas.

use serde::{Deserialize, Serialize};
use zstat_core::fit::Fitter;

use super::distribution::{Distribution, expected_tails, tails};
use super::{Estimate, Purpose, ToyMaker, ToySource, ToyTails};
use crate::hypotest::{Tester, statistic_of};
use crate::tasks::Tasks;
use crate::{Setup, TestError};

/// One toy of a test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ToyRecord {
    /// The statistic; none where the fits failed.
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
        let hypothesis = tester.generating_point(mu);
        let alternative = tester.generating_point(alternative);
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

    /// The result from the statistics of all tasks, by number, NaN where the fits failed; `retried` of them took another
    /// start or minimiser.
    pub fn finish(&self, statistics: &[f64], retried: u64) -> ToyHypotest {
        let of = |remainder: usize| Distribution::new(statistics.iter().copied().skip(remainder).step_by(2));
        let (hypothesis, alternative) = (of(0), of(1));
        let failed = statistics.iter().filter(|q| q.is_nan()).count() as u64;
        let toys = ToyCounts { requested: statistics.len() as u64 / 2, failed, retried };
        let mut warnings = self.warnings.clone();
        if toys.failed > 0 {
            warnings.push(format!(
                "{} of {} toys are left out: their fits failed with every start and minimiser",
                toys.failed,
                statistics.len()
            ));
        }
        let p_values = alternative.values().iter().map(|&q| hypothesis.p_value(q).value);
        ToyHypotest {
            mu: self.mu,
            mu_hat: self.mu_hat,
            q_obs: self.q_obs,
            observed: tails(self.q_obs, &hypothesis, &alternative),
            expected: expected_tails(&hypothesis, &alternative),
            p_exp: Distribution::new(p_values).bands(),
            q_exp: alternative.bands()[2],
            p_obs: hypothesis.p_value(self.q_obs),
            toys,
            converged: self.converged && toys.failed == 0,
            warnings,
            fits: self.fits,
        }
    }
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
        let good = toy.profile.converged() && q.is_finite();
        ToyRecord {
            q: good.then_some(q),
            mu_hat: good.then_some(mu_hat),
            rescued: good && toy.profile.rescued(),
        }
    }
}
