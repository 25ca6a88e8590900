//! The analysis document: a workspace and what to do with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::optional_value;
use super::{Dialect, Interpolation, OneOrMany, StatErrorSpec, Workspace, read};

/// One analysis: the model, the conventions it is read by, and the settings of the commands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub zstat: u32,
    /// A title, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose defaults hold where the spec is silent.
    #[serde(default)]
    pub dialect: Dialect,
    /// Interpolation codes in place of the dialect's.
    #[serde(default, deserialize_with = "read::mapping", skip_serializing_if = "is_default")]
    pub interpolation: Interpolation,
    /// Treatment of staterror modifiers in place of the dialect's.
    #[serde(default, deserialize_with = "read::mapping", skip_serializing_if = "is_default")]
    pub staterror: StatErrorSpec,
    /// The statistical model and its data.
    #[serde(deserialize_with = "read::mapping")]
    pub workspace: Workspace,
    /// Settings of `zstat fit`.
    #[serde(default, deserialize_with = "read::mapping", skip_serializing_if = "is_default")]
    pub fit: FitSpec,
    /// Where events come from, by process: for `zstat train`, which knows what may stand here.
    #[serde(default, deserialize_with = "optional_value", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-finite" = true))]
    pub events: Option<serde_json::Value>,
    /// Settings of `zstat train`.
    #[serde(default, deserialize_with = "optional_value", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-finite" = true))]
    pub train: Option<serde_json::Value>,
    /// What `zstat train` makes of its result.
    #[serde(default, deserialize_with = "optional_value", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-finite" = true))]
    pub evaluate: Option<serde_json::Value>,
}

/// A section that says nothing is not written.
fn is_default<T: Default + PartialEq>(section: &T) -> bool {
    *section == T::default()
}

/// Settings of `zstat fit`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FitSpec {
    /// The minimiser: a name, or `{type: NAME, ...options}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitter: Option<PluginSpec>,
    /// Parameters whose asymmetric MINOS intervals are computed; names or globs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minos: Option<OneOrMany<String>>,
    /// Number of starts; more than one looks for several minima.
    #[schemars(range(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_start: Option<u32>,
}

/// A plugin by name, with or without options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PluginSpec {
    /// The name alone: default options.
    Name(String),
    /// `{type: NAME, ...options}`.
    Options {
        /// Name of the plugin.
        #[serde(rename = "type")]
        name: String,
        /// Options, checked by the plugin's own schema.
        #[serde(flatten)]
        options: serde_json::Map<String, serde_json::Value>,
    },
}
