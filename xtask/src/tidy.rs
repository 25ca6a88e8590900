//! What a compiler does not check: sizes of files and functions, headers, stray paths, the top level.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::bail;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

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
    "deny.toml",
    "docs",
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
    let parsed = match syn::parse_file(text) {
        Ok(parsed) => parsed,
        Err(error) => return faults.push(format!("{name}: {error}")),
    };
    let mut sizes = Sizes::default();
    sizes.visit_file(&parsed);
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
#[derive(Default)]
struct Sizes {
    functions: Vec<(String, usize)>,
    test_lines: usize,
}

impl Sizes {
    fn function(&mut self, name: &syn::Ident, block: &syn::Block) {
        self.functions.push((name.to_string(), lines(block)));
    }
}

fn lines(node: &impl syn::spanned::Spanned) -> usize {
    let span = node.span();
    span.end().line - span.start().line + 1
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string().contains("test"),
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::NameValue(_) => false,
    })
}

impl<'ast> Visit<'ast> for Sizes {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            self.test_lines += item.span().end().line - item.span().start().line + 1;
        } else {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.function(&item.sig.ident, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig.ident, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}
