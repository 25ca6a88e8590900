//! Settings of parameters: start value, bounds, whether fixed, and the constraint.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::read::{self, Mapping};

/// One value for all bins of a parameter, or one a bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// The same for every bin.
    One(T),
    /// One a bin.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// The values as a slice: of length one for `One`.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// Lower and upper bound of a parameter.
pub type Bounds = [f64; 2];

/// Settings of one named parameter; what is absent follows the modifier and the dialect.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterSpec {
    /// Start value, one or one a bin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<OneOrMany<f64>>,
    /// `[lower, upper]`, one pair or one a bin. In YAML, `-.inf` and `.inf` leave a side open.
    #[schemars(extend("x-infinite" = true))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<OneOrMany<Bounds>>,
    /// Keep the parameter at its start value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<OneOrMany<bool>>,
    /// Auxiliary observation: the measured value of the parameter that the constraint holds it to.
    /// For a Poisson constraint it is the auxiliary count, in units of `tau`·γ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aux: Option<OneOrMany<f64>>,
    /// Kind and width of the constraint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<ConstraintSpec>,
    /// Formula of other parameters, as `mu * kappa^2`, whose value takes the place of the parameter; then nothing else is
    /// set. It knows `+ - * / ^`, brackets, `exp`, `log` (natural) and `sqrt`; unusual names stand in backticks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
}

/// The constraint term of a parameter: `none`, or `{KIND: {WIDTH: …}}`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum ConstraintSpec {
    /// No constraint: the parameter is free.
    None,
    /// Gaussian: Normal(aux | θ, σ).
    Normal {
        /// Width σ, in units of the parameter.
        sigma: OneOrMany<f64>,
    },
    /// Poisson: Pois(aux | τ θ).
    Poisson {
        /// Auxiliary events at θ = 1.
        tau: OneOrMany<f64>,
    },
    /// Log-normal: Normal(ln aux | ln θ, ln κ).
    Lognormal {
        /// Relative width κ > 1: θ is known within a factor κ.
        kappa: OneOrMany<f64>,
    },
}

/// A Gaussian constraint over several parameters at once. Exactly one of `covariance` and `correlation` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrelatedConstraint {
    /// The parameters, in the order of the matrix' rows.
    pub parameters: Vec<String>,
    /// Covariance matrix, row by row: symmetric, positive definite.
    #[serde(default, deserialize_with = "read::optional_matrix", skip_serializing_if = "Option::is_none")]
    pub covariance: Option<Vec<Vec<f64>>>,
    /// Correlation matrix, row by row; the widths stay those of the single constraints.
    #[serde(default, deserialize_with = "read::optional_matrix", skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Vec<Vec<f64>>>,
}

impl CorrelatedConstraint {
    /// Whether it holds the parameter `name`, or a component `name[i]` of it.
    pub fn names(&self, name: &str) -> bool {
        let is_component = |member: &str| member.strip_prefix(name).is_some_and(|rest| rest.starts_with('['));
        self.parameters.iter().any(|member| member == name || is_component(member))
    }
}

/// Written out, because serde's own form also takes `{none: null}` and lists of fields.
impl<'de> Deserialize<'de> for ConstraintSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConstraintVisitor)
    }
}

struct ConstraintVisitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sigma {
    sigma: OneOrMany<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tau {
    tau: OneOrMany<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kappa {
    kappa: OneOrMany<f64>,
}

impl<'de> Visitor<'de> for ConstraintVisitor {
    type Value = ConstraintSpec;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`none`, or a mapping with `normal`, `poisson` or `lognormal`")
    }
    fn visit_str<E: Error>(self, word: &str) -> Result<ConstraintSpec, E> {
        match word {
            "none" => Ok(ConstraintSpec::None),
            _ => Err(E::unknown_variant(word, &["none"])),
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ConstraintSpec, A::Error> {
        let kinds = &["normal", "poisson", "lognormal"];
        let Some(kind) = map.next_key::<String>()? else {
            return Err(A::Error::custom("an empty mapping is no constraint"));
        };
        let constraint = match kind.as_str() {
            "normal" => {
                let Mapping(Sigma { sigma }) = map.next_value()?;
                ConstraintSpec::Normal { sigma }
            }
            "poisson" => {
                let Mapping(Tau { tau }) = map.next_value()?;
                ConstraintSpec::Poisson { tau }
            }
            "lognormal" => {
                let Mapping(Kappa { kappa }) = map.next_value()?;
                ConstraintSpec::Lognormal { kappa }
            }
            other => return Err(A::Error::unknown_variant(other, kinds)),
        };
        match map.next_key::<String>()? {
            None => Ok(constraint),
            Some(_) => Err(A::Error::custom("a parameter has one constraint")),
        }
    }
}
