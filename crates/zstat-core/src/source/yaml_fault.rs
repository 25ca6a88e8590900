//! What to say about text that is not YAML: the parser's words, turned into cause and cure where the cause is known.

use std::ops::Range;

use serde_saphyr::Error;

use super::yaml::{place, reason};
use crate::diag::{Code, Fault};

/// The fault that a reader error stands for.
pub(super) fn syntax(text: &str, error: &Error) -> Fault {
    let span = place(text, error);
    let at = |code, message: String| Fault::new(code, "", message).span(span.clone());
    match error.without_snippet() {
        Error::MultipleDocuments { .. } => at(Code::Syntax, "a second document starts here".into())
            .help("a file holds one document: remove the `---` or `...` and what follows, or split the file"),
        Error::UnknownAnchor { .. } => {
            let name = word(text, span.start);
            at(Code::Syntax, format!("the alias `{name}` has no anchor before it"))
                .help(format!("mark the value that it repeats with `&{}`", name.trim_start_matches('*')))
        }
        Error::MergeValueNotMapOrSeqOfMaps { .. } => {
            at(Code::WrongType, "`<<` merges mappings, and this is none".into())
                .help("write `<<: *NAME`, where `&NAME` marks a mapping")
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            at(Code::Syntax, "the alias stands inside the value that it repeats".into())
                .help("a value cannot contain itself; write it out")
        }
        Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            at(Code::Limit, "aliases expand to more than two million values".into())
                .help("aliases of aliases multiply; write the values out, or use fewer levels")
        }
        Error::AliasError { error, .. } => syntax(text, error),
        Error::Budget { .. } => at(Code::Limit, limit(&reason(error)))
            .help("a spec needs fewer than 15 levels of nesting; is the file what you think it is?"),
        other => scanner(text, span.clone(), &reason(other)),
    }
}

fn limit(reason: &str) -> String {
    if reason.contains("depth") {
        "more than 64 levels of nesting".into()
    } else {
        format!("too much: {reason}")
    }
}

/// The scanner's own messages.
fn scanner(text: &str, span: Range<usize>, reason: &str) -> Fault {
    let start = super::document::floor_boundary(text, span.start);
    let fault = |span: Range<usize>, message: String| Fault::new(Code::Syntax, "", message).span(span);
    if reason.contains("tabs disallowed")
        || reason.contains("tab") && text[line_start(text, start)..].starts_with('\t')
    {
        let line = line_start(text, start);
        let tabs = text[line..].len() - text[line..].trim_start_matches(['\t', ' ']).len();
        return fault(line..line + tabs, "a tab indents this line".into())
            .help("YAML is indented by spaces: replace the tab, and set your editor to write spaces");
    }
    if reason.contains("nesting") || reason.contains("recursion") || reason.contains("too deep") {
        return Fault::new(Code::Limit, "", "more than 64 levels of nesting")
            .span(span)
            .help("a spec needs fewer than 15; is the file what you think it is?");
    }
    if let Some((at, open)) = open_at(text, start) {
        let (what, close) = match open {
            '[' => ("`[`", "`]`"),
            '{' => ("`{`", "`}`"),
            quote => return unclosed_quote(at, quote),
        };
        return fault(
            at..at + 1,
            format!("this {what} is not closed where the text goes on to another entry"),
        )
        .help(format!("close it with {close}, and separate its entries by commas"));
    }
    let found = text[start..].chars().next();
    if reason.contains("unexpected character") {
        let shown = found.map(|c| c.escape_default().to_string()).unwrap_or_default();
        return fault(
            start..start + found.map_or(0, char::len_utf8),
            format!("text cannot start with `{shown}` here"),
        )
        .help("put the text in quotes");
    }
    if reason.contains("mapping values are not allowed") {
        let line = line_start(text, start);
        return fault(
            line + indent(&text[line..])..start + 1,
            "a `key: value` is not possible at this place".into(),
        )
        .help("check this line's indentation against its neighbours; text that contains `: ` needs quotes");
    }
    if matches!(found, Some(']' | '}')) {
        let found = found.unwrap_or(']');
        return fault(start..start + 1, format!("this `{found}` closes nothing that is open"))
            .help("remove it, or look for the bracket that it should close");
    }
    fault(span, format!("not YAML: {reason}"))
        .help("look at the indentation and the quotes of this line and the one before")
}

fn unclosed_quote(at: usize, quote: char) -> Fault {
    Fault::new(Code::Syntax, "", format!("this {quote} is not closed"))
        .span(at..at + 1)
        .help(format!("close the text with {quote}; double a {quote} that is meant inside of it"))
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '-']).len()
}

fn word(text: &str, at: usize) -> &str {
    let rest = &text[super::document::floor_boundary(text, at)..];
    &rest[..rest.find([' ', ',', ']', '}', '\n', '\r']).unwrap_or(rest.len())]
}

/// The innermost bracket or quote that is open at byte `end`, by a scan that knows quotes and comments. A bracket on the
/// line of `end` itself counts only if the text ends there: the fault is then about something else.
fn open_at(text: &str, end: usize) -> Option<(usize, char)> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut quote: Option<(usize, char)> = None;
    // A quote or comment sign counts only at the start of a token.
    let mut previous = '\n';
    for (at, c) in text[..end].char_indices() {
        match (c, quote) {
            (_, Some((_, '#'))) => {
                if c == '\n' {
                    quote = None;
                }
            }
            ('\'' | '"', Some((_, q))) if c == q && previous != '\\' => quote = None,
            (_, Some(_)) => {}
            ('#', None) if previous.is_whitespace() => quote = Some((at, '#')),
            ('\'' | '"', None) if previous.is_whitespace() || "[{,:".contains(previous) => {
                quote = Some((at, c))
            }
            ('[' | '{', None) if !open.is_empty() || previous.is_whitespace() => open.push((at, c)),
            (']' | '}', None) => {
                open.pop();
            }
            _ => {}
        }
        previous = if quote.is_some() && previous == '\\' && c == '\\' { ' ' } else { c };
    }
    quote.filter(|&(_, c)| c != '#').or_else(|| open.pop())
}

#[cfg(test)]
mod tests {
    use crate::source::Document;

    fn fault(text: &str) -> (usize, usize, String) {
        let document = Document::new("f", text.to_owned());
        let fault = document.tree().unwrap_err();
        let span = document.span(fault.span.unwrap());
        (span.line, span.column, fault.message)
    }

    #[test]
    fn faults_of_syntax_are_named_and_located() {
        let check = |text: &str, line, column, part: &str| {
            let (l, c, message) = fault(text);
            assert!((l, c) == (line, column) && message.contains(part), "{text:?}: {l}:{c} {message}");
        };
        check("a:\n\t- 1\n", 2, 1, "tab");
        check("a: [1,\n  2\nb: 3\n", 1, 4, "`[` is not closed");
        check("a: {x: 1,\n  y: 2\nb: 3\n", 1, 4, "`{` is not closed");
        check("a: \"x\nb: 3\n", 1, 4, "\" is not closed");
        check("a: x: y\n", 1, 1, "not possible");
        check("a: 1\n---\nb: 1\n", 3, 1, "second document");
        check("a: *x\n", 1, 4, "`*x` has no anchor");
        check("a: @x\n", 1, 4, "cannot start");
        check("a: 1]\n b: 2\n", 2, 2, "not possible");
        check("a: {<<: 3}\n", 1, 9, "`<<` merges");
        check("a: &a [*a]\n", 1, 8, "inside the value");
        check("a: 1\n  b: 2\n", 2, 3, "not possible");
    }
}
