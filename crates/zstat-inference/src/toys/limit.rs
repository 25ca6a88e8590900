//! Upper limits with toys in place of asymptotic formulas: CLs at a grid of values, and where it falls to 1 − level.

use serde::{Deserialize, Serialize};
use zstat_core::fit::Fitter;

use super::crossing::{ToyReached, crossing};
use super::distribution::{Distribution, expected_cls, tails};
use super::{Estimate, Purpose, ToyCounts, ToyMaker, ToySource, ToyTails};
use crate::hypotest::{Tester, statistic_of};
use crate::tasks::Tasks;
use crate::{Setup, TestError};

/// One toy of one hypothesis, or of the alternative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToyLimitRecord {
    /// The statistic: of the alternative at every value of the grid, of a hypothesis at its own. None where a fit failed.
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

/// The statistics of many toys.
#[derive(Debug, Clone)]
pub struct ToyLimitStore {
    count: usize,
    /// For each toy the statistic of each hypothesis, then of the alternative at each value; NaN where there is none.
    q: Vec<f64>,
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
            hypotheses.push(source(tester.generating_point(mu), Purpose::Hypothesis)?);
        }
        let alternative = source(tester.generating_point(0.0), Purpose::Alternative)?;
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

    /// Room for statistics; it grows with what is put in.
    pub fn store(&self) -> ToyLimitStore {
        ToyLimitStore { count: self.values.len(), q: Vec::new(), retried: 0 }
    }

    /// The result from the statistics of `toys` toys of each.
    pub fn finish(&self, store: &ToyLimitStore, toys: u64) -> LimitByToys {
        let count = self.values.len();
        let column = |place: usize| Distribution::new(store.q.iter().copied().skip(place).step_by(2 * count));
        let of = |k: usize| {
            let (hypothesis, alternative) = (column(k), column(count + k));
            ToyLimitPoint {
                mu: self.values[k],
                q_obs: self.q_obs[k],
                observed: tails(self.q_obs[k], &hypothesis, &alternative),
                expected: expected_cls(&hypothesis, &alternative),
            }
        };
        let points: Vec<ToyLimitPoint> = (0..count).map(of).collect();
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
        let failed = store.failed(toys);
        if failed > 0 {
            warnings.push(format!(
                "{failed} of {} toys are left out: their fits failed with every start and minimiser",
                self.tasks(toys)
            ));
        }
        LimitByToys {
            observed,
            expected,
            mu_hat: self.mu_hat,
            points,
            toys: ToyCounts { requested: toys, failed, retried: store.retried },
            converged: self.converged && failed == 0,
            warnings,
            fits: self.fits,
        }
    }
}

impl ToyLimitStore {
    /// Keeps the record of a task.
    pub fn put(&mut self, task: u64, record: &ToyLimitRecord) {
        let each = self.count as u64 + 1;
        let (toy, part) = ((task / each) as usize, (task % each) as usize);
        let width = 2 * self.count;
        if self.q.len() < (toy + 1) * width {
            self.q.resize((toy + 1) * width, f64::NAN);
        }
        let first = toy * width + if part == 0 { self.count } else { part - 1 };
        let most = if part == 0 { self.count } else { 1 };
        for (out, q) in self.q[first..first + most].iter_mut().zip(&record.q) {
            *out = q.unwrap_or(f64::NAN);
        }
        self.retried += u64::from(record.rescued);
    }

    /// Toys without statistic: of hypotheses, and of the alternative, whose statistics are there at all values or none.
    fn failed(&self, toys: u64) -> u64 {
        let of = |toy: &[f64]| toy.iter().take(self.count + 1).filter(|q| q.is_nan()).count() as u64;
        let there = self.q.chunks(2 * self.count.max(1));
        let missing = toys.saturating_sub(there.len() as u64) * (self.count as u64 + 1);
        there.map(of).sum::<u64>() + missing
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
        let good = toy.profile.converged() && q.iter().all(|q| q.is_finite());
        ToyLimitRecord {
            q: q.into_iter().map(|q| good.then_some(q)).collect(),
            rescued: good && toy.profile.rescued(),
        }
    }
}
