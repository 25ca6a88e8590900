//! Options of the studies: what is fitted, and how hypotheses are tested.

use clap::{Args, ValueEnum};
use zstat_inference::{Asimov, Setup, TestStatistic};

use super::{DataArgs, ModelArgs, ParameterArgs};
use crate::failure::OptionFault;
use crate::prepared::Prepared;

/// The model, the data, and how to fit; shared by all studies.
#[derive(Debug, Args)]
pub struct StudyArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub parameters: ParameterArgs,
    /// Minimiser; see `zstat plugins`
    #[arg(long, value_name = "NAME", help_heading = "Parameter options")]
    pub fitter: Option<String>,
}

/// How the Asimov data are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum AsimovData {
    /// The other parameters at their best values for the observed data.
    #[default]
    Profiled,
    /// All parameters at their start values.
    Nominal,
}

/// What all tests of hypotheses have.
#[derive(Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    /// Where the Asimov data, which stand for what is expected, are made
    #[arg(long, value_enum, default_value_t, value_name = "WHERE", help_heading = "Test options")]
    asimov: AsimovData,
}

impl TestArgs {
    /// The same in the engine's words.
    pub fn asimov(&self) -> Asimov {
        match self.asimov {
            AsimovData::Profiled => Asimov::Profiled,
            AsimovData::Nominal => Asimov::Nominal,
        }
    }

    /// What is to be tested.
    pub fn setup<'a>(&self, prepared: &'a Prepared, statistic: TestStatistic, signal: f64) -> Setup<'a> {
        let (inputs, poi) = (prepared.inputs(), prepared.subjects()[0]);
        Setup { inputs, poi, statistic, asimov: self.asimov(), signal }
    }
}

/// The signal that a discovery is expected with.
#[derive(Debug, Args)]
pub struct SignalArgs {
    /// Signal in the Asimov data of a discovery [default: 1]
    #[arg(
        long,
        value_name = "X",
        allow_negative_numbers = true,
        value_parser = super::number,
        help_heading = "Test options"
    )]
    signal: Option<f64>,
}

impl SignalArgs {
    /// The signal asked for, else 1.
    pub fn signal(&self) -> f64 {
        self.signal.unwrap_or(1.0)
    }

    /// A fault where it is no number.
    pub fn check(&self, faults: &mut Vec<OptionFault>) {
        if !self.signal().is_finite() {
            faults.push(OptionFault::new("--signal", self.signal().to_string(), "expected a finite number"));
        }
    }

    /// A fault where it is given and of no use.
    pub fn check_use(&self, statistic: TestStatistic, faults: &mut Vec<OptionFault>) {
        if let Some(signal) = self.signal.filter(|_| !statistic.is_discovery()) {
            let message = format!("is for discoveries, and `{statistic}` is none");
            let fault = OptionFault::new("--signal", signal.to_string(), message);
            faults.push(fault.help("`--test-stat q0` and `--test-stat u0` are"));
        }
    }

    /// A remark where the parameter of interest cannot have it.
    pub fn remark(&self, prepared: &mut Prepared) {
        prepared.remark_value("the signal that is expected", self.signal());
    }
}
