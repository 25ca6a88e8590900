//! `zstat hypotest`: the test of one value of the parameter of interest.

use std::time::Instant;

use clap::Args;
use zstat_inference::{TestStatistic, hypotest};

use crate::args::{GlobalArgs, Hinted, TestArgs};
use crate::failure::{Failure, OptionFault};
use crate::report::hypotest::HypotestReport;
use crate::session::seconds;
use crate::testing::{Testing, exit_code, statistic};
use crate::{output, progress};

/// Options of `zstat hypotest`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat hypotest specs/quickstart.yaml --mu 1\n  zstat hypotest specs/quickstart.yaml --mu 0 --test-stat q0 --format json"
)]
pub struct HypotestArgs {
    #[command(flatten)]
    test: TestArgs,
    /// The value to test; `q0` and `u0` test 0
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_negative_numbers = true,
        help_heading = "Test options"
    )]
    mu: f64,
    /// What is compared: `qtilde` and `q` for limits, `q0` and `u0` for discoveries, `t` and `ttilde` for both sides
    #[arg(
        long,
        value_name = "NAME",
        default_value = "qtilde",
        value_parser = Hinted(&["qtilde", "q", "q0", "t", "ttilde", "u0"]),
        help_heading = "Test options"
    )]
    test_stat: String,
    /// Signal in the Asimov data of a discovery
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_negative_numbers = true,
        help_heading = "Test options"
    )]
    signal: f64,
}

/// Tests. Exit code 1 where a fit did not converge.
pub fn run(args: &HypotestArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let statistic = statistic(&args.test_stat, &TestStatistic::ALL, &mut faults);
    for (option, value) in [("--mu", args.mu), ("--signal", args.signal)] {
        if !value.is_finite() {
            faults.push(OptionFault::new(option, value.to_string(), "expected a finite number"));
        }
    }
    let testing = Testing::open(&args.test, None, faults)?;
    let started = Instant::now();
    let test = progress::during(global.quiet, "testing", || {
        hypotest(testing.setup(statistic, args.signal), args.mu)
    })?;
    let report = HypotestReport::new(&testing, test, seconds(started));
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}
