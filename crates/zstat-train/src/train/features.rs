//! Which columns a training needs, which of them are features, and what makes these alike.

use std::path::Path;

use zstat_core::formula::Expression;
use zstat_core::table::Table;

use super::fault::TrainFault;
use super::kept;
use super::passes::{Kitchen, Pass, columns, of_effect};
use super::source::{self, Source};
use crate::events::Purpose;
use crate::spec::Training;
use crate::table::Standardiser;

/// Columns of a process that features, losses and its variations name.
pub(super) fn wanted(training: &Training, process: usize, features: &[String]) -> Vec<String> {
    let mut wanted = features.to_vec();
    wanted.extend(columns(training));
    for sample in &training.samples {
        for effect in sample.variations.iter().flat_map(|variation| &variation.effects) {
            if of_effect(training, sample.process, effect).process != process {
                continue;
            }
            let used = effect.reweight.iter().filter_map(|text| Expression::parse(text).ok());
            let used: Vec<String> = used
                .flat_map(|e| e.used().iter().map(|used| used.name.clone()).collect::<Vec<_>>())
                .collect();
            for name in effect.shift.keys().chain(effect.scale.keys()).chain(&used) {
                if !wanted.contains(name) {
                    wanted.push(name.clone());
                }
            }
        }
    }
    wanted
}

/// The features: those of the spec, else all columns that every process has, derived ones last.
pub(super) fn features(training: &Training, folder: &Path) -> Result<Vec<String>, TrainFault> {
    if let Some(features) = &training.train.features {
        return Ok(features.clone());
    }
    let all = training.processes.iter().map(|(name, process)| source::columns(name, process, folder));
    let all = all.collect::<Result<Vec<_>, _>>()?;
    let Some((first, others)) = all.split_first() else { return Ok(Vec::new()) };
    let common = first.iter().filter(|name| others.iter().all(|columns| columns.contains(name)));
    Ok(common.chain(training.train.derive.keys()).cloned().collect())
}

/// Learns means and deviations from the nominal training events of the samples' processes.
pub(super) fn standardiser(
    training: &Training,
    kitchen: &Kitchen,
    sources: &[Source],
) -> Result<Standardiser, TrainFault> {
    let mut all: Option<Table> = None;
    let mut seen = Vec::new();
    for sample in &training.samples {
        if seen.contains(&sample.process) {
            continue;
        }
        seen.push(sample.process);
        let source = &sources[sample.process];
        let fault = |why: String| TrainFault::Columns { process: source.name.clone(), why };
        let (table, weights) = source.events(Purpose::Training, 0..source.count(Purpose::Training));
        let (selected, ..) =
            kitchen.table((sample.process, &source.name), &Default::default(), &table, &weights)?;
        if selected.rows() == 0 && training.processes[sample.process].select.is_some() {
            let pass = Pass { process: sample.process, effect: Default::default() };
            let none = kept::nothing(source, Purpose::Training, "training", &pass);
            return Err(TrainFault::Spec(vec![none]));
        }
        let columns = selected.named(&kitchen.features).map_err(|found| fault(found.to_string()))?;
        let values = columns.into_iter().map(<[f64]>::to_vec).collect();
        let selected = Table::new(kitchen.features.clone(), values, selected.rows())
            .map_err(|found| fault(found.to_string()))?;
        match &mut all {
            None => all = Some(selected),
            Some(known) => known.append(selected).map_err(|found| fault(found.to_string()))?,
        }
    }
    let all = all.unwrap_or_default();
    let learnt = Standardiser::learn(&all, &kitchen.features)?;
    if training.train.standardise { Ok(learnt) } else { Ok(Standardiser::identity(&kitchen.features)) }
}
