//! `zstat toys`: pseudo-data, fits of them, and what the fits make of the truth.

use std::io::Error;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::json;
use zstat_core::model::Model;
use zstat_inference::{StudyOptions, StudyRecord, ToyStudy};

use super::toy_test::toys;
use crate::args::{GlobalArgs, StudyArgs, TruthArgs, seed};
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Done, JobArgs, Manifest, Shard};
use crate::output::parquet::{Column, ParquetFile};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::head::{Head, Outcome};
use crate::report::toys::{Studied, ToysReport};
use crate::session::seconds;
use crate::{EXIT_DONE, output, select};

/// Options of `zstat toys`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat toys specs/quickstart.yaml --n 1000 --output toys\n  zstat toys specs/quickstart.yaml --n 1000 --inject mu=2 --seed 7 --report mu --output toys\n  zstat toys specs/quickstart.yaml --n 100000 --shard 1/4 --output part1    # then: zstat merge part* --output toys"
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

/// Draws and fits. Exit code 1 where a toy failed.
pub fn run(args: &ToysArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    if global.output.is_none() {
        let fault = OptionFault::new("--output", "DIR", "is missing: the folder for the toys");
        faults.push(fault.help("for example `--output toys`"));
    }
    let (prepared, (injected, reported)) =
        Prepared::open_with(&args.study, Subject::Model, faults, |session, start, faults| {
            let injected = args.truth.injected(&session.model, faults);
            (injected, reported(&session.model, &start.fixed, &args.report, faults))
        })?;
    let started = Instant::now();
    let model = &prepared.session.model;
    let poi = model.poi().iter().map(|index| index.0).find(|&index| !prepared.start.fixed[index]);
    let (theta, found) = args.truth.point(&prepared, &injected)?;
    let options = StudyOptions { poi, reported, with_data: args.save_data, seed: args.seed };
    let description = json!({
        "truth": args.truth.description(&injected),
        "reported": options.reported,
        "poi": poi,
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
    let folders = match &global.merged {
        Some(merged) => merged.in_order(),
        None => vec![folder.clone()],
    };
    jobs::make_folder(&folder)?;
    let truth: Vec<f64> = study.truths().next().map(<[f64]>::to_vec).unwrap_or_default();
    let mut studied = Studied::new(model, &reported, &truth, poi);
    let table = Table { folders: &folders, tasks, with_data: args.save_data };
    table.write(&folder, &prepared, &reported, poi, &mut studied)?;
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

/// The table of toys: from journals to Parquet, in the order of the toys.
struct Table<'a> {
    folders: &'a [PathBuf],
    tasks: u64,
    with_data: bool,
}

impl Table<'_> {
    fn write(
        &self,
        folder: &Path,
        prepared: &Prepared,
        reported: &[usize],
        poi: Option<usize>,
        studied: &mut Studied,
    ) -> Result<(), Failure> {
        let path = folder.join("toys.parquet");
        let mut failure = None;
        let written = output::write_file_with(&path, |out| {
            let mut file =
                ParquetFile::new(out, self.columns(prepared, reported, poi)).map_err(Error::other)?;
            let mut each = |task: u64, record: StudyRecord| {
                studied.add(&record);
                file.row(|columns| fill(columns, task, &record, poi.is_some()))
                    .map_err(|error| Failure::write(&path, Error::other(error)))
            };
            if let Err(error) = jobs::in_order(self.folders, self.tasks, &mut each) {
                failure = Some(error);
                return Err(Error::other("the journal cannot be read"));
            }
            file.finish().map(drop).map_err(Error::other)
        });
        match failure {
            Some(failure) => Err(failure),
            None => written,
        }
    }

    fn columns(&self, prepared: &Prepared, reported: &[usize], poi: Option<usize>) -> Vec<(String, Column)> {
        let model = &prepared.session.model;
        let name = |i: &usize| &model.parameters()[*i].name;
        let double = |name: String| (name, Column::Double(Vec::new()));
        let mut columns = vec![
            ("toy".to_owned(), Column::Int(Vec::new())),
            ("converged".to_owned(), Column::Bool(Vec::new())),
            ("retried".to_owned(), Column::Bool(Vec::new())),
            double("twice_nll".to_owned()),
        ];
        columns.extend(poi.map(|poi| double(format!("delta_twice_nll({} true)", name(&poi)))));
        columns.extend(reported.iter().map(|i| double(name(i).clone())));
        columns.extend(reported.iter().map(|i| double(format!("{} error", name(i)))));
        if self.with_data {
            for channel in model.channels() {
                let bins = 0..channel.bins.len();
                columns.extend(bins.map(|bin| double(format!("data {}[{bin}]", channel.name))));
            }
            columns.extend(model.parameters().iter().map(|p| double(format!("aux {}", p.name))));
        }
        columns
    }
}

fn fill(columns: &mut [Column], task: u64, record: &StudyRecord, with_rise: bool) {
    let rise = with_rise.then_some(record.twice_rise);
    let values = record.values.iter().copied().map(Some);
    let data = record.data.iter().copied().map(Some);
    let numbers = std::iter::once(record.twice_nll)
        .chain(rise)
        .chain(values)
        .chain(record.errors.iter().copied())
        .chain(data);
    let mut numbers = numbers;
    let mut flags = [record.converged, record.rescued].into_iter();
    for column in columns {
        match column {
            Column::Int(values) => values.push(task as i64),
            Column::Bool(values) => values.extend(flags.next()),
            Column::Double(values) => values.push(numbers.next().flatten()),
        }
    }
}
