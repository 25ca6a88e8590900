//! Tests of the `zstat` binary as its users meet it: arguments, files, output bytes, exit codes, documentation.
//!
//! Golden files are under `tests/golden`; `ZSTAT_BLESS=1 cargo test -p zstat-cli --test cli` rewrites them, and the
//! outputs in README.md and docs/, to what the build says.

#![allow(clippy::unwrap_used, reason = "tests")]

mod apply;
mod bias;
mod broken;
mod completions;
mod convert;
mod data;
mod docs;
mod edges;
mod evaluate;
mod fit;
mod formulas;
mod help;
mod inference;
mod inspect;
mod intervals;
mod jobs;
mod limit_patches;
mod limit_toys;
mod limits;
mod long_scans;
mod markdown;
mod model_checks;
mod options;
mod outputs;
mod patch_tests;
mod plugins;
mod published;
mod remarks;
mod schema;
mod streams;
mod support;
mod toys;
mod train;
mod train_doubts;
mod train_folder;
mod train_input;
mod train_settings;
mod validate;
