//! Faults and warnings as people see them: on standard error, with an excerpt of the source and a caret.
//!
//! Every message about a document contains `FILE:LINE:COLUMN`. An excerpt is one or two lines; the renderer cuts long
//! ones around the mark (a pyhf workspace may well be one line of megabytes).

use std::borrow::Borrow;
use std::io::Write;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use zstat_core::diag::{Diagnostic, Severity};
use zstat_core::source::Document;
use zstat_core::text::shortened;

use crate::failure::{Failure, OptionFault, Place};

/// A line longer than this is not shown for context.
const LONG: usize = 140;
/// Of a line with more bytes than this only a part around the mark is handed to the renderer, which looks at all of it.
const HUGE: usize = 100_000;
/// Bytes of that part.
const WINDOW: usize = 2000;
/// More diagnostics than this are counted and not printed.
const PRINTED: usize = 100;
/// Characters of a message; names from the file stand in it, and may be of any length.
const MESSAGE: usize = 500;
/// Characters of a line of help; it may list names.
const HELP: usize = 3000;

/// Tells on standard error why a command failed.
pub fn failure(failure: &Failure) {
    match failure {
        Failure::Spec(spec) => {
            diagnostics(&spec.documents, &spec.diagnostics);
            let (errors, warnings) = spec.counts();
            eprint(&format!("{}\n", summary(spec.faulty_file(), errors, warnings)));
        }
        Failure::Options(faults) => options(faults),
        Failure::NoMember { reasons, .. } => message(&failure.to_string(), reasons),
        other => message(&other.to_string(), &[]),
    }
}

/// "SPEC: 3 errors, 1 warning"
pub fn summary(name: &str, errors: usize, warnings: usize) -> String {
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!("{name}: {}, {}", count(errors, "error"), count(warnings, "warning"))
}

/// Prints a warning line on standard error.
pub fn warning(text: &str) {
    let group = Group::with_title(Level::WARNING.primary_title(text));
    eprint(&format!("{}\n", Renderer::styled().render(&[group])));
}

/// Prints a remark on standard error.
pub fn note(text: &str) {
    let group = Group::with_title(Level::NOTE.primary_title(text));
    eprint(&format!("{}\n", Renderer::styled().render(&[group])));
}

/// Prints diagnostics on standard error, in the order given; of very many only the first, and how many there are more.
pub fn diagnostics<'a>(
    documents: &[impl Borrow<Document>],
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
) {
    let mut rest = diagnostics.into_iter();
    for item in rest.by_ref().take(PRINTED) {
        eprint(&format!("{}\n\n", diagnostic(documents, item)));
    }
    let more = rest.count();
    if more > 0 {
        note(&format!("{more} more are not shown; `zstat validate --format json` lists all"));
    }
}

/// One diagnostic as it is printed: with its excerpt from one of `documents`, and colours.
pub fn diagnostic(documents: &[impl Borrow<Document>], diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = shortened(&diagnostic.message, MESSAGE);
    let mut group = Group::with_title(level.primary_title(&*title).id(diagnostic.code.id()));
    let place =
        || Origin::path(diagnostic.file.as_str()).line(diagnostic.line).char_column(diagnostic.column);
    let file = diagnostic.file.as_str();
    let document = documents.iter().map(Borrow::borrow).find(|document| document.label() == file);
    let excerpt = document.map(|document| Excerpt::new(document.text(), diagnostic.bytes.clone()));
    match excerpt.as_ref().filter(|excerpt| !excerpt.text.trim().is_empty()) {
        Some(excerpt) => {
            let mark = AnnotationKind::Primary.span(excerpt.span.clone());
            let first_line = diagnostic.line - excerpt.lines_before;
            let snippet = Snippet::source(excerpt.text).line_start(first_line).fold(false);
            let snippet = snippet.annotation(mark);
            group = if excerpt.cut {
                group.element(place()).element(snippet)
            } else {
                group.element(snippet.path(file))
            };
        }
        None => group = group.element(place()),
    }
    let path = diagnostic.readable_path();
    if !path.is_empty() {
        group = group.element(Level::NOTE.message(format!("at {}", shortened(&path, MESSAGE))));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(shortened(help, HELP)));
    }
    Renderer::styled().render(&[group])
}

/// Faults of options, then those in files that options name, file by file.
fn options(faults: &[OptionFault]) {
    faults.iter().filter(|fault| fault.place.is_none()).for_each(option_fault);
    let places: Vec<&Place> = faults.iter().filter_map(|fault| fault.place.as_deref()).collect();
    let mut told: Vec<&str> = Vec::new();
    for place in &places {
        let label = place.document.label();
        if !told.contains(&label) {
            told.push(label);
            let here = places.iter().filter(|other| other.document.label() == label);
            diagnostics(std::slice::from_ref(&place.document), here.map(|other| &other.diagnostic));
        }
    }
}

fn option_fault(fault: &OptionFault) {
    message(&fault.title(), fault.help.as_slice());
}

fn message(title: &str, help: &[String]) {
    let mut group = Group::with_title(Level::ERROR.primary_title(title));
    for help in help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    eprint(&format!("{}\n", Renderer::styled().render(&[group])));
}

/// Writes to standard error; a closed pipe is no reason to fail.
pub fn eprint(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// The line of a span and the one before, and where the span is in them.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt<'t> {
    text: &'t str,
    lines_before: usize,
    span: Range<usize>,
    /// The line is longer: columns in `text` are not those in the file.
    cut: bool,
}

impl<'t> Excerpt<'t> {
    /// Of a span that lies on one line (what lies beyond its end is cut off).
    fn new(source: &'t str, span: Range<usize>) -> Self {
        let start = floor_char(source, span.start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let end = floor_char(source, span.end).clamp(start, line_end);
        if line_end - line_start > HUGE {
            return Self::window(source, start..end, line_start..line_end);
        }
        let before = previous_line(source, line_start);
        let from = before.unwrap_or(line_start);
        Self {
            text: &source[from..line_end],
            lines_before: usize::from(before.is_some()),
            span: start - from..end - from,
            cut: false,
        }
    }

    /// A part of a long line, around the beginning of the span.
    fn window(source: &'t str, span: Range<usize>, line: Range<usize>) -> Self {
        let from = floor_char(source, span.start.saturating_sub(WINDOW / 2).max(line.start));
        let to = floor_char(source, (span.start + WINDOW / 2).min(line.end));
        let end = span.end.min(to).max(span.start);
        Self { text: &source[from..to], lines_before: 0, span: span.start - from..end - from, cut: true }
    }
}

fn floor_char(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Where the line before the one at `line_start` begins, unless it is empty or so long that it does not help.
fn previous_line(source: &str, line_start: usize) -> Option<usize> {
    let end = line_start.checked_sub(1)?;
    let start = source[..end].rfind('\n').map_or(0, |at| at + 1);
    let line = &source[start..end];
    (!line.trim().is_empty() && line.len() <= LONG).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let source = format!("{}bad{}", "a ".repeat(500_000), " z".repeat(500_000));
        let bytes = 1_000_000..1_000_003;
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            code: zstat_core::diag::Code::Syntax,
            file: "long.json".to_owned(),
            line: 1,
            column: 1_000_001,
            path: String::new(),
            message: "bad".to_owned(),
            help: None,
            bytes,
        };
        let documents = [Document::new("long.json", source)];
        let shown = anstream::adapter::strip_str(&super::diagnostic(&documents, &diagnostic)).to_string();
        assert!(shown.contains("long.json:1:1000001") && shown.contains("bad z"), "{shown}");
        assert!(shown.len() < 1500, "{} bytes", shown.len());
    }

    #[test]
    fn an_excerpt_shows_the_line_before() {
        let excerpt = Excerpt::new("one: 1\ntwo: µ\nthree: 3\n", 12..14);
        assert_eq!((excerpt.text, excerpt.lines_before), ("one: 1\ntwo: µ", 1));
        assert_eq!(&excerpt.text[excerpt.span], "µ");
    }

    #[test]
    fn spans_beyond_the_text_or_over_lines_do_no_harm() {
        let source = "a: [1,\n 2]\n";
        assert_eq!(Excerpt::new(source, 3..10).text, "a: [1,");
        // Beyond the end: the empty last line, under the line before it.
        let beyond = Excerpt::new(source, 99..100);
        assert_eq!((beyond.text, beyond.lines_before, beyond.span), (" 2]\n", 1, 4..4));
        assert_eq!(Excerpt::new("", 0..0).text, "");
    }
}
