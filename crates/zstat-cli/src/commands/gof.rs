//! `zstat gof`: goodness of fit.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Args;
use serde_json::json;
use zstat_inference::{GofRecord, GofStatistic, GoodnessOfFit, ToyGof, goodness_of_fit};

use super::toy_test::ToyArgs;
use crate::args::{GlobalArgs, Hinted, StudyArgs};
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Done, Manifest, ShardReport};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::gof::GofReport;
use crate::report::gof::GofToys;
use crate::report::head::{Head, Outcome};
use crate::session::seconds;
use crate::{EXIT_DONE, output, progress};

const NAMES: [&str; 3] = ["saturated", "ks", "ad"];

/// Options of `zstat gof`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat gof specs/quickstart.yaml\n  zstat gof specs/quickstart.yaml --statistic saturated --statistic ks --toys 1000 --format json"
)]
pub struct GofArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// What is compared: `saturated` (deviance), `ks` (Kolmogorov-Smirnov) or `ad` (Anderson-Darling); repeatable [default: saturated]
    #[arg(long, value_name = "NAME", value_parser = Hinted(&NAMES), help_heading = "Test options")]
    statistic: Vec<String>,
    #[command(flatten)]
    toys: ToyArgs,
}

/// Fits and compares. Exit code 1 where the fit did not converge.
pub fn run(args: &GofArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let mut statistics: Vec<GofStatistic> = Vec::new();
    for name in &args.statistic {
        match name.parse() {
            Ok(statistic) if statistics.contains(&statistic) => {
                faults.push(OptionFault::new("--statistic", name, "is given twice"));
            }
            Ok(statistic) => statistics.push(statistic),
            Err(()) => faults.push(OptionFault::unknown("--statistic", name, "statistic", &NAMES)),
        }
    }
    if args.statistic.is_empty() {
        statistics.push(GofStatistic::Saturated);
    }
    args.toys.check(&mut faults);
    let prepared = Prepared::open(&args.study, Subject::Model, faults)?;
    let starts = prepared.session.starts();
    let started = Instant::now();
    let found = progress::during(global.quiet, "fitting", || {
        goodness_of_fit(prepared.inputs(), &statistics, starts)
    })?;
    let mut warnings = [&found.fit.status.warnings[..], &found.warnings[..]].concat();
    let mut converged = found.fit.status.converged;
    let toys = match args.toys.toys {
        Some(count) => match toys(&prepared, &found, count, &args.toys, global)? {
            Ok(toys) => Some(toys),
            Err(report) => return output::write(&report, global).map(|()| EXIT_DONE),
        },
        None => None,
    };
    if let Some(toys) = toys.as_ref().filter(|toys| toys.failed > 0) {
        converged = false;
        warnings.push(format!("{} of {} toys are left out: their fits failed", toys.failed, toys.requested));
    }
    if toys.is_some() {
        // The p-values are not those of the χ² distribution.
        warnings.retain(|warning| !found.warnings.contains(warning));
    }
    let outcome = Outcome { warnings: &warnings, converged, fits: 1, stage: ("gof_s", seconds(started)) };
    let report = GofReport::new(Head::new(&prepared, outcome), &prepared, found, toys);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

/// The places of the observed values in toys of the fitted model; or the report of one part of the job.
fn toys(
    prepared: &Prepared,
    found: &GoodnessOfFit,
    count: NonZeroU64,
    args: &ToyArgs,
    global: &GlobalArgs,
) -> Result<Result<GofToys, ShardReport>, Failure> {
    let theta: Vec<f64> = found.fit.parameters.iter().map(|parameter| parameter.value).collect();
    let statistics: Vec<GofStatistic> = found.tests.iter().map(|test| test.statistic).collect();
    let names: Vec<&str> = statistics.iter().map(|statistic| statistic.name()).collect();
    let study = json!({ "statistics": names });
    let job = ToyGof::new(prepared.inputs(), theta, &statistics, prepared.rescue(), args.seed)?;
    let requested = count.get();
    let manifest = Manifest::new("gof", prepared, study, args.seed, requested)?;
    let observed: Vec<Option<f64>> = found.tests.iter().map(|test| test.value).collect();
    let tally = Mutex::new(ToyGof::tally(&observed));
    let sink = |_, record: GofRecord| tally.lock().unwrap_or_else(PoisonError::into_inner).put(&record);
    if let Done::Part(report) = jobs::run("toys", &job, manifest, &args.job, global, &sink)? {
        return Ok(Err(report));
    }
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (failed, retried) = (tally.failed, tally.retried);
    Ok(Ok(GofToys { places: tally.places(), requested, failed, retried, seed: args.seed }))
}
