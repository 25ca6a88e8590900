//! From a document to a type: the fast way, and the slow way that explains why the fast one failed.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Document, Syntax, json, schema, walk, yaml};
use crate::diag::{Code, Fault};

/// Reads a document as `T`.
///
/// # Errors
/// Every fault that the comparison with `T`'s schema finds, in the order of the text, each with its bytes; the one fault
/// of syntax if the text is neither YAML nor JSON.
pub fn parse<T: DeserializeOwned + JsonSchema>(document: &Document) -> Result<T, Vec<Fault>> {
    parse_with(document, schema::of::<T>)
}

/// [`parse`] with a schema other than `T`'s own, as one that knows the options of the linked plugins; it is made only
/// when something is wrong.
///
/// # Errors
/// As [`parse`].
pub fn parse_with<T: DeserializeOwned>(
    document: &Document,
    schema: impl FnOnce() -> Value,
) -> Result<T, Vec<Fault>> {
    let text = document.text();
    let stopped = match document.syntax() {
        Syntax::Json => match json::typed(text) {
            Ok(value) => return Ok(value),
            Err((at, reason)) => (at..at, reason),
        },
        // serde-saphyr makes an empty mapping of an empty text, and so a default of many a type.
        Syntax::Yaml if yaml::is_empty(text) => return Err(vec![empty(text)]),
        Syntax::Yaml => match yaml::typed(text) {
            Ok(value) => return Ok(value),
            Err(stopped) => stopped,
        },
    };
    let root = document.tree().map_err(|fault| vec![fault])?;
    let mut faults = walk(root, &schema(), "");
    if faults.is_empty() {
        // The schema is laxer than the type here; the reader's words are better than silence.
        let (span, reason) = stopped;
        faults.push(Fault::new(Code::Unreadable, "", reason).span(span));
    }
    faults.sort_by_key(|fault| fault.span.as_ref().map(|span| span.start));
    Err(faults)
}

/// The fault of a document without content.
pub(super) fn empty(text: &str) -> Fault {
    let what =
        if text.trim().is_empty() { "the file is empty" } else { "the file holds nothing but comments" };
    Fault::new(Code::Empty, "", what)
        .span(0..0)
        .help("write an analysis (`zstat: 1` and a `workspace`), or give another file")
}
