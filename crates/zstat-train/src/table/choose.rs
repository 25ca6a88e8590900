//! Which reader a file needs: by its name's ending, or as it is told.

use std::path::Path;

use serde_json::Value;
use zstat_core::plugin::{PluginError, Registry};
use zstat_core::table::{EventReader, Table, TableFaults};
use zstat_core::text::nearest;

/// Why a file has no reader, or its reader no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReaderFault {
    /// A reader that is not there, or options it refuses.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// An ending that no reader has.
    #[error(
        "{file}: no reader for files that end in `{ending}`{}; known endings are {}. Name the reader, if it is one of these",
        nearest.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default(),
        known.join(", ")
    )]
    Ending {
        /// The file.
        file: String,
        /// How its name ends.
        ending: String,
        /// The most similar known ending.
        nearest: Option<String>,
        /// All known endings.
        known: Vec<&'static str>,
    },
    /// An ending that two readers have.
    #[error("{file}: the readers {} all read files that end in `{ending}`; name the one", readers.join(" and "))]
    Ambiguous {
        /// The file.
        file: String,
        /// How its name ends.
        ending: String,
        /// Names of the readers.
        readers: Vec<&'static str>,
    },
    /// What is wrong with the file.
    #[error(transparent)]
    Table(#[from] TableFaults),
}

/// The reader called `name`, or the one for the ending of `path`; with its options, an object or null.
///
/// # Errors
/// Where there is none, or it refuses the options.
pub fn reader(path: &Path, name: Option<&str>, options: Value) -> Result<Box<dyn EventReader>, ReaderFault> {
    let registry: Registry<dyn EventReader> = Registry::load("reader")?;
    let name = match name {
        Some(name) => name,
        None => by_ending(&registry, path)?,
    };
    Ok(registry.build(name, options)?)
}

/// The columns called `wanted` of a file, by the reader for its ending.
///
/// # Errors
/// Where there is no reader for it, columns are missing, or something is wrong with their values.
pub fn read(path: &Path, wanted: &[String]) -> Result<Table, ReaderFault> {
    Ok(reader(path, None, Value::Null)?.read(path, wanted)?)
}

fn by_ending(registry: &Registry<dyn EventReader>, path: &Path) -> Result<&'static str, ReaderFault> {
    let file = path.display().to_string();
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut readers = Vec::new();
    let mut known = Vec::new();
    for plugin in registry.iter() {
        let endings = (plugin.build)(Value::Object(Default::default()))?.endings();
        if endings.contains(&&*ending) {
            readers.push(plugin.name);
        }
        known.extend(endings);
    }
    match readers.as_slice() {
        [name] => Ok(name),
        [] => {
            let nearest = nearest(&ending, known.iter().copied()).map(str::to_owned);
            Err(ReaderFault::Ending { file, ending, nearest, known })
        }
        _ => Err(ReaderFault::Ambiguous { file, ending, readers }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_found_by_ending_or_name() {
        let reader = |path: &str, name| reader(Path::new(path), name, Value::Null);
        assert_eq!(reader("a.CSV", None).unwrap().endings(), ["csv", "tsv"]);
        assert_eq!(reader("a.npz", None).unwrap().endings(), ["npy", "npz"]);
        assert_eq!(reader("a.csv", Some("parquet")).unwrap().endings(), ["parquet", "pq"]);
        let fault = |path, name| reader(path, name).err().unwrap().to_string();
        assert_eq!(
            fault("dir/a.parqet", None),
            "dir/a.parqet: no reader for files that end in `parqet` (did you mean `parquet`?); \
             known endings are csv, tsv, npy, npz, parquet, pq. Name the reader, if it is one of these"
        );
        assert!(fault("events", None).starts_with("events: no reader for files that end in ``"));
        assert!(fault("a.csv", Some("cvs")).starts_with("no reader called `cvs` (did you mean `csv`?)"));
    }

    #[test]
    fn options_are_checked() {
        let options = serde_json::json!({"delimeter": "comma"});
        let fault = reader(Path::new("a.csv"), None, options).err().unwrap().to_string();
        assert!(
            fault.starts_with("options of reader `csv`: unknown field `delimeter`, expected `delimiter`")
        );
        assert!(reader(Path::new("a.npy"), None, serde_json::json!({"columns": ["x"]})).is_ok());
    }

    #[test]
    fn files_that_are_not_there() {
        for name in ["no.csv", "no.npy", "no.parquet"] {
            let fault = read(Path::new(name), &["x".to_owned()]).unwrap_err().to_string();
            assert!(fault.starts_with(&format!("{name}: the file cannot be read: ")), "{fault}");
        }
    }
}
