//! The command line's grammar. What a name means is decided later, with the model at hand (`session`).

mod common;
mod model;
mod study;
mod truth;

use clap::{ColorChoice, Parser};

use crate::commands::Command;

pub use common::{Format, GlobalArgs, correlation, count, number, seed};
pub use model::{DataArgs, Hinted, ModelArgs, ParameterArgs, SpecArgs};
pub use study::{SignalArgs, StudyArgs, TestArgs};
pub use truth::{NuisanceArgs, TruthArgs, outside};

/// Fit, test and inspect HistFactory models.
#[derive(Debug, Parser)]
#[command(
    name = "zstat",
    version,
    about,
    propagate_version = true,
    max_term_width = 100,
    color = ColorChoice::Auto,
    after_help = "Exit codes: 0 done and converged, 1 result written but something did not converge, \
                  2 bad input or usage, 130 interrupted."
)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}
