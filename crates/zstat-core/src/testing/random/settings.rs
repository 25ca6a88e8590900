//! Random settings: dialect, codes, clipping, and the parameters' start values, bounds and constraints.

use std::collections::BTreeMap;

use proptest::option;
use proptest::prelude::*;

use super::formulas::{self, FormulaPlan};
use super::modifiers::{histosys_code, normsys_code};
use crate::spec::{
    BuildOptions, ConstraintSpec, CorrelatedConstraint, Dialect, HistoSysCode, Interpolation, Measurement,
    ModifierKind, NormSysCode, OneOrMany, ParameterSpec, StatErrorConstraint, StatErrorSpec, Workspace,
};

/// All choices that are not modifiers; those that the workspace has no use for are dropped.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    root: bool,
    normsys: Option<NormSysCode>,
    histosys: Option<HistoSysCode>,
    staterror: StatErrorSpec,
    clip_bins: Option<f64>,
    clip_samples: Option<f64>,
    lumi_sigma: f64,
    /// Of α parameters.
    alpha: Option<Override>,
    /// Of free factors.
    factor: Option<Override>,
    /// Of γ, a whole vector.
    gamma: Option<Override>,
    in_measurement: bool,
    as_shorthand: bool,
    correlation: Option<(f64, bool)>,
    formula: Option<FormulaPlan>,
}

/// Settings of one parameter. `which` picks it among those of its class.
#[derive(Debug, Clone)]
struct Override {
    which: usize,
    kind: usize,
    width: f64,
    shift: f64,
    fixed: Option<bool>,
}

pub(super) fn settings() -> impl Strategy<Value = Settings> {
    let constraint = prop_oneof![Just(StatErrorConstraint::Gaussian), Just(StatErrorConstraint::Poisson)];
    let staterror = (option::weighted(0.2, constraint), option::weighted(0.2, Just(0.1)))
        .prop_map(|(constraint, threshold)| StatErrorSpec { constraint, threshold });
    let codes = (option::weighted(0.4, normsys_code()), option::weighted(0.5, histosys_code()));
    let clips = (option::weighted(0.05, Just(1.0)), option::weighted(0.05, Just(0.5)));
    let overrides = || option::weighted(0.3, one_override());
    (
        (prop::bool::weighted(0.3), codes, staterror, clips),
        (1..8_i32, overrides(), overrides(), overrides()),
        (any::<bool>(), any::<bool>(), option::weighted(0.2, (-0.9..0.9, any::<bool>()))),
        option::weighted(0.3, formulas::plan()),
    )
        .prop_map(|((root, codes, staterror, clips), (lumi, alpha, factor, gamma), flags, formula)| {
            Settings {
                root,
                normsys: codes.0,
                histosys: codes.1,
                staterror,
                clip_bins: clips.0,
                clip_samples: clips.1,
                lumi_sigma: f64::from(lumi) / 64.0,
                alpha,
                factor,
                gamma,
                in_measurement: flags.0,
                as_shorthand: flags.1,
                correlation: flags.2,
                formula,
            }
        })
}

fn one_override() -> impl Strategy<Value = Override> {
    (0..6_usize, 0..5_usize, 1..16_i32, -8..8_i32, option::weighted(0.2, any::<bool>())).prop_map(
        |(which, kind, width, shift, fixed)| Override {
            which,
            kind,
            width: f64::from(width) / 16.0,
            shift: f64::from(shift) / 16.0,
            fixed,
        },
    )
}

impl Settings {
    /// Writes the settings into the workspace and returns how to read it.
    pub fn apply(&self, workspace: &mut Workspace) -> BuildOptions {
        let names = Names::of(workspace);
        let mut parameters = BTreeMap::new();
        if names.lumi {
            parameters.insert("lumi".to_owned(), self.lumi());
        }
        if let Some((name, change)) = picked(&self.alpha, &names.alphas) {
            let settings = change.alpha();
            if self.as_shorthand {
                write_shorthand(workspace, &name, settings.constraint.as_ref());
            }
            parameters.insert(name, settings);
        }
        if let Some((name, change)) = picked(&self.factor, &names.factors) {
            parameters.insert(name, change.factor());
        }
        if let Some(((name, len), change)) = picked(&self.gamma, &names.gammas) {
            parameters.insert(name, change.gamma(len));
        }
        if let (Some((rho, as_covariance)), [first, second, ..]) = (self.correlation, names.alphas.as_slice())
            && !parameters.contains_key(first)
            && !parameters.contains_key(second)
        {
            workspace.constraints.push(correlated([first, second], rho, as_covariance));
        }
        if let Some(plan) = &self.formula {
            plan.apply(&names, workspace, &mut parameters);
        }
        if self.in_measurement {
            // A luminosity has no default in any measurement.
            let lumi = parameters.get("lumi").cloned().map(|lumi| ("lumi".to_owned(), lumi));
            let measurement =
                |name: &str, parameters| Measurement { name: name.to_owned(), poi: None, parameters };
            workspace.measurements = vec![
                measurement("m", parameters.into_iter().collect()),
                measurement("other", lumi.into_iter().collect()),
            ];
        } else {
            workspace.parameters = parameters.into_iter().collect();
        }
        BuildOptions {
            dialect: if self.root { Dialect::Root } else { Dialect::Pyhf },
            interpolation: Interpolation { normsys: self.normsys, histosys: self.histosys },
            staterror: self.staterror,
            clip_bins: self.clip_bins,
            clip_samples: self.clip_samples,
            ..BuildOptions::default()
        }
    }

    fn lumi(&self) -> ParameterSpec {
        ParameterSpec {
            init: Some(OneOrMany::One(1.0)),
            bounds: Some(OneOrMany::One([0.5, 1.5])),
            aux: Some(OneOrMany::One(1.0)),
            constraint: Some(ConstraintSpec::Normal { sigma: OneOrMany::One(self.lumi_sigma) }),
            fixed: None,
            formula: None,
        }
    }
}

fn picked<T: Clone>(change: &Option<Override>, names: &[T]) -> Option<(T, Override)> {
    let change = change.clone()?;
    let name = names.get(change.which % names.len().max(1))?;
    Some((name.clone(), change))
}

fn write_shorthand(workspace: &mut Workspace, name: &str, constraint: Option<&ConstraintSpec>) {
    let samples = workspace.channels.iter_mut().flat_map(|channel| &mut channel.samples);
    let mut modifiers = samples.flat_map(|sample| &mut sample.modifiers);
    if let Some(modifier) = modifiers.find(|modifier| modifier.name == name) {
        modifier.constraint = constraint.cloned();
    }
}

fn correlated(names: [&String; 2], rho: f64, as_covariance: bool) -> CorrelatedConstraint {
    let parameters = names.into_iter().cloned().collect();
    if as_covariance {
        let covariance = vec![vec![4.0, rho], vec![rho, 0.25]];
        CorrelatedConstraint { parameters, covariance: Some(covariance), correlation: None }
    } else {
        let correlation = vec![vec![1.0, rho], vec![rho, 1.0]];
        CorrelatedConstraint { parameters, covariance: None, correlation: Some(correlation) }
    }
}

impl Override {
    fn alpha(&self) -> ParameterSpec {
        let sigma = OneOrMany::One(self.width);
        let constraint = match self.kind {
            0 => None,
            1 => Some(ConstraintSpec::None),
            _ => Some(ConstraintSpec::Normal { sigma }),
        };
        let aux = (self.kind != 1 && self.shift != 0.0).then_some(OneOrMany::One(self.shift));
        ParameterSpec {
            init: Some(OneOrMany::One(self.shift / 2.0)),
            bounds: Some(OneOrMany::One([-3.0, 4.0])),
            fixed: self.fixed.map(OneOrMany::One),
            aux,
            constraint,
            formula: None,
        }
    }

    fn factor(&self) -> ParameterSpec {
        let aux = Some(OneOrMany::One(1.0 + self.shift));
        let (constraint, aux) = match self.kind {
            0 | 1 => (None, None),
            2 => (Some(ConstraintSpec::Normal { sigma: OneOrMany::One(self.width) }), aux),
            3 => (Some(ConstraintSpec::Lognormal { kappa: OneOrMany::One(1.0 + self.width) }), aux),
            _ => {
                let tau = 20.0 * self.width;
                let constraint = ConstraintSpec::Poisson { tau: OneOrMany::One(tau) };
                (Some(constraint), Some(OneOrMany::One(tau * (1.0 + self.shift))))
            }
        };
        let lower = if self.kind == 1 { -2.0 } else { 0.0 };
        ParameterSpec {
            init: Some(OneOrMany::One(1.25)),
            bounds: Some(OneOrMany::One([lower, 6.0])),
            fixed: self.fixed.map(OneOrMany::One),
            aux,
            constraint,
            formula: None,
        }
    }

    fn gamma(&self, len: usize) -> ParameterSpec {
        let many =
            |value: f64| OneOrMany::Many((0..len).map(|bin| value * (1.0 + bin as f64 / 8.0)).collect());
        let constraint = match self.kind {
            0 => None,
            1 => Some(ConstraintSpec::None),
            2 => Some(ConstraintSpec::Normal { sigma: many(self.width) }),
            3 => Some(ConstraintSpec::Poisson { tau: many(30.0 * self.width) }),
            _ => Some(ConstraintSpec::Lognormal { kappa: many(1.0 + self.width) }),
        };
        ParameterSpec {
            init: Some(many(1.0)),
            bounds: Some(OneOrMany::Many(vec![[0.125, 5.0]; len])),
            fixed: self.fixed.map(OneOrMany::One),
            aux: None,
            constraint,
            formula: None,
        }
    }
}

/// Names of parameters by class, sorted.
pub(super) struct Names {
    pub lumi: bool,
    pub alphas: Vec<String>,
    pub factors: Vec<String>,
    /// With the number of components.
    pub gammas: Vec<(String, usize)>,
}

impl Names {
    fn of(workspace: &Workspace) -> Self {
        let mut lumi = false;
        let (mut alphas, mut factors, mut gammas) = (Vec::new(), Vec::new(), BTreeMap::new());
        for channel in &workspace.channels {
            let mut in_channel = BTreeMap::new();
            for sample in &channel.samples {
                for modifier in &sample.modifiers {
                    let name = modifier.name.clone();
                    match modifier.kind {
                        ModifierKind::Lumi => lumi = true,
                        ModifierKind::NormFactor => factors.push(name),
                        ModifierKind::NormSys { .. } | ModifierKind::HistoSys { .. } => alphas.push(name),
                        // Shared by channels without growing; free, and constrained only if a setting says so.
                        ModifierKind::ShapeFactor => {
                            gammas.insert(name, sample.data.len());
                        }
                        ModifierKind::ShapeSys { .. } | ModifierKind::StatError { .. } => {
                            in_channel.insert(name, sample.data.len());
                        }
                    }
                }
            }
            for (name, len) in in_channel {
                *gammas.entry(name).or_insert(0) += len;
            }
        }
        for names in [&mut alphas, &mut factors] {
            names.sort();
            names.dedup();
        }
        Self { lumi, alphas, factors, gammas: gammas.into_iter().collect() }
    }
}
