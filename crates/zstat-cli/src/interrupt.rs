//! Ctrl-C: exit code 130, and never half a file.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::EXIT_INTERRUPTED;

/// Held while a temporary file exists: the handler waits for the rename, so that no temporary file is left behind.
static WRITING: Mutex<()> = Mutex::new(());

/// Where a long job keeps what is done.
static KEPT: Mutex<Option<String>> = Mutex::new(None);

/// Tells the reader of an interrupt's message that nothing is lost.
pub fn kept_in(folder: &Path) {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder.display().to_string());
}

/// Ends the process with code 130 at the first Ctrl-C.
pub fn install() {
    // Where no handler can be set, the system's default (death by signal) is as good an end.
    let _ = ctrlc::set_handler(|| {
        let _whole = whole_file();
        // To nobody, if the terminal is gone.
        let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).take();
        let kept = kept.map(|folder| {
            format!("; what is done is kept in `{folder}`, and the same command goes on from there")
        });
        let kept = kept.unwrap_or_default();
        let _ = writeln!(std::io::stderr(), "\ninterrupted: no result is written{kept}");
        std::process::exit(i32::from(EXIT_INTERRUPTED));
    });
}

/// A guard that keeps an interrupt from ending the process between creating a file and renaming it.
pub fn whole_file() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}
