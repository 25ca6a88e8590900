//! What an earlier training has learnt, in place of a training.

use super::fit::{Fitted, Trainer};
use crate::apply::{WeightsFault, restore};
use crate::files::tensors::Tensors;

impl Trainer<'_> {
    /// What a training of the same spec and seed has learnt, from its tensors; the state after `epoch` was taken.
    ///
    /// # Errors
    /// All tensors that do not fit.
    pub fn restored(&self, file: &Tensors, epoch: u32) -> Result<Fitted, Vec<WeightsFault>> {
        let training = self.engine.training;
        // The seed is that of a start which is overwritten.
        let scorer = training.scorer.make(self.features(), training.summary.outputs(), 0);
        let mut scorer = scorer.map_err(|fault| vec![fault.into()])?;
        let learnt = restore(scorer.as_mut(), training.summary.start().len(), file)?;
        Ok(Fitted { scorer, learnt, epoch })
    }
}
