//! `zstat compatibility`: do the channels agree on the parameter of interest?

use std::time::Instant;

use clap::Args;
use zstat_core::model::Model;
use zstat_inference::{CompatibilityOptions, compatibility};

use crate::args::{GlobalArgs, StudyArgs};
use crate::failure::{Failure, OptionFault};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::compatibility::CompatibilityReport;
use crate::report::head::{Head, Outcome};
use crate::session::seconds;
use crate::{output, progress, select};

const GROUP: &str = "--group";

/// Options of `zstat compatibility`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat compatibility specs/several-pois.yaml --measurement inclusive --bounds=-10:10\n  zstat compatibility combined.yaml --group 'leptons=SR_e*,SR_mu*' --format json"
)]
pub struct CompatibilityArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Channels that share one value, names or globs; repeatable. All others stand for themselves
    #[arg(long, value_name = "NAME=CHANNEL,..", help_heading = "Test options")]
    group: Vec<String>,
    /// Bounds of the parameter, for all channels and for each; by default the spec's
    #[arg(
        long,
        value_name = "LO:HI",
        allow_hyphen_values = true,
        value_parser = super::scan::range,
        help_heading = "Test options"
    )]
    bounds: Option<[f64; 2]>,
}

/// Compares. Exit code 1 where a fit did not converge.
pub fn run(args: &CompatibilityArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let (prepared, groups) =
        Prepared::open_with(&args.study, Subject::Poi, Vec::new(), |session, _, faults| {
            groups(&session.model, &args.group, faults)
        })?;
    let options = CompatibilityOptions { groups, bounds: args.bounds };
    let started = Instant::now();
    let found = progress::during(global.quiet, "fitting", || {
        compatibility(prepared.inputs(), prepared.subjects()[0], &options)
    })?;
    let (warnings, converged, fits) = (&found.warnings, found.converged, found.fits);
    let outcome = Outcome { warnings, converged, fits, stage: ("compatibility_s", seconds(started)) };
    let report = CompatibilityReport::new(Head::new(&prepared, outcome), prepared.parameter(), found);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

/// The groups that the options ask for; a channel may be in one alone.
fn groups(model: &Model, options: &[String], faults: &mut Vec<OptionFault>) -> Vec<(String, Vec<usize>)> {
    let mut out: Vec<(String, Vec<usize>)> = Vec::new();
    for option in options {
        let Some((name, members)) =
            option.split_once('=').filter(|(name, members)| !name.is_empty() && !members.is_empty())
        else {
            let fault = OptionFault::new(GROUP, option, "expected NAME=CHANNEL,CHANNEL,..");
            faults.push(fault.help("for example `leptons=SR_e,SR_mu`, or with a glob `leptons=SR_*`"));
            continue;
        };
        if out.iter().any(|(known, _)| known == name) {
            faults.push(OptionFault::new(GROUP, option, format!("there are two groups `{name}`")));
            continue;
        }
        let mut channels = Vec::new();
        for member in members.split(',') {
            match select::channels(model, GROUP, member.trim()) {
                Ok(found) => channels.extend(found),
                Err(fault) => faults.push(fault),
            }
        }
        channels.sort_unstable();
        channels.dedup();
        for (other, taken) in &out {
            for &channel in channels.iter().filter(|channel| taken.contains(channel)) {
                let message =
                    format!("channel `{}` is in group `{other}` already", model.channels()[channel].name);
                faults.push(OptionFault::new(GROUP, option, message));
            }
        }
        out.push((name.to_owned(), channels));
    }
    out
}
