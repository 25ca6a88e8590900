//! Upper limits with toys in place of asymptotic formulas: CLs at a grid of values, and where it falls to 1 − level.

use serde::{Deserialize, Serialize};
use zstat_core::fit::Fitter;

use super::crossing::{ToyReached, crossing};
use super::distribution::{expected_cls, tails};
use super::tally::Tally;
use super::test::left_out;
use super::{Estimate, Purpose, ToyCounts, ToyMaker, ToySource, ToyTails};
use crate::hypotest::{Tester, statistic_of};
use crate::tasks::Tasks;
use crate::{Setup, TestError};

/// One toy of one hypothesis, or of the alternative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToyLimitRecord {
    /// The statistic: of the alternative at every value of the grid, of a hypothesis at its own. None where a fit failed.
    #[serde(with = "crate::record::statistics")]
    pub q: Vec<Option<f64>>,
    /// It took another start or another minimiser.
    pub rescued: bool,
}

/// Toys of a grid of values and of the alternative, which has no signal. With n values, task (n + 1) i is toy i of the
/// alternative, tested at every value, and task (n + 1) i + 1 + k toy i of value k: more toys are more tasks. Toys with the
/// same number begin with the same random numbers at every value, so that CLs is a smooth function of it.
pub struct ToyLimit<'a> {
    setup: Setup<'a>,
    level: f64,
    /// Values beyond this are not looked for.
    bound: f64,
    values: Vec<f64>,
    q_obs: Vec<f64>,
    mu_hat: f64,
    hypotheses: Vec<ToySource<'a>>,
    alternative: ToySource<'a>,
    converged: bool,
    warnings: Vec<String>,
    fits: usize,
}

/// The statistics of the toys of a limit, counted as they come, in any order. Memory does not grow with the number of toys: at
/// most 65 536 distinct values are held of the hypothesis and of the alternative at each value. Where there are more, values
/// are cut to so many binary digits as leave no more, see [`LimitByToys::resolution`].
#[derive(Debug, Clone)]
pub struct ToyLimitTally {
    /// At each value, the hypothesis and the alternative.
    statistics: Vec<[Tally; 2]>,
    /// Toys with a statistic.
    good: u64,
    retried: u64,
}

/// CLs at one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToyLimitPoint {
    /// Value of the parameter of interest.
    pub mu: f64,
    /// The statistic on the data.
    pub q_obs: f64,
    /// Fractions of toys at least as extreme as the data.
    pub observed: ToyTails,
    /// CLs that the alternative expects, at −2, −1, 0, 1 and 2 standard deviations.
    pub expected: [Estimate; 5],
}

/// Limits from toys.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitByToys {
    /// Of the data.
    pub observed: ToyReached,
    /// Expected at −2, −1, 0, 1 and 2 standard deviations of the background.
    pub expected: [ToyReached; 5],
    /// Best value of the parameter of interest, inside its bounds.
    pub mu_hat: f64,
    /// CLs at the values of the grid, ascending.
    pub points: Vec<ToyLimitPoint>,
    /// Toys; those that failed are of all hypotheses and the alternative together.
    pub toys: ToyCounts,
    /// The statistics behind the expected values are moved by less than this part of themselves; 0 where they are exact. What
    /// the data have is exact always.
    pub resolution: f64,
    /// The fits of the observed data converged, and no toy failed.
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations of the observed data.
    pub fits: usize,
}

impl<'a> ToyLimit<'a> {
    /// Fits the data at each of `values`, which ascend, and makes the ensembles there and of the alternative. `bound` is the
    /// value above which no limit is looked for, `rescue` the minimiser for toys that the first one fails on.
    ///
    /// # Errors
    /// As [`crate::limit`].
    pub fn new(
        setup: Setup<'a>,
        level: f64,
        values: &[f64],
        bound: f64,
        seed: u64,
        rescue: &'a dyn Fitter,
    ) -> Result<Self, TestError> {
        if !setup.statistic.has_cls() {
            return Err(TestError::NoLimit(setup.statistic));
        }
        let mut tester = Tester::new(setup, None)?;
        // A lower minimum may be found on the way: it counts for all.
        for &mu in values {
            tester.at(mu)?;
        }
        let source =
            |theta, purpose| ToySource::new(setup.inputs, Some(setup.poi), theta, rescue, seed, purpose);
        let (mut q_obs, mut hypotheses) = (Vec::new(), Vec::new());
        for &mu in values {
            q_obs.push(tester.at(mu)?.q);
            hypotheses.push(source(tester.generating_point(mu)?, Purpose::Hypothesis)?);
        }
        let alternative = source(tester.generating_point(0.0)?, Purpose::Alternative)?;
        Ok(Self {
            setup,
            level,
            bound,
            values: values.to_vec(),
            q_obs,
            mu_hat: tester.observed.free().mu,
            hypotheses,
            alternative,
            converged: tester.observed.converged(),
            warnings: tester.warnings(),
            fits: tester.fits(),
        })
    }

    /// Tasks that `toys` of each hypothesis and of the alternative are.
    pub fn tasks(&self, toys: u64) -> u64 {
        toys * (self.values.len() as u64 + 1)
    }

    /// A tally without toys yet.
    pub fn tally(&self) -> ToyLimitTally {
        let statistics = self.q_obs.iter().map(|&q| [Tally::new(q), Tally::new(q)]).collect();
        ToyLimitTally { statistics, good: 0, retried: 0 }
    }

    /// The result from `toys` toys of each; those that the tally does not have count as failed.
    pub fn finish(&self, tally: ToyLimitTally, toys: u64) -> LimitByToys {
        let all = self.tasks(toys);
        let toys =
            ToyCounts { requested: toys, failed: all.saturating_sub(tally.good), retried: tally.retried };
        let mut resolution = 0.0_f64;
        let mut of = |(k, statistics): (usize, [Tally; 2])| {
            let [clsb, clb] = statistics.each_ref().map(Tally::observed);
            let ([hypothesis, alternative], moved) = Tally::distributions(statistics);
            resolution = resolution.max(moved);
            ToyLimitPoint {
                mu: self.values[k],
                q_obs: self.q_obs[k],
                observed: tails(clsb, clb),
                expected: expected_cls(&hypothesis, &alternative),
            }
        };
        let points: Vec<ToyLimitPoint> = tally.statistics.into_iter().enumerate().map(&mut of).collect();
        let mut warnings = self.warnings.clone();
        let mut along = |pick: &dyn Fn(&ToyLimitPoint) -> Estimate, name: &str| {
            let curve: Vec<(f64, Estimate)> = points.iter().map(|point| (point.mu, pick(point))).collect();
            let (reached, again) = crossing(&curve, 1.0 - self.level, self.bound);
            if again {
                warnings.push(format!(
                    "CLs ({name}) crosses {:.6} more than once, by the scatter of the toys: the last time counts",
                    1.0 - self.level
                ));
            }
            reached
        };
        let observed = along(&|point| point.observed.cls, "observed");
        const NAMES: [&str; 5] = ["-2σ", "-1σ", "median", "+1σ", "+2σ"];
        let expected = std::array::from_fn(|band| along(&|point| point.expected[band], NAMES[band]));
        warnings.extend(left_out(toys.failed, all));
        LimitByToys {
            observed,
            expected,
            mu_hat: self.mu_hat,
            points,
            toys,
            resolution,
            converged: self.converged && toys.failed == 0,
            warnings,
            fits: self.fits,
        }
    }
}

impl ToyLimitTally {
    /// Counts the record of a task; each task once.
    pub fn put(&mut self, task: u64, record: &ToyLimitRecord) {
        let part = (task % (self.statistics.len() as u64 + 1)) as usize;
        let (places, which) = match part.checked_sub(1) {
            None => (0..self.statistics.len(), 1),
            Some(place) => (place..place + 1, 0),
        };
        for (pair, q) in self.statistics[places].iter_mut().zip(&record.q) {
            pair[which].add(q.unwrap_or(f64::NAN));
        }
        // The alternative has statistics at all values or at none.
        self.good += u64::from(record.q.iter().any(Option::is_some));
        self.retried += u64::from(record.rescued);
    }
}

impl<'a> Tasks for ToyLimit<'a> {
    type Worker<'w>
        = Vec<ToyMaker<'w, 'a>>
    where
        Self: 'w;
    type Record = ToyLimitRecord;

    fn worker(&self) -> Self::Worker<'_> {
        std::iter::once(&self.alternative).chain(&self.hypotheses).map(ToyMaker::new).collect()
    }

    fn run(&self, worker: &mut Self::Worker<'_>, task: u64) -> ToyLimitRecord {
        let each = self.values.len() as u64 + 1;
        let (toy, part) = (task / each, (task % each) as usize);
        let values = match part.checked_sub(1) {
            None => &self.values[..],
            Some(place) => &self.values[place..=place],
        };
        let toy = worker[part].toy(toy);
        let q = values.iter().map(|&mu| statistic_of(self.setup.statistic, toy.profile, mu)[0]);
        let q: Vec<f64> = q.collect();
        let good = toy.profile.converged() && !q.iter().any(|q| q.is_nan());
        ToyLimitRecord {
            q: q.into_iter().map(|q| good.then_some(q)).collect(),
            rescued: good && toy.profile.rescued(),
        }
    }
}
