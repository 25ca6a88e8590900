//! The background of every bin, whatever it is: for penalties, which must have a value where other losses have none.

use zstat_core::likelihood::Nll;
use zstat_core::loss::{Binned, LossError, Slopes};

use crate::spread::{Spread, Whose};

/// What is expected where the parameter of interest is 0.
pub(crate) struct Background<'a> {
    nll: Nll<'a>,
    theta: Vec<f64>,
    /// Events a bin.
    pub events: Vec<f64>,
}

impl<'a> Background<'a> {
    /// Of a batch.
    pub fn new(batch: &Binned<'a>) -> Self {
        let model = batch.model;
        let mut nll = Nll::new(model, model.data(vec![0.0; model.n_bins()]));
        let mut theta = batch.point.to_vec();
        theta[batch.poi] = 0.0;
        let events = nll.expected(&theta).to_vec();
        Self { nll, theta, events }
    }

    /// Its variances because simulated events are few.
    ///
    /// # Errors
    /// Where they are not known.
    pub fn spread(&mut self, batch: &Binned<'_>) -> Result<Spread, LossError> {
        Spread::of(batch, &mut self.nll, &self.theta, &Whose::All)
    }

    /// Derivatives by the templates from those by the events, one a bin, into `gradient` (overwritten, those by variances with
    /// zeros).
    ///
    /// # Errors
    /// Where the likelihood has no value.
    pub fn pull(&mut self, by_events: &[f64], gradient: &mut Slopes) -> Result<(), LossError> {
        gradient.clear();
        Ok(self.nll.pull_to_templates(&self.theta, by_events, &mut gradient.templates)?)
    }
}
