//! Files shared by the tests, where they are present.

#![allow(dead_code, reason = "every test file uses its part")]
#![allow(clippy::unwrap_used, clippy::print_stderr)] // a test fails by panicking, and says what it skips

use std::path::{Path, PathBuf};

/// The directory of published workspaces beside the repository, or a notice on stderr.
pub fn shared_workspaces() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/workspaces");
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("SKIPPED: no published workspaces at {}", dir.display());
    None
}

/// All files below `dir` whose names end in `.json`, sorted.
pub fn json_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
