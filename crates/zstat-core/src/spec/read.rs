//! How the numbers and maps of a spec are read: stricter than serde's own, and in one pass.
//!
//! serde's `f64` takes a quoted `"1"` from YAML and any `.nan`; its maps keep the last of two equal keys. Both are
//! refused here. An untagged enum would copy every template into a buffer first; [`Variation`] does not.

use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
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

/// A map that refuses a repeated key.
pub(super) fn map<'de, D, T>(deserializer: D) -> Result<IndexMap<String, T>, D::Error>
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
