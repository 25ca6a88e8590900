//! An evaluation allocates nothing after the first: counted by an allocator of this test's own.
#![allow(unsafe_code, clippy::unwrap_used, reason = "an allocator is unsafe by contract; a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use zstat_core::fit::Objective;
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::spec::{Analysis, BuildOptions};

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as required of the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as required of the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

#[test]
fn value_gradient_and_expectation_allocate_nothing() {
    for spec in ["quickstart", "formulas", "interference"] {
        let path = format!("{}/../../specs/{spec}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let analysis: Analysis = serde_saphyr::from_str(&text).unwrap();
        let model = Model::build(&analysis.workspace, &BuildOptions::default()).unwrap();
        let mut nll = Nll::new(&model, model.observed(&analysis.workspace).unwrap());
        let theta = model.init();
        let mut gradient = vec![0.0; theta.len()];
        nll.gradient(&theta, &mut gradient).unwrap();
        let mut work = || {
            nll.value(&theta).unwrap();
            nll.gradient(&theta, &mut gradient).unwrap();
            nll.expected(&theta);
        };
        work();
        assert_eq!(allocations(work), 0, "{spec}");
    }
}
