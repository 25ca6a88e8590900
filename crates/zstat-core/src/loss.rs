//! The contract of a training loss: a number that becomes smaller as a summary statistic becomes better, with its derivatives.
//!
//! A loss sees either single events with their scores, or a model whose templates were filled with them. It knows neither
//! how scores are made nor how they are binned: derivatives by scores, or by templates, are all that it gives back.

use crate::fit::{EvalError, Fitter};
use crate::model::{Model, Templates};
use crate::plugin::Plugin;
use crate::text::{list_of, nearest};

/// A process that events are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// Name in the spec.
    pub name: String,
    /// What the analysis looks for.
    pub is_signal: bool,
    /// Events that the analysis expects of it.
    pub yield_: f64,
}

/// A column of the events, handed to losses that ask for it: what a score must not depend on, for example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column<'a> {
    /// Name in the spec.
    pub name: &'a str,
    /// One value an event.
    pub values: &'a [f64],
}

/// A batch of events with scores. Slices over events have one entry an event.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// Outputs of the scorer, event after event: events × `outputs`.
    pub scores: &'a [f64],
    /// Outputs an event.
    pub outputs: usize,
    /// The process of each event, an index into `processes`.
    pub process: &'a [usize],
    /// Weights, in expected events: those of a process add up to what the analysis expects of it. May be negative.
    pub weights: &'a [f64],
    /// The processes.
    pub processes: &'a [Process],
    /// The columns that [`Loss::columns`] names, at least; empty where it names none. Read them with [`Scored::column`].
    pub columns: &'a [Column<'a>],
}

impl<'a> Scored<'a> {
    /// Number of events.
    pub fn n_events(&self) -> usize {
        self.process.len()
    }

    /// Whether an event is of a signal process.
    pub fn is_signal(&self, event: usize) -> bool {
        self.processes[self.process[event]].is_signal
    }

    /// The column called `name`, one value an event.
    ///
    /// # Errors
    /// Where the batch has none of that name.
    pub fn column(&self, name: &str) -> Result<&'a [f64], LossError> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.map(|column| column.values).ok_or_else(|| LossError::UnknownColumn {
            name: name.to_owned(),
            nearest: nearest(name, self.columns.iter().map(|column| column.name)).map(str::to_owned),
            known: self.columns.iter().map(|column| column.name.to_owned()).collect(),
        })
    }
}

/// A batch of events as templates of a model.
#[derive(Clone, Copy)]
pub struct Binned<'a> {
    /// The model, with the batch's templates.
    pub model: &'a Model,
    /// Variances of the nominal yields because simulated events are few, in the layout of [`Templates::nominal`]: those that the
    /// templates of the result will have. With weights w in expected events and shares a it is Σ (w a)² of the batch, times
    /// the events of the process in the batch over those that the result is made of (`evaluate.events`, or the evaluation
    /// part of its files), both counted before any selection. 0 for samples that are not made from events; empty where nothing
    /// is known.
    pub variances: &'a [f64],
    /// Whether the result has a γ for the variance of each nominal yield, in the same layout: a `staterror` made from events.
    /// The model has none for these. Empty where there are none at all.
    pub gammas: &'a [bool],
    /// The hypothesis that data are expected from: one value a parameter.
    pub point: &'a [f64],
    /// Parameters that are kept where they are.
    pub fixed: &'a [bool],
    /// The parameter of interest: its value in `point` is the signal that is looked for, 0 is background alone.
    pub poi: usize,
    /// Minimiser for losses that profile.
    pub fitter: &'a dyn Fitter,
}

/// Derivatives of a loss by all that a [`Binned`] batch has of events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slopes {
    /// By the templates, of the model's shape.
    pub templates: Templates,
    /// By [`Binned::variances`], as many; of no use where they are not known.
    pub variances: Vec<f64>,
}

impl Slopes {
    /// Zeros of the shape that a batch needs.
    #[must_use]
    pub fn of(batch: &Binned<'_>) -> Self {
        Self { templates: batch.model.templates().zeros_like(), variances: vec![0.0; batch.variances.len()] }
    }

    /// All derivatives.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        let Self { templates: Templates { nominal, shifts }, variances } = self;
        nominal.iter_mut().chain(shifts).chain(variances)
    }

    /// All derivatives, in the same order: by nominal yields, by shifts, by variances.
    pub fn iter(&self) -> impl Iterator<Item = &f64> {
        let Self { templates: Templates { nominal, shifts }, variances } = self;
        nominal.iter().chain(shifts).chain(variances)
    }

    /// Sets all derivatives to zero.
    pub fn clear(&mut self) {
        self.iter_mut().for_each(|slope| *slope = 0.0);
    }

    /// Multiplies all derivatives.
    pub fn scale(&mut self, factor: f64) {
        self.iter_mut().for_each(|slope| *slope *= factor);
    }

    /// Adds others of the same shape, multiplied.
    pub fn add(&mut self, factor: f64, other: &Self) {
        self.iter_mut().zip(other.iter()).for_each(|(sum, slope)| *sum += factor * slope);
    }
}

/// What helps where a bin expects nothing, or less.
fn of_empty(expected: f64) -> &'static str {
    match expected < 0.0 {
        true => "negative weights outweigh the others there; use fewer bins, or larger batches",
        false => "use fewer bins, or larger batches, or a wider smoothing",
    }
}

/// Why a loss has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LossError {
    /// A bin expects nothing, or less.
    #[error("bin {bin} of channel `{channel}` expects {} events: {}", crate::text::in_short(*.expected), of_empty(*.expected))]
    EmptyBin {
        /// Channel's name.
        channel: String,
        /// Bin, from 0, in the channel.
        bin: usize,
        /// Events.
        expected: f64,
    },
    /// The data would not determine all parameters.
    #[error(
        "the Fisher matrix is singular: the bins do not determine {}; give them a constraint, or use more bins, or, where a training has put all events into few of them, lower `learning_rate`", .parameters.join(", ")
    )]
    Singular {
        /// Names of the parameters.
        parameters: Vec<String>,
    },
    /// The likelihood has no value.
    #[error(transparent)]
    NoLikelihood(#[from] EvalError),
    /// A profile fit did not converge.
    #[error("the fit with `{parameter}` = {value} did not converge: {reason}")]
    NotConverged {
        /// The parameter held.
        parameter: String,
        /// Where.
        value: f64,
        /// What the minimiser says.
        reason: String,
    },
    /// The batch has nothing of what is compared.
    #[error("no {what} in this batch: use larger batches")]
    Missing {
        /// `signal events`, `background events`.
        what: &'static str,
    },
    /// The loss asks for variances of the templates, and nobody knows them.
    #[error("the loss needs the variances of the templates, which are known only where events are counted")]
    NoVariances,
    /// The scorer has another number of outputs than the loss needs.
    #[error("the loss needs {needed} output of the scorer, found {found}")]
    Outputs {
        /// How many it needs.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// Events of a loss that compares signal with background are all of one kind.
    #[error(
        "every process with a sample is {kind}, and the loss compares signal with background: mind `signal` of the processes, and which samples the parameter of interest scales"
    )]
    OneKind {
        /// `signal`, `background`.
        kind: &'static str,
    },
    /// The hypotheses that are compared are the same.
    #[error(
        "the parameter of interest `{parameter}` starts at 0, so that the loss compares background with itself: start it where the signal is expected (`init`), for example at 1"
    )]
    NoSignal {
        /// Its name.
        parameter: String,
    },
    /// The uncertainty of a parameter that has none.
    #[error(
        "the parameter of interest `{parameter}` is fixed: it has no uncertainty that could become smaller; free it"
    )]
    FixedPoi {
        /// Its name.
        parameter: String,
    },
    /// A parameter that options name is none of the model.
    #[error("the model has no parameter `{name}`{}", .nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownParameter {
        /// The name.
        name: String,
        /// The nearest known one.
        nearest: Option<String>,
    },
    /// A column that options name is none of the events'.
    #[error(
        "the events have no column `{name}`{}; the loss was given {}",
        .nearest.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default(),
        list_of(&.known.iter().map(String::as_str).collect::<Vec<_>>(), "and")
    )]
    UnknownColumn {
        /// The name.
        name: String,
        /// The nearest known one.
        nearest: Option<String>,
        /// All columns of the batch.
        known: Vec<String>,
    },
    /// The value, or a derivative, is not finite.
    #[error("the loss is {value}: {why}")]
    NotFinite {
        /// What it is.
        value: f64,
        /// Where it comes from, and what to do.
        why: &'static str,
    },
}

/// A loss of single events.
pub trait EventLoss {
    /// The value, and its derivatives by the scores into `gradient` (events × outputs, overwritten).
    ///
    /// # Errors
    /// Where the loss has no value for this batch.
    fn evaluate(&self, batch: &Scored<'_>, gradient: &mut [f64]) -> Result<f64, LossError>;
}

/// A loss of templates.
pub trait TemplateLoss {
    /// The value, and its derivatives by templates and variances into `gradient` (of the shape of [`Slopes::of`], overwritten: a
    /// loss that does not depend on the variances sets zeros there).
    ///
    /// # Errors
    /// Where the loss has no value for these templates.
    fn evaluate(&self, batch: &Binned<'_>, gradient: &mut Slopes) -> Result<f64, LossError>;
}

/// What a loss is made of.
pub enum Level<'a> {
    /// Single events.
    Events(&'a dyn EventLoss),
    /// Templates.
    Templates(&'a dyn TemplateLoss),
}

/// A training loss.
pub trait Loss: Send + Sync {
    /// The loss at its level.
    fn level(&self) -> Level<'_>;

    /// Whether it has a value for events with so many scores each, of these processes, as far as that can be told without any:
    /// asked before a training, so that nothing is trained in vain. Most losses take whatever there is.
    ///
    /// # Errors
    /// Where it can have none.
    fn fits_events(&self, outputs: usize, processes: &[Process]) -> Result<(), LossError> {
        let _ = (outputs, processes);
        Ok(())
    }

    /// The same for a model whose start values are the hypothesis that data are expected from.
    ///
    /// # Errors
    /// Where it can have none.
    fn fits_model(&self, model: &Model) -> Result<(), LossError> {
        let _ = model;
        Ok(())
    }

    /// Names of the events' columns that it reads: whoever trains hands these over in [`Scored::columns`]. Most losses read
    /// none.
    fn columns(&self) -> Vec<String> {
        Vec::new()
    }

    /// What a reader of a result should know of this loss, as sentences: asked once after the training, for the scores that were
    /// learnt, of a part of the training events. Columns are the features as the scorer sees them. Most losses say nothing.
    ///
    /// # Errors
    /// Where the loss has no value for these scores.
    fn remarks(&self, batch: &Scored<'_>) -> Result<Vec<String>, LossError> {
        let _ = batch;
        Ok(Vec::new())
    }
}

inventory::collect!(Plugin<dyn Loss>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_near_ones_named() {
        let columns =
            [Column { name: "mass", values: &[1.0, 2.0] }, Column { name: "pt", values: &[3.0, 4.0] }];
        let batch = Scored {
            scores: &[0.0; 2],
            outputs: 1,
            process: &[0; 2],
            weights: &[1.0; 2],
            processes: &[],
            columns: &columns,
        };
        assert_eq!(batch.column("pt"), Ok(&[3.0, 4.0][..]));
        let error = batch.column("mas").map(<[f64]>::to_vec).expect_err("none of that name");
        assert_eq!(
            error.to_string(),
            "the events have no column `mas` (did you mean `mass`?); the loss was given `mass` and `pt`"
        );
    }
}
