//! JSON: typed reading, the tree with positions, and what to say about text that is not JSON.
//!
//! All parsing is serde_json's. Positions come from `&RawValue`: slices of the text, whose address is their place.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Entry, Node, NodeValue};
use crate::diag::{Code, Fault};

/// Nesting beyond which nobody writes a spec; serde_json's own limit for typed reading.
const MAX_DEPTH: usize = 128;

/// Straight into the type. The error says where reading stopped, as a byte of the text, and why.
pub(super) fn typed<T: DeserializeOwned>(text: &str) -> Result<T, (usize, String)> {
    serde_json::from_str(text).map_err(|error| (offset(text, &error), reason(&error)))
}

/// The tree with positions.
pub(super) fn tree(text: &str) -> Result<Node, Fault> {
    if text.trim().is_empty() {
        return Err(super::parse::empty(text));
    }
    // One pass over the whole text finds every fault of syntax; the passes over its slices cannot fail then.
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| syntax_fault(text, &error))?;
    Reader { base: text.as_ptr() as usize }.node(raw, 0)
}

struct Reader {
    /// Address of the text, from which a slice's address gives its place.
    base: usize,
}

/// A mapping as its slices, repeated keys included.
struct RawMap<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawMap<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = RawMap<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(RawMap(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A list as its slices.
struct RawList<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for RawList<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = RawList<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(RawList(items))
            }
        }
        deserializer.deserialize_seq(Items)
    }
}

impl Reader {
    fn span(&self, raw: &RawValue) -> Range<usize> {
        let start = (raw.get().as_ptr() as usize).saturating_sub(self.base);
        start..start + raw.get().len()
    }

    fn node(&self, raw: &RawValue, depth: usize) -> Result<Node, Fault> {
        let span = self.span(raw);
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} levels of nesting");
            return Err(Fault::new(Code::Limit, "", message)
                .span(span)
                .help("a spec needs fewer than 15; is the file what you think it is?"));
        }
        // Unreachable: the text has been read once as a whole. Said rather than hidden if it ever happens.
        let again =
            |error: serde_json::Error| Fault::new(Code::Syntax, "", reason(&error)).span(span.clone());
        let text = raw.get();
        let value = match text.as_bytes().first() {
            Some(b'{') => {
                let RawMap(entries) = serde_json::from_str(text).map_err(again)?;
                let entries = entries.into_iter().map(|(key, value)| self.entry(key, value, depth));
                NodeValue::Map(entries.collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let RawList(items) = serde_json::from_str(text).map_err(again)?;
                NodeValue::List(
                    items.into_iter().map(|item| self.node(item, depth + 1)).collect::<Result<_, _>>()?,
                )
            }
            Some(b'"') => NodeValue::Text(serde_json::from_str(text).map_err(again)?),
            Some(b't') => NodeValue::Bool(true),
            Some(b'f') => NodeValue::Bool(false),
            Some(b'n') => NodeValue::Null,
            _ => NodeValue::Number {
                value: text.parse().unwrap_or(f64::NAN),
                integer: !text.contains(['.', 'e', 'E']),
            },
        };
        Ok(Node { span: Some(span), value })
    }

    fn entry(&self, key: &RawValue, value: &RawValue, depth: usize) -> Result<Entry, Fault> {
        let span = self.span(key);
        let name = serde_json::from_str(key.get())
            .map_err(|error| Fault::new(Code::Syntax, "", reason(&error)).span(span.clone()))?;
        Ok(Entry { key: name, key_is_text: true, key_span: Some(span), node: self.node(value, depth + 1)? })
    }
}

/// The message without serde_json's own "at line … column …".
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// The byte an error points at: serde_json counts lines from 1 and bytes in the line, past the last one it has read.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let line_start = Document::offset(text, error.line(), 1);
    super::document::floor_boundary(text, line_start + error.column().saturating_sub(1))
}

use super::Document;

fn syntax_fault(text: &str, error: &serde_json::Error) -> Fault {
    let at = offset(text, error);
    if error.is_eof() {
        return unclosed(text);
    }
    let word = word_at(text, at);
    let fault = |span: Range<usize>, message: String| Fault::new(Code::Syntax, "", message).span(span);
    let found = &text[word.clone()];
    match found {
        "NaN" | "Infinity" | "-Infinity" | "nan" | "inf" | "-inf" | "Inf" | "-Inf" => {
            return Fault::new(Code::NotFinite, "", format!("`{found}` is not a number, and not JSON"))
                .span(word)
                .help(concat!(
                    "Python's json module writes it for a number that is not finite: ",
                    "find out why it is not, and put a finite number here",
                ));
        }
        "None" => return fault(word, "`None` is Python, not JSON".into()).help("write null"),
        "True" | "False" => {
            let help = format!("write {}", found.to_lowercase());
            return fault(word.clone(), format!("`{found}` is Python, not JSON")).help(help);
        }
        _ => {}
    }
    let rest = &text[at..];
    let before = text[..at].trim_end();
    let closes = rest.trim_start().starts_with([']', '}']);
    if closes && before.ends_with(',') {
        let comma = before.len() - 1;
        return fault(comma..comma + 1, "JSON allows no comma after the last entry".into())
            .help("remove the comma");
    }
    if rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#') {
        let end = at + rest.find('\n').unwrap_or(rest.len());
        return fault(at..end, "JSON has no comments".into())
            .help("remove it, or write the spec as YAML, which has");
    }
    if rest.starts_with('\'') {
        return fault(at..at + 1, "JSON wants double quotes".into()).help("write \"…\" for '…'");
    }
    let end = at + rest.chars().next().map_or(0, char::len_utf8);
    match reason(error).as_str() {
        "trailing characters" => {
            fault(at..end, "the document ends before this, and more text follows".into())
                .help("a file holds one document; is a bracket closed too early?")
        }
        "key must be a string" if found.is_empty() => {
            let what = excerpt(text, at);
            fault(at..end, format!("`{what}` where a key is expected"))
                .help("a key is a text in double quotes")
        }
        "key must be a string" => {
            fault(word.start..word.end.max(end), format!("the key `{found}` has no quotes"))
                .help("write keys in double quotes, or the spec as YAML, which needs none")
        }
        "expected `,` or `]`" | "expected `,` or `}`" => {
            if let Some(found) = rest.chars().next().filter(|c| matches!(c, ']' | '}')) {
                let open = if found == ']' { '{' } else { '[' };
                return fault(at..at + 1, format!("`{found}` where a `{open}` is still open"))
                    .help("close the brackets in the order in which they were opened, last first");
            }
            // serde_json stops at what follows; the comma belongs behind what was before.
            let last = before.chars().next_back().map_or(0, char::len_utf8);
            fault(before.len() - last..before.len(), "a comma is missing after this".into())
                .help("put commas between entries")
        }
        "control character (\\u0000-\\u001F) found while parsing a string" => control_character(text, at),
        "invalid escape" => {
            let from = text[..at].rfind('\\').unwrap_or(at);
            fault(from..end, format!("`{}` is no escape of JSON", &text[from..end]))
                .help("a backslash that is meant as such is written twice")
        }
        other => fault(at..word.end.max(end), format!("not JSON: {other}, found `{}`", excerpt(text, at))),
    }
}

/// A control character inside a text; reading stopped at it or beside it.
fn control_character(text: &str, at: usize) -> Fault {
    let is_control = |at: &usize| text.as_bytes().get(*at).is_some_and(u8::is_ascii_control);
    let at = [at, at + 1, at.saturating_sub(1)].into_iter().find(is_control).unwrap_or(at);
    let code = text.as_bytes().get(at).copied().unwrap_or_default();
    let (name, escape) = match code {
        b'\n' | b'\r' => ("the end of a line".to_owned(), "\\n".to_owned()),
        b'\t' => ("a tab".to_owned(), "\\t".to_owned()),
        _ => (format!("the control character U+{code:04X}"), format!("\\u{code:04x}")),
    };
    Fault::new(Code::Syntax, "", format!("{name} inside a text"))
        .span(at..at + 1)
        .help(format!("remove it, or write `{escape}`; is a quote missing before it?"))
}

/// The text ends inside something: point at the innermost bracket or quote that is open.
fn unclosed(text: &str) -> Fault {
    let mut open = Vec::new();
    let mut quote = None;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, quote) {
            (b'\\', Some(_)) => {
                bytes.next();
            }
            (b'"', None) => quote = Some(at),
            (b'"', Some(_)) => quote = None,
            (_, Some(_)) => {}
            (b'[' | b'{', None) => open.push((at, byte as char)),
            (b']' | b'}', None) => {
                open.pop();
            }
            _ => {}
        }
    }
    let (at, what) = match (quote, open.last()) {
        (Some(at), _) => (at, '"'),
        (None, Some(&(at, bracket))) => (at, bracket),
        (None, None) => (0, text.chars().next().unwrap_or(' ')),
    };
    Fault::new(Code::Syntax, "", format!("this `{what}` is never closed: the file ends inside it"))
        .span(at..at + 1)
        .help("close it; or is the file cut off, as by an interrupted download?")
}

/// The run of letters, digits and signs around `at`.
fn word_at(text: &str, at: usize) -> Range<usize> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_');
    let bytes = text.as_bytes();
    let mut start = at.min(bytes.len());
    while start > 0 && is_word(bytes[start - 1]) {
        start -= 1;
    }
    let mut end = at.min(bytes.len());
    while end < bytes.len() && is_word(bytes[end]) {
        end += 1;
    }
    start..end
}

/// A few characters of the text at `at`, in one line.
fn excerpt(text: &str, at: usize) -> String {
    let word = word_at(text, at);
    let rest = &text[at..];
    let end = if word.end > at { word.end - at } else { rest.chars().next().map_or(0, char::len_utf8) };
    let shown: String = rest[..end].chars().take(20).collect();
    if shown.trim().is_empty() { "the end of the line".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (String, Range<usize>) {
        let fault = tree(text).expect_err("a fault");
        (fault.message, fault.span.expect("as built"))
    }

    #[test]
    fn the_tree_knows_its_bytes() {
        let text = r#" {"a\u0062": [1, 2.5e3, "x", null], "n": {"m": true}}"#;
        let root = tree(text).expect("as built");
        assert_eq!(root.span_at("/ab", true), Some(2..11));
        assert_eq!(&text[root.span_at("/ab/1", false).expect("as built")], "2.5e3");
        assert_eq!(&text[root.span_at("/n", false).expect("as built")], r#"{"m": true}"#);
        assert_eq!(
            root.get("ab").expect("as built").items()[0].value,
            NodeValue::Number { value: 1.0, integer: true }
        );
    }

    #[test]
    fn faults_of_syntax_are_named_and_located() {
        assert_eq!(fault("{\"a\": [1, NaN]}").1, 10..13);
        assert_eq!(fault("{\"a\": [1, -Infinity]}").1, 10..19);
        assert_eq!(fault("{\"a\": [1, 2,]}").1, 11..12);
        assert_eq!(fault("{\"a\": [1, 2}").1, 11..12);
        assert!(fault("{\"a\": 1\n\"b\": 2}").0.contains("comma is missing"));
        assert!(fault("{\"a\": [1, 2").0.contains("`[` is never closed"));
        assert_eq!(fault("{\"a\": \"bc}").1, 6..7);
        assert!(fault("{\"a\": 1 // one\n}").0.contains("comments"));
        assert!(fault("{a: 1}").0.contains("no quotes"));
        assert_eq!(fault("{{}: 1}"), ("`{` where a key is expected".to_owned(), 1..2));
        assert!(fault("{\"a\": 1}\n{}").0.contains("more text"));
        assert!(fault("{\"a\": True}").0.contains("Python"));
        assert_eq!(
            fault("{\"a\": \"b\0c\"}"),
            ("the control character U+0000 inside a text".to_owned(), 8..9)
        );
        assert_eq!(fault("{\"a\": \"b\n\"}"), ("the end of a line inside a text".to_owned(), 8..9));
        assert_eq!(fault("{\"\t\": 1}"), ("a tab inside a text".to_owned(), 2..3));
    }

    #[test]
    fn depth_is_limited_without_overflow() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(tree(&deep).expect_err("a fault").code, Code::Limit);
    }
}
