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
    if let Some(branches) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
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
            let (list, count) = match (schema.get("prefixItems"), plural) {
                (Some(items), false) => ("a list", items.as_array().map(Vec::len)),
                (Some(items), true) => ("lists", items.as_array().map(Vec::len)),
                (None, false) => ("a list", None),
                (None, true) => ("lists", None),
            };
            let item =
                schema.get("prefixItems").and_then(|items| items.get(0)).or_else(|| schema.get("items"));
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
            let keys = required(schema);
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

/// "the number 3", "the text `x`": what a document holds.
pub(super) fn found(node: &Node) -> String {
    match &node.value {
        NodeValue::Null => "empty".into(),
        NodeValue::Bool(value) => format!("`{value}`"),
        NodeValue::Number { value, .. } => format!("the number {}", number(*value)),
        NodeValue::Text(text) => format!("the text `{}`", shorten(text)),
        NodeValue::List(_) => "a list".into(),
        NodeValue::Map(_) => "a mapping".into(),
    }
}

/// A scalar as it would be written.
pub(super) fn plain(node: &Node) -> String {
    match &node.value {
        NodeValue::Number { value, .. } => number(*value),
        NodeValue::Text(text) => shorten(text),
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

/// What to do about a text in place of a number.
pub(super) fn number_from_text(text: &str) -> Option<String> {
    let trimmed = text.trim();
    if ["nan", "inf", "infinity", "-inf", "+inf", "-infinity"].contains(&trimmed.to_lowercase().as_str()) {
        return Some("a spec needs finite numbers; find out where this one comes from".to_owned());
    }
    if trimmed.parse::<f64>().is_ok_and(f64::is_finite) {
        return Some(format!("remove the quotes: `{trimmed}`"));
    }
    let digits: String = trimmed.chars().filter(|c| !matches!(c, '_' | '\'')).collect();
    if digits != trimmed && digits.parse::<f64>().is_ok_and(f64::is_finite) {
        return Some(format!("write it without separators: `{digits}`"));
    }
    let pointed = trimmed.replace(',', ".");
    if pointed != trimmed && pointed.parse::<f64>().is_ok_and(f64::is_finite) {
        return Some(format!("write a decimal point: `{pointed}`"));
    }
    if let Some(percent) = trimmed.strip_suffix('%').and_then(|part| part.trim().parse::<f64>().ok()) {
        return Some(format!("write the fraction: `{}`", number(percent / 100.0)));
    }
    if trimmed.split([' ', ';', '\t']).filter(|part| !part.is_empty()).all(|part| part.parse::<f64>().is_ok())
        && !trimmed.is_empty()
    {
        return Some("separate the numbers by commas".to_owned());
    }
    None
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
    fn advice_about_numbers_written_as_text() {
        let advice = |text| number_from_text(text).unwrap_or_default();
        assert_eq!(advice("1.5"), "remove the quotes: `1.5`");
        assert_eq!(advice("1_000"), "write it without separators: `1000`");
        assert_eq!(advice("0,95"), "write a decimal point: `0.95`");
        assert_eq!(advice("5%"), "write the fraction: `0.05`");
        assert_eq!(advice("1 2 3"), "separate the numbers by commas");
        assert!(advice("nan").contains("finite"));
        assert_eq!(advice("abc"), "");
    }

    #[test]
    fn sentences_start_small() {
        assert_eq!(first_sentence("Factor at α = −1."), "factor at α = −1");
        assert_eq!(first_sentence("POI of it. More."), "POI of it");
    }
}
