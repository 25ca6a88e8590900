//! What is wrong with a file of events.

use std::path::{Path, PathBuf};

use crate::text::{nearest, number, shortened};

/// Everything that is wrong with a file, one a line.
#[derive(Debug)]
pub struct TableFaults {
    /// The file.
    pub file: PathBuf,
    /// One at least.
    pub faults: Vec<TableFault>,
}

/// A column that is asked for and not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// The most similar name that is there.
    pub nearest: Option<String>,
}

/// One thing that is wrong. Lines are counted from 1 and rows, which are events, from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableFault {
    /// It cannot be opened or read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Columns that are not there.
    #[error("{}; the columns are {}", missing_names(.missing), some_of(.known))]
    Missing {
        /// All of them.
        missing: Vec<Missing>,
        /// What is there.
        known: Vec<String>,
    },
    /// A column that is asked for stands more than once.
    #[error("{} columns are called `{column}`; give each a name of its own", .count)]
    Twice {
        /// Its name.
        column: String,
        /// How often.
        count: usize,
    },
    /// A column of something else than numbers.
    #[error("column `{column}` holds {found}, expected {expected}")]
    Type {
        /// Its name.
        column: String,
        /// What it holds.
        found: String,
        /// What can be read.
        expected: &'static str,
    },
    /// A value that is no usable number.
    #[error("column `{column}`, row {row}: {fault}{}", more(*.others))]
    Cell {
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// The line, in files that have lines.
        line: Option<usize>,
        /// What is wrong.
        fault: CellFault,
        /// How many more values of the column are wrong.
        others: usize,
    },
    /// What only one format can have, with the place in the message.
    #[error("{source}")]
    Format {
        /// The line, in files that have lines.
        line: Option<usize>,
        /// The reader's own fault.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CellFault {
    /// Nothing there.
    #[error("found nothing, expected a number")]
    Empty,
    /// No number.
    #[error("found `{}`, expected a number{}", shortened(.0, 40), if .0.contains(',') { " (with a point, not a comma)" } else { "" })]
    Text(String),
    /// Infinite or NaN.
    #[error("found {}, expected a finite number; leave such events out or replace the value before", number(*.0))]
    NotFinite(f64),
    /// A whole number with too many digits.
    #[error("found {0}, which a 64-bit float cannot hold exactly; expected at most 2^53 = 9007199254740992")]
    Inexact(i128),
    /// More than the largest float.
    #[error("found `{}`, which is too large for a 64-bit float", shortened(.0, 40))]
    TooLarge(String),
}

/// The fault of all `wanted` names that are not among the `known` ones, if there are such.
pub fn missing(wanted: &[String], known: &[String]) -> Option<TableFault> {
    let mut missing: Vec<Missing> = Vec::new();
    for name in wanted.iter().filter(|name| !known.contains(name)) {
        if missing.iter().all(|other| other.name != *name) {
            // A number is no name that could be meant.
            let names = known.iter().map(String::as_str).filter(|known| known.parse::<f64>().is_err());
            let nearest = nearest(name, names).map(str::to_owned);
            missing.push(Missing { name: name.clone(), nearest });
        }
    }
    (!missing.is_empty()).then(|| TableFault::Missing { missing, known: known.to_vec() })
}

fn missing_names(missing: &[Missing]) -> String {
    let one = |missing: &Missing| match &missing.nearest {
        Some(near) => format!("no column `{}` (did you mean `{near}`?)", missing.name),
        None => format!("no column `{}`", missing.name),
    };
    missing.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The first names of a list.
fn some_of(names: &[String]) -> String {
    const MOST: usize = 40;
    let shown: Vec<_> = names.iter().take(MOST).map(|name| shortened(name, 60)).collect();
    match names.len() {
        0 => "none".to_owned(),
        n if n > MOST => format!("{} and {} more", shown.join(", "), n - MOST),
        _ => shown.join(", "),
    }
}

fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (and 1 more value of the column)".to_owned(),
        n => format!(" (and {n} more values of the column)"),
    }
}

impl TableFault {
    /// The line it is on, in files that have lines.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Cell { line, .. } | Self::Format { line, .. } => *line,
            _ => None,
        }
    }

    /// A fault of a format, without a line.
    pub fn format(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Format { line: None, source: source.into() }
    }

    /// Faults of a file that are this one alone.
    pub fn of_file(self, file: &Path) -> TableFaults {
        TableFaults { file: file.to_owned(), faults: vec![self] }
    }
}

impl std::fmt::Display for TableFaults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            match fault.line() {
                Some(line) => write!(f, "{end}{}:{line}: {fault}", self.file.display())?,
                None => write!(f, "{end}{}: {fault}", self.file.display())?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for TableFaults {}
