//! Formulas: a fault says where and what; what is read has the same value with and without derivatives.

use zstat_core::formula::{Formula, Jets};
use zstat_core::spec::{BuildOptions, ParameterSpec, Workspace, check};

/// The workspace in which the formula drives a normalisation; `mu` and `kappa` are parameters.
const WORKSPACE: &str = r#"{
    "channels": [{"name": "SR", "samples": [
        {"name": "signal", "data": [5.0, 10.0], "modifiers": [
            {"name": "target", "type": "normfactor"}, {"name": "mu", "type": "normfactor"}]},
        {"name": "background", "data": [50.0, 60.0], "modifiers": [
            {"name": "mc_stat", "type": "staterror", "errors": [2.0, 2.5]}]}]}],
    "observations": {"SR": [53, 65]},
    "parameters": {"kappa": {"init": 1.25}}
}"#;

/// Names and the values they are given.
const POINT: [(&str, f64); 3] = [("mu", 0.75), ("kappa", 1.25), ("mc_stat[0]", 1.0)];

/// Reads bytes as a formula, alone and in a workspace.
///
/// # Panics
/// Where a promise is broken.
pub fn read(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Formula::parse(text) {
        Err(fault) => {
            assert!(fault.at <= text.chars().count(), "a place outside the text: {fault:?}");
            assert!(!fault.message.is_empty() && !fault.message.ends_with('.'), "{fault:?}");
        }
        Ok(formula) => evaluate(&formula),
    }
    in_workspace(text);
}

fn evaluate(formula: &Formula) {
    let value_of =
        |name: &String| POINT.iter().find(|(known, _)| known == name).map_or(0.5, |(_, value)| *value);
    let arguments: Vec<f64> = formula.names().iter().map(value_of).collect();
    let value = formula.value(&arguments);
    let mut jets = Jets::default();
    jets.set_variables(arguments.len().min(32));
    if arguments.len() > 32 {
        return;
    }
    let jet = formula.jet(&mut jets, |i, slot| slot.set_variable(arguments[i], i));
    let same = (value - jet.value).abs() <= 1e-9 * (1.0 + value.abs());
    assert!(
        same || !value.is_finite() || !jet.value.is_finite(),
        "{value} alone, {} with derivatives",
        jet.value
    );
    assert_eq!(jet.gradient.len(), arguments.len());
}

fn in_workspace(text: &str) {
    let mut workspace: Workspace = serde_json::from_str(WORKSPACE).expect("a workspace");
    let formula = ParameterSpec { formula: Some(text.to_owned()), ..ParameterSpec::default() };
    workspace.parameters.insert("target".to_owned(), formula);
    let options = BuildOptions { allow_absent: true, ..BuildOptions::default() };
    let faults = check(&workspace, &options);
    assert!(faults.iter().all(|fault| !fault.message.is_empty()));
    if faults.is_empty() {
        crate::evaluate::at_init(&workspace, &options);
    }
}
