//! The contract of a scorer: rows of features become rows of outputs, and derivatives by the outputs become derivatives by the
//! scorer's parameters.
//!
//! A scorer knows neither events nor weights, nor what its outputs are for. Features, outputs and parameters are f32,
//! derivatives by parameters f64. The same bits whatever the number of threads.

use std::ops::Range;

use crate::plugin::Plugin;
use crate::text::list_of;

/// How scorers of one kind are made: the plugin, with its options.
pub trait ScorerKind: Send + Sync {
    /// A scorer of events with these features, one a column in this order, with as many outputs as summary or loss need.
    /// Whatever is random at its start is a function of the seed.
    ///
    /// # Errors
    /// Where the options do not fit the features or the outputs.
    fn make(&self, features: &[String], outputs: usize, seed: u64) -> Result<Box<dyn Scorer>, ScorerError>;

    /// Whether [`ScorerKind::make`] will make one, asked before there are events.
    ///
    /// # Errors
    /// As [`ScorerKind::make`].
    fn check(&self, features: &[String], outputs: usize) -> Result<(), ScorerError> {
        self.make(features, outputs, 0).map(drop)
    }
}

inventory::collect!(Plugin<dyn ScorerKind>);

/// A function of the features with parameters. All slices over events are row-major: events × [`inputs`](Scorer::inputs), or
/// events × [`outputs`](Scorer::outputs). Events do not know of each other.
///
/// # Panics
/// All methods may where lengths do not fit.
pub trait Scorer: Send {
    /// Features an event.
    fn inputs(&self) -> usize;

    /// Numbers an event that come out.
    fn outputs(&self) -> usize;

    /// All parameters in one list; empty where there is nothing to learn.
    fn parameters(&self) -> &[f32];

    /// All parameters, to change them.
    fn parameters_mut(&mut self) -> &mut [f32];

    /// What the list of parameters is made of, in its order: every parameter is in one tensor.
    fn tensors(&self) -> Vec<Tensor>;

    /// Overwrites `out` with the outputs for `x`.
    fn forward(&mut self, x: &[f32], out: &mut [f32]);

    /// Overwrites `gradient` with the derivatives of Σ `d_out` · out by the parameters. The outputs are computed anew.
    fn backward(&mut self, x: &[f32], d_out: &[f32], gradient: &mut [f64]);
}

/// A named part of the list of parameters, for files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name, the only one of the scorer's: `layers.0.weight`.
    pub name: String,
    /// Its shape as it is stored, row-major: the last index runs fastest. The product is the length of the range.
    pub shape: Vec<usize>,
    /// Where it is in the list.
    pub range: Range<usize>,
}

/// Why there is no scorer of a kind for these features and outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScorerError {
    /// Events without features, or no output wanted.
    #[error("the scorer `{scorer}` needs {what}, found none")]
    Nothing {
        /// Name of the kind.
        scorer: &'static str,
        /// `a feature`, `an output`.
        what: &'static str,
    },
    /// A column that options name is none of the features.
    #[error(
        "the scorer `{scorer}` takes the column `{name}`, which the events do not have{}; they have {}",
        .nearest.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default(),
        names(.known)
    )]
    UnknownColumn {
        /// Name of the kind.
        scorer: &'static str,
        /// The name.
        name: String,
        /// The nearest known one.
        nearest: Option<String>,
        /// All features.
        known: Vec<String>,
    },
    /// Which of the features are meant is not said.
    #[error(
        "the scorer `{scorer}` gives {outputs} of the events' features {}; say which with `{option}`", names(.known)
    )]
    Ambiguous {
        /// Name of the kind.
        scorer: &'static str,
        /// How many are wanted.
        outputs: usize,
        /// All features.
        known: Vec<String>,
        /// The option that says it.
        option: &'static str,
    },
    /// The options give another number of outputs than is needed.
    #[error("the scorer `{scorer}` gives {}; number of outputs needed: {needed}", names(.columns))]
    Outputs {
        /// Name of the kind.
        scorer: &'static str,
        /// How many are needed.
        needed: usize,
        /// What there are.
        columns: Vec<String>,
    },
    /// More parameters than anything here can learn.
    #[error("the scorer `{scorer}` would have {parameters} parameters, the most is {most}; use fewer units")]
    TooLarge {
        /// Name of the kind.
        scorer: &'static str,
        /// How many.
        parameters: u128,
        /// How many there may be.
        most: u128,
    },
    /// A layer without units.
    #[error("hidden layer {layer} of the scorer `{scorer}` has no units; give it 1 at least")]
    NoUnits {
        /// Name of the kind.
        scorer: &'static str,
        /// The layer, from 0.
        layer: usize,
    },
}

fn names(known: &[String]) -> String {
    list_of(&known.iter().map(String::as_str).collect::<Vec<_>>(), "and")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_is_there() {
        let known = vec!["pt".to_owned(), "eta".to_owned(), "mass".to_owned()];
        let (scorer, name) = ("identity", "mas".to_owned());
        let unknown = ScorerError::UnknownColumn {
            scorer,
            name,
            nearest: Some("mass".to_owned()),
            known: known.clone(),
        };
        assert_eq!(
            unknown.to_string(),
            "the scorer `identity` takes the column `mas`, which the events do not have (did you mean `mass`?); they have `pt`, `eta` and `mass`"
        );
        let ambiguous = ScorerError::Ambiguous { scorer, outputs: 1, known, option: "column" };
        assert_eq!(
            ambiguous.to_string(),
            "the scorer `identity` gives 1 of the events' features `pt`, `eta` and `mass`; say which with `column`"
        );
    }
}
