//! Which modifiers use which parameter: the view of a workspace by parameter names.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::formula::Formula;
use crate::source::pointer;
use crate::spec::scope::Settings;
use crate::spec::{Channel, Modifier, ModifierKind, Sample, Workspace};
use crate::text::nearest;

/// One modifier and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use<'w> {
    /// Positions of channel, sample and modifier in the workspace.
    pub at: [usize; 3],
    pub channel: &'w Channel,
    pub sample: &'w Sample,
    pub modifier: &'w Modifier,
}

impl Use<'_> {
    /// JSON pointer of a field of the modifier; of the modifier itself for "".
    pub fn pointer(&self, field: &str) -> String {
        let [c, s, m] = self.at;
        let base = format!("/channels/{c}/samples/{s}/modifiers/{m}");
        if field.is_empty() { base } else { pointer::join(&base, field) }
    }

    /// "modifier `jes` of sample `signal` of channel `SR`".
    pub fn who(&self) -> String {
        format!("modifier `{}` of {}", self.modifier.name, self.of_sample())
    }

    /// "sample `signal` of channel `SR`".
    pub fn of_sample(&self) -> String {
        format!("sample `{}` of channel `{}`", self.sample.name, self.channel.name)
    }
}

/// All uses, by parameter name in the order of first use; and what formulas bring in, whatever the measurement.
#[derive(Debug)]
pub(crate) struct Uses<'w> {
    by_name: IndexMap<&'w str, Vec<Use<'w>>>,
    /// Names that have a formula.
    formulas: BTreeSet<&'w str>,
    /// Parameters that no modifier uses, but a formula, and that have a setting.
    declared: BTreeSet<&'w str>,
}

impl<'w> Uses<'w> {
    pub fn of(workspace: &'w Workspace) -> Self {
        let mut by_name: IndexMap<&str, Vec<Use<'w>>> = IndexMap::new();
        for (c, channel) in workspace.channels.iter().enumerate() {
            for (s, sample) in channel.samples.iter().enumerate() {
                for (m, modifier) in sample.modifiers.iter().enumerate() {
                    let one = Use { at: [c, s, m], channel, sample, modifier };
                    by_name.entry(&modifier.name).or_default().push(one);
                }
            }
        }
        let mut out = Self { by_name, formulas: BTreeSet::new(), declared: BTreeSet::new() };
        for settings in Settings::all(workspace) {
            out.formulas.extend(settings.formulas().into_iter().map(|(name, _)| name));
            let declared = used_by_formulas(&settings, &out.by_name);
            out.declared.extend(declared);
        }
        let Self { declared, formulas, .. } = &mut out;
        declared.retain(|name| !formulas.contains(name));
        out
    }

    /// Whether a modifier or a formula uses the name, or it is a formula.
    pub fn is_known(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.is_declared(name) || self.is_formula(name)
    }

    /// Whether the name has a formula, in some measurement.
    pub fn is_formula(&self, name: &str) -> bool {
        self.formulas.contains(name)
    }

    /// Whether there are formulas, in some measurement.
    pub fn has_formulas(&self) -> bool {
        !self.formulas.is_empty()
    }

    /// Whether it is a parameter that only formulas use.
    pub fn is_declared(&self, name: &str) -> bool {
        self.declared.contains(name)
    }

    /// The parameters with their uses; no list of uses is empty.
    pub fn iter(&self) -> impl Iterator<Item = (&'w str, &[Use<'w>])> {
        self.by_name.iter().map(|(name, uses)| (*name, uses.as_slice()))
    }

    /// The uses of one parameter; none if nothing uses it.
    pub fn get(&self, name: &str) -> &[Use<'w>] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names of all parameters, those of modifiers first.
    pub fn names(&self) -> impl Iterator<Item = &'w str> {
        self.by_name.keys().chain(&self.declared).copied()
    }

    /// Number of components of a parameter: 1 for a scalar, otherwise one a bin. None if nothing uses it.
    pub fn components(&self, name: &str) -> Option<usize> {
        let uses = self.get(name);
        if uses.is_empty() && self.is_declared(name) {
            return Some(1);
        }
        let first = uses.first()?;
        Some(match first.modifier.kind {
            // A staterror has its own parameters in each channel, one after the other.
            ModifierKind::StatError { .. } => {
                let mut channels: Vec<(usize, usize)> =
                    uses.iter().map(|one| (one.at[0], one.sample.data.len())).collect();
                channels.dedup_by_key(|(channel, _)| *channel);
                channels.iter().map(|(_, n_bins)| n_bins).sum()
            }
            // A shapefactor has those of its first channel by name.
            ModifierKind::ShapeFactor => {
                uses.iter().min_by_key(|one| &one.channel.name).unwrap_or(first).sample.data.len()
            }
            ModifierKind::ShapeSys { .. } => first.sample.data.len(),
            _ => 1,
        })
    }

    /// Whether a parameter is spelled `name[i]`.
    pub fn is_vector(&self, name: &str) -> bool {
        self.get(name).first().is_some_and(|one| is_vector(&one.modifier.kind))
    }

    /// Whether `name` is one scalar: a scalar parameter, a component `name[i]`, or a vector of one bin.
    pub fn is_one(&self, name: &str) -> bool {
        match self.components(name) {
            Some(components) => components == 1,
            None => self.component_of(name).is_some(),
        }
    }

    /// The vector parameter and the index that `name[i]` speaks of.
    pub fn component_of<'n>(&self, name: &'n str) -> Option<(&'n str, usize)> {
        let (base, index) = self.indexed(name)?;
        (index < self.components(base)?).then_some((base, index))
    }

    /// The vector parameter of which `name[i]` is no component, and how many it has.
    pub fn beyond<'n>(&self, name: &'n str) -> Option<(&'n str, usize)> {
        let (base, index) = self.indexed(name)?;
        let components = self.components(base)?;
        (index >= components).then_some((base, components))
    }

    fn indexed<'n>(&self, name: &'n str) -> Option<(&'n str, usize)> {
        let (base, index) = name.strip_suffix(']')?.rsplit_once('[')?;
        let (index, text) = (index.parse::<usize>().ok()?, index);
        // `[01]` and `[+1]` are not how a component is spelled.
        let spelled = index.to_string() == text;
        (spelled && self.is_vector(base)).then_some((base, index))
    }
}

/// The settings that belong to no modifier, but to what a formula uses, or is likely to mean: where a formula is faulty,
/// nothing is said of what it does not use.
fn used_by_formulas<'w>(settings: &Settings<'w>, by_name: &IndexMap<&'w str, Vec<Use<'w>>>) -> Vec<&'w str> {
    let names = settings.names();
    let known = || by_name.keys().copied().chain(names.iter().copied());
    let mut used = settings.arguments();
    let unknown = used.iter().filter(|name| known().all(|known| known != name.as_str()));
    let meant: Vec<&str> = unknown.filter_map(|name| nearest(name, known())).collect();
    used.extend(meant.into_iter().map(str::to_owned));
    let unreadable: Vec<&str> = settings
        .formulas()
        .into_iter()
        .filter(|(_, text)| Formula::parse(text).is_err())
        .map(|(_, text)| text)
        .collect();
    let is_used = |name: &str| used.contains(name) || unreadable.iter().any(|text| text.contains(name));
    names.iter().copied().filter(|name| !by_name.contains_key(name) && is_used(name)).collect()
}

/// Whether a kind has one parameter a bin.
pub(crate) fn is_vector(kind: &ModifierKind) -> bool {
    matches!(kind, ModifierKind::ShapeSys { .. } | ModifierKind::StatError { .. } | ModifierKind::ShapeFactor)
}
