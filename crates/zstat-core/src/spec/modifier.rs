//! Modifiers as written in a spec: a name, a kind, and the numbers of that kind.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::read::{self, Numbers, Variation};
use super::{ConstraintSpec, HistoSysCode, NormSysCode, Vary};

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
    /// In place of `lo` and `hi` of a normsys or histosys whose sample has `events`: what one standard deviation changes in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vary: Option<Box<Vary>>,
}

/// The seven kinds of HistFactory modifiers. Closed: a workspace means the same in every build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ModifierKind {
    /// Free scale factor: the sample times θ.
    #[schemars(extend("x-without" = ["vary"]))]
    NormFactor,
    /// Luminosity: the sample times λ, constrained by the measurement's luminosity.
    #[schemars(extend("x-without" = ["vary"]))]
    Lumi,
    /// Normalisation uncertainty: the sample times f(α), 1 at nominal, `lo` at α = −1, `hi` at α = +1.
    #[schemars(extend("anyOf" = [{"required": ["lo", "hi"]}, {"required": ["vary"]}]))]
    NormSys {
        /// Factor at α = −1.
        #[schemars(default)]
        lo: f64,
        /// Factor at α = +1.
        #[schemars(default)]
        hi: f64,
        /// Interpolation code of this modifier only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interpolation: Option<NormSysCode>,
    },
    /// Shape uncertainty: adds an interpolation between the varied templates.
    #[schemars(extend("anyOf" = [{"required": ["lo", "hi"]}, {"required": ["vary"]}]))]
    HistoSys {
        /// Template at α = −1, events a bin.
        #[schemars(default)]
        lo: Vec<f64>,
        /// Template at α = +1, events a bin.
        #[schemars(default)]
        hi: Vec<f64>,
        /// Interpolation code of this modifier only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interpolation: Option<HistoSysCode>,
    },
    /// Uncorrelated uncertainty a bin with a Poisson auxiliary measurement: bin b times γ_b.
    #[schemars(extend("x-without" = ["vary"]))]
    ShapeSys {
        /// Absolute uncertainty a bin, in events.
        errors: Vec<f64>,
    },
    /// Statistical uncertainty of the simulation, shared by the channel's samples that carry it: bin b times γ_b.
    #[schemars(extend("x-without" = ["vary"]))]
    StatError {
        /// Absolute uncertainty of this sample a bin, in events. Left out where the sample has `events`: made from these, √Σw².
        #[schemars(default)]
        errors: Vec<f64>,
    },
    /// Free scale factor a bin.
    #[schemars(extend("x-without" = ["vary"]))]
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

    /// Whether its numbers are yet to be made from the sample's events: a staterror without errors.
    pub fn is_waiting(&self) -> bool {
        matches!(self, Self::StatError { errors } if errors.is_empty())
    }

    /// All kinds' names, in the order of pyhf's parameter list.
    pub const NAMES: [&'static str; 7] =
        ["histosys", "lumi", "normfactor", "normsys", "shapefactor", "shapesys", "staterror"];
}

/// The flat form that is read and written: one pass over the fields, without serde's buffering of tagged enums.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModifier {
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default, deserialize_with = "read::present", skip_serializing_if = "Option::is_none")]
    lo: Option<Variation>,
    #[serde(default, deserialize_with = "read::present", skip_serializing_if = "Option::is_none")]
    hi: Option<Variation>,
    #[serde(default, deserialize_with = "read::present", skip_serializing_if = "Option::is_none")]
    errors: Option<Numbers>,
    #[serde(default, deserialize_with = "read::present", skip_serializing_if = "Option::is_none")]
    interpolation: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constraint: Option<ConstraintSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vary: Option<Box<Vary>>,
}

/// The `type` word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    NormFactor,
    Lumi,
    NormSys,
    HistoSys,
    ShapeSys,
    StatError,
    ShapeFactor,
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
            kind: Kind::NormFactor,
            lo: None,
            hi: None,
            errors: None,
            interpolation: None,
            constraint: modifier.constraint,
            vary: modifier.vary,
        };
        let is_made = raw.vary.is_some();
        match modifier.kind {
            ModifierKind::NormFactor => raw.kind = Kind::NormFactor,
            ModifierKind::Lumi => raw.kind = Kind::Lumi,
            ModifierKind::ShapeFactor => raw.kind = Kind::ShapeFactor,
            ModifierKind::NormSys { lo, hi, interpolation } => {
                raw.kind = Kind::NormSys;
                raw.lo = (!is_made).then_some(Variation::Factor(lo));
                raw.hi = (!is_made).then_some(Variation::Factor(hi));
                raw.interpolation = interpolation.map(|code| Some(code.name().to_owned()));
            }
            ModifierKind::HistoSys { lo, hi, interpolation } => {
                raw.kind = Kind::HistoSys;
                raw.lo = (!is_made).then_some(Variation::Template(lo));
                raw.hi = (!is_made).then_some(Variation::Template(hi));
                raw.interpolation = interpolation.map(|code| Some(code.name().to_owned()));
            }
            ModifierKind::ShapeSys { errors } => {
                raw.kind = Kind::ShapeSys;
                raw.errors = Some(Numbers(errors));
            }
            ModifierKind::StatError { errors } => {
                raw.kind = Kind::StatError;
                raw.errors = (!errors.is_empty()).then_some(Numbers(errors));
            }
        }
        raw
    }
}

impl TryFrom<RawModifier> for Modifier {
    type Error = String;

    fn try_from(raw: RawModifier) -> Result<Self, String> {
        let RawModifier { name, kind, lo, hi, errors, interpolation, constraint, vary } = raw;
        // Only what the kind takes may be there; the words matter little, the slow reading explains faults better.
        let takes = |field: &str, given: bool, taken: bool| match (given, taken) {
            (true, false) => Err(format!("a modifier of this type takes no `{field}`")),
            _ => Ok(()),
        };
        let interpolates = matches!(kind, Kind::NormSys | Kind::HistoSys);
        let is_made = vary.is_some();
        if is_made && !interpolates {
            return Err("`vary` is of `histosys` and `normsys`: no other type is made from events".to_owned());
        }
        if is_made && (lo.is_some() || hi.is_some()) {
            return Err("`lo` and `hi` are made by `vary`: give one of both".to_owned());
        }
        takes("lo", lo.is_some(), interpolates)?;
        takes("hi", hi.is_some(), interpolates)?;
        takes("interpolation", interpolation.is_some(), interpolates)?;
        takes("errors", errors.is_some(), matches!(kind, Kind::ShapeSys | Kind::StatError))?;
        let code = interpolation.flatten();
        let kind = match kind {
            Kind::NormFactor => ModifierKind::NormFactor,
            Kind::Lumi => ModifierKind::Lumi,
            Kind::ShapeFactor => ModifierKind::ShapeFactor,
            Kind::NormSys => ModifierKind::NormSys {
                lo: if is_made { 1.0 } else { factor(lo, "lo")? },
                hi: if is_made { 1.0 } else { factor(hi, "hi")? },
                interpolation: code.as_deref().map(str::parse).transpose()?,
            },
            Kind::HistoSys => ModifierKind::HistoSys {
                lo: if is_made { Vec::new() } else { template(lo, "lo")? },
                hi: if is_made { Vec::new() } else { template(hi, "hi")? },
                interpolation: code.as_deref().map(str::parse).transpose()?,
            },
            Kind::ShapeSys => ModifierKind::ShapeSys {
                errors: errors.map(|Numbers(errors)| errors).ok_or("`errors` is missing")?,
            },
            Kind::StatError => {
                ModifierKind::StatError { errors: errors.map(|Numbers(errors)| errors).unwrap_or_default() }
            }
        };
        Ok(Self { name, kind, constraint, vary })
    }
}

fn factor(value: Option<Variation>, field: &str) -> Result<f64, String> {
    match value {
        Some(Variation::Factor(value)) => Ok(value),
        Some(Variation::Template(_)) => Err(format!("a normsys takes one number as `{field}`")),
        None => Err(format!("`{field}` is missing")),
    }
}

fn template(value: Option<Variation>, field: &str) -> Result<Vec<f64>, String> {
    match value {
        Some(Variation::Template(values)) => Ok(values),
        Some(Variation::Factor(_)) => Err(format!("a histosys takes a list as `{field}`")),
        None => Err(format!("`{field}` is missing")),
    }
}
