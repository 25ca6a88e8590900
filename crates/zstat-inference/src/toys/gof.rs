//! Goodness of fit with toys: how often pseudo-data of the fitted model are further from their own fit than the data.

use serde::{Deserialize, Serialize};
use zstat_core::fit::Fitter;

use super::tally::Tally;
use super::{Estimate, Purpose, ToyMaker, ToySource};
use crate::gof::{GofStatistic, statistic_of};
use crate::tasks::Tasks;
use crate::{Inputs, TestError};

/// One toy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GofRecord {
    /// The statistics, in the order asked for; none where the fit failed or a statistic is not defined.
    pub values: Vec<Option<f64>>,
    /// The fit converged.
    pub converged: bool,
    /// It took another start or another minimiser.
    pub rescued: bool,
}

/// Toys of the fitted model, each fitted again: task i is toy i.
pub struct ToyGof<'a> {
    source: ToySource<'a>,
    statistics: Vec<GofStatistic>,
}

/// The place of an observed value in the toys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToyPlace {
    /// Fraction of the toys at least as large.
    pub p_value: Estimate,
    /// Values at −2, −1, 0, 1 and 2 standard deviations, ascending.
    pub bands: [f64; 5],
    /// Toys in which the statistic is defined.
    pub toys: u64,
    /// The bands are moved by less than this part of themselves; 0 where they are exact. The p-value is exact always.
    pub resolution: f64,
}

/// The statistics of toys, counted as they come, in any order. Memory does not grow with the number of toys: at most 65 536
/// distinct values of each statistic are held. Where there are more, values are cut to so many binary digits as leave no
/// more, see [`ToyPlace::resolution`].
#[derive(Debug, Clone)]
pub struct GofTally {
    statistics: Vec<Option<Tally>>,
    /// Toys whose fits did not converge.
    pub failed: u64,
    /// Fitted at the second attempt or later.
    pub retried: u64,
}

impl<'a> ToyGof<'a> {
    /// Toys of the point `theta`, the best fit of the data.
    ///
    /// # Errors
    /// Where it expects a negative number of events.
    pub fn new(
        inputs: Inputs<'a>,
        theta: Vec<f64>,
        statistics: &[GofStatistic],
        rescue: &'a dyn Fitter,
        seed: u64,
    ) -> Result<Self, TestError> {
        let source = ToySource::new(inputs, None, theta, rescue, seed, Purpose::Study)?;
        Ok(Self { source, statistics: statistics.to_vec() })
    }

    /// A tally without toys yet; `observed` are the values of the statistics, none where one is not defined.
    pub fn tally(observed: &[Option<f64>]) -> GofTally {
        let statistics = observed.iter().map(|observed| observed.map(Tally::new)).collect();
        GofTally { statistics, failed: 0, retried: 0 }
    }
}

impl GofTally {
    /// Counts the record of a task; each task once.
    pub fn put(&mut self, record: &GofRecord) {
        self.failed += u64::from(!record.converged);
        self.retried += u64::from(record.converged && record.rescued);
        for (tally, value) in self.statistics.iter_mut().zip(&record.values) {
            if let Some(tally) = tally {
                tally.add(value.unwrap_or(f64::NAN));
            }
        }
    }

    /// The places of the observed values, none where there is none.
    pub fn places(self) -> Vec<Option<ToyPlace>> {
        let place = |tally: Tally| {
            let (p_value, toys) = (tally.observed(), tally.total());
            let (distribution, resolution) = tally.distribution();
            ToyPlace { p_value, bands: distribution.bands(), toys, resolution }
        };
        self.statistics.into_iter().map(|tally| tally.map(place)).collect()
    }
}

impl<'a> Tasks for ToyGof<'a> {
    type Worker<'w>
        = ToyMaker<'w, 'a>
    where
        Self: 'w;
    type Record = GofRecord;

    fn worker(&self) -> Self::Worker<'_> {
        ToyMaker::new(&self.source)
    }

    fn run(&self, worker: &mut Self::Worker<'_>, task: u64) -> GofRecord {
        let profile = worker.toy(task).profile;
        let fit = profile.free().clone();
        let value = |&statistic: &GofStatistic| {
            let value = statistic_of(statistic, profile.nll(), &fit.theta);
            Some(value).filter(|value| fit.converged && value.is_finite())
        };
        let values = self.statistics.iter().map(value).collect();
        GofRecord { values, converged: fit.converged, rescued: fit.rescued }
    }
}
