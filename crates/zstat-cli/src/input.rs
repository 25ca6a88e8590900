//! Documents in: the files of a spec and its patches, read as one analysis; faults keep their places in the files.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use zstat_core::diag::{Diagnostic, Fault, Severity};
use zstat_core::source::Document;
use zstat_core::spec::Analysis;
use zstat_formats::{Input, Kind, PatchInput, read, split_patch_argument};

use crate::args::SpecArgs;
use crate::failure::Failure;

/// Bytes of the largest file that is read: published workspaces have some megabytes.
const LARGEST: u64 = 1 << 30;

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
    loaded: zstat_formats::Loaded,
    /// When the first file was opened: the start of `load_s`.
    pub opened: Instant,
}

/// The texts of a spec: the document, then its patches.
#[derive(Debug)]
struct Files {
    documents: Vec<Document>,
    /// Names of the patches within their files.
    names: Vec<Option<String>>,
    ignore_digests: bool,
}

impl Spec {
    /// Reads the spec and its patches.
    ///
    /// # Errors
    /// Where a file cannot be read, and all faults of the documents at once.
    pub fn open(args: &SpecArgs) -> Result<Self, Failure> {
        let opened = Instant::now();
        let files = Files::open(args)?;
        match files.with_input(read) {
            Ok(loaded) => Ok(Self { files, loaded, opened }),
            Err(diagnostics) => {
                Err(Failure::Spec(Box::new(SpecFaults { documents: files.documents, diagnostics })))
            }
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
        self.files.documents.first().map_or("<spec>", Document::label)
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
    pub fn into_documents(self) -> Vec<Document> {
        self.files.documents
    }

    /// Digest of the workspace, with its patches; see [`zstat_formats::digest`].
    pub fn digest(&self) -> String {
        zstat_formats::digest(&self.loaded.analysis.workspace)
    }
}

impl Files {
    fn open(args: &SpecArgs) -> Result<Self, Failure> {
        let mut documents = vec![read_document(&args.spec)?];
        let mut names = Vec::new();
        for argument in &args.patch {
            let (file, name) = split_patch_argument(argument, |file| Path::new(file).is_file());
            documents.push(read_document(&PathBuf::from(file))?);
            names.push(name.map(str::to_owned));
        }
        Ok(Self { documents, names, ignore_digests: args.ignore_digests })
    }

    fn with_input<T>(&self, work: impl FnOnce(&Input<'_>) -> T) -> T {
        let patches = self.documents.iter().skip(1).zip(&self.names);
        let patches: Vec<PatchInput<'_>> =
            patches.map(|(document, name)| PatchInput { document, name: name.as_deref() }).collect();
        let input =
            Input { document: &self.documents[0], patches: &patches, ignore_digests: self.ignore_digests };
        work(&input)
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

/// Files that were read, by their real names.
static READ: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Whether this process has read the file: it is not to be written over.
pub fn was_read(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    READ.lock().unwrap_or_else(PoisonError::into_inner).contains(&path)
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
    if let Ok(path) = path.canonicalize() {
        READ.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    }
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
