//! The formats that zstat writes, one line each: [`Format`] for `zstat convert`.

use std::fmt;
use std::str::FromStr;

use zstat_core::spec::Analysis;
use zstat_core::text::nearest;

use crate::finite::first_not_finite;
use crate::{Loss, native, pyhf};

/// A format that an analysis can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// zstat's own analysis document, YAML.
    Native,
    /// The same as JSON.
    NativeJson,
    /// A pyhf workspace, JSON.
    Pyhf,
}

/// A text and what it could not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file's content.
    pub text: String,
    /// What the format cannot express, in the order of the workspace.
    pub losses: Vec<Loss>,
}

/// Why an analysis cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// JSON has no such number.
    #[error("{place} is {value}, which JSON cannot hold; {}", advice(place))]
    NotFinite {
        /// Where it stands in the workspace.
        place: String,
        /// The number.
        value: f64,
    },
    /// The JSON writer failed.
    #[error("the analysis cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The YAML writer failed.
    #[error("the analysis cannot be written as YAML")]
    Yaml(#[from] serde_yaml::Error),
}

/// A name that is no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no format `{name}`; known are {}{}", known(), near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownFormat {
    /// The name.
    pub name: String,
    /// The most similar name of a format.
    pub near: Option<&'static str>,
}

fn advice(place: &str) -> &'static str {
    if place.contains("/bounds") {
        "give a finite bound, or write the native format"
    } else {
        "find out why it is not finite"
    }
}

fn known() -> String {
    Format::ALL.map(Format::name).join(", ")
}

/// What is known of a format.
struct Entry {
    name: &'static str,
    summary: &'static str,
    /// Ends of file names; the longest that fits decides.
    extensions: &'static [&'static str],
    write: fn(&Analysis) -> Result<Written, WriteError>,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Native, Self::NativeJson, Self::Pyhf];

    fn entry(self) -> Entry {
        match self {
            Self::Native => Entry {
                name: "native",
                summary: "zstat's own analysis document, YAML",
                extensions: &[".yaml", ".yml"],
                write: write_native,
            },
            Self::NativeJson => Entry {
                name: "native-json",
                summary: "zstat's own analysis document, JSON",
                extensions: &[".zstat.json"],
                write: write_native_json,
            },
            Self::Pyhf => Entry {
                name: "pyhf",
                summary: "pyhf workspace, JSON",
                extensions: &[".json"],
                write: write_pyhf,
            },
        }
    }

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// One line that says what it is.
    pub fn summary(self) -> &'static str {
        self.entry().summary
    }

    /// Ends of file names that stand for it.
    pub fn extensions(self) -> &'static [&'static str] {
        self.entry().extensions
    }

    /// The format that a file of this name is written in: `.yaml` is native, `.zstat.json` native JSON, any other
    /// `.json` pyhf. None for other names.
    pub fn of_file(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let fitting = |format: &Self| {
            format.extensions().iter().filter(|end| name.ends_with(**end)).map(|e| e.len()).max()
        };
        Self::ALL.into_iter().filter(|format| fitting(format).is_some()).max_by_key(fitting)
    }

    /// Writes `analysis`; what it says beyond the format's means is listed, never approximated.
    ///
    /// # Errors
    /// Numbers that are not finite, where the format is JSON.
    pub fn write(self, analysis: &Analysis) -> Result<Written, WriteError> {
        (self.entry().write)(analysis)
    }
}

fn write_native(analysis: &Analysis) -> Result<Written, WriteError> {
    let (analysis, losses) = native::without_idle(analysis);
    Ok(Written { text: native::to_yaml(&analysis)?, losses })
}

fn write_native_json(analysis: &Analysis) -> Result<Written, WriteError> {
    check_finite(analysis)?;
    let (analysis, losses) = native::without_idle(analysis);
    Ok(Written { text: native::to_json(&analysis)?, losses })
}

fn write_pyhf(analysis: &Analysis) -> Result<Written, WriteError> {
    check_finite(analysis)?;
    let (workspace, losses) = pyhf::from_analysis(analysis);
    Ok(Written { text: native::to_json(&workspace)?, losses })
}

fn check_finite(analysis: &Analysis) -> Result<(), WriteError> {
    match first_not_finite(&analysis.workspace) {
        Some((place, value)) => Err(WriteError::NotFinite { place, value }),
        None => Ok(()),
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| UnknownFormat {
            name: name.to_owned(),
            near: nearest(name, Self::ALL.map(Self::name))
                .and_then(|near| Self::ALL.into_iter().map(Self::name).find(|known| *known == near)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_name_and_by_file() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        let error = "phyf".parse::<Format>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no format `phyf`; known are native, native-json, pyhf; did you mean `pyhf`?"
        );
        assert_eq!(Format::of_file("a/b.YAML"), Some(Format::Native));
        assert_eq!(Format::of_file("b.json"), Some(Format::Pyhf));
        assert_eq!(Format::of_file("b.zstat.json"), Some(Format::NativeJson));
        assert_eq!(Format::of_file("b.root"), None);
    }

    #[test]
    fn numbers_that_json_lacks_are_refused() {
        use zstat_core::spec::{Channel, Sample, Workspace};
        let sample = Sample { name: "s".into(), data: vec![1.0, f64::NAN], events: None, modifiers: vec![] };
        let channel = Channel { name: "SR".into(), samples: vec![sample] };
        let workspace = Workspace { channels: vec![channel], ..Default::default() };
        let analysis = Analysis { workspace, ..Default::default() };
        let error = Format::Pyhf.write(&analysis).unwrap_err().to_string();
        assert_eq!(
            error,
            "/channels/0/samples/0/data/1 is NaN, which JSON cannot hold; find out why it is not finite"
        );
        assert!(Format::Native.write(&analysis).unwrap().text.contains("[1, .nan]"));
    }
}
