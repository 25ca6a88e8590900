//! Shared workspaces and reference numbers, where they are at hand.
#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout)] // each test file uses its part; a test fails by panicking

use std::path::{Path, PathBuf};

use zstat_core::fit::{FitOptions, FitResult};
use zstat_core::likelihood::{Data, Nll};
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

/// Reference numbers kept in the repository.
pub fn kept(name: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A list of numbers.
pub fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// A fit from the model's start values with the given parameters fixed.
pub fn fit(model: &Model, data: Data, start: &[f64], fix: &[usize]) -> FitResult {
    fit_from(model, data, start, fix, 1)
}

/// The same with several starts.
pub fn fit_from(model: &Model, data: Data, start: &[f64], fix: &[usize], starts: usize) -> FitResult {
    let mut fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    fix.iter().for_each(|&i| fixed[i] = true);
    let options =
        FitOptions { start: start.to_vec(), fixed, minos: Vec::new(), multi_start: starts, seed: 1 };
    zstat_core::fit::run(&mut Nll::new(model, data), &zstat_fitters::Newton::default(), &options)
}

/// The model and observed data of a pyhf file.
pub fn load(path: &Path, options: &BuildOptions) -> (Model, Data) {
    build(&std::fs::read_to_string(path).unwrap(), options)
}

/// The model and observed data of a pyhf workspace.
pub fn build(text: &str, options: &BuildOptions) -> (Model, Data) {
    let file: zstat_formats::pyhf::Workspace = serde_json::from_str(text).unwrap();
    let workspace = zstat_formats::pyhf::from_workspace(file).unwrap().workspace;
    // Published background-only files have settings of parameters that come with a patch.
    let options = BuildOptions { allow_absent: true, ..options.clone() };
    let model = Model::build(&workspace, &options).unwrap();
    let data = model.observed(&workspace).unwrap();
    (model, data)
}
