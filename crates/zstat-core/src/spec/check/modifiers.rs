//! Modifiers: the values of each, and whether those that share a parameter can.

use std::collections::HashMap;

use super::parameters::{constraint_faults, same_constraint};
use super::uses::is_vector;
use super::{Use, Uses, bins, shown};
use crate::diag::{Code, Fault};
use crate::spec::{BuildOptions, ConstraintSpec, ModifierKind, Workspace};

pub(super) fn check(workspace: &Workspace, uses: &Uses<'_>, options: &BuildOptions, faults: &mut Vec<Fault>) {
    for (name, of_name) in uses.iter() {
        for one in of_name {
            values(one, faults);
        }
        kinds(name, of_name, faults);
        sharing(name, of_name, faults);
        twice(of_name, faults);
        shorthands(name, of_name, workspace, uses, options, faults);
        if let Some((base, _)) = uses.component_of(name) {
            let message = format!("parameter `{name}` has the name of a component of the parameter `{base}`");
            let fault = Fault::new(Code::ParameterConflict, of_name[0].pointer("name"), message);
            faults.push(fault.help("give one of them another name"));
        }
    }
}

/// The numbers of one modifier.
fn values(one: &Use<'_>, faults: &mut Vec<Fault>) {
    match &one.modifier.kind {
        ModifierKind::NormSys { lo, hi, .. } => {
            for (field, value) in [("lo", *lo), ("hi", *hi)] {
                let what = || format!("{}: `{field}`", one.who());
                if let Some(fault) = bins::number(value, || (one.pointer(field), what())) {
                    faults.push(fault);
                } else if value <= 0.0 {
                    let message = format!("{} is {}, a normsys needs positive factors", what(), shown(value));
                    let fault = Fault::new(Code::NormSysFactor, one.pointer(field), message);
                    faults.push(fault.help(factor_help(value)));
                }
            }
        }
        ModifierKind::ShapeSys { errors } | ModifierKind::StatError { errors } => {
            let wrong = errors.iter().enumerate().filter(|(_, error)| **error < 0.0);
            for (bin, &error) in wrong {
                let message =
                    format!("{}: `errors[{bin}]` is {}, expected zero or more", one.who(), shown(error));
                faults.push(
                    Fault::new(Code::NegativeError, format!("{}/{bin}", one.pointer("errors")), message)
                        .help("errors are standard deviations in events; 0 switches the bin's parameter off"),
                );
            }
            tiny_errors(one, errors, faults);
        }
        _ => {}
    }
}

fn factor_help(value: f64) -> String {
    if value == 0.0 {
        "its logarithm is needed: to switch the sample off at one sigma, use a histosys with the template 0, or a \
         small factor such as 0.01"
            .to_owned()
    } else if value > -1.0 {
        let factor = shown(((1.0 + value) * 1e6).round() / 1e6);
        format!("factors are relative to 1: for a change by {}, write {factor}", shown(value))
    } else {
        "factors are relative to 1: write 0.95 for −5 %; an effect that changes the sign is a histosys"
            .to_owned()
    }
}

/// Errors so small that the constraint's width, squared, is not representable.
fn tiny_errors(one: &Use<'_>, errors: &[f64], faults: &mut Vec<Fault>) {
    for (bin, (&error, &nominal)) in errors.iter().zip(&one.sample.data).enumerate() {
        let precision = (nominal / error) * (nominal / error);
        if error > 0.0 && nominal.abs() <= super::MAX_MAGNITUDE && precision > 1e30 {
            let message = format!(
                "{}: `errors[{bin}]` is {}, next to nothing beside {} events",
                one.who(),
                shown(error),
                shown(nominal)
            );
            faults.push(
                Fault::new(Code::OutOfRange, format!("{}/{bin}", one.pointer("errors")), message)
                    .help("write 0 for a bin without uncertainty"),
            );
        }
    }
}

/// One name is one parameter: of one kind, or driving normsys and histosys together.
fn kinds(name: &str, of_name: &[Use<'_>], faults: &mut Vec<Fault>) {
    let family = |kind: &ModifierKind| match kind {
        ModifierKind::NormSys { .. } | ModifierKind::HistoSys { .. } => "normsys or histosys",
        other => other.name(),
    };
    let first = &of_name[0];
    let mut told: Vec<&str> = Vec::new();
    for other in &of_name[1..] {
        let kind = family(&other.modifier.kind);
        if kind == family(&first.modifier.kind) || told.contains(&kind) {
            continue;
        }
        told.push(kind);
        let message = format!(
            "{}: `{name}` is a {} here and a {} in {}",
            other.who(),
            other.modifier.kind.name(),
            first.modifier.kind.name(),
            first.of_sample()
        );
        faults.push(Fault::new(Code::ParameterConflict, other.pointer("name"), message).help(
            "one name is one parameter, which only normsys and histosys can share; rename one of the two",
        ));
    }
}

fn sharing(name: &str, of_name: &[Use<'_>], faults: &mut Vec<Fault>) {
    let first = &of_name[0];
    for other in &of_name[1..] {
        let same_sample = other.at[..2] == first.at[..2];
        match (&first.modifier.kind, &other.modifier.kind) {
            (ModifierKind::ShapeSys { .. }, ModifierKind::ShapeSys { .. }) if !same_sample => {
                let message = format!(
                    "{}: the shapesys `{name}` already belongs to {}",
                    other.who(),
                    first.of_sample()
                );
                let help = "its auxiliary measurement is that of one sample: give each its own name, or use a \
                            staterror for an uncertainty that the channel's samples share";
                faults.push(Fault::new(Code::NotShareable, other.pointer("name"), message).help(help));
            }
            _ => {}
        }
    }
    shapefactor_bins(name, of_name, faults);
}

/// A shapefactor has the bins of its first channel by name; others may use the first of them, not more (as in pyhf).
fn shapefactor_bins(name: &str, of_name: &[Use<'_>], faults: &mut Vec<Fault>) {
    let carriers = || of_name.iter().filter(|one| matches!(one.modifier.kind, ModifierKind::ShapeFactor));
    let Some(first) = carriers().min_by_key(|one| &one.channel.name) else { return };
    let count = first.sample.data.len();
    for other in carriers().filter(|one| one.sample.data.len() > count) {
        let message = format!(
            "{}: the shapefactor `{name}` has {count} parameters from channel `{}`, the first by name, and this channel has {} bins",
            other.who(),
            first.channel.name,
            other.sample.data.len()
        );
        let help = "channels that share it need the same bins: give each its own name";
        faults.push(Fault::new(Code::NotShareable, other.pointer("name"), message).help(help));
    }
}

/// The same vector modifier twice on one sample scales its bins by γ². Scalars are composed, and lint says so.
fn twice(of_name: &[Use<'_>], faults: &mut Vec<Fault>) {
    let mut seen: HashMap<(usize, usize, &str), ()> = HashMap::new();
    for one in of_name {
        let kind = &one.modifier.kind;
        if seen.insert((one.at[0], one.at[1], kind.name()), ()).is_some() && is_vector(kind) {
            let message = format!("{}: this {} is there twice", one.who(), kind.name());
            faults.push(
                Fault::new(Code::DuplicateName, one.pointer("name"), message)
                    .help("add the errors in quadrature into one modifier, or rename one of the two"),
            );
        }
    }
}

/// Constraints written at modifiers: valid, and in agreement with each other and with the settings.
fn shorthands(
    name: &str,
    of_name: &[Use<'_>],
    workspace: &Workspace,
    uses: &Uses<'_>,
    options: &BuildOptions,
    faults: &mut Vec<Fault>,
) {
    let mut first: Option<(&ConstraintSpec, &Use<'_>)> = None;
    for one in of_name {
        let Some(constraint) = &one.modifier.constraint else { continue };
        match first {
            None => {
                first = Some((constraint, one));
                let at = one.pointer("constraint");
                faults.extend(constraint_faults(name, constraint, &at, &one.who(), uses, options));
                against_settings(name, constraint, one, workspace, faults);
            }
            Some((agreed, by)) if !same_constraint(agreed, constraint) => {
                let message =
                    format!("{}: its constraint differs from the one given in {}", one.who(), by.of_sample());
                faults.push(Fault::new(Code::ParameterConflict, one.pointer("constraint"), message).help(
                    format!(
                        "`{name}` is one parameter with one constraint: write it once, under `parameters`"
                    ),
                ));
            }
            Some(_) => {}
        }
    }
}

fn against_settings(
    name: &str,
    constraint: &ConstraintSpec,
    one: &Use<'_>,
    workspace: &Workspace,
    faults: &mut Vec<Fault>,
) {
    let of_measurements = workspace.measurements.iter().map(|m| (Some(&m.name), &m.parameters));
    for (measurement, settings) in std::iter::once((None, &workspace.parameters)).chain(of_measurements) {
        let Some(other) = settings.get(name).and_then(|setting| setting.constraint.as_ref()) else {
            continue;
        };
        if !same_constraint(other, constraint) {
            let by = match measurement {
                Some(measurement) => format!("measurement `{measurement}`"),
                None => "`parameters`".to_owned(),
            };
            let message =
                format!("{}: its constraint differs from the one that {by} gives `{name}`", one.who());
            faults.push(
                Fault::new(Code::ParameterConflict, one.pointer("constraint"), message)
                    .help(format!("keep the one under `parameters.{name}.constraint`")),
            );
        }
    }
}
