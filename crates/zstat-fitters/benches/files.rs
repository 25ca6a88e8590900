//! Times one fit and its kernels on files: `cargo bench --bench files -- FILE…` prints one JSON line a file.
//!
//! Seconds, the median of repeated calls (as many as fit into a second, 3 at least and 51 at most). `fit_s` is everything
//! between model and output, with the full covariance. Memory is the peak of the whole process, so that one file a
//! call gives the figure of that file.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench may panic and print")]

mod common;
#[path = "common/timing.rs"]
mod timing;

use std::path::Path;

use serde_json::json;
use zstat_core::fit::{Curvature, FitOptions, Objective, run};
use zstat_core::likelihood::Nll;
use zstat_fitters::Newton;

use timing::{median, peak_bytes};

fn main() {
    // `cargo bench` adds a flag of its own.
    for file in std::env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        println!("{}", measure(Path::new(&file)));
    }
}

fn measure(path: &Path) -> serde_json::Value {
    let size = std::fs::metadata(path).map_or(0, |meta| meta.len());
    let load_s = median(&mut || drop(common::load(path)));
    let after_load = peak_bytes();
    let (model, data) = common::load(path);
    // Beside the start values, where no variation is skipped for being at zero.
    let beside = |p: &zstat_core::model::Parameter| {
        let x = if p.fixed { p.init } else { p.init + 0.01 * p.init.abs().max(1.0) };
        x.min(p.bounds[1])
    };
    let theta: Vec<f64> = model.parameters().iter().map(beside).collect();
    // Turn by turn with another point, as the last one is kept.
    let other: Vec<f64> = theta.iter().map(|x| x * (1.0 - 1e-6)).collect();
    let points = [&theta, &other];
    let mut turn = 0;
    let mut next = move || {
        turn = 1 - turn;
        turn
    };
    let options = FitOptions {
        start: model.init(),
        fixed: model.parameters().iter().map(|p| p.fixed).collect(),
        minos: Vec::new(),
        multi_start: 1,
        seed: 1,
    };
    let mut nll = Nll::new(&model, data.clone());
    let (mut gradient, mut hessian) = (vec![0.0; theta.len()], nll.new_hessian());
    let value_s = median(&mut || nll.value(points[next()]).map(drop).expect("a value"));
    let gradient_s =
        median(&mut || nll.gradient(points[next()], &mut gradient).map(drop).expect("a gradient"));
    let hessian_s = median(&mut || {
        nll.hessian(points[next()], Curvature::Exact, &mut gradient, &mut hessian)
            .map(drop)
            .expect("a Hessian");
    });
    let mut result = None;
    let fit_s = median(&mut || {
        result = Some(run(&mut Nll::new(&model, data.clone()), &Newton::default(), &options));
    });
    let result = result.expect("a fit");
    let poi = result.poi.first().and_then(|name| result.parameters.iter().find(|p| &p.name == name));
    json!({
        "file": path.file_name().map(|name| name.to_string_lossy()),
        "bytes": size, "bins": model.n_bins(), "parameters": theta.len(),
        "load_s": load_s, "value_s": value_s, "gradient_s": gradient_s, "hessian_s": hessian_s, "fit_s": fit_s,
        "iterations": result.status.iterations, "converged": result.status.converged,
        "twice_nll": result.twice_nll, "poi": poi.map(|p| p.value), "poi_error": poi.and_then(|p| p.uncertainty),
        "peak_bytes_load": after_load, "peak_bytes": peak_bytes(),
    })
}
