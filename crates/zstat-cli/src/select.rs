//! Names given on the command line, found in a model: parameters, whole vectors of them, globs.

use std::collections::BTreeSet;

use zstat_core::model::{FormulaParameter, Model};
use zstat_core::text::{glob_matches, is_glob, list_of};

use crate::failure::OptionFault;

/// Indices of the parameters that `name` means: one parameter, all bins of a vector parameter, or all that match a glob
/// (on the full name or on the vector's name). Sorted.
///
/// # Errors
/// Where nothing is called so, with the nearest known name; where only formulas are.
pub fn parameters(model: &Model, option: &'static str, name: &str) -> Result<Vec<usize>, OptionFault> {
    let found: Vec<usize> = if is_glob(name) {
        let parameters = model.parameters().iter().enumerate();
        parameters
            .filter(|(_, p)| glob_matches(name, &p.name) || glob_matches(name, &model.sets()[p.set].name))
            .map(|(index, _)| index)
            .collect()
    } else if let Some(index) = model.find(name) {
        vec![index.0]
    } else {
        let sets = model.sets().iter().filter(|set| set.name == name);
        sets.flat_map(|set| set.first..set.first + set.len).collect()
    };
    if !found.is_empty() {
        return Ok(found);
    }
    if let Some(fault) = formula_fault(model, option, name) {
        return Err(fault);
    }
    let known: Vec<&str> = known_parameters(model);
    let mut fault = OptionFault::unknown(option, name, "parameter", &known);
    if is_glob(name) {
        fault.message = format!("no parameter matches `{name}`");
    }
    Err(fault)
}

/// What to say of a name or glob that means formulas, which follow from parameters and cannot be set; none where it means
/// none.
pub fn formula_fault(model: &Model, option: &'static str, name: &str) -> Option<OptionFault> {
    let matches = |formula: &&FormulaParameter| {
        if is_glob(name) { glob_matches(name, &formula.name) } else { formula.name == name }
    };
    let found: Vec<&FormulaParameter> = model.formulas().iter().filter(matches).collect();
    let first = found.first()?;
    let message = if is_glob(name) {
        let names: Vec<&str> = found.iter().map(|formula| formula.name.as_str()).collect();
        format!("`{name}` matches formulas alone ({}), not free parameters", list_of(&names, "and"))
    } else {
        format!("`{name}` is a formula ({}), not a free parameter", shown_formula(first.text()))
    };
    let roots: BTreeSet<usize> = found.iter().flat_map(|formula| formula.roots()).copied().collect();
    let roots: Vec<&str> = roots.iter().map(|&root| model.parameters()[root].name.as_str()).collect();
    Some(OptionFault::new(option, name, message).help(if roots.is_empty() {
        "it is a constant: change it in the spec".to_owned()
    } else {
        format!("name the parameters it depends on: {}", list_of(&roots, "and"))
    }))
}

/// A formula within a sentence; it may hold backticks of its own.
fn shown_formula(text: &str) -> String {
    let quote = if text.contains('`') { '"' } else { '`' };
    format!("{quote}{text}{quote}")
}

/// Names of all parameters of a model, vectors by their own name.
pub fn known_parameters(model: &Model) -> Vec<&str> {
    model.sets().iter().map(|set| set.name.as_str()).collect()
}

/// Indices of the channels that `name` means: one channel, or all that match a glob.
///
/// # Errors
/// Where no channel is called so.
pub fn channels(model: &Model, option: &'static str, name: &str) -> Result<Vec<usize>, OptionFault> {
    let matches = |channel: &str| if is_glob(name) { glob_matches(name, channel) } else { channel == name };
    let channels = model.channels().iter().enumerate();
    let found: Vec<usize> = channels.filter(|(_, c)| matches(&c.name)).map(|(index, _)| index).collect();
    if found.is_empty() {
        let known: Vec<&str> = model.channels().iter().map(|c| c.name.as_str()).collect();
        return Err(OptionFault::unknown(option, name, "channel", &known));
    }
    Ok(found)
}
