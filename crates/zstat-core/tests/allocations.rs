//! An evaluation allocates nothing after the first: counted by an allocator of this test's own.
#![allow(unsafe_code, clippy::unwrap_used, reason = "an allocator is unsafe by contract; a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use zstat_core::fit::{Curvature, Objective};
use zstat_core::likelihood::Nll;
use zstat_core::linalg::ArrowSolver;
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
fn evaluations_and_newton_systems_allocate_nothing() {
    for spec in ["quickstart", "formulas", "interference"] {
        let path = format!("{}/../../specs/{spec}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let analysis: Analysis = serde_saphyr::from_str(&text).unwrap();
        let model = Model::build(&analysis.workspace, &BuildOptions::default()).unwrap();
        let mut nll = Nll::new(&model, model.observed(&analysis.workspace).unwrap());
        count(&mut nll, &model, spec);
    }
}

/// Enough parameters and bins for blocked products and panels.
#[test]
fn large_models_allocate_nothing_either() {
    let analysis = wide();
    let model = Model::build(&analysis.workspace, &BuildOptions::default()).unwrap();
    assert!(model.parameters().len() > 100);
    let mut nll = Nll::new(&model, model.observed(&analysis.workspace).unwrap());
    count(&mut nll, &model, "wide");
}

fn count(nll: &mut Nll<'_>, model: &Model, name: &str) {
    let theta = model.init();
    let mut gradient = vec![0.0; theta.len()];
    let mut step = vec![0.0; theta.len()];
    let free = vec![true; theta.len()];
    let damping = vec![1e-3; theta.len()];
    let mut hessian = nll.new_hessian();
    let mut solver = ArrowSolver::new(std::sync::Arc::clone(hessian.structure()));
    let mut work = || {
        nll.value(&theta).unwrap();
        nll.gradient(&theta, &mut gradient).unwrap();
        nll.expected(&theta);
        nll.hessian(&theta, Curvature::Exact, &mut gradient, &mut hessian).unwrap();
        nll.hessian(&theta, Curvature::Fisher, &mut gradient, &mut hessian).unwrap();
        solver.factor(&hessian, Some(&damping), &free).unwrap();
        solver.solve(&gradient, &mut step);
    };
    work();
    assert_eq!(allocations(work), 0, "{name}");
}

/// Three channels of 20 bins with γ, 40 normsys and 40 histosys shared by all.
fn wide() -> Analysis {
    let sample = |name: &str, scale: f64, extra: &str| {
        let nominal: Vec<f64> = (0..20).map(|b| scale * (30.0 - f64::from(b))).collect();
        let shifted = |factor: f64| -> Vec<f64> { nominal.iter().map(|x| x * factor).collect() };
        let mut modifiers = format!("{{type: staterror, name: mc_%, errors: {:?}}}{extra}", shifted(0.05));
        for i in 0..40 {
            modifiers +=
                &format!(", {{type: normsys, name: norm{i}, hi: {}, lo: 0.97}}", 1.02 + 0.001 * f64::from(i));
            modifiers += &format!(
                ", {{type: histosys, name: shape{i}, hi: {:?}, lo: {:?}}}",
                shifted(1.0 + 0.002 * f64::from(i + 1)),
                shifted(0.99)
            );
        }
        format!("{{name: {name}, data: {nominal:?}, modifiers: [{modifiers}]}}")
    };
    let (mut channels, mut observations) = (String::new(), String::new());
    for channel in ["a", "b", "c"] {
        let samples =
            [sample("signal", 0.3, ", {type: normfactor, name: mu}"), sample("background", 2.0, "")];
        channels += &format!("{{name: {channel}, samples: [{}]}},", samples.join(",").replace('%', channel));
        let data: Vec<f64> = (0..20).map(|b| (2.4 * (30.0 - f64::from(b))).round()).collect();
        observations += &format!("{channel}: {data:?},");
    }
    serde_saphyr::from_str(&format!(
        "{{zstat: 1, workspace: {{channels: [{channels}], observations: {{{observations}}}}}}}"
    ))
    .unwrap()
}
