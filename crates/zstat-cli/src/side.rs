//! Files that options name, such as `--data FILE`: read with places, so that a fault in one says where it stands.

use std::path::Path;
use std::sync::Arc;

use zstat_core::diag::{Code, Fault, resolve};
use zstat_core::source::{Document, Entry, Native, Node, NodeValue, pointer};

use crate::failure::{Failure, OptionFault, Place};
use crate::input;

/// A file that an option names.
#[derive(Debug)]
pub struct SideFile {
    option: &'static str,
    /// What such a file needs, for the help where it has nothing.
    form: &'static str,
    document: Arc<Document>,
}

impl SideFile {
    /// Reads the file, YAML or JSON; `form` says what such a file needs.
    ///
    /// # Errors
    /// Where it cannot be read or is no text.
    pub fn open(option: &'static str, form: &'static str, path: &Path) -> Result<Self, Failure> {
        Ok(Self { option, form, document: Arc::new(input::read_document(path)?) })
    }

    /// Name of the file, as given.
    pub fn name(&self) -> &str {
        self.document.label()
    }

    /// What is in the file.
    ///
    /// # Errors
    /// Where it is neither YAML nor JSON.
    pub fn tree(&self) -> Result<&Node, OptionFault> {
        let empty = |fault: &Fault| fault.code == Code::Empty;
        let told = |fault: Fault| if empty(&fault) { fault.help(self.form) } else { fault };
        self.document.tree().map_err(|fault| self.fault(told(fault)))
    }

    /// A fault of this file, at its place.
    pub fn fault(&self, fault: Fault) -> OptionFault {
        let message = fault.message.clone();
        let help = fault.help.clone();
        let place = resolve(&self.document, &Native::Workspace, &[fault]).pop();
        let place =
            place.map(|diagnostic| Box::new(Place { document: Arc::clone(&self.document), diagnostic }));
        OptionFault { option: self.option, found: self.name().to_owned(), message, help, place }
    }

    /// A fault of the value `node` at `pointer`.
    pub fn at(&self, node: &Node, code: Code, pointer: &str, message: String) -> Fault {
        let fault = Fault::new(code, pointer, message);
        match &node.span {
            Some(span) => fault.span(span.clone()),
            None => fault,
        }
    }

    /// A fault of the key of `entry` in the mapping at `pointer`.
    pub fn at_key(&self, entry: &Entry, code: Code, at: &str, message: String) -> Fault {
        let fault = Fault::new(code, pointer::join(at, &entry.key), message).at_key();
        match &entry.key_span {
            Some(span) => fault.span(span.clone()),
            None => fault,
        }
    }

    /// The finite number that `node` is; `what` names it in a fault.
    pub fn number(&self, node: &Node, at: &str, what: &str) -> Result<f64, Fault> {
        match node.value {
            NodeValue::Number { value, .. } if value.is_finite() => Ok(value),
            NodeValue::Number { value, .. } => Err(self.at(
                node,
                Code::NotFinite,
                at,
                format!("{what} is {value}, expected a finite number"),
            )),
            _ => {
                let message = format!("{what} {}, expected a number", node.found());
                Err(self.at(node, Code::WrongType, at, message))
            }
        }
    }

    /// The keys of a mapping that repeat an earlier one, as faults.
    pub fn repeated(&self, node: &Node, at: &str) -> Vec<Fault> {
        let mut seen = std::collections::HashSet::new();
        let twice = node.entries().iter().filter(|entry| !seen.insert(entry.key.as_str()));
        twice
            .map(|entry| {
                let message = format!("`{}` is given twice", entry.key);
                self.at_key(entry, Code::DuplicateKey, at, message).help("keep one of the two")
            })
            .collect()
    }
}
