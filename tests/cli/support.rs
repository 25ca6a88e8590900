//! What all tests of the binary share: running it in a folder of its own, golden files, JSON without timings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Rewrite golden files instead of comparing?
pub fn bless() -> bool {
    std::env::var_os("ZSTAT_BLESS").is_some()
}

/// The binary, in the repository's root, without the colours and settings of whoever runs the tests.
pub fn zstat() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zstat"));
    command.current_dir(root()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env("COLUMNS", "100");
    command.stdin(Stdio::null());
    command
}

/// What a run left behind.
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs `zstat` with arguments split at spaces, in the repository's root.
pub fn run(arguments: &str) -> Run {
    zstat().args(arguments.split_whitespace()).output().unwrap().into()
}

/// Runs `zstat` in another folder.
pub fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    zstat().current_dir(folder).args(arguments).output().unwrap().into()
}

impl Run {
    /// Fails unless the exit code is `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless standard error contains all of `parts`.
    #[track_caller]
    pub fn tells(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "standard error lacks `{part}`:\n{}", self.stderr);
        }
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.stdout))
    }
}

/// JSON without what differs from run to run.
pub fn without_timing(mut value: Value) -> Value {
    if let Some(map) = value.as_object_mut() {
        assert!(map.shift_remove("timing").is_some(), "every result has a timing");
    }
    value
}

/// Compares with `tests/golden/NAME`, or rewrites it.
#[track_caller]
pub fn golden(name: &str, actual: &str) {
    let path = root().join("tests/golden").join(name);
    if bless() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(expected == actual, "{name} differs\n--- accepted\n{expected}\n--- now\n{actual}");
}

/// A folder that goes away with the test.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes a file into a folder; its path.
pub fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// The published workspaces beside the repository; none, with a notice, where they are not there.
pub fn shared(test: &str) -> Option<PathBuf> {
    let path = root().join("../shared/workspaces");
    if path.is_dir() {
        return Some(path);
    }
    skip(test);
    None
}

#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
fn skip(test: &str) {
    eprintln!("SKIPPED {test}: no folder ../shared beside the repository");
}

/// A counting experiment that every command can work on: one bin, one uncertainty.
pub const COUNTING: &str = "\
zstat: 1
workspace:
  channels:
    - name: SR
      samples:
        - {name: signal, data: [10.0], modifiers: [{name: mu, type: normfactor}]}
        - {name: background, data: [50.0], modifiers: [{name: norm, type: normsys, lo: 0.9, hi: 1.1}]}
  observations: {SR: [63]}
  poi: mu
";
