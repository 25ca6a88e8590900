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

    /// Fails unless standard output contains all of `parts`.
    #[track_caller]
    pub fn prints(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stdout.contains(part), "standard output lacks `{part}`:\n{}", self.stdout);
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

/// Are two texts the same, numbers with many digits up to rounding?
///
/// Sums of floating-point numbers depend on the vector instructions of the processor, in the last digits. Numbers with
/// more than six digits may differ by 1e-7 of their size (or of 1); all other characters must be equal.
pub fn same(accepted: &str, now: &str) -> bool {
    let (accepted, now) = (tokens(accepted), tokens(now));
    accepted.len() == now.len() && accepted.iter().zip(&now).all(|(a, b)| same_token(a, b))
}

fn same_token(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    a == b
        || match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(x), Ok(y)) => digits(a).max(digits(b)) > 6 && (x - y).abs() <= 1e-7 * x.abs().max(1.0),
            _ => false,
        }
}

/// Runs of characters that a decimal number can have, and the runs between them.
fn tokens(text: &str) -> Vec<&str> {
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| numeric(c) != numeric(first)).unwrap_or(rest.len());
        tokens.push(&rest[..end]);
        rest = &rest[end..];
    }
    tokens
}

#[test]
fn rounding_is_forgiven_and_nothing_else() {
    assert!(same("a 1.0000000000000002,x", "a 1.0,x") && same("-29.999999999999968", "-30"));
    assert!(!same("1.0000001", "1.000001") && !same("0.58", "0.59") && !same("3", "4") && !same("a", "b"));
    assert!(!same("1.23456789 ok", "1.23456789 no") && !same("12 1.2345678", "1 21.2345678"));
}

/// Compares with `tests/golden/NAME`, or rewrites it.
#[track_caller]
pub fn golden(name: &str, actual: &str) {
    let path = root().join("tests/golden").join(name);
    if bless() && !fs::read_to_string(&path).is_ok_and(|kept| same(&kept, actual)) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(same(&expected, actual), "{name} differs\n--- accepted\n{expected}\n--- now\n{actual}");
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
