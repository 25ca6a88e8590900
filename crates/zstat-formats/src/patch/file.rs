//! The text of a patch → the operations that are meant, each with its place in the text.

use std::collections::HashSet;
use std::ops::Range;

use json_patch::PatchOperation;
use zstat_core::diag::{Code, Fault};
use zstat_core::source::{Document, Node, NodeValue, Syntax, pointer, schema, walk};

use super::set::{JsonPatchSet, Operation, PatchMetadata, PatchSet, TreePatchSet};
use crate::kind::{Kind, detect};
use crate::tree::node_value;

/// The chosen patch of a file.
#[derive(Debug)]
pub(crate) struct Patch {
    /// Its operations, in order.
    pub(super) operations: Vec<PlacedOperation>,
    /// For a patch set: the digests of the workspace it is for, by algorithm.
    pub(super) digests: Vec<(String, String)>,
    /// For a patch set: the name of the patch.
    pub(super) name: Option<String>,
}

/// An operation and where it stands.
#[derive(Debug)]
pub(super) struct PlacedOperation {
    pub operation: PatchOperation,
    /// The operation as a tree; its spans count from `offset` in the file.
    pub node: Node,
    pub offset: usize,
    /// JSON pointer of the operation in the file.
    pub pointer: String,
}

impl Patch {
    /// Of a patch set: the digests of the workspace it is for, by algorithm; else none.
    pub(crate) fn digests(&self) -> &[(String, String)] {
        &self.digests
    }
}

impl PlacedOperation {
    /// Bytes in the file of the place `inside` this operation.
    pub(super) fn span(&self, inside: &str, at_key: bool) -> Range<usize> {
        let span = self.node.span_at(inside, at_key).unwrap_or(0..0);
        span.start + self.offset..span.end + self.offset
    }
}

/// Reads the patch called `wanted` (of a patch set), or the only one.
///
/// # Errors
/// All faults of the file or of the chosen patch, with their bytes.
pub(crate) fn read_patch(document: &Document, wanted: Option<&str>) -> Result<Patch, Vec<Fault>> {
    match (detect(document.text()), document.syntax()) {
        (Kind::JsonPatch, _) => {
            if let Some(name) = wanted {
                let message = format!("the file is a single JSON Patch, in which nothing is called `{name}`");
                let help = "give the file without a name, or a patch set with one";
                return Err(vec![Fault::new(Code::UnknownPatch, "", message).span(0..0).help(help)]);
            }
            let root = document.tree().map_err(|fault| vec![fault])?;
            let operations = operations(root.clone(), 0, "")?;
            Ok(Patch { operations, digests: vec![], name: None })
        }
        (Kind::PatchSet, _) => {
            let set = SetFile::open(document)?;
            set.patch(set.find(wanted)?)
        }
        // A list of something is meant as a patch: what its entries lack says more.
        (Kind::Unknown, Syntax::Json) if document.text().trim_start().starts_with('[') => {
            let root = document.tree().map_err(|fault| vec![fault])?;
            let operations = operations(root.clone(), 0, "")?;
            Ok(Patch { operations, digests: vec![], name: None })
        }
        (Kind::Unknown, _) if document.tree().is_err() => Err(document.tree().err().into_iter().collect()),
        (Kind::Unknown, _) if document.tree().is_ok_and(is_operation) => {
            let message = "the file is a single operation, expected a list of them";
            let help = "put it in square brackets: `[{…}]`";
            Err(vec![Fault::new(Code::WrongFile, "", message).span(0..0).help(help)])
        }
        (other, _) => {
            let message = format!("the file is {}, expected a JSON Patch or a patch set", other.describe());
            let help =
                "a patch is a list of operations like {op: add, path: /channels/0/samples/-, value: …}";
            Err(vec![Fault::new(Code::WrongFile, "", message).span(0..0).help(help)])
        }
    }
}

fn is_operation(root: &Node) -> bool {
    root.get("op").is_some() && root.get("path").is_some()
}

/// A patch set whose patches are read one by one.
#[derive(Debug)]
pub(crate) struct SetFile<'a> {
    document: &'a Document,
    /// Digests of the workspace it is for, by algorithm.
    digests: Vec<(String, String)>,
    heads: PatchSet<()>,
    parts: Parts<'a>,
}

/// The operations of each patch.
#[derive(Debug)]
enum Parts<'a> {
    /// As text.
    Json(Vec<&'a str>),
    /// In the tree of the document.
    Yaml(&'a Node),
}

impl<'a> SetFile<'a> {
    /// The set of a document that holds one; of JSON nothing but names and values is looked at.
    ///
    /// # Errors
    /// All faults of the file, with their bytes.
    pub(crate) fn open(document: &'a Document) -> Result<Self, Vec<Fault>> {
        let (heads, parts) = match document.syntax() {
            Syntax::Json => {
                let set = serde_json::from_str::<JsonPatchSet<'_>>(document.text());
                let set = set.map_err(|error| faults_of_set(document, &error.to_string()))?;
                let (heads, parts) = set.taken_apart();
                (heads, Parts::Json(parts.into_iter().map(|part| part.0.get()).collect()))
            }
            Syntax::Yaml => {
                let root = document.tree().map_err(|fault| vec![fault])?;
                let set: TreePatchSet = match node_value(root).map(serde_json::from_value) {
                    Ok(Ok(set)) => set,
                    Ok(Err(error)) => return Err(faults_of_set(document, &error.to_string())),
                    Err(fault) => return Err(vec![*fault]),
                };
                (set.taken_apart().0, Parts::Yaml(root))
            }
        };
        let contradictions = heads.contradictions();
        if !contradictions.is_empty() {
            let place = |pointer: &str| document.locate(pointer, false).map_or(0..0, |span| span.bytes);
            let fault = |(pointer, message): (String, String)| {
                let span = place(&pointer);
                Fault::new(Code::DuplicateName, pointer, message).span(span)
            };
            return Err(contradictions.into_iter().map(fault).collect());
        }
        let digests = heads.metadata.digests.iter().map(|(name, digest)| (name.clone(), digest.clone()));
        Ok(Self { document, digests: digests.collect(), heads, parts })
    }

    /// Digests of the workspace that the set is for, by algorithm.
    pub(crate) fn digests(&self) -> &[(String, String)] {
        &self.digests
    }

    /// What the values of a patch are.
    pub(crate) fn labels(&self) -> &[String] {
        &self.heads.metadata.labels
    }

    /// Names and values of the patches.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &PatchMetadata> {
        self.heads.patches.iter().map(|patch| &patch.metadata)
    }

    /// Index of the patch that `wanted` names; the only one if none is named.
    pub(crate) fn find(&self, wanted: Option<&str>) -> Result<usize, Vec<Fault>> {
        self.heads.find(wanted).map_err(|none| {
            let fault = Fault::new(Code::UnknownPatch, "", none.message).span(0..0);
            vec![Fault { help: none.help, ..fault }]
        })
    }

    /// Patch number `index`.
    ///
    /// # Errors
    /// All faults of its operations, with their bytes.
    pub(crate) fn patch(&self, index: usize) -> Result<Patch, Vec<Fault>> {
        let (root, offset) = match &self.parts {
            Parts::Json(parts) => {
                let text = parts.get(index).copied().unwrap_or("[]");
                let offset = (text.as_ptr() as usize).saturating_sub(self.document.text().as_ptr() as usize);
                let part = Document::new(self.document.label(), text.to_owned());
                (part.tree().map_err(|fault| vec![moved(fault, offset)])?.clone(), offset)
            }
            Parts::Yaml(root) => {
                let one = root.get("patches").and_then(|all| all.items().get(index));
                let node = one.and_then(|one| one.get("patch")).cloned();
                (node.unwrap_or(Node { span: None, value: NodeValue::List(vec![]) }), 0)
            }
        };
        let operations = operations(root, offset, &format!("/patches/{index}/patch"))?;
        let name = self.heads.patches.get(index).map(|patch| patch.metadata.name.clone());
        Ok(Patch { operations, digests: self.digests.clone(), name })
    }
}

/// What is wrong with a patch set, by its schema; `reason` where the schema sees nothing.
fn faults_of_set(document: &Document, reason: &str) -> Vec<Fault> {
    let root = match document.tree() {
        Ok(root) => root,
        Err(fault) => return vec![fault],
    };
    let faults = walk(root, &schema::of::<TreePatchSet>(), "");
    if faults.is_empty() { vec![Fault::new(Code::Unreadable, "", reason).span(0..0)] } else { faults }
}

fn moved(mut fault: Fault, offset: usize) -> Fault {
    fault.span = fault.span.map(|span| span.start + offset..span.end + offset);
    fault
}

/// The operations of a list; `offset` is where its text begins in the file, `at` the pointer there.
fn operations(root: Node, offset: usize, at: &str) -> Result<Vec<PlacedOperation>, Vec<Fault>> {
    let faults = walk(&root, &schema::of::<Vec<Operation>>(), at);
    let mut faults: Vec<Fault> = faults.into_iter().map(|fault| moved(fault, offset)).collect();
    let NodeValue::List(items) = root.value else {
        return if faults.is_empty() { Ok(vec![]) } else { Err(faults) };
    };
    let misshapen: HashSet<String> = faults.iter().filter_map(|fault| entry_of(&fault.pointer, at)).collect();
    let mut placed = vec![];
    for (i, node) in items.into_iter().enumerate() {
        let pointer = pointer::join(at, &i.to_string());
        if misshapen.contains(&pointer) {
            continue;
        }
        match operation(&node, i) {
            Ok(operation) => placed.push(PlacedOperation { operation, node, offset, pointer }),
            Err(mut fault) => {
                fault.pointer = format!("{pointer}{}", fault.pointer);
                faults.push(moved(*fault, offset));
            }
        }
    }
    if faults.is_empty() { Ok(placed) } else { Err(faults) }
}

/// The pointer of the operation that a fault inside it is of.
fn entry_of(pointer: &str, list: &str) -> Option<String> {
    let index = pointer.strip_prefix(list)?.strip_prefix('/')?.split('/').next()?;
    Some(pointer::join(list, index))
}

/// One operation; its shape has been checked, except for what its `op` needs.
fn operation(node: &Node, number: usize) -> Result<PatchOperation, Box<Fault>> {
    let op = node.get("op").and_then(Node::text).unwrap_or_default();
    let needed = match op {
        "add" | "replace" | "test" => Some("value"),
        "move" | "copy" => Some("from"),
        _ => None,
    };
    let fault = |place: &str, message: String| {
        let span = node.span_at(place, false).unwrap_or(0..0);
        Box::new(Fault::new(Code::PatchOperation, place, message).span(span))
    };
    if let Some(key) = needed.filter(|key| node.get(key).is_none()) {
        return Err(fault("", format!("operation {number} ({op}) has no `{key}`")));
    }
    for key in ["path", "from"] {
        let Some(text) = node.get(key).and_then(Node::text) else { continue };
        if let Err(error) = json_patch::jsonptr::Pointer::parse(text) {
            let why = if text.starts_with('/') {
                "`~` must be followed by 0 or 1"
            } else {
                "it must begin with `/`"
            };
            let message = format!("operation {number} ({op}): `{text}` is no JSON pointer: {why}");
            let _ = error;
            return Err(fault(&format!("/{key}"), message));
        }
    }
    let value = node_value(node)?;
    serde_json::from_value(value).map_err(|error| fault("", format!("operation {number} ({op}): {error}")))
}
