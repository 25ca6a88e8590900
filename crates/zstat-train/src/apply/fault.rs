//! What is wrong with new events, or with the tensors of a training.

use zstat_core::formula::{FormulaFault, RowFault};
use zstat_core::scorer::ScorerError;
use zstat_core::table::{ShapeFault, TableFault};

use crate::table::{RecipeFaults, StandardiserFault};

/// Why events cannot be scored. Rows are those of the table as it was given, counted from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyFault {
    /// A derived column or a selection makes no sense, or has no value in a row.
    #[error(transparent)]
    Recipe(#[from] RecipeFaults),
    /// A weight that is no expression.
    #[error("weight `{text}`: {}, {}{}", fault.message, fault.place(.text), help(.fault))]
    WeightText {
        /// The text.
        text: String,
        /// What is wrong, and where.
        fault: FormulaFault,
    },
    /// A weight that is a condition.
    #[error("weight `{text}`: found a condition, expected a number")]
    WeightKind {
        /// The text.
        text: String,
    },
    /// A weight without a value.
    #[error("weight: {0}")]
    Weight(RowFault),
    /// Columns that are not there.
    #[error(transparent)]
    Columns(#[from] TableFault),
    /// Columns that make no table.
    #[error(transparent)]
    Shape(#[from] ShapeFault),
    /// Features that are no use.
    #[error(transparent)]
    Features(#[from] StandardiserFault),
    /// A score that is no number.
    #[error(
        "the score in row {row} (counted from 0) is {value}: its features are too far from those of the training"
    )]
    Score {
        /// The row.
        row: usize,
        /// The score.
        value: f64,
    },
}

fn help(fault: &FormulaFault) -> String {
    fault.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default()
}

/// Why the tensors of a file are not what a training's scorer and summary take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsFault {
    /// There is no scorer to put them into.
    #[error(transparent)]
    Scorer(#[from] ScorerError),
    /// A tensor that is not there.
    #[error("tensor `{name}` of shape {shape:?} is missing")]
    Missing {
        /// Its name.
        name: String,
        /// Its lengths.
        shape: Vec<usize>,
    },
    /// A tensor of another shape.
    #[error("tensor `{name}` has the shape {found:?}, expected {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its lengths in the file.
        found: Vec<usize>,
        /// Its lengths by the spec.
        expected: Vec<usize>,
    },
    /// A tensor of other numbers.
    #[error("tensor `{name}` holds numbers of another kind than {expected}")]
    Kind {
        /// Its name.
        name: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A tensor with something else than numbers.
    #[error("tensor `{name}`: number {at} (counted from 0) is not finite")]
    NotFinite {
        /// Its name.
        name: String,
        /// Which of its numbers.
        at: usize,
    },
    /// A tensor that nothing takes.
    #[error("tensor `{name}` is none of the scorer's")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// Features of two files differ.
    #[error("the features are {}, the standardiser's are {}", .found.join(", "), .expected.join(", "))]
    Features {
        /// As the run has them.
        found: Vec<String>,
        /// As the standardiser has them.
        expected: Vec<String>,
    },
    /// Empty bins beyond those there are.
    #[error("bin {bin} is said to be empty, the summary has {bins}")]
    Bin {
        /// The bin.
        bin: usize,
        /// Bins of the summary.
        bins: usize,
    },
}
