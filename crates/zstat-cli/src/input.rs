//! Documents in: the files of a spec and its patches, read as one analysis; faults keep their places in the files.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use zstat_core::diag::{Diagnostic, Fault, Severity};
use zstat_core::source::Document;
use zstat_core::spec::Analysis;
use zstat_formats::{Input, Kind, Loaded, PatchInput, read, split_patch_argument};

use crate::args::SpecArgs;
use crate::failure::Failure;

/// Bytes of the largest file that is read: published workspaces have some megabytes.
const LARGEST: u64 = 1 << 30;

/// Faults of the documents of one command, with the texts they are in.
#[derive(Debug)]
pub struct SpecFaults {
    /// The documents; the spec itself is the first.
    pub documents: Vec<Arc<Document>>,
    /// What is wrong with them, in order of place.
    pub diagnostics: Vec<Diagnostic>,
}

impl SpecFaults {
    /// Name of the spec.
    pub fn name(&self) -> &str {
        self.documents.first().map_or("<spec>", |document| document.label())
    }

    /// The file that all faults are in; the spec where there are several.
    pub fn faulty_file(&self) -> &str {
        let mut files = self.diagnostics.iter().map(|diagnostic| diagnostic.file.as_str());
        match files.next() {
            Some(first) if files.all(|file| file == first) => first,
            _ => self.name(),
        }
    }

    /// Numbers of errors and warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        (errors, self.diagnostics.len() - errors)
    }
}

/// A spec that was read, with its patches applied.
#[derive(Debug)]
pub struct Spec {
    files: Files,
    loaded: Loaded,
    /// When the first file was opened: the start of `load_s`.
    pub opened: Instant,
}

/// The texts of a spec: the document, then its patches.
#[derive(Debug, Clone)]
pub struct Files {
    documents: Vec<Arc<Document>>,
    /// Names of the patches within their files.
    names: Vec<Option<String>>,
    ignore_digests: bool,
    /// When the first was opened.
    opened: Instant,
}

impl Spec {
    /// Reads the spec and its patches.
    ///
    /// # Errors
    /// Where a file cannot be read, and all faults of the documents at once.
    pub fn open(args: &SpecArgs) -> Result<Self, Failure> {
        Self::read(Files::open(args)?)
    }

    /// What the files say.
    ///
    /// # Errors
    /// All their faults at once.
    pub fn read(files: Files) -> Result<Self, Failure> {
        let read = files.with_input(read);
        Self::of(files, read)
    }

    /// What was read of the files, or their faults.
    ///
    /// # Errors
    /// The faults.
    pub fn of(files: Files, read: Result<Loaded, Vec<Diagnostic>>) -> Result<Self, Failure> {
        match read {
            Ok(loaded) => Ok(Self { opened: files.opened, files, loaded }),
            Err(diagnostics) => Err(files.faulty(diagnostics)),
        }
    }

    /// The analysis.
    pub fn analysis(&self) -> &Analysis {
        &self.loaded.analysis
    }

    /// Remarks of the reader: what the file lacks, which patches were applied.
    pub fn notes(&self) -> &[String] {
        &self.loaded.notes
    }

    /// Name of the file, as given.
    pub fn name(&self) -> &str {
        self.files.name()
    }

    /// The folder that files of events are relative to.
    pub fn folder(&self) -> &Path {
        Path::new(self.name()).parent().unwrap_or(Path::new(""))
    }

    /// Written by pyhf or for it, rather than in zstat's own layout?
    pub fn is_foreign(&self) -> bool {
        matches!(self.loaded.kind, Kind::PyhfWorkspace | Kind::PyhfModel)
    }

    /// Faults that were found in the analysis, at their places in the files.
    pub fn locate(&self, faults: &[Fault]) -> Vec<Diagnostic> {
        self.files.with_input(|input| self.loaded.resolve(input, faults))
    }

    /// The texts, for printing diagnostics.
    pub fn into_documents(self) -> Vec<Arc<Document>> {
        self.files.documents
    }

    /// Digest of the workspace, with its patches; see [`zstat_formats::digest`].
    pub fn digest(&self) -> String {
        zstat_formats::digest(&self.loaded.analysis.workspace)
    }
}

impl Files {
    /// Reads the files that the options name.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub fn open(args: &SpecArgs) -> Result<Self, Failure> {
        let opened = Instant::now();
        let mut documents = vec![Arc::new(read_document(&args.spec)?)];
        let mut names = Vec::new();
        for argument in &args.patch {
            let (file, name) = split_patch_argument(argument, |file| Path::new(file).is_file());
            documents.push(Arc::new(read_document(&PathBuf::from(file))?));
            names.push(name.map(str::to_owned));
        }
        Ok(Self { documents, names, ignore_digests: args.ignore_digests, opened })
    }

    /// Name of the spec, as given.
    pub fn name(&self) -> &str {
        self.documents.first().map_or("<spec>", |document| document.label())
    }

    /// The texts: the spec, then its patches.
    pub fn documents(&self) -> &[Arc<Document>] {
        &self.documents
    }

    /// The patches, with their names within their files.
    pub fn patches(&self) -> Vec<PatchInput<'_>> {
        let patches = self.documents.iter().skip(1).zip(&self.names);
        patches.map(|(document, name)| PatchInput { document, name: name.as_deref() }).collect()
    }

    /// What the reader takes; `patches` are those of [`Files::patches`].
    pub fn input<'a>(&'a self, patches: &'a [PatchInput<'a>]) -> Input<'a> {
        Input { document: &self.documents[0], patches, ignore_digests: self.ignore_digests }
    }

    /// The same files with another name in that of patch number `place`.
    pub fn named(&self, place: usize, name: &str) -> Self {
        let mut files = self.clone();
        files.names[place] = Some(name.to_owned());
        files
    }

    /// When the first was opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// Faults of these files.
    pub fn faulty(&self, diagnostics: Vec<Diagnostic>) -> Failure {
        Failure::Spec(Box::new(SpecFaults { documents: self.documents.clone(), diagnostics }))
    }

    fn with_input<T>(&self, work: impl FnOnce(&Input<'_>) -> T) -> T {
        work(&self.input(&self.patches()))
    }
}

/// Reads a file, or standard input where the path is `-`, as a document.
///
/// # Errors
/// Where it cannot be read or is no UTF-8.
pub fn read_document(path: &Path) -> Result<Document, Failure> {
    let label = if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() };
    Document::from_bytes(label.clone(), read_bytes(path)?).map_err(|diagnostic| {
        let documents = vec![Arc::new(Document::new(label, String::new()))];
        Failure::Spec(Box::new(SpecFaults { documents, diagnostics: vec![*diagnostic] }))
    })
}

/// Files that were read, by their real names.
static READ: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Whether this process has read the file: it is not to be written over.
pub fn was_read(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    READ.lock().unwrap_or_else(PoisonError::into_inner).contains(&path)
}

/// Notes a file that something else reads: it is not to be written over.
pub fn remember(path: &Path) {
    if let Ok(path) = path.canonicalize() {
        READ.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    }
}

/// Forgets that a file was read: it may be written over.
pub fn release(path: &Path) {
    if let Ok(path) = path.canonicalize() {
        READ.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| *known != path);
    }
}

/// Reads a file, or standard input where the path is `-`.
fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.as_os_str() == "-" {
        let read = read_all(std::io::stdin().lock(), LARGEST);
        return read.map_err(|source| Failure::read(Path::new("<stdin>"), source));
    }
    remember(path);
    read_file(path).map_err(|source| Failure::read(path, source))
}

/// Reads all of a file that is not beyond any use; a pipe or a device may have no end.
fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::Error::new(ErrorKind::IsADirectory, "it is a folder, expected a file"));
    }
    read_all(file, LARGEST)
}

fn read_all(source: impl Read, largest: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        let message = format!("it has more than {largest} bytes, expected a spec");
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_refused() {
        assert_eq!(read_all(&b"0123456789"[..], 10).map(|bytes| bytes.len()).ok(), Some(10));
        let error = read_all(std::io::repeat(0), 10).expect_err("no end");
        assert_eq!(error.to_string(), "it has more than 10 bytes, expected a spec");
    }
}
