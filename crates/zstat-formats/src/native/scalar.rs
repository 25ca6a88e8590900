//! Strings as YAML scalars: plain where no reader can take them for anything else, in double quotes otherwise.

use std::fmt::Write;

/// `text` as a scalar that means this text in block and flow context, as a key and as a value, in YAML 1.1 and 1.2.
pub(crate) fn scalar_text(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let word = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+' | '(' | ')' | '^' | '$' | '=')
    };
    let starts_well = text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '/'));
    let inside = text.chars().all(|c| c == ' ' || word(c));
    let spaces = text.ends_with(' ') || text.contains("  ");
    starts_well && inside && !spaces && text.len() <= 200 && !means_something(text)
}

/// Words that some YAML reader takes for a boolean, a null or a number.
fn means_something(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let lower = text.to_lowercase();
    WORDS.contains(&lower.as_str()) || text.parse::<f64>().is_ok()
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

/// Characters that may stand in a quoted scalar as they are: YAML 1.2, production `c-printable`, without line breaks
/// and the byte order mark.
fn is_printable(c: char) -> bool {
    matches!(u32::from(c), 0x20..=0x7e | 0xa0..=0x2027 | 0x202a..=0xd7ff | 0xe000..=0xfefe | 0xff00..=0xfffd | 0x1_0000..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_words_are_quoted() {
        for plain in ["mu", "mc_stat_SR", "a/b c", "Größe", "x-y.z", "gamma(1)"] {
            assert_eq!(scalar_text(plain), plain);
        }
        for quoted in [
            "", " a", "a ", "1", "-1", "1e5", "no", "Null", "nan", "inf", "a: b", "#a", "[0]", "a[0]", "~",
            "a, b",
        ] {
            assert_eq!(scalar_text(quoted), format!("\"{quoted}\""));
        }
        assert_eq!(scalar_text("a\u{85}\n\\\u{feff}\u{1f600}"), "\"a\\x85\\n\\\\\\ufeff\u{1f600}\"");
    }
}
