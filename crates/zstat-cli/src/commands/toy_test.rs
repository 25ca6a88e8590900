//! Tests with toys, for all commands that have them.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};

use clap::Args;
use serde_json::json;
use zstat_inference::{Setup, ToyHypotest, ToyRecord, ToyTest};

use crate::args::{GlobalArgs, seed};
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Done, JobArgs, Manifest, ShardReport};
use crate::prepared::Prepared;

/// Options of toys in a test.
#[derive(Debug, Args)]
#[command(next_help_heading = "Toy options")]
pub struct ToyArgs {
    /// Pseudo-experiments of each hypothesis in place of asymptotic formulas
    #[arg(long, value_name = "N", value_parser = toys, allow_negative_numbers = true)]
    pub toys: Option<NonZeroU64>,
    /// Seed of the pseudo-experiments
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
    #[command(flatten)]
    pub job: JobArgs,
}

impl ToyArgs {
    /// A fault where there is a job to keep, and neither toys nor many patches to do.
    pub fn check_alone(&self, what: &str, faults: &mut Vec<OptionFault>) {
        if let (None, Some(folder)) = (self.toys, &self.job.checkpoint) {
            let message = format!("is for toys or many patches, and this is one {what}");
            let fault = OptionFault::new("--checkpoint", folder.display().to_string(), message);
            faults.push(fault.help("`--toys N` asks for toys, `--patch FILE:ALL` for every patch of a set"));
        }
    }

    /// A fault where there is a job to keep, and no toys to do.
    pub fn check(&self, faults: &mut Vec<OptionFault>) {
        if let (None, Some(folder)) = (self.toys, &self.job.checkpoint) {
            let fault = OptionFault::new("--checkpoint", folder.display().to_string(), "is for toys only");
            faults.push(fault.help("`--toys N` asks for them"));
        }
    }
}

/// A number of toys: one at least, and few enough to count tasks.
pub fn toys(text: &str) -> Result<NonZeroU64, String> {
    let number = text.parse::<NonZeroU64>().ok().filter(|number| number.get() <= 1 << 40);
    number.ok_or_else(|| format!("expected a whole number from 1 to {}", 1_u64 << 40))
}

/// What came of a test with toys.
pub enum ToyOutcome {
    /// The result.
    Whole(Box<ToyHypotest>),
    /// One part of the job is done.
    Part(ShardReport),
}

/// Tests `mu` with `count` toys of each hypothesis.
///
/// # Errors
/// Where there is no likelihood, or the journal of the job is of no use.
pub fn toy_test(
    command: &str,
    prepared: &Prepared,
    setup: Setup<'_>,
    mu: f64,
    count: NonZeroU64,
    args: &ToyArgs,
    global: &GlobalArgs,
) -> Result<ToyOutcome, Failure> {
    let test = ToyTest::new(setup, mu, args.seed, prepared.rescue())?;
    let study = json!({
        "poi": setup.inputs.name(setup.poi),
        "mu": mu,
        "statistic": setup.statistic,
        "asimov": setup.asimov,
        "signal": setup.signal,
    });
    let tasks = ToyTest::tasks(count.get());
    let manifest = Manifest::new(command, prepared, study, args.seed, tasks)?;
    let tally = Mutex::new(test.tally());
    let sink = |task: u64, record: ToyRecord| {
        tally.lock().unwrap_or_else(PoisonError::into_inner).put(task, &record);
    };
    match jobs::run("toys", &test, manifest, &args.job, global, &sink)? {
        Done::Part(report) => Ok(ToyOutcome::Part(report)),
        Done::All => {
            let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
            Ok(ToyOutcome::Whole(Box::new(test.finish(tally, count.get()))))
        }
    }
}
