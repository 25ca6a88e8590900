//! What makes a result doubtful: bins with next to no simulated events, numbers beyond what is possible, features that a few events
//! have spoilt.

use zstat_core::text::{in_short, ranges};

use super::evaluate::{Evaluation, Metric, Metrics};
use super::fit::Trainer;
use super::soundness::more_events;

/// Simulated events of the background that a bin should have at least.
const FEW: u64 = 5;
/// Standard deviations, from the numbers of events, that a result may be below the smallest possible.
const BELOW: f64 = 3.0;
/// A feature is spoilt where the middle 68 % of its events are in so small a part of its standard deviation.
const NARROW: f64 = 0.01;
/// Events of a process that are looked at for that.
const MOST: usize = 100_000;

impl Trainer<'_> {
    /// What a reader of the result should doubt; nothing where all is well.
    pub fn doubts(
        &self,
        found: &Evaluation,
        metrics: &[Metrics],
        limits: &[Result<Metric, String>],
    ) -> Vec<String> {
        let mut all = self.spoilt_features();
        all.extend(self.thin_bins(found));
        all.extend(metrics.iter().zip(limits).filter_map(|(metrics, limit)| too_good(metrics, limit)));
        all
    }

    /// Bins that the background has next to no simulated events in.
    fn thin_bins(&self, found: &Evaluation) -> Option<String> {
        let training = self.engine.training;
        let background = training.samples.iter().enumerate();
        let background = background.filter(|(_, sample)| !training.signals[sample.process]);
        let mut passes: Vec<usize> = background.map(|(cell, _)| self.nominal_pass(cell)).collect();
        passes.sort_unstable();
        passes.dedup();
        let events =
            |bin: &usize| passes.iter().map(|pass| found.counts[pass * found.bins() + bin]).sum::<u64>();
        let kept = found.kept();
        let thin: Vec<usize> = kept.iter().copied().filter(|bin| events(bin) < FEW).collect();
        if thin.is_empty() || passes.is_empty() {
            return None;
        }
        let nouns = if thin.len() == 1 { "bin" } else { "bins" };
        let more = more_events(training);
        Some(format!(
            "less than {FEW} simulated events of the background are in {} of {} bins ({nouns} {} of the summary): what they are worth is not known, and looks better than it is; use fewer bins, or {more}, or the penalty `minimum_background`",
            thin.len(),
            kept.len(),
            ranges(&thin)
        ))
    }

    /// Features whose standard deviation is that of a few events far away from all others.
    fn spoilt_features(&self) -> Vec<String> {
        let width = self.kitchen.features.len();
        let mut all = Vec::new();
        for (column, name) in self.kitchen.features.iter().enumerate() {
            let nominal = self.training_events().passes.iter().take(self.engine.nominal());
            let values = nominal.flat_map(|of| of.x.iter().skip(column).step_by(width.max(1)).take(MOST));
            let mut values: Vec<f32> = values.copied().filter(|x| x.is_finite()).collect();
            let n = values.len();
            if n < 100 {
                continue;
            }
            let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n as f64;
            let variance = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n as f64;
            values.sort_by(f32::total_cmp);
            let middle = f64::from(values[n * 84 / 100]) - f64::from(values[n * 16 / 100]);
            // A feature of few values may have them all alike.
            if middle > 0.0 && middle < NARROW * variance.sqrt() {
                all.push(format!(
                    "the feature `{name}` is nearly the same for all training events but a few that are far away, which make its standard deviation: the scorer sees no differences between the others; leave the few out (`select`), or take a function of it (`derive`)"
                ));
            }
        }
        all
    }
}

/// A standard deviation below what the events themselves allow.
fn too_good(metrics: &Metrics, limit: &Result<Metric, String>) -> Option<String> {
    let of = metrics.values.iter().find(|(name, _)| *name == "sigma_poi");
    let (found, limit) = (of?.1.as_ref().ok()?, limit.as_ref().ok()?);
    let error = found.error.unwrap_or(0.0).hypot(limit.error.unwrap_or(0.0));
    (found.value < limit.value - BELOW * error).then(|| {
        let measurement =
            metrics.measurement.as_ref().map(|name| format!(", measurement `{name}`")).unwrap_or_default();
        format!(
            "sigma_poi{measurement} is {}, below {} of the unbinned likelihood, which nothing beats: the templates have too few simulated events",
            in_short(found.value),
            in_short(limit.value)
        )
    })
}
