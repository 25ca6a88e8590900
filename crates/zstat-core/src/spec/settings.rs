//! The dialect and what it stands for: interpolation codes, the constraint of statistical terms, bounds.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::read;

/// Whose defaults hold where the spec is silent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// pyhf 0.7: normsys code 4, histosys code 4p, Gaussian staterror without threshold.
    #[default]
    Pyhf,
    /// ROOT HistFactory ≥ 6.22: code 4 for both, Poisson staterror with relative threshold 0.05, γ ≤ 1 + 5σ.
    Root,
}

/// Interpolation of multiplicative variations (normsys). `histfactory.md` E3, CERN-OPEN-2012-016.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NormSysCode {
    /// Piecewise exponential; kinked at 0.
    Code1,
    /// Sixth-order polynomial inside |α| < 1, exponential outside.
    Code4,
}

/// Interpolation of additive variations (histosys).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoSysCode {
    /// Piecewise linear; kinked at 0.
    Code0,
    /// Quadratic inside |α| < 1, linear and continuous outside (ROOT's form).
    Code2,
    /// As `code2`, with the jump at |α| = 1 that pyhf has; for comparisons only.
    Code2Pyhf,
    /// Sixth-order polynomial inside |α| < 1, linear outside. ROOT's name, `code4`, is accepted as well.
    #[serde(alias = "code4")]
    #[schemars(transform = with_alias)]
    Code4p,
}

/// schemars does not know serde's aliases.
fn with_alias(schema: &mut schemars::Schema) {
    schema.remove("const");
    schema.insert("enum".to_owned(), serde_json::json!(["code4p", "code4"]));
}

impl NormSysCode {
    /// All codes' names.
    pub const NAMES: [&'static str; 2] = ["code1", "code4"];

    /// The word in a spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code1 => "code1",
            Self::Code4 => "code4",
        }
    }
}

impl HistoSysCode {
    /// All codes' names.
    pub const NAMES: [&'static str; 4] = ["code0", "code2", "code2_pyhf", "code4p"];

    /// The word in a spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code0 => "code0",
            Self::Code2 => "code2",
            Self::Code2Pyhf => "code2_pyhf",
            Self::Code4p => "code4p",
        }
    }
}

impl FromStr for NormSysCode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "code1" => Ok(Self::Code1),
            "code4" => Ok(Self::Code4),
            _ => Err(unknown_code("normsys", text, &Self::NAMES)),
        }
    }
}

impl FromStr for HistoSysCode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "code0" => Ok(Self::Code0),
            "code2" => Ok(Self::Code2),
            "code2_pyhf" => Ok(Self::Code2Pyhf),
            "code4p" | "code4" => Ok(Self::Code4p),
            _ => Err(unknown_code("histosys", text, &Self::NAMES)),
        }
    }
}

fn unknown_code(kind: &str, found: &str, known: &[&str]) -> String {
    format!("unknown {kind} interpolation `{found}`; known are {}", known.join(", "))
}

/// Interpolation codes of a whole analysis; what is absent follows the dialect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interpolation {
    /// Code of every normsys without its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normsys: Option<NormSysCode>,
    /// Code of every histosys without its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histosys: Option<HistoSysCode>,
}

/// Constraint of the statistical γ of every staterror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatErrorConstraint {
    /// Normal(1 | γ, σ).
    Gaussian,
    /// Pois(τ | γ τ) with τ = 1/σ².
    Poisson,
}

/// Treatment of staterror modifiers; what is absent follows the dialect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatErrorSpec {
    /// Gaussian or Poisson.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<StatErrorConstraint>,
    /// Bins whose relative error is below this keep γ = 1. A fraction, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    #[serde(default, deserialize_with = "read::optional_number", skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// Everything that turns a workspace into one definite model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BuildOptions {
    /// Name of the measurement; the first if absent.
    pub measurement: Option<String>,
    /// Parameters of interest in place of the measurement's.
    pub poi: Option<Vec<String>>,
    /// Whose defaults hold.
    pub dialect: Dialect,
    /// Interpolation codes in place of the dialect's.
    pub interpolation: Interpolation,
    /// Treatment of staterror in place of the dialect's.
    pub staterror: StatErrorSpec,
    /// Parameters of interest and settings of parameters that the workspace does not have are tolerated: published
    /// background-only files name a signal strength that comes with a patch.
    pub allow_absent: bool,
    /// Lower limit of every bin's total expectation (pyhf's `clip_bin_data`).
    pub clip_bins: Option<f64>,
    /// Lower limit of every sample's expectation in every bin (pyhf's `clip_sample_data`).
    pub clip_samples: Option<f64>,
}

impl BuildOptions {
    /// Code of a normsys that has none of its own.
    pub fn normsys_code(&self) -> NormSysCode {
        self.interpolation.normsys.unwrap_or(NormSysCode::Code4)
    }

    /// Code of a histosys that has none of its own.
    pub fn histosys_code(&self) -> HistoSysCode {
        self.interpolation.histosys.unwrap_or(HistoSysCode::Code4p)
    }

    /// Constraint of staterror.
    pub fn staterror_constraint(&self) -> StatErrorConstraint {
        self.staterror.constraint.unwrap_or(match self.dialect {
            Dialect::Pyhf => StatErrorConstraint::Gaussian,
            Dialect::Root => StatErrorConstraint::Poisson,
        })
    }

    /// Relative error below which a statistical γ is kept at 1.
    pub fn staterror_threshold(&self) -> f64 {
        self.staterror.threshold.unwrap_or(match self.dialect {
            Dialect::Pyhf => 0.0,
            Dialect::Root => 0.05,
        })
    }
}
