//! Formulas have no form in pyhf's layout: what is lost with them.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use zstat_core::formula::Formula;
use zstat_core::spec::{ParameterSpec, Workspace};

use super::uses::Uses;
use crate::Loss;

/// Takes formulas, and the parameters that only formulas use, out of one measurement's settings; each is a loss, unless
/// only formulas of other measurements use it. Returns the names of those parameters, sorted. `place` names the
/// measurement.
pub(super) fn take_formulas(
    settings: &mut IndexMap<&str, ParameterSpec>,
    workspace: &Workspace,
    uses: &Uses<'_>,
    place: &str,
    losses: &mut Vec<Loss>,
) -> BTreeSet<String> {
    let here = arguments(settings.values());
    let of_measurements = workspace.measurements.iter().flat_map(|one| one.parameters.values());
    let anywhere = arguments(workspace.parameters.values().chain(of_measurements));
    let mut taken = BTreeSet::new();
    settings.retain(|name, setting| {
        let at = || format!("parameter `{name}` in {place}");
        if let Some(text) = &setting.formula {
            let why = match uses.get(name) {
                Some(_) => "pyhf has no formulas: it is a parameter of its own there",
                None => "pyhf has no formulas; this one drives no modifier",
            };
            losses.push(Loss::new(format!("the formula `{text}`"), at(), why));
            return false;
        }
        if uses.get(name).is_some() || !anywhere.contains(*name) {
            return true;
        }
        if here.contains(*name) {
            losses.push(Loss::new("all", at(), "only formulas use it, and pyhf has none"));
            taken.insert((*name).to_owned());
        }
        false
    });
    taken
}

/// All names that the formulas among some settings use.
fn arguments<'s>(settings: impl Iterator<Item = &'s ParameterSpec>) -> BTreeSet<String> {
    let formulas = settings.filter_map(|setting| Formula::parse(setting.formula.as_deref()?).ok());
    formulas.flat_map(|formula| formula.names().to_vec()).collect()
}
