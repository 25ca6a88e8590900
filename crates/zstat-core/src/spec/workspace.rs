//! A workspace: channels of samples with modifiers, what was observed, and the measurements made on it.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{CorrelatedConstraint, Modifier, OneOrMany, ParameterSpec, read};

/// A HistFactory workspace: the whole statistical model and its data. Yields are in events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// Regions of phase space, each a histogram with its samples.
    #[serde(deserialize_with = "read::mappings")]
    pub channels: Vec<Channel>,
    /// Observed events a bin, by channel name. A channel without an entry can be evaluated but not fitted.
    #[serde(default, deserialize_with = "read::map_of_numbers", skip_serializing_if = "IndexMap::is_empty")]
    pub observations: IndexMap<String, Vec<f64>>,
    /// Parameter of interest, or a list of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poi: Option<OneOrMany<String>>,
    /// Settings of single parameters, by name; what is not set follows the modifier and the dialect.
    #[serde(default, deserialize_with = "read::map_of_structs", skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParameterSpec>,
    /// Correlated Gaussian constraints over several parameters.
    #[serde(default, deserialize_with = "read::mappings", skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<CorrelatedConstraint>,
    /// Named measurements; each may replace the POI and the parameter settings above.
    #[serde(default, deserialize_with = "read::mappings", skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<Measurement>,
}

/// One region: a histogram whose expectation is the sum of its samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Name, unique in the workspace.
    pub name: String,
    /// The processes that contribute.
    #[serde(deserialize_with = "read::mappings")]
    pub samples: Vec<Sample>,
}

/// One process in one channel.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{"required": ["data"]}, {"required": ["events"]}]))]
pub struct Sample {
    /// Name, unique in its channel.
    pub name: String,
    /// Nominal yield a bin, in events. May be negative (interference). Left out where `events` are given.
    #[serde(default, deserialize_with = "read::numbers", skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<f64>,
    /// In place of `data`: the process of the analysis' `events` that `zstat train` makes the yields from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<String>,
    /// What varies the yield.
    #[serde(default, deserialize_with = "read::mappings")]
    pub modifiers: Vec<Modifier>,
}

/// A sample as it is read: it must have `data` or `events`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSample {
    name: String,
    #[serde(default)]
    data: Option<read::Numbers>,
    #[serde(default)]
    events: Option<String>,
    #[serde(default, deserialize_with = "read::mappings")]
    modifiers: Vec<Modifier>,
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let RawSample { name, data, events, modifiers } = RawSample::deserialize(deserializer)?;
        let data = match (data, &events) {
            (Some(read::Numbers(data)), _) => data,
            (None, Some(_)) => Vec::new(),
            (None, None) => return Err(D::Error::custom("`data` is missing")),
        };
        Ok(Self { name, data, events, modifiers })
    }
}

/// A named choice of parameters of interest and parameter settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Name, unique in the workspace.
    pub name: String,
    /// Parameter of interest, or a list; replaces the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poi: Option<OneOrMany<String>>,
    /// Settings of single parameters; an entry replaces the workspace's entry of the same name.
    #[serde(default, deserialize_with = "read::map_of_structs", skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParameterSpec>,
}
