//! Which tasks of a job are done.

use std::collections::BTreeMap;
use std::ops::Range;

/// The tasks of a range that are done, as stretches without gap: tasks are done nearly one after the other, so these are few,
/// however many tasks there are.
pub(super) struct DoneSet {
    all: Range<u64>,
    /// Begin and end of each stretch; no two touch.
    stretches: BTreeMap<u64, u64>,
    count: u64,
}

impl DoneSet {
    /// None of a range.
    pub fn new(all: Range<u64>) -> Self {
        Self { all, stretches: BTreeMap::new(), count: 0 }
    }

    /// How many are done.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// False where it was there already, or is not in the range.
    pub fn insert(&mut self, task: u64) -> bool {
        if !self.all.contains(&task) || self.contains(task) {
            return false;
        }
        let before = self.stretches.range(..task).next_back().filter(|(_, end)| **end == task);
        let first = before.map_or(task, |(first, _)| *first);
        let end = self.stretches.remove(&(task + 1)).unwrap_or(task + 1);
        self.stretches.insert(first, end);
        self.count += 1;
        true
    }

    /// Is it done?
    pub fn contains(&self, task: u64) -> bool {
        self.stretches.range(..=task).next_back().is_some_and(|(_, end)| task < *end)
    }

    /// Stretches that are not done.
    pub fn gaps(&self) -> Vec<Range<u64>> {
        let from = std::iter::once(self.all.start).chain(self.stretches.values().copied());
        let to = self.stretches.keys().copied().chain([self.all.end]);
        from.zip(to).filter(|(from, to)| from < to).map(|(from, to)| from..to).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_and_what_is_not() {
        let mut done = DoneSet::new(100..300);
        assert!([100, 163, 164, 299].map(|task| done.insert(task)).iter().all(|new| *new));
        assert!([100, 164, 99, 300].map(|task| done.insert(task)).iter().all(|new| !*new));
        assert_eq!(done.count(), 4);
        assert_eq!(done.gaps(), [101..163, 165..299]);
        assert!(!done.contains(0) && !done.contains(1000));
        let mut huge = DoneSet::new(7..1 << 60);
        assert!(huge.gaps().iter().eq([&(7..1 << 60)]));
        assert!(huge.insert(8));
        assert_eq!(huge.gaps(), [7..8, 9..1 << 60]);
    }

    /// Against a plain set, in an order that makes, prolongs and joins stretches; then they are one.
    #[test]
    fn stretches_are_a_set() {
        let mut done = DoneSet::new(3..500);
        let mut plain = std::collections::BTreeSet::new();
        for step in 0..503_u64 {
            let task = 211 * step % 503;
            assert_eq!(done.insert(task), (3..500).contains(&task) && plain.insert(task), "{task}");
            assert!((0..510).all(|task| done.contains(task) == plain.contains(&task)), "{task}");
            let missing: Vec<u64> = (3..500).filter(|task| !plain.contains(task)).collect();
            assert_eq!(done.gaps().into_iter().flatten().collect::<Vec<u64>>(), missing);
            assert!(
                done.stretches.iter().zip(done.stretches.keys().skip(1)).all(|((_, end), next)| end < next)
            );
        }
        assert_eq!((done.count(), done.stretches.len()), (497, 1));
    }
}
