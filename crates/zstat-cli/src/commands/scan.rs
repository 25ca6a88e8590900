//! `zstat scan`: the profile likelihood of one parameter, and intervals.

use std::time::Instant;

use clap::Args;
use zstat_inference::{ScanOptions, ScanSetup, scan};

use crate::args::{GlobalArgs, TestArgs};
use crate::failure::{Failure, OptionFault};
use crate::report::scan::ScanReport;
use crate::session::seconds;
use crate::testing::{Testing, exit_code};
use crate::{output, progress};

/// Options of `zstat scan`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat scan specs/quickstart.yaml --parameter mu\n  zstat scan specs/quickstart.yaml --parameter jes --range=-2:2 --points 81 --statistical --format csv"
)]
pub struct ScanArgs {
    #[command(flatten)]
    test: TestArgs,
    /// Parameter to scan; by default the first of interest
    #[arg(long, value_name = "NAME", help_heading = "Scan options")]
    parameter: Option<String>,
    /// Range; by default about three standard deviations to both sides, inside the bounds
    #[arg(long, value_name = "LO:HI", allow_hyphen_values = true, value_parser = range, help_heading = "Scan options")]
    range: Option<[f64; 2]>,
    /// Points of the grid
    #[arg(long, value_name = "N", default_value_t = 41, value_parser = points, help_heading = "Scan options")]
    points: usize,
    /// Confidence level of an interval; repeatable [default: 0.6827 and 0.95]
    #[arg(long, value_name = "CL", value_parser = super::limit::level, help_heading = "Scan options")]
    level: Vec<f64>,
    /// The statistical part as well: everything with a constraint held at its best value
    #[arg(long, help_heading = "Scan options")]
    statistical: bool,
}

/// Scans. Exit code 1 where a fit did not converge.
pub fn run(args: &ScanArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let testing = Testing::open(&args.test, args.parameter.as_deref(), Vec::<OptionFault>::new())?;
    let started = Instant::now();
    let mut options = ScanOptions {
        range: args.range,
        points: args.points,
        statistical: args.statistical,
        ..ScanOptions::default()
    };
    if !args.level.is_empty() {
        options.levels = args.level.clone();
    }
    let setup = testing.setup(zstat_inference::TestStatistic::T, 1.0);
    let setup = ScanSetup {
        model: setup.model,
        data: setup.data,
        fitter: setup.fitter,
        parameter: setup.poi,
        start: setup.start,
        fixed: setup.fixed,
    };
    let found = progress::during(global.quiet, "scanning", || scan(setup, &options))?;
    let report = ScanReport::new(&testing, found, seconds(started));
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

fn range(text: &str) -> Result<[f64; 2], String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let ends = text.split_once(':').and_then(|(low, high)| Some([number(low)?, number(high)?]));
    ends.filter(|[low, high]| low < high).ok_or_else(|| "expected LO:HI with LO < HI, such as 0:3".to_owned())
}

fn points(text: &str) -> Result<usize, String> {
    let count = text.parse::<usize>().ok().filter(|count| (2..=100_000).contains(count));
    count.ok_or_else(|| "expected a whole number from 2 to 100000".to_owned())
}
