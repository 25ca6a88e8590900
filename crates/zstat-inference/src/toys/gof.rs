//! Goodness of fit with toys: how often pseudo-data of the fitted model are further from their own fit than the data.

use serde::{Deserialize, Serialize};
use zstat_core::fit::Fitter;

use super::distribution::Distribution;
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
}

impl ToyPlace {
    /// The place of `observed` among `values`, NaN where there is none.
    pub fn of(observed: f64, values: &[f64]) -> Self {
        let distribution = Distribution::new(values.iter().copied());
        Self {
            p_value: distribution.p_value(observed),
            bands: distribution.bands(),
            toys: distribution.values().len() as u64,
        }
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
