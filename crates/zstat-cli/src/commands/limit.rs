//! `zstat limit`: the upper limit on the parameter of interest.

use std::time::Instant;

use clap::Args;
use zstat_inference::{LimitOptions, TestStatistic, limit};

use crate::args::{GlobalArgs, Hinted, TestArgs};
use crate::failure::Failure;
use crate::prepared::{Prepared, Subject, exit_code, statistic};
use crate::report::limit::LimitReport;
use crate::session::seconds;
use crate::{output, progress};

/// Options of `zstat limit`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat limit specs/quickstart.yaml\n  zstat limit bkgonly.json --patch patchset.json:signal_1 --widen --format json"
)]
pub struct LimitArgs {
    #[command(flatten)]
    test: TestArgs,
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
}

/// Searches. Exit code 1 where a fit did not converge or a search had no end; a limit beyond the bound is a result.
pub fn run(args: &LimitArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let statistic = statistic(&args.test_stat, &[TestStatistic::Qtilde, TestStatistic::Q], &mut faults);
    let prepared = Prepared::open(&args.test.study, Subject::Poi, faults)?;
    let started = Instant::now();
    let options = LimitOptions { level: args.level, widen: args.widen };
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
