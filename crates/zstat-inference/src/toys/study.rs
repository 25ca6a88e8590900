//! Studies of fits: pseudo-data of known truth, fitted, and what the fits made of it.

use serde::{Deserialize, Serialize};
use zstat_core::fit::Fitter;

use super::{Purpose, ToyMaker, ToySource};
use crate::tasks::Tasks;
use crate::{Inputs, TestError};

/// The fit of one toy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyRecord {
    /// The fit converged; where not, the rest is of where it stopped.
    pub converged: bool,
    /// It took another start or another minimiser.
    pub rescued: bool,
    /// −2 ln L at the minimum, with all constants.
    pub twice_nll: Option<f64>,
    /// 2 [NLL − NLL(minimum)] with the parameter of interest at its true value: below 1 where the interval of 68.3 %
    /// covers it.
    pub twice_rise: Option<f64>,
    /// Fitted values of the parameters that are reported.
    pub values: Vec<f64>,
    /// Their uncertainties from the second derivatives; none where undetermined.
    pub errors: Vec<Option<f64>>,
    /// The pseudo-data: bins, then auxiliary observations. Empty where not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<f64>,
}

/// Toys of one or several points, each fitted: task i is toy i / n of point i mod n. Its random numbers are those of index i, so
/// that points are independent of each other, and more toys are more tasks.
pub struct ToyStudy<'a> {
    sources: Vec<ToySource<'a>>,
    poi: Option<usize>,
    reported: Vec<usize>,
    with_data: bool,
}

/// What to study.
#[derive(Debug, Clone)]
pub struct StudyOptions {
    /// The parameter whose true value is compared with the profile likelihood; none where there is no such parameter.
    pub poi: Option<usize>,
    /// Parameters whose values and uncertainties are reported.
    pub reported: Vec<usize>,
    /// Report the pseudo-data.
    pub with_data: bool,
    /// Seed.
    pub seed: u64,
}

impl<'a> ToyStudy<'a> {
    /// Toys of each of `points`. `rescue` is the minimiser for toys that the first one fails on.
    ///
    /// # Errors
    /// Where a point expects a negative number of events.
    pub fn new(
        inputs: Inputs<'a>,
        points: Vec<Vec<f64>>,
        rescue: &'a dyn Fitter,
        options: StudyOptions,
    ) -> Result<Self, TestError> {
        let StudyOptions { poi, reported, with_data, seed } = options;
        let source = |theta| ToySource::new(inputs, poi, theta, rescue, seed, Purpose::Study);
        let sources: Result<Vec<_>, TestError> = points.into_iter().map(source).collect();
        Ok(Self { sources: sources?, poi, reported, with_data })
    }

    /// True values of all parameters, point by point.
    pub fn truths(&self) -> impl Iterator<Item = &[f64]> {
        self.sources.iter().map(ToySource::theta)
    }

    /// Tasks that `toys` of each point are.
    pub fn tasks(&self, toys: u64) -> u64 {
        toys * self.sources.len() as u64
    }

    /// The point that a task is a toy of.
    pub fn point(&self, task: u64) -> usize {
        (task % self.sources.len() as u64) as usize
    }
}

impl<'a> Tasks for ToyStudy<'a> {
    type Worker<'w>
        = Vec<ToyMaker<'w, 'a>>
    where
        Self: 'w;
    type Record = StudyRecord;

    fn worker(&self) -> Self::Worker<'_> {
        self.sources.iter().map(ToyMaker::new).collect()
    }

    fn run(&self, worker: &mut Self::Worker<'_>, task: u64) -> StudyRecord {
        let point = self.point(task);
        let truth = self.poi.map(|poi| self.sources[point].theta()[poi]);
        let toy = worker[point].toy(task);
        let profile = toy.profile;
        let rise = truth.map(|truth| profile.twice_rise(truth, false).0);
        let free = profile.free().clone();
        let errors = profile.free_uncertainties();
        let error = |&i: &usize| errors.as_ref().and_then(|errors| errors.sigma(i));
        let data = if self.with_data { [&toy.data.main[..], &toy.data.aux].concat() } else { Vec::new() };
        StudyRecord {
            converged: profile.converged(),
            rescued: profile.rescued(),
            twice_nll: Some(2.0 * (free.nll + profile.nll().constant())).filter(|value| value.is_finite()),
            twice_rise: rise.filter(|rise| rise.is_finite()),
            values: self.reported.iter().map(|&i| free.theta[i]).collect(),
            errors: self.reported.iter().map(error).collect(),
            // Parameters without constraint have no auxiliary observation.
            data: data.into_iter().map(|x| if x.is_nan() { 0.0 } else { x }).collect(),
        }
    }
}
