//! Expected signal and background in every bin, and the way back from derivatives by them to the templates.

use zstat_core::likelihood::Nll;
use zstat_core::loss::{Binned, LossError, Slopes};

use crate::expected::in_every_bin;

/// Signal and background a bin: what the parameter of interest adds, and what is there without.
pub(crate) struct Counts<'a> {
    nll: Nll<'a>,
    with: Vec<f64>,
    without: Vec<f64>,
    /// Events a bin.
    pub signal: Vec<f64>,
    /// Events a bin.
    pub background: Vec<f64>,
}

impl<'a> Counts<'a> {
    /// Of a batch.
    ///
    /// # Errors
    /// Where a bin has no background.
    pub fn new(batch: &Binned<'a>) -> Result<Self, LossError> {
        let model = batch.model;
        let mut nll = Nll::new(model, model.data(vec![0.0; model.n_bins()]));
        let with = batch.point.to_vec();
        let mut without = with.clone();
        without[batch.poi] = 0.0;
        let background = nll.expected(&without).to_vec();
        let signal = nll.expected(&with).iter().zip(&background).map(|(n, b)| n - b).collect();
        in_every_bin(model, &background)?;
        Ok(Self { nll, with, without, signal, background })
    }

    /// Derivatives by the templates from those by signal and background, one a bin, into `gradient` (overwritten).
    ///
    /// # Errors
    /// Where the likelihood has no value.
    pub fn pull(
        &mut self,
        by_signal: &[f64],
        by_background: &[f64],
        gradient: &mut Slopes,
    ) -> Result<(), LossError> {
        gradient.clear();
        self.nll.pull_to_templates(&self.with, by_signal, &mut gradient.templates)?;
        let rest: Vec<f64> = by_background.iter().zip(by_signal).map(|(b, s)| b - s).collect();
        self.nll.pull_to_templates(&self.without, &rest, &mut gradient.templates)?;
        Ok(())
    }
}
