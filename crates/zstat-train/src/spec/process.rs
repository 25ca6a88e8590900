//! Where the events of a process come from, and how many the analysis expects.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::spec::OneOrMany;

use crate::events::{Density, Joint};

/// A process: how many events are expected, and where they come from: `generate` (and `correlated`, and `mixture`) or `files`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessSpec {
    /// Events that the analysis expects, before `select`.
    #[serde(default, rename = "yield", skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    /// In place of `yield`: the cross section, in the inverse of the luminosity's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_section: Option<f64>,
    /// The luminosity that belongs to `cross_section`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub luminosity: Option<f64>,
    /// Is this what the analysis looks for? By default, if a factor on its samples is the parameter of interest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<bool>,
    /// Independent features to generate, by column.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub generate: IndexMap<String, Density>,
    /// Groups of correlated features to generate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correlated: Vec<Joint>,
    /// In place of `generate` and `correlated`: several such, by their weights. All have the same columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mixture: Vec<PartSpec>,
    /// Files of events, relative to the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<OneOrMany<String>>,
    /// Weight of an event of a file, an expression over its columns; 1 if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Events that are kept: a condition over the columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<String>,
}

/// A part of a mixture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartSpec {
    /// Its weight; those of a mixture need not add up to 1.
    pub weight: f64,
    /// Independent features to generate, by column.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub generate: IndexMap<String, Density>,
    /// Groups of correlated features to generate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correlated: Vec<Joint>,
}

impl ProcessSpec {
    /// Events expected.
    ///
    /// # Errors
    /// Where nothing says how many, or two keys do: in words.
    pub fn events(&self) -> Result<f64, &'static str> {
        let found = match (self.expected, self.cross_section, self.luminosity) {
            (Some(expected), None, None) => expected,
            (None, Some(cross_section), Some(luminosity)) => cross_section * luminosity,
            (Some(_), ..) => return Err("give `yield`, or `cross_section` and `luminosity`, not both"),
            (None, Some(_), None) => return Err("`luminosity` is missing beside `cross_section`"),
            (None, None, Some(_)) => return Err("`cross_section` is missing beside `luminosity`"),
            (None, None, None) => return Err("says not how many events are expected: give `yield`"),
        };
        if found > 0.0 && found.is_finite() {
            Ok(found)
        } else {
            Err("expects no events: `yield` must be positive")
        }
    }
}
