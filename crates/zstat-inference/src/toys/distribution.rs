//! Distributions of a test statistic over toys, and the probabilities read from them.

use serde::Serialize;

/// Statistics closer than this to the observed one, relative to the larger of it and 1, count as equal to it: toys with
/// the same counts differ by rounding only.
pub(crate) const SAME: f64 = 1e-7;

/// Fractions of a normal distribution below −2, −1, 0, 1 and 2 standard deviations.
const QUANTILES: [f64; 5] =
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

/// Values of a statistic over toys, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distribution(Vec<f64>);

impl Distribution {
    /// Of these values; those that are no numbers (failed toys) are left out.
    pub fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }

    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// How many are at least `q`.
    pub fn at_least(&self, q: f64) -> usize {
        if q == f64::INFINITY {
            return 0;
        }
        let threshold = q - SAME * q.abs().max(1.0);
        self.0.len() - self.0.partition_point(|value| *value < threshold)
    }

    /// The fraction that is at least `q`.
    pub fn p_value(&self, q: f64) -> Estimate {
        fraction(self.at_least(q), self.0.len())
    }

    /// Values at −2, −1, 0, 1 and 2 standard deviations, ascending.
    pub fn bands(&self) -> [f64; 5] {
        QUANTILES.map(|quantile| percentile(&self.0, quantile))
    }
}

/// `count` of `total`.
pub(crate) fn fraction(count: usize, total: usize) -> Estimate {
    let (k, n) = (count as f64, total as f64);
    let p = k / n;
    // One toy says nothing of its error: it gets the largest.
    let edge = (1.0 / n).min(0.5);
    let safe = p.clamp(edge, 1.0 - edge);
    Estimate { value: p, error: (safe * (1.0 - safe) / n).sqrt() }
}

/// The value below which a fraction of the sorted values lies, linear between neighbours; NaN of none.
pub(crate) fn percentile(sorted: &[f64], fraction: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = fraction * last as f64;
    let below = place.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    low + (place - below as f64) * (high - low)
}

/// Tails of the value `q` in the two distributions.
pub(crate) fn tails(q: f64, hypothesis: &Distribution, alternative: &Distribution) -> ToyTails {
    let (clsb, clb) = (hypothesis.p_value(q), alternative.p_value(q));
    let value = clsb.value / clb.value;
    let relative = |estimate: Estimate| estimate.error / estimate.value;
    let error =
        if clsb.value > 0.0 { value * relative(clsb).hypot(relative(clb)) } else { clsb.error / clb.value };
    ToyTails { clsb, clb, cls: Estimate { value, error } }
}

/// What the alternative's toys have for CLs+b, CLb and CLs: the five quantiles of each, the smallest CLs first.
pub(crate) fn expected_tails(hypothesis: &Distribution, alternative: &Distribution) -> [[f64; 3]; 5] {
    let all: Vec<ToyTails> =
        alternative.values().iter().map(|&q| tails(q, hypothesis, alternative)).collect();
    let of = |pick: fn(&ToyTails) -> f64| Distribution::new(all.iter().map(pick)).bands();
    let [clsb, clb, cls] = [of(|t| t.clsb.value), of(|t| t.clb.value), of(|t| t.cls.value)];
    std::array::from_fn(|band| [clsb[band], clb[band], cls[band]])
}

/// CLs as the alternative's toys have it, at the five quantiles of [`expected_tails`]. Its error has two parts: the binomial
/// one of CLs+b, and that of the place of the quantile among so many toys, at which CLb is what it is by definition.
pub(crate) fn expected_cls(hypothesis: &Distribution, alternative: &Distribution) -> [Estimate; 5] {
    let (total, toys) = (hypothesis.0.len(), alternative.0.len() as f64);
    // Descending statistics: ascending probabilities.
    let counts: Vec<usize> = alternative.0.iter().rev().map(|&q| hypothesis.at_least(q)).collect();
    let clsb: Vec<f64> = counts.iter().map(|&count| fraction(count, total).value).collect();
    let clb: Vec<f64> = alternative.0.iter().rev().map(|&q| alternative.p_value(q).value).collect();
    let mut cls: Vec<f64> = clsb.iter().zip(&clb).map(|(clsb, clb)| clsb / clb).collect();
    cls.sort_unstable_by(f64::total_cmp);
    QUANTILES.map(|quantile| {
        let apart = (quantile * (1.0 - quantile) / toys).sqrt();
        let at = |fraction: f64| percentile(&clsb, fraction.clamp(0.0, 1.0));
        let place = 0.5 * (at(quantile + apart) - at(quantile - apart));
        let count = (at(quantile) * total as f64).round() as usize;
        let error = fraction(count, total).error.hypot(place) / percentile(&clb, quantile);
        Estimate { value: percentile(&cls, quantile), error }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_linear_between_values() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        let found = [0.0, 0.25, 0.4, 0.5, 1.0].map(|fraction| percentile(&sorted, fraction));
        for (found, wanted) in found.iter().zip([1.0, 2.0, 3.2, 4.0, 16.0]) {
            assert!((found - wanted).abs() < 1e-12);
        }
        assert!(percentile(&[], 0.5).is_nan());
    }

    #[test]
    fn equal_values_count_and_failed_toys_do_not() {
        let distribution = Distribution::new([3.0, f64::NAN, 1.0, 2.0, 2.0 + 1e-9].into_iter());
        assert_eq!(
            [0.0, 2.0 + 2e-9, 2.1, 4.0, f64::INFINITY].map(|q| distribution.at_least(q)),
            [4, 3, 1, 0, 0]
        );
        let p = distribution.p_value(2.0);
        assert_eq!(p.value, 0.75);
        assert!((p.error - (0.75_f64 * 0.25 / 4.0).sqrt()).abs() < 1e-15);
        // None of four is no certainty: the error is that of one.
        assert!((distribution.p_value(9.0).error - (0.25_f64 * 0.75 / 4.0).sqrt()).abs() < 1e-15);
        let one = Distribution::new([3.0].into_iter());
        assert_eq!(
            [one.p_value(2.0), one.p_value(4.0)].map(|p| (p.value, p.error)),
            [(1.0, 0.5), (0.0, 0.5)]
        );
        assert!(Distribution::default().p_value(1.0).value.is_nan());
    }
}
