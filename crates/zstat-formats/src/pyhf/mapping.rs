//! Structs that are read from mappings only.
//!
//! serde's derived reader also takes a list of the fields' values in order, so that `["mu"]` would pass for a parameter.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};

/// Something that is read from a mapping.
pub(super) trait FromMapping<'de>: Sized {
    /// Reads the entries.
    fn from_mapping<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

/// Reads a mapping, and nothing else.
pub(super) fn read_mapping<'de, T: FromMapping<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_map(Mapping(PhantomData))
}

struct Mapping<T>(PhantomData<T>);

impl<'de, T: FromMapping<'de>> Visitor<'de> for Mapping<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_mapping(map)
    }
}

/// Implements serde's traits for structs that derive them with `#[serde(remote = "Self")]`.
macro_rules! mapping_only {
    ($($name:ident),*) => {$(
        impl<'de> super::mapping::FromMapping<'de> for $name {
            fn from_mapping<A: serde::de::MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
                $name::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::mapping::read_mapping(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $name::serialize(self, serializer)
            }
        }
    )*};
}
pub(super) use mapping_only;
