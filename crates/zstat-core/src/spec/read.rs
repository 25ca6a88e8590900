//! How the numbers and maps of a spec are read: stricter than serde's own, and in one pass.
//!
//! serde's `f64` takes a quoted `"1"` from YAML and any `.nan`; its maps keep the last of two equal keys. Both are
//! refused here. An untagged enum would copy every template into a buffer first; `Variation` does not.

use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A finite number: not a quoted one, not NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finite(pub f64);

impl<'de> Deserialize<'de> for Finite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FiniteVisitor).map(Self)
    }
}

struct FiniteVisitor;

impl Visitor<'_> for FiniteVisitor {
    type Value = f64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }
    fn visit_i64<E>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }
    fn visit_u64<E>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        if value.is_finite() { Ok(value) } else { Err(E::custom("not a finite number")) }
    }
}

/// For a list of numbers.
pub fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    deserializer.deserialize_seq(NumbersVisitor)
}

/// For an optional number.
pub(super) fn optional_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(Option::<Finite>::deserialize(deserializer)?.map(|Finite(value)| value))
}

/// For an optional field that may be absent, and not null.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// For an optional matrix.
pub(super) fn optional_matrix<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Vec<f64>>>, D::Error> {
    let rows = Option::<Vec<Numbers>>::deserialize(deserializer)?;
    Ok(rows.map(|rows| rows.into_iter().map(|Numbers(row)| row).collect()))
}

/// A list of finite numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Numbers(pub Vec<f64>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        numbers(deserializer).map(Self)
    }
}

struct NumbersVisitor;

impl<'de> Visitor<'de> for NumbersVisitor {
    type Value = Vec<f64>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Vec<f64>, A::Error> {
        collect(seq)
    }
}

fn collect<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<f64>, A::Error> {
    let mut values = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1 << 16));
    while let Some(Finite(value)) = seq.next_element()? {
        values.push(value);
    }
    // Templates stay for the whole run, and growth by doubling wastes up to half of them.
    values.shrink_to_fit();
    Ok(values)
}

/// A number or a list: `lo` and `hi` are factors of a normsys and templates of a histosys.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Variation {
    Factor(f64),
    Template(Vec<f64>),
}

impl<'de> Deserialize<'de> for Variation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VariationVisitor)
    }
}

struct VariationVisitor;

impl<'de> Visitor<'de> for VariationVisitor {
    type Value = Variation;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a list of numbers")
    }
    fn visit_i64<E>(self, value: i64) -> Result<Variation, E> {
        Ok(Variation::Factor(value as f64))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Variation, E> {
        Ok(Variation::Factor(value as f64))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Variation, E> {
        FiniteVisitor.visit_f64(value).map(Variation::Factor)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Variation, A::Error> {
        collect(seq).map(Variation::Template)
    }
}

/// A struct from a mapping only: serde's own structs can be read from a list of their fields in JSON, in an order that
/// no document knows.
pub(super) struct Mapping<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Mapping<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MappingVisitor(PhantomData)).map(Self)
    }
}

struct MappingVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MappingVisitor<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// For a struct, see [`Mapping`].
pub(super) fn mapping<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Mapping::deserialize(deserializer).map(|Mapping(value)| value)
}

/// For a list of structs, see [`Mapping`].
pub(super) fn mappings<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Items<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of mappings")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(Mapping(item)) = seq.next_element()? {
                items.push(item);
            }
            Ok(items)
        }
    }
    deserializer.deserialize_seq(Items(PhantomData))
}

/// [`map`] of structs, see [`Mapping`].
pub(super) fn map_of_structs<'de, D, T>(deserializer: D) -> Result<IndexMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let all: IndexMap<String, Mapping<T>> = map(deserializer)?;
    Ok(all.into_iter().map(|(key, Mapping(value))| (key, value)).collect())
}

/// A map that refuses a repeated key.
fn map<'de, D, T>(deserializer: D) -> Result<IndexMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_map(UniqueMap(PhantomData))
}

/// [`map`] of lists of numbers.
pub(super) fn map_of_numbers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, Vec<f64>>, D::Error> {
    let all: IndexMap<String, Numbers> = map(deserializer)?;
    Ok(all.into_iter().map(|(key, Numbers(values))| (key, values)).collect())
}

struct UniqueMap<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for UniqueMap<T> {
    type Value = IndexMap<String, T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut all = IndexMap::new();
        while let Some(key) = access.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom(format!("`{key}` is given twice")));
            }
            let value = access.next_value()?;
            all.insert(key, value);
        }
        Ok(all)
    }
}
