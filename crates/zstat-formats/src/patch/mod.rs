//! Patches: JSON Patch (RFC 6902) and pyhf's patch sets, applied to a document of any layout.
//!
//! In: the tree of the document and the texts of the patches. Out: the patched tree, and a [`History`] by which a fault
//! in it is traced back to the file and the line that it was written in.

mod apply;
mod argument;
mod file;
mod origin;
mod set;

use serde_json::Value;
use zstat_core::diag::{Code, Diagnostic, Fault, resolve};
use zstat_core::source::{Document, Native, pointer};

pub use argument::split_patch_argument;
use file::{Patch, PlacedOperation, read_patch};
use origin::{Applied, Origin, origin};

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

/// What the patches did, for tracing places back.
#[derive(Debug, Default)]
pub(crate) struct History {
    patches: Vec<Patch>,
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
    let mut history = History::default();
    let mut notes = vec![];
    let mut read = vec![];
    for input in patches {
        let patch =
            read_patch(input.document, input.name).map_err(|faults| diagnostics(input.document, &faults))?;
        read.push(patch);
    }
    // Several sets for one workspace all hold the digest of the workspace without patches.
    for (input, patch) in patches.iter().zip(&read) {
        if let Err((message, help)) = verify(tree, kind, patch) {
            if ignore_digests {
                notes.push(format!("{}: {message}; ignored as asked", input.document.label()));
            } else {
                let fault = Fault::new(Code::PatchDigest, "/metadata/digests", message).help(help);
                return Err(diagnostics(input.document, &[fault]));
            }
        }
    }
    for (number, (input, patch)) in patches.iter().zip(read).enumerate() {
        for (i, placed) in patch.operations.iter().enumerate() {
            match apply::apply(tree, placed.operation.clone()) {
                Ok(effect) => history.applied.push(Applied { patch: number, operation: i, effect }),
                Err(refusal) => return Err(diagnostics(input.document, &[refused(placed, i, refusal)])),
            }
        }
        let name = patch.name.as_ref().map_or(String::new(), |name| format!(", patch `{name}`"));
        let n = patch.operations.len();
        let count = if n == 1 { "1 operation".to_owned() } else { format!("{n} operations") };
        notes.push(format!("patched by {}{name}: {count}", input.document.label()));
        history.patches.push(patch);
    }
    Ok((history, notes))
}

fn diagnostics(document: &Document, faults: &[Fault]) -> Vec<Diagnostic> {
    resolve(document, &Native::Workspace, faults)
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
    format!("{number} ({op} {})", placed.operation.path())
}

/// Compares the digests of a patch set with the document's, as pyhf does.
fn verify(tree: &Value, kind: Kind, patch: &Patch) -> Result<(), (String, String)> {
    for (algorithm, expected) in &patch.digests {
        let Some(found) = pyhf_digest(tree, algorithm) else {
            let message = format!("the patch set has a digest by `{algorithm}`, which is not known");
            return Err((message, "pyhf's patch sets have sha256 or md5".to_owned()));
        };
        if !found.eq_ignore_ascii_case(expected) {
            let message = format!(
                "the patch set is for another workspace: its {algorithm} digest is {expected}, this one's {found}"
            );
            let help = match kind {
                Kind::PyhfWorkspace => {
                    "get the workspace that belongs to it, or ignore the digest (`--ignore-digest`)"
                }
                _ => "patch sets are for pyhf workspaces as they were published; apply it to that file",
            };
            return Err((message, help.to_owned()));
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
