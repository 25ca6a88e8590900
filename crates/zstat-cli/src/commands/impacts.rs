//! `zstat impacts`: what every other parameter does to those of interest.

use std::num::NonZeroUsize;
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::json;
use zstat_core::text::is_glob;
use zstat_inference::{ImpactGroup, ImpactKind, ImpactOptions, ImpactStudy, groups_by_kind};

use crate::args::{GlobalArgs, StudyArgs, count};
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Collected, JobArgs, Manifest};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::head::{Head, Outcome};
use crate::report::impacts::ImpactsReport;
use crate::session::{Session, seconds};
use crate::start::Start;
use crate::{EXIT_DONE, output, progress, select};

const GROUP: &str = "--group";

/// Options of `zstat impacts`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat impacts specs/quickstart.yaml\n  zstat impacts specs/quickstart.yaml --kind global-observables --group 'jets=jes,jer' --group 'statistics=mc_stat_*' --format json\n  zstat impacts big.yaml --shard 1/4 --checkpoint part1    # then: zstat merge part*"
)]
pub struct ImpactsArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// What an impact is
    #[arg(long, value_enum, default_value_t, value_name = "KIND", help_heading = "Impact options")]
    kind: Kind,
    /// Break the uncertainty down by this group; PATTERN is a parameter's name or a glob, several with commas; repeatable
    /// [default: by kind of modifier]
    #[arg(long, value_name = "NAME=PATTERN", help_heading = "Impact options")]
    group: Vec<String>,
    /// Order of the parameters
    #[arg(long, value_enum, default_value_t, value_name = "ORDER", help_heading = "Output options")]
    sort: Order,
    /// Show the first N parameters on the page; JSON and CSV have them all
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Output options")]
    top: Option<NonZeroUsize>,
    #[command(flatten)]
    job: JobArgs,
}

/// What an impact is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The parameter held one standard deviation off its best value, all others fitted again.
    #[default]
    Refit,
    /// Its auxiliary observation shifted by one width of the constraint, everything fitted again.
    GlobalObservables,
    /// From the covariance of the fit, without another fit.
    Covariance,
}

impl From<Kind> for ImpactKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Refit => Self::Refit,
            Kind::GlobalObservables => Self::GlobalObservables,
            Kind::Covariance => Self::Covariance,
        }
    }
}

/// Order of the parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// By size of the impact, largest first.
    #[default]
    Impact,
    /// By size of the pull, unconstrained ones first.
    Pull,
    /// The model's order, which is pyhf's.
    Model,
    /// By name.
    Name,
}

/// Computes impacts. Exit code 1 where a fit did not converge.
pub fn run(args: &ImpactsArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let (prepared, groups) =
        Prepared::open_with(&args.study, Subject::Pois, Vec::new(), |session, start, faults| {
            groups(session, &args.group, start, faults)
        })?;
    let started = Instant::now();
    let (inputs, pois) = (prepared.inputs(), prepared.subjects().to_vec());
    let groups = if args.group.is_empty() { groups_by_kind(&inputs, &pois) } else { groups };
    let options = ImpactOptions { kind: args.kind.into(), pois, groups };
    let study = progress::during(global.quiet, "fitting", || ImpactStudy::new(inputs, &options))?;
    let total = study.tasks();
    let parameters = prepared.session.model.parameters();
    let names: Vec<&str> = options.pois.iter().map(|&poi| parameters[poi].name.as_str()).collect();
    // Groups change no record.
    let description = json!({ "kind": options.kind, "pois": names });
    let manifest = Manifest::new("impacts", &prepared, description, 0, total)?;
    let records = match jobs::collect("impacts", &study, manifest, &args.job, global)? {
        Collected::Part(report) => return output::write(&report, global).map(|()| EXIT_DONE),
        Collected::All(records) => records,
    };
    let found = progress::counted(global.quiet, "impacts again, from a lower minimum", total, |tick| {
        study.finish(records, tick)
    })?;
    let (warnings, converged, fits) = (&found.warnings, found.converged, found.fits);
    let outcome = Outcome { warnings, converged, fits, stage: ("impacts_s", seconds(started)) };
    let head = Head::new(&prepared, outcome);
    let top = args.top.map_or(usize::MAX, NonZeroUsize::get);
    let report = ImpactsReport::new(head, &prepared.session.model, found, args.sort, top);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

/// The groups of `--group NAME=PATTERN,…`; a name given again adds to its group. Globs leave fixed parameters and those of
/// interest out, names of such are faults.
fn groups(
    session: &Session,
    texts: &[String],
    start: &Start,
    faults: &mut Vec<OptionFault>,
) -> Vec<ImpactGroup> {
    let mut groups: Vec<ImpactGroup> = Vec::new();
    for text in texts {
        let Some((name, patterns)) = text.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
            let fault = OptionFault::new(GROUP, text, "expected NAME=PATTERN, such as `jets=jes,jer`");
            faults.push(fault);
            continue;
        };
        let name = name.trim();
        let mut members = Vec::new();
        for pattern in patterns.split(',').map(str::trim) {
            match select::parameters(&session.model, GROUP, pattern) {
                Ok(found) => members.extend(usable(session, pattern, found, start, faults)),
                Err(fault) => faults.push(fault),
            }
        }
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.members.extend(members),
            None => groups.push(ImpactGroup { name: name.to_owned(), members }),
        }
    }
    for group in &mut groups {
        group.members.sort_unstable();
        group.members.dedup();
    }
    groups
}

/// Those of `found` that can have an impact; a fault where there are none.
fn usable(
    session: &Session,
    pattern: &str,
    found: Vec<usize>,
    start: &Start,
    faults: &mut Vec<OptionFault>,
) -> Vec<usize> {
    let pois = session.model.poi();
    let is_poi = |i: usize| !start.fixed[i] && pois.iter().any(|poi| poi.0 == i);
    let usable: Vec<usize> = found.iter().copied().filter(|&i| !start.fixed[i] && !is_poi(i)).collect();
    if usable.is_empty() {
        let what = if is_glob(pattern) { "all that match are" } else { "it is" };
        let why = if found.iter().any(|&i| is_poi(i)) { "of interest" } else { "fixed" };
        let message = format!("nothing to freeze: {what} {why}");
        faults.push(OptionFault::new(GROUP, pattern, message));
    }
    usable
}
