//! `zstat limit`: the upper limit on the parameter of interest, for one model or for each patch of a set.

use std::time::Instant;

use clap::Args;
use serde_json::json;
use zstat_formats::Family;
use zstat_inference::{CurveOptions, LimitOptions, TestStatistic, limit};

use super::limit_toys;
use super::patch_set::{self, ALONE, BY_NAME, Many, Opened};
use super::toy_test::ToyArgs;
use crate::args::{GlobalArgs, Hinted, TestArgs};
use crate::failure::{Failure, OptionFault};
use crate::input::{Files, Spec};
use crate::prepared::{Prepared, Subject, exit_code, statistic};
use crate::report::limit::LimitReport;
use crate::report::limit_patches::PatchLimits;
use crate::session::{Session, seconds};
use crate::{output, progress};

/// Options of `zstat limit`.
#[derive(Debug, Args)]
#[command(
    after_help = "`--patch FILE:ALL` gives the limit of every patch of a pyhf patch set, `--patch 'FILE:GLOB'` of those whose names match.\n\nExamples:\n  zstat limit specs/quickstart.yaml\n  zstat limit bkgonly.json --patch patchset.json:signal_1 --widen --format json\n  zstat limit bkgonly.json --patch patchset.json:ALL --checkpoint work --output limits.csv\n  zstat limit specs/quickstart.yaml --curve 0:5 --points 51 --format csv\n  zstat limit specs/quickstart.yaml --toys 1000 --seed 7"
)]
pub struct LimitArgs {
    #[command(flatten)]
    pub(super) test: TestArgs,
    /// What is compared: `qtilde`, or `q` for a signal that may be negative
    #[arg(
        long,
        value_name = "NAME",
        default_value = "qtilde",
        value_parser = Hinted(&["qtilde", "q"]),
        help_heading = "Test options"
    )]
    test_stat: String,
    /// Confidence level
    #[arg(long, value_name = "CL", default_value_t = 0.95, value_parser = level, help_heading = "Test options")]
    level: f64,
    /// Search beyond the upper bound of the parameter, too
    #[arg(long, help_heading = "Test options")]
    widen: bool,
    /// CLs on a regular grid, beside the limit [default: from 0 to a quarter beyond the largest limit]
    #[arg(
        long,
        value_name = "LO:HI",
        num_args = 0..=1,
        value_parser = curve_range,
        conflicts_with = "toys",
        help_heading = "Grid options"
    )]
    curve: Option<Option<[f64; 2]>>,
    /// Values of the toys; by default around the asymptotic limits, wider where toys ask for it
    #[arg(
        long,
        value_name = "LO:HI",
        allow_hyphen_values = true,
        value_parser = super::scan::range,
        requires = "toys",
        help_heading = "Grid options"
    )]
    pub(super) range: Option<[f64; 2]>,
    /// How many values [default: 41 of the curve, 21 of the toys]
    #[arg(long, value_name = "N", value_parser = points, help_heading = "Grid options")]
    pub(super) points: Option<usize>,
    #[command(flatten)]
    pub(super) toys: ToyArgs,
}

/// Values of a curve where `--points` is not given.
const CURVE_POINTS: usize = 41;

/// Searches. Exit code 1 where a fit did not converge or a search had no end; a limit beyond the bound is a result.
pub fn run(args: &LimitArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let statistic = statistic(&args.test_stat, &[TestStatistic::Qtilde, TestStatistic::Q], &mut faults);
    let points = args.points.unwrap_or(CURVE_POINTS);
    let curve = args.curve.map(|range| CurveOptions { range, points });
    let options = LimitOptions { level: args.level, widen: args.widen, curve };
    let each = |files: &Files, family: &Family<'_>| {
        let many = Many { test: &args.test, toys: &args.toys, files, family };
        of_patches(args, &many, PatchLimits { statistic, options }, faults.clone(), global)
    };
    let files = match patch_set::open(&args.test.study.model.spec, each)? {
        Opened::Many(code) => return Ok(code),
        Opened::One(files) => files,
    };
    alone(args, &mut faults);
    let study = &args.test.study;
    let session = Session::of(Spec::read(files)?, &study.model)?;
    let (mut prepared, ()) = Prepared::of(session, study, Subject::Poi, faults, |_, _, _| ())?;
    remarks(args, &mut prepared);
    if let Some(count) = args.toys.toys {
        return limit_toys::run(args, &prepared, (statistic, options), count, global);
    }
    let started = Instant::now();
    let found = progress::during(global.quiet, "searching for the limit", || {
        limit(args.test.setup(&prepared, statistic, 1.0), options)
    })?;
    let asimov = args.test.asimov();
    let report = LimitReport::new(&prepared, asimov, found, statistic, options, seconds(started));
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

/// What a reader should know of the curve; `--widen` goes beyond the upper bound on purpose.
fn remarks(args: &LimitArgs, prepared: &mut Prepared) {
    let Some(Some(ends)) = args.curve else { return };
    let poi = prepared.subjects()[0];
    let [_, upper] = prepared.session.model.parameters()[poi].bounds;
    prepared.remark_ends(poi, "the curve", ends.map(|end| if args.widen { end.min(upper) } else { end }));
}

/// The limit of each of many patches.
fn of_patches(
    args: &LimitArgs,
    many: &Many<'_>,
    limits: PatchLimits,
    mut faults: Vec<OptionFault>,
    global: &GlobalArgs,
) -> Result<u8, Failure> {
    let PatchLimits { statistic, options } = limits;
    if let Some(curve) = options.curve {
        let found = curve.range.map(|[low, high]| format!("{low}:{high}")).unwrap_or_default();
        faults.push(OptionFault::new("--curve", found, ALONE).help(BY_NAME));
    } else if let Some(points) = args.points {
        faults.push(OptionFault::new("--points", points.to_string(), ALONE).help(BY_NAME));
    }
    let description = json!({
        "statistic": statistic,
        "asimov": args.test.asimov(),
        "level": options.level,
        "widen": options.widen,
    });
    patch_set::run(many, &limits, description, faults, global, &|prepared| {
        let found = limit(args.test.setup(prepared, statistic, 1.0), options)?;
        Ok(PatchLimits::found(prepared, &found))
    })
}

/// Options that are for something else than one asymptotic limit.
fn alone(args: &LimitArgs, faults: &mut Vec<OptionFault>) {
    if args.toys.toys.is_some() {
        return;
    }
    args.toys.check_alone("asymptotic limit", faults);
    if let (Some(points), None) = (args.points, args.curve) {
        let fault = OptionFault::new("--points", points.to_string(), "is for a curve or for toys");
        faults.push(fault.help("`--curve` asks for CLs on a grid, `--toys N` for toys"));
    }
}

fn points(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|count| (2..=10_000).contains(count));
    number.ok_or_else(|| "expected a whole number from 2 to 10000".to_owned())
}

/// Reads the value of `--curve`, which may be missing: then what stands behind it is taken for the value.
fn curve_range(text: &str) -> Result<[f64; 2], String> {
    super::scan::range(text).map_err(|why| format!("{why}; or nothing, then write SPEC before --curve"))
}

pub(super) fn level(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|level| *level > 0.0 && *level < 1.0);
    value.ok_or_else(|| "expected a number between 0 and 1, such as 0.95".to_owned())
}
