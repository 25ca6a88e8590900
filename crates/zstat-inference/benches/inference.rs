//! Times inference on a file: `cargo bench -p zstat-inference --bench inference -- TASK[:TOYS][@THREADS]… FILE` prints one
//! JSON line with seconds a task.
//!
//! `cls` tests the parameter of interest at 1, `limit` finds the upper limit with all bands: medians of repeated calls (as
//! many as fit into a second, 3 at least and 51 at most). `impacts` ranks all nuisance parameters, before and after the fit.
//! `toys:N` draws and fits N toys of each hypothesis, after the fits of the observed data. All on one thread unless @THREADS
//! says otherwise. Memory is the peak of the process.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench may panic and print")]

#[path = "../../zstat-fitters/benches/common/mod.rs"]
mod common;
#[path = "../../zstat-fitters/benches/common/timing.rs"]
mod timing;

use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::{Map, Value, json};
use zstat_fitters::{Lbfgsb, Newton};
use zstat_inference::{
    Asimov, HandOver, ImpactKind, ImpactOptions, Inputs, LimitOptions, Reached, Setup, TestStatistic,
    ToyTest, hypotest, impacts, limit, run_tasks,
};

use timing::{median, peak_bytes};

/// Seed of all toys.
const SEED: u64 = 7;

fn main() {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let Some((file, tasks)) = arguments.split_last() else { return };
    let (model, data) = common::load(Path::new(file));
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let (start, newton) = (model.init(), Newton::default());
    let inputs = Inputs { model: &model, data: &data, fitter: &newton, start: &start, fixed: &fixed };
    let setup = Setup {
        inputs,
        poi: model.poi().first().expect("a parameter of interest").0,
        statistic: TestStatistic::Qtilde,
        asimov: Asimov::Profiled,
        signal: 1.0,
    };
    let mut row = Map::new();
    row.insert("parameters".to_owned(), json!(model.parameters().len()));
    for task in tasks {
        let (name, threads) = task.split_once('@').unwrap_or((task, "1"));
        let threads = threads.parse().expect("a number of threads");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        row.insert(task.clone(), pool.install(|| measure(name, setup)));
    }
    row.insert("peak_bytes".to_owned(), json!(peak_bytes()));
    println!("{}", Value::Object(row));
}

fn measure(task: &str, setup: Setup<'_>) -> Value {
    match task.split_once(':') {
        None if task == "cls" => {
            let mut cls = None;
            let seconds = median(&mut || cls = hypotest(setup, 1.0).expect("a test").observed);
            json!({ "s": seconds, "cls": cls.map(|tails| tails.cls) })
        }
        None if task == "limit" => {
            let options = LimitOptions { widen: true, ..LimitOptions::default() };
            let mut found = None;
            let seconds = median(&mut || found = Some(limit(setup, options).expect("a limit").observed));
            let value = match found {
                Some(Reached::At(value)) => Some(value),
                _ => None,
            };
            json!({ "s": seconds, "limit": value })
        }
        None if task == "impacts" => {
            let options =
                ImpactOptions { kind: ImpactKind::Refit, pois: vec![setup.poi], groups: Vec::new() };
            let mut entries = 0;
            let seconds = median(&mut || {
                entries = impacts(setup.inputs, &options, &|| {}).expect("impacts").parameters.len();
            });
            json!({ "s": seconds, "entries": entries })
        }
        Some(("toys", n)) => {
            let toys: u64 = n.parse().expect("a number of toys");
            let rescue = Lbfgsb::default();
            let begin = Instant::now();
            let test = ToyTest::new(setup, 1.0, SEED, &rescue).expect("a test");
            let tally = Mutex::new(test.tally());
            run_tasks(&test, 0..ToyTest::tasks(toys), &|_| false, HandOver::Together, &|ended| {
                let mut tally = tally.lock().expect("no panic");
                ended.iter().for_each(|(task, record)| tally.put(*task, record));
            });
            let found = test.finish(tally.into_inner().expect("no panic"), toys);
            let seconds = begin.elapsed().as_secs_f64();
            json!({ "s": seconds, "failed": found.toys.failed })
        }
        _ => panic!("no task is called `{task}`"),
    }
}
