//! Tables of a training: the numbers behind its figures, and why one is not there.

use serde_json::{Map, Value};
use zstat_core::scorer::Scorer;
use zstat_train::files::{Cell, History, Table};
use zstat_train::train::{Boundary, CutRow, Cuts, Distribution, Figures, Trainer};

use super::train_files::{self, Files};
use crate::failure::Failure;
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
    /// From what was seen of the evaluation, with the bins of the summary that the workspace has, and from the history.
    pub fn new(
        trainer: &Trainer<'_>,
        (scorer, learnt): (&mut dyn Scorer, &[f64]),
        (figures, kept): &(&Figures, Vec<usize>),
        min_effective: f64,
        history: &History,
    ) -> Self {
        let cuts = figures.cuts(min_effective);
        let cut = cuts.as_ref().ok().map(CutResult::new);
        let boundary = figures.boundary(trainer, scorer, learnt);
        let distributions = distributions(&figures.distributions(trainer));
        let files = vec![
            (train_files::CURVES, curves(history)),
            ("distributions.csv", Ok(distributions)),
            ("boundary.csv", boundary.map(|boundary| plane(&boundary, kept))),
            ("thresholds.csv", cuts.map(|cuts| thresholds(&cuts))),
        ];
        Self { files, cut }
    }

    /// Writes them, each whole or not at all.
    ///
    /// # Errors
    /// Where one cannot be written.
    pub fn write(&self, files: &mut Files<'_>) -> Result<(), Failure> {
        let mut texts = self.files.iter().filter_map(|(name, text)| Some((name, text.as_ref().ok()?)));
        texts.try_for_each(|(name, text)| files.write(name, text.as_bytes()))
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

/// A history with these columns from what [`losses`] and `curves.csv` have of it; none where they are not of one.
pub fn joined(losses: &History, curves: Option<&History>, columns: &[String]) -> Option<History> {
    let (first, rest) = columns.split_at_checked(losses.columns.len())?;
    let at = |curves: &History, name: &str| curves.columns.iter().position(|known| known == name);
    let places: Vec<usize> = match curves {
        Some(curves) => rest.iter().map(|name| at(curves, name)).collect::<Option<_>>()?,
        None => Vec::new(),
    };
    if first != losses.columns || places.len() != rest.len() {
        return None;
    }
    let of_epoch = |epoch: f64| {
        let curves = curves?;
        let column = at(curves, "epoch")?;
        curves.rows.iter().find(|row| row[column] == epoch)
    };
    let epoch = at(losses, "epoch")?;
    let more = |row: &[f64]| match of_epoch(row[epoch]) {
        Some(found) => places.iter().map(|place| found[*place]).collect(),
        None => vec![f64::NAN; places.len()],
    };
    let rows = losses.rows.iter().map(|row| [row.clone(), more(row)].concat()).collect();
    Some(History { columns: columns.to_vec(), rows })
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

/// `kept`: for each bin of the workspace that of the summary.
fn plane(boundary: &Boundary, kept: &[usize]) -> String {
    let first = ["x", "y"].map(str::to_owned).into_iter();
    let columns = first.chain(score_names("score", boundary.outputs));
    let columns: Vec<String> = columns.chain(["bin", "summary_bin"].map(str::to_owned)).collect();
    let mut table = Table::new(&columns);
    let rows = boundary.points.iter().zip(boundary.scores.chunks_exact(boundary.outputs));
    let number = |bin: Option<usize>| bin.map_or(f64::NAN, |bin| bin as f64);
    for ((point, scores), of) in rows.zip(&boundary.bins) {
        let bin = of.and_then(|of| kept.iter().position(|kept| *kept == of));
        let cells = point.iter().chain(scores).copied().chain([number(bin), number(*of)]);
        table.row(&cells.map(Cell::from).collect::<Vec<_>>());
    }
    table.into_csv()
}

/// Names of columns of all scores of an event.
pub fn score_names(name: &str, outputs: usize) -> Vec<String> {
    match outputs {
        1 => vec![name.to_owned()],
        n => (0..n).map(|output| format!("{name}_{output}")).collect(),
    }
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
