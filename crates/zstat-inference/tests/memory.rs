//! What toys leave behind does not grow with their number: bytes counted by an allocator of this test's own.
#![allow(unsafe_code, clippy::unwrap_used, reason = "an allocator is unsafe by contract; a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use serde_json::from_str;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::{Lbfgsb, Newton};
use zstat_inference::{
    Asimov, BiasTally, GofRecord, InjectedFit, Inputs, Setup, TestStatistic, ToyGof, ToyLimit,
    ToyLimitRecord, ToyRecord, ToyTest, UnifiedOptions, UnifiedRecord, UnifiedToys,
};

thread_local! {
    /// Bytes that are held, and the most since the last look.
    static HELD: Cell<[isize; 2]> = const { Cell::new([0; 2]) };
}

fn count(bytes: isize) {
    HELD.with(|held| {
        let [now, most] = held.get();
        held.set([now + bytes, most.max(now + bytes)]);
    });
}

struct Counting;

// SAFETY: everything is handed to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as required of the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as required of the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most bytes that `work` holds at once.
fn peak(work: impl FnOnce()) -> isize {
    let before = HELD.with(|held| {
        let [now, _] = held.get();
        held.set([now, now]);
        now
    });
    work();
    HELD.with(|held| held.get()[1]) - before
}

/// Numbers that are all different, over some octaves.
fn statistic(toy: u64) -> f64 {
    let spread = toy.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    30.0 * (spread as f64 / (1_u64 << 53) as f64).powi(2)
}

/// The peak with the first numbers of toys, and with four times as many: both far beyond what is held as it is.
fn bounded(name: &str, tallies: isize, work: impl Fn(u64)) {
    const TOYS: u64 = 1 << 18;
    let [few, many] = [TOYS, 4 * TOYS].map(|toys| peak(|| work(toys)));
    // A digit less leaves about half of the values, so the last peak may be anywhere between.
    assert!(many <= few + few / 2, "{name}: {few} bytes, and {many} with four times the toys");
    // 65 536 values of 16 bytes; room to grow, to merge and to finish. One number a toy would be 8 megabytes.
    assert!(many < tallies * (5 << 20), "{name}: {many} bytes");
    assert!(many > tallies * (1 << 19), "{name}: {many} bytes are too few to be counted right");
}

#[test]
fn memory_does_not_grow_with_the_number_of_toys() {
    let workspace: Workspace = from_str(
        r#"{"channels": [{"name": "SR", "samples": [
            {"name": "s", "data": [10.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
            {"name": "b", "data": [50.0], "modifiers": []}]}],
            "observations": {"SR": [55]}, "parameters": {"mu": {"bounds": [0, 10]}}, "poi": "mu"}"#,
    )
    .unwrap();
    let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
    let data = model.observed(&workspace).unwrap();
    let (fitter, rescue, start) = (Newton::default(), Lbfgsb::default(), model.init());
    let inputs = Inputs { model: &model, data: &data, fitter: &fitter, start: &start, fixed: &[false] };
    let setup =
        Setup { inputs, poi: 0, statistic: TestStatistic::Qtilde, asimov: Asimov::Profiled, signal: 1.0 };

    let test = ToyTest::new(setup, 1.0, 1, &rescue).unwrap();
    bounded("test", 2, |toys| {
        let mut tally = test.tally();
        for task in 0..2 * toys {
            tally.put(task, &ToyRecord { q: Some(statistic(task)), mu_hat: None, rescued: false });
        }
        assert_eq!(test.finish(tally, toys).toys.failed, 0);
    });

    let limit = ToyLimit::new(setup, 0.95, &[1.0, 2.0], 10.0, 1, &rescue).unwrap();
    bounded("limit", 4, |toys| {
        let mut tally = limit.tally();
        let mut record = ToyLimitRecord { q: Vec::with_capacity(2), rescued: false };
        for task in 0..3 * toys {
            record.q.clear();
            record.q.extend((0..if task % 3 == 0 { 2 } else { 1 }).map(|k| Some(statistic(2 * task + k))));
            tally.put(task, &record);
        }
        assert_eq!(limit.finish(tally, toys).toys.failed, 0);
    });

    bounded("gof", 1, |toys| {
        let mut tally = ToyGof::tally(&[Some(3.0)]);
        let mut record = GofRecord { values: vec![None], converged: true, rescued: false };
        for task in 0..toys {
            record.values[0] = Some(statistic(task));
            tally.put(&record);
        }
        assert_eq!(tally.places()[0].unwrap().toys, toys);
    });

    let options = UnifiedOptions { level: 0.9, range: [0.0, 3.0], points: 2 };
    let unified = UnifiedToys::new(inputs, 0, options, &rescue, 1).unwrap();
    let points = unified.values().len() as u64;
    bounded("unified", points as isize, |toys| {
        let mut tally = unified.tally();
        for task in 0..points * toys {
            tally.put(task, &UnifiedRecord { t: Some(statistic(task)), rescued: false });
        }
        assert!(unified.finish(tally, toys).points.iter().all(|point| point.failed == 0));
    });

    bounded("bias", 2, |toys| {
        let mut tally = BiasTally::new(&[0.5, 1.0], [0.0, 10.0]);
        for task in 0..2 * toys {
            let value = Some(statistic(task));
            tally.put(task, &InjectedFit { value, error: None, twice_rise: None, rescued: false });
        }
        assert_eq!(tally.finish().points[0].toys, toys);
    });
}
