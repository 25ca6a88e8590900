//! Long work in pieces: each a function of its number alone, so that any order, any number of threads and any division over
//! machines gives the same results.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

/// A study that consists of numbered tasks.
pub trait Tasks: Sync {
    /// What a thread needs to do tasks one after the other. Nothing of it may change a result.
    type Worker<'w>
    where
        Self: 'w;
    /// What comes out of one task.
    type Record: Send;

    /// A worker.
    fn worker(&self) -> Self::Worker<'_>;

    /// Does task number `task`.
    fn run(&self, worker: &mut Self::Worker<'_>, task: u64) -> Self::Record;
}

/// When a thread hands over the records of what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandOver {
    /// Each as its task ends.
    AtOnce,
    /// Those of a millisecond together: short tasks are not held up by it.
    Together,
}

/// Does the tasks of `range` that are not `done`, on all threads of the pool. `each` gets number and record of every task
/// after it ended, in no order.
pub fn run_tasks<T: Tasks>(
    tasks: &T,
    range: Range<u64>,
    done: &(dyn Fn(u64) -> bool + Sync),
    hand_over: HandOver,
    each: &(dyn Fn(Vec<(u64, T::Record)>) + Sync),
) {
    let wait = if hand_over == HandOver::AtOnce { Duration::ZERO } else { Duration::from_millis(1) };
    let next = AtomicU64::new(range.start);
    let tasks_left = range.end.saturating_sub(range.start);
    let threads = rayon::current_num_threads().min(usize::try_from(tasks_left).unwrap_or(usize::MAX));
    (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
        let mut worker = None;
        let (mut ended, mut since) = (Vec::new(), Instant::now());
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= range.end {
                break;
            }
            if !done(task) {
                let worker = worker.get_or_insert_with(|| tasks.worker());
                ended.push((task, tasks.run(worker, task)));
                if since.elapsed() >= wait {
                    each(std::mem::take(&mut ended));
                    since = Instant::now();
                }
            }
        }
        if !ended.is_empty() {
            each(ended);
        }
    });
}

/// All records of `total` tasks, by number. `tick` is called after each.
pub fn all_tasks<T: Tasks>(tasks: &T, total: u64, tick: &(dyn Fn() + Sync)) -> Vec<T::Record> {
    let records = std::sync::Mutex::new(Vec::new());
    let each = |ended: Vec<(u64, T::Record)>| {
        ended.iter().for_each(|_| tick());
        records.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(ended);
    };
    run_tasks(tasks, 0..total, &|_| false, HandOver::Together, &each);
    let mut records = records.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    records.sort_unstable_by_key(|(task, _)| *task);
    records.into_iter().map(|(_, record)| record).collect()
}
