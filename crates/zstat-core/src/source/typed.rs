//! Types from a tree: what a mended document says.

use serde::de::value::{Error, MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::{Node, NodeValue};

/// Whole numbers up to here are floats without loss.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            NodeValue::Null => visitor.visit_unit(),
            NodeValue::Bool(value) => visitor.visit_bool(*value),
            NodeValue::Number { value, integer: true } if value.abs() < EXACT =>
            {
                #[allow(clippy::cast_possible_truncation, reason = "an integer below 2^53")]
                visitor.visit_i64(*value as i64)
            }
            NodeValue::Number { value, .. } => visitor.visit_f64(*value),
            NodeValue::Text(text) => visitor.visit_borrowed_str(text),
            NodeValue::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
            NodeValue::Map(_) => visitor.visit_map(self.map()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            NodeValue::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.value {
            NodeValue::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => visitor.visit_enum(MapAccessDeserializer::new(self.map())),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl Node {
    fn map<'de>(&'de self) -> MapDeserializer<'de, impl Iterator<Item = (&'de str, &'de Self)>, Error> {
        MapDeserializer::new(self.entries().iter().map(|entry| (entry.key.as_str(), &entry.node)))
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::Document;
    use crate::spec::Analysis;

    #[test]
    fn a_tree_is_read_as_its_text_is() {
        let text = "zstat: 1\ndialect: root\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - name: s\n          \
                    data: [1, 2.5]\n          modifiers:\n            - {name: a, type: histosys, lo: [1, 2], hi: [2, 3]}\n            \
                    - {name: b, type: normsys, lo: 1, hi: 1.1, constraint: {poisson: {tau: 2}}}\n  \
                    parameters: {a: {bounds: [-.inf, .inf], constraint: none, init: 0, fixed: true}}\n\
                    fit: {fitter: {type: newton, tolerance: 1e-4}, minos: [a, b]}\n";
        let document = Document::new("a.yaml", text.to_owned());
        let read: Analysis = super::super::parse(&document).expect("a good text");
        let tree = document.tree().expect("a good text");
        assert_eq!(Analysis::deserialize(tree).expect("a good tree"), read);
    }
}
