//! Outputs are kept apart: from the folders that journals are in, and from each other.

use std::io::Error;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, OptionFault};
use crate::output;

/// The folder among `folders` that an output would be, or be in.
pub fn folder_of<'f>(place: &Path, folders: &'f [PathBuf]) -> Option<&'f PathBuf> {
    let place = output::real_place(place)?;
    folders.iter().find(|folder| output::real_place(folder).is_some_and(|folder| place.starts_with(folder)))
}

/// Whether a file can be written without harm to what is kept in `folders`, some of which may not be there yet.
///
/// # Errors
/// Where the file would be one of them, or in one, or where one of them is to be.
pub fn check_output(path: &Path, folders: &[PathBuf]) -> Result<(), Failure> {
    if let Some(folder) = folder_of(path, folders) {
        let folder = folder.display();
        let why = format!(
            "the journal of this very command is in `{folder}`, and would be lost; choose another place"
        );
        return Err(Failure::write(path, Error::other(why)));
    }
    let place = output::real_place(path);
    let below = |folder: &&PathBuf| {
        output::real_place(folder)
            .zip(place.as_ref())
            .is_some_and(|(folder, place)| folder.starts_with(place))
    };
    match folders.iter().find(below) {
        Some(folder) => {
            let why = format!("it is a folder, that of `{}`, expected a file", folder.display());
            Err(Failure::write(path, Error::other(why)))
        }
        None => Ok(()),
    }
}

/// A fault where two outputs are one file; `option` names the first.
pub fn same_output(option: &'static str, path: &Path, other: Option<&PathBuf>) -> Option<OptionFault> {
    let place = output::real_place(path)?;
    let same = output::real_place(other?)? == place;
    let fault = || OptionFault::new(option, path.display().to_string(), "is the file of --output, too");
    same.then(|| fault().help("one of the two would be lost; give each a file of its own"))
}
