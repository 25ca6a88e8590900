//! Options of the commands that test hypotheses.

use clap::{Args, ValueEnum};

use super::{DataArgs, ModelArgs, ParameterArgs};

/// How the Asimov data are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum AsimovData {
    /// The other parameters at their best values for the observed data.
    #[default]
    Profiled,
    /// All parameters at their start values.
    Nominal,
}

/// The model, the data, and how to fit; shared by all tests.
#[derive(Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub parameters: ParameterArgs,
    /// Minimiser; see `zstat plugins`
    #[arg(long, value_name = "NAME", help_heading = "Test options")]
    pub fitter: Option<String>,
    /// Where the Asimov data, which stand for what is expected, are made
    #[arg(long, value_enum, default_value_t, value_name = "WHERE", help_heading = "Test options")]
    pub asimov: AsimovData,
}

/// The same in the engine's words.
pub fn asimov_data(choice: AsimovData) -> zstat_inference::Asimov {
    match choice {
        AsimovData::Profiled => zstat_inference::Asimov::Profiled,
        AsimovData::Nominal => zstat_inference::Asimov::Nominal,
    }
}
