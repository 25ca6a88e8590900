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
        | Error::AliasReplayStackDepthExceeded { .. } => too_many_aliases(span.clone()),
        Error::AliasError { error, .. } => syntax(text, error),
        Error::Budget { .. } if reason(error).contains("epth") => too_deep(span.clone()),
        Error::Budget { .. } => too_many_aliases(span.clone()),
        other => scanner(text, span.clone(), &reason(other)),
    }
}

fn too_deep(span: Range<usize>) -> Fault {
    Fault::new(Code::Limit, "", "more than 64 levels of nesting")
        .span(span)
        .help("a spec needs fewer than 15; is the file what you think it is?")
}

fn too_many_aliases(span: Range<usize>) -> Fault {
    Fault::new(Code::Limit, "", "aliases expand to more than 300000 values")
        .span(span)
        .help("aliases of aliases multiply; write the values out, or use fewer levels")
}

/// The scanner's own messages: the known causes in turn, the most telling first.
fn scanner(text: &str, span: Range<usize>, reason: &str) -> Fault {
    let start = super::document::floor_boundary(text, span.start);
    if reason.contains("nesting") || reason.contains("recursion") || reason.contains("too deep") {
        return too_deep(span);
    }
    control_character(text, start)
        .or_else(|| tab(text, start, reason))
        .or_else(|| open_at(text, start).map(|(at, open)| unclosed(at, open)))
        .or_else(|| place_in_line(text, start, reason))
        .unwrap_or_else(|| {
            Fault::new(Code::Syntax, "", format!("not YAML: {reason}"))
                .span(span)
                .help("look at the indentation and the quotes of this line and the one before")
        })
}

fn fault(span: Range<usize>, message: impl Into<String>, help: &str) -> Fault {
    Fault::new(Code::Syntax, "", message).span(span).help(help)
}

/// A control character at or after the place, in its line.
fn control_character(text: &str, start: usize) -> Option<Fault> {
    let line = text[start..].lines().next()?;
    let (at, found) = line.char_indices().find(|(_, c)| c.is_control() && *c != '\t')?;
    let message = format!("a control character (U+{:04X}) in the text", u32::from(found));
    Some(fault(start + at..start + at + found.len_utf8(), message, "remove it"))
}

/// A tab that indents the line of the fault, or one of the next.
fn tab(text: &str, start: usize, reason: &str) -> Option<Fault> {
    if !reason.contains("tab") {
        return None;
    }
    let mut line = line_start(text, start);
    for content in text[line..].split_inclusive('\n').take(3) {
        let blank = content.len() - content.trim_start_matches(['\t', ' ']).len();
        if content[..blank].contains('\t') {
            let help = "YAML is indented by spaces: replace the tab, and set your editor to write spaces";
            return Some(fault(line..line + blank, "a tab indents this line", help));
        }
        line += content.len();
    }
    None
}

fn unclosed(at: usize, open: char) -> Fault {
    let close = match open {
        '[' => ']',
        '{' => '}',
        quote => return unclosed_quote(at, quote),
    };
    let help = format!("close it with `{close}`, and separate its entries by commas");
    let message = format!("this `{open}` is not closed where the text goes on to another entry");
    fault(at..at + 1, message, &help)
}

/// `key:value` in the line that starts at `line`.
fn missing_space(text: &str, line: usize) -> Option<Fault> {
    let content = text[line..].lines().next().unwrap_or_default();
    let first = line + indent(content);
    let end = (line + content.trim_end().len()).max(first);
    let (key, value) = text[first..end].split_once(':')?;
    if !is_key(key) || value.is_empty() || value.starts_with(' ') {
        return None;
    }
    let help = format!("write `{key}: {value}`");
    Some(fault(first..end, format!("no space after `{key}:`"), &help))
}

/// Causes that the line of the fault shows.
fn place_in_line(text: &str, start: usize, reason: &str) -> Option<Fault> {
    let line = line_start(text, start);
    let content = text[line..].lines().next().unwrap_or_default();
    let first = line + indent(content);
    let end = line + content.trim_end().len();
    let found = text[start..].chars().next();
    if reason.contains("unexpected character") {
        let found = found?;
        let message = format!("text cannot start with `{found}` here");
        return Some(fault(start..start + found.len_utf8(), message, "put the text in quotes"));
    }
    if let Some((key, _)) = text[first.min(end)..end].split_once(['{', '['])
        && is_key(key.trim_end())
    {
        let key = key.trim_end();
        let help = format!("write `{key}: …`");
        return Some(fault(first..first + key.len(), format!("no colon after `{key}`"), &help));
    }
    if let Some(found @ (']' | '}')) = found {
        let message = format!("this `{found}` closes nothing that is open");
        return Some(fault(
            start..start + 1,
            message,
            "remove it, or look for the bracket that it should close",
        ));
    }
    let entry = text[first.min(end)..end].split_once(':');
    if let Some((key, value)) = entry
        && is_key(key)
        && value.contains(": ")
    {
        let message = format!("the text after `{key}:` contains another `: `");
        return Some(fault(first + key.len() + 1..end, message, "put the text in quotes"));
    }
    if let Some(fault) = missing_space(text, line) {
        return Some(fault);
    }
    // `a:1` begins a text that goes on to the next line, and the parser stumbles only there.
    if let Some(previous) = text[..line].trim_end().rfind('\n').map(|at| at + 1).or((line > 0).then_some(0))
        && let Some(fault) = missing_space(text, previous)
    {
        return Some(fault);
    }
    if reason.contains("mapping values are not allowed") || reason.contains("did not find expected") {
        let help =
            "align it with its neighbours: the entries of one mapping or list start at the same column";
        return Some(fault(first..end.max(first + 1), "this line's indentation fits nothing above it", help));
    }
    None
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
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

/// The innermost bracket or quote that is open at byte `end`, by a scan that knows quotes and comments.
fn open_at(text: &str, end: usize) -> Option<(usize, char)> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut quote: Option<(usize, char)> = None;
    let mut escaped = false;
    // Quotes, comments and brackets are signs only where a value may start: not inside of a plain text.
    let mut in_plain = false;
    let mut previous = '\n';
    for (at, c) in text[..end].char_indices() {
        match (c, quote) {
            ('\n', Some((_, '#'))) => quote = None,
            (_, Some((_, '#'))) => {}
            (_, Some((_, '"'))) if escaped => escaped = false,
            ('\\', Some((_, '"'))) => escaped = true,
            (_, Some((_, q))) if c == q => quote = None,
            (_, Some(_)) => {}
            ('#', None) if previous.is_whitespace() => quote = Some((at, '#')),
            ('\'' | '"', None) if !in_plain => quote = Some((at, c)),
            ('[' | '{', None) if !in_plain => open.push((at, c)),
            (']' | '}', None) => {
                open.pop();
            }
            _ => {}
        }
        in_plain = match c {
            '\n' => false,
            ',' | '[' | ']' | '{' | '}' if !open.is_empty() => false,
            ' ' | '\t' => in_plain && !matches!(previous, ':' | '-' | '?'),
            ':' | '-' | '?' => in_plain,
            '[' | '{' | '\'' | '"' if !in_plain => false,
            _ => true,
        };
        previous = c;
    }
    quote.filter(|&(_, c)| c != '#').or_else(|| open.pop())
}

#[cfg(test)]
mod tests {
    use crate::source::Document;

    fn fault(text: &str) -> (usize, usize, String) {
        let document = Document::new("f", text.to_owned());
        let fault = document.tree().expect_err("a fault");
        let span = document.span(fault.span.expect("as built"));
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
        check("a: x: y\n", 1, 3, "another `: `");
        check("a: 1\n---\nb: 1\n", 3, 1, "second document");
        check("a: *x\n", 1, 4, "`*x` has no anchor");
        check("a: @x\n", 1, 4, "cannot start");
        check("a: 1\n b: 2\n", 2, 2, "indentation");
        check("a:1\nb: 2\n", 1, 1, "no space after `a:`");
        check("a: \"x\u{7}\"\n", 1, 6, "U+0007");
        check("a: {<<: 3}\n", 1, 9, "`<<` merges");
        check("a: &a [*a]\n", 1, 8, "inside the value");
        check("a: 1\n  b: 2\n", 2, 3, "indentation");
    }
}
