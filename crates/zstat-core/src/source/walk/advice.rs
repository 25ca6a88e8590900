//! What to do about a value of the wrong type or a word from elsewhere.

use serde_json::Value;

use super::Walk;
use super::words::plain;
use crate::source::{Node, NodeValue};
use crate::text::number;

/// Words of other tools and of everyday speech, and ours.
const SYNONYMS: &[(&str, &str)] = &[
    ("aux", "auxdata"),
    ("auxdata", "aux"),
    ("bins", "data"),
    ("categories", "channels"),
    ("contents", "data"),
    ("down", "lo"),
    ("down", "lo_data"),
    ("flat", "none"),
    ("free", "none"),
    ("gauss", "normal"),
    ("gaussian", "normal"),
    ("hi", "hi_data"),
    ("hi_data", "hi"),
    ("high", "hi"),
    ("init", "inits"),
    ("inits", "init"),
    ("kind", "type"),
    ("lnN", "normsys"),
    ("lo", "lo_data"),
    ("lo_data", "lo"),
    ("log-normal", "lognormal"),
    ("low", "lo"),
    ("luminosity", "lumi"),
    ("observed", "observations"),
    ("overallsys", "normsys"),
    ("params", "parameters"),
    ("pois", "poi"),
    ("processes", "samples"),
    ("range", "bounds"),
    ("regions", "channels"),
    ("shape", "histosys"),
    ("stat", "staterror"),
    ("start", "init"),
    ("systematics", "modifiers"),
    ("tolerance_edm", "tolerance"),
    ("uncertainties", "errors"),
    ("up", "hi"),
    ("up", "hi_data"),
    ("value", "init"),
    ("yields", "data"),
];

/// The known word that another tool's word stands for.
pub(super) fn synonym<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let ours = SYNONYMS.iter().filter(|(theirs, _)| theirs.eq_ignore_ascii_case(word)).map(|(_, ours)| *ours);
    ours.filter_map(|ours| known.iter().copied().find(|known| *known == ours)).next()
}

impl<'s> Walk<'s> {
    /// What to write instead, where that can be told.
    pub(super) fn wrong_type_advice(&self, node: &Node, schema: &'s Value) -> Option<String> {
        let wants = |name: &str| self.accepts(schema, name);
        match &node.value {
            NodeValue::Number { .. } | NodeValue::Bool(_) if !self.all_words(schema).is_empty() => None,
            NodeValue::Number { .. } | NodeValue::Bool(_) if wants("string") => {
                Some(format!("if it is meant as a text, put it in quotes: `\"{}\"`", plain(node)))
            }
            NodeValue::Text(text) if wants("number") || wants("integer") => {
                number_from_text(text, !wants("number"))
            }
            NodeValue::Text(text) if wants("boolean") => match text.to_lowercase().as_str() {
                "yes" | "y" | "on" | "true" => Some("write `true`".to_owned()),
                "no" | "n" | "off" | "false" => Some("write `false`".to_owned()),
                _ => None,
            },
            NodeValue::Number { .. } if wants("array") && self.wants_list_of(schema, "number") => {
                Some(format!("write a list, also of one entry: `[{}]`", plain(node)))
            }
            NodeValue::Text(_) if wants("array") && self.wants_list_of(schema, "string") => {
                Some(format!("write a list, also of one entry: `[{}]`", plain(node)))
            }
            NodeValue::Map(_) if wants("array") => {
                Some("write a list: `[…, …]`, or in YAML one entry a line, after `- `".to_owned())
            }
            NodeValue::Null => {
                let what = if self.path.last().is_some_and(|step| step.index) { "entry" } else { "key" };
                Some(format!("write a value, or remove the {what}"))
            }
            _ => None,
        }
    }

    /// `[0, 10]` where `[[0, 10]]` is wanted: what to write, if a pair of brackets is all that is missing.
    pub(super) fn brackets_missing(&self, items: &[Node], schema: &'s Value) -> Option<String> {
        let inner = self.resolve(schema.get("items")?);
        let length = inner.get("minItems").and_then(Value::as_u64)?;
        let of_inner = inner.get("items").or_else(|| inner.get("prefixItems")?.get(0))?;
        let numbers = items.iter().all(|item| matches!(item.value, NodeValue::Number { .. }));
        let missing = numbers && items.len() as u64 == length && self.accepts(of_inner, "number");
        let list = items.iter().map(plain).collect::<Vec<_>>().join(", ");
        missing.then(|| format!("write a list of lists, also of one entry: `[[{list}]]`"))
    }

    /// Whether `schema` accepts a list, of any length, of values of a type.
    fn wants_list_of(&self, schema: &'s Value, name: &str) -> bool {
        let schema = self.resolve(schema);
        let branches = super::words::choices(schema);
        if let Some(branches) = branches {
            return branches.iter().any(|branch| self.wants_list_of(branch, name));
        }
        schema.get("minItems").is_none() && schema.get("items").is_some_and(|items| self.accepts(items, name))
    }
}

/// What to do about a text in place of a number.
fn number_from_text(text: &str, integer: bool) -> Option<String> {
    let trimmed = text.trim();
    if ["nan", "inf", "infinity", "-inf", "+inf", "-infinity"].contains(&trimmed.to_lowercase().as_str()) {
        return Some("a spec needs finite numbers; find out where this one comes from".to_owned());
    }
    if let Some(value) = trimmed.parse::<f64>().ok().filter(|value| value.is_finite()) {
        let shown = if integer { number(value) } else { trimmed.to_owned() };
        return Some(format!("remove the quotes: `{shown}`"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_about_numbers_written_as_text() {
        let advice = |text| number_from_text(text, false).unwrap_or_default();
        assert_eq!(advice("1.5"), "remove the quotes: `1.5`");
        assert_eq!(advice("1_000"), "write it without separators: `1000`");
        assert_eq!(advice("0,95"), "write a decimal point: `0.95`");
        assert_eq!(advice("5%"), "write the fraction: `0.05`");
        assert_eq!(advice("1 2 3"), "separate the numbers by commas");
        assert!(advice("nan").contains("finite"));
        assert_eq!(advice("abc"), "");
    }

    #[test]
    fn words_of_other_tools_are_known() {
        assert_eq!(synonym("Gauss", &["none", "normal"]), Some("normal"));
        assert_eq!(synonym("gauss", &["pyhf", "root"]), None);
    }
}
