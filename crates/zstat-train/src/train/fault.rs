//! Why there is no training, or none that goes on.

use zstat_core::diag::Fault;
use zstat_core::loss::LossError;
use zstat_core::optimiser::StateError;
use zstat_core::scorer::ScorerError;

use crate::table::{ReaderFault, RecipeFaults, SplitFault, StandardiserFault, WeightFault};

/// Why there is no training, or none that goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainFault {
    /// The model cannot be built: faults of the workspace.
    #[error("the workspace has {} faults", .0.len())]
    Model(Vec<Fault>),
    /// The spec asks for what cannot be: faults with their places in it.
    #[error("the spec has {} faults", .0.len())]
    Spec(Vec<Fault>),
    /// A file of events is of no use.
    #[error("events of process `{process}`: {source}")]
    Reader {
        /// The process.
        process: String,
        /// Why.
        source: Box<ReaderFault>,
    },
    /// An expression is of no use.
    #[error("events of process `{process}`: {source}")]
    Recipe {
        /// The process.
        process: String,
        /// Why.
        source: RecipeFaults,
    },
    /// Columns that are not there, or have other values than they should.
    #[error("events of process `{process}`: {why}")]
    Columns {
        /// The process.
        process: String,
        /// Why.
        why: String,
    },
    /// The events cannot be divided.
    #[error("events of process `{process}`: {source}")]
    Split {
        /// The process.
        process: String,
        /// Why.
        source: Box<SplitFault>,
    },
    /// Features cannot be standardised.
    #[error(transparent)]
    Standardiser(Box<StandardiserFault>),
    /// Weights have no sum.
    #[error(transparent)]
    Weights(Box<WeightFault>),
    /// The scorer cannot be made.
    #[error(transparent)]
    Scorer(Box<ScorerError>),
    /// A step has no value.
    #[error("epoch {epoch}, step {step}, loss `{loss}`: {source}")]
    Step {
        /// From 0.
        epoch: u32,
        /// From 0, in the epoch.
        step: u64,
        /// The loss.
        loss: String,
        /// Why.
        source: Box<LossError>,
    },
    /// Something is not finite.
    #[error(
        "epoch {epoch}, step {step}: {what} not finite, the training diverges: lower the learning rate, or clip the gradient (`clip: {{norm: 1}}`)"
    )]
    Diverged {
        /// From 0.
        epoch: u32,
        /// From 0, in the epoch.
        step: u64,
        /// What it is, with its verb.
        what: String,
    },
    /// Events of a batch have no weight together.
    #[error(
        "epoch {epoch}, step {step}: the weights of process `{process}` in this batch add up to {sum}: use larger batches"
    )]
    Batch {
        /// From 0.
        epoch: u32,
        /// From 0, in the epoch.
        step: u64,
        /// The process.
        process: String,
        /// The sum.
        sum: f64,
    },
    /// Several of these, one a line.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<TrainFault>),
    /// A metric has no value.
    #[error("the result: {0}")]
    Result(Box<LossError>),
    /// Bins that the result leaves out have data.
    #[error(
        "channel `{channel}`: no event of the evaluation is in {}: such bins are left out of the workspace, and their data would be lost; use fewer bins, or {more}, or leave the observations out of the spec and count the data by `zstat apply --workspace`",
        lost(bins)
    )]
    LostData {
        /// The channel.
        channel: String,
        /// Bins of the summary, from 0, with the events of the data.
        bins: Vec<(usize, f64)>,
        /// Where more events come from.
        more: &'static str,
    },
    /// No event of the evaluation is in any bin.
    #[error(
        "the result: no event of the evaluation is in any bin of the summary: mind its `range` or `cut`, and `include_outside`"
    )]
    NoBins,
    /// A factor that is made from events, and is none.
    #[error(
        "modifier `{modifier}` of sample `{sample}`: the weights of its events at {side:+} add up to {} times the nominal ones, and a factor must be positive: mind its `vary`, and negative weights",
        zstat_core::text::in_short(*.factor)
    )]
    Factor {
        /// The modifier.
        modifier: String,
        /// The sample.
        sample: String,
        /// −1 or +1.
        side: i32,
        /// The ratio.
        factor: f64,
    },
    /// The state of another training.
    #[error("the state cannot be taken up again: {0}")]
    State(String),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

fn lost(bins: &[(usize, f64)]) -> String {
    let one = |(bin, events): &(usize, f64)| {
        format!("bin {bin} of the summary, where the data have {} events", zstat_core::text::number(*events))
    };
    /// As many are told one by one.
    const MOST: usize = 5;
    let told = bins.iter().take(MOST).map(one).collect::<Vec<_>>().join(", nor in ");
    let more = bins.get(MOST..).unwrap_or_default();
    let sum: f64 = more.iter().map(|(_, events)| events).sum();
    match more.len() {
        0 => told,
        n => format!("{told}, nor in {n} more with {} events of the data", zstat_core::text::number(sum)),
    }
}

impl TrainFault {
    /// The one fault, or all of them.
    pub(super) fn several(mut faults: Vec<Self>) -> Self {
        match (faults.len(), faults.pop()) {
            (1, Some(fault)) => fault,
            (_, last) => {
                faults.extend(last);
                Self::Several(faults)
            }
        }
    }
}

impl From<StandardiserFault> for TrainFault {
    fn from(fault: StandardiserFault) -> Self {
        Self::Standardiser(Box::new(fault))
    }
}

impl From<WeightFault> for TrainFault {
    fn from(fault: WeightFault) -> Self {
        Self::Weights(Box::new(fault))
    }
}

impl From<ScorerError> for TrainFault {
    fn from(error: ScorerError) -> Self {
        Self::Scorer(Box::new(error))
    }
}

impl From<StateError> for TrainFault {
    fn from(error: StateError) -> Self {
        Self::State(error.to_string())
    }
}
