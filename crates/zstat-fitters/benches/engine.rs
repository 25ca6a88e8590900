//! Kernels of a fit on the quickstart and, where it is at hand, on published workspaces: `cargo bench --bench engine`.

mod common;

use std::path::{Path, PathBuf};

use divan::{Bencher, black_box};
use zstat_core::fit::{Curvature, FitOptions, Fitter, Objective, Problem, run};
use zstat_core::likelihood::Nll;
use zstat_core::linalg::ArrowSolver;
use zstat_core::model::Model;
use zstat_fitters::Newton;

fn main() {
    divan::main();
}

/// Specs by a short name.
fn specs() -> Vec<String> {
    let mut names = vec!["quickstart".to_owned()];
    for name in ["3L-RJ-500", "susy-2018-31-A", "syn-0050", "1lbb", "susy-2018-04", "ttbar-xsec"] {
        if path(name).exists() {
            names.push(name.to_owned());
        }
    }
    names
}

fn path(name: &str) -> PathBuf {
    match name {
        "quickstart" => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/quickstart.yaml"),
        _ => Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../../shared/workspaces/{name}.json")),
    }
}

fn fixed(model: &Model) -> Vec<bool> {
    model.parameters().iter().map(|p| p.fixed).collect()
}

#[divan::bench(args = specs())]
fn load(bencher: Bencher<'_, '_>, name: &str) {
    bencher.bench_local(|| common::load(&path(name)));
}

#[divan::bench(args = specs())]
fn value(bencher: Bencher<'_, '_>, name: &str) {
    let (model, data) = common::load(&path(name));
    let (mut nll, theta) = (Nll::new(&model, data), model.init());
    bencher.bench_local(|| nll.value(black_box(&theta)));
}

#[divan::bench(args = specs())]
fn gradient(bencher: Bencher<'_, '_>, name: &str) {
    let (model, data) = common::load(&path(name));
    let (mut nll, theta) = (Nll::new(&model, data), model.init());
    let mut gradient = vec![0.0; theta.len()];
    bencher.bench_local(|| nll.gradient(black_box(&theta), &mut gradient));
}

#[divan::bench(args = specs())]
fn hessian(bencher: Bencher<'_, '_>, name: &str) {
    let (model, data) = common::load(&path(name));
    let (mut nll, theta) = (Nll::new(&model, data), model.init());
    let (mut gradient, mut hessian) = (vec![0.0; theta.len()], nll.new_hessian());
    bencher.bench_local(|| nll.hessian(black_box(&theta), Curvature::Exact, &mut gradient, &mut hessian));
}

#[divan::bench(args = specs())]
fn minimum(bencher: Bencher<'_, '_>, name: &str) {
    let (model, data) = common::load(&path(name));
    let bounds: Vec<[f64; 2]> = model.parameters().iter().map(|p| p.bounds).collect();
    let (mut nll, start, fixed) = (Nll::new(&model, data), model.init(), fixed(&model));
    let problem = Problem::new(&start, &bounds, &fixed);
    bencher.bench_local(|| Newton::default().minimise(&mut nll, black_box(&problem)));
}

/// From the Hessian at the minimum.
#[divan::bench(args = specs())]
fn covariance(bencher: Bencher<'_, '_>, name: &str) {
    let (model, data) = common::load(&path(name));
    let fixed = fixed(&model);
    let options =
        FitOptions { start: model.init(), fixed: fixed.clone(), minos: Vec::new(), multi_start: 1, seed: 1 };
    let mut nll = Nll::new(&model, data);
    let theta: Vec<f64> =
        run(&mut nll, &Newton::default(), &options).parameters.iter().map(|p| p.value).collect();
    let (mut gradient, mut hessian) = (vec![0.0; theta.len()], nll.new_hessian());
    let _ = nll.hessian(&theta, Curvature::Exact, &mut gradient, &mut hessian);
    let free: Vec<bool> = fixed.iter().map(|fixed| !fixed).collect();
    let mut solver = ArrowSolver::new(hessian.structure().clone());
    bencher.bench_local(|| solver.factor(&hessian, None, &free).map(|()| solver.inverse()));
}

/// Everything that `zstat fit` does between load and output.
#[divan::bench(args = specs())]
fn fit(bencher: Bencher<'_, '_>, name: &str) {
    let (model, data) = common::load(&path(name));
    let options =
        FitOptions { start: model.init(), fixed: fixed(&model), minos: Vec::new(), multi_start: 1, seed: 1 };
    bencher.bench_local(|| run(&mut Nll::new(&model, data.clone()), &Newton::default(), black_box(&options)));
}
