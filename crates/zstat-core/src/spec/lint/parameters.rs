//! Parameters: without effect, doing the same as another, composed, absent.

use std::collections::HashMap;

use super::picture::Picture;
use super::{Settings, counted, some_of};
use crate::diag::{Code, Fault};
use crate::source::pointer;
use crate::spec::check::{Use, Uses};
use crate::spec::{BuildOptions, ModifierKind, Workspace};

/// |cos| of the angle between two parameters' effects beyond which they count as the same.
const SAME_DIRECTION: f64 = 0.999;

pub(super) fn lint(
    workspace: &Workspace,
    uses: &Uses<'_>,
    settings: &Settings<'_>,
    picture: &Picture<'_>,
    options: &BuildOptions,
    faults: &mut Vec<Fault>,
) {
    composed(uses, faults);
    idle(uses, settings, picture, faults);
    degenerate(uses, settings, picture, faults);
    if options.allow_absent {
        absent(workspace, uses, settings, faults);
    }
}

/// The same scalar modifier twice on a sample; one warning a parameter.
fn composed(uses: &Uses<'_>, faults: &mut Vec<Fault>) {
    for (name, of_name) in uses.iter() {
        let mut seen: HashMap<(usize, usize, &str), ()> = HashMap::new();
        let twice: Vec<&Use<'_>> = of_name
            .iter()
            .filter(|one| seen.insert((one.at[0], one.at[1], one.modifier.kind.name()), ()).is_some())
            .collect();
        let Some(first) = twice.first() else { continue };
        let how = match first.modifier.kind {
            ModifierKind::HistoSys { .. } => "their shifts are added",
            _ => "their factors are multiplied",
        };
        let kind = first.modifier.kind.name();
        let more = match twice.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let message = format!("the {kind} `{name}` is there twice on {}{more}: {how}", first.of_sample());
        faults.push(
            Fault::new(Code::Composed, first.pointer("name"), message)
                .help("pyhf keeps only the last one; remove a left-over, or rename an independent source"),
        );
    }
}

fn is_fixed(name: &str, settings: &Settings<'_>) -> bool {
    let fixed = settings.get(name).and_then(|(setting, _)| setting.fixed.as_ref());
    fixed.is_some_and(|fixed| fixed.as_slice().iter().all(|fixed| *fixed))
}

/// Scalar parameters, and bins of a shapefactor, on which no expectation depends.
fn idle(uses: &Uses<'_>, settings: &Settings<'_>, picture: &Picture<'_>, faults: &mut Vec<Fault>) {
    let mut names = Vec::new();
    let mut first: Option<&Use<'_>> = None;
    let arguments = settings.arguments();
    for (name, of_name) in uses.iter() {
        let moves = |one: &&Use<'_>| match &one.modifier.kind {
            ModifierKind::NormFactor | ModifierKind::Lumi => {
                picture.factor(one.sample, Some(name)) != 0.0 && one.sample.data.iter().any(|&n| n != 0.0)
            }
            ModifierKind::NormSys { .. } | ModifierKind::HistoSys { .. } => picture
                .effect(one)
                .is_some_and(|effect| effect.up.iter().chain(&effect.down).any(|&change| change != 0.0)),
            // A bin without events is fixed (shapesys, staterror) or said below.
            _ => true,
        };
        if is_fixed(name, settings) || arguments.contains(name) || of_name.iter().any(|one| moves(&one)) {
            continue;
        }
        names.push(name);
        first = first.or(of_name.first());
    }
    if let Some(first) = first {
        let verb = if names.len() == 1 { "changes" } else { "change" };
        let message =
            format!("{} {verb} no expectation: {}", counted(names.len(), "parameter"), some_of(&names));
        faults.push(
            Fault::new(Code::IdleParameter, first.pointer(""), message)
                .help("remove the modifiers, or fix the parameters"),
        );
    }
    for (name, of_name) in uses.iter() {
        let Some(one) = of_name.first().filter(|one| matches!(one.modifier.kind, ModifierKind::ShapeFactor))
        else {
            continue;
        };
        let carried =
            |bin: usize| of_name.iter().any(|one| one.sample.data.get(bin).is_some_and(|&n| n != 0.0));
        let empty = (0..one.sample.data.len()).filter(|bin| !carried(*bin)).count();
        if empty > 0 && !is_fixed(name, settings) {
            let message =
                format!("the shapefactor `{name}` has {} without events to scale", counted(empty, "bin"));
            faults.push(
                Fault::new(Code::IdleParameter, one.pointer(""), message)
                    .help("start from a template that is positive in every bin"),
            );
        }
    }
}

/// Pairs of free scalar parameters whose effects are proportional.
fn degenerate(uses: &Uses<'_>, settings: &Settings<'_>, picture: &Picture<'_>, faults: &mut Vec<Fault>) {
    let formulas = settings.formulas();
    let free: Vec<&str> = uses
        .names()
        .filter(|name| !uses.is_vector(name) && picture.sigma(name).is_none() && !is_fixed(name, settings))
        .filter(|name| formulas.iter().all(|(formula, _)| formula != name))
        .collect();
    // Columns of the expected change, in units of each bin's statistical uncertainty; sparse by channel.
    let columns: Vec<Vec<(usize, Vec<f64>)>> = free
        .iter()
        .map(|name| {
            let of_channel = |(c, channel): (usize, &super::picture::ChannelPicture<'_>)| {
                let (_, effect) = channel.effects.iter().find(|(other, _)| other == name)?;
                let scaled = effect.iter().zip(&channel.total).map(|(e, nu)| e / nu.abs().max(1e-9).sqrt());
                Some((c, scaled.collect()))
            };
            picture.channels.iter().enumerate().filter_map(of_channel).collect()
        })
        .collect();
    for (i, a) in columns.iter().enumerate() {
        for (j, b) in columns.iter().enumerate().skip(i + 1) {
            let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
            if cosine.abs() > SAME_DIRECTION {
                let message = format!(
                    "the free parameters `{}` and `{}` change the expectation in the same way (correlation {cosine:.5})",
                    free[i], free[j]
                );
                let at = uses.get(free[j]).first().map_or_else(String::new, |one| one.pointer(""));
                faults.push(
                    Fault::new(Code::Degenerate, at, message)
                        .help("the fit finds only a combination of them: fix one, constrain one, or add a control region"),
                );
            }
        }
    }
}

fn dot(a: &[(usize, Vec<f64>)], b: &[(usize, Vec<f64>)]) -> f64 {
    let of_channel = |(c, values): &(usize, Vec<f64>)| {
        let (_, others) = b.iter().find(|(other, _)| other == c)?;
        Some(values.iter().zip(others).map(|(x, y)| x * y).sum::<f64>())
    };
    a.iter().filter_map(of_channel).sum()
}

/// Parameters of interest and settings without a parameter, which published files may have.
fn absent(workspace: &Workspace, uses: &Uses<'_>, settings: &Settings<'_>, faults: &mut Vec<Fault>) {
    let (poi, at) = settings.poi();
    for name in poi.iter().filter(|name| !uses.is_one(name)) {
        let message = format!(
            "the parameter of interest `{name}` is used by no modifier: the model is background only"
        );
        faults.push(
            Fault::new(Code::AbsentPoi, &at, message)
                .help("it can be fitted; for a signal, apply a patch: `--patch FILE:NAME`"),
        );
    }
    let (settings, at) = match settings.measurement {
        Some((at, one)) => (&one.parameters, format!("/measurements/{at}/parameters")),
        None => (&workspace.parameters, "/parameters".to_owned()),
    };
    let idle: Vec<&str> = settings
        .keys()
        .map(String::as_str)
        .filter(|name| !uses.is_known(name) && !poi.iter().any(|p| p == name))
        .collect();
    if let Some(first) = idle.first() {
        let message = format!(
            "settings for {} that no modifier uses: {}",
            counted(idle.len(), "parameter"),
            some_of(&idle)
        );
        faults.push(
            Fault::new(Code::IdleSetting, pointer::join(&at, first), message)
                .help("they do nothing; a patch may bring the parameters"),
        );
    }
}
