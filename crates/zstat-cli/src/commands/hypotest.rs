//! `zstat hypotest`: the test of one value of the parameter of interest.

use std::time::Instant;

use clap::Args;
use serde_json::json;
use zstat_formats::Family;
use zstat_inference::{TestStatistic, hypotest};

use super::patch_set::{self, Many, Opened};
use super::toy_test::{ToyArgs, ToyOutcome, toy_test};
use crate::args::{GlobalArgs, Hinted, SignalArgs, TestArgs, number};
use crate::failure::{Failure, OptionFault};
use crate::input::{Files, Spec};
use crate::prepared::{Prepared, Subject, exit_code, statistic};
use crate::report::head::{Outcome, TestHead};
use crate::report::hypotest::HypotestReport;
use crate::report::hypotest_patches::PatchTests;
use crate::report::toy_test::ToyTestReport;
use crate::session::{Session, seconds};
use crate::{EXIT_DONE, output, progress};

/// Options of `zstat hypotest`.
#[derive(Debug, Args)]
#[command(
    after_help = "`--patch FILE:ALL` tests every patch of a pyhf patch set, `--patch 'FILE:GLOB'` those whose names match.\n\nExamples:\n  zstat hypotest specs/quickstart.yaml --mu 1\n  zstat hypotest specs/quickstart.yaml --mu 0 --test-stat q0 --format json\n  zstat hypotest specs/quickstart.yaml --mu 1 --toys 1000 --seed 7\n  zstat hypotest bkgonly.json --patch patchset.json:ALL --checkpoint work --output tests.csv"
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
        value_parser = number,
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
    #[command(flatten)]
    signal: SignalArgs,
    #[command(flatten)]
    toys: ToyArgs,
}

impl HypotestArgs {
    /// The value that is tested: of discoveries 0, whatever is given.
    fn tested(&self, statistic: TestStatistic) -> f64 {
        if statistic.is_discovery() { 0.0 } else { self.mu }
    }

    /// What a reader should know of the values.
    fn remarks(&self, prepared: &mut Prepared, statistic: TestStatistic) {
        prepared.remark_value("the value tested", self.tested(statistic));
        if statistic.is_discovery() {
            self.signal.remark(prepared);
        }
    }
}

/// Tests. Exit code 1 where a fit did not converge.
pub fn run(args: &HypotestArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let statistic = statistic(&args.test_stat, &TestStatistic::ALL, &mut faults);
    if !args.mu.is_finite() {
        faults.push(OptionFault::new("--mu", args.mu.to_string(), "expected a finite number"));
    }
    args.signal.check(&mut faults);
    args.signal.check_use(statistic, &mut faults);
    let mu = args.tested(statistic);
    let each = |files: &Files, family: &Family<'_>| {
        let many = Many { test: &args.test, toys: &args.toys, files, family };
        let description = json!({
            "mu": mu,
            "statistic": statistic,
            "asimov": args.test.asimov(),
            "signal": args.signal.signal(),
        });
        let tests = PatchTests { statistic, mu };
        patch_set::run(&many, &tests, description, faults.clone(), global, &|prepared| {
            args.remarks(prepared, statistic);
            let test = hypotest(args.test.setup(prepared, statistic, args.signal.signal()), args.mu)?;
            Ok(PatchTests::found(prepared, &test))
        })
    };
    let files = match patch_set::open(&args.test.study.model.spec, each)? {
        Opened::Many(code) => return Ok(code),
        Opened::One(files) => files,
    };
    args.toys.check_alone("asymptotic test", &mut faults);
    let session = Session::of(Spec::read(files)?, &args.test.study.model)?;
    let (mut prepared, ()) = Prepared::of(session, &args.test.study, Subject::Poi, faults, |_, _, _| ())?;
    args.remarks(&mut prepared, statistic);
    let started = Instant::now();
    let setup = args.test.setup(&prepared, statistic, args.signal.signal());
    if let Some(count) = args.toys.toys {
        let test = match toy_test("hypotest", &prepared, setup, mu, count, &args.toys, global)? {
            ToyOutcome::Whole(test) => *test,
            ToyOutcome::Part(report) => return output::write(&report, global).map(|()| EXIT_DONE),
        };
        let (warnings, converged, fits) = (&test.warnings, test.converged, test.fits);
        let outcome = Outcome { warnings, converged, fits, stage: ("test_s", seconds(started)) };
        let head = TestHead::of_toys(&prepared, args.test.asimov(), outcome);
        let report = ToyTestReport::new(head, test, statistic, args.toys.seed, None);
        output::write(&report, global)?;
        return Ok(exit_code(report.converged()));
    }
    let test = progress::during(global.quiet, "testing", || hypotest(setup, mu))?;
    let (warnings, converged, fits) = (&test.warnings, test.converged, test.fits);
    let outcome = Outcome { warnings, converged, fits, stage: ("test_s", seconds(started)) };
    let report = HypotestReport::new(TestHead::new(&prepared, args.test.asimov(), outcome), test);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}
