//! Faults and warnings as people see them: on standard error, with an excerpt of the source and a caret.
//!
//! Every message about a document contains `FILE:LINE:COLUMN`. Excerpts are cut to a few lines and to a width, because
//! a pyhf workspace may well be one line of megabytes.

use std::io::Write;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Padding, Renderer, Snippet};
use zstat_core::diag::Severity;

use crate::failure::{Failure, OptionFault};
use crate::input::{Located, SourceText};

/// Characters of a line that are shown on each side of the marked place.
const CONTEXT: usize = 60;

/// Tells on standard error why a command failed.
pub fn failure(failure: &Failure) {
    match failure {
        Failure::Spec(spec) => {
            diagnostics(&spec.sources, &spec.faults);
            let errors = spec.faults.iter().filter(|fault| fault.severity == Severity::Error).count();
            eprint(&format!("{}\n", summary(spec.name(), errors, spec.faults.len() - errors)));
        }
        Failure::Options(faults) => faults.iter().for_each(option_fault),
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

/// Prints diagnostics on standard error, in the order given.
pub fn diagnostics(sources: &[SourceText], faults: &[Located]) {
    for fault in faults {
        eprint(&format!("{}\n\n", diagnostic(sources, fault)));
    }
}

/// One diagnostic with its excerpt, with colours.
pub fn diagnostic(sources: &[SourceText], fault: &Located) -> String {
    let level = match fault.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(fault.message.as_str()).id(fault.code);
    let mut group = Group::with_title(title);
    let excerpt = fault.span.clone().and_then(|(source, span)| {
        let source = sources.get(source)?;
        Some((source, Excerpt::new(&source.text, span)))
    });
    match &excerpt {
        Some((source, excerpt)) => {
            group = group
                .element(Origin::path(source.name.as_str()).line(excerpt.line).char_column(excerpt.column))
                .element(Padding)
                .element(
                    Snippet::source(excerpt.text.as_str())
                        .line_start(excerpt.first_line)
                        .fold(false)
                        .annotation(AnnotationKind::Primary.span(excerpt.span.clone())),
                );
        }
        None => {
            group = group.element(Origin::path(fault.file.as_str()).line(fault.line).char_column(fault.column));
        }
    }
    if !fault.path.is_empty() {
        group = group.element(Level::NOTE.message(format!("at {}", fault.path)));
    }
    if let Some(help) = &fault.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    Renderer::styled().render(&[group])
}

fn option_fault(fault: &OptionFault) {
    let title = format!("{} {}: {}", fault.option, fault.found, fault.message);
    message(&title, fault.help.as_slice());
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

/// The lines around a span, cut to a width, and where the span is in them.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    text: String,
    first_line: usize,
    span: Range<usize>,
    line: usize,
    column: usize,
}

impl Excerpt {
    fn new(source: &str, span: Range<usize>) -> Self {
        let start = floor_char(source, span.start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let end = floor_char(source, span.end).clamp(start, line_end.max(start));
        let (line, column) = line_column(source, start);
        let from = back(source, start, CONTEXT).max(line_start);
        let to = forward(source, end.min(forward(source, start, CONTEXT)), CONTEXT).min(line_end);
        let end = end.min(to);
        let cut = from > line_start || to < line_end;
        let before = previous_line(source, line_start).filter(|_| !cut).map(|line| format!("{line}\n"));
        let mut text = before.unwrap_or_default();
        let first_line = line - usize::from(!text.is_empty());
        if from > line_start {
            text.push('…');
        }
        let offset = text.len();
        text.push_str(&source[from..to]);
        if to < line_end {
            text.push('…');
        }
        Self { text, first_line, span: offset + start - from..offset + end - from, line, column }
    }
}

/// Line and column, from 1, of a byte offset; columns count characters.
pub fn line_column(source: &str, offset: usize) -> (usize, usize) {
    let before = &source[..floor_char(source, offset)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn floor_char(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn back(text: &str, from: usize, chars: usize) -> usize {
    text[..from].char_indices().rev().take(chars).last().map_or(from, |(at, _)| at)
}

fn forward(text: &str, from: usize, chars: usize) -> usize {
    text[from..].char_indices().nth(chars).map_or(text.len(), |(at, _)| from + at)
}

/// The line before the one that starts at `line_start`, unless it is very long.
fn previous_line(source: &str, line_start: usize) -> Option<&str> {
    let end = line_start.checked_sub(1)?;
    let start = source[..end].rfind('\n').map_or(0, |at| at + 1);
    let line = &source[start..end];
    (!line.is_empty() && line.len() <= 2 * CONTEXT).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_of_a_long_line_is_cut_around_the_span() {
        let source = format!("{}bad{}", "a".repeat(1000), "z".repeat(1000));
        let excerpt = Excerpt::new(&source, 1000..1003);
        assert_eq!((excerpt.line, excerpt.column), (1, 1001));
        assert_eq!(&excerpt.text[excerpt.span.clone()], "bad");
        assert!(excerpt.text.chars().count() < 4 * CONTEXT);
    }

    #[test]
    fn an_excerpt_shows_the_line_before() {
        let excerpt = Excerpt::new("one: 1\ntwo: µ\nthree: 3\n", 12..14);
        assert_eq!((excerpt.text.as_str(), excerpt.first_line), ("one: 1\ntwo: µ", 1));
        assert_eq!((excerpt.line, excerpt.column), (2, 6));
        assert_eq!(&excerpt.text[excerpt.span], "µ");
    }

    #[test]
    fn spans_beyond_the_text_or_over_lines_do_no_harm() {
        let source = "a: [1,\n 2]\n";
        assert_eq!(&Excerpt::new(source, 3..10).text[..], "a: [1,");
        assert_eq!(Excerpt::new(source, 99..100).line, 3);
        assert_eq!(Excerpt::new("", 0..0).column, 1);
    }
}
