//! `zstat limit`: the upper limit on the parameter of interest, for one model or for each patch of a set.

use std::time::Instant;

use clap::Args;
use zstat_formats::Family;
use zstat_inference::{LimitOptions, TestStatistic, limit};

use super::limit_patches;
use crate::args::{GlobalArgs, Hinted, TestArgs};
use crate::failure::{Failure, OptionFault};
use crate::input::{Files, Spec};
use crate::jobs::JobArgs;
use crate::prepared::{Prepared, Subject, exit_code, statistic};
use crate::report::limit::LimitReport;
use crate::session::{Session, seconds};
use crate::{output, progress};

/// Options of `zstat limit`.
#[derive(Debug, Args)]
#[command(
    after_help = "`--patch FILE:ALL` gives the limit of every patch of a pyhf patch set, `--patch 'FILE:GLOB'` of those whose names match.\n\nExamples:\n  zstat limit specs/quickstart.yaml\n  zstat limit bkgonly.json --patch patchset.json:signal_1 --widen --format json\n  zstat limit bkgonly.json --patch patchset.json:ALL --checkpoint work --output limits.csv"
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
    #[command(flatten)]
    pub(super) job: JobArgs,
}

/// Searches. Exit code 1 where a fit did not converge or a search had no end; a limit beyond the bound is a result.
pub fn run(args: &LimitArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let statistic = statistic(&args.test_stat, &[TestStatistic::Qtilde, TestStatistic::Q], &mut faults);
    let options = LimitOptions { level: args.level, widen: args.widen };
    let files = Files::open(&args.test.study.model.spec)?;
    let patches = files.patches();
    if let Some(family) = Family::open(files.input(&patches)).map_err(|found| files.faulty(found))? {
        return limit_patches::run(args, &files, &family, (statistic, options), faults, global);
    }
    drop(patches);
    if let Some(folder) = &args.job.checkpoint {
        let message = "is for many limits in one run, and this is one";
        let fault = OptionFault::new("--checkpoint", folder.display().to_string(), message);
        faults.push(fault.help("`--patch FILE:ALL` gives the limit of every patch of a set"));
    }
    let study = &args.test.study;
    let session = Session::of(Spec::read(files)?, &study.model)?;
    let (prepared, ()) = Prepared::of(session, study, Subject::Poi, faults, |_, _, _| ())?;
    let started = Instant::now();
    let found = progress::during(global.quiet, "searching for the limit", || {
        limit(args.test.setup(&prepared, statistic, 1.0), options)
    })?;
    let asimov = args.test.asimov();
    let report = LimitReport::new(&prepared, asimov, found, statistic, options, seconds(started));
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

pub(super) fn level(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|level| *level > 0.0 && *level < 1.0);
    value.ok_or_else(|| "expected a number between 0 and 1, such as 0.95".to_owned())
}
