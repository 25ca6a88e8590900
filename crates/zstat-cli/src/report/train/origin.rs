//! Where a result is from: a training, or a folder that was found.

use serde_json::{Value, json};

/// Where a result is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was trained, from the beginning or from where a training was left.
    Trained,
    /// The folder had the finished run, whole: nothing was done.
    Found,
    /// The folder had the finished run with flaws, and it was made again.
    Again {
        /// The flaws.
        flaws: Vec<Flaw>,
        /// How: by `evaluation` of what had been learnt, or by `training`.
        by: &'static str,
    },
}

/// A file of a finished run that is not as the training wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Its name.
    pub file: String,
    /// [`Flaw::MISSING`] or [`Flaw::CHANGED`].
    what: &'static str,
}

impl Flaw {
    /// It is not there.
    pub const MISSING: &'static str = "missing";
    /// It has another content.
    pub const CHANGED: &'static str = "changed";

    /// A flaw of a file.
    pub fn new(file: &str, what: &'static str) -> Self {
        Self { file: file.to_owned(), what }
    }
}

impl Origin {
    /// What was wrong with the folder, a line for each file.
    pub fn damage(&self) -> Vec<String> {
        let Self::Again { flaws, by } = self else { return Vec::new() };
        let by = if *by == "training" { "by another training" } else { "from what had been learnt" };
        let line = |flaw: &Flaw| {
            let what = if flaw.what == Flaw::MISSING {
                "was missing"
            } else {
                "was not what the training wrote: damaged or changed"
            };
            format!("`{}` {what}; the folder is made again, {by}", flaw.file)
        };
        flaws.iter().map(line).collect()
    }

    /// The same in a document.
    pub fn made_again(&self, seed: u64) -> Vec<Value> {
        let Self::Again { flaws, by } = self else { return Vec::new() };
        let value = |flaw: &Flaw| json!({ "seed": seed, "file": flaw.file, "was": flaw.what, "by": by });
        flaws.iter().map(value).collect()
    }
}
