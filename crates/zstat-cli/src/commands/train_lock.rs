//! One training at a time in a folder.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, OptionFault};

/// Name of the file that a training at work holds.
const LOCK: &str = ".zstat.lock";

/// A folder that no other training writes into; set free where it is dropped, or where the program ends.
pub struct Lock {
    path: PathBuf,
    /// Holds the lock.
    file: Option<File>,
}

impl Lock {
    /// Takes it.
    ///
    /// # Errors
    /// Where another training has it. Where there are no locks, as on some network file systems, there is none.
    pub fn take(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(LOCK);
        let file = match File::create(&path) {
            Ok(file) => file,
            Err(error) => return Err(Failure::write(&path, error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { path, file: Some(file) }),
            Err(TryLockError::WouldBlock) => {
                let fault = OptionFault::new(
                    "--output",
                    folder.display().to_string(),
                    "another training is at work in this folder",
                );
                Err(Failure::Options(vec![fault.help("wait for it, or choose another folder")]))
            }
            Err(TryLockError::Error(_)) => Ok(Self { path, file: None }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is held: nobody else can have it.
        let _ = fs::remove_file(&self.path);
        drop(self.file.take());
    }
}
