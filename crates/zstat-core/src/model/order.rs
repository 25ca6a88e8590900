//! The order of things: channels, samples and modifiers by name, parameters by kind and first use (pyhf's order).
//!
//! Results depend on names only, never on the order in which a file lists them.

use std::collections::HashMap;

use crate::spec::{Modifier, ModifierKind, Sample, Workspace};

/// A workspace seen in the model's order.
pub(super) struct Ordered<'w> {
    pub channels: Vec<OrderedChannel<'w>>,
}

pub(super) struct OrderedChannel<'w> {
    pub name: &'w str,
    pub n_bins: usize,
    pub samples: Vec<OrderedSample<'w>>,
}

pub(super) struct OrderedSample<'w> {
    pub sample: &'w Sample,
    /// By name; modifiers of one name in file order.
    pub modifiers: Vec<&'w Modifier>,
}

impl<'w> Ordered<'w> {
    pub fn new(workspace: &'w Workspace) -> Self {
        let mut channels: Vec<_> = workspace
            .channels
            .iter()
            .map(|channel| {
                let mut samples: Vec<_> = channel.samples.iter().map(OrderedSample::new).collect();
                samples.sort_by(|a, b| a.sample.name.cmp(&b.sample.name));
                let n_bins = channel.samples.first().map_or(0, |sample| sample.data.len());
                OrderedChannel { name: &channel.name, n_bins, samples }
            })
            .collect();
        channels.sort_by_key(|channel| channel.name);
        Self { channels }
    }

    /// All modifiers in walking order, with the place of each.
    pub fn walk(&self) -> impl Iterator<Item = (usize, &OrderedSample<'w>, &'w Modifier)> + '_ {
        self.channels.iter().enumerate().flat_map(|(channel, ordered)| {
            ordered.samples.iter().flat_map(move |sample| {
                sample.modifiers.iter().map(move |&modifier| (channel, sample, modifier))
            })
        })
    }

    /// The parameter sets' names in the model's order, each with the modifier and sample of its first use.
    pub fn first_uses(&self) -> Vec<FirstUse<'w>> {
        let mut by_kind: [Vec<FirstUse<'w>>; ModifierKind::NAMES.len()] = Default::default();
        let mut seen: HashMap<(&str, usize), ()> = HashMap::new();
        for (_, sample, modifier) in self.walk() {
            let kind = kind_rank(&modifier.kind);
            if seen.insert((&modifier.name, kind), ()).is_none() {
                by_kind[kind].push(FirstUse { sample: sample.sample, modifier });
            }
        }
        // pyhf makes the staterrors' parameters last, from its sorted list of modifiers.
        by_kind[STATERROR].sort_by(|a, b| a.modifier.name.cmp(&b.modifier.name));
        by_kind.into_iter().flatten().collect()
    }
}

/// Where a modifier first appears in walking order.
pub(super) struct FirstUse<'w> {
    pub sample: &'w Sample,
    pub modifier: &'w Modifier,
}

impl<'w> OrderedSample<'w> {
    fn new(sample: &'w Sample) -> Self {
        let mut modifiers: Vec<_> = sample.modifiers.iter().collect();
        modifiers.sort_by(|a, b| a.name.cmp(&b.name));
        Self { sample, modifiers }
    }
}

const STATERROR: usize = 6;

fn kind_rank(kind: &ModifierKind) -> usize {
    match kind {
        ModifierKind::HistoSys { .. } => 0,
        ModifierKind::Lumi => 1,
        ModifierKind::NormFactor => 2,
        ModifierKind::NormSys { .. } => 3,
        ModifierKind::ShapeFactor => 4,
        ModifierKind::ShapeSys { .. } => 5,
        ModifierKind::StatError { .. } => STATERROR,
    }
}
