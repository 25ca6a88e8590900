//! The result of `zstat inspect`: channels, samples, modifiers, and parameters with every default written out.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};
use zstat_core::model::{Constraint, Model, Parameter};
use zstat_core::spec::{Channel, ModifierKind, PluginSpec, Sample, StatErrorConstraint, Workspace};

use super::inspection_text;
use super::relations::{BlockView, FormulaView, blocks, formulas};
use crate::fitter::DEFAULT_FITTER;
use crate::output::{Finite, Page, Report};
use crate::session::{Session, SpecInfo};

/// Conventions of the whole analysis.
#[derive(Debug, Serialize)]
pub(super) struct Settings {
    pub interpolation: IndexMap<&'static str, &'static str>,
    pub staterror_constraint: &'static str,
    pub staterror_threshold: f64,
    pub fitter: String,
    pub clip_bins: Option<f64>,
    pub clip_samples: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct ChannelView {
    pub name: String,
    pub bins: usize,
    /// None where the spec has none.
    pub observed: Option<Vec<f64>>,
    /// Expectation at the start values.
    pub expected: Vec<f64>,
    pub samples: Vec<SampleView>,
}

#[derive(Debug, Serialize)]
pub(super) struct SampleView {
    pub name: String,
    pub nominal: Vec<f64>,
    pub modifiers: Vec<ModifierView>,
}

#[derive(Debug, Serialize)]
pub(super) struct ModifierView {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<&'static str>,
}

#[derive(Debug)]
pub(super) struct ParameterView {
    pub parameter: Parameter,
    pub kinds: Vec<&'static str>,
    pub is_poi: bool,
    /// Codes by which the parameter's variations are interpolated; several where modifiers differ.
    pub interpolation: Vec<&'static str>,
}

/// What a spec means.
#[derive(Debug)]
pub struct Inspection {
    pub(super) spec: SpecInfo,
    pub(super) settings: Settings,
    pub(super) measurements: Vec<String>,
    pub(super) channels: Vec<ChannelView>,
    pub(super) parameters: Vec<ParameterView>,
    pub(super) formulas: Vec<FormulaView>,
    pub(super) blocks: Vec<BlockView>,
    load_s: f64,
}

impl Inspection {
    /// Of a compiled spec.
    pub fn new(session: &Session) -> Self {
        let workspace = &session.spec.analysis().workspace;
        let channels = channel_views(session, workspace);
        let mut codes: IndexMap<&str, Vec<&'static str>> = IndexMap::new();
        for modifier in channels.iter().flat_map(|c| &c.samples).flat_map(|s| &s.modifiers) {
            let known = codes.entry(modifier.name.as_str()).or_default();
            known.extend(modifier.interpolation.filter(|code| !known.contains(code)));
        }
        let parameters = parameter_views(&session.model, &codes);
        Self {
            spec: session.info(),
            settings: settings(session),
            measurements: workspace.measurements.iter().map(|m| m.name.clone()).collect(),
            parameters,
            channels,
            formulas: formulas(session),
            blocks: blocks(session),
            load_s: session.load_s,
        }
    }

    /// How many modifiers of each kind, in pyhf's order of kinds.
    pub(super) fn modifier_counts(&self) -> IndexMap<&'static str, usize> {
        let modifiers = || self.channels.iter().flat_map(|c| &c.samples).flat_map(|s| &s.modifiers);
        let count = |kind: &str| modifiers().filter(|m| m.kind == kind).count();
        ModifierKind::NAMES.iter().map(|kind| (*kind, count(kind))).collect()
    }
}

fn settings(session: &Session) -> Settings {
    let options = &session.options;
    let fitter = match &session.spec.analysis().fit.fitter {
        Some(PluginSpec::Name(name) | PluginSpec::Options { name, .. }) => name.clone(),
        None => DEFAULT_FITTER.to_owned(),
    };
    Settings {
        interpolation: IndexMap::from([
            ("normsys", options.normsys_code().name()),
            ("histosys", options.histosys_code().name()),
        ]),
        staterror_constraint: match options.staterror_constraint() {
            StatErrorConstraint::Gaussian => "gaussian",
            StatErrorConstraint::Poisson => "poisson",
        },
        staterror_threshold: options.staterror_threshold(),
        fitter,
        clip_bins: options.clip_bins,
        clip_samples: options.clip_samples,
    }
}

fn channel_views(session: &Session, workspace: &Workspace) -> Vec<ChannelView> {
    let model = &session.model;
    let init: Vec<f64> = model.parameters().iter().map(|p| p.init).collect();
    let expected = session.expected(&init);
    let view = |channel: &zstat_core::model::ChannelInfo| {
        let spec = workspace.channels.iter().find(|c| c.name == channel.name);
        ChannelView {
            name: channel.name.clone(),
            bins: channel.bins.len(),
            observed: workspace.observations.get(&channel.name).cloned(),
            expected: expected[channel.bins.clone()].to_vec(),
            samples: spec.map(|spec| sample_views(session, spec)).unwrap_or_default(),
        }
    };
    model.channels().iter().map(view).collect()
}

fn sample_views(session: &Session, channel: &Channel) -> Vec<SampleView> {
    let view = |sample: &Sample| SampleView {
        name: sample.name.clone(),
        nominal: sample.data.clone(),
        modifiers: sample
            .modifiers
            .iter()
            .map(|modifier| ModifierView {
                name: modifier.name.clone(),
                kind: modifier.kind.name(),
                interpolation: match &modifier.kind {
                    ModifierKind::NormSys { interpolation, .. } => {
                        Some(interpolation.unwrap_or(session.options.normsys_code()).name())
                    }
                    ModifierKind::HistoSys { interpolation, .. } => {
                        Some(interpolation.unwrap_or(session.options.histosys_code()).name())
                    }
                    _ => None,
                },
            })
            .collect(),
    };
    channel.samples.iter().map(view).collect()
}

fn parameter_views(model: &Model, codes: &IndexMap<&str, Vec<&'static str>>) -> Vec<ParameterView> {
    let view = |(index, parameter): (usize, &Parameter)| {
        let set = &model.sets()[parameter.set];
        ParameterView {
            parameter: parameter.clone(),
            kinds: set.kinds.clone(),
            is_poi: model.poi().iter().any(|poi| poi.0 == index),
            interpolation: codes.get(set.name.as_str()).cloned().unwrap_or_default(),
        }
    };
    model.parameters().iter().enumerate().map(view).collect()
}

/// Kind, width and auxiliary observation of a constraint, as an object.
fn constraint_json(constraint: &Constraint) -> Value {
    match *constraint {
        Constraint::None => json!({ "type": "none" }),
        Constraint::Normal { aux, sigma } => json!({ "type": "normal", "sigma": sigma, "aux": aux }),
        Constraint::Poisson { aux, tau } => json!({ "type": "poisson", "tau": tau, "aux": aux }),
        Constraint::LogNormal { aux, ln_kappa } => {
            json!({ "type": "lognormal", "kappa": ln_kappa.exp(), "aux": aux })
        }
        Constraint::Correlated { aux, sigma } => {
            json!({ "type": "correlated", "sigma": sigma, "aux": aux })
        }
    }
}

impl Report for Inspection {
    fn command(&self) -> &'static str {
        "inspect"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let parameters: Vec<Value> = (self.parameters.iter())
            .map(|view| {
                let p = &view.parameter;
                let mut bound = |x: f64| finite.number(x, || format!("a bound of `{}`", p.name));
                json!({
                    "name": p.name, "types": view.kinds, "poi": view.is_poi, "init": p.init,
                    "bounds": [bound(p.bounds[0]), bound(p.bounds[1])], "fixed": p.fixed,
                    "constraint": constraint_json(&p.constraint), "interpolation": view.interpolation,
                })
            })
            .collect();
        let poi: Vec<&str> =
            self.parameters.iter().filter(|p| p.is_poi).map(|p| p.parameter.name.as_str()).collect();
        let formulas: Vec<Value> = self.formulas.iter().map(|view| view.json(&mut finite)).collect();
        json!({
            "zstat": env!("CARGO_PKG_VERSION"),
            "spec": self.spec,
            "digest": self.spec.digest,
            "settings": self.settings,
            "measurements": self.measurements,
            "poi": poi,
            "modifiers": self.modifier_counts(),
            "channels": self.channels,
            "parameters": parameters,
            "formulas": formulas,
            "constraints": self.blocks,
            "warnings": finite.warnings,
            "timing": { "load_s": self.load_s },
        })
    }

    fn text(&self, page: &mut Page) {
        inspection_text::page(self, page);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["name", "types", "init", "lower", "upper", "fixed", "constraint", "centre", "width"];
        let rows = self.parameters.iter().map(|view| {
            let p = &view.parameter;
            let (centre, width) = p.constraint.centre_and_width().unzip();
            let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
            vec![
                p.name.clone(),
                view.kinds.join("+"),
                p.init.to_string(),
                p.bounds[0].to_string(),
                p.bounds[1].to_string(),
                p.fixed.to_string(),
                p.constraint.name().to_owned(),
                number(centre),
                number(width),
            ]
        });
        Some(std::iter::once(header.map(str::to_owned).to_vec()).chain(rows).collect())
    }
}
