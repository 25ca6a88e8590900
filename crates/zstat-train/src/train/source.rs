//! Events of the processes, as tables: generated, or read from files and divided.

use std::ops::Range;
use std::path::Path;

use zstat_core::formula::Expression;
use zstat_core::spec::OneOrMany;
use zstat_core::table::Table;

use super::evaluate::PARTS;
use super::fault::TrainFault;
use crate::events::{Generator, Purpose, Stream};
use crate::spec::{ProcessSpec, Training};
use crate::table::{Part, Recipe, RecipeFaults, Shares, Split};

/// Events of one process.
pub(super) struct Source {
    pub name: String,
    /// Events that the analysis expects.
    pub expected: f64,
    kind: Kind,
}

enum Kind {
    Generated {
        generator: Generator,
        seed: u64,
        counts: [u64; 3],
    },
    /// Training, validation and evaluation events with their weights, which add up to the same in each.
    Read([(Table, Vec<f64>); 3]),
}

/// The number of a purpose in lists of three.
fn place(purpose: Purpose) -> usize {
    match purpose {
        Purpose::Training => 0,
        Purpose::Validation => 1,
        Purpose::Evaluation => 2,
    }
}

/// Events to evaluate with where the spec does not say.
const EVALUATION: u64 = 100_000;

impl Source {
    /// The source of a process. Files are relative to `folder`; `wanted` are the columns that are needed.
    pub fn new(
        training: &Training,
        (name, process): (&str, &ProcessSpec),
        seed: u64,
        folder: &Path,
        wanted: &[String],
    ) -> Result<Self, TrainFault> {
        let expected = process.events().unwrap_or(f64::NAN);
        let train = &training.train;
        let kind = match Generator::of(process) {
            Ok(Some(generator)) => {
                let events = train.events.unwrap_or(100_000);
                let validation = train.validation.unwrap_or((events / 5).max(1));
                let counts = [events, validation, training.evaluate.events.unwrap_or(EVALUATION)];
                Kind::Generated { generator, seed, counts }
            }
            _ => Kind::Read(read_all(training, name, process, folder, wanted)?),
        };
        Ok(Self { name: name.to_owned(), expected, kind })
    }

    /// The generator, where there is one.
    pub fn generator(&self) -> Option<&Generator> {
        match &self.kind {
            Kind::Generated { generator, .. } => Some(generator),
            Kind::Read(_) => None,
        }
    }

    /// How many events there are.
    pub fn count(&self, purpose: Purpose) -> u64 {
        match &self.kind {
            Kind::Generated { counts, .. } => counts[place(purpose)],
            Kind::Read(parts) => parts[place(purpose)].0.rows() as u64,
        }
    }

    /// Events of a purpose by number, with their weights.
    pub fn events(&self, purpose: Purpose, range: Range<u64>) -> (Table, Vec<f64>) {
        match &self.kind {
            Kind::Generated { generator, seed, .. } => {
                let width = generator.columns().len();
                let rows = (range.end - range.start) as usize;
                let mut flat = vec![0.0; rows * width];
                let stream = Stream { seed: *seed, process: &self.name, purpose };
                generator.fill(&stream, range.start, &mut flat);
                let column = |c: usize| flat.iter().skip(c).step_by(width.max(1)).copied().collect();
                let values = (0..width).map(column).collect();
                // A table from as many columns as names, all of the same length.
                let table = Table::new(generator.columns().to_vec(), values, rows).unwrap_or_default();
                (table, vec![1.0; rows])
            }
            Kind::Read(parts) => {
                let (table, weights) = &parts[place(purpose)];
                let keep: Vec<bool> = (0..table.rows() as u64).map(|row| range.contains(&row)).collect();
                let weights = weights[range.start as usize..range.end as usize].to_vec();
                (table.filter(&keep), weights)
            }
        }
    }
}

/// Names of the columns of a process: all that are generated, or that all of its files have.
pub(super) fn columns(name: &str, process: &ProcessSpec, folder: &Path) -> Result<Vec<String>, TrainFault> {
    let Some(files) = &process.files else {
        let generator = Generator::of(process).ok().flatten();
        return Ok(generator.map_or_else(Vec::new, |generator| generator.columns().to_vec()));
    };
    let mut common: Option<Vec<String>> = None;
    for file in files.as_slice() {
        let path = folder.join(file);
        let columns = process.reader_of(&path).and_then(|reader| Ok(reader.columns(&path)?));
        let columns = columns
            .map_err(|source| TrainFault::Reader { process: name.to_owned(), source: Box::new(source) })?;
        match &mut common {
            None => common = Some(columns),
            Some(common) => common.retain(|column| columns.contains(column)),
        }
    }
    Ok(common.unwrap_or_default())
}

fn read_all(
    training: &Training,
    name: &str,
    process: &ProcessSpec,
    folder: &Path,
    wanted: &[String],
) -> Result<[(Table, Vec<f64>); 3], TrainFault> {
    let recipe_fault = |source| TrainFault::Recipe { process: name.to_owned(), source };
    let columns_fault = |why: String| TrainFault::Columns { process: name.to_owned(), why };
    let files: &[String] = process.files.as_ref().map_or(&[], OneOrMany::as_slice);
    let recipe = Recipe::parse(&training.train.derive, process.select.as_deref()).map_err(recipe_fault)?;
    let mut needed = recipe.needs(wanted);
    let weight = match &process.weight {
        Some(text) => Some(Expression::parse(text).map_err(|fault| {
            columns_fault(format!("the weight `{text}`, {}: {}", fault.place(text), fault.message))
        })?),
        None => None,
    };
    let used = weight.iter().flat_map(Expression::used).map(|used| used.name.clone());
    for column in used.chain(training.train.split.key.iter().cloned()) {
        if !needed.contains(&column) {
            needed.push(column);
        }
    }
    let mut all: Option<Table> = None;
    let (mut weights, mut faults) = (Vec::new(), Vec::new());
    for file in files {
        let read = read_one(process, (name, file), folder, &needed);
        let read = read.and_then(|table| {
            // Rows are those of the file as long as it stands alone.
            let in_file = |why: String| columns_fault(format!("{file}: {why}"));
            if !recipe.is_empty() {
                recipe.apply(table.clone()).map_err(|RecipeFaults(all)| {
                    TrainFault::several(all.iter().map(|fault| in_file(fault.to_string())).collect())
                })?;
            }
            let own = weights_of(weight.as_ref(), &table).map_err(in_file)?;
            Ok((table, own))
        });
        match (read, &mut all) {
            (Err(fault), _) => faults.push(fault),
            (Ok((table, own)), None) => (all, weights) = (Some(table), own),
            (Ok((table, own)), Some(known)) => {
                known.append(table).map_err(|fault| columns_fault(fault.to_string()))?;
                weights.extend(own);
            }
        }
    }
    if !faults.is_empty() {
        return Err(TrainFault::several(faults));
    }
    let Some(table) = all.filter(|table| table.rows() > 0) else {
        return Err(columns_fault("the files have no events".to_owned()));
    };
    let all = divided(training, name, &table, &weights)?;
    for ((table, weights), what) in all.iter().zip(["training", "validation", "evaluation"]) {
        if table.rows() == 0 {
            return Err(columns_fault(format!("no event is left for {what}: mind `split`")));
        }
        if what == "evaluation" && (table.rows() as u64) < PARTS {
            let rows = table.rows();
            return Err(columns_fault(format!(
                "{rows} events are left for evaluation, and {PARTS} are needed at least: mind `split`"
            )));
        }
        crate::table::WeightSums::of(name, weights)
            .map_err(|fault| columns_fault(format!("those for {what}: {fault}")))?;
    }
    Ok(all)
}

/// Columns of one file of a process.
fn read_one(
    process: &ProcessSpec,
    (name, file): (&str, &String),
    folder: &Path,
    needed: &[String],
) -> Result<Table, TrainFault> {
    let path = folder.join(file);
    let read = process.reader_of(&path).and_then(|reader| Ok(reader.read(&path, needed)?));
    read.map_err(|source| TrainFault::Reader { process: name.to_owned(), source: Box::new(source) })
}

/// The weight of each event; why one has none.
fn weights_of(weight: Option<&Expression>, table: &Table) -> Result<Vec<f64>, String> {
    let Some(expression) = weight else { return Ok(vec![1.0; table.rows()]) };
    let names: Vec<String> = expression.used().iter().map(|used| used.name.clone()).collect();
    let columns = table.named(&names).map_err(|fault| fault.to_string())?;
    expression.numbers(&columns, table.rows()).map_err(|fault| format!("weight: {fault}"))
}

/// The events for training, validation and evaluation, with their weights.
fn divided(
    training: &Training,
    name: &str,
    table: &Table,
    weights: &[f64],
) -> Result<[(Table, Vec<f64>); 3], TrainFault> {
    let spec = &training.train.split;
    let [training_share, validation, test] = spec.shares();
    let shares = Shares { training: training_share, validation, test };
    let split = Split { shares, key: spec.key.clone(), seed: 0 };
    let parts = split
        .parts(table, 0)
        .map_err(|source| TrainFault::Split { process: name.to_owned(), source: Box::new(source) })?;
    let most = training.train.events.unwrap_or(u64::MAX);
    let of = |part: Part| {
        let mut left = if part == Part::Training { most } else { u64::MAX };
        let keep: Vec<bool> = parts
            .iter()
            .map(|found| {
                let keep = *found == part && left > 0;
                left -= u64::from(keep);
                keep
            })
            .collect();
        let weights: Vec<f64> =
            weights.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(w, _)| *w).collect();
        (table.filter(&keep), weights)
    };
    Ok([of(Part::Training), of(Part::Validation), of(Part::Test)])
}
