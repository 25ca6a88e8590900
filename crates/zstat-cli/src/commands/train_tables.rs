//! Tables of a training: the numbers behind its figures, and why one is not there.

use std::path::Path;

use serde_json::{Map, Value};
use zstat_core::scorer::Scorer;
use zstat_train::files::{Cell, History, Table};
use zstat_train::train::{Boundary, CutRow, Cuts, Distribution, Figures, Trainer};

use crate::failure::Failure;
use crate::output::write_file;
use crate::report::train_cut::CutResult;

/// How columns of a history begin that stand in `curves.csv`.
const CURVES: &str = "validation.";

/// All tables of a run.
pub struct Tables {
    /// Names, and texts; why not where there is none.
    files: Vec<(&'static str, Result<String, String>)>,
    /// What a cut on the score gives, where there can be one.
    pub cut: Option<CutResult>,
}

impl Tables {
    /// From what was seen of the evaluation, and from the history.
    pub fn new(
        trainer: &Trainer<'_>,
        (scorer, learnt): (&mut dyn Scorer, &[f64]),
        figures: &Figures,
        min_effective: f64,
        history: &History,
    ) -> Self {
        let cuts = figures.cuts(min_effective);
        let cut = cuts.as_ref().ok().map(CutResult::new);
        let boundary = figures.boundary(trainer, scorer, learnt);
        let distributions = distributions(&figures.distributions(trainer));
        let files = vec![
            ("curves.csv", curves(history)),
            ("distributions.csv", Ok(distributions)),
            ("boundary.csv", boundary.map(|boundary| plane(&boundary))),
            ("thresholds.csv", cuts.map(|cuts| thresholds(&cuts))),
        ];
        Self { files, cut }
    }

    /// Writes them, each whole or not at all.
    ///
    /// # Errors
    /// Where one cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        for (name, text) in &self.files {
            if let Ok(text) = text {
                write_file(&folder.join(name), text)?;
            }
        }
        Ok(())
    }

    /// Which are there, and why others are not.
    pub fn told(&self) -> Value {
        let told = self.files.iter().map(|(name, text)| {
            let what = match text {
                Ok(_) => "written".to_owned(),
                Err(why) => format!("not written: {why}"),
            };
            ((*name).to_owned(), Value::from(what))
        });
        Value::Object(told.collect::<Map<String, Value>>())
    }
}

/// The history without what stands in `curves.csv`.
pub fn losses(history: &History) -> History {
    let keep: Vec<usize> =
        (0..history.columns.len()).filter(|at| !history.columns[*at].starts_with(CURVES)).collect();
    part(history, &keep, |_| true)
}

/// Metrics of the validation events, of the epochs in which they were looked at.
fn curves(history: &History) -> Result<String, String> {
    let first = ["epoch", "steps", "loss", "validation"];
    let is_curve = |name: &String| name.starts_with(CURVES);
    let mut keep: Vec<usize> =
        first.iter().filter_map(|name| history.columns.iter().position(|known| known == name)).collect();
    let metrics: Vec<usize> =
        (0..history.columns.len()).filter(|at| is_curve(&history.columns[*at])).collect();
    if metrics.is_empty() {
        return Err("`evaluate.every` is 0".to_owned());
    }
    keep.extend(&metrics);
    Ok(part(history, &keep, |row| metrics.iter().any(|at| !row[*at].is_nan())).to_csv())
}

/// Some columns of a history, and some of its rows.
fn part(history: &History, columns: &[usize], rows: impl Fn(&[f64]) -> bool) -> History {
    History {
        columns: columns.iter().map(|at| history.columns[*at].clone()).collect(),
        rows: (history.rows.iter())
            .filter(|row| rows(row))
            .map(|row| columns.iter().map(|at| row[*at]).collect())
            .collect(),
    }
}

fn distributions(all: &[Distribution]) -> String {
    let columns = ["sample", "process", "variation", "side", "output", "low", "high", "events", "error"];
    let mut table = Table::new(&columns);
    for of in all {
        for (bin, edges) in of.edges.windows(2).enumerate() {
            table.row(&[
                Cell::from(of.sample.as_str()),
                Cell::from(of.process.as_str()),
                Cell::from(of.variation.as_str()),
                Cell::from(of.side),
                Cell::from(of.output as f64),
                Cell::from(edges[0]),
                Cell::from(edges[1]),
                Cell::from(of.events[bin]),
                Cell::from(of.errors[bin]),
            ]);
        }
    }
    table.into_csv()
}

fn plane(boundary: &Boundary) -> String {
    let scores: Vec<String> = match boundary.outputs {
        1 => vec!["score".to_owned()],
        n => (0..n).map(|output| format!("score.{output}")).collect(),
    };
    let first = ["x", "y"].map(str::to_owned).into_iter();
    let columns: Vec<String> = first.chain(scores).chain(["bin".to_owned()]).collect();
    let mut table = Table::new(&columns);
    let rows = boundary.points.iter().zip(boundary.scores.chunks_exact(boundary.outputs));
    for ((point, scores), bin) in rows.zip(&boundary.bins) {
        let bin = bin.map_or(f64::NAN, |bin| bin as f64);
        let cells = point.iter().chain(scores).chain([&bin]);
        table.row(&cells.map(|number| Cell::from(*number)).collect::<Vec<_>>());
    }
    table.into_csv()
}

fn thresholds(cuts: &Cuts) -> String {
    let first = ["events", "keep", "threshold", "efficiency"].map(str::to_owned).into_iter();
    let each = cuts.processes.iter().map(|(name, _)| format!("efficiency.{name}"));
    let rest =
        ["s", "s_error", "b", "b_error", "effective", "s_over_sqrt_b", "s_over_sqrt_s_plus_b", "z_asimov"];
    let columns: Vec<String> = first.chain(each).chain(rest.map(str::to_owned)).collect();
    let mut table = Table::new(&columns);
    let keep = if cuts.above { "above" } else { "below" };
    for (events, rows) in [("validation", &cuts.validation), ("evaluation", &cuts.evaluation)] {
        for row in rows {
            let mut cells = vec![Cell::from(events), Cell::from(keep)];
            cells.extend(numbers(row).into_iter().map(Cell::from));
            table.row(&cells);
        }
    }
    table.into_csv()
}

fn numbers(row: &CutRow) -> Vec<f64> {
    let mut numbers = vec![row.threshold, row.efficiency];
    numbers.extend(&row.efficiencies);
    numbers.extend([row.s[0], row.s[1], row.b[0], row.b[1], row.effective]);
    numbers.extend([row.s_over_sqrt_b()[0], row.s_over_sqrt_s_plus_b()[0], row.z_asimov()[0]]);
    numbers
}
