//! Metrics of the validation events in hard bins along the training: where they become worse while the loss of the training events
//! still falls, these are learnt by heart.

use zstat_core::model::Model;
use zstat_core::scorer::Scorer;

use super::super::evaluate::{Of, evaluate_of, filled, metrics};
use super::Trainer;
use crate::events::Purpose;

/// Names of the metrics, as columns of a history.
pub fn curve_names() -> Vec<String> {
    metrics().into_iter().map(|(name, _)| format!("validation.{name}")).collect()
}

impl Trainer<'_> {
    /// Metrics of the validation events for the measurement that is trained for; NaN where there is none.
    pub(in crate::train) fn curves(&self, scorer: &mut dyn Scorer, learnt: &[f64]) -> Vec<f64> {
        let found = evaluate_of(self, (scorer, learnt), Purpose::Validation, &mut |_, _| true, &mut |_| {});
        let model = found.ok().map(|found| Model::build(&filled(self, &found, None), &self.options));
        let of = |(_, of): (_, Of)| match &model {
            Some(Ok(model)) => of(model, self.engine.fitter).unwrap_or(f64::NAN),
            _ => f64::NAN,
        };
        metrics().into_iter().map(of).collect()
    }
}
