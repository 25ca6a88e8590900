//! Parts of a job, done elsewhere: what one of them says of itself, and all of them put together.

use std::cell::RefCell;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::done::DoneSet;
use super::{JobArgs, Manifest, journal};
use crate::failure::{Failure, OptionFault};
use crate::output::{Page, Report};

/// The result of one part: where it is, and how it becomes a result.
pub struct ShardReport {
    command: String,
    folder: PathBuf,
    shard: String,
    tasks: u64,
    range: [u64; 2],
}

impl ShardReport {
    /// Of a part that is done.
    pub fn new(manifest: &Manifest, args: &JobArgs) -> Self {
        Self {
            command: manifest.command.clone(),
            folder: args.checkpoint.clone().unwrap_or_default(),
            shard: args.shard.map(|shard| shard.to_string()).unwrap_or_default(),
            tasks: manifest.tasks,
            range: manifest.range,
        }
    }
}

impl Report for ShardReport {
    fn command(&self) -> &'static str {
        "shard"
    }

    fn json(&self) -> Value {
        json!({
            "zstat": env!("CARGO_PKG_VERSION"),
            "command": self.command,
            "shard": self.shard,
            "tasks": self.tasks,
            "range": self.range,
            "folder": self.folder.display().to_string(),
        })
    }

    fn text(&self, page: &mut Page) {
        let [from, to] = self.range;
        let tasks = match to - from {
            0 => "no tasks".to_owned(),
            1 => format!("task {from}"),
            _ => format!("tasks {from} to {}", to - 1),
        };
        page.line(format!(
            "part {} of `zstat {}` is done: {tasks} of {}, in {}",
            self.shard,
            self.command,
            self.tasks,
            self.folder.display()
        ));
        page.line("`zstat merge` with the folders of all parts makes the result");
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["command", "shard", "from", "to", "tasks", "folder"].map(str::to_owned);
        let [from, to] = self.range.map(|task| task.to_string());
        let folder = self.folder.display().to_string();
        let row = [self.command.clone(), self.shard.clone(), from, to, self.tasks.to_string(), folder];
        Some(vec![header.to_vec(), row.to_vec()])
    }
}

/// Parts that are to become one result.
#[derive(Debug, Clone)]
pub struct Merged {
    folders: Vec<PathBuf>,
    manifests: Vec<Manifest>,
}

impl Merged {
    /// Reads the manifests and checks that all are parts of one job.
    ///
    /// # Errors
    /// Where one cannot be read, or they are of different jobs: all faults.
    pub fn open(folders: &[PathBuf]) -> Result<Self, Failure> {
        let (mut manifests, mut faults) = (Vec::new(), Vec::new());
        for folder in folders {
            match journal::manifest(folder) {
                Ok(manifest) => manifests.push(manifest),
                Err(Failure::Read { source, .. }) => {
                    let name = folder.display().to_string();
                    faults.push(OptionFault::new("DIR", name, no_part(folder, &source)));
                }
                Err(failure) => return Err(failure),
            }
        }
        if !faults.is_empty() {
            return Err(Failure::Options(faults));
        }
        if let Some((first, others)) = manifests.split_first() {
            for (manifest, folder) in others.iter().zip(&folders[1..]) {
                let difference = first.difference(manifest).or_else(|| {
                    let [mine, others] = [first.tasks, manifest.tasks];
                    (mine != others).then(|| format!("number of tasks: {mine} here, {others} there"))
                });
                if let Some(difference) = difference {
                    let name = folder.display().to_string();
                    let message = format!("is of another job than {}: {difference}", folders[0].display());
                    faults.push(OptionFault::new("DIR", name, message));
                }
            }
        }
        if faults.is_empty() {
            Ok(Self { folders: folders.to_vec(), manifests })
        } else {
            Err(Failure::Options(faults))
        }
    }

    /// The manifest of the first part; none of no parts.
    pub fn first(&self) -> Option<&Manifest> {
        self.manifests.first()
    }

    /// The folders of the parts, as given.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The folders of the parts, in the order of their tasks.
    pub fn in_order(&self) -> Vec<PathBuf> {
        let mut parts: Vec<(&Manifest, &PathBuf)> = self.manifests.iter().zip(&self.folders).collect();
        parts.sort_by_key(|(manifest, _)| manifest.range[0]);
        parts.into_iter().map(|(_, folder)| folder.clone()).collect()
    }

    /// What no part has.
    ///
    /// # Errors
    /// Where a journal cannot be read, or two parts have the same task.
    pub fn gaps(&self) -> Result<Vec<std::ops::Range<u64>>, Failure> {
        Ok(self.read::<Value>(&|_, _| {})?.gaps())
    }

    /// All records, if this is the job of the parts and none is missing.
    ///
    /// # Errors
    /// Else.
    pub fn records<R: DeserializeOwned>(
        &self,
        manifest: &Manifest,
        sink: &(dyn Fn(u64, R) + Sync),
    ) -> Result<(), Failure> {
        let Some(first) = self.first() else { return Ok(()) };
        if let Some(difference) = first.difference(manifest) {
            let message = format!("the files have changed since the parts were made ({difference})");
            return Err(self.fault(message, "restore them, or make the parts again"));
        }
        let gaps = self.read(sink)?.gaps();
        if gaps.is_empty() {
            return Ok(());
        }
        let count: u64 = gaps.iter().map(|gap| gap.end - gap.start).sum();
        let message = format!("{count} of {} tasks are missing", manifest.tasks);
        Err(self.fault(message, "`zstat merge --missing` lists them; run their parts (again)"))
    }

    fn fault(&self, message: String, help: &str) -> Failure {
        let folders: Vec<String> = self.folders.iter().map(|folder| folder.display().to_string()).collect();
        Failure::Options(vec![OptionFault::new("DIR", folders.join(" "), message).help(help)])
    }

    fn read<R: DeserializeOwned>(&self, sink: &dyn Fn(u64, R)) -> Result<DoneSet, Failure> {
        let total = self.first().map_or(0, |manifest| manifest.tasks);
        let done = RefCell::new(DoneSet::new(0..total));
        for folder in &self.in_order() {
            let (mut before, mut twice) = (DoneSet::new(0..total), 0_u64);
            journal::read(folder, &mut |task, record| {
                // A part that was interrupted may have a task twice; two parts may not.
                if !before.insert(task) {
                    return;
                }
                if done.borrow_mut().insert(task) {
                    sink(task, record);
                } else {
                    twice += 1;
                }
            })?;
            if twice > 0 {
                let message = format!("{twice} tasks of {} are in another part, too", folder.display());
                return Err(self.fault(message, "name each part once"));
            }
        }
        Ok(done.into_inner())
    }
}

/// Why a folder is no part of a job.
fn no_part(folder: &Path, error: &Error) -> String {
    match error.kind() {
        _ if !folder.exists() => "there is no such folder".to_owned(),
        _ if !folder.is_dir() => "is a file, expected the folder of a part".to_owned(),
        ErrorKind::NotFound => "has no journal of a job".to_owned(),
        _ => format!("has no journal that can be read: {error}"),
    }
}
