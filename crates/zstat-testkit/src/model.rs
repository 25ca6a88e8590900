//! The model that losses of templates are tried on.

use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};

/// Two channels; free, constrained and shared nuisance parameters; factors, shapes, γ of a sample and of a bin.
const WORKSPACE: &str = r#"{
    "channels": [
        {"name": "SR", "samples": [
            {"name": "signal", "data": [2.0, 6.0, 9.0], "modifiers": [
                {"name": "mu", "type": "normfactor"},
                {"name": "scale", "type": "histosys", "lo": [2.5, 6.2, 8.0], "hi": [1.6, 5.7, 9.9]}]},
            {"name": "background", "data": [60.0, 30.0, 11.0], "modifiers": [
                {"name": "scale", "type": "histosys", "lo": [64.0, 28.0, 10.0], "hi": [57.0, 33.0, 12.5]},
                {"name": "tune", "type": "histosys", "lo": [55.0, 31.0, 13.0], "hi": [66.0, 29.5, 9.0]},
                {"name": "norm", "type": "normfactor"},
                {"name": "xsec", "type": "normsys", "lo": 0.9, "hi": 1.15}]},
            {"name": "other", "data": [5.0, 4.0, 3.0], "modifiers": [
                {"name": "fakes", "type": "shapesys", "errors": [1.0, 0.8, 0.9]}]}]},
        {"name": "CR", "samples": [
            {"name": "background", "data": [200.0, 120.0], "modifiers": [
                {"name": "norm", "type": "normfactor"},
                {"name": "tune", "type": "histosys", "lo": [190.0, 124.0], "hi": [212.0, 115.0]}]}]}],
    "observations": {"SR": [70, 40, 20], "CR": [200, 120]},
    "poi": "mu"
}"#;

/// The model: parameter of interest `mu`; free `norm`; constrained `scale`, `tune`, `xsec` and `fakes[0]` to `fakes[2]`. Options
/// of losses that name parameters must name these.
///
/// # Panics
/// Never, unless this crate and zstat-core are of different versions.
pub fn example_model() -> Model {
    let workspace: Workspace = match serde_json::from_str(WORKSPACE) {
        Ok(workspace) => workspace,
        Err(error) => panic!("the example workspace: {error}"),
    };
    match Model::build(&workspace, &BuildOptions::default()) {
        Ok(model) => model,
        Err(faults) => panic!("the example workspace: {faults:?}"),
    }
}
