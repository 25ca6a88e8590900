//! The settings around the workspace: version, thresholds, the fitter and its options, names and globs.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Uses, shown};
use crate::diag::{Code, Fault};
use crate::fit::Fitter;
use crate::plugin::{HOW_TO_LINK, PluginError, Registry};
use crate::source::{Node, walk};
use crate::spec::scope::Settings;
use crate::spec::{Analysis, PluginSpec};
use crate::text::{glob_matches, is_glob, list_of, nearest};

/// Errors of an analysis outside its workspace (which [`super::check`] looks at); pointers start at the document.
pub fn check_analysis(analysis: &Analysis, fitters: &Registry<dyn Fitter>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if analysis.zstat != 1 {
        let message = format!("the format version is {}, this zstat reads version 1", analysis.zstat);
        faults
            .push(Fault::new(Code::OutOfRange, "/zstat", message).help("write `zstat: 1`, or update zstat"));
    }
    if let Some(threshold) = analysis.staterror.threshold
        && !(0.0..1.0).contains(&threshold)
    {
        let message =
            format!("the staterror threshold is {}, expected a fraction from 0 to 1", shown(threshold));
        let help = "bins with a smaller relative error keep γ = 1; ROOT's default is 0.05";
        faults.push(Fault::new(Code::OutOfRange, "/staterror/threshold", message).help(help));
    }
    if analysis.fit.multi_start == Some(0) {
        faults.push(
            Fault::new(
                Code::OutOfRange,
                "/fit/multi_start",
                "the number of starts is 0, expected at least 1",
            )
            .help("write 1 for a single start, or remove the line"),
        );
    }
    minos(analysis, &mut faults);
    fitter(analysis, fitters, &mut faults);
    faults
}

fn minos(analysis: &Analysis, faults: &mut Vec<Fault>) {
    let Some(minos) = &analysis.fit.minos else { return };
    let uses = Uses::of(&analysis.workspace);
    if uses.names().next().is_none() {
        return; // [`super::check`] has more to say
    }
    // What is a formula in one measurement may be a parameter in another.
    let mut of_measurements = Settings::all(&analysis.workspace).into_iter().map(|one| {
        let names = one.formulas().into_iter().map(|(name, _)| name);
        names.collect::<BTreeSet<&str>>()
    });
    let first = of_measurements.next().unwrap_or_default();
    let formulas = of_measurements.fold(first, |all, one| all.intersection(&one).copied().collect());
    let many = matches!(minos, crate::spec::OneOrMany::Many(_));
    for (i, pattern) in minos.as_slice().iter().enumerate() {
        let matches = |name: &str| {
            glob_matches(pattern, name)
                || uses.is_vector(name)
                    && (0..uses.components(name).unwrap_or(0))
                        .any(|b| glob_matches(pattern, &format!("{name}[{b}]")))
        };
        if uses.names().filter(|name| !formulas.contains(name)).any(matches) {
            continue;
        }
        let at = if many { format!("/fit/minos/{i}") } else { "/fit/minos".to_owned() };
        if formulas.iter().any(|name| glob_matches(pattern, name)) {
            let what = if is_glob(pattern) { "matches formulas alone" } else { "is a formula" };
            faults
                .push(Fault::new(Code::BadFormula, at, format!("minos: `{pattern}` {what}")).help(
                    "name the parameters that it uses; the fit reports its uncertainty to first order",
                ));
            continue;
        }
        let what = if is_glob(pattern) { "matches no parameter" } else { "is no parameter of the workspace" };
        let fault = Fault::new(Code::UnknownName, at, format!("minos: `{pattern}` {what}"));
        faults.push(match nearest(pattern, uses.names()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault,
        });
    }
}

fn fitter(analysis: &Analysis, fitters: &Registry<dyn Fitter>, faults: &mut Vec<Fault>) {
    let (name, at, options) = match &analysis.fit.fitter {
        None => return,
        Some(PluginSpec::Name(name)) => (name, "/fit/fitter", None),
        Some(PluginSpec::Options { name, options }) => (name, "/fit/fitter/type", Some(options)),
    };
    match fitters.get(name) {
        Ok(plugin) => {
            let Some(options) = options else { return };
            let mut definitions = Map::new();
            let mut schema = crate::spec::plugin_options("fitter", plugin, &mut definitions);
            schema.insert("$defs".to_owned(), Value::Object(definitions));
            let node = Node::from_json(&Value::Object(options.clone()));
            faults.extend(walk(&node, &Value::Object(schema), "/fit/fitter"));
        }
        Err(error) => {
            let message = format!("no fitter is called `{name}`");
            let help = match error {
                PluginError::Unknown { nearest: Some(near), .. } => {
                    format!("did you mean `{near}`? {HOW_TO_LINK}")
                }
                PluginError::Unknown { known, .. } => {
                    format!("this program has {}; {HOW_TO_LINK}", list_of(&known, "and"))
                }
                other => other.to_string(),
            };
            faults.push(Fault::new(Code::UnknownPlugin, at, message).help(help));
        }
    }
}
