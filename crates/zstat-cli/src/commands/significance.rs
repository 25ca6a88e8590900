//! `zstat significance`: how improbable the data are without signal.

use std::time::Instant;

use clap::Args;
use serde_json::json;
use zstat_formats::Family;
use zstat_inference::{TestStatistic, significance};

use super::patch_set::{self, Many, Opened};
use super::toy_test::{ToyArgs, ToyOutcome, toy_test};
use crate::args::{GlobalArgs, Hinted, SignalArgs, TestArgs};
use crate::failure::Failure;
use crate::input::{Files, Spec};
use crate::prepared::{Prepared, Subject, exit_code, statistic};
use crate::report::head::{Outcome, TestHead};
use crate::report::significance::SignificanceReport;
use crate::report::significance_patches::PatchSignificances;
use crate::report::toy_test::ToyTestReport;
use crate::session::{Session, seconds};
use crate::{EXIT_DONE, output, progress};

/// Options of `zstat significance`.
#[derive(Debug, Args)]
#[command(
    after_help = "`--patch FILE:ALL` tests every patch of a pyhf patch set, `--patch 'FILE:GLOB'` those whose names match.\n\nExamples:\n  zstat significance specs/quickstart.yaml --format json\n  zstat significance specs/quickstart.yaml --toys 1000 --seed 7\n  zstat significance bkgonly.json --patch patchset.json:ALL --checkpoint work --output tests.csv"
)]
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
    #[command(flatten)]
    signal: SignalArgs,
    #[command(flatten)]
    toys: ToyArgs,
}

/// Tests the absence of a signal. Exit code 1 where a fit did not converge.
pub fn run(args: &SignificanceArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let statistic = statistic(&args.test_stat, &[TestStatistic::Q0, TestStatistic::U0], &mut faults);
    args.signal.check(&mut faults);
    let signal = args.signal.signal();
    let each = |files: &Files, family: &Family<'_>| {
        let many = Many { test: &args.test, toys: &args.toys, files, family };
        let description = json!({ "statistic": statistic, "asimov": args.test.asimov(), "signal": signal });
        let study = PatchSignificances { statistic, signal };
        patch_set::run(&many, &study, description, faults.clone(), global, &|prepared| {
            args.signal.remark(prepared);
            let found = significance(args.test.setup(prepared, statistic, signal))?;
            Ok(PatchSignificances::found(prepared, &found))
        })
    };
    let files = match patch_set::open(&args.test.study.model.spec, each)? {
        Opened::Many(code) => return Ok(code),
        Opened::One(files) => files,
    };
    args.toys.check_alone("asymptotic test", &mut faults);
    let session = Session::of(Spec::read(files)?, &args.test.study.model)?;
    let (mut prepared, ()) = Prepared::of(session, &args.test.study, Subject::Poi, faults, |_, _, _| ())?;
    args.signal.remark(&mut prepared);
    let started = Instant::now();
    let setup = args.test.setup(&prepared, statistic, signal);
    if let Some(count) = args.toys.toys {
        let test = match toy_test("significance", &prepared, setup, 0.0, count, &args.toys, global)? {
            ToyOutcome::Whole(test) => *test,
            ToyOutcome::Part(report) => return output::write(&report, global).map(|()| EXIT_DONE),
        };
        let (warnings, converged, fits) = (&test.warnings, test.converged, test.fits);
        let outcome = Outcome { warnings, converged, fits, stage: ("test_s", seconds(started)) };
        let head = TestHead::of_toys(&prepared, args.test.asimov(), outcome);
        let report = ToyTestReport::new(head, test, statistic, args.toys.seed, Some(signal));
        output::write(&report, global)?;
        return Ok(exit_code(report.converged()));
    }
    let found = progress::during(global.quiet, "testing", || significance(setup))?;
    let (warnings, converged, fits) = (&found.test.warnings, found.test.converged, found.test.fits);
    let outcome = Outcome { warnings, converged, fits, stage: ("test_s", seconds(started)) };
    let head = TestHead::new(&prepared, args.test.asimov(), outcome);
    let report = SignificanceReport::new(head, found, signal);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}
