//! Inference against independent numbers: pyhf's and cabinetry's, combine's, closed forms, exact sums, slow searches.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test fails by panicking, and says what it skips

mod anchors;
mod bias;
mod common;
mod compatibility;
mod impacts;
mod lower_limits;
mod lower_minima;
mod planes;
mod references;
mod scans;
mod toy_limits;
mod toys;
mod two_minima;
mod unified;
mod yields;
