//! Parameters: from the modifiers' wishes and the spec's settings to one definite list.

use std::collections::HashMap;

use super::correlated::CorrelatedBlock;
use super::formula::{FormulaParameter, link};
use super::modifier::{Requirement, relative_errors, requirements};
use super::order::{FirstUse, Ordered};
use super::{Constraint, Parameter, ParameterSet};
use crate::formula::Formula;
use crate::spec::scope::Settings;
use crate::spec::{BuildOptions, ConstraintSpec, Modifier, ModifierKind, ParameterSpec, Workspace};

/// The parameters of a model, what follows from them, and where each channel's bins stand in the sets with one parameter a bin.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub list: Vec<Parameter>,
    pub sets: Vec<ParameterSet>,
    /// Set of each name.
    pub by_name: HashMap<String, usize>,
    /// (set, channel) → offset of the channel's first bin in the set; absent means 0.
    pub offsets: HashMap<(usize, usize), usize>,
    /// What follows from the parameters.
    pub formulas: Vec<FormulaParameter>,
    /// Constraints over several of them.
    pub blocks: Vec<CorrelatedBlock>,
    /// What a constraint on each parameter would be centred on, in units of the parameter.
    centres: Vec<f64>,
}

/// The parameter called `name`; a one-bin vector may be written `name` or `name[0]`.
pub(super) fn find(parameters: &[Parameter], sets: &[ParameterSet], name: &str) -> Option<usize> {
    let by_name = parameters.iter().position(|parameter| parameter.name == name);
    by_name.or_else(|| sets.iter().find(|set| set.name == name && set.len == 1).map(|set| set.first))
}

/// Resolves all parameters. The workspace has passed `spec::check`.
pub(super) fn resolve(workspace: &Workspace, ordered: &Ordered<'_>, options: &BuildOptions) -> Parameters {
    let settings = Settings::of(workspace, options);
    let staterrors = StatErrors::collect(ordered);
    let shorthands = shorthand_constraints(ordered);
    let mut out = Parameters::default();
    let formulas = settings.formulas();
    for FirstUse { sample, modifier } in ordered.first_uses() {
        let kind = modifier.kind.name();
        if formulas.iter().any(|(name, _)| *name == modifier.name) {
            continue;
        }
        if let Some(&set) = out.by_name.get(&modifier.name) {
            out.sets[set].kinds.push(kind);
            continue;
        }
        let relative = staterrors.relative(&modifier.name);
        let mut wanted = requirements(&modifier.kind, &sample.data, relative, options);
        let setting = settings.get(&modifier.name).map(|(setting, _)| setting);
        let shorthand = shorthands.get(modifier.name.as_str()).copied();
        let is_lumi = matches!(modifier.kind, ModifierKind::Lumi);
        out.centres.extend(apply_settings(&mut wanted, setting, shorthand, is_lumi));
        out.push_set(modifier, kind, &wanted, &staterrors);
    }
    out.declared(&settings);
    let parsed = formulas.into_iter().filter_map(|(name, text)| Some((name, Formula::parse(text).ok()?)));
    out.formulas = link(parsed.collect(), &out.list);
    for block in &workspace.constraints {
        let member = |name: &String| find(&out.list, &out.sets, name);
        let members: Vec<usize> = block.parameters.iter().filter_map(member).collect();
        let block = CorrelatedBlock::build(block, members, &out.centres, &mut out.list);
        out.blocks.push(block);
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

    /// The parameters that only formulas use, sorted by name: free unless their settings say otherwise.
    fn declared(&mut self, settings: &Settings<'_>) {
        for name in settings.arguments() {
            let Some((setting, _)) = settings.get(&name) else { continue };
            let known = find(&self.list, &self.sets, &name).is_some() || self.by_name.contains_key(&name);
            if known || setting.formula.is_some() {
                continue;
            }
            let init = setting.init.as_ref().and_then(|init| pick(init.as_slice(), 0)).unwrap_or(f64::NAN);
            let bounds = [f64::NEG_INFINITY, f64::INFINITY];
            let mut wanted = [Requirement { init, bounds, fixed: false, constraint: Constraint::None }];
            self.centres.extend(apply_settings(&mut wanted, Some(setting), None, false));
            let [Requirement { init, bounds, fixed, constraint }] = wanted;
            let (set, first) = (self.sets.len(), self.list.len());
            self.by_name.insert(name.clone(), set);
            self.list.push(Parameter { name: name.clone(), set, init, bounds, fixed, constraint });
            self.sets.push(ParameterSet { name, first, len: 1, vector: false, kinds: vec!["formula"] });
        }
    }

    /// Index in the extended vector (parameters, then formulas) of what drives bin 0 of a sample in `channel`.
    pub fn first(&self, name: &str, channel: usize) -> usize {
        if let Some(at) = self.formulas.iter().position(|formula| formula.name == name) {
            return self.list.len() + at;
        }
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

/// Puts settings in place of the defaults. Returns what a constraint on each parameter is, or would be, centred on.
fn apply_settings(
    wanted: &mut [Requirement],
    setting: Option<&ParameterSpec>,
    shorthand: Option<&ConstraintSpec>,
    is_lumi: bool,
) -> Vec<f64> {
    let constraint = setting.and_then(|s| s.constraint.as_ref()).or(shorthand);
    let mut centres = Vec::with_capacity(wanted.len());
    for (i, one) in wanted.iter_mut().enumerate() {
        let aux = setting.and_then(|s| s.aux.as_ref()).and_then(|aux| pick(aux.as_slice(), i));
        let init = setting.and_then(|s| s.init.as_ref()).and_then(|v| pick(v.as_slice(), i));
        let fixed = setting.and_then(|s| s.fixed.as_ref()).and_then(|v| pick(v.as_slice(), i));
        let bounds = setting.and_then(|s| s.bounds.as_ref()).and_then(|v| pick(v.as_slice(), i));
        // A luminosity starts at its measured value, and unless told otherwise may go to ten times that.
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
        let centre = one.constraint.centre_and_width().map(|(centre, _)| centre);
        centres.push(centre.unwrap_or(aux.unwrap_or(nominal)));
    }
    centres
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
