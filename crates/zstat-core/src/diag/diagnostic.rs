//! Faults with their place in a file: what is printed, and what `zstat validate --format json` lists.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::{Code, Fault, Severity};
use crate::source::{Document, Layout, pointer};

/// A fault and the place in the file that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Kind of fault; serialised as its short identifier.
    pub code: Code,
    /// The file, as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// Path in the file, as a JSON pointer.
    pub path: String,
    /// What is wrong: found, expected.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Bytes of the document's text to mark; on one line.
    #[serde(skip)]
    pub bytes: Range<usize>,
}

/// Gives faults their places, in the order of the text; those without a place come first.
///
/// `layout` says where the parts of zstat's workspace stand in the document, for faults that were found in the workspace.
/// Two faults that say the same of the same place (an aliased value, used twice) become one.
pub fn resolve(document: &Document, layout: &dyn Layout, faults: &[Fault]) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = faults.iter().map(|fault| diagnostic(document, layout, fault)).collect();
    all.sort_by(|a, b| (a.bytes.start, a.code, &a.path).cmp(&(b.bytes.start, b.code, &b.path)));
    all.dedup_by(|a, b| a.bytes == b.bytes && a.code == b.code && a.message == b.message);
    all
}

fn diagnostic(document: &Document, layout: &dyn Layout, fault: &Fault) -> Diagnostic {
    let (path, bytes) = match &fault.span {
        Some(span) => (fault.pointer.clone(), Some(span.clone())),
        None => match document.tree() {
            Ok(root) => {
                let (path, at_key) = layout.translate(&fault.pointer, fault.at_key, root);
                let bytes = root.span_at(&path, at_key);
                (path, bytes)
            }
            Err(_) => (fault.pointer.clone(), None),
        },
    };
    let span = document.span(bytes.unwrap_or(0..0));
    Diagnostic {
        severity: fault.severity(),
        code: fault.code,
        file: document.label().to_owned(),
        line: span.line,
        column: span.column,
        path,
        message: fault.message.clone(),
        help: fault.help.clone(),
        bytes: span.bytes,
    }
}

impl Diagnostic {
    /// The path as people write it: `workspace.channels[0].samples[1].data`.
    pub fn readable_path(&self) -> String {
        let mut path = String::new();
        for key in pointer::keys(&self.path) {
            if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
                path += &format!("[{key}]");
            } else {
                if !path.is_empty() {
                    path.push('.');
                }
                path += &key;
            }
        }
        path
    }
}

impl fmt::Display for Diagnostic {
    /// `FILE:LINE:COLUMN: error[E0302]: message`, and `; help` where there is some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let Self { file, line, column, code, message, .. } = self;
        write!(f, "{file}:{line}:{column}: {severity}[{}]: {message}", code.id())?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Native;

    #[test]
    fn faults_of_a_workspace_find_their_place_in_an_analysis() {
        let text = "zstat: 1\nworkspace:\n  channels:\n    - name: SR\n      samples: []\n";
        let document = Document::new("a.yaml", text.to_owned());
        let fault = Fault::new(Code::BinCount, "/channels/0/samples", "no bins").help("add some");
        let all = resolve(&document, &Native::Analysis, &[fault]);
        assert_eq!(all[0].to_string(), "a.yaml:5:16: error[E0302]: no bins; add some");
        assert_eq!(all[0].readable_path(), "workspace.channels[0].samples");
        assert_eq!(&text[all[0].bytes.clone()], "[]");
        let json = serde_json::to_value(&all[0]).expect("as built");
        assert_eq!(json["code"], "E0302");
        assert_eq!(json["severity"], "error");
    }
}
