//! A workspace at its start values, to first order: yields, and the effect of every scalar modifier at ±1 σ.
//!
//! Nuisance parameters stand at their nominal values here whatever their start values: lint looks at sizes.

use std::collections::HashMap;

use super::Settings;
use crate::formula::Formula;
use crate::spec::check::Use;
use crate::spec::{ConstraintSpec, ModifierKind, Sample, Workspace};

/// Yields at the start values. All lists are one entry a bin of the channel, in events.
pub(super) struct Picture<'w> {
    /// One a channel, in the workspace's order.
    pub channels: Vec<ChannelPicture<'w>>,
    inits: HashMap<&'w str, f64>,
    sigmas: HashMap<&'w str, Option<f64>>,
}

pub(super) struct ChannelPicture<'w> {
    /// Sum of all samples.
    pub total: Vec<f64>,
    /// First-order effect of every scalar parameter: per σ where it is constrained, per unit where it is free.
    pub effects: Vec<(&'w str, Vec<f64>)>,
    /// Variance of the bin-wise constrained factors.
    pub gamma_variance: Vec<f64>,
    /// A free factor of its own scales the bin.
    pub free_bin: Vec<bool>,
}

/// A modifier's effect on its sample, in events a bin.
pub(super) struct Effect {
    pub down: Vec<f64>,
    pub up: Vec<f64>,
}

impl<'w> Picture<'w> {
    pub fn of(workspace: &'w Workspace, settings: &Settings<'w>) -> Self {
        let mut picture = Self { channels: Vec::new(), inits: HashMap::new(), sigmas: HashMap::new() };
        for modifier in workspace.channels.iter().flat_map(|c| &c.samples).flat_map(|s| &s.modifiers) {
            let name = modifier.name.as_str();
            if picture.inits.contains_key(name) {
                continue;
            }
            let setting = settings.get(name).map(|(setting, _)| setting);
            let first = |values: &'w crate::spec::OneOrMany<f64>| values.as_slice().first().copied();
            let aux = setting.and_then(|setting| setting.aux.as_ref()).and_then(first);
            let init = setting.and_then(|setting| setting.init.as_ref()).and_then(first);
            let is_lumi = matches!(modifier.kind, ModifierKind::Lumi);
            let default = match modifier.kind {
                ModifierKind::NormSys { .. } | ModifierKind::HistoSys { .. } => 0.0,
                _ => 1.0,
            };
            picture.inits.insert(name, init.or(aux.filter(|_| is_lumi)).unwrap_or(default));
            let constraint =
                setting.and_then(|setting| setting.constraint.as_ref()).or(modifier.constraint.as_ref());
            picture.sigmas.insert(name, width(&modifier.kind, constraint));
        }
        picture.evaluate_formulas(settings);
        picture.channels =
            workspace.channels.iter().map(|channel| picture.channel(&channel.samples)).collect();
        picture
    }

    /// Start values of what is a formula; a formula of formulas takes as many rounds as it is deep.
    fn evaluate_formulas(&mut self, settings: &Settings<'w>) {
        let parse = |(name, text)| Some((name, Formula::parse(text).ok()?));
        let formulas: Vec<(&'w str, Formula)> = settings.formulas().into_iter().filter_map(parse).collect();
        for _ in 0..formulas.len() {
            for (name, formula) in &formulas {
                let of = |argument: &String| {
                    let setting = settings.get(argument).and_then(|(setting, _)| setting.init.as_ref());
                    let init = setting.and_then(|init| init.as_slice().first().copied());
                    init.or_else(|| self.inits.get(argument.as_str()).copied()).unwrap_or(1.0)
                };
                let arguments: Vec<f64> = formula.names().iter().map(of).collect();
                self.inits.insert(name, formula.value(&arguments));
                self.sigmas.insert(name, None);
            }
        }
    }

    /// Width of a scalar parameter's constraint; none where it is free.
    pub fn sigma(&self, name: &str) -> Option<f64> {
        self.sigmas.get(name).copied().flatten()
    }

    /// Product of the sample's free factors and luminosity at their start values, `without` one of them.
    pub fn factor(&self, sample: &Sample, without: Option<&str>) -> f64 {
        let scales = sample.modifiers.iter().filter(|modifier| {
            matches!(modifier.kind, ModifierKind::NormFactor | ModifierKind::Lumi)
                && without != Some(modifier.name.as_str())
        });
        scales.map(|modifier| self.inits.get(modifier.name.as_str()).copied().unwrap_or(1.0)).product()
    }

    /// Effect of a normsys or histosys at α = ∓1; none for the other kinds.
    pub fn effect(&self, one: &Use<'_>) -> Option<Effect> {
        let factor = self.factor(one.sample, None);
        let nominal = &one.sample.data;
        let times = |change: f64| nominal.iter().map(|n| n * change * factor).collect();
        let minus = |varied: &[f64]| varied.iter().zip(nominal).map(|(v, n)| (v - n) * factor).collect();
        match &one.modifier.kind {
            ModifierKind::NormSys { lo, hi, .. } => {
                Some(Effect { down: times(lo - 1.0), up: times(hi - 1.0) })
            }
            ModifierKind::HistoSys { lo, hi, .. } => Some(Effect { down: minus(lo), up: minus(hi) }),
            _ => None,
        }
    }

    fn channel(&self, samples: &'w [Sample]) -> ChannelPicture<'w> {
        let n_bins = samples.first().map_or(0, |sample| sample.data.len());
        let mut out = ChannelPicture {
            total: vec![0.0; n_bins],
            effects: Vec::new(),
            gamma_variance: vec![0.0; n_bins],
            free_bin: vec![false; n_bins],
        };
        let mut index: HashMap<&str, usize> = HashMap::new();
        for sample in samples {
            let factor = self.factor(sample, None);
            add(&mut out.total, sample.data.iter().map(|n| n * factor));
            for modifier in &sample.modifiers {
                let name = modifier.name.as_str();
                let mut scalar = |values: &mut dyn Iterator<Item = f64>| {
                    let at = *index.entry(name).or_insert_with(|| {
                        out.effects.push((name, vec![0.0; n_bins]));
                        out.effects.len() - 1
                    });
                    let sigma = self.sigma(name).unwrap_or(1.0);
                    add(&mut out.effects[at].1, values.map(|v| v * sigma));
                };
                match &modifier.kind {
                    ModifierKind::NormFactor | ModifierKind::Lumi => {
                        let rest = self.factor(sample, Some(name));
                        scalar(&mut sample.data.iter().map(|n| n * rest));
                    }
                    ModifierKind::NormSys { lo, hi, .. } => {
                        scalar(&mut sample.data.iter().map(|n| n * factor * 0.5 * (hi - lo)));
                    }
                    ModifierKind::HistoSys { lo, hi, .. } => {
                        scalar(&mut lo.iter().zip(hi).map(|(l, h)| 0.5 * (h - l) * factor));
                    }
                    ModifierKind::ShapeSys { errors } | ModifierKind::StatError { errors } => {
                        add(&mut out.gamma_variance, errors.iter().map(|e| e * e * factor * factor));
                    }
                    ModifierKind::ShapeFactor => {
                        for (free, &n) in out.free_bin.iter_mut().zip(&sample.data) {
                            *free |= n != 0.0;
                        }
                    }
                }
            }
        }
        out
    }
}

fn add(sum: &mut [f64], values: impl Iterator<Item = f64>) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

/// Width of the constraint of a scalar parameter, in units of the parameter.
fn width(kind: &ModifierKind, constraint: Option<&ConstraintSpec>) -> Option<f64> {
    let first = |values: &crate::spec::OneOrMany<f64>| values.as_slice().first().copied();
    match (constraint, kind) {
        (Some(ConstraintSpec::None), _) => None,
        (Some(ConstraintSpec::Normal { sigma }), _) => first(sigma),
        (Some(ConstraintSpec::Poisson { tau }), _) => first(tau).map(|tau| 1.0 / tau.sqrt()),
        (Some(ConstraintSpec::Lognormal { kappa }), _) => first(kappa).map(f64::ln),
        (None, ModifierKind::NormSys { .. } | ModifierKind::HistoSys { .. } | ModifierKind::Lumi) => {
            Some(1.0)
        }
        (None, _) => None,
    }
}
