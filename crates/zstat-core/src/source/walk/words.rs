//! The words of a fault: what a schema expects, what a document holds.

use serde_json::Value;

use crate::source::{Node, NodeValue};
use crate::text::{list_of, number};

/// "a number", "a list of numbers", "`a` or `b`": what a schema accepts.
pub(super) fn describe<'s>(schema: &'s Value, resolve: &dyn Fn(&'s Value) -> &'s Value) -> String {
    describe_as(schema, resolve, false, 0)
}

fn describe_as<'s>(
    schema: &'s Value,
    resolve: &dyn Fn(&'s Value) -> &'s Value,
    plural: bool,
    depth: usize,
) -> String {
    let schema = resolve(schema);
    if let Some(branches) = choices(schema) {
        let mut parts: Vec<String> = Vec::new();
        for branch in branches {
            let part = describe_as(branch, resolve, plural, depth + 1);
            if part != "nothing" && !parts.contains(&part) {
                parts.push(part);
            }
        }
        return join(&parts, "or");
    }
    let known = words(schema);
    if !known.is_empty() {
        return list_of(&known, "or");
    }
    let name = match schema.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ => "any",
    };
    match (name, plural) {
        ("number", false) => "a number".into(),
        ("number", true) => "numbers".into(),
        ("integer", false) => "a whole number".into(),
        ("integer", true) => "whole numbers".into(),
        ("string", false) => "a text".into(),
        ("string", true) => "texts".into(),
        ("boolean", false) => "true or false".into(),
        ("boolean", true) => "true or false values".into(),
        ("array", _) => {
            let list = if plural { "lists" } else { "a list" };
            let prefix = schema.get("prefixItems").and_then(Value::as_array);
            let length = |key: &str| schema.get(key).and_then(Value::as_u64);
            let count = match (prefix.map(Vec::len), length("minItems")) {
                (Some(count), _) => Some(count.to_string()),
                (None, Some(min)) if length("maxItems") == Some(min) => Some(min.to_string()),
                _ => None,
            };
            let item = prefix.and_then(|items| items.first()).or_else(|| schema.get("items"));
            match (item, count) {
                (Some(item), count) if depth < 4 => {
                    let items = describe_as(item, resolve, true, depth + 1);
                    let count = count.map(|count| format!("{count} ")).unwrap_or_default();
                    format!("{list} of {count}{items}")
                }
                _ => list.to_owned(),
            }
        }
        ("object", plural) => {
            let keys = required_of(schema, |_| false);
            let mapping = if plural { "mappings" } else { "a mapping" };
            if keys.is_empty() {
                mapping.to_owned()
            } else {
                format!("{mapping} with {}", list_of(&keys, "and"))
            }
        }
        ("null", _) => "nothing".into(),
        _ => "any value".into(),
    }
}

/// The words that a schema of constants allows.
pub(super) fn words(schema: &Value) -> Vec<&str> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(Value::String(word)), _) => vec![word],
        (_, Some(Value::Array(all))) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The keys that a schema of mappings requires.
pub(super) fn required(schema: &Value) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The branches of a schema that is one of several; sets of keys that a mapping may need are none.
pub(super) fn choices(schema: &Value) -> Option<&Vec<Value>> {
    let branches = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array);
    branches.filter(|branches| !only_keys(branches))
}

/// Whether branches differ in the keys that they need and in nothing else.
fn only_keys(branches: &[Value]) -> bool {
    let only =
        |branch: &Value| branch.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("required"));
    branches.iter().all(only)
}

/// Keys that a mapping needs, given which it `has`: where it needs one of several sets and has none, those of the first.
pub(super) fn required_of(schema: &Value, has: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut keys = required(schema);
    let branches = schema.get("anyOf").and_then(Value::as_array).filter(|branches| only_keys(branches));
    if let Some(branches) = branches
        && !branches.iter().any(|branch| required(branch).iter().all(|key| has(key)))
    {
        keys.extend(branches.first().map(required).unwrap_or_default());
    }
    keys
}

/// "is the number 3", "is the text `x`": what a document holds.
pub(in crate::source) fn found(node: &Node) -> String {
    match &node.value {
        NodeValue::Null => "has no value".into(),
        NodeValue::Bool(value) => format!("is `{value}`"),
        NodeValue::Number { value, .. } => format!("is the number {}", number(*value)),
        NodeValue::Text(text) => format!("is the text `{}`", shorten(text)),
        NodeValue::List(_) => "is a list".into(),
        NodeValue::Map(_) => "is a mapping".into(),
    }
}

/// A scalar as it would be written.
pub(super) fn plain(node: &Node) -> String {
    match &node.value {
        NodeValue::Number { value, .. } => number(*value),
        NodeValue::Text(text) => shorten(text),
        NodeValue::Bool(value) => value.to_string(),
        _ => "…".to_owned(),
    }
}

fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > 40 || line.len() < text.trim_end().len() {
        format!("{}…", line.chars().take(40).collect::<String>())
    } else {
        line.to_owned()
    }
}

fn join(parts: &[String], last: &str) -> String {
    match parts {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [start @ .., end] => format!("{} {last} {end}", start.join(", ")),
    }
}

/// The first sentence of a description, to go into a line of help.
pub(super) fn first_sentence(text: &str) -> String {
    let text = text.replace('\n', " ");
    let sentence = text.split_once(". ").map_or(text.as_str(), |(first, _)| first);
    let sentence = sentence.trim_end_matches('.');
    let mut chars = sentence.chars();
    let second_is_lower = sentence.chars().nth(1).is_some_and(char::is_lowercase);
    match chars.next() {
        // A word, rather than a symbol or an abbreviation, starts lower case inside a sentence.
        Some(first) if second_is_lower => first.to_lowercase().chain(chars).collect(),
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_start_small() {
        assert_eq!(first_sentence("Factor at α = −1."), "factor at α = −1");
        assert_eq!(first_sentence("POI of it. More."), "POI of it");
    }
}
