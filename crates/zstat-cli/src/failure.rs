//! Why a command cannot do its work: everything that ends with exit code 2.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zstat_core::diag::Diagnostic;
use zstat_core::plugin::PluginError;
use zstat_core::source::Document;
use zstat_core::text::{nearest, nearest_file};

use crate::input::SpecFaults;
use crate::plugin::BuildError;

/// What ends a command before it has a result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The documents are faulty.
    #[error("{} is not valid", .0.name())]
    Spec(Box<SpecFaults>),
    /// Options have values that make no sense for this model; all of them.
    #[error("{} bad option values", .0.len())]
    Options(Vec<OptionFault>),
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}{}", path.display(), meant(near.as_deref()))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
        /// The file with the nearest name, where this one is not there.
        near: Option<PathBuf>,
    },
    /// A file or standard output cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A plugin is not linked or refuses its options.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A program with more plugins cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A test cannot be done.
    #[error(transparent)]
    Test(#[from] zstat_inference::TestError),
    /// Not one of many patches gives a result.
    #[error("{} of `{file}` gives a result", if *count == 1 { "not one patch".to_owned() } else { format!("none of {count} patches") })]
    NoMember {
        /// The patch set.
        file: String,
        /// How many were tried.
        count: usize,
        /// Names of patches, and why they have none.
        reasons: Vec<String>,
    },
    /// A training cannot begin, or not go on.
    #[error("no training: {0}")]
    Training(String),
    /// The command line that a job recorded is none of this version.
    #[error("the job's command line is not understood: {0}")]
    Arguments(String),
    /// The system gives no more threads.
    #[error("no {count} threads can be had: {source}; ask for fewer with --threads")]
    Threads {
        /// How many were asked for.
        count: usize,
        /// Why not.
        source: rayon::ThreadPoolBuildError,
    },
    /// A format has no form for this result.
    #[error("`{command}` has no CSV form: its result is not one table; use --format json")]
    NoTable {
        /// The command.
        command: &'static str,
    },
}

fn meant(near: Option<&Path>) -> String {
    near.map(|near| format!("; did you mean `{}`?", near.display())).unwrap_or_default()
}

/// An option's value that makes no sense here.
#[derive(Debug, Clone)]
pub struct OptionFault {
    /// The option, with its dashes.
    pub option: &'static str,
    /// Its value as found.
    pub found: String,
    /// What is wrong with it and what was expected.
    pub message: String,
    /// What to do: the nearest known name, the known names.
    pub help: Option<String>,
    /// Where it stands, if in a file that the option names.
    pub place: Option<Box<Place>>,
}

/// A place in a file that an option names.
#[derive(Debug, Clone)]
pub struct Place {
    /// The file.
    pub document: Arc<Document>,
    /// What is wrong there.
    pub diagnostic: Diagnostic,
}

/// At most so many known names are listed in a help line.
const LISTED: usize = 12;

impl OptionFault {
    /// A fault of `option`, found as `found`.
    pub fn new(option: &'static str, found: impl Into<String>, message: impl Into<String>) -> Self {
        Self { option, found: found.into(), message: message.into(), help: None, place: None }
    }

    /// The same with advice.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// `--option value: message`, or `--option: message` where it has no value.
    pub fn title(&self) -> String {
        let gap = if self.found.is_empty() { "" } else { " " };
        format!("{}{gap}{}: {}", self.option, self.found, self.message)
    }

    /// `--option value: message; help`
    pub fn line(&self) -> String {
        let help = self.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}{help}", self.title())
    }

    /// A name that nothing known has: says so, with the nearest known name and the list.
    pub fn unknown(option: &'static str, found: &str, kind: &str, known: &[&str]) -> Self {
        let fault = Self::new(option, found, format!("no {kind} is called `{found}`"));
        fault.help(known_names(found, known))
    }
}

/// "did you mean `x`? known: …"
pub fn known_names(found: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return "there are none".to_owned();
    }
    let hint = nearest(found, known.iter().copied()).map(|name| format!("did you mean `{name}`? "));
    let mut list = known.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if known.len() > LISTED {
        list.push_str(&format!(", … ({} in all; see `zstat inspect`)", known.len()));
    }
    format!("{}known: {list}", hint.unwrap_or_default())
}

impl Failure {
    /// A file that cannot be read.
    pub fn read(path: &Path, source: std::io::Error) -> Self {
        let near = (source.kind() == std::io::ErrorKind::NotFound).then(|| nearest_file(path)).flatten();
        Self::Read { path: path.to_owned(), source, near }
    }

    /// One line for each fault, where it can only be a part of a result.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Spec(spec) => spec.diagnostics.iter().map(ToString::to_string).collect(),
            Self::Options(faults) => faults.iter().map(OptionFault::line).collect(),
            other => vec![other.to_string()],
        }
    }

    /// A file that cannot be written.
    pub fn write(path: &Path, source: std::io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }
}
