//! YAML: typed reading and the tree with positions, both by serde-saphyr with strict settings.
//!
//! Strict: repeated keys, `yes` for true, unquoted `2` for a text, and digits with underscores are refused; merge keys
//! (`<<`) are applied; limits on nesting and on the expansion of aliases stop documents that explode.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Location, Options, Spanned};

use super::{Document, Entry, Node, NodeValue, yaml_fault};
use crate::diag::Fault;

/// Nesting beyond which nobody writes a spec; protects the stack.
const MAX_DEPTH: usize = 64;
/// Events that aliases may add to those that are written; a bomb of nested aliases stops here.
pub(super) const MAX_REPLAYED: usize = 300_000;

/// Straight into the type. The error says where reading stopped, as bytes of the text, and why.
pub(super) fn typed<T: DeserializeOwned>(text: &str) -> Result<T, (Range<usize>, String)> {
    serde_saphyr::from_str_with_options(text, options(text, DuplicateKeyPolicy::Error, true))
        .map_err(|error| (place(text, &error), reason(&error)))
}

/// The tree with positions.
pub(super) fn tree(text: &str) -> Result<Node, Fault> {
    // A document of comments alone has no node at all; serde-saphyr would make a null or an empty mapping of it.
    if is_empty(text) {
        return Err(super::parse::empty(text));
    }
    let options = options(text, DuplicateKeyPolicy::PassThrough, false);
    let read: Spanned<Tree> = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| yaml_fault::syntax(text, &error))?;
    Ok(node(text, read))
}

/// Nothing but blanks, comments and document marks.
pub(super) fn is_empty(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line == "---" || line == "...")
}

fn options(text: &str, duplicate_keys: DuplicateKeyPolicy, quote_ambiguous: bool) -> Options {
    let length = text.len().saturating_add(1024);
    serde_saphyr::options! {
        duplicate_keys: duplicate_keys,
        strict_booleans: true,
        no_schema: quote_ambiguous,
        underscored_numbers_as_strings: true,
        // Refused where the number is read, with a better message.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            // Each counts what aliases repeat, too.
            max_events: length.saturating_add(MAX_REPLAYED).saturating_mul(2),
            max_nodes: length.saturating_add(MAX_REPLAYED),
            max_total_scalar_bytes: length.saturating_add(MAX_REPLAYED.saturating_mul(64)),
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_aliases: length,
            max_anchors: length,
            max_merge_keys: length,
            max_recorded_anchor_events: length.saturating_add(MAX_REPLAYED),
            // One anchor used a hundred times is good style in a spec; the expansion is limited below.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: length.saturating_add(MAX_REPLAYED),
        },
    }
}

/// The message without serde-saphyr's own "at line …, column …".
pub(super) fn reason(error: &Error) -> String {
    let text = error.without_snippet().to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// Where an error is, in bytes; the start of the text if it does not say.
pub(super) fn place(text: &str, error: &Error) -> Range<usize> {
    error.location().and_then(|location| bytes(text, &location)).unwrap_or(0..0)
}

fn bytes(text: &str, location: &Location) -> Option<Range<usize>> {
    if location.line() == 0 {
        return None;
    }
    let span = location.span();
    if let (Some(start), Some(length)) = (span.byte_offset(), span.byte_len()) {
        let (start, length) = (usize::try_from(start).ok()?, usize::try_from(length).ok()?);
        return Some(start..start.saturating_add(length));
    }
    let (line, column) = (usize::try_from(location.line()).ok()?, usize::try_from(location.column()).ok()?);
    let start = Document::offset(text, line, column);
    Some(start..start)
}

/// What serde-saphyr makes of a node before the spans are worked out.
enum Tree {
    Leaf(NodeValue),
    List(Vec<Spanned<Tree>>),
    Map(Vec<(Spanned<Key>, Spanned<Tree>)>),
}

struct Key {
    text: String,
    is_text: bool,
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(NodeValue::Null))
    }
    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(NodeValue::Null))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(NodeValue::Bool(value)))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(NodeValue::Number { value: value as f64, integer: true }))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(NodeValue::Number { value: value as f64, integer: true }))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf(NodeValue::Number { value, integer: false }))
    }
    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(NodeValue::Text(text.to_owned())))
    }
    fn visit_string<E>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Leaf(NodeValue::Text(text)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Tree::Map(entries))
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A key that is a list or a mapping is none of `Tree`'s leaves; it gets a stand-in and a fault from the walk.
        let (text, is_text) = match Tree::deserialize(deserializer)? {
            Tree::Leaf(NodeValue::Text(text)) => (text, true),
            Tree::Leaf(NodeValue::Bool(value)) => (value.to_string(), false),
            Tree::Leaf(NodeValue::Number { value, .. }) => (value.to_string(), false),
            Tree::Leaf(_) => ("null".to_owned(), false),
            Tree::List(_) | Tree::Map(_) => ("?".to_owned(), false),
        };
        Ok(Self { text, is_text })
    }
}

fn node(text: &str, tree: Spanned<Tree>) -> Node {
    // Where a value comes from an alias or a merge, the place where it is written is the one to edit.
    let start = bytes(text, &tree.defined);
    let from_alias = tree.referenced != tree.defined;
    match tree.value {
        Tree::Leaf(value) => Node { span: start, value },
        Tree::List(items) => {
            let items: Vec<Node> = items.into_iter().map(|item| node(text, item)).collect();
            let last = items.last().and_then(|item| item.span.clone());
            Node { span: start.map(|start| container(text, start, last)), value: NodeValue::List(items) }
        }
        Tree::Map(entries) => {
            let entries: Vec<Entry> =
                entries.into_iter().map(|(key, value)| entry(text, key, value)).collect();
            // Merged entries stand elsewhere in the text: the last one that is written here counts.
            let last = entries.iter().filter_map(|entry| entry.node.span.clone()).max_by_key(|span| span.end);
            let last = if from_alias { None } else { last };
            Node { span: start.map(|start| container(text, start, last)), value: NodeValue::Map(entries) }
        }
    }
}

fn entry(text: &str, key: Spanned<Key>, value: Spanned<Tree>) -> Entry {
    let key_span = bytes(text, &key.defined).map(|span| trim_end(text, span));
    let mut node = node(text, value);
    if let (NodeValue::Null, Some(key_span), Some(span)) = (&node.value, &key_span, &node.span)
        && span.is_empty()
    {
        // Nothing after the key: there is no value to mark but the key itself.
        node.span = Some(key_span.clone());
    }
    Entry { key: key.value.text, key_is_text: key.value.is_text, key_span, node }
}

/// serde-saphyr knows where a container starts; it ends after its last item, and after the bracket in flow style.
fn container(text: &str, start: Range<usize>, last: Option<Range<usize>>) -> Range<usize> {
    let from = super::document::floor_boundary(text, start.start);
    let inner_end = last.map_or(start.end, |last| last.end).max(start.end);
    let mut end = super::document::floor_boundary(text, inner_end).max(from);
    if text[from..].starts_with(['[', '{']) {
        let rest = &text[end..];
        let blank = rest.len() - rest.trim_start_matches([' ', ',', '\n', '\r', '\t']).len();
        if rest[blank..].starts_with([']', '}']) {
            end += blank + 1;
        }
    }
    from..end
}

/// A span without trailing blanks and line ends (block scalars carry them).
fn trim_end(text: &str, span: Range<usize>) -> Range<usize> {
    let start = super::document::floor_boundary(text, span.start);
    let end = super::document::floor_boundary(text, span.end).max(start);
    start..start + text[start..end].trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_knows_its_bytes() {
        let text = "é: [1, 2.5, x]\nb:\n  - {c: .nan}\n  - d: null\ne:\n";
        let root = tree(text).unwrap();
        let at = |pointer: &str, key| &text[root.span_at(pointer, key).unwrap()];
        assert_eq!(at("/é", true), "é");
        assert_eq!(at("/é", false), "[1, 2.5, x]");
        assert_eq!(at("/é/1", false), "2.5");
        assert_eq!(at("/b/0", false), "{c: .nan}");
        assert_eq!(at("/b/0/c", false), ".nan");
        assert_eq!(at("/b/1", false), "d: null");
        assert_eq!(at("/e", false), "e");
    }

    #[test]
    fn aliases_and_merges_point_at_their_definition() {
        let text = "a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 2\n";
        let root = tree(text).unwrap();
        let at = |pointer: &str| root.span_at(pointer, false).unwrap();
        assert_eq!(at("/b/x"), at("/a/x"));
        assert_eq!(at("/c/x"), at("/a/x"));
        assert_eq!(&text[at("/c/y")], "2");
    }

    #[test]
    fn odd_keys_are_kept_and_marked() {
        let root = tree("1: a\ntrue: b\n~: c\n\"2\": d\na: 1\na: 2\n[1]: x\n").unwrap();
        let keys: Vec<_> = root.entries().iter().map(|e| (e.key.as_str(), e.key_is_text)).collect();
        assert_eq!(
            keys,
            [
                ("1", false),
                ("true", false),
                ("null", false),
                ("2", true),
                ("a", true),
                ("a", true),
                ("?", false)
            ]
        );
    }

    #[test]
    fn documents_that_explode_are_stopped() {
        use crate::diag::Code;
        let mut bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for level in 1..12 {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb += &format!("a{level}: &a{level} [{inner}]\n");
        }
        assert_eq!(tree(&bomb).unwrap_err().code, Code::Limit);
        let deep = format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(tree(&deep).unwrap_err().code, Code::Limit);
        let block: String = (0..3000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        assert_eq!(tree(&block).unwrap_err().code, Code::Limit);
    }
}
