//! What every diagnostic must be: a message in the house style, a place in the text, something that can be printed.

use zstat_core::diag::Diagnostic;
use zstat_core::source::Document;

/// Printing is slow with a sanitizer; the rest of a long list is only looked at.
const PRINTED: usize = 2;

/// A refusal: at least one diagnostic, all of them good.
pub fn refused(documents: &[&Document], diagnostics: &[Diagnostic]) {
    assert!(!diagnostics.is_empty(), "refused without a reason");
    all(documents, diagnostics);
}

/// Every diagnostic is good.
pub fn all(documents: &[&Document], diagnostics: &[Diagnostic]) {
    for one in diagnostics {
        good(documents, one);
    }
    let copies: Vec<Document> = documents
        .iter()
        .map(|document| Document::new(document.label(), document.text().to_owned()))
        .collect();
    for one in diagnostics.iter().take(PRINTED) {
        let shown = zstat_cli::rendered(&copies, one);
        assert!(shown.contains(one.code.id()) && !shown.contains("panicked"), "{shown}");
    }
}

fn good(documents: &[&Document], one: &Diagnostic) {
    assert!(!one.message.trim().is_empty(), "no message: {one:?}");
    assert!(!one.message.ends_with('.') || one.message.ends_with(".."), "a final period: {one}");
    assert!(one.help.as_ref().is_none_or(|help| !help.trim().is_empty()), "an empty help: {one:?}");
    assert!(one.line > 0 && one.column > 0, "no place: {one:?}");
    let document = documents.iter().find(|document| document.label() == one.file);
    let document = document.unwrap_or_else(|| panic!("no such file: {one:?}"));
    let marked = document.text().get(one.bytes.clone());
    let marked = marked.unwrap_or_else(|| panic!("outside the text: {one:?}"));
    assert!(!marked.contains('\n'), "over several lines: {one:?}");
    let place = document.span(one.bytes.clone());
    assert_eq!((place.line, place.column), (one.line, one.column), "{one:?}");
}
