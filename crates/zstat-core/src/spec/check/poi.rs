//! The parameters of interest, and the choice of the measurement.

use super::Uses;
use crate::diag::{Code, Fault};
use crate::spec::{BuildOptions, OneOrMany, Workspace};
use crate::text::nearest;

pub(super) fn check(workspace: &Workspace, uses: &Uses<'_>, options: &BuildOptions, faults: &mut Vec<Fault>) {
    if let Some(wanted) = &options.measurement
        && workspace.measurements.iter().all(|measurement| measurement.name != *wanted)
    {
        let known = || workspace.measurements.iter().map(|measurement| measurement.name.as_str());
        let message = format!("no measurement is called `{wanted}`");
        let help = match (nearest(wanted, known()), known().next()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(_)) => {
                let all: Vec<&str> = known().collect();
                format!("the workspace has {}", crate::text::list_of(&all, "and"))
            }
            (None, None) => "the workspace has none: leave the choice out".to_owned(),
        };
        faults.push(Fault::new(Code::UnknownName, "/measurements", message).help(help));
    }
    if let Some(poi) = &options.poi {
        // Asked for on the command line: must exist, whatever the file's origin.
        names(poi, false, "/poi", uses, false, faults);
        return;
    }
    let of_measurements = workspace.measurements.iter().enumerate();
    let all = std::iter::once(("/poi".to_owned(), &workspace.poi))
        .chain(of_measurements.map(|(i, m)| (format!("/measurements/{i}/poi"), &m.poi)));
    for (at, poi) in all {
        if let Some(poi) = poi {
            let many = matches!(poi, OneOrMany::Many(_));
            names(poi.as_slice(), many, &at, uses, options.allow_absent, faults);
        }
    }
}

fn names(poi: &[String], many: bool, at: &str, uses: &Uses<'_>, allow_absent: bool, faults: &mut Vec<Fault>) {
    for (i, name) in poi.iter().enumerate() {
        let at = if many { format!("{at}/{i}") } else { at.to_owned() };
        if poi[..i].contains(name) {
            let message = format!("the parameter of interest `{name}` is listed twice");
            faults.push(Fault::new(Code::BadPoi, at, message).help("list it once"));
        } else if let Some(fault) = fault(name, &at, uses)
            && !(allow_absent && fault.code == Code::UnknownName)
        {
            faults.push(fault);
        }
    }
}

/// What is wrong with one parameter of interest.
fn fault(name: &str, at: &str, uses: &Uses<'_>) -> Option<Fault> {
    if uses.is_formula(name) {
        return None; // if it is one in this measurement, `formulas` says so
    }
    if uses.is_one(name) {
        return None;
    }
    if let Some(components) = uses.components(name) {
        let message = format!("the parameter of interest `{name}` has {components} components");
        let help = format!("choose one: `{name}[0]` … `{name}[{}]`", components.saturating_sub(1));
        return Some(Fault::new(Code::BadPoi, at, message).help(help));
    }
    let message = format!("the parameter of interest `{name}` is used by no modifier");
    let help = match nearest(name, uses.names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("give the signal a modifier `{{name: {name}, type: normfactor}}`"),
    };
    Some(Fault::new(Code::UnknownName, at, message).help(help))
}
