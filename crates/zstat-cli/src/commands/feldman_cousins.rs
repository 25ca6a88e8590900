//! `zstat feldman-cousins`: the unified interval.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Args;
use serde_json::json;
use zstat_core::model::Model;
use zstat_inference::{Unified, UnifiedOptions, UnifiedRecord, UnifiedToys, unified_exact, unified_range};

use super::toy_test::toys;
use crate::args::{GlobalArgs, StudyArgs, seed};
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Done, JobArgs, Manifest, ShardReport};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::feldman_cousins::{FeldmanCousinsReport, ToysOfUnified};
use crate::report::head::{Head, Outcome};
use crate::session::seconds;
use crate::{EXIT_DONE, output, progress};

/// Toys of each value, where the sums are not exact and `--toys` is not given.
const TOYS: u64 = 1000;

/// Options of `zstat feldman-cousins`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat feldman-cousins specs/quickstart.yaml --toys 1000\n  zstat feldman-cousins counting.yaml --level 0.9 --format json\n  zstat feldman-cousins big.yaml --toys 10000 --range 0:3 --shard 1/4 --checkpoint part1"
)]
pub struct FeldmanCousinsArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Confidence level
    #[arg(long, value_name = "CL", default_value_t = 0.95, value_parser = super::limit::level, help_heading = "Interval options")]
    level: f64,
    /// Values to test; by default to where the statistic is twice its asymptotic threshold, inside the bounds
    #[arg(long, value_name = "LO:HI", allow_hyphen_values = true, value_parser = super::scan::range, help_heading = "Interval options")]
    range: Option<[f64; 2]>,
    /// How many values; the best is tested besides
    #[arg(long, value_name = "N", default_value_t = 31, value_parser = points, help_heading = "Interval options")]
    points: usize,
    /// Pseudo-experiments of each value [default: none where one count with nothing else free is summed exactly, else 1000]
    #[arg(long, value_name = "N", value_parser = toys, allow_negative_numbers = true, help_heading = "Toy options")]
    toys: Option<NonZeroU64>,
    /// Seed of the pseudo-experiments
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed, allow_negative_numbers = true, help_heading = "Toy options")]
    seed: u64,
    #[command(flatten)]
    job: JobArgs,
}

fn points(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|count| (2..=10_000).contains(count));
    number.ok_or_else(|| "expected a whole number from 2 to 10000".to_owned())
}

/// Finds the interval. Exit code 1 where a fit did not converge or a toy failed.
pub fn run(args: &FeldmanCousinsArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let (mut prepared, ()) =
        Prepared::open_with(&args.study, Subject::Poi, Vec::new(), |session, _, faults| {
            faults.extend(args.range.and_then(|range| outside(&session.model, range)));
        })?;
    prepared.remark_effect(prepared.subjects()[0]);
    let started = Instant::now();
    let (inputs, poi) = (prepared.inputs(), prepared.subjects()[0]);
    let range = match args.range {
        Some(range) => range,
        None => unified_range(inputs, poi, args.level)?,
    };
    let options = UnifiedOptions { level: args.level, range, points: args.points };
    let exact = match args.toys {
        Some(_) => None,
        None => progress::during(global.quiet, "summing", || unified_exact(inputs, poi, &options))?,
    };
    let (found, toys) = match exact {
        Some(_) if args.job.checkpoint.is_some() => {
            let fault = OptionFault::new("--checkpoint", "", "is for toys, and this interval needs none");
            return Err(Failure::Options(vec![fault.help("`--toys N` asks for toys")]));
        }
        Some(found) => (found, None),
        None => match by_toys(args, &prepared, options, global)? {
            ByToys::Part(report) => return output::write(&report, global).map(|()| EXIT_DONE),
            ByToys::Whole(found, toys) => (*found, Some(toys)),
        },
    };
    let (warnings, converged, fits) = (&found.warnings, found.converged, found.fits);
    let outcome = Outcome { warnings, converged, fits, stage: ("interval_s", seconds(started)) };
    let report = FeldmanCousinsReport::new(Head::new(&prepared, outcome), prepared.parameter(), found, toys);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

/// A range that leaves the bounds of the parameter.
fn outside(model: &Model, [low, high]: [f64; 2]) -> Option<OptionFault> {
    let parameter = &model.parameters()[model.poi().first()?.0];
    let [lower, upper] = parameter.bounds;
    let message = format!("leaves the bounds of `{}`, {lower} to {upper}", parameter.name);
    let fault = OptionFault::new("--range", format!("{low}:{high}"), message);
    (low < lower || high > upper)
        .then(|| fault.help("the spec can widen them: `parameters: {NAME: {bounds: [LO, HI]}}`"))
}

enum ByToys {
    Whole(Box<Unified>, ToysOfUnified),
    Part(ShardReport),
}

fn by_toys(
    args: &FeldmanCousinsArgs,
    prepared: &Prepared,
    options: UnifiedOptions,
    global: &GlobalArgs,
) -> Result<ByToys, Failure> {
    let (inputs, poi) = (prepared.inputs(), prepared.subjects()[0]);
    let count = args.toys.map_or(TOYS, NonZeroU64::get);
    let study = progress::during(global.quiet, "fitting", || {
        UnifiedToys::new(inputs, poi, options, prepared.rescue(), args.seed)
    })?;
    let description = json!({ "poi": prepared.parameter(), "values": study.values() });
    let tasks = study.tasks(count);
    let manifest = Manifest::new("feldman-cousins", prepared, description, args.seed, tasks)?;
    let tally = Mutex::new(study.tally());
    let sink = |task: u64, record: UnifiedRecord| {
        tally.lock().unwrap_or_else(PoisonError::into_inner).put(task, &record);
    };
    match jobs::run("toys", &study, manifest, &args.job, global, &sink)? {
        Done::Part(report) => Ok(ByToys::Part(report)),
        Done::All => {
            let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
            let toys = ToysOfUnified { per_point: count, retried: tally.retried, seed: args.seed };
            Ok(ByToys::Whole(Box::new(study.finish(tally, count)), toys))
        }
    }
}
