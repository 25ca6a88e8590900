//! `zstat scan`: the profile likelihood of one parameter, and intervals.

use std::time::Instant;

use clap::Args;
use zstat_inference::{ScanOptions, scan};

use crate::args::{GlobalArgs, StudyArgs};
use crate::failure::Failure;
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::head::{Head, Outcome};
use crate::report::scan::ScanReport;
use crate::session::seconds;
use crate::{output, progress};

/// Options of `zstat scan`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat scan specs/quickstart.yaml --parameter mu\n  zstat scan specs/quickstart.yaml --parameter jes --range=-2:2 --points 81 --statistical --format csv"
)]
pub struct ScanArgs {
    #[command(flatten)]
    study: StudyArgs,
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
    let prepared = Prepared::open(&args.study, Subject::Named(args.parameter.as_slice()), Vec::new())?;
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
    let parameter = prepared.subjects()[0];
    let found = progress::during(global.quiet, "scanning", || scan(prepared.inputs(), parameter, &options))?;
    let (warnings, converged, fits) = (&found.warnings, found.converged, found.fits);
    let outcome = Outcome { warnings, converged, fits, stage: ("scan_s", seconds(started)) };
    let report = ScanReport::new(Head::new(&prepared, outcome), prepared.parameter(), found);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

/// Reads `LO:HI`.
pub fn range(text: &str) -> Result<[f64; 2], String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let ends = text.split_once(':').and_then(|(low, high)| Some([number(low)?, number(high)?]));
    ends.filter(|[low, high]| low < high).ok_or_else(|| "expected LO:HI with LO < HI, such as 0:3".to_owned())
}

fn points(text: &str) -> Result<usize, String> {
    let count = text.parse::<usize>().ok().filter(|count| (2..=100_000).contains(count));
    count.ok_or_else(|| "expected a whole number from 2 to 100000".to_owned())
}
