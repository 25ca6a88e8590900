//! The layout of a pyhf workspace file, version 1.0.0 of its schema, as Rust types.
//!
//! In: JSON or YAML through serde. Out: the same numbers, nothing interpreted. Source: pyhf 0.7.6,
//! `schemas/1.0.0/defs.json`. Deliberate differences: `data: null` and `modifiers: []` may be left out, `poi` too (it is
//! then empty); everything that pyhf's schema forbids is forbidden.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use zstat_core::spec::read::{Finite, numbers};

use super::mapping::mapping_only;
use super::modifier::Modifier;

/// The version of the layout that is read and written.
pub const VERSION: &str = "1.0.0";

/// A whole workspace: channels, data and measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schemars(rename = "PyhfWorkspace")]
pub struct Workspace {
    /// Regions, each a histogram with its samples.
    #[schemars(length(min = 1))]
    pub channels: Vec<Channel>,
    /// Observed events, one entry a channel.
    #[schemars(length(min = 1))]
    pub observations: Vec<Observation>,
    /// Choices of a parameter of interest and of parameter settings; the first is the default.
    #[schemars(length(min = 1))]
    pub measurements: Vec<Measurement>,
    /// Version of the layout: `1.0.0`.
    #[serde(deserialize_with = "known_version")]
    #[schemars(extend("const" = VERSION))]
    pub version: String,
}

/// A model without data: what pyhf's `Model` takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schemars(rename = "PyhfModel")]
pub struct Model {
    /// Regions, each a histogram with its samples.
    #[schemars(length(min = 1))]
    pub channels: Vec<Channel>,
    /// Settings of single parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
}

/// One region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schemars(rename = "PyhfChannel")]
pub struct Channel {
    /// Name, unique in the workspace.
    pub name: String,
    /// Processes that contribute.
    #[schemars(length(min = 1))]
    pub samples: Vec<Sample>,
}

/// One process in one region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schemars(rename = "PyhfSample")]
pub struct Sample {
    /// Name, unique in the channel.
    pub name: String,
    /// Nominal events a bin.
    #[serde(deserialize_with = "numbers")]
    #[schemars(length(min = 1))]
    pub data: Vec<f64>,
    /// What varies the yield.
    #[serde(default)]
    pub modifiers: Vec<Modifier>,
}

/// Observed events of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schemars(rename = "PyhfObservation")]
pub struct Observation {
    /// Name of the channel.
    pub name: String,
    /// Events a bin.
    #[serde(deserialize_with = "numbers")]
    #[schemars(length(min = 1))]
    pub data: Vec<f64>,
}

/// A named choice of the parameter of interest and of parameter settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schemars(rename = "PyhfMeasurement")]
pub struct Measurement {
    /// Name, unique in the workspace.
    pub name: String,
    /// The choice.
    pub config: Config,
}

/// The content of a measurement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schemars(rename = "PyhfConfig")]
pub struct Config {
    /// Parameter of interest; empty for none.
    #[serde(default)]
    pub poi: String,
    /// Settings of single parameters.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// Settings of one parameter; lists have one entry a component, so one for a scalar.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schemars(rename = "PyhfParameter")]
pub struct Parameter {
    /// Name, that of its modifiers.
    pub name: String,
    /// Start values.
    #[serde(default, deserialize_with = "some_numbers", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<f64>", length(min = 1))]
    pub inits: Option<Vec<f64>>,
    /// `[lower, upper]` a component.
    #[serde(default, deserialize_with = "some_pairs", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<[f64; 2]>", length(min = 1))]
    pub bounds: Option<Vec<[f64; 2]>>,
    /// Auxiliary observations.
    #[serde(default, deserialize_with = "some_numbers", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<f64>", length(min = 1))]
    pub auxdata: Option<Vec<f64>>,
    /// Auxiliary events at a parameter value of 1 (Poisson constraints).
    #[serde(default, deserialize_with = "some_numbers", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<f64>", length(min = 1))]
    pub factors: Option<Vec<f64>>,
    /// Widths (Gaussian constraints).
    #[serde(default, deserialize_with = "some_numbers", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<f64>", length(min = 1))]
    pub sigmas: Option<Vec<f64>>,
    /// Whether all components are kept at their start values.
    #[serde(default, deserialize_with = "some_flag", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub fixed: Option<bool>,
}

mapping_only!(Workspace, Model, Channel, Sample, Observation, Measurement, Config, Parameter);

/// Reads the version of a layout; only [`VERSION`] is known.
pub(crate) fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let version = String::deserialize(deserializer)?;
    if version == VERSION {
        Ok(version)
    } else {
        Err(D::Error::custom(format!("version `{version}` of the layout is not known; expected `{VERSION}`")))
    }
}

// pyhf's schema knows no null; quoted numbers and NaN, which YAML lets through, are refused as everywhere in zstat.

fn some_numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<f64>>, D::Error> {
    numbers(deserializer).map(Some)
}

fn some_pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<[f64; 2]>>, D::Error> {
    let pairs = Vec::<[Finite; 2]>::deserialize(deserializer)?;
    Ok(Some(pairs.into_iter().map(|pair| pair.map(|Finite(value)| value)).collect()))
}

fn some_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(deserializer).map(Some)
}
