//! `zstat apply`: scores new events with what a training left, and counts them in the bins of its channel.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Args;
use zstat_train::spec::ProcessSpec;

use super::apply_events::{FileOfEvents, Heads};
use super::apply_run::TrainedRun;
use super::apply_table::{EventTable, Form};
use super::apply_workspace::Observed;
use super::train_files;
use crate::args::GlobalArgs;
use crate::failure::{Failure, OptionFault};
use crate::report::apply::{ApplyReport, Counts, RunInfo};
use crate::session::seconds;
use crate::{EXIT_DONE, jobs, output, progress};

/// Options of `zstat apply`.
#[derive(Debug, Args)]
#[command(
    after_help = "The ending of --output chooses the table's form: .csv, .parquet or .npy. It has the file, the row (counted from 0) and the score of every selected event as the scorer gives it (`raw`) and as the training's tables have it (`score`), its bin in the channel of the run's `workspace.yaml`, and that of the summary (`summary_bin`): empty (-1 in .npy) where it is in none.\n\nExamples:\n  zstat apply run data.parquet --output scores.parquet --columns 'run,event'\n  zstat apply run data.csv --process background --workspace observed.yaml\n  zstat fit observed.yaml"
)]
pub struct ApplyArgs {
    /// Folder of a finished training
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Events: CSV, Parquet or NumPy; as many files as there are
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Keep the events that this process's `select` keeps, of files that are read as its own (`reader`)
    #[arg(long, value_name = "NAME", help_heading = "Event options")]
    process: Option<String>,
    /// Keep the events for which this condition over the columns holds
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true, help_heading = "Event options")]
    select: Option<String>,
    /// Count events by this expression over the columns; each once by default
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true, help_heading = "Event options")]
    weight: Option<String>,
    /// Copy these columns into the table of --output; names may be globs
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', help_heading = "Event options")]
    columns: Vec<String>,
    /// Copy all columns of the first file
    #[arg(long, conflicts_with = "columns", help_heading = "Event options")]
    keep: bool,
    /// Write the run's workspace there, with these events as what its channel observed: .yaml, .zstat.json, or .json for
    /// pyhf
    #[arg(long, value_name = "FILE", help_heading = "Event options")]
    workspace: Option<PathBuf>,
}

/// What is asked for, of all events.
pub struct Choice<'a> {
    /// Events to keep.
    pub select: Option<String>,
    /// How they count.
    pub weight: Option<&'a str>,
    /// Columns to copy.
    pub columns: &'a [String],
    /// Copy all.
    pub keep: bool,
    /// The process whose files are read in the same way.
    pub process: Option<&'a ProcessSpec>,
}

/// Scores, counts, writes.
pub fn run(args: &ApplyArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    let trained = TrainedRun::open(&args.run)?;
    let mut applier = trained.applier()?;
    let mut faults = Vec::new();
    let select = select(args, &trained, &mut faults);
    let process = args.process.as_ref().and_then(|name| trained.training.processes.get(name));
    let (weight, columns, keep) = (args.weight.as_deref(), &args.columns, args.keep);
    let choice = Choice { select, weight, columns, keep, process };
    let form = match global.output.as_deref().map(Form::of).transpose() {
        Ok(form) => form,
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    let heads = Heads::read(&trained, &args.files, &choice);
    faults.extend(targets(args, global));
    let heads = match heads {
        Ok(heads) if faults.is_empty() => heads,
        heads => {
            faults.extend(heads.err().into_iter().flatten());
            return Err(Failure::Options(faults));
        }
    };
    let bins = applier.bins();
    let observed = args.workspace.as_deref().map(|path| Observed::open(path, &trained, bins.len()));
    let observed = observed.transpose()?;
    let line = Mutex::new(String::new());
    let files = progress::live(global.quiet, &line, || {
        heads.score(&trained, &mut applier, &mut |at, file| {
            let text = format!("scoring {} ({} of {})", file.display(), at + 1, args.files.len());
            *line.lock().unwrap_or_else(PoisonError::into_inner) = text;
        })
    })?;
    let counts = Counts::of(&files, bins.len(), applier.outputs());
    let mut warnings: Vec<String> = unselected(args, &trained).into_iter().collect();
    warnings.extend(counts.warnings(&trained));
    let text = observed.map(|observed| observed.text(&counts, &mut warnings)).transpose()?;
    if let (Some(path), Some(form)) = (&global.output, form) {
        let outputs = applier.outputs();
        EventTable { files: &files, copied: &heads.copied, outputs, bins: &bins }.write(path, form)?;
    }
    if let (Some(path), Some(text)) = (&args.workspace, text) {
        output::write_file(path, &text)?;
    }
    let report = ApplyReport {
        run: RunInfo::new(&trained),
        files: files.iter().map(summary).collect(),
        is_weighted: args.weight.is_some(),
        bins,
        counts,
        warnings,
        table: global.output.clone(),
        workspace: args.workspace.clone(),
        apply_s: seconds(started),
    };
    output::write(&report, &global.to_stdout())?;
    Ok(EXIT_DONE)
}

/// The condition of events to keep: that of the process, and that of the option.
fn select(args: &ApplyArgs, trained: &TrainedRun, faults: &mut Vec<OptionFault>) -> Option<String> {
    let processes = &trained.training.processes;
    let of_process = match &args.process {
        None => None,
        Some(name) => match processes.get(name) {
            Some(process) => process.select.clone(),
            None => {
                let known: Vec<&str> = processes.keys().map(String::as_str).collect();
                faults.push(OptionFault::unknown("--process", name, "process of the training", &known));
                None
            }
        },
    };
    match (of_process, args.select.clone()) {
        (Some(one), Some(other)) => Some(format!("({one}) and ({other})")),
        (one, other) => one.or(other),
    }
}

/// What is to be said where the training selected events, and nothing selects these.
fn unselected(args: &ApplyArgs, trained: &TrainedRun) -> Option<String> {
    let processes = trained.training.processes.iter().filter(|(_, process)| process.select.is_some());
    let names: Vec<&str> = processes.map(|(name, _)| name.as_str()).collect();
    let first = names.first().filter(|_| args.process.is_none() && args.select.is_none())?;
    let names = zstat_core::text::list_of(&names, "and");
    Some(format!(
        "the training selected events of {names}, and here all are kept; --process {first} selects alike"
    ))
}

/// What is wrong with the files to be written, as far as that can be told before.
fn targets(args: &ApplyArgs, global: &GlobalArgs) -> Vec<OptionFault> {
    let mut faults = Vec::new();
    if global.output.is_none() && (args.keep || !args.columns.is_empty()) {
        let option = if args.keep { "--keep" } else { "--columns" };
        let fault =
            OptionFault::new(option, args.columns.join(","), "there is no table to copy columns into");
        faults.push(fault.help("name its file: --output FILE.csv, .parquet or .npy"));
    }
    if let Some(path) = &args.workspace {
        let name = path.display().to_string();
        if zstat_formats::Format::of_file(&name).is_none() {
            let fault = OptionFault::new("--workspace", &*name, "the ending names no format");
            faults.push(fault.help("end it in .yaml or .json"));
        }
        faults.extend(jobs::same_output("--workspace", path, global.output.as_ref()));
        if let Err(failure) = output::check_target(path) {
            faults.push(OptionFault::new("--workspace", &*name, failure.to_string()));
        }
    }
    let run = output::real_place(&args.run);
    let inputs: Vec<PathBuf> = args.files.iter().filter_map(|file| output::real_place(file)).collect();
    let outputs = [("--output", &global.output), ("--workspace", &args.workspace)];
    for (option, path) in outputs {
        let Some((path, place)) = path.as_ref().and_then(|path| Some((path, output::real_place(path)?)))
        else {
            continue;
        };
        let mut fault = |message: &str, help: &str| {
            faults.push(OptionFault::new(option, path.display().to_string(), message).help(help));
        };
        if inputs.contains(&place) {
            fault("is one of the files of events", "it would be lost; write another file");
        } else if run.as_deref().is_some_and(|run| is_of_run(run, &place)) {
            fault("is a file of the run", "it would be lost; write another file");
        }
    }
    faults
}

/// Whether an existing file stands in the folder of the run.
fn is_of_run(run: &Path, place: &Path) -> bool {
    place.exists() && place.parent() == Some(run) && train_files::is_written(place)
}

fn summary(of: &FileOfEvents) -> (String, usize, usize) {
    (of.file.display().to_string(), of.events.read, of.events.rows.len())
}
