//! The one way in: texts of any layout that zstat knows, with patches, become an analysis.
//!
//! In: documents. Out: [`Loaded`], or every fault with its place in the file that it was written in: those of shape, and those
//! that are found behind them. Where the numbers go afterwards is not known here; the places of their faults are
//! ([`Loaded::resolve`]).

mod further;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zstat_core::diag::{Code, Diagnostic, Fault, resolve};
use zstat_core::source::{Document, Layout, Native, Node, parse, schema, walk};
use zstat_core::spec::{Analysis, Workspace};

use crate::kind::{Kind, detect, detect_quickly, detect_tree};
use crate::patch::{History, PatchInput, Place, apply_patches};
use crate::pyhf;
use crate::tree::document_tree;

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// An analysis or a workspace.
    pub document: &'a Document,
    /// Patches, applied in this order.
    pub patches: &'a [PatchInput<'a>],
    /// Apply patch sets although they were made for another workspace.
    pub ignore_digests: bool,
}

/// What was read.
#[derive(Debug)]
pub struct Loaded {
    /// The analysis; a bare workspace becomes one with default settings.
    pub analysis: Analysis,
    /// What the document holds.
    pub kind: Kind,
    /// What a user should know: what the file lacks, which patches were applied.
    pub notes: Vec<String>,
    trace: Trace,
}

/// The way back from a place in the analysis to the files.
#[derive(Debug)]
struct Trace {
    kind: Kind,
    history: History,
    /// The patched tree; needed only where there were patches.
    patched: Option<Value>,
}

/// Reads an analysis or a workspace, in zstat's or pyhf's layout, YAML or JSON, and applies the patches.
///
/// # Errors
/// Every fault of the texts, in the order of the files and lines.
pub fn read(input: &Input<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let result = if input.patches.is_empty() { read_text(input.document) } else { read_patched(input) };
    let (Content { analysis, notes }, trace) = result.map_err(|failure| failure.placed(input))?;
    Ok(Loaded { analysis, kind: trace.kind, notes, trace })
}

impl Loaded {
    /// The places of faults that were found in this analysis, in the files of `input`.
    pub fn resolve(&self, input: &Input<'_>, faults: &[Fault]) -> Vec<Diagnostic> {
        self.trace.resolve(input, faults, Found::InAnalysis)
    }
}

struct Content {
    analysis: Analysis,
    notes: Vec<String>,
}

enum Failure {
    Placed(Vec<Diagnostic>),
    Found(Vec<Fault>, Box<Trace>),
}

/// What the pointers of faults refer to.
#[derive(Clone, Copy, PartialEq)]
enum Found {
    /// The document's own layout.
    InDocument,
    /// zstat's layout of the analysis that was read.
    InAnalysis,
}

fn read_text(document: &Document) -> Result<(Content, Trace), Failure> {
    let mut kind = detect_quickly(document.text());
    let mut result = content(kind, Text(document));
    if result.is_err() {
        let whole = detect(document.text());
        if whole != kind {
            kind = whole;
            result = content(kind, Text(document));
        }
    }
    let trace = Trace { kind, history: History::default(), patched: None };
    match result {
        Ok(content) => Ok((content, trace)),
        Err(mut faults) => {
            faults.extend(further::faults(document, &trace));
            Err(Failure::Found(faults, Box::new(trace)))
        }
    }
}

fn read_patched(input: &Input<'_>) -> Result<(Content, Trace), Failure> {
    let (mut tree, before) = base_tree(input.document)?;
    let (history, notes) =
        apply_patches(&mut tree, before, input.patches, input.ignore_digests).map_err(Failure::Placed)?;
    read_tree(tree, history, notes)
}

/// The tree of a document that is to be patched, and what it is.
fn base_tree(document: &Document) -> Result<(Value, Kind), Failure> {
    let before = detect(document.text());
    let unpatched = |kind| Box::new(Trace { kind, history: History::default(), patched: None });
    let not_a_model = !before.is_model() && before != Kind::Unknown;
    if not_a_model {
        return Err(Failure::Found(vec![not_readable(before)], unpatched(before)));
    }
    match document_tree(document) {
        Ok(tree) => Ok((tree, before)),
        Err(fault) => Err(Failure::Found(vec![fault], unpatched(before))),
    }
}

/// The content of a patched tree.
fn read_tree(tree: Value, history: History, mut notes: Vec<String>) -> Result<(Content, Trace), Failure> {
    let kind = detect_tree(&tree);
    let result = content(kind, Tree(&tree));
    let trace = Trace { kind, history, patched: Some(tree) };
    match result {
        Ok(mut content) => {
            notes.append(&mut content.notes);
            Ok((Content { notes, ..content }, trace))
        }
        Err(faults) => Err(Failure::Found(faults, Box::new(trace))),
    }
}

/// The same for other modules: the tree of the document of `input`.
///
/// # Errors
/// What is wrong with the document.
pub(crate) fn unpatched(input: &Input<'_>) -> Result<(Value, Kind), Vec<Diagnostic>> {
    base_tree(input.document).map_err(|failure| failure.placed(input))
}

/// The analysis in a tree that the patches of `input` have been applied to, with the remarks `notes` on them.
///
/// # Errors
/// Every fault, at its place in the files of `input`.
pub(crate) fn patched(
    input: &Input<'_>,
    tree: Value,
    history: History,
    notes: Vec<String>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let (Content { analysis, notes }, trace) =
        read_tree(tree, history, notes).map_err(|failure| failure.placed(input))?;
    Ok(Loaded { analysis, kind: trace.kind, notes, trace })
}

impl Failure {
    fn placed(self, input: &Input<'_>) -> Vec<Diagnostic> {
        match self {
            Self::Placed(diagnostics) => diagnostics,
            Self::Found(faults, trace) => trace.resolve(input, &faults, Found::InDocument),
        }
    }
}

/// Something that can be read as a type.
trait Source {
    fn read<T: DeserializeOwned + JsonSchema>(&self) -> Result<T, Vec<Fault>>;
}

struct Text<'a>(&'a Document);

impl Source for Text<'_> {
    fn read<T: DeserializeOwned + JsonSchema>(&self) -> Result<T, Vec<Fault>> {
        parse(self.0)
    }
}

struct Tree<'a>(&'a Value);

impl Source for Tree<'_> {
    fn read<T: DeserializeOwned + JsonSchema>(&self) -> Result<T, Vec<Fault>> {
        T::deserialize(self.0).map_err(|error| {
            let faults = walk(&Node::from_json(self.0), &schema::of::<T>(), "");
            if faults.is_empty() { vec![Fault::new(Code::Unreadable, "", error.to_string())] } else { faults }
        })
    }
}

fn content(kind: Kind, source: impl Source) -> Result<Content, Vec<Fault>> {
    let bare = |workspace, notes| Content {
        analysis: Analysis { zstat: 1, workspace, ..Default::default() },
        notes,
    };
    let converted = |pyhf::Converted { workspace, notes }| bare(workspace, notes);
    match kind {
        Kind::Analysis => Ok(Content { analysis: source.read()?, notes: vec![] }),
        Kind::NativeWorkspace => Ok(bare(source.read::<Workspace>()?, vec![])),
        Kind::PyhfWorkspace => pyhf::from_workspace(source.read()?).map(converted),
        Kind::PyhfModel => pyhf::from_model(source.read()?).map(converted),
        // A text that is nothing in particular is most likely a misspelt analysis: its faults say more than a refusal.
        Kind::Unknown | Kind::Empty => match source.read::<Analysis>() {
            Ok(_) => Err(vec![not_readable(kind)]),
            Err(faults) => Err(faults),
        },
        other => Err(vec![not_readable(other)]),
    }
}

fn not_readable(kind: Kind) -> Fault {
    let message = format!("the file is {}, expected an analysis or a workspace", kind.describe());
    let help = match kind {
        Kind::JsonPatch | Kind::PatchSet => "give it as `--patch FILE`, beside the workspace that it changes",
        Kind::FitResult => "give the spec that the result was made from",
        Kind::Xml => "convert it with `pyhf xml2json` and give the JSON file",
        Kind::Hs3 | Kind::Datacard => {
            "this format cannot be read yet; give a pyhf workspace or a zstat analysis"
        }
        _ => "write an analysis (`zstat: 1` and a `workspace`), or give another file",
    };
    Fault::new(Code::WrongFile, "", message).span(0..0).help(help)
}

impl Trace {
    fn resolve(&self, input: &Input<'_>, faults: &[Fault], found: Found) -> Vec<Diagnostic> {
        let layout = self.layout(found);
        let Some(patched) = self.patched.as_ref().filter(|_| !self.history.is_empty()) else {
            return resolve(input.document, &*layout, faults);
        };
        let root = Node::from_json(patched);
        // Faults of each file are placed together, in the order of its lines.
        let mut by_file: Vec<(&Document, Vec<Fault>)> = vec![(input.document, vec![])];
        by_file.extend(input.patches.iter().map(|patch| (patch.document, vec![])));
        for fault in faults {
            let (pointer, at_key) = layout.translate(&fault.pointer, fault.at_key, &root);
            let (file, fault) = self.traced(input.document, fault, &pointer, at_key);
            by_file[file].1.push(fault);
        }
        let placed = by_file.iter().map(|(document, faults)| resolve(document, &Native::Workspace, faults));
        placed.flatten().collect()
    }

    /// The fault with its bytes, and the number of the file that they are in: the document, then the patches.
    fn traced(&self, document: &Document, fault: &Fault, pointer: &str, at_key: bool) -> (usize, Fault) {
        match self.history.place(pointer, at_key) {
            Place::Document(pointer) => {
                let span = document.locate(&pointer, at_key).map(|span| span.bytes);
                (0, Fault { pointer, at_key, span, ..fault.clone() })
            }
            Place::Patch { patch, bytes, pointer, operation } => {
                let message = format!("{} (written by operation {operation})", fault.message);
                (patch + 1, Fault { pointer, at_key, span: Some(bytes), message, ..fault.clone() })
            }
        }
    }

    fn layout(&self, found: Found) -> Box<dyn Layout> {
        match (found, self.kind) {
            (Found::InDocument, _) | (_, Kind::NativeWorkspace) => Box::new(Native::Workspace),
            (_, Kind::PyhfWorkspace | Kind::PyhfModel) => Box::new(pyhf::Layout::default()),
            _ => Box::new(Native::Analysis),
        }
    }
}
