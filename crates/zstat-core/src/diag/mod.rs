//! Faults and warnings about what a user wrote: a code, a place, what was found and what was expected.
//!
//! The place is a JSON pointer into the document (`/workspace/channels/0/samples/1/data`); turning it into line and
//! column is the business of whoever holds the text ([`crate::source`]).

mod code;
mod diagnostic;
mod explain;
mod mend;

use std::fmt;
use std::ops::Range;

pub use code::Code;
pub use diagnostic::{Diagnostic, resolve};
pub use mend::Mend;
use serde::Serialize;

/// Errors stop; warnings do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The input is not usable.
    Error,
    /// The input is usable, and probably not what was meant.
    Warning,
}

/// One fault of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which kind of fault; listed in `docs/errors.md`.
    pub code: Code,
    /// JSON pointer of the place, in zstat's own layout of an analysis' `workspace` (the pointer starts there),
    /// or of the whole document where the fault is outside the workspace.
    pub pointer: String,
    /// Mark the key rather than the value at `pointer`.
    pub at_key: bool,
    /// Bytes in the document's text, where the fault was found in a text; then `pointer` is the document's own.
    pub span: Option<Range<usize>>,
    /// What is wrong, with what was found and what was expected: lower case, no final period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Of a fault of shape: what to change for reading on. Only looked for where somebody means to.
    pub mend: Option<Box<Mend>>,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        let (pointer, message) = (pointer.into(), message.into());
        Self { code, pointer, at_key: false, span: None, message, help: None, mend: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, marking the key instead of the value.
    #[must_use]
    pub fn at_key(mut self) -> Self {
        self.at_key = true;
        self
    }

    /// The same at known bytes of the text.
    #[must_use]
    pub fn span(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// Error or warning: a property of the code.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}: {}", self.code.id(), self.pointer, self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}
