//! Results that the repository publishes, each made again by one command.

use std::path::Path;

use anyhow::bail;

use crate::{cargo, say};

/// One published result.
struct Entry {
    name: &'static str,
    what: &'static str,
    run: fn(&Path) -> anyhow::Result<()>,
}

/// All published results. An entry stands here when it works, not before.
const ENTRIES: &[Entry] = &[Entry {
    name: "outputs",
    what: "the outputs shown in README.md and docs/, and tests/golden: rewritten by the current build",
    run: outputs,
}];

/// Runs the entry called `name`, or lists all.
pub fn run_entry(root: &Path, name: &str) -> anyhow::Result<()> {
    match ENTRIES.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.run)(root),
        None => {
            let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
            bail!("no result is called `{name}`; known: {}", known.join(", "))
        }
    }
}

/// The command.
pub fn run(root: &Path, name: Option<&str>) -> anyhow::Result<()> {
    match name {
        Some(name) => run_entry(root, name),
        None => {
            ENTRIES.iter().for_each(|entry| say(&format!("{}: {}", entry.name, entry.what)));
            Ok(())
        }
    }
}

fn outputs(root: &Path) -> anyhow::Result<()> {
    crate::run(cargo(root).env("ZSTAT_BLESS", "1").args(["test", "--package", "zstat-cli", "--test", "cli"]))
}
