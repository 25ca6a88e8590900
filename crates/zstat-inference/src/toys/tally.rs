//! Values of a statistic over toys, counted as they come: memory does not grow with their number.

use super::distribution::{Distribution, Estimate, fraction, threshold};

/// Distinct values that are held as they are. With more, all are cut to as many binary digits as leave no more than this.
pub(crate) const DISTINCT: usize = 1 << 16;
/// Values that wait to be counted.
const WAITING: usize = 1 << 12;
/// Digits of the first cut; toys that differ by less hardly exist.
const DIGITS: u32 = 24;

/// The values of a statistic over toys: how many are at least as extreme as the data, exactly, and how they are distributed.
///
/// The distribution is exact up to [`DISTINCT`] distinct values. With more, values are cut to b binary digits after the
/// leading one, towards zero, so that each is moved by less than 2⁻ᵇ of itself; b is the largest number that leaves at
/// most [`DISTINCT`]. That depends on the set of values alone, not on their order: cuts are nested, and more values never
/// are fewer distinct ones. Values of a test statistic over some octaves leave b at 12 to 14.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    /// From here on a value is at least as extreme as the data.
    threshold: f64,
    extreme: u64,
    /// Ascending, with their numbers.
    counted: Vec<(f64, u64)>,
    waiting: Vec<f64>,
    /// None as long as values are exact.
    digits: Option<u32>,
    total: u64,
}

impl Tally {
    /// Nothing yet; `observed` is the value of the data.
    pub fn new(observed: f64) -> Self {
        Self {
            threshold: threshold(observed),
            extreme: 0,
            counted: Vec::new(),
            waiting: Vec::new(),
            digits: None,
            total: 0,
        }
    }

    /// One more; what is no number (a failed toy) is left out.
    pub fn add(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.total += 1;
        self.extreme += u64::from(at_least(value, self.threshold));
        self.waiting.push(value);
        if self.waiting.len() >= WAITING {
            self.settle();
        }
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The fraction at least as extreme as the data.
    pub fn observed(&self) -> Estimate {
        fraction(self.extreme, self.total)
    }

    /// The distribution, and how far values are moved at most, relative to themselves.
    pub fn distribution(mut self) -> (Distribution, f64) {
        self.settle();
        let moved = resolution(self.digits);
        (Distribution::new(self.counted), moved)
    }

    /// The distributions of two that are compared, cut alike; and how far values are moved at most, relative to themselves.
    pub fn distributions(mut pair: [Self; 2]) -> ([Distribution; 2], f64) {
        pair.iter_mut().for_each(Self::settle);
        let digits = pair.iter().filter_map(|tally| tally.digits).min();
        if let Some(digits) = digits {
            pair.iter_mut().for_each(|tally| tally.cut(digits));
        }
        (pair.map(|tally| Distribution::new(tally.counted)), resolution(digits))
    }

    /// Counts what waits.
    fn settle(&mut self) {
        self.waiting.sort_unstable_by(f64::total_cmp);
        let digits = self.digits;
        let as_held = |value: f64| digits.map_or(value, |digits| cut(value, digits));
        // Minus zero is zero.
        self.counted.extend(self.waiting.drain(..).map(|value| (as_held(value) + 0.0, 1)));
        // Two ascending stretches: a stable sort merges them.
        self.counted.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.unite();
        while self.counted.len() > DISTINCT {
            let digits = self.digits.map_or(DIGITS, |digits| digits.saturating_sub(1));
            self.cut(digits);
        }
    }

    fn cut(&mut self, digits: u32) {
        self.digits = Some(digits);
        self.counted.iter_mut().for_each(|(value, _)| *value = cut(*value, digits) + 0.0);
        self.unite();
    }

    fn unite(&mut self) {
        self.counted.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
    }
}

/// `value` with so many binary digits after the leading one.
fn cut(value: f64, digits: u32) -> f64 {
    let kept = f64::MANTISSA_DIGITS - 1 - digits;
    f64::from_bits(value.to_bits() >> kept << kept)
}

fn resolution(digits: Option<u32>) -> f64 {
    digits.map_or(0.0, |digits| 0.5_f64.powi(digits as i32))
}

/// Counts as at least as extreme, also where the threshold is no number.
pub(super) fn at_least(value: f64, threshold: f64) -> bool {
    // A test that is not "greater or equal": what cannot be compared counts.
    !matches!(value.partial_cmp(&threshold), Some(std::cmp::Ordering::Less))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::toys::SAME;
    use crate::toys::distribution::{QUANTILES, expected_cls, expected_tails, tails};

    /// The slow oracle: all values, sorted.
    struct Sorted(Vec<f64>);

    impl Sorted {
        fn new(values: impl IntoIterator<Item = f64>) -> Self {
            let mut values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
            values.sort_by(f64::total_cmp);
            Self(values)
        }

        fn at_least(&self, q: f64) -> usize {
            if q == f64::INFINITY {
                return self.0.iter().filter(|value| **value == q).count();
            }
            let threshold = q - SAME * q.abs().max(1.0);
            self.0.len() - self.0.partition_point(|value| *value < threshold)
        }

        fn p(&self, q: f64) -> f64 {
            self.at_least(q) as f64 / self.0.len() as f64
        }

        fn percentile(&self, fraction: f64) -> f64 {
            let Some(last) = self.0.len().checked_sub(1) else { return f64::NAN };
            let place = fraction * last as f64;
            let below = place.floor() as usize;
            let (low, high) = (self.0[below], self.0[(below + 1).min(last)]);
            if low == high { low } else { low + (place - below as f64) * (high - low) }
        }

        fn bands(&self) -> [f64; 5] {
            QUANTILES.map(|quantile| self.percentile(quantile))
        }

        fn map(&self, function: impl Fn(f64) -> f64) -> Self {
            Self::new(self.0.iter().map(|&value| function(value)))
        }
    }

    fn tally(values: &[f64], observed: f64) -> Tally {
        let mut tally = Tally::new(observed);
        values.iter().for_each(|&value| tally.add(value));
        tally
    }

    /// Equal, or both no number.
    fn same(found: f64, wanted: f64) -> bool {
        found == wanted || (found.is_nan() && wanted.is_nan())
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        let value = prop_oneof![
            4 => 0.0..30.0_f64,
            3 => prop::sample::select(vec![0.0, -0.0, 1.0, 1.0 + 1e-9, 2.5, 2.5, 7.0]),
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
            1 => -1e-9..1e-9_f64,
        ];
        prop::collection::vec(value, 0..60)
    }

    proptest! {
        /// Exactly what the sorted values give: tails, bands and errors, with ties, failed toys, few toys and none.
        #[test]
        fn counts_are_the_sorted_values(h in values(), a in values(), q in prop_oneof![0.0..9.0_f64, Just(2.5), Just(f64::INFINITY)]) {
            let (slow_h, slow_a) = (Sorted::new(h.clone()), Sorted::new(a.clone()));
            let pair = [tally(&h, q), tally(&a, q)];
            prop_assert_eq!([pair[0].total(), pair[1].total()], [slow_h.0.len() as u64, slow_a.0.len() as u64]);
            let [clsb, clb] = pair.each_ref().map(Tally::observed);
            prop_assert!(same(clsb.value, slow_h.p(q)) && same(clb.value, slow_a.p(q)));
            prop_assert!(same(tails(clsb, clb).cls.value, slow_h.p(q) / slow_a.p(q)));
            let ([fast_h, fast_a], moved) = Tally::distributions(pair);
            prop_assert_eq!(moved, 0.0);
            let cls = |q: f64| slow_h.p(q) / slow_a.p(q);
            let wanted = [slow_a.map(|q| slow_h.p(q)), slow_a.map(|q| slow_a.p(q)), slow_a.map(cls)];
            let found = expected_tails(&fast_h, &fast_a);
            for (place, wanted) in wanted.iter().map(Sorted::bands).enumerate() {
                for (found, wanted) in found.iter().zip(wanted) {
                    prop_assert!(same(found[place], wanted), "{place}: {found:?}, {wanted}");
                }
            }
            for (found, wanted) in fast_a.bands().into_iter().zip(slow_a.bands()) {
                prop_assert!(same(found, wanted));
            }
            for (at, cls) in expected_cls(&fast_h, &fast_a).into_iter().enumerate() {
                let (quantile, n) = (QUANTILES[at], slow_a.0.len() as f64);
                let apart = (quantile * (1.0 - quantile) / n).sqrt();
                let clsb = |f: f64| wanted[0].percentile(f.clamp(0.0, 1.0));
                let count = (clsb(quantile) * slow_h.0.len() as f64).round() as u64;
                let place = 0.5 * (clsb(quantile + apart) - clsb(quantile - apart));
                let error = fraction(count, slow_h.0.len() as u64).error.hypot(place);
                prop_assert!(same(cls.value, wanted[2].percentile(quantile)));
                prop_assert!(same(cls.error, error / wanted[1].percentile(quantile)), "{cls:?}");
            }
        }
    }

    /// χ² with one degree of freedom, half of it at 0, shifted by a signal.
    fn statistics(count: usize, signal: f64, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut one = || {
            let normal = crate::quantile(random.random_range(1e-12..1.0)) + signal;
            if normal < 0.0 { 0.0 } else { normal * normal }
        };
        (0..count).map(|_| one()).collect()
    }

    /// Beyond the largest number of distinct values: the data's tails are exact, and the bands lie between those that the
    /// sorted values give when each is moved by as much as is said.
    #[test]
    fn bands_of_many_toys_are_as_exact_as_is_said() {
        let (h, a) = (statistics(200_000, 1.5, 1), statistics(170_000, 0.0, 2));
        let q = 3.3;
        let (slow_h, slow_a) = (Sorted::new(h.clone()), Sorted::new(a.clone()));
        let pair = [tally(&h, q), tally(&a, q)];
        assert!(pair.iter().all(|tally| tally.counted.len() <= DISTINCT));
        let observed = pair.each_ref().map(Tally::observed);
        assert_eq!(observed.map(|p| p.value), [slow_h.p(q), slow_a.p(q)]);
        let ([fast_h, fast_a], moved) = Tally::distributions(pair);
        assert!(moved > 0.0 && moved <= 0.5_f64.powi(12), "{moved}");
        for (found, exact) in fast_a.bands().into_iter().zip(slow_a.bands()) {
            assert!(found <= exact && found >= exact * (1.0 - moved), "{found}, {exact}");
        }
        // The most and the least that count as at least as large.
        let most = |q: f64| q * (1.0 - moved) - 2.0 * SAME * q.max(1.0);
        let least = |q: f64| if q > 0.0 { q + 2.0 * SAME * q.max(1.0) } else { q };
        let bounds = [
            [slow_a.map(|q| slow_h.p(least(q))), slow_a.map(|q| slow_h.p(most(q)))],
            [slow_a.map(|q| slow_a.p(least(q))), slow_a.map(|q| slow_a.p(most(q)))],
            [
                slow_a.map(|q| slow_h.p(least(q)) / slow_a.p(most(q))),
                slow_a.map(|q| slow_h.p(most(q)) / slow_a.p(least(q))),
            ],
        ];
        let found = expected_tails(&fast_h, &fast_a);
        for (place, bounds) in bounds.iter().enumerate() {
            let [low, high] = bounds.each_ref().map(Sorted::bands);
            for (band, tails) in found.iter().enumerate() {
                assert!((low[band]..=high[band]).contains(&tails[place]), "{place} {band}: {tails:?}");
            }
            // The bounds are no excuse for anything.
            assert!(
                (0..5).all(|band| high[band] - low[band] < 2e-3 * high[band]),
                "{place}: {low:?} {high:?}"
            );
        }
    }

    /// Any order, and any moments at which what waits is counted: the same result to the last bit, cut or not.
    #[test]
    fn order_does_not_matter() {
        let zeros = 40_000;
        for count in [1000, DISTINCT - 1, DISTINCT, 150_000] {
            let mut values: Vec<f64> = (0..count).map(|i| (i as f64 + 1.0).sqrt()).collect();
            values.extend(std::iter::repeat_n(0.0, zeros));
            let distinct = values.iter().map(|value| value.to_bits()).collect::<BTreeSet<u64>>().len();
            let mut orders = vec![values.clone(), values.iter().rev().copied().collect()];
            let mut random = ChaCha8Rng::seed_from_u64(5);
            for at in (1..values.len()).rev() {
                values.swap(at, random.random_range(0..=at));
            }
            orders.push(values);
            let results: Vec<_> = orders
                .iter()
                .map(|values| {
                    let tally = tally(values, 20.0);
                    let (observed, total) = (tally.observed(), tally.total());
                    let (distribution, moved) = tally.distribution();
                    let counts: Vec<(f64, u64)> = distribution.counts().collect();
                    (observed.value, total, counts, moved)
                })
                .collect();
            assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{count}");
            let (observed, total, counts, moved) = &results[0];
            assert_eq!((*total, counts[0]), ((count + zeros) as u64, (0.0, zeros as u64)));
            assert_eq!(*observed, (count + 1).saturating_sub(400) as f64 / *total as f64);
            assert_eq!(*moved == 0.0, distinct <= DISTINCT, "{count}: {distinct}");
            if *moved == 0.0 {
                assert_eq!(counts.len(), distinct);
            } else {
                // One digit more would leave too many.
                let digits = (1.0 / moved).log2() as u32;
                let left = |digits| {
                    let all = orders[0].iter().map(|value| cut(*value, digits).to_bits());
                    all.collect::<BTreeSet<u64>>().len()
                };
                assert!(
                    counts.len() == left(digits) && left(digits) <= DISTINCT && left(digits + 1) > DISTINCT
                );
            }
        }
    }

    #[test]
    fn cuts_are_towards_zero_and_nested() {
        assert_eq!([1.999, -1.999, 0.0, 6.5].map(|value| cut(value, 1)), [1.5, -1.5, 0.0, 6.0]);
        let mut random = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..1000 {
            let value = random.random_range(-8.0..8.0_f64).exp();
            for digits in 0..DIGITS {
                let (fine, coarse) = (cut(value, digits + 1), cut(value, digits));
                assert_eq!(cut(fine, digits), coarse);
                assert!(coarse <= fine && fine <= value && value - coarse < value * resolution(Some(digits)));
            }
        }
    }
}
