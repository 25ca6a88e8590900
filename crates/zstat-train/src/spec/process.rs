//! Where the events of a process come from, and how many the analysis expects.

use std::path::Path;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zstat_core::diag::{Code, Fault};
use zstat_core::source::pointer::escape;
use zstat_core::spec::OneOrMany;
use zstat_core::table::EventReader;

use super::parts::one;
use super::train::ReaderSection;
use super::{Part, Plugins, WordOr};
use crate::events::{Density, Generator, Joint};
use crate::table::{ReaderFault, reader};

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
    /// How its files are read: the reader for their ending, if nothing is said; or one by name, with options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ReaderSection")]
    pub reader: Option<WordOr<Part>>,
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
    /// The reader of a file of the process.
    ///
    /// # Errors
    /// Where there is none, or it refuses its options.
    pub fn reader_of(&self, path: &Path) -> Result<Box<dyn EventReader>, ReaderFault> {
        match &self.reader {
            None => reader(path, None, Value::Null),
            Some(WordOr::Word(name)) => reader(path, Some(name), Value::Null),
            Some(WordOr::With(part)) => {
                reader(path, part.name.as_deref(), Value::Object(part.options.clone()))
            }
        }
    }

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

/// What is wrong with processes, each by itself.
pub(super) fn check(processes: &IndexMap<String, ProcessSpec>, linked: &Plugins, faults: &mut Vec<Fault>) {
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
        for (at, _) in files.iter().enumerate().filter(|(_, file)| file.is_empty()) {
            let at = if files.len() == 1 { "/files".to_owned() } else { format!("/files/{at}") };
            fault(&at, "a file has an empty name: name a file of events".to_owned());
        }
        if process.weight.is_some() && process.files.is_none() {
            fault("/weight", "weights are of events in files; generated ones all count alike".to_owned());
        }
        if process.files.is_some() && files.is_empty() {
            fault("/files", "`files` is empty: name one file of events at least".to_owned());
        }
        if process.reader.is_some() && process.files.is_none() {
            fault("/reader", "a reader is of files, and its events are generated".to_owned());
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
        if let Some(reader) = &process.reader {
            let (kind, options) = match reader {
                WordOr::Word(name) => (name.as_str(), Map::new()),
                WordOr::With(part) => (part.name.as_deref().unwrap_or_default(), part.options.clone()),
            };
            let _ = one(&linked.readers, kind, options, &format!("{at}/reader"), faults);
        }
    }
}
