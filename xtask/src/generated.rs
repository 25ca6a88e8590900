//! Files that are generated and kept in the repository: schemas, and the page of fault codes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use zstat_core::diag::{Code, Severity};

use crate::{program, run, say};

/// Writes `schemas/` with `zstat schema`, or compares.
pub fn schemas(root: &Path, check: bool) -> anyhow::Result<()> {
    let fresh = root.join("target/xtask/schemas");
    let _ = fs::remove_dir_all(&fresh);
    run(program(root)?.args(["schema", "--output"]).arg(&fresh))?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&fresh)? {
        let path = entry?.path();
        let name = path.file_name().context("a file without a name")?.to_string_lossy().into_owned();
        files.insert(format!("schemas/{name}"), fs::read_to_string(&path)?);
    }
    let kept = root.join("schemas");
    fs::create_dir_all(&kept)?;
    for entry in fs::read_dir(&kept)? {
        let path = entry?.path();
        let name = format!("schemas/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if !files.contains_key(&name) {
            if check {
                bail!("{name} is of no schema of this build; run `cargo xtask schemas`");
            }
            fs::remove_file(&path)?;
        }
    }
    write_all(root, &files, check, "cargo xtask schemas")
}

/// Writes the generated pages of the guide, or compares.
pub fn docs(root: &Path, check: bool) -> anyhow::Result<()> {
    let files = BTreeMap::from([("docs/src/errors.md".to_owned(), errors_page())]);
    write_all(root, &files, check, "cargo xtask docs")
}

fn write_all(
    root: &Path,
    files: &BTreeMap<String, String>,
    check: bool,
    command: &str,
) -> anyhow::Result<()> {
    for (name, text) in files {
        let path = root.join(name);
        let kept = fs::read_to_string(&path).unwrap_or_default();
        if &kept == text {
            continue;
        }
        if check {
            bail!("{name} is not what this build makes; run `{command}`");
        }
        fs::write(&path, text).with_context(|| format!("cannot write {name}"))?;
        say(&format!("wrote {name}"));
    }
    Ok(())
}

/// `docs/src/errors.md`.
fn errors_page() -> String {
    let mut page = String::from(
        "# Fault codes\n\n\
         Every fault that zstat finds in a document has a code. Codes that begin with `E` are errors: nothing is computed.\n\
         Codes that begin with `W` are warnings: probably not what was meant. [Diagnostics](diagnostics.md) shows how\n\
         they look. This page is generated from the source by `cargo xtask docs`.\n",
    );
    for (title, severity) in [("Errors", Severity::Error), ("Warnings", Severity::Warning)] {
        let codes: Vec<&Code> = Code::ALL.iter().filter(|code| code.severity() == severity).collect();
        if codes.is_empty() {
            continue;
        }
        page.push_str(&format!("\n## {title}\n"));
        for code in codes {
            page.push_str(&format!("\n### {}: {}\n\n{}\n", code.id(), code.title(), code.explanation()));
        }
    }
    page
}
