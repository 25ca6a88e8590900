//! Licences, sources and bans of all dependencies, by the rules of `deny.toml`.
//!
//! The same rules as `cargo deny check licenses bans sources`, without compiling cargo-deny first: what it would read of
//! `deny.toml` is what is read here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;
use spdx::{Expression, ParseMode};
use toml_edit::DocumentMut;

use crate::{cargo, output, say};

/// Checks all packages of the lock file.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let rules: DocumentMut = fs::read_to_string(root.join("deny.toml"))?.parse()?;
    let allowed = strings(&rules, "licenses", "allow");
    let sources = strings(&rules, "sources", "allow-registry");
    let banned: BTreeSet<String> = tables(&rules, "bans", "deny").into_iter().collect();
    if allowed.is_empty() || sources.is_empty() {
        bail!("deny.toml allows no licence or no source");
    }
    let text = output(cargo(root).args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("no packages in the metadata")?;
    let mut faults = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if banned.contains(name) {
            faults.push(format!("{name}: banned by deny.toml"));
        }
        if let Some(source) = package["source"].as_str() {
            let source = source.trim_start_matches("registry+");
            if !sources.iter().any(|allowed| allowed == source) {
                faults.push(format!("{name}: from {source}, which deny.toml does not allow"));
            }
        }
        if let Err(reason) = licence(package["license"].as_str(), &allowed) {
            faults.push(format!("{name}: {reason}"));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    say(&format!("{} packages: licences, sources and bans in order", packages.len()));
    Ok(())
}

fn licence(expression: Option<&str>, allowed: &[String]) -> Result<(), String> {
    let text = expression.ok_or("no licence named")?;
    let parsed = Expression::parse_mode(text, ParseMode::LAX).map_err(|error| error.to_string())?;
    let fine = parsed.evaluate(|requirement| {
        let name = requirement.to_string();
        allowed.contains(&name)
    });
    if fine { Ok(()) } else { Err(format!("licence `{text}` is not allowed by deny.toml")) }
}

fn strings(rules: &DocumentMut, section: &str, key: &str) -> Vec<String> {
    let list = rules.get(section).and_then(|section| section.get(key)).and_then(|list| list.as_array());
    list.into_iter().flatten().filter_map(|item| item.as_str()).map(str::to_owned).collect()
}

/// The `name`s (or `crate`s) of a list of inline tables.
fn tables(rules: &DocumentMut, section: &str, key: &str) -> Vec<String> {
    let list = rules.get(section).and_then(|section| section.get(key)).and_then(|list| list.as_array());
    let names = list.into_iter().flatten().filter_map(|item| item.as_inline_table());
    names.filter_map(|table| table.get("crate")?.as_str()).map(str::to_owned).collect()
}
