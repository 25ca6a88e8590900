//! A tree against a JSON Schema: every difference as a fault in words.
//!
//! Understands what our schemas use (`$ref`, `type`, `const`, `enum`, `anyOf`, `oneOf`, `properties`, `required`,
//! `additionalProperties`, `items`, `prefixItems`, lengths, ranges, `allOf` of `if`/`then`) and lets the rest pass: the
//! typed reading has already failed, this only explains why.

mod choose;
mod words;

use serde_json::Value;

use super::{Entry, Node, NodeValue, pointer};
use crate::diag::{Code, Fault};
use crate::text::{list_of, nearest, number};
use words::{describe, found};

/// Wrong entries of one list that are reported one by one.
const PER_LIST: usize = 3;

/// Every difference between `node`, which stands at `pointer` of its document, and `schema`.
pub fn walk(node: &Node, schema: &Value, pointer: &str) -> Vec<Fault> {
    let path =
        pointer::keys(pointer).map(|key| Step { key: key.into_owned(), index: false, name: None }).collect();
    let mut walk = Walk { root: schema, faults: Vec::new(), path };
    walk.value(node, schema);
    // One aliased value that is wrong is wrong at every use of it: said once.
    let mut seen = std::collections::HashSet::new();
    walk.faults.retain(|fault| match &fault.span {
        Some(span) => seen.insert((span.start, span.end, fault.code, fault.message.clone())),
        None => true,
    });
    walk.faults
}

/// One step down into the document.
#[derive(Debug, Clone)]
struct Step {
    key: String,
    index: bool,
    /// Of a list's item that has a name: what it is called, as "channel `SR`".
    name: Option<String>,
}

#[derive(Clone)]
struct Walk<'s> {
    root: &'s Value,
    faults: Vec<Fault>,
    path: Vec<Step>,
}

impl<'s> Walk<'s> {
    fn value(&mut self, node: &Node, schema: &'s Value) {
        let schema = self.resolve(schema);
        if let Some(branches) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array)
        {
            return self.choose(node, schema, branches);
        }
        if !self.has_type(node, schema) {
            return self.wrong_type(node, schema);
        }
        match &node.value {
            NodeValue::Text(text) => self.word(node, text, schema),
            NodeValue::Number { value, .. } => self.range(node, *value, schema),
            NodeValue::List(items) => self.list(node, items, schema),
            NodeValue::Map(entries) => self.map(node, entries, schema),
            NodeValue::Null | NodeValue::Bool(_) => {}
        }
    }

    /// The schema behind `$ref`s into the root's `$defs`; itself if there is none.
    fn resolve(&self, mut schema: &'s Value) -> &'s Value {
        // A chain of references longer than this is a circle.
        for _ in 0..16 {
            let Some(target) = schema.get("$ref").and_then(Value::as_str) else { break };
            let Some(next) = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) else {
                break;
            };
            schema = next;
        }
        schema
    }

    fn has_type(&self, node: &Node, schema: &Value) -> bool {
        let fits = |name: &str| match (&node.value, name) {
            (NodeValue::Null, "null")
            | (NodeValue::Bool(_), "boolean")
            | (NodeValue::Number { .. }, "number")
            | (NodeValue::Number { integer: true, .. }, "integer")
            | (NodeValue::Text(_), "string")
            | (NodeValue::List(_), "array")
            | (NodeValue::Map(_), "object") => true,
            _ => false,
        };
        match schema.get("type") {
            Some(Value::String(name)) => fits(name),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(fits),
            _ => match (
                schema.get("const").or_else(|| schema.get("enum").and_then(|all| all.get(0))),
                &node.value,
            ) {
                (Some(Value::String(_)), value) => matches!(value, NodeValue::Text(_)),
                (Some(Value::Null), value) => matches!(value, NodeValue::Null),
                _ => true,
            },
        }
    }

    fn wrong_type(&mut self, node: &Node, schema: &'s Value) {
        let expected = describe(schema, &|schema| self.resolve_ref(schema));
        let message = format!("{} is {}, expected {expected}", self.subject(), found(node));
        let mut fault = self.fault(Code::WrongType, node, message);
        let wants = |name: &str| self.accepts(schema, name);
        fault.help = match &node.value {
            NodeValue::Number { .. } | NodeValue::Bool(_) if wants("string") => {
                Some("put it in quotes if it is meant as a text".to_owned())
            }
            NodeValue::Text(text) if wants("number") || wants("integer") => words::number_from_text(text),
            NodeValue::Number { .. } | NodeValue::Text(_) if wants("array") => {
                Some(format!("write a list, also of one entry: `[{}]`", words::plain(node)))
            }
            NodeValue::Null => Some("write a value, or remove the key".to_owned()),
            _ => None,
        };
        self.faults.push(fault);
    }

    fn word(&mut self, node: &Node, text: &str, schema: &'s Value) {
        let known = words::words(schema);
        if !known.is_empty() && !known.contains(&text) {
            self.unknown_word(node, text, &known, schema);
        }
        if schema.get("minLength").and_then(Value::as_u64).is_some_and(|min| min > 0) && text.is_empty() {
            let message = format!("{} is empty", self.subject());
            self.push(Code::OutOfRange, node, message, Some("write a name".to_owned()));
        }
    }

    fn unknown_word(&mut self, node: &Node, text: &str, known: &[&str], schema: &Value) {
        let near = nearest(text, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        if let Some(kind) = schema.get("x-plugin").and_then(Value::as_str) {
            let help = near.unwrap_or_else(|| format!("this program has {}", list_of(known, "and")));
            return self.push(Code::UnknownPlugin, node, format!("no {kind} is called `{text}`"), Some(help));
        }
        let message = format!("{} is `{text}`, expected {}", self.subject(), list_of(known, "or"));
        self.push(Code::UnknownWord, node, message, near);
    }

    fn range(&mut self, node: &Node, value: f64, schema: &Value) {
        if !value.is_finite() {
            let message = format!("{} is not a finite number", self.subject());
            let help = "a spec needs finite numbers, of at most 1.8e308; find out where this one comes from";
            return self.push(Code::NotFinite, node, message, Some(help.to_owned()));
        }
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let wrong = match (bound("minimum"), bound("maximum"), bound("exclusiveMinimum")) {
            (Some(min), Some(max), _) if value < min || value > max => {
                if min == max {
                    number(min)
                } else {
                    format!("between {} and {}", number(min), number(max))
                }
            }
            (Some(min), _, _) if value < min => format!("at least {}", number(min)),
            (_, Some(max), _) if value > max => format!("at most {}", number(max)),
            (_, _, Some(min)) if value <= min => format!("more than {}", number(min)),
            _ => return,
        };
        let message = format!("{} is {}, expected {wrong}", self.subject(), number(value));
        self.push(Code::OutOfRange, node, message, None);
    }

    fn list(&mut self, node: &Node, items: &[Node], schema: &'s Value) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let (min, max) = (bound("minItems"), bound("maxItems"));
        if min.is_some_and(|min| items.len() < min) || max.is_some_and(|max| items.len() > max) {
            let wanted = match (min, max) {
                (Some(min), Some(max)) if min == max => format!("{min}"),
                (Some(min), Some(max)) => format!("{min} to {max}"),
                (Some(min), None) => format!("at least {min}"),
                (None, max) => format!("at most {}", max.unwrap_or_default()),
            };
            let message = format!("{} has {} entries, expected {wanted}", self.subject(), items.len());
            self.push(Code::OutOfRange, node, message, None);
        }
        let prefix = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut wrong = 0;
        for (index, item) in items.iter().enumerate() {
            let Some(of_item) = prefix.get(index).or_else(|| schema.get("items")) else { continue };
            let before = self.faults.len();
            let name = self.name_of_item(item);
            self.path.push(Step { key: index.to_string(), index: true, name });
            self.value(item, of_item);
            self.path.pop();
            let is_leaf = !matches!(item.value, NodeValue::List(_) | NodeValue::Map(_));
            if self.faults.len() > before && is_leaf {
                wrong += 1;
                if wrong > PER_LIST {
                    self.faults.truncate(before);
                }
            }
        }
        if wrong > PER_LIST {
            let message = format!("{} has {} more wrong entries", self.subject(), wrong - PER_LIST);
            self.push(Code::WrongType, node, message, None);
        }
    }

    fn map(&mut self, node: &Node, entries: &[Entry], schema: &'s Value) {
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
        for entry in entries {
            let of_value = properties.and_then(|all| all.get(&entry.key));
            let of_value = of_value.or_else(|| match schema.get("additionalProperties") {
                Some(Value::Bool(_)) | None => None,
                other => other,
            });
            match of_value {
                Some(of_value) => self.member(entry, of_value),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    self.unknown_key(entry, entries, properties);
                }
                None => {}
            }
        }
        self.missing(node, schema, properties);
    }

    fn member(&mut self, entry: &Entry, schema: &'s Value) {
        self.path.push(Step { key: entry.key.clone(), index: false, name: None });
        self.value(&entry.node, schema);
        self.path.pop();
    }

    /// Faults of the keys themselves: repeated, or not text.
    fn keys(&mut self, entries: &[Entry]) {
        for (index, entry) in entries.iter().enumerate() {
            if !entry.key_is_text {
                let message = format!("{} is a key that is not text", self.subject_of(&entry.key));
                let help = format!("put it in quotes: `\"{}\"`", entry.key);
                self.push_key(Code::WrongType, entry, message, Some(help));
            }
            // Quadratic only in the size of one mapping, and only for a document that is wrong.
            if entry.key_is_text && entries[..index].iter().any(|other| other.key == entry.key) {
                let message = format!("{} is given twice", self.subject_of(&entry.key));
                self.push_key(Code::DuplicateKey, entry, message, Some("keep one of the two".to_owned()));
            }
        }
    }

    fn unknown_key(
        &mut self,
        entry: &Entry,
        entries: &[Entry],
        known: Option<&'s serde_json::Map<String, Value>>,
    ) {
        if !entry.key_is_text {
            return; // said already
        }
        let message = format!("{}unknown key `{}`", self.place(), entry.key);
        let free = || {
            let keys = known.into_iter().flatten().map(|(key, _)| key.as_str());
            keys.filter(|key| !entries.iter().any(|entry| entry.key == *key))
        };
        let all: Vec<&str> = known.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let help = match nearest(&entry.key, free()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if all.is_empty() => "no keys are possible here; remove it".to_owned(),
            None => format!("known keys are {}", list_of(&all, "and")),
        };
        self.push_key(Code::UnknownKey, entry, message, Some(help));
    }

    fn missing(
        &mut self,
        node: &Node,
        schema: &Value,
        properties: Option<&'s serde_json::Map<String, Value>>,
    ) {
        for key in words::required(schema) {
            if node.entry(key).is_some() {
                continue;
            }
            let what = properties
                .and_then(|all| all.get(key))
                .and_then(|property| {
                    property.get("description").or_else(|| self.resolve(property).get("description"))
                })
                .and_then(Value::as_str)
                .map(words::first_sentence);
            let message = format!("{}`{key}` is missing", self.place());
            let help = what.map(|what| format!("`{key}` is: {what}"));
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
                    NodeValue::Text(text) => self.unknown_word(&entry.node, text, &known, schema),
                    _ => {
                        let expected = list_of(&known, "or");
                        let message =
                            format!("{} is {}, expected {expected}", self.subject(), found(&entry.node));
                        self.push(Code::WrongType, &entry.node, message, None);
                    }
                }
                self.path.pop();
            }
            None => self.missing(node, schema, schema.get("properties").and_then(Value::as_object)),
        }
    }
}

/// Where a fault is, in words.
impl Walk<'_> {
    /// "channel `SR`", for an item of `channels` with the name SR.
    fn name_of_item(&self, item: &Node) -> Option<String> {
        let list = &self.path.last()?.key;
        let singular = list.strip_suffix('s').filter(|word| !word.is_empty())?;
        Some(format!("{singular} `{}`", item.get("name")?.text()?))
    }

    /// "modifier `jes` of sample `signal` of channel `SR`: ", or nothing outside named things.
    fn place(&self) -> String {
        let names: Vec<&str> = self.path.iter().rev().filter_map(|step| step.name.as_deref()).collect();
        if names.is_empty() { String::new() } else { format!("{}: ", names.join(" of ")) }
    }

    /// The place and, within it, the path of what is wrong.
    fn subject(&self) -> String {
        let from = self.path.iter().rposition(|step| step.name.is_some()).map_or(0, |at| at + 1);
        let mut path = String::new();
        for step in &self.path[from..] {
            match (step.index, path.is_empty()) {
                (true, _) => path += &format!("[{}]", step.key),
                (false, true) => path += &step.key,
                (false, false) => path += &format!(".{}", step.key),
            }
        }
        if path.is_empty() {
            let place = self.place();
            let place = place.trim_end_matches(": ");
            return if place.is_empty() { "the document".to_owned() } else { place.to_owned() };
        }
        format!("{}`{path}`", self.place())
    }

    fn subject_of(&self, key: &str) -> String {
        format!("{}`{key}`", self.place())
    }

    fn pointer(&self) -> String {
        pointer::from_keys(self.path.iter().map(|step| step.key.as_str()))
    }

    fn fault(&self, code: Code, node: &Node, message: String) -> Fault {
        let mut fault = Fault::new(code, self.pointer(), message);
        fault.span = node.span.clone();
        fault
    }

    fn push(&mut self, code: Code, node: &Node, message: String, help: Option<String>) {
        let mut fault = self.fault(code, node, message);
        fault.help = help;
        self.faults.push(fault);
    }

    fn push_key(&mut self, code: Code, entry: &Entry, message: String, help: Option<String>) {
        let mut fault = Fault::new(code, pointer::join(&self.pointer(), &entry.key), message).at_key();
        fault.span = entry.key_span.clone();
        fault.help = help;
        self.faults.push(fault);
    }
}
