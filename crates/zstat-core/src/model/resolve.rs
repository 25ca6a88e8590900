//! Parameters: from the modifiers' wishes and the spec's settings to one definite list.

use std::collections::HashMap;

use super::modifier::{Requirement, relative_errors, requirements};
use super::order::{FirstUse, Ordered};
use super::{Constraint, Parameter, ParameterSet};
use crate::spec::{
    BuildOptions, ConstraintSpec, Measurement, Modifier, ModifierKind, ParameterSpec, Workspace,
};

/// The parameters of a model, and where each channel's bins stand in the sets with one parameter a bin.
pub(super) struct Parameters {
    pub list: Vec<Parameter>,
    pub sets: Vec<ParameterSet>,
    /// Set of each name.
    pub by_name: HashMap<String, usize>,
    /// (set, channel) → offset of the channel's first bin in the set; absent means 0.
    pub offsets: HashMap<(usize, usize), usize>,
}

/// Resolves all parameters. The workspace has passed `spec::check`.
pub(super) fn resolve(
    workspace: &Workspace,
    ordered: &Ordered<'_>,
    measurement: Option<&Measurement>,
    options: &BuildOptions,
) -> Parameters {
    let staterrors = StatErrors::collect(ordered);
    let shorthands = shorthand_constraints(ordered);
    let mut out =
        Parameters { list: Vec::new(), sets: Vec::new(), by_name: HashMap::new(), offsets: HashMap::new() };
    for FirstUse { sample, modifier } in ordered.first_uses() {
        let kind = modifier.kind.name();
        if let Some(&set) = out.by_name.get(&modifier.name) {
            out.sets[set].kinds.push(kind);
            continue;
        }
        let relative = staterrors.relative(&modifier.name);
        let mut wanted = requirements(&modifier.kind, &sample.data, relative, options);
        let setting = measurement
            .and_then(|m| m.parameters.get(&modifier.name))
            .or_else(|| workspace.parameters.get(&modifier.name));
        let shorthand = shorthands.get(modifier.name.as_str()).copied();
        apply_settings(&mut wanted, setting, shorthand, modifier);
        out.push_set(modifier, kind, &wanted, &staterrors);
    }
    for set in &mut out.sets {
        set.kinds.sort_unstable();
    }
    out
}

impl Parameters {
    fn push_set(
        &mut self,
        modifier: &Modifier,
        kind: &'static str,
        wanted: &[Requirement],
        staterrors: &StatErrors<'_>,
    ) {
        let set = self.sets.len();
        let vector = matches!(
            modifier.kind,
            ModifierKind::ShapeFactor | ModifierKind::ShapeSys { .. } | ModifierKind::StatError { .. }
        );
        self.by_name.insert(modifier.name.clone(), set);
        for &(channel, offset) in staterrors.offsets(&modifier.name) {
            self.offsets.insert((set, channel), offset);
        }
        self.sets.push(ParameterSet {
            name: modifier.name.clone(),
            first: self.list.len(),
            len: wanted.len(),
            vector,
            kinds: vec![kind],
        });
        for (i, one) in wanted.iter().enumerate() {
            let name = if vector { format!("{}[{i}]", modifier.name) } else { modifier.name.clone() };
            let Requirement { init, bounds, fixed, constraint } = *one;
            self.list.push(Parameter { name, set, init, bounds, fixed, constraint });
        }
    }

    /// Index of the parameter that drives bin 0 of a sample in `channel`.
    pub fn first(&self, name: &str, channel: usize) -> usize {
        let set = self.by_name[name];
        self.sets[set].first + self.offsets.get(&(set, channel)).copied().unwrap_or(0)
    }
}

/// The relative errors of every staterror, over the bins of all channels that carry it.
struct StatErrors<'w> {
    by_name: HashMap<&'w str, StatErrorBins>,
}

/// The bins of one staterror.
#[derive(Default)]
struct StatErrorBins {
    /// Relative error of each bin.
    relative: Vec<f64>,
    /// (channel, its first bin in `relative`).
    offsets: Vec<(usize, usize)>,
}

/// Nominal yields and absolute errors of a sample that carries a staterror.
type Carrier<'w> = (&'w [f64], &'w [f64]);

impl<'w> StatErrors<'w> {
    fn collect(ordered: &Ordered<'w>) -> Self {
        let mut by_name: HashMap<&'w str, StatErrorBins> = HashMap::new();
        for (at, channel) in ordered.channels.iter().enumerate() {
            let mut carriers: Vec<(&'w str, Vec<Carrier<'w>>)> = Vec::new();
            for sample in &channel.samples {
                for modifier in &sample.modifiers {
                    let ModifierKind::StatError { errors } = &modifier.kind else { continue };
                    let pair = (sample.sample.data.as_slice(), errors.as_slice());
                    match carriers.iter_mut().find(|(name, _)| *name == modifier.name) {
                        Some((_, pairs)) => pairs.push(pair),
                        None => carriers.push((&modifier.name, vec![pair])),
                    }
                }
            }
            for (name, pairs) in carriers {
                let bins = by_name.entry(name).or_default();
                bins.offsets.push((at, bins.relative.len()));
                bins.relative.extend(relative_errors(&pairs, channel.n_bins));
            }
        }
        Self { by_name }
    }

    fn relative(&self, name: &str) -> &[f64] {
        self.by_name.get(name).map_or(&[], |bins| &bins.relative)
    }

    fn offsets(&self, name: &str) -> &[(usize, usize)] {
        self.by_name.get(name).map_or(&[], |bins| &bins.offsets)
    }
}

/// Constraints that modifiers carry themselves, by parameter. Two that disagree have been refused by `spec::check`.
fn shorthand_constraints<'w>(ordered: &Ordered<'w>) -> HashMap<&'w str, &'w ConstraintSpec> {
    let mut out = HashMap::new();
    for (_, _, modifier) in ordered.walk() {
        if let Some(constraint) = &modifier.constraint {
            out.entry(modifier.name.as_str()).or_insert(constraint);
        }
    }
    out
}

/// The `i`-th of one or many values.
fn pick<T: Copy>(values: &[T], i: usize) -> Option<T> {
    if values.len() == 1 { values.first().copied() } else { values.get(i).copied() }
}

fn apply_settings(
    wanted: &mut [Requirement],
    setting: Option<&ParameterSpec>,
    shorthand: Option<&ConstraintSpec>,
    modifier: &Modifier,
) {
    let constraint = setting.and_then(|s| s.constraint.as_ref()).or(shorthand);
    for (i, one) in wanted.iter_mut().enumerate() {
        let aux = setting.and_then(|s| s.aux.as_ref()).and_then(|aux| pick(aux.as_slice(), i));
        let init = setting.and_then(|s| s.init.as_ref()).and_then(|v| pick(v.as_slice(), i));
        let fixed = setting.and_then(|s| s.fixed.as_ref()).and_then(|v| pick(v.as_slice(), i));
        let bounds = setting.and_then(|s| s.bounds.as_ref()).and_then(|v| pick(v.as_slice(), i));
        // A luminosity starts at its measured value, and unless told otherwise may go to ten times that.
        let is_lumi = matches!(modifier.kind, ModifierKind::Lumi);
        let nominal = match aux {
            Some(aux) if is_lumi => aux,
            _ => one.init,
        };
        if is_lumi {
            one.init = nominal;
            one.bounds = [0.0, 10.0 * nominal];
        }
        one.init = init.unwrap_or(one.init);
        one.bounds = bounds.unwrap_or(one.bounds);
        one.fixed = fixed.unwrap_or(one.fixed);
        one.constraint = constrain(one.constraint, constraint, aux, nominal, i);
    }
}

/// The constraint after settings. `nominal` is what the constraint centres on where no auxiliary value is given.
fn constrain(
    default: Constraint,
    spec: Option<&ConstraintSpec>,
    aux: Option<f64>,
    nominal: f64,
    i: usize,
) -> Constraint {
    let width = |values: &crate::spec::OneOrMany<f64>| pick(values.as_slice(), i).unwrap_or(f64::NAN);
    match spec {
        None => default.with_aux(aux.unwrap_or(default.aux())),
        Some(ConstraintSpec::None) => Constraint::None,
        Some(ConstraintSpec::Normal { sigma }) => {
            Constraint::Normal { aux: aux.unwrap_or(nominal), sigma: width(sigma) }
        }
        Some(ConstraintSpec::Poisson { tau }) => {
            let tau = width(tau);
            Constraint::Poisson { aux: aux.unwrap_or(tau * nominal), tau }
        }
        Some(ConstraintSpec::Lognormal { kappa }) => {
            Constraint::LogNormal { aux: aux.unwrap_or(nominal), ln_kappa: width(kappa).ln() }
        }
    }
}
