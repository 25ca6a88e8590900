//! Impacts as a job: a task a parameter.

use serde::{Deserialize, Serialize};

use super::reference::Reference;
use super::{Effect, ImpactOptions, Impacts, ParameterImpact, nuisances};
use crate::record::Real;
use crate::tasks::{Tasks, all_tasks};
use crate::{Inputs, TestError};

/// So many times may a refit that found a lower minimum make all others start again from there.
const ROUNDS: usize = 3;

/// What one task finds: all of an impact that the best fit does not tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImpactRecord {
    effects: Vec<Effect>,
    notes: Vec<String>,
    converged: bool,
    fits: usize,
    /// −ln L and point of a refit that was lower than the best fit.
    lower: Option<(Real, Vec<Real>)>,
}

/// Impacts of all free parameters that are not of interest: task i is the i-th of them.
pub struct ImpactStudy<'a> {
    options: ImpactOptions,
    reference: Reference<'a>,
    nuisances: Vec<usize>,
}

impl<'a> ImpactStudy<'a> {
    /// Finds the best fit.
    ///
    /// # Errors
    /// Where there is no likelihood.
    ///
    /// # Panics
    /// Without parameters of interest.
    pub fn new(inputs: Inputs<'a>, options: &ImpactOptions) -> Result<Self, TestError> {
        assert!(!options.pois.is_empty(), "impacts are on parameters of interest");
        let reference = Reference::new(inputs, options, inputs.start)?;
        let nuisances = nuisances(&inputs, &options.pois);
        Ok(Self { options: options.clone(), reference, nuisances })
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> u64 {
        self.nuisances.len() as u64
    }

    /// The result from the records of all tasks, by number. Where a refit found a lower minimum, all are done again from
    /// there; `tick` is called after each of those.
    ///
    /// # Errors
    /// Where there is no likelihood.
    pub fn finish(
        mut self,
        mut records: Vec<ImpactRecord>,
        tick: &(dyn Fn() + Sync),
    ) -> Result<Impacts, TestError> {
        let (mut fits, mut rounds) = (0, 0);
        loop {
            fits += records.iter().map(|record| record.fits).sum::<usize>();
            let lower = records.iter().filter_map(|record| record.lower.as_ref());
            let lowest = lower.min_by(|a, b| a.0.0.total_cmp(&b.0.0)).filter(|_| rounds < ROUNDS);
            let lowest: Option<Vec<f64>> = lowest.map(|(_, theta)| theta.iter().map(|x| x.0).collect());
            let again = lowest.map(|theta| self.reference.again(&self.options, &theta)).transpose()?;
            match again.filter(|again| again.nll < self.reference.nll) {
                Some(again) => self.reference = again,
                None => break,
            }
            records = all_tasks(&self, self.tasks(), tick);
            rounds += 1;
        }
        let known = self.nuisances.iter().zip(records);
        let parameters = known.map(|(&i, record)| record.of(self.reference.unmoved(i))).collect();
        Ok(self.reference.finish(&self.options, parameters, fits))
    }
}

impl Tasks for ImpactStudy<'_> {
    type Worker<'w>
        = ()
    where
        Self: 'w;
    type Record = ImpactRecord;

    fn worker(&self) {}

    fn run(&self, (): &mut (), task: u64) -> ImpactRecord {
        let found = self.reference.impact(self.nuisances[task as usize]);
        let ParameterImpact { effects, notes, converged, fits, lower, .. } = found;
        let lower = lower.map(|(nll, theta)| (Real(nll), theta.into_iter().map(Real).collect()));
        ImpactRecord { effects, notes, converged, fits, lower }
    }
}

impl ImpactRecord {
    /// With what the best fit tells of the parameter.
    fn of(self, unmoved: ParameterImpact) -> ParameterImpact {
        let Self { effects, notes, converged, fits, .. } = self;
        ParameterImpact { effects, notes, converged, fits, ..unmoved }
    }
}
