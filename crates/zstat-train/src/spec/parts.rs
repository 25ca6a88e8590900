//! The plugins of a training, built.

use serde_json::{Map, Value};
use zstat_core::diag::{Code, Fault};
use zstat_core::loss::{Level, Loss};
use zstat_core::optimiser::OptimiserKind;
use zstat_core::plugin::{PluginError, Registry};
use zstat_core::scorer::ScorerKind;
use zstat_core::spec::OneOrMany;
use zstat_core::summary::{Summary, SummarySlopes};

use super::schema::{OPTIMISER, SCORER};
use super::{LossSpec, OptimiserSpec, Part, Plugins, TrainSpec, WordOr};
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

/// The plugins of a training, as far as they could be built.
pub(super) struct Built {
    pub summary: Option<Box<dyn Summary>>,
    pub scorer: Option<(String, Box<dyn ScorerKind>)>,
    pub optimiser: Option<(Box<dyn OptimiserKind>, Schedule, Option<Clip>)>,
    pub losses: Vec<BuiltLoss>,
}

/// A loss, its settings, and where it stands.
pub(super) struct BuiltLoss {
    pub at: String,
    pub spec: LossSpec,
    pub loss: Box<dyn Loss>,
}

/// Where a loss stands.
pub(super) fn at_loss(train: &TrainSpec, index: usize) -> String {
    match train.loss {
        OneOrMany::Many(_) => format!("/train/loss/{index}"),
        OneOrMany::One(_) => "/train/loss".to_owned(),
    }
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
    without_turn(spec.schedule, train.epochs, faults);
    if spec.clip == Some(Clip::default()) {
        let fault = Fault::new(Code::OutOfRange, "/train/optimiser/clip", "`clip` says nothing");
        faults.push(fault.help("give `norm` or `value`, or leave it out"));
    }
    let optimiser = one(&linked.optimisers, &name, spec.options, "/train/optimiser", faults)
        .map(|kind| (kind, spec.schedule, spec.clip));
    let mut losses = Vec::new();
    for (i, loss) in train.loss.as_slice().iter().enumerate() {
        let at = at_loss(train, i);
        let spec = match loss {
            WordOr::Word(name) => {
                LossSpec { name: name.clone(), weight: 1.0, from: 0, until: None, options: Map::new() }
            }
            WordOr::With(spec) => spec.clone(),
        };
        numbers(train, &spec, &at, faults);
        if let Some(loss) = one(&linked.losses, &spec.name, spec.options.clone(), &at, faults) {
            losses.push(BuiltLoss { at, spec, loss });
        }
    }
    // Where the first begins, or another ends.
    let ends = losses.iter().filter_map(|built| built.spec.until).filter(|until| *until < train.epochs);
    let mut turns: Vec<u32> = ends.chain([0]).collect();
    turns.sort_unstable();
    for epoch in turns {
        let counts = |BuiltLoss { spec, .. }: &BuiltLoss| {
            spec.weight != 0.0 && spec.from <= epoch && spec.until.is_none_or(|until| epoch < until)
        };
        if !losses.is_empty() && !losses.iter().any(counts) {
            let message = format!(
                "no loss counts in epoch {epoch} (they count from 0): mind `from`, `until` and `weight`"
            );
            faults.push(Fault::new(Code::OutOfRange, "/train/loss", message));
            break;
        }
    }
    if let Some(summary) = &summary {
        without_slopes(summary.as_ref(), &losses, faults);
    }
    Built { summary, scorer, optimiser, losses }
}

/// A schedule that comes to nothing in so many epochs.
fn without_turn(schedule: Schedule, epochs: u32, faults: &mut Vec<Fault>) {
    let (key, message) = match schedule {
        Schedule::Cosine { warm_up, .. } if warm_up >= f64::from(epochs) => {
            let message = format!(
                "the warm-up takes {warm_up} epochs, and there are {epochs}: the rate would never fall"
            );
            ("warm_up", message)
        }
        Schedule::Step { every, .. } if every >= epochs => (
            "every",
            format!("the first step is after {every} epochs, and there are {epochs}: it has no effect"),
        ),
        _ => return,
    };
    let fault = Fault::new(Code::OutOfRange, format!("/train/optimiser/schedule/{key}"), message);
    faults.push(fault.help("give fewer, or train for more `epochs`"));
}

/// Whether the numbers beside a loss make sense.
fn numbers(train: &TrainSpec, spec: &LossSpec, at: &str, faults: &mut Vec<Fault>) {
    if !spec.weight.is_finite() {
        faults.push(Fault::new(
            Code::NotFinite,
            format!("{at}/weight"),
            "the weight of a loss must be finite",
        ));
    }
    if spec.weight < 0.0 {
        let message = format!(
            "the weight of the loss `{}` is {}: the training would make it as large as it can",
            spec.name, spec.weight
        );
        let fault = Fault::new(Code::OutOfRange, format!("{at}/weight"), message);
        faults.push(fault.help("give a positive weight; with 0 it is watched only"));
    }
    if spec.from >= train.epochs {
        let message = format!(
            "the loss `{}` never counts: the last epoch is {} (they count from 0)",
            spec.name,
            train.epochs.saturating_sub(1)
        );
        let fault = Fault::new(Code::OutOfRange, format!("{at}/from"), message);
        faults.push(fault.help("begin earlier, or train for more `epochs`"));
    }
    if spec.until.is_some_and(|until| until <= spec.from) {
        let message = format!("the loss `{}` ends (`until`) before it begins (`from`)", spec.name);
        faults.push(Fault::new(Code::OutOfRange, format!("{at}/until"), message));
    }
}

/// Losses of templates where the summary has no derivatives: nothing would be learnt from them.
fn without_slopes(summary: &dyn Summary, losses: &[BuiltLoss], faults: &mut Vec<Fault>) {
    if !matches!(summary.slopes(), SummarySlopes::None) {
        return;
    }
    for BuiltLoss { at, spec, loss } in losses {
        if matches!(loss.level(), Level::Templates(_)) && spec.weight != 0.0 {
            let message = format!("the loss `{}` learns nothing: the summary has no derivatives", spec.name);
            faults.push(Fault::new(Code::OutOfRange, at, message).help(
                "give the summary `straight_through: {bandwidth: 0.1}`, take another summary, or train with a loss of events such as `bce`",
            ));
        }
    }
}

/// Builds one.
pub(super) fn one<T: ?Sized>(
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
