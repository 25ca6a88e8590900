//! Long jobs: numbered tasks that are done on all threads, kept on disk as they end, divided over machines and merged.

mod apart;
mod done;
mod journal;
mod manifest;
mod shards;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zstat_inference::{HandOver, Tasks, run_tasks};

use crate::args::GlobalArgs;
use crate::failure::{Failure, OptionFault};
use crate::{interrupt, progress};
use done::DoneSet;
use journal::Journal;

pub use apart::{check_output, folder_of, same_output};
pub use journal::{in_order, make_folder};
pub use manifest::{Manifest, Shard, digest};
pub use shards::{Merged, ShardReport};

/// Options of every long job.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Job options")]
pub struct JobArgs {
    /// Keep what is done in this folder: the same command goes on from there after an interrupt
    #[arg(long, value_name = "DIR")]
    pub checkpoint: Option<PathBuf>,
    /// Do one part of N only, into --checkpoint; `zstat merge` makes the result of all
    #[arg(long, value_name = "I/N", requires = "checkpoint")]
    pub shard: Option<Shard>,
}

/// How a job ended.
pub enum Done {
    /// All tasks are done: there is a result.
    All,
    /// One part of them is.
    Part(ShardReport),
}

/// What came of a job whose records fit into memory.
pub enum Collected<R> {
    /// The records of all tasks, by number.
    All(Vec<R>),
    /// One part of them is done.
    Part(ShardReport),
}

/// Does the tasks of a job that no journal has yet, and hands every record to `sink`, in no order.
///
/// # Errors
/// Where the journal cannot be read or written, or is of another job; where merged shards leave a gap.
pub fn run<T>(
    what: &str,
    tasks: &T,
    manifest: Manifest,
    args: &JobArgs,
    global: &GlobalArgs,
    sink: &(dyn Fn(u64, T::Record) + Sync),
) -> Result<Done, Failure>
where
    T: Tasks,
    T::Record: Serialize + DeserializeOwned,
{
    if let Some(merged) = &global.merged {
        merged.records(&manifest, sink)?;
        return Ok(Done::All);
    }
    // Toys are kept in the folder that they are written into.
    if let Some(output) = global.output.as_ref().filter(|_| manifest.command != "toys") {
        check_output(output, args.checkpoint.as_slice())?;
    }
    let total = manifest.tasks;
    let range = args.shard.map_or(0..total, |shard| shard.range(total));
    let manifest = Manifest { range: [range.start, range.end], ..manifest };
    let mut done = DoneSet::new(range.clone());
    let journal = match &args.checkpoint {
        Some(folder) => {
            let mut journal = Journal::open(folder)?;
            go_on(&mut journal, &manifest, folder, &mut |task, record| {
                if done.insert(task) {
                    sink(task, record);
                }
            })?;
            interrupt::kept_in(folder);
            Some(Mutex::new(journal))
        }
        None => None,
    };
    let (failure, failed) = (Mutex::new(None), AtomicBool::new(false));
    let left = (range.end - range.start) - done.count();
    progress::counted(global.quiet, what, left, |tick| {
        let each = |ended: Vec<(u64, T::Record)>| {
            if let Some(journal) = &journal
                && let Err(error) = locked(journal).write(&ended)
            {
                locked(&failure).get_or_insert(error);
                failed.store(true, Ordering::Relaxed);
            }
            for (task, record) in ended {
                sink(task, record);
                tick();
            }
        };
        // A disk that is full stops the work: nothing that is done from then on would be kept.
        let skip = |task| done.contains(task) || failed.load(Ordering::Relaxed);
        // What a death would lose is written at once.
        let hand_over = if journal.is_some() { HandOver::AtOnce } else { HandOver::Together };
        run_tasks(tasks, range.clone(), &skip, hand_over, &each);
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None if args.shard.is_some() => Ok(Done::Part(ShardReport::new(&manifest, args))),
        None => Ok(Done::All),
    }
}

/// Does a job as [`run`], and hands the records on by number, for what depends on their order in the last bits. Of one part
/// nothing is handed on: it has no result. What comes before its turn waits; that is little, because journals are nearly in
/// order and the parts of a job stand one after the other.
///
/// # Errors
/// As [`run`].
pub fn run_in_order<T>(
    what: &str,
    tasks: &T,
    manifest: Manifest,
    args: &JobArgs,
    global: &GlobalArgs,
    each: &mut (dyn FnMut(u64, T::Record) + Send),
) -> Result<Done, Failure>
where
    T: Tasks,
    T::Record: Serialize + DeserializeOwned,
{
    let state = Mutex::new((0_u64, BTreeMap::new(), each));
    let part = args.shard.is_some() && global.merged.is_none();
    let sink = |task, record| {
        if part {
            return;
        }
        let mut state = locked(&state);
        let (next, early, each) = &mut *state;
        early.insert(task, record);
        while let Some(record) = early.remove(next) {
            each(*next, record);
            *next += 1;
        }
    };
    run(what, tasks, manifest, args, global, &sink)
}

/// Does a job as [`run`], with the records of all tasks by number.
///
/// # Errors
/// As [`run`].
pub fn collect<T>(
    what: &str,
    tasks: &T,
    manifest: Manifest,
    args: &JobArgs,
    global: &GlobalArgs,
) -> Result<Collected<T::Record>, Failure>
where
    T: Tasks,
    T::Record: Serialize + DeserializeOwned,
{
    let records = Mutex::new(Vec::new());
    let sink = |task, record| locked(&records).push((task, record));
    Ok(match run(what, tasks, manifest, args, global, &sink)? {
        Done::Part(report) => Collected::Part(report),
        Done::All => {
            let mut records = records.into_inner().unwrap_or_else(PoisonError::into_inner);
            records.sort_unstable_by_key(|(task, _)| *task);
            Collected::All(records.into_iter().map(|(_, record)| record).collect())
        }
    })
}

/// Reads what a journal has of this job, or begins it.
fn go_on<R: DeserializeOwned>(
    journal: &mut Journal,
    manifest: &Manifest,
    folder: &Path,
    each: &mut dyn FnMut(u64, R),
) -> Result<(), Failure> {
    // The manifest comes first: records of another job may not even read as this one's.
    let known = journal.manifest()?;
    let Some(known) = known else { return journal.begin(manifest) };
    let difference = manifest.difference(&known).or_else(|| {
        let (mine, others) = (manifest.range, known.range);
        (mine[0] != others[0]).then(|| format!("part of the job: tasks {mine:?} here, {others:?} there"))
    });
    if let Some(difference) = difference {
        // Toys are kept in the folder that they are written into.
        let option = if manifest.command == "toys" { "--output" } else { "--checkpoint" };
        let fault = OptionFault::new(
            option,
            folder.display().to_string(),
            format!("is of another job ({difference})"),
        );
        return Err(Failure::Options(vec![fault.help("choose another folder, or remove this one")]));
    }
    journal.read(each)?;
    // More tasks, or fewer: from now on the journal is of so many.
    let same = (known.tasks, known.range) == (manifest.tasks, manifest.range);
    if same { Ok(()) } else { journal.begin(manifest) }
}

/// What speaks against writing the files `names` of a job into a folder: they are there and of something else.
///
/// # Errors
/// Where the folder's journal cannot be read.
pub fn foreign_results(
    folder: &Path,
    names: &[&str],
    manifest: &Manifest,
    global: &GlobalArgs,
) -> Result<Option<OptionFault>, Failure> {
    let fault = |message: String| {
        let fault = OptionFault::new("--output", folder.display().to_string(), message);
        Some(fault.help("choose another folder, or remove what is in this one"))
    };
    if journal::is_in(folder) {
        // A job that is not merged meets the journal itself.
        let known = global.merged.as_ref().map(|_| journal::manifest(folder)).transpose()?;
        let difference = known.and_then(|known| manifest.difference(&known));
        return Ok(difference.and_then(|difference| fault(format!("is of another job ({difference})"))));
    }
    let there = names.iter().find(|name| global.merged.is_none() && folder.join(name).exists());
    Ok(there.and_then(|name| fault(format!("has a file `{name}` already, of another job"))))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
