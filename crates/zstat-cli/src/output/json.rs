//! JSON out: one document, indented, numbers that read back as the same bits.

use serde_json::Value;

/// The document with a final newline. Lists of plain values stand on one line, so that a covariance is readable.
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    put(value, 0, &mut out);
    out.push('\n');
    out
}

fn put(value: &Value, indent: usize, out: &mut String) {
    let newline = |out: &mut String, indent: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(indent));
    };
    match value {
        Value::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                newline(out, indent + 1);
                put(item, indent + 1, out);
            }
            newline(out, indent);
            out.push(']');
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            out.push_str(&format!("[{}]", items.join(", ")));
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                newline(out, indent + 1);
                out.push_str(&format!("{}: ", Value::from(key.as_str())));
                put(item, indent + 1, out);
            }
            newline(out, indent);
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

/// Collects what could not be written as a JSON number: such numbers become `null`, and a warning says why.
#[derive(Debug, Default)]
pub struct Finite {
    /// One line a number.
    pub warnings: Vec<String>,
}

impl Finite {
    /// The number, or none with a warning that names it.
    pub fn number(&mut self, value: f64, what: impl FnOnce() -> String) -> Option<f64> {
        if value.is_finite() {
            return Some(value);
        }
        self.warnings.push(format!("{} is {value}: null in JSON, empty in CSV", what()));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_lists_stand_on_one_line_and_numbers_keep_their_bits() {
        let value = json!({"b": [1.0, 0.1, 1e-300], "a": [[1.5], []], "c": {}, "d": "ü\"\n"});
        let text = document(&value);
        assert!(text.contains("\"b\": [1.0, 0.1, 1e-300]"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn numbers_that_are_not_finite_are_explained() {
        let mut finite = Finite::default();
        assert_eq!(finite.number(f64::NAN, || "edm".to_owned()), None);
        assert_eq!(finite.number(1.0, || unreachable!()), Some(1.0));
        assert_eq!(finite.warnings, ["edm is NaN: null in JSON, empty in CSV"]);
    }
}
