//! Patches: JSON Patch (RFC 6902) and pyhf's patch sets, applied to a document of any layout.
//!
//! In: the tree of the document and the texts of the patches. Out: the patched tree, and a [`History`] by which a fault
//! in it is traced back to the file and the line that it was written in.

mod apply;
mod argument;
mod file;
mod origin;
mod set;

use std::sync::Arc;

use serde_json::Value;
use zstat_core::diag::{Code, Diagnostic, Fault, resolve};
use zstat_core::source::{Document, Native, pointer};

pub use argument::split_patch_argument;
use file::PlacedOperation;
pub(crate) use file::{Patch, SetFile, read_patch};
use origin::{Applied, Origin, origin};
pub use set::PatchValue;
pub(crate) use set::{is_meant, means_several};

use crate::kind::Kind;
use crate::python_json::pyhf_digest;

/// A patch to apply: a file and, for a patch set, which of its patches.
#[derive(Debug, Clone, Copy)]
pub struct PatchInput<'a> {
    /// The file.
    pub document: &'a Document,
    /// Name or values of a patch of the set; none for a JSON Patch, or for the only patch of a set.
    pub name: Option<&'a str>,
}

/// Copies of copies double a document with every operation: so many values are more than any workspace has.
const MOST_COPIED: usize = 1_000_000;

/// What the patches did, for tracing places back.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    patches: Vec<Arc<Patch>>,
    applied: Vec<Applied>,
}

/// Where a place of the patched document stands in the files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At this pointer of the document that was patched.
    Document(String),
    /// In a patch: its number, the bytes, the pointer in its file, and what the operation is in words.
    Patch { patch: usize, bytes: std::ops::Range<usize>, pointer: String, operation: String },
}

/// Patches on their way into a tree.
#[derive(Debug, Clone, Default)]
pub(crate) struct Application {
    /// What was done.
    pub history: History,
    /// The same in words, and digests that were not looked at.
    pub notes: Vec<String>,
    copied: usize,
}

/// Applies `patches` to `tree` in order.
///
/// # Errors
/// The faults of the first patch that cannot be read or applied; a digest that differs, unless `ignore_digests`.
pub(crate) fn apply_patches(
    tree: &mut Value,
    kind: Kind,
    patches: &[PatchInput<'_>],
    ignore_digests: bool,
) -> Result<(History, Vec<String>), Vec<Diagnostic>> {
    let mut read = vec![];
    for input in patches {
        let patch =
            read_patch(input.document, input.name).map_err(|faults| diagnostics(input.document, &faults))?;
        read.push(patch);
    }
    let mut application = Application::default();
    // Several sets for one workspace all hold the digest of the workspace without patches.
    for (input, patch) in patches.iter().zip(&read) {
        application.check_digests(tree, kind, input.document, &patch.digests, ignore_digests)?;
    }
    for (input, patch) in patches.iter().zip(read) {
        application.apply(tree, input.document, Arc::new(patch))?;
    }
    Ok((application.history, application.notes))
}

impl Application {
    /// Compares the digests of a patch set, found in `document`, with those of the tree before any patch.
    ///
    /// # Errors
    /// Where one differs, unless `ignore`.
    pub(crate) fn check_digests(
        &mut self,
        tree: &Value,
        kind: Kind,
        document: &Document,
        digests: &[(String, String)],
        ignore: bool,
    ) -> Result<(), Vec<Diagnostic>> {
        if let Err(Mismatch { pointer, message, help }) = verify(tree, kind, digests) {
            if !ignore {
                let fault = Fault::new(Code::PatchDigest, pointer, message).help(help);
                return Err(diagnostics(document, &[fault]));
            }
            self.notes.push(format!("{}: {message}; ignored as asked", document.label()));
        }
        Ok(())
    }

    /// Applies the next patch, which was read from `document`.
    ///
    /// # Errors
    /// The first operation that cannot be applied; the tree is of no use any more.
    pub(crate) fn apply(
        &mut self,
        tree: &mut Value,
        document: &Document,
        patch: Arc<Patch>,
    ) -> Result<(), Vec<Diagnostic>> {
        let number = self.history.patches.len();
        for (i, placed) in patch.operations.iter().enumerate() {
            self.copied += apply::size_of_copy(tree, &placed.operation);
            if self.copied > MOST_COPIED {
                return Err(diagnostics(document, &[too_much_copied(placed, i)]));
            }
            match apply::apply(tree, placed.operation.clone()) {
                Ok(effect) => self.history.applied.push(Applied { patch: number, operation: i, effect }),
                Err(refusal) => return Err(diagnostics(document, &[refused(placed, i, refusal)])),
            }
        }
        let name = patch.name.as_ref().map_or(String::new(), |name| format!(", patch `{name}`"));
        let n = patch.operations.len();
        let count = if n == 1 { "1 operation".to_owned() } else { format!("{n} operations") };
        self.notes.push(format!("patched by {}{name}: {count}", document.label()));
        self.history.patches.push(patch);
        Ok(())
    }
}

pub(crate) fn diagnostics(document: &Document, faults: &[Fault]) -> Vec<Diagnostic> {
    resolve(document, &Native::Workspace, faults)
}

fn too_much_copied(placed: &PlacedOperation, number: usize) -> Fault {
    let operation = describe(placed, number);
    let message = format!("operation {operation}: more than {MOST_COPIED} values are copied in all");
    Fault::new(Code::Limit, format!("{}/op", placed.pointer), message)
        .span(placed.span("/op", false))
        .help("copies of copies grow without bound; write out what is meant")
}

fn refused(placed: &PlacedOperation, number: usize, refusal: apply::Refusal) -> Fault {
    let inside = format!("/{}", refusal.member);
    let message = format!("operation {}: {}", describe(placed, number), refusal.message);
    let fault = Fault::new(Code::PatchOperation, format!("{}{inside}", placed.pointer), message);
    Fault { help: refusal.help, ..fault.span(placed.span(&inside, false)) }
}

/// "3 (add /channels/0/samples/-)".
fn describe(placed: &PlacedOperation, number: usize) -> String {
    use json_patch::PatchOperation as Op;
    let op = match &placed.operation {
        Op::Add(_) => "add",
        Op::Remove(_) => "remove",
        Op::Replace(_) => "replace",
        Op::Move(_) => "move",
        Op::Copy(_) => "copy",
        Op::Test(_) => "test",
    };
    let path = placed.operation.path().as_str();
    // The empty pointer is the document.
    format!("{number} ({op} {})", if path.is_empty() { "the document" } else { path })
}

/// A digest that is not the document's.
struct Mismatch {
    pointer: String,
    message: String,
    help: String,
}

/// Compares the digests of a patch set with the document's, as pyhf does.
fn verify(tree: &Value, kind: Kind, digests: &[(String, String)]) -> Result<(), Mismatch> {
    for (algorithm, expected) in digests {
        let refused = |message: String, help: &str| Mismatch {
            pointer: pointer::join("/metadata/digests", algorithm),
            message,
            help: help.to_owned(),
        };
        let Some(found) = pyhf_digest(tree, algorithm) else {
            let message = format!("the patch set has a digest by `{algorithm}`, which is not known");
            return Err(refused(message, "pyhf's patch sets have sha256 or md5"));
        };
        if !found.eq_ignore_ascii_case(expected) {
            let message = format!(
                "the patch set is for another workspace: its {algorithm} digest is {expected}, this one's {found}"
            );
            let help = match kind {
                Kind::PyhfWorkspace => {
                    "get the workspace that belongs to it, or ignore the digest (`--ignore-digests`)"
                }
                _ => "patch sets are for pyhf workspaces as they were published; apply it to that file",
            };
            return Err(refused(message, help));
        }
    }
    Ok(())
}

impl History {
    /// Whether anything was applied.
    pub(crate) fn is_empty(&self) -> bool {
        self.applied.is_empty()
    }

    /// Traces a pointer into the patched document back.
    pub(crate) fn place(&self, pointer: &str, at_key: bool) -> Place {
        let path: Vec<String> = pointer::keys(pointer).map(std::borrow::Cow::into_owned).collect();
        match origin(&self.applied, &path) {
            Origin::Document(path) => Place::Document(pointer::from_keys(path.iter().map(String::as_str))),
            Origin::Operation { patch, operation, inside } => {
                let inside = pointer::from_keys(inside.iter().map(String::as_str));
                let inside = format!("/value{inside}");
                let placed = self.patches.get(patch).and_then(|patch| patch.operations.get(operation));
                Place::Patch {
                    patch,
                    bytes: placed.map_or(0..0, |placed| placed.span(&inside, at_key)),
                    pointer: placed.map_or(String::new(), |placed| format!("{}{inside}", placed.pointer)),
                    operation: placed.map_or(String::new(), |placed| describe(placed, operation)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::tree::node_value;

    /// All places of a tree.
    fn places(value: &Value, at: String, all: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, value)| places(value, pointer::join(&at, key), all))
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, value)| places(value, format!("{at}/{i}"), all));
            }
            _ => {}
        }
        all.push(at);
    }

    fn operation() -> impl Strategy<Value = (u8, usize, usize, bool)> {
        (0..6u8, any::<usize>(), any::<usize>(), any::<bool>())
    }

    /// An operation that can be applied to `tree`, with a value that names it.
    fn make((op, first, second, end): (u8, usize, usize, bool), tree: &Value, number: usize) -> Value {
        let mut all = vec![];
        places(tree, String::new(), &mut all);
        let (first, second) = (&all[first % all.len()], &all[second % all.len()]);
        let target = |place: &str| match tree.pointer(place) {
            Some(Value::Array(_)) if end => format!("{place}/-"),
            Some(Value::Array(items)) => format!("{place}/{}", number % (items.len() + 1)),
            Some(Value::Object(_)) => format!("{place}/new{}", number % 3),
            _ => place.to_owned(),
        };
        let value = json!({"list": [format!("{number}a"), format!("{number}b")], "x": number});
        match op {
            0 | 1 => json!({"op": "add", "path": target(first), "value": value}),
            2 => json!({"op": "replace", "path": first, "value": value}),
            3 => json!({"op": "remove", "path": first}),
            4 => json!({"op": "move", "from": first, "path": target(second)}),
            _ => json!({"op": "copy", "from": first, "path": target(second)}),
        }
    }

    proptest! {
        /// Leaves are unique in the document and in each operation, so a leaf that is traced back to the wrong place
        /// meets another value.
        #[test]
        fn every_leaf_is_found_where_it_was_written(picks in vec(operation(), 1..8)) {
            let before = json!({"a": ["p", "q", ["r", "s", "t"]], "b": {"c": "u", "d": [{"e": "v"}, {"e": "w"}]}});
            let (mut tree, mut operations) = (before.clone(), vec![]);
            for (number, pick) in picks.into_iter().enumerate() {
                let operation = make(pick, &tree, number);
                let mut next = tree.clone();
                if apply::apply(&mut next, serde_json::from_value(operation.clone()).unwrap()).is_ok() {
                    (tree, _) = (next, operations.push(operation));
                }
            }
            let text = Document::new("patch", serde_json::to_string(&operations).unwrap());
            let mut patched = before.clone();
            let input = PatchInput { document: &text, name: None };
            let (history, _) = apply_patches(&mut patched, Kind::Unknown, &[input], false).unwrap();
            prop_assert_eq!(&patched, &tree);
            let mut all = vec![];
            places(&patched, String::new(), &mut all);
            for place in all {
                let value = patched.pointer(&place).unwrap();
                if value.is_object() || value.is_array() {
                    continue;
                }
                match history.place(&place, false) {
                    Place::Document(origin) => prop_assert_eq!(before.pointer(&origin), Some(value)),
                    Place::Patch { bytes, pointer, .. } => {
                        let written: Value = serde_json::from_str(&text.text()[bytes]).unwrap();
                        prop_assert_eq!(&written, value);
                        let whole = node_value(text.tree().unwrap()).unwrap();
                        prop_assert_eq!(whole.pointer(&pointer), Some(value));
                    }
                }
            }
        }
    }
}
