//! `zstat gof`: goodness of fit.

use std::time::Instant;

use clap::Args;
use zstat_inference::{GofStatistic, goodness_of_fit};

use crate::args::{GlobalArgs, Hinted, StudyArgs};
use crate::failure::{Failure, OptionFault};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::gof::GofReport;
use crate::report::head::{Head, Outcome};
use crate::session::seconds;
use crate::{output, progress};

const NAMES: [&str; 3] = ["saturated", "ks", "ad"];

/// Options of `zstat gof`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat gof specs/quickstart.yaml\n  zstat gof specs/quickstart.yaml --statistic saturated --statistic ks --format json"
)]
pub struct GofArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// What is compared: `saturated` (deviance), `ks` (Kolmogorov-Smirnov) or `ad` (Anderson-Darling); repeatable [default: saturated]
    #[arg(long, value_name = "NAME", value_parser = Hinted(&NAMES), help_heading = "Test options")]
    statistic: Vec<String>,
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
    let prepared = Prepared::open(&args.study, Subject::Model, faults)?;
    let started = Instant::now();
    let found =
        progress::during(global.quiet, "fitting", || goodness_of_fit(prepared.inputs(), &statistics))?;
    let warnings = [&found.fit.status.warnings[..], &found.warnings[..]].concat();
    let converged = found.fit.status.converged;
    let outcome = Outcome { warnings: &warnings, converged, fits: 1, stage: ("gof_s", seconds(started)) };
    let report = GofReport::new(Head::new(&prepared, outcome), &prepared, found);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}
