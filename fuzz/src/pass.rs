//! Bytes → document → analysis → check → lint → model → likelihood: everything `zstat evaluate` does to a file.

use zstat_core::diag::Severity;
use zstat_core::fit::Fitter;
use zstat_core::plugin::Registry;
use zstat_core::source::Document;
use zstat_core::spec::{BuildOptions, check, check_analysis, lint};
use zstat_formats::{Input, Kind, Loaded, detect, digest, read};

use crate::{diagnose, evaluate};

/// The text of a file, or none where it is no text; then the refusal was looked at.
pub fn document(label: &str, bytes: &[u8]) -> Option<Document> {
    match Document::from_bytes(label, bytes.to_vec()) {
        Ok(document) => Some(document),
        Err(refusal) => {
            assert!(!refusal.message.is_empty() && refusal.line > 0 && refusal.column > 0, "{refusal:?}");
            // As the command line prints it: the text is not there.
            let nothing = [Document::new(label, String::new())];
            let _ = zstat_cli::rendered(&nothing, &refusal);
            None
        }
    }
}

/// Reads a document without patches.
pub fn load(document: &Document) -> Option<Loaded> {
    let _ = detect(document.text());
    let input = Input { document, patches: &[], ignore_digests: false };
    match read(&input) {
        Ok(loaded) => Some(loaded),
        Err(refusals) => {
            diagnose::refused(&[document], &refusals);
            None
        }
    }
}

/// The options that the command line builds a model with, without arguments.
pub fn options(loaded: &Loaded) -> BuildOptions {
    let analysis = &loaded.analysis;
    BuildOptions {
        dialect: analysis.dialect,
        interpolation: analysis.interpolation,
        staterror: analysis.staterror,
        allow_absent: matches!(loaded.kind, Kind::PyhfWorkspace | Kind::PyhfModel),
        ..BuildOptions::default()
    }
}

/// Checks what was read and, where there are no errors, evaluates its likelihood.
pub fn analyse(input: &Input<'_>, loaded: &Loaded) {
    let options = options(loaded);
    let workspace = &loaded.analysis.workspace;
    let fitters = Registry::<dyn Fitter>::load("fitter").expect("unique names");
    let mut faults = check(workspace, &options);
    faults.extend(check_analysis(&loaded.analysis, &fitters));
    let documents: Vec<&Document> =
        std::iter::once(input.document).chain(input.patches.iter().map(|patch| patch.document)).collect();
    assert_eq!(digest(workspace), digest(&workspace.clone()));
    if !faults.is_empty() {
        assert!(faults.iter().all(|fault| fault.severity() == Severity::Error), "{faults:?}");
        diagnose::refused(&documents, &loaded.resolve(input, &faults));
        return;
    }
    let warnings = lint(workspace, &options);
    assert!(warnings.iter().all(|fault| fault.severity() == Severity::Warning), "{warnings:?}");
    diagnose::all(&documents, &loaded.resolve(input, &warnings));
    evaluate::at_init(workspace, &options);
}

/// The whole pass over one file.
pub fn whole(label: &str, bytes: &[u8]) {
    let Some(document) = document(label, bytes) else { return };
    if let Some(loaded) = load(&document) {
        analyse(&Input { document: &document, patches: &[], ignore_digests: false }, &loaded);
    }
}
