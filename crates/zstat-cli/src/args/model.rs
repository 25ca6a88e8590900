//! Options that choose the model, the data and the start point; shared by the commands that need them.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, TypedValueParser};
use zstat_core::spec::Dialect;

/// The spec and what is laid over it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model options")]
pub struct SpecArgs {
    /// Analysis document or bare workspace, YAML or pyhf JSON; `-` reads standard input
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// JSON Patch, or one patch of a pyhf patch set; repeatable, applied in order
    #[arg(long, value_name = "FILE[:NAME]")]
    pub patch: Vec<String>,
    /// Apply a patch set although its digest says that it was made for another workspace
    #[arg(long)]
    pub ignore_digests: bool,
}

/// Which model: the spec and all that changes its meaning.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model options")]
pub struct ModelArgs {
    #[command(flatten)]
    pub spec: SpecArgs,
    /// Measurement to use; the first by default
    #[arg(long, value_name = "NAME")]
    pub measurement: Option<String>,
    /// Parameter of interest in place of the spec's; repeatable
    #[arg(long, value_name = "NAME")]
    pub poi: Vec<String>,
    /// Whose defaults hold where the spec is silent
    #[arg(long, value_name = "DIALECT", value_parser = Hinted(&["pyhf", "root"]))]
    pub dialect: Option<String>,
    /// Interpolation codes, e.g. `normsys=code4,histosys=code4p`
    #[arg(long, value_name = "KIND=CODE,..")]
    pub interpolation: Option<String>,
    /// Lower limit of every bin's expectation, as pyhf's `clip_bin_data`
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = super::number)]
    pub clip_bins: Option<f64>,
    /// Lower limit of every sample's expectation in every bin, as pyhf's `clip_sample_data`
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = super::number)]
    pub clip_samples: Option<f64>,
}

/// Which data.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Data options")]
pub struct DataArgs {
    /// `observed`; `asimov`, the expectation at the start values; or a file with observations by channel
    #[arg(long, value_name = "observed|asimov|FILE", default_value = "observed")]
    pub data: String,
    /// Leave a channel's bins out of the likelihood; a name or a glob, repeatable
    #[arg(long, value_name = "CHANNEL")]
    pub blind: Vec<String>,
}

/// Start values, and what is kept fixed. Later ones win: `--init-from`, then `--set`, then `--fix`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Parameter options")]
pub struct ParameterArgs {
    /// Start value; the name may be a glob, and without index it means all bins; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Keep fixed, at its start value or at VALUE; the name may be a glob; repeatable
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub fix: Vec<String>,
    /// Let go what the spec or `--fix` keeps fixed; the name may be a glob; repeatable
    #[arg(long, value_name = "NAME")]
    pub free: Vec<String>,
    /// Start values from the JSON result of an earlier fit
    #[arg(long, value_name = "RESULT.json")]
    pub init_from: Option<PathBuf>,
}

impl ModelArgs {
    /// The dialect asked for, if it is one.
    pub fn parse_dialect(text: &str) -> Option<Dialect> {
        match text {
            "pyhf" => Some(Dialect::Pyhf),
            "root" => Some(Dialect::Root),
            _ => None,
        }
    }
}

/// A string for which help and completions list the known values, but which is checked with all other options later,
/// so that all faults are told at once.
#[derive(Debug, Clone, Copy)]
pub struct Hinted(pub &'static [&'static str]);

impl TypedValueParser for Hinted {
    type Value = String;

    fn parse_ref(
        &self,
        cmd: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        clap::builder::StringValueParser::new().parse_ref(cmd, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(|name| PossibleValue::new(*name))))
    }
}
