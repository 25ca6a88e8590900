//! A parsed document as a tree whose keys and values know the bytes they were read from.
//!
//! Built only where something is to be pointed at: a good file never becomes a tree.

use std::ops::Range;

use super::pointer;

/// One value of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Bytes in the document's text; none where the value does not come from a text.
    pub span: Option<Range<usize>>,
    /// What it is.
    pub value: NodeValue,
}

/// The kinds of values that YAML and JSON share.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// `null`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; not finite for `.nan`, `.inf` and for literals beyond the range of a 64-bit float.
    Number {
        /// The value.
        value: f64,
        /// Written without point and exponent.
        integer: bool,
    },
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text; a repeated key is repeated here.
    Map(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The key is text (in YAML, `2:` and `true:` are not).
    pub key_is_text: bool,
    /// Bytes of the key.
    pub key_span: Option<Range<usize>>,
    /// The value.
    pub node: Node,
}

impl Node {
    /// A tree without places, as of the options of a plugin.
    pub fn from_json(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        let value = match value {
            Value::Null => NodeValue::Null,
            Value::Bool(value) => NodeValue::Bool(*value),
            Value::Number(number) => NodeValue::Number {
                value: number.as_f64().unwrap_or(f64::NAN),
                integer: number.is_i64() || number.is_u64(),
            },
            Value::String(text) => NodeValue::Text(text.clone()),
            Value::Array(items) => NodeValue::List(items.iter().map(Self::from_json).collect()),
            Value::Object(map) => NodeValue::Map(
                map.iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        key_is_text: true,
                        key_span: None,
                        node: Self::from_json(value),
                    })
                    .collect(),
            ),
        };
        Self { span: None, value }
    }

    /// The value under `key` of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The entry of a mapping; the first if the key is repeated.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            NodeValue::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            NodeValue::List(items) => items,
            _ => &[],
        }
    }

    /// What it is, in words: "is the number 3", "is a list", "has no value".
    pub fn found(&self) -> String {
        super::walk::found(self)
    }

    /// The value at `pointer`, if there is one.
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        pointer::keys(pointer).try_fold(self, |node, key| match &node.value {
            NodeValue::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => node.get(&key),
        })
    }

    /// The same, to be changed.
    pub(super) fn at_mut(&mut self, pointer: &str) -> Option<&mut Self> {
        pointer::keys(pointer).try_fold(self, |node, key| node.child_mut(&key))
    }

    /// The value under a key, or the item at an index, to be changed.
    pub(super) fn child_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.value {
            NodeValue::List(items) => items.get_mut(key.parse::<usize>().ok()?),
            NodeValue::Map(entries) => {
                entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
            }
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Bytes of the value at `pointer` (of its key, with `at_key`). Where the pointer leads beyond the tree, of the
    /// last value on its way: the mapping in which a key is missing.
    pub fn span_at(&self, pointer: &str, at_key: bool) -> Option<Range<usize>> {
        let mut at = self;
        let mut key_span = None;
        for token in pointer::keys(pointer) {
            let next = match &at.value {
                NodeValue::Map(_) => at.entry(&token).map(|entry| (&entry.node, entry.key_span.clone())),
                NodeValue::List(items) => {
                    token.parse::<usize>().ok().and_then(|index| items.get(index)).map(|node| (node, None))
                }
                _ => None,
            };
            match next {
                Some((node, key)) => (at, key_span) = (node, key),
                // The key that is asked for does not exist: the mapping's own key would mislead.
                None => return at.span.clone(),
            }
        }
        if at_key { key_span.or_else(|| at.span.clone()) } else { at.span.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(span: Range<usize>) -> Node {
        Node { span: Some(span), value: NodeValue::Null }
    }

    #[test]
    fn spans_are_found_or_the_nearest_parent() {
        let entry = |key: &str, key_span, node| Entry {
            key: key.into(),
            key_is_text: true,
            key_span: Some(key_span),
            node,
        };
        let list = Node { span: Some(4..9), value: NodeValue::List(vec![leaf(5..6), leaf(7..8)]) };
        let root = Node { span: Some(0..20), value: NodeValue::Map(vec![entry("a/b", 1..3, list)]) };
        assert_eq!(root.span_at("", false), Some(0..20));
        assert_eq!(root.span_at("/a~1b/1", false), Some(7..8));
        assert_eq!(root.span_at("/a~1b", true), Some(1..3));
        assert_eq!(root.span_at("/a~1b/2", false), Some(4..9));
        assert_eq!(root.span_at("/none/0", true), Some(0..20));
    }
}
