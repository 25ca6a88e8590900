//! Documents in: a spec and its patches become one analysis, with every fault placed in its file.

use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;
use sha2::{Digest, Sha256};
use zstat_core::diag::{Diagnostic, Fault, Severity, resolve};
use zstat_core::source::{Document, Layout, Native, Node, parse_with, schema};
use zstat_core::spec::{Analysis, Workspace};
use zstat_formats::{Kind, detect, pyhf};

use crate::args::ModelArgs;
use crate::failure::Failure;
use crate::schemas;

/// Faults of the documents of one command, with the texts they are in.
#[derive(Debug)]
pub struct SpecFaults {
    /// The documents; the spec itself is the first.
    pub documents: Vec<Document>,
    /// What is wrong with them, in order of place.
    pub diagnostics: Vec<Diagnostic>,
}

impl SpecFaults {
    /// Name of the spec.
    pub fn name(&self) -> &str {
        self.documents.first().map_or("<spec>", Document::label)
    }

    /// Numbers of errors and warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        (errors, self.diagnostics.len() - errors)
    }
}

/// A spec that was read, with its patches applied.
#[derive(Debug)]
pub struct Loaded {
    /// The analysis.
    pub analysis: Analysis,
    /// The texts it came from; the spec itself is the first.
    pub documents: Vec<Document>,
    /// Remarks of the reader: what the file lacks, and what was assumed for it.
    pub notes: Vec<String>,
    /// When the first file was opened: the start of `load_s`.
    pub opened: Instant,
    layout: FileLayout,
}

/// How the workspace stands in its file.
#[derive(Debug, Clone, Copy)]
enum FileLayout {
    Native(Native),
    Pyhf { model: bool },
}

impl Loaded {
    /// Reads the spec and its patches.
    ///
    /// # Errors
    /// Where a file cannot be read, and all faults of the documents at once.
    pub fn open(args: &ModelArgs) -> Result<Self, Failure> {
        let opened = Instant::now();
        let document = read_document(&args.spec)?;
        let (read, layout) = read_analysis(&document);
        match read {
            Ok((analysis, notes)) => Ok(Self { analysis, documents: vec![document], notes, opened, layout }),
            Err(faults) => {
                let diagnostics = resolve(&document, &Verbatim, &faults);
                Err(Failure::Spec(Box::new(SpecFaults { documents: vec![document], diagnostics })))
            }
        }
    }

    /// Name of the spec, as given.
    pub fn name(&self) -> &str {
        self.documents.first().map_or("<spec>", Document::label)
    }

    /// Faults of the model, placed in the documents.
    pub fn locate(&self, faults: &[Fault]) -> Vec<Diagnostic> {
        let Some(document) = self.documents.first() else { return Vec::new() };
        match self.layout {
            FileLayout::Native(native) => resolve(document, &native, faults),
            FileLayout::Pyhf { model } => {
                resolve(document, &Pyhf { workspace: &self.analysis.workspace, model }, faults)
            }
        }
    }

    /// SHA-256 of the analysis: of its JSON form with sorted keys and without spaces. The same for YAML and JSON, and
    /// blind to comments and to the order of keys; patches count, options of the command line do not.
    pub fn digest(&self) -> String {
        let value = serde_json::to_value(&self.analysis).unwrap_or(Value::Null);
        let hash = Sha256::digest(sorted(value).to_string());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }
}

/// What a file holds as an analysis with remarks, or its faults; and how it stands there.
type Read = (Result<(Analysis, Vec<String>), Vec<Fault>>, FileLayout);

fn read_analysis(document: &Document) -> Read {
    let bare = |workspace| Analysis { zstat: 1, workspace, ..Analysis::default() };
    let native = |kind| FileLayout::Native(kind);
    match detect(document.text()) {
        Kind::PyhfWorkspace => {
            let read = parse_with::<pyhf::Workspace>(document, schema::of::<pyhf::Workspace>)
                .and_then(pyhf::from_workspace);
            (read.map(|c| (bare(c.workspace), c.notes)), FileLayout::Pyhf { model: false })
        }
        Kind::PyhfModel => {
            let read =
                parse_with::<pyhf::Model>(document, schema::of::<pyhf::Model>).and_then(pyhf::from_model);
            (read.map(|c| (bare(c.workspace), c.notes)), FileLayout::Pyhf { model: true })
        }
        Kind::NativeWorkspace => {
            let read = parse_with::<Workspace>(document, schema::of::<Workspace>);
            (read.map(|workspace| (bare(workspace), Vec::new())), native(Native::Workspace))
        }
        _ => {
            let read = parse_with::<Analysis>(document, schemas::analysis);
            (read.map(|analysis| (analysis, Vec::new())), native(Native::Analysis))
        }
    }
}

/// Pointers are the document's own already.
struct Verbatim;

impl Layout for Verbatim {
    fn translate(&self, pointer: &str, at_key: bool, _root: &Node) -> (String, bool) {
        (pointer.to_owned(), at_key)
    }
}

struct Pyhf<'w> {
    workspace: &'w Workspace,
    model: bool,
}

impl Layout for Pyhf<'_> {
    fn translate(&self, pointer: &str, at_key: bool, _root: &Node) -> (String, bool) {
        (pyhf::to_pyhf_pointer(pointer, self.workspace, self.model), at_key)
    }
}

/// The same value with all keys sorted.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        other => other,
    }
}

/// Reads a file, or standard input where the path is `-`, as a document.
///
/// # Errors
/// Where it cannot be read or is no UTF-8.
pub fn read_document(path: &Path) -> Result<Document, Failure> {
    let label = if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() };
    Document::from_bytes(label.clone(), read_bytes(path)?).map_err(|diagnostic| {
        let documents = vec![Document::new(label, String::new())];
        Failure::Spec(Box::new(SpecFaults { documents, diagnostics: vec![*diagnostic] }))
    })
}

/// Reads a file, or standard input where the path is `-`.
fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        read.map_err(|source| Failure::read(Path::new("<stdin>"), source))?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(|source| Failure::read(path, source))
}
