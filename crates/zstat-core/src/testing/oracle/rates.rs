//! Expected events: Σ over samples of (Π factors) · (nominal + Σ increments), bin by bin.

use std::collections::BTreeSet;

use super::{Number, Oracle, interpolation};
use crate::spec::{Channel, Modifier, ModifierKind, Sample};

impl Oracle {
    /// Expected events a bin, channels by name, after clipping.
    pub fn expected<T: Number>(&self, theta: &[T]) -> Vec<T> {
        let mut expected = Vec::new();
        for channel in &self.workspace.channels {
            for bin in 0..n_bins(channel) {
                let total = self.expected_in_bin(channel, bin, theta);
                expected.push(at_least(total, self.options.clip_bins));
            }
        }
        expected
    }

    fn expected_in_bin<T: Number>(&self, channel: &Channel, bin: usize, theta: &[T]) -> T {
        let mut total = T::from(0.0);
        for sample in &channel.samples {
            total += at_least(self.sample_in_bin(channel, sample, bin, theta), self.options.clip_samples);
        }
        // pyhf has every sample in every channel: where it is not defined, with content 0, which is clipped, too.
        for _ in 0..self.samples_elsewhere(channel) {
            total += at_least(T::from(0.0), self.options.clip_samples);
        }
        total
    }

    fn samples_elsewhere(&self, channel: &Channel) -> usize {
        let everywhere: BTreeSet<&str> = self
            .workspace
            .channels
            .iter()
            .flat_map(|channel| channel.samples.iter().map(|sample| sample.name.as_str()))
            .collect();
        everywhere.len() - channel.samples.len()
    }

    fn sample_in_bin<T: Number>(&self, channel: &Channel, sample: &Sample, bin: usize, theta: &[T]) -> T {
        let mut factor = T::from(1.0);
        let mut content = T::from(sample.data[bin]);
        for modifier in &sample.modifiers {
            match self.effect(channel, sample, modifier, bin, theta) {
                Effect::Factor(value) => factor *= value,
                Effect::Increment(value) => content += value,
            }
        }
        factor * content
    }

    fn effect<T: Number>(
        &self,
        channel: &Channel,
        sample: &Sample,
        modifier: &Modifier,
        bin: usize,
        theta: &[T],
    ) -> Effect<T> {
        match &modifier.kind {
            ModifierKind::NormFactor | ModifierKind::Lumi => {
                Effect::Factor(self.scalar(&modifier.name, theta))
            }
            ModifierKind::NormSys { lo, hi, interpolation } => {
                let code = interpolation.unwrap_or(self.options.normsys_code());
                Effect::Factor(interpolation::factor(code, self.scalar(&modifier.name, theta), *lo, *hi))
            }
            ModifierKind::HistoSys { lo, hi, interpolation } => {
                let code = interpolation.unwrap_or(self.options.histosys_code());
                let (lo, nominal, hi) = (lo[bin], sample.data[bin], hi[bin]);
                Effect::Increment(interpolation::increment(
                    code,
                    self.scalar(&modifier.name, theta),
                    lo,
                    nominal,
                    hi,
                ))
            }
            ModifierKind::ShapeSys { .. } | ModifierKind::StatError { .. } | ModifierKind::ShapeFactor => {
                let set = &self.sets[&modifier.name];
                Effect::Factor(theta[set.first + set.offsets[&channel.name] + bin])
            }
        }
    }
}

enum Effect<T> {
    Factor(T),
    Increment(T),
}

/// Bins of a channel: those of its first sample.
pub(super) fn n_bins(channel: &Channel) -> usize {
    channel.samples.first().map_or(0, |sample| sample.data.len())
}

fn at_least<T: Number>(value: T, limit: Option<f64>) -> T {
    match limit {
        Some(limit) if value.re() < limit => T::from(limit),
        _ => value,
    }
}
