//! What a compiler does not check: sizes of files and functions, headers, stray paths, the top level.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::{output, say};

/// Lines of a file, its tests not counted.
const FILE_LIMIT: usize = 700;
/// Lines of a function outside tests.
const FUNCTION_LIMIT: usize = 80;

/// (file, function or empty for the whole file, reason). An exception that is not needed any more is a fault.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// What may stand at the top.
const TOP_LEVEL: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "crates",
    ".clippy.toml",
    "deny.toml",
    "docs",
    "examples",
    "fuzz",
    "rustfmt.toml",
    "schemas",
    "specs",
    "tests",
    "xtask",
];

/// Paths of somebody's machine; written so that this file does not contain them.
const MACHINE_PATHS: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// Checks all tracked files.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let files = output(Command::new("git").args(["ls-files", "-z"]).current_dir(root))?;
    let mut faults = Vec::new();
    let mut needed = Vec::new();
    let mut count = 0;
    for name in files.split('\0').filter(|name| !name.is_empty()) {
        count += 1;
        let top = name.split('/').next().unwrap_or(name);
        if !TOP_LEVEL.contains(&top) {
            faults.push(format!("{name}: `{top}` has no place at the top of the repository"));
        }
        let Ok(text) = fs::read_to_string(root.join(name)) else { continue };
        for path in MACHINE_PATHS.iter().filter(|path| text.contains(**path)) {
            faults.push(format!("{name}: contains the path `{path}` of some machine"));
        }
        if name.ends_with(".rs") {
            rust(name, &text, &mut faults, &mut needed);
        }
    }
    for (file, item, _) in EXCEPTIONS.iter().filter(|(file, item, _)| !needed.contains(&(*file, *item))) {
        faults.push(format!("{file}: the exception for `{item}` is not needed any more"));
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    say(&format!("{count} files are tidy"));
    Ok(())
}

fn rust(name: &str, text: &str, faults: &mut Vec<String>, needed: &mut Vec<(&'static str, &'static str)>) {
    let start = text.lines().find(|line| !line.is_empty() && !line.starts_with("#!")).unwrap_or_default();
    if !start.starts_with("//!") {
        faults.push(format!("{name}: begins without a `//!` header"));
    }
    let sizes = Sizes::of(text);
    let lines = text.lines().count() - sizes.test_lines;
    let in_tests = name.contains("/tests/") || name.contains("/benches/") || name.starts_with("tests/");
    let mut too_long: Vec<(String, usize, usize)> = Vec::new();
    if lines > FILE_LIMIT {
        too_long.push((String::new(), lines, FILE_LIMIT));
    }
    if !in_tests {
        let functions = sizes.functions.into_iter().filter(|(_, lines)| *lines > FUNCTION_LIMIT);
        too_long.extend(functions.map(|(function, lines)| (function, lines, FUNCTION_LIMIT)));
    }
    for (item, lines, limit) in too_long {
        match EXCEPTIONS.iter().find(|(file, excepted, _)| *file == name && *excepted == item) {
            Some((file, excepted, _)) => needed.push((file, excepted)),
            None => faults.push(format!("{name}: {item} has {lines} lines, the limit is {limit}")),
        }
    }
}

/// Lines of functions outside tests, and lines of test modules.
///
/// Read off the indentation: rustfmt (checked before) closes a block with a `}` as far in as the line that opens it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sizes {
    functions: Vec<(String, usize)>,
    test_lines: usize,
}

impl Sizes {
    fn of(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let mut sizes = Self::default();
        let mut at = 0;
        while at < lines.len() {
            if lines[at].trim() == "#[cfg(test)]"
                && lines.get(at + 1).is_some_and(|next| next.contains("mod "))
            {
                let end = block_end(&lines, at + 1);
                sizes.test_lines += end - at + 1;
                at = end;
            } else if let Some(name) = function_name(lines[at]) {
                sizes.functions.push((name.to_owned(), block_end(&lines, at) - at + 1));
            }
            at += 1;
        }
        sizes
    }
}

/// Name of the function whose head begins on this line.
fn function_name(line: &str) -> Option<&str> {
    let words = line.trim_start();
    let (before, after) = words.split_once("fn ")?;
    let qualifier =
        |word: &str| matches!(word, "pub" | "const" | "async" | "unsafe") || word.starts_with("pub(");
    let heads = before.split_whitespace().all(|word| qualifier(word) || matches!(word, "crate)" | "super)"));
    heads.then(|| after.split(['(', '<']).next().unwrap_or(after))
}

/// The line that ends the block opened at line `start`: the first that closes at its indentation, or the line itself
/// where the block or declaration ends on it.
fn block_end(lines: &[&str], start: usize) -> usize {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let depth = indent(lines[start]);
    if lines[start].ends_with(';') || lines[start].ends_with('}') {
        return start;
    }
    let closes = |line: &str| indent(line) == depth && (line.trim() == "}" || line.trim_end().ends_with(';'));
    let after = lines[start + 1..].iter().position(|line| closes(line));
    after.map_or(lines.len() - 1, |offset| start + 1 + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_off_the_indentation() {
        let text = "\
fn one() -> u8 { 1 }
impl T {
    pub(crate) fn two(
        a: u8,
    ) -> u8 {
        if a > 0 {
            a
        }
    }
    fn declared(&self) -> u8;
}
#[cfg(test)]
mod tests {
    fn not_counted() {}
}
";
        let functions = [("one", 1), ("two", 7), ("declared", 1)];
        let functions = functions.map(|(name, lines)| (name.to_owned(), lines)).to_vec();
        assert_eq!(Sizes::of(text), Sizes { functions, test_lines: 4 });
    }

    #[test]
    fn only_heads_are_functions() {
        assert_eq!(function_name("    pub fn a(x: fn(u8) -> u8) {"), Some("a"));
        assert_eq!(function_name("    run: fn(&Path) -> u8,"), None);
        assert_eq!(function_name("// the fn of it"), None);
    }
}
