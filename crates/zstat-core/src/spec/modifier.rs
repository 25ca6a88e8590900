//! Modifiers as written in a spec: a name, a kind, and the numbers of that kind.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ConstraintSpec, HistoSysCode, NormSysCode};

/// One source of variation of a sample. Its `name` is the name of the parameter that drives it.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
pub struct Modifier {
    /// Name of the parameter (of the vector of parameters, for the kinds with one a bin).
    pub name: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: ModifierKind,
    /// Constraint of the parameter, as a shorthand for `parameters.NAME.constraint`; the two must agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<ConstraintSpec>,
}

/// The seven kinds of HistFactory modifiers. Closed: a workspace means the same in every build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ModifierKind {
    /// Free scale factor: the sample times θ.
    NormFactor,
    /// Luminosity: the sample times λ, constrained by the measurement's luminosity.
    Lumi,
    /// Normalisation uncertainty: the sample times f(α), 1 at nominal, `lo` at α = −1, `hi` at α = +1.
    NormSys {
        /// Factor at α = −1.
        lo: f64,
        /// Factor at α = +1.
        hi: f64,
        /// Interpolation code of this modifier only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interpolation: Option<NormSysCode>,
    },
    /// Shape uncertainty: adds an interpolation between the varied templates.
    HistoSys {
        /// Template at α = −1, events a bin.
        lo: Vec<f64>,
        /// Template at α = +1, events a bin.
        hi: Vec<f64>,
        /// Interpolation code of this modifier only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interpolation: Option<HistoSysCode>,
    },
    /// Uncorrelated uncertainty a bin with a Poisson auxiliary measurement: bin b times γ_b.
    ShapeSys {
        /// Absolute uncertainty a bin, in events.
        errors: Vec<f64>,
    },
    /// Statistical uncertainty of the simulation, shared by the channel's samples that carry it: bin b times γ_b.
    StatError {
        /// Absolute uncertainty of this sample a bin, in events.
        errors: Vec<f64>,
    },
    /// Free scale factor a bin.
    ShapeFactor,
}

impl ModifierKind {
    /// The word that names the kind in a spec.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NormFactor => "normfactor",
            Self::Lumi => "lumi",
            Self::NormSys { .. } => "normsys",
            Self::HistoSys { .. } => "histosys",
            Self::ShapeSys { .. } => "shapesys",
            Self::StatError { .. } => "staterror",
            Self::ShapeFactor => "shapefactor",
        }
    }

    /// All kinds' names, in the order of pyhf's parameter list.
    pub const NAMES: [&'static str; 7] =
        ["histosys", "lumi", "normfactor", "normsys", "shapefactor", "shapesys", "staterror"];
}

/// A scalar or a list: `lo` and `hi` are numbers for a normsys and templates for a histosys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Variation {
    Scalar(f64),
    Template(Vec<f64>),
}

/// The flat form that is read and written: one pass over the fields, without serde's buffering of tagged enums.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModifier {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lo: Option<Variation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hi: Option<Variation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interpolation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constraint: Option<ConstraintSpec>,
}

impl Serialize for Modifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawModifier::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Modifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(RawModifier::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl From<Modifier> for RawModifier {
    fn from(modifier: Modifier) -> Self {
        let mut raw = Self {
            name: modifier.name,
            kind: modifier.kind.name().to_owned(),
            lo: None,
            hi: None,
            errors: None,
            interpolation: None,
            constraint: modifier.constraint,
        };
        match modifier.kind {
            ModifierKind::NormSys { lo, hi, interpolation } => {
                raw.lo = Some(Variation::Scalar(lo));
                raw.hi = Some(Variation::Scalar(hi));
                raw.interpolation = interpolation.map(|code| code.name().to_owned());
            }
            ModifierKind::HistoSys { lo, hi, interpolation } => {
                raw.lo = Some(Variation::Template(lo));
                raw.hi = Some(Variation::Template(hi));
                raw.interpolation = interpolation.map(|code| code.name().to_owned());
            }
            ModifierKind::ShapeSys { errors } | ModifierKind::StatError { errors } => {
                raw.errors = Some(errors);
            }
            ModifierKind::NormFactor | ModifierKind::Lumi | ModifierKind::ShapeFactor => {}
        }
        raw
    }
}

impl TryFrom<RawModifier> for Modifier {
    type Error = String;

    fn try_from(raw: RawModifier) -> Result<Self, String> {
        let kind = raw.kind.clone();
        let missing = |field: &str| format!("`{kind}` needs `{field}`");
        let extra = |field: &str| Err(format!("`{kind}` takes no `{field}`"));
        let scalar = |value: Option<Variation>, field| match value {
            Some(Variation::Scalar(value)) => Ok(value),
            Some(Variation::Template(_)) => Err(format!("`{kind}` takes one number as `{field}`")),
            None => Err(missing(field)),
        };
        let template = |value: Option<Variation>, field| match value {
            Some(Variation::Template(values)) => Ok(values),
            Some(Variation::Scalar(_)) => Err(format!("`{kind}` takes a list as `{field}`")),
            None => Err(missing(field)),
        };
        let interpolates = matches!(kind.as_str(), "normsys" | "histosys");
        if !interpolates {
            if raw.lo.is_some() {
                return extra("lo");
            }
            if raw.hi.is_some() {
                return extra("hi");
            }
            if raw.interpolation.is_some() {
                return extra("interpolation");
            }
        }
        if raw.errors.is_some() && !matches!(kind.as_str(), "shapesys" | "staterror") {
            return extra("errors");
        }
        let parsed = match kind.as_str() {
            "normfactor" => ModifierKind::NormFactor,
            "lumi" => ModifierKind::Lumi,
            "shapefactor" => ModifierKind::ShapeFactor,
            "normsys" => ModifierKind::NormSys {
                lo: scalar(raw.lo, "lo")?,
                hi: scalar(raw.hi, "hi")?,
                interpolation: raw.interpolation.as_deref().map(str::parse).transpose()?,
            },
            "histosys" => ModifierKind::HistoSys {
                lo: template(raw.lo, "lo")?,
                hi: template(raw.hi, "hi")?,
                interpolation: raw.interpolation.as_deref().map(str::parse).transpose()?,
            },
            "shapesys" => ModifierKind::ShapeSys { errors: raw.errors.ok_or_else(|| missing("errors"))? },
            "staterror" => ModifierKind::StatError { errors: raw.errors.ok_or_else(|| missing("errors"))? },
            other => return Err(format!("unknown modifier type `{other}`")),
        };
        Ok(Self { name: raw.name, kind: parsed, constraint: raw.constraint })
    }
}
