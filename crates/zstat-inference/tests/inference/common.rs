//! Models with reference numbers: those kept with the tests, and published ones beside the repository.

use std::path::{Path, PathBuf};

use serde_json::Value;
use zstat_core::likelihood::Data;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Interpolation, Workspace};

/// A model, its data, and what is known of them.
pub struct Case {
    pub name: String,
    pub model: Model,
    pub data: Data,
    /// Yields of samples or bins have a floor.
    pub is_clipped: bool,
    pub checks: Value,
}

/// The small models of `tests/reference/pyhf-small.json`.
pub fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/pyhf-small.json");
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let one = |case: &Value| {
        let code = |kind: &str| case["codes"][kind].as_str().unwrap().to_owned();
        let options = BuildOptions {
            interpolation: Interpolation {
                normsys: Some(code("normsys").parse().unwrap()),
                histosys: Some(code("histosys").parse().unwrap()),
            },
            clip_bins: case["clip"]["clip_bin_data"].as_f64(),
            clip_samples: case["clip"]["clip_sample_data"].as_f64(),
            ..BuildOptions::default()
        };
        let (model, data) = build(&case["workspace"].to_string(), &options);
        let name = format!("{} {}", case["name"].as_str().unwrap(), code("normsys"));
        Case { name, model, data, is_clipped: case["clip"].is_object(), checks: case["checks"].clone() }
    };
    json["cases"].as_array().unwrap().iter().map(one).collect()
}

/// The published workspaces of `../shared`, each with its reference file; none where the folder is missing.
pub fn published(options: &BuildOptions) -> Vec<(Case, Value)> {
    let shared: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let Ok(entries) = std::fs::read_dir(shared.join("reference")) else {
        println!("SKIPPED: no ../shared beside the repository");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let workspace = shared.join(format!("workspaces/{name}.json"));
        if !workspace.is_file() {
            continue;
        }
        let reference = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let (model, data) = build(&std::fs::read_to_string(workspace).unwrap(), options);
        out.push((Case { name, model, data, is_clipped: false, checks: Value::Null }, reference));
    }
    assert!(out.len() > 10);
    out
}

fn build(text: &str, options: &BuildOptions) -> (Model, Data) {
    let file: zstat_formats::pyhf::Workspace = serde_json::from_str(text).unwrap();
    let workspace = zstat_formats::pyhf::from_workspace(file).unwrap().workspace;
    // Published background-only files have settings of parameters that come with a patch.
    let options = BuildOptions { allow_absent: true, ..options.clone() };
    let model = Model::build(&workspace, &options).unwrap();
    let data = model.observed(&workspace).unwrap();
    (model, data)
}

/// A model in zstat's own form, as JSON, and its data.
pub fn native(text: &str) -> (Model, Data) {
    let workspace: Workspace = serde_json::from_str(text).unwrap();
    let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
    let data = model.observed(&workspace).unwrap();
    (model, data)
}

/// combine's tutorial card: two channels, two processes of signal with factors of these names, log-normal uncertainties (κ
/// to the power of a unit normal, as code 1 interpolates); and a channel without signal.
pub fn tutorial_card(strengths: [&str; 2], poi: &[&str], rest: &str) -> (Model, Data) {
    let [r_ggh, r_qqh] = strengths;
    let poi = serde_json::to_string(poi).unwrap();
    let sys = |name: &str, kappa: f64| {
        let lo = 1.0 / kappa;
        format!(
            r#"{{"name": "{name}", "type": "normsys", "lo": {lo}, "hi": {kappa}, "interpolation": "code1"}}"#
        )
    };
    let ggh = format!("{}, {}", sys("QCDscale_ggH", 1.12), sys("pdf_gg", 1.08));
    let qqh = sys("pdf_qqbar", 1.025);
    let channel = |name: &str, g: f64, q: f64, b: f64, sys: &str| {
        format!(
            r#"{{"name": "{name}", "samples": [
                {{"name": "ggH", "data": [{g}], "modifiers": [{{"name": "{r_ggh}", "type": "normfactor"}}, {ggh}]}},
                {{"name": "qqH", "data": [{q}], "modifiers": [{{"name": "{r_qqh}", "type": "normfactor"}}, {qqh}]}},
                {{"name": "bkg", "data": [{b}], "modifiers": [{sys}]}}]}}"#
        )
    };
    let incl = channel("incl", 21.0, 1.6, 140.0, &sys("bg_incl", 1.05));
    let dijet = channel("dijet", 0.4, 0.95, 3.2, "");
    let control = r#"{"name": "control", "samples": [{"name": "bkg", "data": [30], "modifiers": []}]}"#;
    native(&format!(
        r#"{{"channels": [{incl}, {dijet}, {control}], "poi": {poi}, {rest}
            "observations": {{"incl": [166], "dijet": [8], "control": [31]}}}}"#
    ))
}
