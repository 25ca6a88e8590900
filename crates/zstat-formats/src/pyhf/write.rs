//! zstat's workspace → pyhf's layout, and the list of what pyhf cannot express.
//!
//! Nothing is approximated: what pyhf has no word for is left out and reported.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use zstat_core::spec::{
    self, Analysis, BuildOptions, Dialect, HistoSysCode, ModifierKind, NormSysCode, OneOrMany, ParameterSpec,
    StatErrorConstraint,
};

use super::Modifier;
use super::export_formula::take_formulas;
use super::export_parameter::export_parameter;
use super::types::{Channel, Config, Measurement, Observation, Sample, VERSION, Workspace};
use super::uses::Uses;
use crate::Loss;

/// Name of the one measurement of a workspace that names none; pyhf needs one.
const UNNAMED_MEASUREMENT: &str = "measurement";

/// Writes an analysis in pyhf's layout.
pub fn from_analysis(analysis: &Analysis) -> (Workspace, Vec<Loss>) {
    let mut losses = vec![];
    let workspace = &analysis.workspace;
    let uses = Uses::of(&workspace.channels);
    settings(analysis, &uses, &mut losses);
    modifiers(&workspace.channels, &mut losses);
    shared_names(&uses, &mut losses);
    let unnamed = spec::Measurement { name: UNNAMED_MEASUREMENT.to_owned(), ..Default::default() };
    let measurements = match workspace.measurements.as_slice() {
        [] => std::slice::from_ref(&unnamed),
        named => named,
    };
    let measurements = measurements.iter().map(|m| measurement(m, workspace, &uses, &mut losses)).collect();
    let file = Workspace {
        channels: workspace.channels.iter().map(channel).collect(),
        observations: observations(workspace, &mut losses),
        measurements,
        version: VERSION.to_owned(),
    };
    (file, losses)
}

fn channel(channel: &spec::Channel) -> Channel {
    let sample = |sample: &spec::Sample| Sample {
        name: sample.name.clone(),
        data: sample.data.clone(),
        modifiers: sample.modifiers.iter().cloned().map(Modifier).collect(),
    };
    Channel { name: channel.name.clone(), samples: channel.samples.iter().map(sample).collect() }
}

fn observations(workspace: &spec::Workspace, losses: &mut Vec<Loss>) -> Vec<Observation> {
    for channel in &workspace.channels {
        if !workspace.observations.contains_key(&channel.name) {
            let place = format!("channel `{}`", channel.name);
            losses.push(Loss::new("absence of an observation", place, "pyhf needs one for every channel"));
        }
    }
    let entry = |(name, data): (&String, &Vec<f64>)| Observation { name: name.clone(), data: data.clone() };
    workspace.observations.iter().map(entry).collect()
}

fn measurement(
    measurement: &spec::Measurement,
    workspace: &spec::Workspace,
    uses: &Uses<'_>,
    losses: &mut Vec<Loss>,
) -> Measurement {
    let place = format!("measurement `{}`", measurement.name);
    let mut settings: IndexMap<&str, ParameterSpec> = IndexMap::new();
    for (name, entry) in workspace.parameters.iter().chain(&measurement.parameters) {
        settings.insert(name, entry.clone());
    }
    let lost = take_formulas(&mut settings, workspace, uses, &place, losses);
    let poi = poi(measurement, workspace, &lost, &place, losses);
    for (name, usage) in uses.sorted() {
        let shorthand = usage.constraint.cloned();
        if shorthand.is_some() || matches!(usage.kind, ModifierKind::Lumi) {
            let entry = settings.entry(name).or_default();
            entry.constraint = entry.constraint.take().or(shorthand);
        }
    }
    let parameters = settings
        .iter()
        .map(|(name, entry)| export_parameter(name, entry, uses.get(name), &place, losses))
        .collect();
    Measurement { name: measurement.name.clone(), config: Config { poi, parameters } }
}

/// The one parameter of interest that pyhf can have: the first that is not `lost` with the formulas; "" for none.
fn poi(
    measurement: &spec::Measurement,
    workspace: &spec::Workspace,
    lost: &BTreeSet<String>,
    place: &str,
    losses: &mut Vec<Loss>,
) -> String {
    let poi = measurement.poi.as_ref().or(workspace.poi.as_ref()).map_or(&[][..], OneOrMany::as_slice);
    let (gone, kept): (Vec<&String>, Vec<&String>) = poi.iter().partition(|name| lost.contains(*name));
    for name in gone {
        let what = format!("the parameter of interest `{name}`");
        losses.push(Loss::new(what, place, "only formulas use it, and pyhf has none"));
    }
    match kept.as_slice() {
        [] => String::new(),
        [first, others @ ..] => {
            if !others.is_empty() {
                let what = format!("the parameters of interest {}", quoted_list(others));
                losses.push(Loss::new(what, place, format!("pyhf has one; `{first}` is kept")));
            }
            (*first).clone()
        }
    }
}

pub(super) fn quoted_list<T: AsRef<str>>(names: &[T]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// What stands outside the workspace.
fn settings(analysis: &Analysis, uses: &Uses<'_>, losses: &mut Vec<Loss>) {
    let mut lose = |what: String, why: &str| losses.push(Loss::new(what, "the analysis", why));
    if let Some(name) = &analysis.name {
        lose(format!("the name `{name}`"), "pyhf's layout has no place for it");
    }
    if analysis.fit != spec::FitSpec::default() {
        lose("the settings of the fit".into(), "pyhf takes them on the command line");
    }
    if analysis.dialect != Dialect::Pyhf {
        lose("the dialect".into(), "pyhf reads its files by its own conventions for bounds and constraints");
    }
    let options = BuildOptions {
        dialect: analysis.dialect,
        interpolation: analysis.interpolation,
        staterror: analysis.staterror,
        ..Default::default()
    };
    let used = |kind: &str| uses.sorted().iter().any(|(_, usage)| usage.kinds.contains(kind));
    if used("normsys") && options.normsys_code() != NormSysCode::Code4 {
        let code = options.normsys_code().name();
        lose(
            format!("the interpolation {code} of normsys"),
            "pyhf uses code4 unless told by its own options",
        );
    }
    if used("histosys") && options.histosys_code() != HistoSysCode::Code4p {
        let code = options.histosys_code().name();
        lose(
            format!("the interpolation {code} of histosys"),
            "pyhf uses code4p unless told by its own options",
        );
    }
    if used("staterror") {
        if options.staterror_constraint() != StatErrorConstraint::Gaussian {
            lose("the Poisson constraint of staterror".into(), "pyhf's is Gaussian");
        }
        if options.staterror_threshold() > 0.0 {
            let what = format!("the threshold {} of staterror", options.staterror_threshold());
            lose(what, "pyhf varies every bin with an uncertainty");
        }
    }
    for block in &analysis.workspace.constraints {
        let matrix = if block.covariance.is_some() { "covariance" } else { "correlation" };
        lose(
            format!("the {matrix} of {}", quoted_list(&block.parameters)),
            "pyhf's constraints are independent",
        );
    }
}

/// What a modifier has that pyhf's cannot have, and pairs of which pyhf keeps one.
fn modifiers(channels: &[spec::Channel], losses: &mut Vec<Loss>) {
    for (channel, sample) in channels.iter().flat_map(|c| c.samples.iter().map(move |s| (c, s))) {
        for (i, modifier) in sample.modifiers.iter().enumerate() {
            let kind = modifier.kind.name();
            let place = || {
                format!(
                    "{kind} `{}` of sample `{}` in channel `{}`",
                    modifier.name, sample.name, channel.name
                )
            };
            let code = match &modifier.kind {
                ModifierKind::NormSys { interpolation: Some(code), .. } if *code != NormSysCode::Code4 => {
                    Some(code.name())
                }
                ModifierKind::HistoSys { interpolation: Some(code), .. } if *code != HistoSysCode::Code4p => {
                    Some(code.name())
                }
                _ => None,
            };
            if let Some(code) = code {
                let why = "pyhf has one code for all modifiers of a type";
                losses.push(Loss::new(format!("the interpolation {code}"), place(), why));
            }
            let twin = |other: &spec::Modifier| other.name == modifier.name && other.kind.name() == kind;
            if sample.modifiers[..i].iter().any(twin) {
                let why = "pyhf keeps only the last of two with the same name and type on a sample";
                losses.push(Loss::new("the first of two modifiers", place(), why));
            }
            if matches!(modifier.kind, ModifierKind::Lumi) && modifier.name != "lumi" {
                losses.push(Loss::new(
                    "the name",
                    place(),
                    "pyhf accepts a lumi modifier only by the name `lumi`",
                ));
            }
        }
    }
}

/// Names shared by kinds between which pyhf shares no parameter.
fn shared_names(uses: &Uses<'_>, losses: &mut Vec<Loss>) {
    for (name, usage) in uses.sorted() {
        let kinds: Vec<_> = usage.kinds.iter().copied().collect();
        if kinds.len() > 1 && kinds != ["histosys", "normsys"] {
            let what = format!("the sharing between {}", kinds.join(" and "));
            let why = "pyhf refuses a file in which one name drives these types";
            losses.push(Loss::new(what, format!("parameter `{name}`"), why));
        }
    }
}
