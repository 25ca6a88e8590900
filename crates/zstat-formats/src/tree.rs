//! A document as a tree of values that a patch can change.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use zstat_core::diag::{Code, Fault};
use zstat_core::source::{Document, Node, NodeValue, Syntax};

/// The tree of a document. JSON is read without positions; YAML by way of the tree that has them.
///
/// # Errors
/// The fault that keeps it from being a tree: of syntax, a repeated key, a number that is not finite.
pub(crate) fn document_tree(document: &Document) -> Result<Value, Fault> {
    if document.syntax() == Syntax::Json
        && let Ok(Unique(tree)) = serde_json::from_str(document.text())
    {
        return Ok(tree);
    }
    node_value(document.tree()?).map_err(|fault| *fault)
}

/// A tree as a value without places.
///
/// # Errors
/// A number that is not finite, or a key given twice.
pub(crate) fn node_value(node: &Node) -> Result<Value, Box<Fault>> {
    let fault = |code, span: &Option<Range<usize>>, message: String| {
        let fault = Fault::new(code, "", message);
        Box::new(Fault { span: span.clone().or(Some(0..0)), ..fault })
    };
    Ok(match &node.value {
        NodeValue::Null => Value::Null,
        NodeValue::Bool(value) => Value::Bool(*value),
        NodeValue::Text(text) => Value::String(text.clone()),
        NodeValue::Number { value: number, integer } => {
            // Beyond 2^53 not every integer is a float, and the float is all that is left of it.
            let exact = *integer && number.abs() < 9_007_199_254_740_992.0;
            #[allow(clippy::cast_possible_truncation, reason = "an integer below 2^53")]
            let number = if exact { Some(Number::from(*number as i64)) } else { Number::from_f64(*number) };
            let message = || "a number that is not finite".to_owned();
            Value::Number(number.ok_or_else(|| fault(Code::NotFinite, &node.span, message()))?)
        }
        NodeValue::List(items) => Value::Array(items.iter().map(node_value).collect::<Result<_, _>>()?),
        NodeValue::Map(entries) => {
            let mut map = Map::with_capacity(entries.len());
            for entry in entries {
                if map.insert(entry.key.clone(), node_value(&entry.node)?).is_some() {
                    let message = format!("`{}` is given twice", entry.key);
                    return Err(fault(Code::DuplicateKey, &entry.key_span, message));
                }
            }
            Value::Object(map)
        }
    })
}

/// A value whose mappings have no repeated keys: `serde_json`'s own reader keeps the last of two.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Tree.deserialize(deserializer).map(Self)
    }
}

#[derive(Clone, Copy)]
struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = vec![];
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(self)?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("`{key}` is given twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
