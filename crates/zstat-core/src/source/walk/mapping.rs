//! Mappings against a schema: keys that are repeated, unknown or missing, and the `if`/`then` of tagged forms.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::advice::synonym;
use super::mend::{mend_of_key, mend_of_tag};
use super::words::{self, found};
use super::{Step, Walk};
use crate::diag::{Code, Mend};
use crate::source::{Entry, Node, NodeValue};
use crate::text::{list_of, nearest, number};

/// Repeated or unknown keys of one mapping that are reported one by one.
const PER_MAP: usize = 100;
/// What modifiers of zstat's layout have beside `type`, and those of pyhf's in `data`.
pub(super) const INSIDE_DATA: [&str; 4] = ["lo", "hi", "lo_data", "hi_data"];

impl<'s> Walk<'s> {
    pub(super) fn map(&mut self, node: &Node, entries: &[Entry], schema: &'s Value) {
        self.keys(entries);
        let mut properties = schema.get("properties").and_then(Value::as_object);
        let mut schema = schema;
        // `if type is X then …`: the one branch that applies holds all keys.
        if let Some(arms) = schema.get("allOf").and_then(Value::as_array) {
            match self.arm(node, arms) {
                Some(then) => {
                    schema = self.resolve(then);
                    properties = schema.get("properties").and_then(Value::as_object);
                }
                None if arms.iter().any(|arm| arm.get("if").is_some()) => {
                    return self.no_arm(node, schema, arms);
                }
                None => {}
            }
        }
        let guesses = self.guesses(entries, schema, properties);
        let mut unknown: HashSet<&str> = HashSet::new();
        for entry in entries {
            let of_value = properties.and_then(|all| all.get(&entry.key));
            let of_value = of_value.or_else(|| match schema.get("additionalProperties") {
                Some(Value::Bool(_)) | None => None,
                other => other,
            });
            match of_value {
                Some(of_value) => self.member(entry, of_value),
                // Repetitions were told; of very many unknown keys the first are enough.
                None if schema.get("additionalProperties") == Some(&Value::Bool(false))
                    && unknown.insert(&entry.key)
                    && unknown.len() <= PER_MAP =>
                {
                    self.unknown_key(entry, &guesses, properties);
                }
                None => {}
            }
        }
        if unknown.len() > PER_MAP {
            let message = format!("{}{} more keys are unknown", self.place(), unknown.len() - PER_MAP);
            self.push(Code::UnknownKey, node, message, None);
        }
        self.missing(node, schema, properties, &guesses);
    }

    pub(super) fn member(&mut self, entry: &Entry, schema: &'s Value) {
        self.path.push(Step { key: entry.key.clone(), index: false, name: None });
        self.value(&entry.node, schema);
        self.path.pop();
    }

    /// Faults of the keys themselves: repeated, or not text.
    pub(super) fn keys(&mut self, entries: &[Entry]) {
        let (mut seen, mut repeated) = (HashSet::new(), 0);
        for (at, entry) in entries.iter().enumerate() {
            if !entry.key_is_text {
                let message = format!("{} is a key that is not text", self.subject_of(&entry.key));
                let before = at.checked_sub(1).and_then(|before| entries.get(before));
                let help = match (before.map(|before| &before.node.value), &entry.node.value) {
                    // `lo: 0,92` is the number 0 and a key 92.
                    (Some(NodeValue::Number { value, integer: true }), NodeValue::Null)
                        if entry.key.bytes().all(|byte| byte.is_ascii_digit()) =>
                    {
                        format!("decimals stand behind a point: `{}.{}`", number(*value), entry.key)
                    }
                    // `f: max(x, 1)` between braces.
                    (Some(NodeValue::Text(text)), NodeValue::Null)
                        if text.matches('(').count() > text.matches(')').count() =>
                    {
                        format!("between braces the comma ends `{text}`: put all of the expression in quotes")
                    }
                    _ => format!("put it in quotes: `\"{}\"`", entry.key),
                };
                self.push_key(Code::WrongType, entry, message, Some(help));
            }
            if entry.key_is_text && !seen.insert(&entry.key) {
                repeated += 1;
                if repeated > PER_MAP {
                    continue;
                }
                let message = format!("{} is given twice", self.subject_of(&entry.key));
                self.push_key(Code::DuplicateKey, entry, message, Some("keep one of the two".to_owned()));
                self.mend(|_| Some(Mend::KeepFirst));
            }
        }
        if let (Some(last), true) = (entries.last(), repeated > PER_MAP) {
            let message = format!("{}{} more keys are given again", self.place(), repeated - PER_MAP);
            self.push_key(Code::DuplicateKey, last, message, None);
        }
    }

    /// For each key that is not known (of the first), the known one that was probably meant.
    fn guesses<'e>(
        &self,
        entries: &'e [Entry],
        schema: &'s Value,
        properties: Option<&'s Map<String, Value>>,
    ) -> Vec<(&'e str, &'s str)> {
        let (Some(properties), Some(Value::Bool(false))) = (properties, schema.get("additionalProperties"))
        else {
            return Vec::new();
        };
        let given = |key: &str| entries.iter().any(|entry| entry.key == key);
        let unknown: Vec<&'e str> = entries
            .iter()
            .filter(|entry| entry.key_is_text && !properties.contains_key(&entry.key))
            .map(|entry| entry.key.as_str())
            .take(PER_MAP)
            .collect();
        let mut free: Vec<&'s str> =
            properties.keys().map(String::as_str).filter(|key| !given(key)).collect();
        let mut guesses = Vec::new();
        for &key in &unknown {
            if let Some(guess) = synonym(key, &free).or_else(|| nearest(key, free.iter().copied())) {
                free.retain(|other| *other != guess);
                guesses.push((key, guess));
            }
        }
        // In pyhf's layout the content of a modifier stands under `data`.
        if free.contains(&"data") && properties.contains_key("type") {
            let content = unknown.iter().filter(|key| INSIDE_DATA.contains(*key));
            guesses.extend(content.map(|key| (*key, "data")));
        }
        // One key too many and one too few are likely the same.
        let rest: Vec<&'e str> =
            unknown.into_iter().filter(|key| !guesses.iter().any(|(k, _)| k == key)).collect();
        let missing: Vec<&'s str> =
            words::required_of(schema, |key| entries.iter().any(|entry| entry.key == key))
                .into_iter()
                .filter(|key| free.contains(key))
                .collect();
        if let ([key], [guess]) = (rest.as_slice(), missing.as_slice()) {
            guesses.push((key, guess));
        }
        guesses
    }

    fn unknown_key(
        &mut self,
        entry: &Entry,
        guesses: &[(&str, &str)],
        known: Option<&'s Map<String, Value>>,
    ) {
        if !entry.key_is_text {
            return; // said already
        }
        let message = format!("{}unknown key `{}`", self.place(), entry.key);
        let all: Vec<&str> = known.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let help = match guesses.iter().find(|(key, _)| *key == entry.key) {
            _ if entry.key == "data" && all.contains(&"type") => {
                "`data` is pyhf's; zstat writes `lo` and `hi`, or `errors`, beside `type`".to_owned()
            }
            Some((key, "data")) if INSIDE_DATA.contains(key) => {
                format!("in pyhf's layout `{key}` stands inside `data`")
            }
            Some((_, guess)) => format!("did you mean `{guess}`?"),
            None if all.is_empty() => "no keys are possible here; remove it".to_owned(),
            None => format!("known keys are {}", list_of(&all, "and")),
        };
        self.push_key(Code::UnknownKey, entry, message, Some(help));
        self.mend(|_| mend_of_key(&entry.key, guesses, &all));
    }

    /// Required keys that are not there, and not there under a wrong name either.
    fn missing(
        &mut self,
        node: &Node,
        schema: &'s Value,
        properties: Option<&'s Map<String, Value>>,
        guesses: &[(&str, &str)],
    ) {
        for key in words::required_of(schema, |key| node.entry(key).is_some()) {
            if node.entry(key).is_some() || guesses.iter().any(|(_, guess)| *guess == key) {
                continue;
            }
            let message = format!("{}`{key}` is missing", self.place());
            let property = properties.and_then(|all| all.get(key));
            let help = property.and_then(|property| {
                let known: Vec<&str> = self.all_words(property);
                if let [word] = known[..] {
                    return Some(format!("`{key}` is always `{word}`"));
                }
                if !known.is_empty() {
                    return Some(format!("`{key}` is one of {}", list_of(&known, "and")));
                }
                let description =
                    property.get("description").or_else(|| self.resolve(property).get("description"));
                Some(format!("`{key}` is: {}", words::first_sentence(description?.as_str()?)))
            });
            self.push(Code::MissingKey, node, message, help);
        }
    }

    /// The `then` whose `if` says the `type` that the mapping has.
    fn arm(&self, node: &Node, arms: &'s [Value]) -> Option<&'s Value> {
        let arm = arms.iter().find(|arm| {
            let wanted = arm.pointer("/if/properties").and_then(Value::as_object);
            wanted.is_some_and(|all| {
                all.iter().all(|(key, value)| {
                    value.get("const").and_then(Value::as_str) == node.get(key).and_then(Node::text)
                })
            })
        })?;
        arm.get("then")
    }

    /// No branch applies: the tag is missing, or none of the known ones.
    fn no_arm(&mut self, node: &Node, schema: &'s Value, arms: &'s [Value]) {
        let key = arms.iter().find_map(|arm| arm.pointer("/if/properties")?.as_object()?.keys().next());
        let key = key.map_or("type", String::as_str);
        let known: Vec<&str> = arms
            .iter()
            .filter_map(|arm| arm.pointer("/if/properties")?.get(key)?.get("const")?.as_str())
            .collect();
        match node.entry(key) {
            Some(entry) => {
                self.path.push(Step { key: key.to_owned(), index: false, name: None });
                match &entry.node.value {
                    NodeValue::Text(text) => {
                        self.unknown_word(&entry.node, text, &known, schema);
                        self.mend(|_| mend_of_tag(text, &known));
                    }
                    _ => {
                        let expected = list_of(&known, "or");
                        let message =
                            format!("{} is {}, expected {expected}", self.subject(), found(&entry.node));
                        self.push(Code::WrongType, &entry.node, message, None);
                    }
                }
                self.path.pop();
            }
            None => self.missing(node, schema, schema.get("properties").and_then(Value::as_object), &[]),
        }
    }
}
