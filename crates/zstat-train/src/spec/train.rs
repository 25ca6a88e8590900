//! Settings of `zstat train`, and of what it makes of the result.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zstat_core::spec::OneOrMany;

use crate::optimiser::{Clip, Schedule, Stopping};

/// A plugin and its options, `type` being the plugin's name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Name of the plugin.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its options.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

/// What is minimised: a loss and its part in the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossSpec {
    /// Name of the loss.
    #[serde(rename = "type")]
    pub name: String,
    /// What it is multiplied by.
    #[serde(default = "one")]
    pub weight: f64,
    /// The first epoch that it counts in, from 0.
    #[serde(default)]
    pub from: u32,
    /// The epoch before which it ends; none if it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u32>,
    /// Its options.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

fn one() -> f64 {
    1.0
}

/// How parameters are moved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OptimiserSpec {
    /// Name of the optimiser.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: Schedule,
    /// The largest gradient that is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// Its options.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

/// A word, or a mapping with `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WordOr<T> {
    /// The name alone.
    Word(String),
    /// With options.
    With(T),
}

/// How events of files are divided: by their key, so that the same event is always in the same part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SplitSpec {
    /// Columns that tell events apart; by default the number of the row.
    pub key: Vec<String>,
    /// The part that training is watched with.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub validation: Option<f64>,
    /// The part that training never sees, which the result is made of.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub evaluation: Option<f64>,
}

/// Shares of events of files for validation and evaluation where the spec does not say.
const SHARES: [f64; 2] = [0.2, 0.3];

impl SplitSpec {
    /// The shares for training, validation and evaluation.
    pub fn shares(&self) -> [f64; 3] {
        let [validation, evaluation] =
            [self.validation.unwrap_or(SHARES[0]), self.evaluation.unwrap_or(SHARES[1])];
        [1.0 - validation - evaluation, validation, evaluation]
    }
}

/// Settings of `zstat train`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainSpec {
    /// Columns that are scored, in order; by default all that the processes have in common. Where all events are of files, they
    /// must be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// Columns made of others, by expressions, in order.
    #[serde(default, skip_serializing_if = "indexmap::IndexMap::is_empty")]
    pub derive: indexmap::IndexMap<String, String>,
    /// Move and scale features to mean 0 and standard deviation 1 of the training events.
    #[serde(default = "yes")]
    pub standardise: bool,
    /// The scorer; `type: mlp` if there is none.
    #[serde(default)]
    #[schemars(with = "ScorerSection")]
    pub network: Option<WordOr<Part>>,
    /// How scores become bins.
    #[schemars(with = "SummarySection")]
    pub summary: WordOr<Part>,
    /// What is minimised: one loss or several, which add up.
    #[schemars(with = "LossSections")]
    pub loss: OneOrMany<WordOr<LossSpec>>,
    /// How parameters are moved; `adam` if there is none.
    #[serde(default)]
    #[schemars(with = "OptimiserSection")]
    pub optimiser: Option<WordOr<OptimiserSpec>>,
    /// Training events to generate of each process; of files at most so many.
    #[schemars(range(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Events to generate of each process that training is watched with; a fifth of `events` if there is none.
    #[schemars(range(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<u64>,
    /// How events of files are divided.
    #[serde(default)]
    pub split: SplitSpec,
    /// Events of each process in a step.
    #[schemars(range(min = 1))]
    pub batch: u64,
    /// How often training sees all events.
    #[schemars(range(min = 1))]
    pub epochs: u32,
    /// Seed of events, of the scorer's start and of the order of events.
    #[serde(default = "first")]
    pub seed: u64,
    /// Ends the training where the validation loss does not fall any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<Stopping>,
    /// Measurement of the workspace that is trained for; the workspace's own settings if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurement: Option<String>,
}

fn yes() -> bool {
    true
}

fn first() -> u64 {
    1
}

/// Settings of what is made of the result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateSpec {
    /// Events to generate of each process, independent of training.
    #[schemars(range(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Trainings, each with a seed of its own from `train.seed` on; medians and bands are over these.
    #[schemars(range(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<u32>,
    /// Metrics of the validation events in hard bins after every so many epochs, and after the last; 0 for never, a twentieth of
    /// the epochs if there is none. For the measurement that is trained for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    /// Of a cut on the score that may be chosen as the best: the least effective number (Σw)²/Σw² of validation events that the
    /// background is known by; 10 if there is none.
    #[schemars(range(min = 0.0))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_effective: Option<f64>,
}

impl EvaluateSpec {
    /// Epochs from one look at metrics to the next; none for never.
    pub fn every(&self, epochs: u32) -> Option<u32> {
        Some(self.every.unwrap_or(epochs.div_ceil(20))).filter(|every| *every > 0)
    }

    /// Are metrics looked at after this epoch, counted from 0, of so many?
    pub fn is_turn(&self, epochs: u32, epoch: u32, is_last: bool) -> bool {
        let is_last = is_last || epoch + 1 == epochs;
        self.every(epochs).is_some_and(|every| is_last || (epoch + 1).is_multiple_of(every))
    }

    /// The least effective number of background events of a cut.
    pub fn min_effective(&self) -> f64 {
        self.min_effective.unwrap_or(10.0)
    }
}

macro_rules! section {
    ($name:ident, $title:literal) => {
        /// Stands in a schema where the options of plugins are put in.
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $title.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!(true)
            }
        }
    };
}

section!(ScorerSection, "Scorer");
section!(SummarySection, "Summary");
section!(LossSections, "Losses");
section!(OptimiserSection, "Optimiser");
section!(ReaderSection, "Reader");
