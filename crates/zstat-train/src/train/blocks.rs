//! Rows cut into blocks that threads take: where they begin depends on the rows of the passes alone, and what is summed over
//! blocks is summed in their order, so that bits do not depend on the number of threads. What one thread does alone it does
//! while the others stay awake.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

/// Rows of a block, at most: with ten bins a block's shares and scores stay in the nearest caches.
const ROWS: usize = 256;

/// Waiting threads sleep after so long: longer work alone is no part of a step that they wait for.
const PATIENCE: Duration = Duration::from_micros(500);

/// Some rows of one pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub pass: usize,
    pub rows: Range<usize>,
}

/// The blocks of passes whose rows start at `start`; the last entry is where the last pass ends.
pub(super) fn blocks(start: &[usize]) -> Vec<Block> {
    let of_pass = |(pass, ends): (usize, &[usize])| {
        let end = ends[1];
        (ends[0]..end).step_by(ROWS).map(move |from| Block { pass, rows: from..end.min(from + ROWS) })
    };
    start.windows(2).enumerate().flat_map(of_pass).collect()
}

/// The parts of row-major numbers that belong to blocks.
pub(super) fn cut<'a, T>(blocks: &[Block], mut all: &'a mut [T], width: usize) -> Vec<&'a mut [T]> {
    let part = |block: &Block| all.split_off_mut(..block.rows.len() * width).unwrap_or_default();
    blocks.iter().map(part).collect()
}

/// Does all tasks, with the threads there are; each of these has memory of its own, which tasks must not take anything from.
pub(super) fn each<T: Send, M: Default>(tasks: Vec<T>, work: impl Fn(&mut M, T) + Send + Sync) {
    if tasks.len() < 2 || rayon::current_num_threads() == 1 {
        let mut memory = M::default();
        return tasks.into_iter().for_each(|task| work(&mut memory, task));
    }
    tasks.into_par_iter().for_each_init(M::default, work);
}

/// Does a short piece of work that cannot be shared, and keeps the other threads awake meanwhile: to wake a thread takes as long
/// as such a piece.
pub(super) fn alone<R>(work: impl FnOnce() -> R) -> R {
    let others = rayon::current_num_threads() - 1;
    if others == 0 {
        return work();
    }
    let (is_done, begun) = (AtomicBool::new(false), Instant::now());
    // Set however the work ends.
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    rayon::in_place_scope(|scope| {
        for _ in 0..others {
            scope.spawn(|_| {
                while !is_done.load(Ordering::Acquire) && begun.elapsed() < PATIENCE {
                    std::hint::spin_loop();
                }
            });
        }
        let _done = Done(&is_done);
        work()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test fails by panicking
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_block_of_its_pass() {
        let start = [0, 600, 600, 601, 1113];
        let all = blocks(&start);
        let rows: Vec<usize> = all.iter().flat_map(|block| block.rows.clone()).collect();
        assert_eq!(rows, (0..1113).collect::<Vec<_>>());
        for Block { pass, rows } in &all {
            assert!(rows.len() <= ROWS && start[*pass] <= rows.start && rows.end <= start[pass + 1]);
        }
        assert_eq!(all.iter().map(|block| block.pass).collect::<Vec<_>>(), [0, 0, 0, 2, 3, 3]);
        let mut numbers: Vec<usize> = (0..2 * 1113).collect();
        for (part, block) in cut(&all, &mut numbers, 2).into_iter().zip(&all) {
            assert_eq!((part[0], part.len()), (2 * block.rows.start, 2 * block.rows.len()));
        }
    }

    /// What is done alone gives what it gives, with any number of threads, and threads are free after it, however it ended.
    #[test]
    fn work_alone_ends_with_threads_free() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut local = 1;
                let sum: u64 = alone(|| {
                    local += 1;
                    (1..=1000).sum()
                });
                assert_eq!((sum, local), (500_500, 2));
                let broken = std::panic::catch_unwind(|| alone(|| panic!("of the work")));
                assert!(broken.is_err(), "a panic goes on");
                let (tasks, seen) = ((0..64).collect::<Vec<u64>>(), std::sync::Mutex::new(Vec::new()));
                each(tasks, |count: &mut u64, task| {
                    *count += 1;
                    seen.lock().unwrap().push(task);
                });
                let mut seen = seen.into_inner().unwrap();
                seen.sort_unstable();
                assert_eq!(seen, (0..64).collect::<Vec<u64>>(), "each once");
            });
        }
    }
}
