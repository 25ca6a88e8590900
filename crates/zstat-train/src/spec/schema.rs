//! The schemas of the sections of a training spec, with the options of the linked plugins.

use serde_json::{Map, Value, json};
use zstat_core::loss::Loss;
use zstat_core::optimiser::OptimiserKind;
use zstat_core::plugin::{PluginError, Registry};
use zstat_core::scorer::ScorerKind;
use zstat_core::spec::{OfPlugins, Sections, plugins, section};
use zstat_core::summary::Summary;
use zstat_core::table::EventReader;

use super::{EvaluateSpec, ProcessSpec, TrainSpec};
use crate::optimiser::{Clip, Schedule};

/// The linked plugins that a training is made of.
pub struct Plugins {
    /// Scorers.
    pub scorers: Registry<dyn ScorerKind>,
    /// Summaries.
    pub summaries: Registry<dyn Summary>,
    /// Losses.
    pub losses: Registry<dyn Loss>,
    /// Optimisers.
    pub optimisers: Registry<dyn OptimiserKind>,
    /// Readers of files of events.
    pub readers: Registry<dyn EventReader>,
}

impl Plugins {
    /// All that are linked.
    ///
    /// # Errors
    /// Where two of a kind share a name.
    pub fn load() -> Result<Self, PluginError> {
        Ok(Self {
            scorers: Registry::load("scorer")?,
            summaries: Registry::load("summary")?,
            losses: Registry::load("loss")?,
            optimisers: Registry::load("optimiser")?,
            readers: Registry::load("reader")?,
        })
    }
}

/// Which plugin is meant where a section names none.
pub(super) const SCORER: &str = "mlp";
/// The same of optimisers.
pub(super) const OPTIMISER: &str = "adam";

/// The sections `events`, `train` and `evaluate`.
pub fn sections(linked: &Plugins) -> Sections {
    let mut all = Sections::default();
    let process = section::<ProcessSpec>("events.", &mut all.definitions);
    let events = json!({ "type": "object", "additionalProperties": process });
    let train = section::<TrainSpec>("train.", &mut all.definitions);
    let evaluate = section::<EvaluateSpec>("evaluate.", &mut all.definitions);
    for (key, schema) in [("events", events), ("train", train), ("evaluate", evaluate)] {
        all.properties.insert(key.to_owned(), schema);
    }
    let definitions = &mut all.definitions;
    let scorer = OfPlugins { default: Some(SCORER), ..OfPlugins::new("scorer", "The scorer") };
    let scorer = plugins(&scorer, &linked.scorers, definitions);
    let summary = plugins(&OfPlugins::new("summary", "The summary"), &linked.summaries, definitions);
    let house = of_loss();
    let loss = OfPlugins { house, ..OfPlugins::new("loss", "A loss") };
    let loss = plugins(&loss, &linked.losses, definitions);
    let house = of_optimiser(definitions);
    let optimiser =
        OfPlugins { house, default: Some(OPTIMISER), ..OfPlugins::new("optimiser", "The optimiser") };
    let optimiser = plugins(&optimiser, &linked.optimisers, definitions);
    let reader = plugins(&OfPlugins::new("reader", "How files are read"), &linked.readers, definitions);
    definitions.insert("events.Reader".to_owned(), reader);
    let losses = json!({ "anyOf": [
        { "$ref": "#/$defs/train.Loss" },
        { "type": "array", "items": { "$ref": "#/$defs/train.Loss" }, "minItems": 1 },
    ]});
    let named = [
        ("Scorer", scorer),
        ("Summary", summary),
        ("Loss", loss),
        ("Losses", losses),
        ("Optimiser", optimiser),
    ];
    definitions.extend(named.map(|(name, schema)| (format!("train.{name}"), schema)));
    all
}

fn of_loss() -> Map<String, Value> {
    let house = json!({
        "weight": { "type": "number", "description": "What it is multiplied by." },
        "from": { "type": "integer", "minimum": 0, "description": "The first epoch that it counts in, from 0." },
        "until": { "type": "integer", "minimum": 1, "description": "The epoch before which it ends." },
    });
    match house {
        Value::Object(house) => house,
        _ => Map::new(),
    }
}

fn of_optimiser(definitions: &mut Map<String, Value>) -> Map<String, Value> {
    let mut house = Map::new();
    house.insert("schedule".to_owned(), section::<Schedule>("train.", definitions));
    house.insert("clip".to_owned(), section::<Clip>("train.", definitions));
    house
}
