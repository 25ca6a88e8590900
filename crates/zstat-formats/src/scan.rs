//! A scanner over the top level of a text, for [`crate::kind`]: keys and shapes, values skipped without parsing.
//!
//! Lenient on purpose: a broken text yields what was seen up to the break.

use crate::kind::Evidence;

/// The outer form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Map,
    List,
    Scalar,
}

/// What the top level of a JSON text shows. `quick` stops at the first modifier that decides between the layouts.
pub(crate) fn json_evidence(text: &str, quick: bool) -> Evidence<'_> {
    let mut scanner = Scanner { text, at: 0 };
    let mut evidence = Evidence::default();
    if scanner.peek() == Some(b'[') {
        scanner.at += 1;
        evidence.list = Some(match scanner.peek() {
            Some(b'{') => scanner.keys(),
            Some(b']') | None => vec![],
            Some(_) => vec!["not a mapping"],
        });
    } else {
        scanner.top_level(&mut evidence, quick);
    }
    evidence
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The next byte that is not white space, not consumed.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Consumes `byte` if it is next.
    fn eat(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    fn shape(&mut self) -> Option<Shape> {
        Some(match self.peek()? {
            b'{' => Shape::Map,
            b'[' => Shape::List,
            _ => Shape::Scalar,
        })
    }

    /// The inside of a string, escapes left as they are; consumed.
    fn string(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        if !self.eat(b'"') {
            return None;
        }
        let start = self.at;
        loop {
            match bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at - 1)
    }

    /// `"key":` of a mapping; none at its end or where the text is broken.
    fn key(&mut self) -> Option<&'a str> {
        self.eat(b',');
        let key = self.string()?;
        self.eat(b':').then_some(key)
    }

    /// Skips one value: to the byte after it, or to the end of the text.
    fn skip(&mut self) {
        let bytes = self.text.as_bytes();
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    if self.string().is_none() {
                        self.at = bytes.len();
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    if depth == 0 {
                        return;
                    }
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                _ => {
                    let rest = &bytes[self.at..];
                    let end = rest
                        .iter()
                        .position(|b| matches!(b, b',' | b']' | b'}' | b'"' | b'{' | b'[' | b' ' | b'\n'));
                    self.at += end.unwrap_or(rest.len()).max(1);
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// The keys of the mapping that is next.
    fn keys(&mut self) -> Vec<&'a str> {
        let mut keys = vec![];
        if self.eat(b'{') {
            while let Some(key) = self.key() {
                keys.push(key);
                self.skip();
            }
        }
        keys
    }

    fn top_level(&mut self, evidence: &mut Evidence<'a>, quick: bool) {
        if !self.eat(b'{') {
            return;
        }
        while let Some(key) = self.key() {
            let Some(shape) = self.shape() else { return };
            evidence.keys.push((key, shape));
            if key == "channels" && shape == Shape::List {
                let start = self.at;
                evidence.modifier_data = self.first_modifier(&["samples", "modifiers"]);
                if quick && evidence.modifier_data == Some(true) {
                    evidence.keys.push(("version", Shape::Scalar));
                    return;
                }
                self.at = start;
            }
            self.skip();
            self.eat(b'}');
        }
    }

    /// Looks into the list that is next for the first mapping below the keys `path`: whether it has `data`.
    fn first_modifier(&mut self, path: &[&str]) -> Option<bool> {
        if !self.eat(b'[') {
            return None;
        }
        while self.peek() == Some(b'{') {
            let Some((next, deeper)) = path.split_first() else {
                return Some(self.has_data());
            };
            self.at += 1;
            while let Some(key) = self.key() {
                let start = self.at;
                if key == *next {
                    let found = self.first_modifier(deeper);
                    if found.is_some() {
                        return found;
                    }
                    self.at = start;
                }
                self.skip();
            }
            self.eat(b'}');
            self.eat(b',');
        }
        None
    }

    /// Whether the mapping that is next has the key `data`; stops there, the text behind it need not be sound.
    fn has_data(&mut self) -> bool {
        self.eat(b'{');
        while let Some(key) = self.key() {
            if key == "data" {
                return true;
            }
            self.skip();
        }
        false
    }
}

/// What the first column of a YAML text shows.
pub(crate) fn yaml_evidence(text: &str) -> Evidence<'_> {
    let mut evidence = Evidence::default();
    let mut lines = text.lines().filter(|line| !is_blank(line)).peekable();
    while let Some(line) = lines.next() {
        if evidence.keys.is_empty() && (line == "-" || line.starts_with("- ")) {
            let item = line[1..].trim_start();
            let keys: Vec<&str> = match item.strip_prefix('{') {
                // In braces all may stand on one line.
                Some(inside) => {
                    inside.split(',').filter_map(|entry| entry.split_once(':')).map(|(key, _)| key).collect()
                }
                None => item.split([':', ' ']).next().into_iter().collect(),
            };
            evidence.list = Some(keys.into_iter().map(|key| unquoted(key.trim())).collect());
            return evidence;
        }
        let Some((key, value)) = top_level_entry(line) else { continue };
        let next = lines.peek().copied().unwrap_or_default();
        evidence.keys.push((key, yaml_shape(value, next)));
    }
    if evidence.keys.is_empty() && text.lines().any(|line| !is_blank(line)) {
        evidence.keys.push(("", Shape::Scalar));
    }
    evidence
}

fn is_blank(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#') || line.starts_with("---") || line.starts_with('%')
}

fn top_level_entry(line: &str) -> Option<(&str, &str)> {
    if line.starts_with([' ', '\t', '-', '#', '}', ']']) {
        return None;
    }
    let (key, value) = line.split_once(':')?;
    Some((unquoted(key.trim_end()), value.split(" #").next().unwrap_or_default().trim()))
}

fn unquoted(key: &str) -> &str {
    let inside = |quote| key.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(key)
}

/// The shape of a value that begins with `value` on the line of its key, or else on the next line.
fn yaml_shape(value: &str, next: &str) -> Shape {
    match value.as_bytes().first() {
        Some(b'[') => Shape::List,
        Some(b'{') => Shape::Map,
        Some(b'&' | b'!') | None if next.trim_start().starts_with("- ") => Shape::List,
        Some(b'&' | b'!') | None if next.starts_with(' ') => Shape::Map,
        _ => Shape::Scalar,
    }
}
