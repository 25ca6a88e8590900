//! `zstat significance`: how improbable the data are without signal.

use std::time::Instant;

use clap::Args;
use zstat_inference::{TestStatistic, significance};

use crate::args::{GlobalArgs, Hinted, TestArgs};
use crate::failure::{Failure, OptionFault};
use crate::report::significance::SignificanceReport;
use crate::session::seconds;
use crate::testing::{Testing, exit_code, statistic};
use crate::{output, progress};

/// Options of `zstat significance`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zstat significance specs/quickstart.yaml --format json")]
pub struct SignificanceArgs {
    #[command(flatten)]
    test: TestArgs,
    /// What is compared: `q0`, or `u0` that counts deficits as negative
    #[arg(
        long,
        value_name = "NAME",
        default_value = "q0",
        value_parser = Hinted(&["q0", "u0"]),
        help_heading = "Test options"
    )]
    test_stat: String,
    /// Signal in the Asimov data, for the expected significance
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_negative_numbers = true,
        help_heading = "Test options"
    )]
    signal: f64,
}

/// Tests the absence of a signal. Exit code 1 where a fit did not converge.
pub fn run(args: &SignificanceArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let statistic = statistic(&args.test_stat, &[TestStatistic::Q0, TestStatistic::U0], &mut faults);
    if !args.signal.is_finite() {
        faults.push(OptionFault::new("--signal", args.signal.to_string(), "expected a finite number"));
    }
    let testing = Testing::open(&args.test, None, faults)?;
    let started = Instant::now();
    let found =
        progress::during(global.quiet, "testing", || significance(testing.setup(statistic, args.signal)))?;
    let report = SignificanceReport::new(&testing, found, args.signal, seconds(started));
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}
