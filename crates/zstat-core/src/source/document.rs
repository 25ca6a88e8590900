//! A document: the text of a file, what language it is in, and where its lines begin.

use std::ops::Range;
use std::sync::OnceLock;

use super::{Node, json, yaml};
use crate::diag::{Code, Diagnostic, Fault, Severity};

/// The two languages of specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// JSON: the text starts with a bracket, and what is inside is no bare word.
    Json,
    /// YAML: everything else.
    Yaml,
}

impl Syntax {
    /// The language of a text, by its first characters: `{"a": 1}` and `[1]` are JSON, `{a: 1}` and `a: 1` are YAML.
    pub fn of(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let inside = text.trim_start_matches(|c: char| "{[".contains(c) || c.is_whitespace());
        let opened = text[..text.len() - inside.len()].trim_end();
        let bare = |word: &str| inside.starts_with(word);
        let json = match opened.chars().last() {
            None => false,
            // A key of JSON has its quotes, and a faulty text is more likely to be meant as JSON.
            Some('{') => !inside.starts_with(|c: char| c.is_alphanumeric() || c == '_'),
            Some(_) => {
                !inside.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    || ["null", "true", "false", "NaN", "Infinity"].into_iter().any(bare)
            }
        };
        if json { Self::Json } else { Self::Yaml }
    }
}

/// A text with its name.
#[derive(Debug)]
pub struct Document {
    label: String,
    text: String,
    syntax: Syntax,
    /// First byte of each line; made when the first place is asked for.
    lines: OnceLock<Vec<usize>>,
    /// Characters before every so many bytes; made with `lines`.
    chars: OnceLock<Vec<usize>>,
    tree: OnceLock<Result<Node, Box<Fault>>>,
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Bytes of the text.
    pub bytes: Range<usize>,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

impl Document {
    /// A document; `label` is the name of the file as the user gave it. A byte order mark is dropped.
    pub fn new(label: impl Into<String>, mut text: String) -> Self {
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let syntax = Syntax::of(&text);
        Self {
            label: label.into(),
            text,
            syntax,
            lines: OnceLock::new(),
            chars: OnceLock::new(),
            tree: OnceLock::new(),
        }
    }

    /// A document from the bytes of a file.
    ///
    /// # Errors
    /// Where the bytes are not UTF-8, with line and column of the first wrong byte.
    pub fn from_bytes(label: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        let label = label.into();
        if matches!(bytes[..], [0, 1..=255, ..] | [1..=255, 0, ..]) {
            return Err(Box::new(not_utf8(label, &bytes, 0)));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(label, text)),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                Err(Box::new(not_utf8(label, error.as_bytes(), valid)))
            }
        }
    }

    /// The name of the file as the user gave it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The text, without byte order mark; spans count its bytes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// JSON or YAML, by the first characters.
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The text as a tree with positions; made on first use.
    ///
    /// # Errors
    /// The fault of syntax that forbids it.
    pub fn tree(&self) -> Result<&Node, Fault> {
        self.tree
            .get_or_init(|| {
                match self.syntax {
                    Syntax::Json => json::tree(&self.text),
                    Syntax::Yaml => yaml::tree(&self.text),
                }
                .map_err(Box::new)
            })
            .as_ref()
            .map_err(|fault| (**fault).clone())
    }

    /// The place of the value at `pointer` (of its key, with `at_key`); of the nearest enclosing value where it does
    /// not exist; none if the document has no tree.
    pub fn locate(&self, pointer: &str, at_key: bool) -> Option<Span> {
        let bytes = self.tree().ok()?.span_at(pointer, at_key)?;
        Some(self.span(bytes))
    }

    /// A range of bytes with its line and column. A range over several lines is cut at the end of the first, which is
    /// what one wants to see of a mapping; a range beyond the text is moved to its end.
    pub fn span(&self, bytes: Range<usize>) -> Span {
        let start = floor_boundary(&self.text, bytes.start);
        let end = floor_boundary(&self.text, bytes.end).max(start);
        let text = &self.text[start..end];
        let end = start + text.find(['\n', '\r']).unwrap_or(text.len());
        let lines = self.lines.get_or_init(|| {
            let after =
                self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(after).collect()
        });
        let line = lines.partition_point(|&first| first <= start);
        let line_start = lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.chars_before(start) - self.chars_before(line_start) + 1;
        Span { bytes: start..end, line, column }
    }

    /// Characters before the byte `at`. A line may be the whole file, and asked for many places: counted from the nearest
    /// of the points that were counted once.
    fn chars_before(&self, at: usize) -> usize {
        const STEP: usize = 1 << 12;
        let is_first = |byte: &u8| (*byte as i8) >= -0x40;
        let counted = self.chars.get_or_init(|| {
            let mut chars = 0;
            let steps = self.text.as_bytes().chunks(STEP).map(|step| {
                let before = chars;
                chars += step.iter().filter(|byte| is_first(byte)).count();
                before
            });
            steps.collect()
        });
        let step = (at / STEP).min(counted.len().saturating_sub(1));
        let rest = &self.text.as_bytes()[step * STEP..at];
        counted.get(step).copied().unwrap_or(0) + rest.iter().filter(|byte| is_first(byte)).count()
    }

    /// Byte at which `line` (from 1) has its character `column` (from 1); the end of the line or text if beyond.
    pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
        let mut start = 0;
        for _ in 1..line {
            match text[start..].find('\n') {
                Some(at) => start += at + 1,
                None => return text.len(),
            }
        }
        let rest = &text[start..];
        let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
        start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
    }
}

/// The last character boundary at or before `at`.
pub(super) fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn not_utf8(label: String, bytes: &[u8], valid: usize) -> Diagnostic {
    let before = String::from_utf8_lossy(&bytes[..valid]);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let (message, help) = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=255, ..] | [1..=255, 0, ..] => {
            ("the file is UTF-16".to_owned(), "save it as UTF-8")
        }
        [0x1f, 0x8b, ..] => ("the file is compressed with gzip".to_owned(), "unpack it first: gunzip FILE"),
        [b'P', b'K', 3, 4, ..] => ("the file is a zip archive".to_owned(), "unpack it first: unzip FILE"),
        [b'r', b'o', b'o', b't', 0, ..] => {
            ("the file is a ROOT file".to_owned(), "give the workspace as YAML or JSON")
        }
        _ => (
            format!("byte 0x{:02x} at offset {valid} is not UTF-8 text", bytes.get(valid).unwrap_or(&0)),
            "save the file as UTF-8",
        ),
    };
    Diagnostic {
        severity: Severity::Error,
        code: Code::NotUtf8,
        file: label,
        line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        path: String::new(),
        message,
        help: Some(help.to_owned()),
        bytes: 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_is_told_by_the_first_character() {
        let syntax = |text: &str| Document::new("f", text.to_owned()).syntax();
        assert_eq!(syntax("\u{feff} \n {}"), Syntax::Json);
        assert_eq!(syntax("[1]"), Syntax::Json);
        assert_eq!(syntax("[{\"name\": \"SR\"}]"), Syntax::Json);
        assert_eq!(syntax("[[null]]"), Syntax::Json);
        assert_eq!(syntax("{"), Syntax::Json);
        assert_eq!(syntax("{SR: [1]}"), Syntax::Yaml);
        assert_eq!(syntax("[ {name: SR}]"), Syntax::Yaml);
        assert_eq!(syntax("{'SR': [1]}"), Syntax::Json, "as a program prints it that meant JSON");
        assert_eq!(syntax("a: {}"), Syntax::Yaml);
        assert_eq!(syntax(""), Syntax::Yaml);
    }

    #[test]
    fn lines_and_columns_count_characters() {
        let document = Document::new("f", "é: 1\r\nab: [1,\n 2]\n".to_owned());
        let span = document.span(11..17);
        assert_eq!((span.line, span.column, span.bytes), (2, 5, 11..14));
        assert_eq!(document.span(3..4).column, 3);
        assert_eq!(document.span(900..901).line, 4);
        assert_eq!(Document::offset(document.text(), 2, 5), 11);
        assert_eq!(Document::offset(document.text(), 9, 1), document.text().len());
    }

    #[test]
    fn columns_of_a_long_line_count_characters() {
        let document = Document::new("f", format!("a\n{}x", "é".repeat(10_000)));
        assert_eq!((document.span(20_002..20_003).line, document.span(20_002..20_003).column), (2, 10_001));
        assert_eq!(document.span(8194..8196).column, 4097);
    }

    #[test]
    fn bytes_that_are_no_text_are_located() {
        let error = Document::from_bytes("f", b"name: a\nx: \xff\n".to_vec()).expect_err("a fault");
        assert_eq!((error.line, error.column, error.code), (2, 4, Code::NotUtf8));
        assert!(error.message.contains("0xff at offset 11"), "{error:?}");
        let utf16 = Document::from_bytes("f", vec![0xff, 0xfe, b'a', 0]).expect_err("a fault");
        assert!(utf16.message.contains("UTF-16"));
    }
}
