//! Distributions of a test statistic over toys, and the probabilities read from them.

use serde::Serialize;

use super::tally::at_least;

/// Statistics closer than this to the observed one, relative to the larger of it and 1, count as equal to it: toys with
/// the same counts differ by rounding only.
pub(crate) const SAME: f64 = 1e-7;

/// Fractions of a normal distribution below −2, −1, 0, 1 and 2 standard deviations.
pub(super) const QUANTILES: [f64; 5] =
    [0.022_750_131_948_179_2, 0.158_655_253_931_457_05, 0.5, 0.841_344_746_068_543, 0.977_249_868_051_820_8];

/// A number from toys, with its statistical error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate; NaN where there are no toys.
    pub value: f64,
    /// Its standard deviation, binomial; where none or all of the toys count, that of one that does (or does not).
    pub error: f64,
}

/// CLs+b, CLb and CLs from toys.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ToyTails {
    /// Fraction of the hypothesis' toys at least as extreme as the data.
    pub clsb: Estimate,
    /// The same of the alternative's toys.
    pub clb: Estimate,
    /// Their ratio.
    pub cls: Estimate,
}

/// Values over toys with their numbers, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distribution {
    /// Each value, and how many are at most as large.
    steps: Vec<(f64, u64)>,
}

impl Distribution {
    /// Of these values and their numbers; values that are no numbers are left out.
    pub fn new(counts: Vec<(f64, u64)>) -> Self {
        let mut steps = counts;
        steps.retain(|(value, _)| !value.is_nan());
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut so_far = 0;
        for (_, count) in &mut steps {
            so_far += *count;
            *count = so_far;
        }
        Self { steps }
    }

    /// Values and their numbers, ascending.
    pub fn counts(&self) -> impl Iterator<Item = (f64, u64)> {
        let before = std::iter::once(0).chain(self.steps.iter().map(|(_, up_to)| *up_to));
        self.steps.iter().zip(before).map(|((value, up_to), before)| (*value, up_to - before))
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.steps.last().map_or(0, |(_, up_to)| *up_to)
    }

    /// How many are at least `q`.
    pub fn at_least(&self, q: f64) -> u64 {
        let threshold = threshold(q);
        let first = self.steps.partition_point(|(value, _)| !at_least(*value, threshold));
        self.total() - first.checked_sub(1).map_or(0, |before| self.steps[before].1)
    }

    /// The fraction that is at least `q`.
    pub fn p_value(&self, q: f64) -> Estimate {
        fraction(self.at_least(q), self.total())
    }

    /// The value below which a fraction lies, linear between neighbours; NaN of none.
    pub fn percentile(&self, fraction: f64) -> f64 {
        let Some(last) = self.total().checked_sub(1) else { return f64::NAN };
        let place = fraction * last as f64;
        let below = place.floor() as u64;
        let [low, high] = [below, below + 1].map(|rank| self.ranked(rank.min(last)));
        // Both may be infinite.
        if low == high { low } else { low + (place - below as f64) * (high - low) }
    }

    /// The value before which so many others stand.
    fn ranked(&self, rank: u64) -> f64 {
        let step = self.steps.partition_point(|(_, up_to)| *up_to <= rank);
        self.steps.get(step).map_or(f64::NAN, |(value, _)| *value)
    }

    /// Values at −2, −1, 0, 1 and 2 standard deviations, ascending.
    pub fn bands(&self) -> [f64; 5] {
        QUANTILES.map(|quantile| self.percentile(quantile))
    }

    /// What a function makes of each of the values.
    pub fn map(&self, function: impl Fn(f64) -> f64) -> Self {
        Self::new(self.counts().map(|(value, count)| (function(value), count)).collect())
    }
}

/// From here on a value counts as at least as extreme as `q`.
pub(super) fn threshold(q: f64) -> f64 {
    if q == f64::INFINITY { q } else { q - SAME * q.abs().max(1.0) }
}

/// `count` of `total`.
pub(crate) fn fraction(count: u64, total: u64) -> Estimate {
    let (k, n) = (count as f64, total as f64);
    let p = k / n;
    // One toy says nothing of its error: it gets the largest.
    let edge = (1.0 / n).min(0.5);
    let safe = p.clamp(edge, 1.0 - edge);
    Estimate { value: p, error: (safe * (1.0 - safe) / n).sqrt() }
}

/// Tails of a value, from its fractions in the toys of the hypothesis and of the alternative.
pub(crate) fn tails(clsb: Estimate, clb: Estimate) -> ToyTails {
    let value = clsb.value / clb.value;
    let relative = |estimate: Estimate| estimate.error / estimate.value;
    let error =
        if clsb.value > 0.0 { value * relative(clsb).hypot(relative(clb)) } else { clsb.error / clb.value };
    ToyTails { clsb, clb, cls: Estimate { value, error } }
}

/// CLs+b, CLb and CLs of each of the alternative's toys.
fn all_tails(hypothesis: &Distribution, alternative: &Distribution) -> [Distribution; 3] {
    let clsb = |q| hypothesis.p_value(q).value;
    let clb = |q| alternative.p_value(q).value;
    [alternative.map(clsb), alternative.map(clb), alternative.map(|q| clsb(q) / clb(q))]
}

/// What the alternative's toys have for CLs+b, CLb and CLs: the five quantiles of each, the smallest CLs first.
pub(crate) fn expected_tails(hypothesis: &Distribution, alternative: &Distribution) -> [[f64; 3]; 5] {
    let [clsb, clb, cls] = all_tails(hypothesis, alternative).map(|tail| tail.bands());
    std::array::from_fn(|band| [clsb[band], clb[band], cls[band]])
}

/// CLs as the alternative's toys have it, at the five quantiles of [`expected_tails`]. Its error has two parts: the binomial
/// one of CLs+b, and that of the place of the quantile among so many toys, at which CLb is what it is by definition.
pub(crate) fn expected_cls(hypothesis: &Distribution, alternative: &Distribution) -> [Estimate; 5] {
    let (total, toys) = (hypothesis.total(), alternative.total() as f64);
    let [clsb, clb, cls] = all_tails(hypothesis, alternative);
    QUANTILES.map(|quantile| {
        let apart = (quantile * (1.0 - quantile) / toys).sqrt();
        let at = |fraction: f64| clsb.percentile(fraction.clamp(0.0, 1.0));
        let place = 0.5 * (at(quantile + apart) - at(quantile - apart));
        let count = (at(quantile) * total as f64).round() as u64;
        let error = fraction(count, total).error.hypot(place) / clb.percentile(quantile);
        Estimate { value: cls.percentile(quantile), error }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_linear_between_values() {
        let values = Distribution::new([16.0, 1.0, 2.0, 8.0, 4.0].map(|value| (value, 1)).to_vec());
        let found = [0.0, 0.25, 0.4, 0.5, 1.0].map(|fraction| values.percentile(fraction));
        for (found, wanted) in found.iter().zip([1.0, 2.0, 3.2, 4.0, 16.0]) {
            assert!((found - wanted).abs() < 1e-12);
        }
        assert!(Distribution::default().percentile(0.5).is_nan());
    }

    #[test]
    fn equal_values_count_and_failed_toys_do_not() {
        let distribution =
            Distribution::new([3.0, f64::NAN, 1.0, 2.0, 2.0 + 1e-9].map(|value| (value, 1)).to_vec());
        assert_eq!(
            [0.0, 2.0 + 2e-9, 2.1, 4.0, f64::INFINITY].map(|q| distribution.at_least(q)),
            [4, 3, 1, 0, 0]
        );
        let p = distribution.p_value(2.0);
        assert_eq!(p.value, 0.75);
        assert!((p.error - (0.75_f64 * 0.25 / 4.0).sqrt()).abs() < 1e-15);
        // None of four is no certainty: the error is that of one.
        assert!((distribution.p_value(9.0).error - (0.25_f64 * 0.75 / 4.0).sqrt()).abs() < 1e-15);
        let one = Distribution::new(vec![(3.0, 1)]);
        assert_eq!(
            [one.p_value(2.0), one.p_value(4.0)].map(|p| (p.value, p.error)),
            [(1.0, 0.5), (0.0, 0.5)]
        );
        assert!(Distribution::default().p_value(1.0).value.is_nan());
    }
}
