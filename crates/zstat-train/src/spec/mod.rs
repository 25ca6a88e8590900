//! The spec of a training: sections `events`, `train` and `evaluate` of an analysis, and the samples and modifiers of its
//! workspace that are made from events. All faults at once, as pointers into the document.

mod agree;
mod columns;
mod heads;
mod parts;
mod process;
mod samples;
mod schema;
mod train;
mod unread;

pub use process::{PartSpec, ProcessSpec};
pub use samples::{SampleOf, Variation, VariationKind};
pub use schema::{Plugins, sections};
pub use train::{EvaluateSpec, LossSpec, OptimiserSpec, Part, SplitSpec, TrainSpec, WordOr};

use std::path::Path;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zstat_core::diag::{Code, Fault};
use zstat_core::loss::Loss;
use zstat_core::optimiser::OptimiserKind;
use zstat_core::scorer::ScorerKind;
use zstat_core::source::pointer::escape;
use zstat_core::source::{Node, walk};
use zstat_core::spec::{Analysis, Workspace};
use zstat_core::summary::Summary;

use crate::optimiser::{Clip, Schedule};

/// A training as its spec has it, every plugin built.
pub struct Training {
    /// Processes by name.
    pub processes: IndexMap<String, ProcessSpec>,
    /// Settings.
    pub train: TrainSpec,
    /// What is made of the result.
    pub evaluate: EvaluateSpec,
    /// Index of the channel whose templates are made from events.
    pub channel: usize,
    /// The samples of that channel that are made from events.
    pub samples: Vec<SampleOf>,
    /// Processes that the analysis looks for.
    pub signals: Vec<bool>,
    /// Scores to bins.
    pub summary: Box<dyn Summary>,
    /// Losses with their settings.
    pub losses: Vec<(LossSpec, Box<dyn Loss>)>,
    /// How the scorer is made.
    pub scorer: Box<dyn ScorerKind>,
    /// Name of the scorer.
    pub scorer_name: String,
    /// How optimisers are made.
    pub optimiser: Box<dyn OptimiserKind>,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// The largest gradient that is followed.
    pub clip: Option<Clip>,
    /// The workspace, with flat templates in place of those that are to be made.
    pub workspace: Workspace,
}

/// Whether an analysis has anything that events are needed for.
pub fn takes_events(analysis: &Analysis) -> bool {
    let samples = analysis.workspace.channels.iter().flat_map(|channel| &channel.samples);
    analysis.train.is_some()
        || analysis.events.is_some()
        || samples.clone().any(|sample| sample.events.is_some())
}

impl std::fmt::Debug for Training {
    /// Plugins have no form that is worth printing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = (&self.processes, &self.train, &self.evaluate);
        f.debug_tuple("Training").field(&of).finish()
    }
}

impl Training {
    /// Reads the training in an analysis, without a look at its files of events.
    ///
    /// # Errors
    /// All its faults; those of the workspace itself are for `zstat_core::spec::check` to find, on [`Training::workspace`].
    pub fn read(analysis: &Analysis, linked: &Plugins) -> Result<Self, Vec<Fault>> {
        Self::read_in(analysis, linked, None)
    }

    /// The same, with the columns of its files of events held against what names them. Files are relative to `folder`.
    ///
    /// # Errors
    /// As [`Training::read`], and files that are not there or of no use.
    pub fn read_with_files(analysis: &Analysis, linked: &Plugins, folder: &Path) -> Result<Self, Vec<Fault>> {
        Self::read_in(analysis, linked, Some(folder))
    }

    fn read_in(analysis: &Analysis, linked: &Plugins, folder: Option<&Path>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let Read { processes, train, evaluate } = Read::of(analysis, linked, &mut faults);
        if let Some(processes) = &processes {
            process::check(processes, linked, &mut faults);
        }
        let built = train.as_ref().map(|train| parts::build(train, linked, &mut faults));
        let bins = built.as_ref().and_then(|built| built.summary.as_ref()).map(|summary| summary.bins());
        let before = faults.len();
        let made =
            processes.as_ref().map(|processes| samples::read(&analysis.workspace, processes, &mut faults));
        // Faulty samples may be of any process.
        let are_known = faults.len() == before;
        if let (Some(train), Some(built)) = (&train, &built) {
            let of_samples = processes.as_ref().zip(made.as_ref()).filter(|_| are_known);
            agree::check(&analysis.workspace, train, built, of_samples, &mut faults);
        }
        if let (Some(processes), Some(train)) = (&processes, &train) {
            unread::check(processes, train, evaluate.as_ref(), &mut faults);
        }
        if let (Some(processes), Some(made)) = (&processes, &made) {
            let heads = heads::read(processes, folder, &mut faults);
            let (train, built) = (train.as_ref(), built.as_ref());
            columns::Columns { processes, heads: &heads, train, built }.check(made, &mut faults);
        }
        let (Some(processes), Some(train), Some(evaluate), Some(built), Some(made), Some(bins), true) =
            (processes, train, evaluate, built, made, bins, faults.is_empty())
        else {
            return Err(faults);
        };
        let parts::Built {
            summary: Some(summary),
            scorer: Some((scorer_name, scorer)),
            optimiser: Some(optimiser),
            losses,
        } = built
        else {
            return Err(faults);
        };
        let losses = losses.into_iter().map(|built| (built.spec, built.loss)).collect();
        let (optimiser, schedule, clip) = optimiser;
        let pois = samples::interests(&analysis.workspace, train.measurement.as_deref());
        let signals = samples::signals(&analysis.workspace, &processes, &made.samples, pois);
        let workspace = samples::filled(&analysis.workspace, &made, &processes, bins);
        Ok(Self {
            processes,
            train,
            evaluate,
            channel: made.channel,
            samples: made.samples,
            signals,
            summary,
            losses,
            scorer,
            scorer_name,
            optimiser,
            schedule,
            clip,
            workspace,
        })
    }

    /// Trains for another measurement than the spec's.
    pub fn choose(&mut self, measurement: &str) {
        self.train.measurement = Some(measurement.to_owned());
        let pois = samples::interests(&self.workspace, Some(measurement)).to_vec();
        self.look_for(&pois);
    }

    /// Takes other parameters of interest than the measurement's: what they scale is the signal.
    pub fn look_for(&mut self, pois: &[String]) {
        self.signals = samples::signals(&self.workspace, &self.processes, &self.samples, pois);
    }

    /// Names of the losses for tables, each once: the second of two alike is `inferno.2`.
    pub fn loss_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (at, (spec, _)) in self.losses.iter().enumerate() {
            let before = self.losses[..at].iter().filter(|(other, _)| other.name == spec.name).count();
            names.push(if before == 0 { spec.name.clone() } else { format!("{}.{}", spec.name, before + 1) });
        }
        names
    }
}

/// The sections of a training, those that can be read.
struct Read {
    processes: Option<IndexMap<String, ProcessSpec>>,
    train: Option<TrainSpec>,
    evaluate: Option<EvaluateSpec>,
}

impl Read {
    fn of(analysis: &Analysis, linked: &Plugins, faults: &mut Vec<Fault>) -> Self {
        let known = sections(linked);
        let mut section = |key: &str, value: Option<&Value>| -> Option<Value> {
            let value = value?;
            let schema = schema_of(&known, key);
            let mut value = value.clone();
            if key == "train" {
                parts::name_defaults(&mut value);
            }
            let mut found = walk(&Node::from_json(&value), &schema, &format!("/{key}"));
            found.extend(empty_keys(key, &value));
            let good = found.is_empty();
            faults.extend(found);
            good.then_some(value)
        };
        let events = section("events", analysis.events.as_ref());
        let train = section("train", analysis.train.as_ref());
        let evaluate = section(
            "evaluate",
            Some(analysis.evaluate.as_ref().unwrap_or(&Value::Object(Default::default()))),
        );
        let missing = [("events", analysis.events.is_none()), ("train", analysis.train.is_none())];
        for (key, _) in missing.into_iter().filter(|(_, missing)| *missing) {
            let message = format!("the analysis has no `{key}` section, which a training needs");
            faults
                .push(Fault::new(Code::MissingKey, "", message).help("the manual has a page on it: `train`"));
        }
        Self {
            processes: events.and_then(|value| typed(value, "events", faults)),
            train: train.and_then(|value| typed(value, "train", faults)),
            evaluate: evaluate.and_then(|value| typed(value, "evaluate", faults)),
        }
    }
}

/// Keys of a section with nothing after them, which would count as not there.
fn empty_keys(section: &str, value: &Value) -> Vec<Fault> {
    let keys = value.as_object().into_iter().flatten().filter(|(_, value)| value.is_null());
    let fault = |(key, _): (&String, &Value)| {
        let message = format!("nothing is given as `{key}`");
        let fault = Fault::new(Code::WrongType, format!("/{section}/{}", escape(key)), message).at_key();
        fault.help(match key.as_str() {
            "early_stopping" | "split" => format!("leave it out, or write `{key}: {{}}` for what is usual"),
            _ => "give it, or leave it out".to_owned(),
        })
    };
    keys.map(fault).collect()
}

fn schema_of(known: &zstat_core::spec::Sections, key: &str) -> Value {
    let mut schema = known.properties.get(key).cloned().unwrap_or(Value::Bool(true));
    if let Value::Object(map) = &mut schema {
        map.insert("$defs".to_owned(), Value::Object(known.definitions.clone()));
    }
    schema
}

/// A section as its type; its schema has found no fault with it.
fn typed<T: DeserializeOwned>(value: Value, key: &str, faults: &mut Vec<Fault>) -> Option<T> {
    match serde_json::from_value(value) {
        Ok(found) => Some(found),
        Err(error) => {
            faults.push(Fault::new(
                Code::Unreadable,
                format!("/{key}"),
                format!("`{key}` cannot be read: {error}"),
            ));
            None
        }
    }
}
