//! What stands in a folder before its training begins: nothing, a finished run, or one with files that are damaged.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zstat_train::files::History;
use zstat_train::files::tensors::{self, Tensors};

use super::apply_run::digest_of;
use super::train_files::{CHECKPOINT, CURVES, Done, HISTORY, RUN, WEIGHTS, WRITTEN};
use super::train_tables;
use crate::failure::{Failure, OptionFault};
use crate::jobs::make_folder;
use crate::report::train::{Flaw, SeedResult};

/// What stands in a folder.
pub enum Standing {
    /// No finished run.
    Nothing,
    /// A run of the same spec, as it was written.
    Whole(Box<SeedResult>),
    /// A run of the same spec, not as it was written.
    Damaged {
        /// What is wrong with it.
        flaws: Vec<Flaw>,
        /// What was learnt; none where that is damaged, too.
        remains: Option<Box<Remains>>,
    },
}

/// What the result can be made of again without training.
pub struct Remains {
    /// What was learnt.
    pub weights: Tensors,
    /// Numbers of the epochs.
    pub history: History,
    /// The epoch whose state was taken.
    pub epoch: u32,
}

/// What a run depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeWith {
    /// Version of zstat.
    pub version: String,
    /// Its seed.
    pub seed: String,
    /// Epochs to train.
    pub epochs: String,
    /// The fitter that was asked for; empty if none was.
    pub fitter: String,
    /// Digest of the options that choose and change the model.
    pub options: String,
    /// Digest of the spec.
    pub spec: String,
    /// Digest of what stands in the files of events.
    pub events: String,
    /// Digest of the columns of the history.
    pub columns: String,
}

impl MadeWith {
    /// All parts, by what they are called where they are others, and whether they are shown.
    fn parts(&self) -> [(&'static str, &str, bool); 8] {
        [
            ("version", &self.version, true),
            ("seed", &self.seed, true),
            ("--epochs", &self.epochs, true),
            ("--fitter", &self.fitter, true),
            ("choice among the options of the model, such as --measurement", &self.options, false),
            ("spec", &self.spec, false),
            ("content of the files of events", &self.events, false),
            ("set of columns in the history", &self.columns, false),
        ]
    }

    /// One digest of all.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (name, value, _) in self.parts() {
            hash.update(format!("{name} {value}\n"));
        }
        crate::jobs::digest(hash)
    }

    /// What is another one in the run that is there, in words.
    fn differs(&self, there: &Self) -> String {
        let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        let pairs = self.parts().into_iter().zip(there.parts());
        let changed = pairs.filter(|((_, here, _), (_, there, _))| here != there);
        let changed = changed.map(|((name, here, is_shown), (_, there, _))| match is_shown {
            true => format!("another {name} ({} there, {} here)", shown(there), shown(here)),
            false => format!("another {name}"),
        });
        changed.collect::<Vec<String>>().join(", ")
    }
}

/// Looks at a folder for the run that depends on this, whose history has these columns.
///
/// # Errors
/// Where the folder has the run of another spec, or a file cannot be read.
pub fn look(folder: &Path, made_with: &MadeWith, columns: &[String]) -> Result<Standing, Failure> {
    let digest = made_with.digest();
    let foreign = |message: String| {
        let fault = OptionFault::new("--output", folder.display().to_string(), message);
        Failure::Options(vec![fault.help("choose another folder, or remove this one")])
    };
    let again = |what| Standing::Damaged { flaws: vec![Flaw::new(RUN, what)], remains: None };
    let owner = owner(folder);
    let is_ours = owner.as_deref() == Some(&*digest);
    let Some(content) = read(&folder.join(RUN))? else {
        return match owner {
            Some(_) if !is_ours => {
                Err(foreign(format!("has the `{WEIGHTS}` of another spec, seed, version or other options")))
            }
            // A training that ended within its last files goes on from its checkpoint.
            Some(_) if !folder.join(CHECKPOINT).exists() => Ok(again(Flaw::MISSING)),
            Some(_) => Ok(Standing::Nothing),
            None if folder.join(CHECKPOINT).exists() => Ok(Standing::Nothing),
            None => match WRITTEN.iter().find(|name| folder.join(name).exists()) {
                Some(name) => {
                    Err(foreign(format!("has a `{name}` that is of no training and would be lost")))
                }
                None => Ok(Standing::Nothing),
            },
        };
    };
    let text = String::from_utf8_lossy(&content);
    let done = match serde_json::from_str::<Done>(&text) {
        Ok(done) if done.digest != digest => {
            return Err(foreign(format!("has a run with {}", made_with.differs(&done.made_with))));
        }
        Ok(done) if done.is_whole(&text) => done,
        Ok(_) => return Ok(again(Flaw::CHANGED)),
        Err(_) if is_ours => return Ok(again(Flaw::CHANGED)),
        Err(error) => return Err(foreign(format!("has a `{RUN}` that is no run of zstat ({error})"))),
    };
    let mut flaws = Vec::new();
    for (name, expected) in &done.digests {
        match read(&folder.join(name))? {
            None => flaws.push(Flaw::new(name, Flaw::MISSING)),
            Some(content) if digest_of(&content) != *expected => flaws.push(Flaw::new(name, Flaw::CHANGED)),
            Some(_) => {}
        }
    }
    if flaws.is_empty() {
        return Ok(Standing::Whole(Box::new(done.result)));
    }
    let remains = remains(folder, &done, &flaws, columns).map(Box::new);
    Ok(Standing::Damaged { flaws, remains })
}

/// A file's content; none where there is no file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::read(path, error)),
    }
}

/// What the weights in a folder depend on; none where there are none that can be read.
fn owner(folder: &Path) -> Option<String> {
    let weights = tensors::read(&fs::read(folder.join(WEIGHTS)).ok()?).ok()?;
    weights.text("digest").map(str::to_owned)
}

/// What is left of a training; none where weights or history are among the flaws.
fn remains(folder: &Path, done: &Done, flaws: &[Flaw], columns: &[String]) -> Option<Remains> {
    if flaws.iter().any(|flaw| [WEIGHTS, HISTORY, CURVES].contains(&flaw.file.as_str())) {
        return None;
    }
    let table = |name: &str| History::from_csv(&fs::read_to_string(folder.join(name)).ok()?).ok();
    let curves = match done.digests.contains_key(CURVES) {
        true => Some(table(CURVES)?),
        false => None,
    };
    let history = train_tables::joined(&table(HISTORY)?, curves.as_ref(), columns)?;
    let weights = tensors::read(&fs::read(folder.join(WEIGHTS)).ok()?).ok()?;
    Some(Remains { weights, history, epoch: done.epoch })
}

/// A folder that is there now, and those of its path that were not before.
pub struct Made(Vec<PathBuf>);

impl Made {
    /// Makes the folder, with those above it, where it is not there.
    ///
    /// # Errors
    /// Where it cannot be made, or is a file.
    pub fn folder(folder: &Path) -> Result<Self, Failure> {
        let new = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        let new = new.map(Path::to_owned).collect();
        make_folder(folder)?;
        Ok(Self(new))
    }

    /// Removes what was made as far as nothing is in it: a training that failed leaves nothing.
    pub fn undo(self) {
        // One with something in it is not removed, and so none above it.
        let _ = self.0.iter().try_for_each(fs::remove_dir);
    }
}
