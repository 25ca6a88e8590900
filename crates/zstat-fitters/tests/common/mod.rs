//! Shared workspaces and reference numbers, where they are at hand.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};

use zstat_core::likelihood::Data;
use zstat_core::model::Model;
use zstat_core::spec::BuildOptions;

/// The folder with published workspaces beside the repository.
pub fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared")
}

/// Reference numbers of one workspace.
pub struct Reference {
    pub name: String,
    pub json: serde_json::Value,
}

/// All reference files, sorted by name; empty, with a notice, where the folder is absent.
pub fn references() -> Vec<Reference> {
    let Ok(entries) = std::fs::read_dir(shared().join("reference")) else {
        println!("SKIPPED: no ../shared beside the repository");
        return Vec::new();
    };
    let mut out: Vec<Reference> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_stem()?.to_str()?.to_owned();
            let wanted = path.extension()? == "json" && name != "best_known";
            let json =
                wanted.then(|| serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap())?;
            Some(Reference { name, json })
        })
        .collect();
    out.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(out.len() >= 12, "the reference folder is complete");
    out
}

/// The model and observed data of a pyhf file.
pub fn load(path: &Path, options: &BuildOptions) -> (Model, Data) {
    let file: zstat_formats::pyhf::Workspace =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let workspace = zstat_formats::pyhf::from_workspace(file).unwrap().workspace;
    let model = Model::build(&workspace, options).unwrap();
    let data = model.observed(&workspace).unwrap();
    (model, data)
}
