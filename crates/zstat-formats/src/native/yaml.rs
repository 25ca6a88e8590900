//! YAML that people can read: short lists and mappings on one line, everything else as blocks.
//!
//! In: anything serialisable. Out: YAML 1.2 text that YAML 1.1 readers understand in the same way. No general YAML
//! writer that was tried lets the layout follow the content, and block lists of numbers are unreadable.

use std::fmt::Write;

use serde::Serialize;
use serde_yaml::{Mapping, Number, Value};

use super::scalar::scalar_text;

/// Longest line with more than one list item on it, in characters.
const WIDTH: usize = 110;

/// `value` as YAML. Numbers are the shortest that read back to the same bits.
///
/// # Errors
/// Where `value` cannot be serialised at all.
pub fn to_yaml<T: Serialize>(value: &T) -> Result<String, serde_yaml::Error> {
    let mut writer = Writer { out: String::new() };
    // Variants of enums as `{normal: …}`, not as `!normal …`.
    let tree = serde_yaml::with::singleton_map_recursive::serialize(value, serde_yaml::value::Serializer)?;
    match tree {
        Value::Mapping(map) if !map.is_empty() => writer.mapping(&map, 0, false),
        Value::Sequence(items) if !items.is_empty() => writer.block_list(&items, 0),
        other => {
            writer.out.push_str(&inline(&other));
            writer.out.push('\n');
        }
    }
    Ok(writer.out)
}

struct Writer {
    out: String,
}

impl Writer {
    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n(' ', depth));
    }

    /// The entries of a mapping, each beginning a line at column `depth`; the first one continues a line if `started`.
    fn mapping(&mut self, map: &Mapping, depth: usize, started: bool) {
        for (i, (key, value)) in map.iter().enumerate() {
            if i > 0 || !started {
                self.indent(depth);
            }
            let key = inline(key);
            if key.len() > LONGEST_SIMPLE_KEY {
                let _ = write!(self.out, "? {key}\n{:depth$}:", "");
            } else {
                let _ = write!(self.out, "{key}:");
            }
            self.entry_value(value, depth);
        }
    }

    /// A value after `key:` at column `depth`.
    fn entry_value(&mut self, value: &Value, depth: usize) {
        let used = self.column() + 1;
        match value {
            Value::Mapping(map) if !map.is_empty() && !fits(value, used) => {
                self.out.push('\n');
                self.mapping(map, depth + 2, false);
            }
            Value::Sequence(items) if is_scalar_list(items) && !fits(value, used) => {
                self.out.push(' ');
                self.wrapped_list(items, depth + 2);
            }
            Value::Sequence(items) if !items.is_empty() && !fits(value, used) => {
                self.out.push('\n');
                self.block_list(items, depth + 2);
            }
            _ => {
                let _ = writeln!(self.out, " {}", inline(value));
            }
        }
    }

    fn block_list(&mut self, items: &[Value], depth: usize) {
        for item in items {
            self.indent(depth);
            self.out.push_str("- ");
            match item {
                Value::Mapping(map) if !map.is_empty() && !fits(item, depth + 2) => {
                    self.mapping(map, depth + 2, true);
                }
                Value::Sequence(inner) if is_scalar_list(inner) => self.wrapped_list(inner, depth + 2),
                _ => {
                    let _ = writeln!(self.out, "{}", inline(item));
                }
            }
        }
    }

    /// A list of scalars in brackets, broken into lines of at most `WIDTH` that begin at column `depth`.
    fn wrapped_list(&mut self, items: &[Value], depth: usize) {
        let mut column = self.column() + 1;
        self.out.push('[');
        for (i, item) in items.iter().enumerate() {
            let text = inline(item);
            let length = text.chars().count() + 1;
            if i > 0 {
                self.out.push(',');
                if column + 1 + length > WIDTH {
                    self.out.push('\n');
                    self.indent(depth);
                    column = depth;
                } else {
                    self.out.push(' ');
                    column += 1;
                }
            }
            self.out.push_str(&text);
            column += length;
        }
        self.out.push_str("]\n");
    }

    /// Characters on the last line so far.
    fn column(&self) -> usize {
        let line = self.out.rfind('\n').map_or(0, |at| at + 1);
        self.out[line..].chars().count()
    }
}

/// YAML readers need not accept a longer key without the `?` mark.
const LONGEST_SIMPLE_KEY: usize = 1000;

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Mapping(_) | Value::Sequence(_) | Value::Tagged(_))
}

fn is_scalar_list(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(is_scalar)
}

/// A value that reads well on one line: scalars, lists of such, mappings without mappings of several entries inside.
fn is_simple(value: &Value) -> bool {
    let single = |value: &Value| match value {
        Value::Mapping(map) => map.len() <= 1 && map.values().all(is_simple),
        Value::Sequence(items) => items.iter().all(is_simple) && !items.iter().any(Value::is_mapping),
        _ => true,
    };
    match value {
        Value::Mapping(map) => map.values().all(single),
        Value::Sequence(items) => items.iter().all(single),
        _ => true,
    }
}

/// Whether a simple value can follow on a line of which `used` characters are taken.
fn fits(value: &Value, used: usize) -> bool {
    is_simple(value) && used + inline(value).chars().count() <= WIDTH && !has_long_key(value)
}

fn has_long_key(value: &Value) -> bool {
    match value {
        Value::Mapping(map) => {
            map.iter().any(|(k, v)| inline(k).len() > LONGEST_SIMPLE_KEY || has_long_key(v))
        }
        Value::Sequence(items) => items.iter().any(has_long_key),
        _ => false,
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number_text(number),
        Value::String(text) => scalar_text(text),
        Value::Sequence(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Mapping(map) => {
            let entries: Vec<_> =
                map.iter().map(|(key, value)| format!("{}: {}", inline(key), inline(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Tagged(tagged) => format!("{} {}", tagged.tag, inline(&tagged.value)),
    }
}

/// Shortest digits; whole numbers without a point, exponents in the form that YAML 1.1 also takes for a float.
fn number_text(number: &Number) -> String {
    let Some(value) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    if value.is_nan() {
        ".nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else if value == 0.0 && value.is_sign_negative() {
        "-0.0".to_owned()
    } else if value == 0.0 || (1e-4..1e15).contains(&value.abs()) {
        value.to_string()
    } else {
        let scientific = format!("{value:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let point = if digits.contains('.') { "" } else { ".0" };
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        format!("{digits}{point}e{sign}{exponent}")
    }
}
