//! What would mend a fault: a word that was mistyped, a number in quotes, or a stand-in of the right type.

use serde_json::{Value, json};

use super::Walk;
use super::advice::synonym;
use super::mapping::INSIDE_DATA;
use super::words::plain;
use crate::diag::Mend;
use crate::source::{Node, NodeValue};
use crate::text::nearest;

impl<'s> Walk<'s> {
    /// Gives the latest fault what mends it, where that is asked for.
    pub(super) fn mend(&mut self, mend: impl FnOnce(&Self) -> Option<Mend>) {
        if self.mending {
            let mend = mend(self);
            if let Some(fault) = self.faults.last_mut() {
                fault.mend = mend.map(Box::new);
            }
        }
    }

    pub(super) fn mend_of_type(&self, node: &Node, schema: &'s Value) -> Option<Mend> {
        let wants = |name: &str| self.accepts(schema, name);
        let number = wants("number") || wants("integer");
        match &node.value {
            NodeValue::Null if self.in_list() && number => self.number_for(schema).map(Mend::StandIn),
            NodeValue::Null => self.removal(),
            NodeValue::Text(text) if number => self.meant(number_in(text).map(|value| json!(value)), schema),
            NodeValue::Text(text) if wants("boolean") => self.meant(flag_in(text), schema),
            NodeValue::Number { .. } | NodeValue::Bool(_) if !self.all_words(schema).is_empty() => {
                self.word_for(&self.all_words(schema), schema)
            }
            NodeValue::Number { .. } | NodeValue::Bool(_) if wants("string") => {
                self.fitting(json!(plain(node)), schema).map(Mend::StandIn)
            }
            NodeValue::Number { value, .. } if wants("array") && value.is_finite() => {
                self.fitting(json!([value]), schema).map(Mend::Read).or_else(|| self.removal())
            }
            NodeValue::Text(text) if wants("array") => {
                self.fitting(json!([text]), schema).map(Mend::Read).or_else(|| self.removal())
            }
            _ if number => self.number_for(schema).map(Mend::StandIn),
            _ => self.removal(),
        }
    }

    /// The word that was meant, or any.
    pub(super) fn mend_of_word(&self, text: &str, known: &[&str], schema: &'s Value) -> Option<Mend> {
        let typed = nearest(text, known.iter().copied()).filter(|_| synonym(text, known).is_none());
        let typed = typed.and_then(|word| self.fitting(json!(word), schema)).map(Mend::Read);
        typed.or_else(|| self.word_for(known, schema))
    }

    fn word_for(&self, known: &[&str], schema: &'s Value) -> Option<Mend> {
        known.iter().find_map(|word| self.fitting(json!(word), schema)).map(Mend::StandIn)
    }

    /// A number that is possible here.
    pub(super) fn number_for(&self, schema: &'s Value) -> Option<Value> {
        let least = schema.get("minimum").cloned();
        let candidates = [json!(0), json!(1)].into_iter().chain(least);
        candidates.into_iter().find_map(|number| self.fitting(number, schema))
    }

    /// Leaves the key out; of a list nothing is left out, as the places of all that follows would change.
    pub(super) fn removal(&self) -> Option<Mend> {
        (!self.path.is_empty() && !self.in_list()).then_some(Mend::Remove)
    }

    /// `value` where it is known and possible here, else a stand-in.
    fn meant(&self, value: Option<Value>, schema: &'s Value) -> Option<Mend> {
        let stand_in = || {
            let number = self.number_for(schema).or_else(|| self.fitting(json!(false), schema));
            number.map(Mend::StandIn)
        };
        value.and_then(|value| self.fitting(value, schema)).map(Mend::Read).or_else(stand_in)
    }

    /// `value`, if it is possible here.
    fn fitting(&self, value: Value, schema: &'s Value) -> Option<Value> {
        self.tried(&Node::from_json(&value), schema, false).is_empty().then_some(value)
    }

    fn in_list(&self) -> bool {
        self.path.last().is_some_and(|step| step.index)
    }
}

/// Of an unknown key: the known one, if spelling or habit tells it; else it is left out.
pub(super) fn mend_of_key(key: &str, guesses: &[(&str, &str)], known: &[&str]) -> Option<Mend> {
    if key == "data" && known.contains(&"type") {
        return Some(Mend::Remove);
    }
    match guesses.iter().find(|(unknown, _)| *unknown == key) {
        Some((_, "data")) if INSIDE_DATA.contains(&key) => None,
        Some((_, guess)) => {
            // What was guessed because nothing else is missing may be something else altogether.
            let alike = nearest(key, [*guess]).is_some() || synonym(key, &[*guess]).is_some();
            alike.then(|| Mend::Rename((*guess).to_owned()))
        }
        None => Some(Mend::Remove),
    }
}

/// Of an unknown tag, which says what else is possible beside it: the one that was mistyped. Another tool's word for ours
/// will do for reading on, but may be of other keys.
pub(super) fn mend_of_tag(text: &str, known: &[&str]) -> Option<Mend> {
    match synonym(text, known) {
        Some(ours) => Some(Mend::StandIn(json!(ours))),
        None => nearest(text, known.iter().copied()).map(|word| Mend::Read(json!(word))),
    }
}

/// The number that a text writes: in quotes, with separators, with a decimal comma, in percent.
fn number_in(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain: String = text.chars().filter(|c| !matches!(c, '_' | '\'')).collect();
    let percent = text.strip_suffix('%').and_then(|part| part.trim().parse::<f64>().ok());
    let number = plain.parse().ok().or_else(|| text.replace(',', ".").parse().ok());
    number.or(percent.map(|percent| percent / 100.0)).filter(|number: &f64| number.is_finite())
}

/// The flag that a text writes.
fn flag_in(text: &str) -> Option<Value> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "on" | "true" => Some(json!(true)),
        "no" | "n" | "off" | "false" => Some(json!(false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_what_people_write() {
        let cases = [
            ("1.5", Some(1.5)),
            ("1_000", Some(1000.0)),
            ("0,95", Some(0.95)),
            ("5%", Some(0.05)),
            ("nan", None),
            ("1,000,000", None),
            ("five", None),
        ];
        for (text, number) in cases {
            assert_eq!(number_in(text), number, "{text}");
        }
    }

    #[test]
    fn keys_are_renamed_only_to_what_they_look_like() {
        let known = ["name", "data", "modifiers"];
        let mend = |key, guess| mend_of_key(key, &[(key, guess)], &known);
        assert_eq!(mend("modfiers", "modifiers"), Some(Mend::Rename("modifiers".to_owned())));
        assert_eq!(mend("yields", "data"), Some(Mend::Rename("data".to_owned())));
        assert_eq!(mend("edges", "data"), None, "the only key that is missing");
        assert_eq!(mend_of_key("comment", &[], &known), Some(Mend::Remove));
        assert_eq!(mend_of_key("data", &[], &["name", "type"]), Some(Mend::Remove), "pyhf's `data: null`");
    }
}
