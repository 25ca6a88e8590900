//! How the parameters of a workspace are used: which kind of modifier each drives, and how many components it has.

use std::collections::{BTreeSet, HashMap};

use zstat_core::spec::{Channel, ConstraintSpec, ModifierKind};

/// The uses of all parameters of a workspace, by name.
pub(super) struct Uses<'a> {
    by_name: HashMap<&'a str, Usage<'a>>,
}

/// One parameter: its first use, and what all uses have in common.
pub(super) struct Usage<'a> {
    /// Kind of the first modifier with this name.
    pub kind: &'a ModifierKind,
    /// Nominal yields of the sample with that modifier.
    pub nominal: &'a [f64],
    /// All kinds of modifiers with this name.
    pub kinds: BTreeSet<&'static str>,
    /// Constraint given at a modifier, as a shorthand.
    pub constraint: Option<&'a ConstraintSpec>,
    /// Bins of each channel that carries it, by channel name.
    bins: Vec<(&'a str, usize)>,
}

impl<'a> Uses<'a> {
    pub fn of(channels: &'a [Channel]) -> Self {
        let mut by_name: HashMap<&str, Usage<'_>> = HashMap::new();
        for channel in channels {
            for sample in &channel.samples {
                for modifier in &sample.modifiers {
                    let usage = by_name.entry(modifier.name.as_str()).or_insert_with(|| Usage {
                        kind: &modifier.kind,
                        nominal: &sample.data,
                        kinds: BTreeSet::new(),
                        constraint: None,
                        bins: vec![],
                    });
                    usage.kinds.insert(modifier.kind.name());
                    usage.constraint = usage.constraint.or(modifier.constraint.as_ref());
                    if usage.bins.last().is_none_or(|(name, _)| *name != channel.name) {
                        usage.bins.push((&channel.name, sample.data.len()));
                    }
                }
            }
        }
        Self { by_name }
    }

    pub fn get(&self, name: &str) -> Option<&Usage<'a>> {
        self.by_name.get(name)
    }

    /// All names with their uses, sorted by name.
    pub fn sorted(&self) -> Vec<(&'a str, &Usage<'a>)> {
        let mut all: Vec<_> = self.by_name.iter().map(|(&name, usage)| (name, usage)).collect();
        all.sort_by_key(|&(name, _)| name);
        all
    }
}

impl Usage<'_> {
    /// Whether the parameter has one component a bin.
    pub fn is_vector(&self) -> bool {
        use ModifierKind as K;
        matches!(self.kind, K::ShapeFactor | K::ShapeSys { .. } | K::StatError { .. })
    }

    /// Number of components, as pyhf counts them.
    pub fn components(&self) -> usize {
        match self.kind {
            ModifierKind::ShapeSys { .. } => self.nominal.len(),
            ModifierKind::StatError { .. } => self.bins.iter().map(|(_, bins)| bins).sum(),
            ModifierKind::ShapeFactor => self.bins.iter().min().map_or(0, |(_, bins)| *bins),
            _ => 1,
        }
    }
}
