//! Results that the repository publishes, each made again by one command.

mod inference;
mod performance;
mod timing;
mod training;

use std::path::PathBuf;

use anyhow::bail;

use crate::{cargo, say};

/// Where results are made.
#[derive(Debug)]
pub struct Setting {
    /// The repository.
    pub root: PathBuf,
    /// Environment with the peers, where they are to be measured, too.
    pub peers: Option<PathBuf>,
}

/// One published result.
struct Entry {
    name: &'static str,
    what: &'static str,
    run: fn(&Setting) -> anyhow::Result<()>,
}

/// All published results. An entry stands here when it works, not before.
const ENTRIES: &[Entry] = &[
    Entry {
        name: "outputs",
        what: "the outputs shown in README.md and docs/, and tests/golden: rewritten by the current build",
        run: outputs,
    },
    Entry {
        name: "performance",
        what: "docs/src/results/performance.md: speed and memory, beside NextStat and pyhf with --peers DIR",
        run: performance::run,
    },
    Entry {
        name: "inferno",
        what: "training.md: INFERNO's mixture, trained for B2, for B4 and by cross-entropy, ten seeds each",
        run: training::inferno,
    },
    Entry { name: "neos", what: "training.md: the blobs of neos, trained on CLs", run: training::neos },
    Entry {
        name: "delta-z",
        what: "training.md: the loss of significance, both cases, beside cross-entropy and the best cuts",
        run: training::delta_z,
    },
    Entry {
        name: "mixture-2d",
        what: "training.md: the two-dimensional mixture, variance against cross-entropy",
        run: training::mixture,
    },
    Entry {
        name: "closed-forms",
        what: "training.md: the one-bin example of relaxed",
        run: training::closed_forms,
    },
    Entry { name: "cross-table", what: "training.md: every loss on every example", run: training::cross },
    Entry {
        name: "training-speed",
        what: "training.md: steps beside their matrix products, and beside PyTorch with --peers DIR",
        run: training::speed,
    },
];

/// The command: one result, or the list of all.
pub fn run(setting: &Setting, name: Option<&str>) -> anyhow::Result<()> {
    let Some(name) = name else {
        ENTRIES.iter().for_each(|entry| say(&format!("{}: {}", entry.name, entry.what)));
        return Ok(());
    };
    match ENTRIES.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.run)(setting),
        None => {
            let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
            bail!("no result is called `{name}`; known: {}", known.join(", "))
        }
    }
}

fn outputs(setting: &Setting) -> anyhow::Result<()> {
    let mut cargo = cargo(&setting.root);
    crate::run(cargo.env("ZSTAT_BLESS", "1").args(["test", "--package", "zstat-cli", "--test", "cli"]))
}
