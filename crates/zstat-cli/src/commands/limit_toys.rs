//! `zstat limit --toys N`: the limit from pseudo-experiments, as a job.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::json;
use zstat_inference::{
    Limit, LimitOptions, Setup, TestStatistic, ToyGrid, ToyLimit, ToyLimitRecord, limit, toy_limit_grid,
};

use super::limit::LimitArgs;
use crate::args::GlobalArgs;
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Done, Manifest};
use crate::prepared::{Prepared, exit_code};
use crate::report::head::{Outcome, TestHead};
use crate::report::limit::LimitReport;
use crate::report::limit_toys::{LimitToysReport, ToyRun};
use crate::session::seconds;
use crate::{EXIT_DONE, output, progress};

/// Values where `--points` is not given.
const POINTS: usize = 21;

/// Does the job. Exit code 1 where a fit of the data did not converge or a toy failed.
pub fn run(
    args: &LimitArgs,
    prepared: &Prepared,
    (statistic, options): (TestStatistic, LimitOptions),
    count: NonZeroU64,
    global: &GlobalArgs,
) -> Result<u8, Failure> {
    let started = Instant::now();
    let setup = args.test.setup(prepared, statistic, 1.0);
    let asymptotic = progress::during(global.quiet, "searching for the limit", || limit(setup, options))?;
    let [_, upper] = prepared.session.model.parameters()[setup.poi].bounds;
    let bound = if options.widen { f64::INFINITY } else { upper };
    if let Some([low, high]) = args.range.filter(|[low, high]| *low <= 0.0 || *high > bound) {
        return Err(Failure::Options(vec![outside([low, high], bound)]));
    }
    let values = progress::during(global.quiet, "placing the grid", || {
        grid(args, prepared, setup, &asymptotic, (options.level, bound), global)
    })?;
    if values.is_empty() {
        // Nothing to place toys at: the reason is that of the asymptotic search.
        let asimov = args.test.asimov();
        let mut asymptotic = asymptotic;
        let why = "no toys were made: there is no limit to place them around";
        asymptotic.warnings.push(format!("{why}; `--range LO:HI` places them"));
        let report = LimitReport::new(prepared, asimov, asymptotic, statistic, options, seconds(started));
        output::write(&report, global)?;
        return Ok(exit_code(report.converged()));
    }
    let seed = args.toys.seed;
    let toys = ToyLimit::new(setup, options.level, &values, bound, seed, prepared.rescue())?;
    let study = json!({
        "poi": prepared.parameter(),
        "statistic": statistic,
        "asimov": args.test.asimov(),
        "level": options.level,
        "widen": options.widen,
        "grid": values,
    });
    let manifest = Manifest::new("limit", prepared, study, seed, toys.tasks(count.get()))?;
    let tally = Mutex::new(toys.tally());
    let sink = |task: u64, record: ToyLimitRecord| {
        tally.lock().unwrap_or_else(PoisonError::into_inner).put(task, &record);
    };
    if let Done::Part(report) = jobs::run("toys", &toys, manifest, &args.toys.job, global, &sink)? {
        return output::write(&report, global).map(|()| EXIT_DONE);
    }
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let found = toys.finish(tally, count.get());
    let (warnings, converged, fits) = (&found.warnings, found.converged, found.fits);
    let outcome = Outcome { warnings, converged, fits, stage: ("test_s", seconds(started)) };
    let head = TestHead::of_toys(prepared, args.test.asimov(), outcome);
    let run = ToyRun { found, asymptotic, statistic, level: options.level, seed };
    let report = LimitToysReport::new(head, run);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

/// The values to test: of parts that are merged, those that they have.
fn grid(
    args: &LimitArgs,
    prepared: &Prepared,
    setup: Setup<'_>,
    asymptotic: &Limit,
    (level, bound): (f64, f64),
    global: &GlobalArgs,
) -> Result<Vec<f64>, Failure> {
    let known = global.merged.as_ref().and_then(|merged| merged.first()?.study.get("grid").cloned());
    if let Some(values) = known.and_then(|grid| serde_json::from_value(grid).ok()) {
        return Ok(values);
    }
    let points = args.points.unwrap_or(POINTS);
    let options = ToyGrid { level, bound, range: args.range, points, seed: args.toys.seed };
    Ok(toy_limit_grid(setup, asymptotic, options, prepared.rescue())?)
}

fn outside([low, high]: [f64; 2], bound: f64) -> OptionFault {
    let (message, help) = if low <= 0.0 {
        ("CLs is 1 where there is no signal: expected values above 0".to_owned(), "begin above 0")
    } else {
        (format!("goes beyond {bound}, the upper bound of the parameter"), "use --widen, too")
    };
    OptionFault::new("--range", format!("{low}:{high}"), message).help(help)
}
