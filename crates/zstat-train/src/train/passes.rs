//! Events under a variation: what the scorer sees of them, and their weights.

use std::ops::Range;

use zstat_core::formula::Expression;
use zstat_core::spec::Effect;
use zstat_core::table::Table;

use super::fault::TrainFault;
use super::source::Source;
use crate::events::Purpose;
use crate::spec::Training;
use crate::table::{Recipe, Standardiser};

/// A process under a variation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pass {
    pub process: usize,
    pub effect: Effect,
}

/// Weights of events. Those of generated events are all 1, and need not be looked up.
#[derive(Debug, Clone, Default)]
pub(super) struct Weights {
    all: Vec<f64>,
    are_one: bool,
}

impl Weights {
    pub fn new(all: Vec<f64>) -> Self {
        Self { are_one: all.iter().all(|weight| *weight == 1.0), all }
    }

    /// The sum over some of them.
    pub fn sum(&self, picked: &[u32]) -> f64 {
        match self.are_one {
            true => picked.len() as f64,
            false => picked.iter().map(|&at| self.all[at as usize]).sum(),
        }
    }

    /// The weights of some of them, times a factor.
    pub fn take(&self, picked: &[u32], factor: f64, out: &mut [f64]) {
        if self.are_one {
            return out.fill(factor);
        }
        for (out, &at) in out.iter_mut().zip(picked) {
            *out = self.all[at as usize] * factor;
        }
    }
}

impl std::ops::Deref for Weights {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.all
    }
}

/// Events of a pass.
#[derive(Debug, Clone, Default)]
pub(super) struct PassEvents {
    /// Features of the events that are selected, row-major.
    pub x: Vec<f32>,
    /// Weights of these.
    pub weights: Weights,
    /// Columns that losses read, one value a row.
    pub columns: Vec<Vec<f64>>,
    /// For each event of the process its row, `NONE` where it is not selected; none where all are.
    pub row: Option<Vec<u32>>,
}

impl PassEvents {
    /// Adds the rows of those of `events` that are selected.
    pub fn rows(&self, events: &[u32], rows: &mut Vec<u32>) {
        match &self.row {
            None => rows.extend_from_slice(events),
            Some(row) => {
                rows.extend(events.iter().map(|event| row[*event as usize]).filter(|row| *row != NONE));
            }
        }
    }
}

/// Of an event that is not selected.
const NONE: u32 = u32::MAX;
/// A column that no file has: the number of the event.
const NUMBER: &str = "\u{0}number";

/// All passes of some events.
pub(super) struct Events {
    pub passes: Vec<PassEvents>,
    /// Weights of all events of each process, before any selection.
    pub weights: Vec<Weights>,
}

/// All different passes of a training: nominal ones first, one a process that a sample is of.
pub(super) fn passes(training: &Training) -> Vec<Pass> {
    let mut all: Vec<Pass> = Vec::new();
    let mut put = |pass: Pass| {
        if !all.contains(&pass) {
            all.push(pass);
        }
    };
    for sample in &training.samples {
        put(Pass { process: sample.process, effect: Effect::default() });
    }
    for sample in &training.samples {
        for variation in &sample.variations {
            variation.effects.iter().for_each(|effect| put(of_effect(training, sample.process, effect)));
        }
    }
    all
}

/// The pass of an effect: other events are another process.
pub(super) fn of_effect(training: &Training, process: usize, effect: &Effect) -> Pass {
    let other = effect.events.as_ref().and_then(|name| training.processes.get_index_of(name));
    Pass { process: other.unwrap_or(process), effect: Effect { events: None, ..effect.clone() } }
}

/// What is made of columns: the same for all events of a training.
pub(super) struct Kitchen {
    /// One a process.
    recipes: Vec<Recipe>,
    pub features: Vec<String>,
    /// Columns that losses read.
    pub columns: Vec<String>,
}

/// Columns that the losses of a training read, each once.
pub(super) fn columns(training: &Training) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for name in training.losses.iter().flat_map(|(_, loss)| loss.columns()) {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    columns
}

impl Kitchen {
    pub fn new(training: &Training, features: Vec<String>) -> Result<Self, TrainFault> {
        let recipe = |(name, process): (&String, &crate::spec::ProcessSpec)| {
            Recipe::parse(&training.train.derive, process.select.as_deref())
                .map_err(|source| TrainFault::Recipe { process: name.clone(), source })
        };
        let recipes = training.processes.iter().map(recipe).collect::<Result<_, _>>()?;
        Ok(Self { recipes, features, columns: columns(training) })
    }

    /// The events of a table as the scorer sees them, under a variation; with their weights and numbers.
    pub fn table(
        &self,
        (process, name): (usize, &str),
        effect: &Effect,
        table: &Table,
        weights: &[f64],
    ) -> Result<(Table, Vec<f64>, Vec<f64>), TrainFault> {
        let fault = |why: String| TrainFault::Columns { process: name.to_owned(), why };
        let (names, mut values) = table.clone().into_parts();
        let mut weights = weights.to_vec();
        if let Some(text) = &effect.reweight {
            let expression = Expression::parse(text).map_err(|found| {
                fault(format!("the weight `{text}`, {}: {}", found.place(text), found.message))
            })?;
            let used: Vec<String> = expression.used().iter().map(|used| used.name.clone()).collect();
            let columns = table.named(&used).map_err(|found| fault(found.to_string()))?;
            let factors =
                expression.numbers(&columns, table.rows()).map_err(|found| fault(found.to_string()))?;
            weights.iter_mut().zip(factors).for_each(|(weight, factor)| *weight *= factor);
        }
        let column = |name: &String| {
            names.iter().position(|known| known == name).ok_or_else(|| {
                let near = zstat_core::text::nearest(name, names.iter().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                fault(format!("`vary` names the column `{name}`, which the events do not have{near}"))
            })
        };
        for (name, factor) in &effect.scale {
            let at = column(name)?;
            values[at].iter_mut().for_each(|x| *x *= factor);
        }
        for (name, shift) in &effect.shift {
            let at = column(name)?;
            values[at].iter_mut().for_each(|x| *x += shift);
        }
        let rows = table.rows();
        let shape = |found: zstat_core::table::ShapeFault| fault(found.to_string());
        let mut varied = Table::new(names, values, rows).map_err(shape)?;
        varied.push(NUMBER.to_owned(), (0..rows).map(|row| row as f64).collect()).map_err(shape)?;
        let kept = self.recipes[process]
            .apply(varied)
            .map_err(|source| TrainFault::Recipe { process: name.to_owned(), source })?;
        let numbers = kept.column(NUMBER).map(<[f64]>::to_vec).unwrap_or_default();
        let weights = numbers.iter().map(|number| weights[*number as usize]).collect();
        Ok((kept, weights, numbers))
    }

    /// All passes of events `range` of a purpose.
    pub fn events(
        &self,
        all: &[Pass],
        sources: &[Source],
        standardiser: &Standardiser,
        (purpose, range): (Purpose, &dyn Fn(u64) -> Range<u64>),
    ) -> Result<Events, TrainFault> {
        let tables: Vec<(Table, Vec<f64>)> =
            sources.iter().map(|source| source.events(purpose, range(source.count(purpose)))).collect();
        let mut passes = Vec::with_capacity(all.len());
        for pass in all {
            let (table, weights) = &tables[pass.process];
            let name = &sources[pass.process].name;
            let (kept, weights, numbers) = self.table((pass.process, name), &pass.effect, table, weights)?;
            let x = standardiser.rows(&kept)?;
            let row = (numbers.len() < table.rows()).then(|| {
                let mut row = vec![NONE; table.rows()];
                numbers.iter().enumerate().for_each(|(at, number)| row[*number as usize] = at as u32);
                row
            });
            let columns = kept.named(&self.columns).map_err(|found| TrainFault::Columns {
                process: name.clone(),
                why: format!("a loss reads columns: {found}"),
            })?;
            let columns = columns.into_iter().map(<[f64]>::to_vec).collect();
            passes.push(PassEvents { x, weights: Weights::new(weights), columns, row });
        }
        Ok(Events { passes, weights: tables.into_iter().map(|(_, weights)| Weights::new(weights)).collect() })
    }
}
