//! JSON exactly as Python's `json.dumps(value, sort_keys=True, ensure_ascii=False)` writes it.
//!
//! pyhf's digests are taken over these bytes, so every space counts. Source: Python's documentation of `json` and
//! `float.__repr__` (shortest digits that round-trip; exponent notation below 1e-4 and from 1e16 on), checked against
//! Python 3.11. Two texts that Python tells apart and `serde_json` does not: the integer `-0`, and integers
//! beyond 64 bits.

use std::fmt::Write;

use md5::{Digest, Md5};
use serde_json::{Number, Value};
use sha2::Sha256;

/// The digest of `value` as pyhf computes it, in lower-case hexadecimals; none for an algorithm other than `sha256`
/// and `md5`.
pub fn pyhf_digest(value: &Value, algorithm: &str) -> Option<String> {
    let text = dumps(value);
    match algorithm {
        "sha256" => Some(hex(&Sha256::digest(text))),
        "md5" => Some(hex(&Md5::digest(text))),
        _ => None,
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The text that Python writes.
pub fn dumps(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|&(key, _)| key);
            out.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                write_string(key, out);
                out.push_str(": ");
                write_value(value, out);
            }
            out.push('}');
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write_number(number: &Number, out: &mut String) {
    match number.as_f64() {
        Some(value) if number.is_f64() => write_float(value, out),
        _ => {
            let _ = write!(out, "{number}");
        }
    }
}

/// `repr` of a finite Python float.
fn write_float(value: f64, out: &mut String) {
    let scientific = shortest_digits(value);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if !(-4..16).contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        let _ = write!(out, "{digits}e{sign}{:02}", power.abs());
        return;
    }
    out.push_str(if digits.starts_with('-') { "-" } else { "" });
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    match usize::try_from(power) {
        Ok(power) => {
            let (whole, rest) = digits.split_at(digits.len().min(power + 1));
            let zeros = "0".repeat((power + 1).saturating_sub(digits.len()));
            let _ = write!(out, "{whole}{zeros}.{}", if rest.is_empty() { "0" } else { rest });
        }
        Err(_) => {
            let zeros = "0".repeat(usize::try_from(-1 - power).unwrap_or(0));
            let _ = write!(out, "0.{zeros}{digits}");
        }
    }
}

/// The shortest digits that read back to `value`, in scientific notation. Where two decimals of that length are equally
/// near, Python takes the even one and Rust the upper one.
fn shortest_digits(value: f64) -> String {
    let shortest = format!("{value:e}");
    let digits = shortest.split('e').next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    let nearest_even = format!("{value:.*e}", digits.saturating_sub(1));
    if nearest_even.parse() == Ok(value) { nearest_even } else { shortest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_pythons() {
        // Each pair from Python 3.11: repr(float(text)).
        let cases = [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (0.000_123, "0.000123"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.234_567_890_123_456_7e22, "1.2345678901234568e+22"),
            // Halfway between two decimals of 16 digits: 66905 / 2^17 is 0.51044464111328125.
            (66_905.0 / 131_072.0, "0.5104446411132812"),
            (-123.25, "-123.25"),
            (0.001_5, "0.0015"),
            (5e-324, "5e-324"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
        ];
        for (value, text) in cases {
            let mut out = String::new();
            write_float(value, &mut out);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn digests_of_the_documented_example() {
        // The example in the documentation of `pyhf.utils.digest`.
        let value = serde_json::json!({"c": 1.0, "a": 2.0, "b": 3.0});
        assert_eq!(dumps(&value), r#"{"a": 2.0, "b": 3.0, "c": 1.0}"#);
        let sha256 = "a38f6093800189b79bc22ef677baf90c75705af2cfc7ff594159eca54eaa7928";
        assert_eq!(pyhf_digest(&value, "sha256").as_deref(), Some(sha256));
        assert_eq!(pyhf_digest(&value, "md5").as_deref(), Some("2c0633f242928eb55c3672fed5ba8612"));
        assert_eq!(pyhf_digest(&value, "sha1"), None);
    }

    #[test]
    fn strings_keep_everything_but_control_characters() {
        let value =
            serde_json::json!(["é/\u{7f}\u{1}\n\"\\", 3, -2, 18_446_744_073_709_551_615_u64, true, null]);
        let text = "[\"é/\u{7f}\\u0001\\n\\\"\\\\\", 3, -2, 18446744073709551615, true, null]";
        assert_eq!(dumps(&value), text);
    }
}
