//! The contract of a reader of event files.

use std::path::Path;

use super::{Table, TableFaults};
use crate::plugin::Plugin;

/// Reads files of one format. A reader without options reads what a usual file of its format is.
pub trait EventReader: Send + Sync {
    /// How names of such files end, in lower case and without the point. Two readers do not share an ending.
    fn endings(&self) -> &'static [&'static str];

    /// Names of all columns of a file, those too that hold no numbers.
    ///
    /// # Errors
    /// Where the file cannot be opened or its head makes no sense.
    fn columns(&self, path: &Path) -> Result<Vec<String>, TableFaults>;

    /// The columns called `wanted`, in that order, each once however often it is asked for; nothing is asked of the others.
    /// All numbers are finite and those of the file: whole numbers that an f64 cannot hold are faults.
    ///
    /// # Errors
    /// All columns that are not there, or whatever is wrong with the values of each.
    fn read(&self, path: &Path, wanted: &[String]) -> Result<Table, TableFaults>;
}

inventory::collect!(Plugin<dyn EventReader>);
