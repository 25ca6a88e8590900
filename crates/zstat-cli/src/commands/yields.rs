//! `zstat yields`: expected events with their uncertainties, before and after the fit.

use std::time::Instant;

use clap::Args;
use zstat_inference::predict;

use crate::args::{GlobalArgs, StudyArgs};
use crate::failure::Failure;
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::head::{Head, Outcome};
use crate::report::yields::YieldsReport;
use crate::session::seconds;
use crate::{functions, output, progress};

/// Options of `zstat yields`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat yields specs/quickstart.yaml --postfit --bins\n  zstat yields specs/several-pois.yaml --postfit --function 'ratio=mu_ggH/mu_VBF' --format json"
)]
pub struct YieldsArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Fit, and show the yields before and after it
    #[arg(long, help_heading = "Yields options")]
    postfit: bool,
    /// A function of the parameters, with its uncertainty: a formula as in specs; repeatable
    #[arg(long, value_name = "NAME=EXPRESSION", help_heading = "Yields options")]
    function: Vec<String>,
    /// Show yields bin by bin
    #[arg(long, help_heading = "Output options")]
    bins: bool,
}

/// Predicts. Exit code 1 where the fit did not converge.
pub fn run(args: &YieldsArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let read = functions::read(&args.function, &mut faults);
    // Linked twice: functions refer to the model, which moves into `prepared` once all options are known to be good.
    let (prepared, ()) = Prepared::open_with(&args.study, Subject::Model, faults, |session, _, faults| {
        functions::link(&session.model, &read, faults);
    })?;
    let functions = functions::link(&prepared.session.model, &read, &mut Vec::new());
    let started = Instant::now();
    let found = progress::during(global.quiet, "predicting", || {
        predict(prepared.inputs(), &functions, args.postfit.then(|| prepared.session.starts()))
    })?;
    let fit = found.postfit.as_ref().map(|(_, fit)| &fit.status);
    let outcome = Outcome {
        warnings: fit.map_or(&[], |status| &status.warnings),
        converged: fit.is_none_or(|status| status.converged),
        fits: usize::from(fit.is_some()),
        stage: ("yields_s", seconds(started)),
    };
    let report = YieldsReport::new(Head::new(&prepared, outcome), &prepared, &functions, found, args.bins);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}
