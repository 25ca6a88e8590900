//! `zstat toys`: pseudo-data, fits of them, and what the fits make of the truth.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Arg, Args, value_parser};
use serde_json::json;
use zstat_core::model::Model;
use zstat_inference::{StudyOptions, StudyRecord, ToyStudy};

use super::toy_table::ToyTable;
use super::toy_test::toys;
use crate::args::{GlobalArgs, StudyArgs, TruthArgs, seed};
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Done, JobArgs, Manifest, Shard};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::head::{Head, Outcome};
use crate::report::toys::{Studied, ToysReport};
use crate::session::seconds;
use crate::{EXIT_DONE, output, select};

/// Options of `zstat toys`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat toys specs/quickstart.yaml --n 1000 --output toys\n  zstat toys specs/quickstart.yaml --n 1000 --inject mu=2 --seed 7 --report mu --output toys\n  zstat toys specs/quickstart.yaml --n 100000 --shard 1/4 --output part1    # then: zstat merge part* --output toys",
    arg = folder()
)]
pub struct ToysArgs {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    truth: TruthArgs,
    /// Number of pseudo-experiments
    #[arg(long, value_name = "N", value_parser = toys, allow_negative_numbers = true, help_heading = "Toy options")]
    n: NonZeroU64,
    /// Seed of the pseudo-experiments
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed, allow_negative_numbers = true, help_heading = "Toy options")]
    seed: u64,
    /// Parameters to report; a name or a glob, repeatable [default: all that are free]
    #[arg(long, value_name = "NAME", help_heading = "Toy options")]
    report: Vec<String>,
    /// Keep the pseudo-data as well
    #[arg(long, help_heading = "Toy options")]
    save_data: bool,
    /// Do one part of N only; `zstat merge` makes the result of all
    #[arg(long, value_name = "I/N", help_heading = "Job options")]
    shard: Option<Shard>,
}

/// The option `--output` of all commands, as it is here.
fn folder() -> Arg {
    Arg::new("output")
        .long("output")
        .short('o')
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
        .help("Folder of the toys, made where there is none; needed")
        .help_heading("Output options")
}

/// Draws and fits. Exit code 1 where a toy failed.
pub fn run(args: &ToysArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let fault = match &global.output {
        None => Some(OptionFault::new("--output", "DIR", "is missing: the folder for the toys")),
        Some(path) if path.as_os_str() == "-" => {
            Some(OptionFault::new("--output", "-", "is standard output, and toys need a folder"))
        }
        Some(_) => None,
    };
    faults.extend(fault.map(|fault| fault.help("for example `--output toys`")));
    let (mut prepared, (injected, reported)) =
        Prepared::open_with(&args.study, Subject::Model, faults, |session, start, faults| {
            let injected = args.truth.injected(&session.model, faults);
            (injected, reported(&session.model, &start.fixed, &args.report, faults))
        })?;
    let started = Instant::now();
    let free = |index: &usize| !prepared.start.fixed[*index];
    let poi = prepared.session.model.poi().iter().map(|index| index.0).find(free);
    if let Some(poi) = poi {
        prepared.remark_effect(poi);
    }
    let model = &prepared.session.model;
    let (theta, found) = args.truth.point(&prepared, &injected)?;
    let options = StudyOptions { poi, reported, with_data: args.save_data, seed: args.seed };
    let name = |index: usize| model.parameters()[index].name.as_str();
    let description = json!({
        "truth": args.truth.description(model, &injected),
        "reported": options.reported.iter().map(|&index| name(index)).collect::<Vec<_>>(),
        "poi": poi.map(name),
        "data": args.save_data,
    });
    let reported = options.reported.clone();
    let study = ToyStudy::new(prepared.inputs(), vec![theta], prepared.rescue(), options)?;
    let tasks = study.tasks(args.n.get());
    let manifest = Manifest::new("toys", &prepared, description, args.seed, tasks)?;
    let folder = global.output.clone().unwrap_or_default();
    if let Some(fault) = jobs::foreign_results(&folder, &["toys.parquet", "summary.json"], &manifest, global)?
    {
        return Err(Failure::Options(vec![fault]));
    }
    let job = JobArgs { checkpoint: Some(folder.clone()), shard: args.shard };
    if let Done::Part(report) = jobs::run("toys", &study, manifest, &job, global, &|_, _: StudyRecord| {})? {
        return output::write(&report, &global.to_stdout()).map(|()| EXIT_DONE);
    }
    jobs::make_folder(&folder)?;
    let truth: Vec<f64> = study.truths().next().map(<[f64]>::to_vec).unwrap_or_default();
    let mut studied = Studied::new(model, &reported, &truth, poi);
    let with_data = args.save_data;
    let table = ToyTable { model, tasks, reported: &reported, poi, injected: &[], with_data };
    table.write(&folder.join("toys.parquet"), &folder, global, &mut |record| studied.add(record))?;
    let failed = studied.failed;
    let warnings: Vec<String> = found.warnings.iter().cloned().chain(studied.warnings()).collect();
    let outcome = Outcome {
        warnings: &warnings,
        converged: found.converged && failed == 0,
        fits: found.fits,
        stage: ("toys_s", seconds(started)),
    };
    let report = ToysReport::new(Head::new(&prepared, outcome), studied, args.seed, &folder);
    report.write_summary(&folder)?;
    output::write(&report, &global.to_stdout())?;
    Ok(exit_code(report.converged()))
}

/// Indices of the parameters of `--report`, else all that are free.
fn reported(model: &Model, fixed: &[bool], names: &[String], faults: &mut Vec<OptionFault>) -> Vec<usize> {
    if names.is_empty() {
        let all: Vec<usize> = (0..fixed.len()).filter(|&i| !fixed[i]).collect();
        if all.is_empty() {
            faults.push(OptionFault::new("--fix", "*", "leaves nothing to fit"));
        }
        return all;
    }
    let mut indices = Vec::new();
    for name in names {
        match select::parameters(model, "--report", name) {
            Ok(found) => indices.extend(found.into_iter().filter(|&i| !fixed[i])),
            Err(fault) => faults.push(fault),
        }
    }
    indices.sort_unstable();
    indices.dedup();
    if indices.is_empty() && faults.is_empty() {
        faults.push(OptionFault::new("--report", names.join(", "), "names fixed parameters only"));
    }
    indices
}
