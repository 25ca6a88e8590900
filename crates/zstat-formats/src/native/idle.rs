//! What zstat's own documents refuse, taken out before one is written.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use zstat_core::formula::Formula;
use zstat_core::spec::{Analysis, OneOrMany, ParameterSpec, Workspace};

use crate::Loss;

/// The analysis with the version of its format, which one made by hand may lack, and without what zstat takes for a typing
/// error in its own documents: settings of parameters, and parameters of interest, that nothing uses. Those are common in
/// published workspaces of the background alone.
pub fn without_idle(analysis: &Analysis) -> (Analysis, Vec<Loss>) {
    let mut analysis = Analysis { zstat: 1, ..analysis.clone() };
    let workspace = &mut analysis.workspace;
    let used = names_in_use(workspace);
    let mut losses = Vec::new();
    let why = "no modifier and no formula uses it";
    let mut shed = |parameters: &mut IndexMap<String, ParameterSpec>,
                    poi: &mut Option<OneOrMany<String>>,
                    place: &str| {
        parameters.retain(|name, setting| {
            let keep = setting.formula.is_some() || used.contains(name);
            if !keep {
                losses.push(Loss::new(format!("the settings of `{name}`"), place, why));
            }
            keep
        });
        let absent = |name: &String| {
            let base = name.split_once('[').map_or(name.as_str(), |(base, _)| base);
            !used.contains(name) && !used.contains(base)
        };
        for name in poi.iter().flat_map(|poi| poi.as_slice()).filter(|name| absent(name)) {
            losses.push(Loss::new(format!("the parameter of interest `{name}`"), place, why));
        }
        *poi = match poi.take() {
            Some(OneOrMany::One(name)) => (!absent(&name)).then_some(OneOrMany::One(name)),
            Some(OneOrMany::Many(names)) => {
                let all = names.len();
                let kept: Vec<String> = names.into_iter().filter(|name| !absent(name)).collect();
                (all == 0 || !kept.is_empty()).then_some(OneOrMany::Many(kept))
            }
            None => None,
        };
    };
    shed(&mut workspace.parameters, &mut workspace.poi, "the workspace");
    for measurement in &mut workspace.measurements {
        let place = format!("measurement `{}`", measurement.name);
        shed(&mut measurement.parameters, &mut measurement.poi, &place);
    }
    (analysis, losses)
}

/// Names of modifiers, formulas and what formulas use.
fn names_in_use(workspace: &Workspace) -> BTreeSet<String> {
    let samples = workspace.channels.iter().flat_map(|channel| &channel.samples);
    let modifiers = samples.flat_map(|sample| &sample.modifiers).map(|modifier| modifier.name.clone());
    let mut used: BTreeSet<String> = modifiers.collect();
    let of_measurements = workspace.measurements.iter().flat_map(|measurement| &measurement.parameters);
    for (name, setting) in workspace.parameters.iter().chain(of_measurements) {
        let Some(text) = &setting.formula else { continue };
        used.insert(name.clone());
        used.extend(Formula::parse(text).into_iter().flat_map(|formula| formula.names().to_vec()));
    }
    used
}
