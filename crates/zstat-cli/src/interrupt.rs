//! Ctrl-C: exit code 130, and never half a file.

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::EXIT_INTERRUPTED;

/// Held while a temporary file exists: the handler waits for the rename, so that no temporary file is left behind.
static WRITING: Mutex<()> = Mutex::new(());

/// Ends the process with code 130 at the first Ctrl-C.
pub fn install() {
    // Where no handler can be set, the system's default (death by signal) is as good an end.
    let _ = ctrlc::set_handler(|| {
        let _whole = whole_file();
        // To nobody, if the terminal is gone.
        let _ = writeln!(std::io::stderr(), "\ninterrupted: no result is written");
        std::process::exit(i32::from(EXIT_INTERRUPTED));
    });
}

/// A guard that keeps an interrupt from ending the process between creating a file and renaming it.
pub fn whole_file() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}
