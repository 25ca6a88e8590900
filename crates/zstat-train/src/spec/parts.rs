//! Processes looked at one by one, and the plugins of a training built.

use indexmap::IndexMap;
use serde_json::{Map, Value};
use zstat_core::diag::{Code, Fault};
use zstat_core::loss::{Level, Loss};
use zstat_core::optimiser::OptimiserKind;
use zstat_core::plugin::{PluginError, Registry};
use zstat_core::scorer::ScorerKind;
use zstat_core::source::pointer::escape;
use zstat_core::summary::{Summary, SummarySlopes};

use super::schema::{OPTIMISER, SCORER};
use super::{LossSpec, OptimiserSpec, Part, Plugins, ProcessSpec, TrainSpec, WordOr};
use crate::events::Generator;
use crate::optimiser::{Clip, Schedule};

/// Writes the names of plugins that are meant where none is given.
pub(super) fn name_defaults(train: &mut Value) {
    for (key, name) in [("network", SCORER), ("optimiser", OPTIMISER)] {
        if let Some(Value::Object(part)) = train.get_mut(key)
            && !part.contains_key("type")
        {
            part.insert("type".to_owned(), Value::from(name));
        }
    }
}

/// What is wrong with processes, each by itself.
pub(super) fn processes(processes: &IndexMap<String, ProcessSpec>, faults: &mut Vec<Fault>) {
    if processes.is_empty() {
        faults.push(
            Fault::new(Code::Nothing, "/events", "there are no processes").help("name one, with its `yield`"),
        );
    }
    for (name, process) in processes {
        let at = format!("/events/{}", escape(name));
        let mut fault = |key: &str, message: String| {
            faults.push(Fault::new(
                Code::OutOfRange,
                format!("{at}{key}"),
                format!("process `{name}`: {message}"),
            ));
        };
        if let Err(message) = process.events() {
            fault("", message.to_owned());
        }
        let is_generated = !process.generate.is_empty() || !process.correlated.is_empty();
        match (is_generated, !process.mixture.is_empty(), process.files.is_some()) {
            (true, false, false) | (false, true, false) | (false, false, true) => {}
            (false, false, false) => fault("", "says not where its events come from: `generate` or `files`".to_owned()),
            _ => fault("", "has several sources of events; give one of `generate` (with `correlated`), `mixture` and `files`".to_owned()),
        }
        let files = process.files.as_ref().map_or(&[][..], |files| files.as_slice());
        for (at, file) in files.iter().enumerate().filter(|(at, file)| files[..*at].contains(file)) {
            let twice = format!("the file `{file}` is given twice: its events would be counted twice");
            fault(&format!("/files/{at}"), twice);
        }
        if process.weight.is_some() && process.files.is_none() {
            fault("/weight", "weights are of events in files; generated ones all count alike".to_owned());
        }
        if let Err((column, why)) = Generator::of(process) {
            fault("", format!("column {column}: {why}"));
        }
        let groups = process.correlated.iter().flat_map(|group| &group.columns);
        let columns: Vec<&String> = process.generate.keys().chain(groups).collect();
        for (at, column) in columns.iter().enumerate().filter(|(at, column)| columns[..*at].contains(column))
        {
            fault("", format!("column `{column}` is generated twice (number {})", at + 1));
        }
    }
}

/// The plugins of a training, as far as they could be built.
pub(super) struct Built {
    pub summary: Option<Box<dyn Summary>>,
    pub scorer: Option<(String, Box<dyn ScorerKind>)>,
    pub optimiser: Option<(Box<dyn OptimiserKind>, Schedule, Option<Clip>)>,
    pub losses: Vec<(LossSpec, Box<dyn Loss>)>,
}

/// Builds all.
pub(super) fn build(train: &TrainSpec, linked: &Plugins, faults: &mut Vec<Fault>) -> Built {
    let named = |part: &WordOr<Part>, default: &str| match part {
        WordOr::Word(name) => (name.clone(), Map::new()),
        WordOr::With(part) => (part.name.clone().unwrap_or_else(|| default.to_owned()), part.options.clone()),
    };
    let (name, options) = named(&train.summary, "");
    let summary = one(&linked.summaries, &name, options, "/train/summary", faults);
    let (name, options) = match &train.network {
        Some(part) => named(part, SCORER),
        None => (SCORER.to_owned(), Map::new()),
    };
    let scorer = one(&linked.scorers, &name, options, "/train/network", faults).map(|scorer| (name, scorer));
    let spec = match &train.optimiser {
        None => OptimiserSpec::default(),
        Some(WordOr::Word(name)) => OptimiserSpec { name: Some(name.clone()), ..OptimiserSpec::default() },
        Some(WordOr::With(spec)) => spec.clone(),
    };
    let name = spec.name.unwrap_or_else(|| OPTIMISER.to_owned());
    let optimiser = one(&linked.optimisers, &name, spec.options, "/train/optimiser", faults)
        .map(|kind| (kind, spec.schedule, spec.clip));
    let many = matches!(train.loss, zstat_core::spec::OneOrMany::Many(_));
    let mut losses = Vec::new();
    for (i, loss) in train.loss.as_slice().iter().enumerate() {
        let at = if many { format!("/train/loss/{i}") } else { "/train/loss".to_owned() };
        let spec = match loss {
            WordOr::Word(name) => {
                LossSpec { name: name.clone(), weight: 1.0, from: 0, until: None, options: Map::new() }
            }
            WordOr::With(spec) => spec.clone(),
        };
        if !spec.weight.is_finite() {
            faults.push(Fault::new(
                Code::NotFinite,
                format!("{at}/weight"),
                "the weight of a loss must be finite",
            ));
        }
        if spec.until.is_some_and(|until| until <= spec.from) {
            let message = format!("the loss `{}` ends (`until`) before it begins (`from`)", spec.name);
            faults.push(Fault::new(Code::OutOfRange, format!("{at}/until"), message));
        }
        if let Some(loss) = one(&linked.losses, &spec.name, spec.options.clone(), &at, faults) {
            losses.push((spec, loss));
        }
    }
    for epoch in 0..train.epochs {
        let counts =
            |(spec, _): &(LossSpec, _)| spec.from <= epoch && spec.until.is_none_or(|until| epoch < until);
        if !losses.is_empty() && !losses.iter().any(counts) {
            let message =
                format!("no loss counts in epoch {epoch} (they count from 0): mind `from` and `until`");
            faults.push(Fault::new(Code::OutOfRange, "/train/loss", message));
            break;
        }
    }
    if let Some(summary) = &summary {
        without_slopes(summary.as_ref(), &losses, many, faults);
    }
    Built { summary, scorer, optimiser, losses }
}

/// Losses of templates where the summary has no derivatives: nothing would be learnt from them.
fn without_slopes(
    summary: &dyn Summary,
    losses: &[(LossSpec, Box<dyn Loss>)],
    many: bool,
    faults: &mut Vec<Fault>,
) {
    if !matches!(summary.slopes(), SummarySlopes::None) {
        return;
    }
    for (i, (spec, loss)) in losses.iter().enumerate() {
        if matches!(loss.level(), Level::Templates(_)) && spec.weight != 0.0 {
            let at = if many { format!("/train/loss/{i}") } else { "/train/loss".to_owned() };
            let message = format!("the loss `{}` learns nothing: the summary has no derivatives", spec.name);
            faults.push(Fault::new(Code::OutOfRange, at, message).help(
                "give the summary `straight_through: {bandwidth: 0.1}`, take another summary, or train with a loss of events such as `bce`",
            ));
        }
    }
}

fn one<T: ?Sized>(
    registry: &Registry<T>,
    name: &str,
    options: Map<String, Value>,
    at: &str,
    faults: &mut Vec<Fault>,
) -> Option<Box<T>> {
    match registry.build(name, Value::Object(options)) {
        Ok(built) => Some(built),
        Err(error @ PluginError::Unknown { .. }) => {
            faults.push(Fault::new(Code::UnknownPlugin, at, error.to_string()));
            None
        }
        Err(error) => {
            faults.push(Fault::new(Code::OutOfRange, at, error.to_string()));
            None
        }
    }
}
