//! What `zstat train` left in a folder, read back: all that is needed to score events. Nothing outside the folder is looked at.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use zstat_train::apply::Applier;
use zstat_train::files::tensors::{self, Tensors};
use zstat_train::spec::{Plugins, Training};
use zstat_train::table::Standardiser;

use super::train_files::{CHECKPOINT, RUN, SPEC, WEIGHTS, WORKSPACE};
use crate::args::SpecArgs;
use crate::failure::{Failure, OptionFault};
use crate::input::{self, Spec, SpecFaults};

/// A finished training.
pub struct TrainedRun {
    /// Its folder, as given.
    pub folder: PathBuf,
    /// What it says of itself.
    pub record: Record,
    /// Its spec.
    pub spec: Spec,
    /// The training in it.
    pub training: Training,
    /// What was learnt.
    weights: Tensors,
}

/// What `run.json` has, as far as it is needed.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// Version that trained.
    pub zstat: String,
    /// What the run depends on.
    pub digest: String,
    /// Its seed.
    pub seed: u64,
    /// The epoch whose state was taken.
    pub epoch: u32,
    /// Name of the scorer.
    pub scorer: String,
    /// Columns that are scored, in order.
    pub features: Vec<String>,
    /// Means and standard deviations of these.
    pub standardiser: Standardiser,
    /// What it is worth.
    pub result: Outcome,
    /// Digests of the files, by name.
    #[serde(default)]
    pub digests: BTreeMap<String, String>,
}

/// The part of the result that is needed.
#[derive(Debug, Deserialize)]
pub struct Outcome {
    /// Bins of the summary that are no bins of the channel.
    pub empty_bins: Vec<usize>,
}

impl TrainedRun {
    /// Reads the folder.
    ///
    /// # Errors
    /// Where it has no finished training of this version, or a file of it is damaged.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let record = record(folder)?;
        let faulty = |message: String| OptionFault::new("RUN", folder.display().to_string(), message);
        let version = env!("CARGO_PKG_VERSION");
        if record.zstat != version {
            let fault = faulty(format!("was trained by zstat {}, this is {version}", record.zstat));
            let help = format!("use zstat {}, or train again with this version", record.zstat);
            return Err(Failure::Options(vec![fault.help(help)]));
        }
        let mut faults = Vec::new();
        let read =
            record.digests.iter().filter(|(name, _)| [SPEC, WEIGHTS, WORKSPACE].contains(&name.as_str()));
        for (name, digest) in read {
            let path = folder.join(name);
            match fs::read(&path) {
                Err(error) => faults.push(faulty(format!("`{name}` cannot be read: {error}"))),
                Ok(bytes) if digest_of(&bytes) != *digest => {
                    let message =
                        format!("`{name}` is not what the training wrote: it was damaged or changed");
                    faults.push(faulty(message));
                }
                Ok(_) => {}
            }
        }
        let again = "copy the folder anew from where it is whole, or train again";
        if !faults.is_empty() {
            return Err(Failure::Options(faults.into_iter().map(|fault| fault.help(again)).collect()));
        }
        let path = folder.join(WEIGHTS);
        let bytes = fs::read(&path).map_err(|error| Failure::read(&path, error))?;
        input::remember(&path);
        let weights = tensors::read(&bytes)
            .map_err(|fault| Failure::Options(vec![faulty(format!("`{WEIGHTS}`: {fault}")).help(again)]))?;
        if weights.text("digest") != Some(&record.digest) {
            let message = format!("`{WEIGHTS}` is of another training than `{RUN}`");
            return Err(Failure::Options(vec![faulty(message).help(again)]));
        }
        let (spec, training) = spec(&folder.join(SPEC))?;
        Ok(Self { folder: folder.to_owned(), record, spec, training, weights })
    }

    /// The scorer and the summary with what they learnt.
    ///
    /// # Errors
    /// All tensors that do not fit the spec.
    pub fn applier(&self) -> Result<Applier<'_>, Failure> {
        let Record { features, standardiser, result, .. } = &self.record;
        Applier::new(&self.training, features, standardiser.clone(), &result.empty_bins, &self.weights)
            .map_err(|faults| {
                let folder = self.folder.display().to_string();
                let fault = |fault: zstat_train::apply::WeightsFault| {
                    OptionFault::new("RUN", &*folder, fault.to_string()).help(format!(
                        "`{WEIGHTS}`, `{SPEC}` and `{RUN}` are not of one training; train again"
                    ))
                };
                Failure::Options(faults.into_iter().map(fault).collect())
            })
    }

    /// The channel whose bins the training made.
    pub fn channel(&self) -> &str {
        &self.training.workspace.channels[self.training.channel].name
    }
}

/// Digest of a file's content, as a run records it.
pub fn digest_of(bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(bytes);
    crate::jobs::digest(hash)
}

fn record(folder: &Path) -> Result<Record, Failure> {
    let path = folder.join(RUN);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if folder.is_dir() && error.kind() != ErrorKind::NotFound => {
            return Err(Failure::read(&path, error));
        }
        Err(_) => return Err(Failure::Options(vec![no_run(folder)])),
    };
    input::remember(&path);
    serde_json::from_str(&text).map_err(|error| {
        let message = format!("its `{RUN}` cannot be read: {error}");
        let fault = OptionFault::new("RUN", folder.display().to_string(), message);
        Failure::Options(vec![fault.help("copy the folder anew from where it is whole, or train again")])
    })
}

/// What a folder without a finished training is instead.
fn no_run(folder: &Path) -> OptionFault {
    let fault = |message: &str| OptionFault::new("RUN", folder.display().to_string(), message);
    if !folder.exists() {
        return fault("there is no such folder").help("`zstat train SPEC --output RUN` makes one");
    }
    if !folder.is_dir() {
        return fault("is a file, expected a folder that `zstat train SPEC --output RUN` made");
    }
    if folder.join(CHECKPOINT).exists() {
        return fault("its training is not finished")
            .help("the `zstat train` command that began it goes on from there");
    }
    let inside = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut seeds: Vec<String> =
        inside.filter(|path| path.join(RUN).exists()).map(|path| path.display().to_string()).collect();
    seeds.sort();
    match seeds.first() {
        None => {
            fault(&format!("is no run: it has no `{RUN}`")).help("`zstat train SPEC --output RUN` makes one")
        }
        Some(first) => {
            let message = format!("has {} runs, expected one", seeds.len());
            fault(&message).help(format!("name one of them: {first}"))
        }
    }
}

fn spec(path: &Path) -> Result<(Spec, Training), Failure> {
    let args = SpecArgs { spec: path.to_owned(), patch: Vec::new(), ignore_digests: false };
    let spec = Spec::open(&args)?;
    match Training::read(spec.analysis(), &Plugins::load()?) {
        Ok(training) => Ok((spec, training)),
        Err(faults) => {
            let diagnostics = spec.locate(&faults);
            Err(Failure::Spec(Box::new(SpecFaults { documents: spec.into_documents(), diagnostics })))
        }
    }
}
