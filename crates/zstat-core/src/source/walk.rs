//! A tree against a JSON Schema: every difference as a fault in words.
//!
//! Understands what our schemas use (`$ref`, `type`, `const`, `enum`, `anyOf`, `oneOf`, `properties`, `required`,
//! `additionalProperties`, `items`, `prefixItems`, lengths, ranges, `allOf` of `if`/`then`) and lets the rest pass: the
//! typed reading has already failed, this only explains why.

mod advice;
mod choose;
mod mapping;
mod mend;
mod place;
mod words;

use serde_json::Value;

use super::{Node, NodeValue, pointer};
use crate::diag::{Code, Fault, Mend};
use crate::text::{list_of, nearest, number};
use words::describe;
pub(in crate::source) use words::found;

/// The largest whole number that is kept as one, but for rounding.
const MOST_WHOLE: f64 = u64::MAX as f64;
/// Wrong entries of one list that are reported one by one.
const PER_LIST: usize = 3;
/// Wrong entries of one list that are mended.
const MENDED_PER_LIST: usize = 1000;

/// Every difference between `node`, which stands at `pointer` of its document, and `schema`.
pub fn walk(node: &Node, schema: &Value, pointer: &str) -> Vec<Fault> {
    let mut faults = faults(node, schema, pointer, false);
    // One aliased value that is wrong is wrong at every use of it: said once.
    let mut seen = std::collections::HashSet::new();
    faults.retain(|fault| match &fault.span {
        Some(span) => seen.insert((span.start, span.end, fault.code, fault.message.clone())),
        None => true,
    });
    faults
}

/// The same of a whole document, for mending it: each fault with what mends it, at every use of an aliased value, and all
/// entries of a list.
pub(in crate::source) fn walk_to_mend(root: &Node, schema: &Value) -> Vec<Fault> {
    faults(root, schema, "", true)
}

fn faults(node: &Node, schema: &Value, pointer: &str, mending: bool) -> Vec<Fault> {
    let is_index = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let path = pointer::keys(pointer)
        .map(|key| Step { index: is_index(&key), key: key.into_owned(), name: None })
        .collect();
    let mut walk = Walk { root: schema, faults: Vec::new(), path, infinite: false, mending };
    walk.value(node, schema);
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

struct Walk<'s> {
    root: &'s Value,
    faults: Vec<Fault>,
    path: Vec<Step>,
    /// Infinite numbers are allowed here (`x-infinite` in the schema): bounds of parameters.
    infinite: bool,
    /// Faults get what mends them.
    mending: bool,
}

impl<'s> Walk<'s> {
    fn value(&mut self, node: &Node, schema: &'s Value) {
        if !self.infinite && schema.get("x-infinite").is_some() {
            self.infinite = true;
            self.value(node, schema);
            self.infinite = false;
            return;
        }
        if schema.get("x-finite").is_some() {
            return self.finite(node, schema);
        }
        let written = schema;
        let schema = self.resolve(schema);
        if let Some(branches) = words::choices(schema) {
            return self.choose(node, schema, branches, written);
        }
        if !self.has_type(node, schema) {
            return self.wrong_type(node, schema, written);
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
        let fits = |name: &str| {
            matches!(
                (&node.value, name),
                (NodeValue::Null, "null")
                    | (NodeValue::Bool(_), "boolean")
                    | (NodeValue::Number { .. }, "number")
                    | (NodeValue::Number { integer: true, .. }, "integer")
                    | (NodeValue::Text(_), "string")
                    | (NodeValue::List(_), "array")
                    | (NodeValue::Map(_), "object")
            )
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

    /// `written` is the schema before its reference was followed: it may carry the description of this very place.
    fn wrong_type(&mut self, node: &Node, schema: &'s Value, written: &'s Value) {
        let expected = describe(schema, &|schema| self.resolve(schema));
        let is_too_large = |value: f64| value.fract() == 0.0 && value.abs() >= MOST_WHOLE;
        let most = match node.value {
            // Beyond what is kept as a whole number.
            NodeValue::Number { value, integer: false }
                if expected == "a whole number" && is_too_large(value) =>
            {
                format!(" of at most {}", u64::MAX)
            }
            _ => String::new(),
        };
        let message = format!("{} {}, expected {expected}{most}", self.subject(), found(node));
        let mut fault = self.fault(Code::WrongType, node, message);
        let advice = self.wrong_type_advice(node, schema);
        let meaning = self.meaning(written);
        fault.help = match (advice, meaning) {
            (Some(advice), _) => Some(advice),
            (None, meaning) => meaning,
        };
        self.faults.push(fault);
        self.mend(|walk| walk.mend_of_type(node, schema));
    }

    /// "`lo` is: factor at α = −1", from the description of the place where the walk is.
    fn meaning(&self, written: &'s Value) -> Option<String> {
        let key = self.path.last().filter(|step| !step.index).map(|step| step.key.as_str())?;
        let description = written.get("description").or_else(|| self.resolve(written).get("description"))?;
        Some(format!("`{key}` is: {}", words::first_sentence(description.as_str()?)))
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

    fn unknown_word(&mut self, node: &Node, text: &str, known: &[&str], schema: &'s Value) {
        let near = advice::synonym(text, known).or_else(|| nearest(text, known.iter().copied()));
        let near = near.map(|near| format!("did you mean `{near}`?"));
        if let Some(kind) = schema.get("x-plugin").and_then(Value::as_str) {
            let (help, sign) = match near {
                Some(near) => (near, ""),
                None => (format!("this program has {}", list_of(known, "and")), ";"),
            };
            let help = format!("{help}{sign} {}", crate::plugin::HOW_TO_LINK);
            self.push(Code::UnknownPlugin, node, format!("no {kind} is called `{text}`"), Some(help));
        } else {
            let message = format!("{} is `{text}`, expected {}", self.subject(), list_of(known, "or"));
            self.push(Code::UnknownWord, node, message, near);
        }
        self.mend(|walk| walk.mend_of_word(text, known, schema));
    }

    fn range(&mut self, node: &Node, value: f64, schema: &'s Value) {
        if self.infinite && value.is_infinite() {
            return;
        }
        if !value.is_finite() {
            return self.not_finite(node, value, schema);
        }
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        // schemars gives unsigned numbers a least value, and the greatest only by the name of the format.
        let of_format = match schema.get("format").and_then(Value::as_str) {
            Some("uint8") => Some(f64::from(u8::MAX)),
            Some("uint16") => Some(f64::from(u16::MAX)),
            Some("uint32") => Some(f64::from(u32::MAX)),
            _ => None,
        };
        let wrong = match (bound("minimum"), bound("maximum"), bound("exclusiveMinimum")) {
            (Some(min), Some(max), _) if min == max && value != min => number(min),
            (Some(min), Some(max), _) if value < min || value > max => {
                format!("between {} and {}", number(min), number(max))
            }
            (Some(min), ..) if value < min => format!("at least {}", number(min)),
            (_, Some(max), _) if value > max => format!("at most {}", number(max)),
            (.., Some(min)) if value <= min => format!("more than {}", number(min)),
            (_, None, _) if of_format.is_some_and(|max| value > max) => "a smaller number".to_owned(),
            _ => return,
        };
        let message = format!("{} is {}, expected {wrong}", self.subject(), number(value));
        self.push(Code::OutOfRange, node, message, None);
        self.mend(|walk| walk.number_for(schema).map(Mend::StandIn));
    }

    fn not_finite(&mut self, node: &Node, value: f64, schema: &'s Value) {
        let what = if value.is_nan() { "is not a number (NaN)" } else { "is infinite, or beyond 1.8e308" };
        let message = format!("{} {what}, expected a finite number", self.subject());
        let help = "find out where it comes from: an empty histogram, a division by zero?";
        self.push(Code::NotFinite, node, message, Some(help.to_owned()));
        self.mend(|walk| walk.number_for(schema).map(Mend::StandIn));
    }

    /// A value of which nothing is known but that its keys are there once and its numbers finite (`x-finite` in the schema): sections
    /// that others read.
    fn finite(&mut self, node: &Node, schema: &'s Value) {
        let steps: Vec<(String, bool, &Node)> = match &node.value {
            NodeValue::Number { value, .. } if !value.is_finite() => {
                return self.not_finite(node, *value, schema);
            }
            NodeValue::List(items) => {
                items.iter().enumerate().map(|(index, item)| (index.to_string(), true, item)).collect()
            }
            NodeValue::Map(entries) => {
                self.keys(entries);
                entries.iter().map(|entry| (entry.key.clone(), false, &entry.node)).collect()
            }
            _ => return,
        };
        for (key, index, below) in steps {
            self.path.push(Step { key, index, name: None });
            self.finite(below, schema);
            self.path.pop();
        }
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
            self.mend(Self::removal);
        }
        let prefix = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if let Some(help) = self.brackets_missing(items, schema) {
            let expected = describe(schema, &|schema| self.resolve(schema));
            let message = format!("{} is a list of numbers, expected {expected}", self.subject());
            self.push(Code::WrongType, node, message, Some(help));
            return self.mend(Self::removal);
        }
        let most = if self.mending { MENDED_PER_LIST } else { PER_LIST };
        let mut wrong = 0;
        let mut first_hidden = None;
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
                if wrong > most {
                    self.faults.truncate(before);
                    first_hidden = first_hidden.or(Some(item));
                }
            }
        }
        if let Some(item) = first_hidden {
            let hidden = wrong - most;
            let entries = if hidden == 1 { "entry" } else { "entries" };
            let message = format!("{} has {hidden} more wrong {entries}, from here on", self.subject());
            self.push(Code::WrongType, item, message, None);
        }
    }
}
