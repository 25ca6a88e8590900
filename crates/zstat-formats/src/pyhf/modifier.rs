//! A modifier in pyhf's layout: name, type, and `data`, which is nothing, a list, or a pair of numbers or of lists.
//!
//! In and out: zstat's own [`spec::Modifier`]; the vectors are moved. One visitor reads `data`, so that a file is read
//! in one pass whatever the order of `type` and `data` in it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use zstat_core::spec::read::{Finite, Numbers};
use zstat_core::spec::{self, ModifierKind};

use super::mapping::{FromMapping, read_mapping};

/// One source of variation, as pyhf writes it. Interpolation and constraint of the inner modifier are not written.
#[derive(Debug, Clone, PartialEq)]
pub struct Modifier(pub spec::Modifier);

impl<'de> Deserialize<'de> for Modifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Flat { name, kind, data } = read_mapping(deserializer)?;
        let kind = kind.with(data).map_err(D::Error::custom)?;
        Ok(Self(spec::Modifier { name, kind, constraint: None, vary: None }))
    }
}

impl Serialize for Modifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_struct("modifier", 3)?;
        map.serialize_field("name", &self.0.name)?;
        map.serialize_field("type", self.0.kind.name())?;
        map.serialize_field("data", &DataRef(&self.0.kind))?;
        map.end()
    }
}

impl JsonSchema for Modifier {
    fn schema_name() -> Cow<'static, str> {
        "PyhfModifier".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        modifier_schema()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flat {
    name: String,
    #[serde(rename = "type")]
    kind: Type,
    #[serde(default)]
    data: Data,
}

impl<'de> FromMapping<'de> for Flat {
    fn from_mapping<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Self::deserialize(MapAccessDeserializer::new(map))
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    HistoSys,
    Lumi,
    NormFactor,
    NormSys,
    ShapeFactor,
    ShapeSys,
    StatError,
}

impl Type {
    fn with(self, data: Data) -> Result<ModifierKind, &'static str> {
        match (self, data) {
            (Self::NormFactor, Data::Null) => Ok(ModifierKind::NormFactor),
            (Self::Lumi, Data::Null) => Ok(ModifierKind::Lumi),
            (Self::ShapeFactor, Data::Null) => Ok(ModifierKind::ShapeFactor),
            (Self::NormSys, Data::Factors { lo, hi }) => {
                Ok(ModifierKind::NormSys { lo, hi, interpolation: None })
            }
            (Self::HistoSys, Data::Templates { lo_data, hi_data }) => {
                Ok(ModifierKind::HistoSys { lo: lo_data, hi: hi_data, interpolation: None })
            }
            (Self::ShapeSys, Data::List(errors)) => Ok(ModifierKind::ShapeSys { errors }),
            (Self::StatError, Data::List(errors)) => Ok(ModifierKind::StatError { errors }),
            (Self::NormFactor | Self::Lumi | Self::ShapeFactor, _) => {
                Err("`data` must be null for this type")
            }
            (Self::NormSys, _) => Err("`data` must be {lo, hi} for a normsys"),
            (Self::HistoSys, _) => Err("`data` must be {lo_data, hi_data} for a histosys"),
            (Self::ShapeSys | Self::StatError, _) => Err("`data` must be a list for this type"),
        }
    }
}

#[derive(Default)]
enum Data {
    #[default]
    Null,
    List(Vec<f64>),
    Factors {
        lo: f64,
        hi: f64,
    },
    Templates {
        lo_data: Vec<f64>,
        hi_data: Vec<f64>,
    },
}

struct DataRef<'a>(&'a ModifierKind);

impl Serialize for DataRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ModifierKind::NormFactor | ModifierKind::Lumi | ModifierKind::ShapeFactor => {
                serializer.serialize_unit()
            }
            ModifierKind::ShapeSys { errors } | ModifierKind::StatError { errors } => {
                errors.serialize(serializer)
            }
            ModifierKind::NormSys { lo, hi, .. } => {
                let mut map = serializer.serialize_struct("data", 2)?;
                map.serialize_field("lo", lo)?;
                map.serialize_field("hi", hi)?;
                map.end()
            }
            ModifierKind::HistoSys { lo, hi, .. } => {
                let mut map = serializer.serialize_struct("data", 2)?;
                map.serialize_field("lo_data", lo)?;
                map.serialize_field("hi_data", hi)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a list of numbers, {lo, hi} or {lo_data, hi_data}")
    }

    fn visit_unit<E>(self) -> Result<Data, E> {
        Ok(Data::Null)
    }

    fn visit_none<E>(self) -> Result<Data, E> {
        Ok(Data::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Data, A::Error> {
        let Numbers(values) = Numbers::deserialize(SeqAccessDeserializer::new(seq))?;
        Ok(Data::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
        let (mut lo, mut hi, mut lo_data, mut hi_data) = (None, None, None, None);
        while let Some(key) = map.next_key()? {
            let repeated = match key {
                Key::Lo => lo.replace(map.next_value()?).is_some(),
                Key::Hi => hi.replace(map.next_value()?).is_some(),
                Key::LoData => lo_data.replace(map.next_value()?).is_some(),
                Key::HiData => hi_data.replace(map.next_value()?).is_some(),
            };
            if repeated {
                return Err(A::Error::custom("a key of `data` stands there twice"));
            }
        }
        match (lo, hi, lo_data, hi_data) {
            (Some(Finite(lo)), Some(Finite(hi)), None, None) => Ok(Data::Factors { lo, hi }),
            (None, None, Some(Numbers(lo_data)), Some(Numbers(hi_data))) => {
                Ok(Data::Templates { lo_data, hi_data })
            }
            (None, _, None, None) => Err(A::Error::missing_field("lo")),
            (_, None, None, None) => Err(A::Error::missing_field("hi")),
            (None, None, None, _) => Err(A::Error::missing_field("lo_data")),
            (None, None, _, None) => Err(A::Error::missing_field("hi_data")),
            _ => {
                Err(A::Error::custom("`data` has either `lo` and `hi` or `lo_data` and `hi_data`, not both"))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Lo,
    Hi,
    LoData,
    HiData,
}

/// Schema of a modifier: `if type is X then …`, so that a fault names the type at hand.
fn modifier_schema() -> Schema {
    let list = json!({"type": "array", "items": {"type": "number"}, "minItems": 1});
    let number = json!({"type": "number"});
    let nothing = json!({"type": "null"});
    let pair = |lo: &str, hi: &str, of: &Value| {
        json!({
            "type": "object",
            "properties": {lo: of, hi: of},
            "required": [lo, hi],
            "additionalProperties": false
        })
    };
    let (factors, templates) = (pair("lo", "hi", &number), pair("lo_data", "hi_data", &list));
    let types = [
        ("histosys", "Shape uncertainty.", &templates),
        ("lumi", "Luminosity.", &nothing),
        ("normfactor", "Free factor.", &nothing),
        ("normsys", "Normalisation uncertainty.", &factors),
        ("shapefactor", "Free factor a bin.", &nothing),
        ("shapesys", "Uncorrelated uncertainty a bin.", &list),
        ("staterror", "Statistical uncertainty of the simulation.", &list),
    ];
    let words: Vec<_> =
        types.iter().map(|(word, text, _)| json!({"const": word, "description": text})).collect();
    let arms: Vec<_> = types.iter().map(|(word, _, data)| arm(word, data)).collect();
    json_schema!({
        "type": "object",
        "description": "One source of variation.",
        "properties": {"type": {"type": "string", "oneOf": words}},
        "required": ["type"],
        "allOf": arms
    })
}

/// What a modifier of one type has.
fn arm(word: &str, data: &Value) -> Value {
    let required: &[&str] =
        if data["type"] == "null" { &["name", "type"] } else { &["name", "type", "data"] };
    json!({
        "if": {"properties": {"type": {"const": word}}, "required": ["type"]},
        "then": {
            "properties": {
                "name": {"type": "string", "description": "Name of the parameter."},
                "type": {"const": word},
                "data": data
            },
            "required": required,
            "additionalProperties": false
        }
    })
}
