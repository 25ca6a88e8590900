//! A file as the program sees it: read, checked, compiled.
#![allow(clippy::expect_used, reason = "a bench may panic")]

use std::path::Path;

use zstat_core::likelihood::Data;
use zstat_core::model::Model;
use zstat_core::source::Document;
use zstat_core::spec::BuildOptions;
use zstat_formats::{Input, read};

/// Opened file to built model, as in `load_s` of the command line.
pub fn load(path: &Path) -> (Model, Data) {
    let bytes = std::fs::read(path).expect("a file that can be read");
    let document = Document::from_bytes(path.display().to_string(), bytes).expect("a text");
    let loaded = read(&Input { document: &document, patches: &[], ignore_digests: false });
    let workspace = loaded.expect("a workspace without faults").analysis.workspace;
    let options = BuildOptions { allow_absent: true, ..BuildOptions::default() };
    let model = Model::build(&workspace, &options).expect("a model");
    let data = model.observed(&workspace).expect("data");
    (model, data)
}
