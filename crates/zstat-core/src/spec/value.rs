//! Sections that others read: any value with finite numbers and with keys that are there once.
//!
//! serde_json's own value makes nothing of `.nan`, and keeps the last of two equal keys.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

/// For an optional section.
pub(super) fn optional_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Ok(Option::<Strict>::deserialize(deserializer)?.map(|Strict(value)| value))
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((key, Strict(value))) = map.next_entry::<String, Strict>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom(format!("`{key}` is there twice")));
            }
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error as ValueError, F64Deserializer};
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_kept_and_what_json_cannot_say_is_refused() {
        let value = json!({"a": [1, -2, 2.5, u64::MAX, "x", true, null], "b": {"c": {}}});
        let Strict(found) = serde_json::from_str(&value.to_string()).expect("a value");
        assert_eq!(found, value);
        for number in [f64::NAN, f64::INFINITY] {
            let error =
                Strict::deserialize(F64Deserializer::<ValueError>::new(number)).err().expect("refused");
            assert_eq!(error.to_string(), "not a finite number");
        }
        let error = serde_json::from_str::<Strict>(r#"{"a": {"b": 1, "b": 2}}"#).err().expect("refused");
        assert!(error.to_string().contains("`b` is there twice"), "{error}");
    }
}
