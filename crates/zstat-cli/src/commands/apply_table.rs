//! The table of scored events: CSV, Parquet or NumPy, one row an event.

use std::io::{Error, Result, Write};
use std::path::Path;

use parquet::data_type::ByteArray;
use zstat_core::text::{nearest, number};
use zstat_train::apply::Place;

use super::apply_events::FileOfEvents;
use super::train_tables::score_names;
use crate::failure::{Failure, OptionFault};
use crate::output;
use crate::output::npy::{self, Field};
use crate::output::parquet::{Column, ParquetFile};

/// Forms of the table, by the ending of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values.
    Csv,
    /// Parquet.
    Parquet,
    /// A structured array of NumPy.
    Npy,
}

const ENDINGS: [(&str, Form); 4] =
    [("csv", Form::Csv), ("parquet", Form::Parquet), ("pq", Form::Parquet), ("npy", Form::Npy)];

impl Form {
    /// The one for this file.
    ///
    /// # Errors
    /// Where its ending is none of them.
    pub fn of(path: &Path) -> std::result::Result<Self, OptionFault> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if let Some((_, form)) = ENDINGS.iter().find(|(known, _)| *known == ending) {
            return Ok(*form);
        }
        let near = nearest(&ending, ENDINGS.map(|(known, _)| known));
        let near = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
        let message = match ending.is_empty() {
            true => "the file has no ending, which says what table it is to be".to_owned(),
            false => format!("no table of events ends in `.{ending}`{near}"),
        };
        let fault = OptionFault::new("--output", path.display().to_string(), message);
        Err(fault.help("end it in .csv, .parquet or .npy; the report is written to standard output"))
    }
}

/// What is in the table.
pub struct EventTable<'e> {
    /// Scored events.
    pub files: &'e [FileOfEvents],
    /// Columns that are copied.
    pub copied: &'e [String],
    /// Scores an event.
    pub outputs: usize,
    /// For each bin of the channel the bin of the summary.
    pub bins: &'e [usize],
}

/// A row.
struct Row<'e> {
    file: &'e str,
    row: i64,
    copied: Vec<f64>,
    raw: &'e [f64],
    scores: &'e [f64],
    bin: Option<i64>,
    summary_bin: Option<i64>,
}

impl Row<'_> {
    /// Numbers between `row` and `bin`.
    fn numbers(&self) -> impl Iterator<Item = f64> {
        self.copied.iter().chain(self.raw).chain(self.scores).copied()
    }

    fn bins(&self) -> [Option<i64>; 2] {
        [self.bin, self.summary_bin]
    }
}

/// Columns after the numbers.
const BINS: [&str; 2] = ["bin", "summary_bin"];

impl EventTable<'_> {
    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, path: &Path, form: Form) -> std::result::Result<(), Failure> {
        output::write_file_with(path, |out| {
            let mut out = std::io::BufWriter::new(out);
            match form {
                Form::Csv => self.csv(&mut out)?,
                Form::Parquet => self.parquet(&mut out)?,
                Form::Npy => self.npy(&mut out)?,
            }
            out.flush()
        })
    }

    /// Names of the columns of numbers between `row` and `bin`.
    fn numbers(&self) -> Vec<String> {
        let of = |name| score_names(name, self.outputs);
        self.copied.iter().cloned().chain(of("raw")).chain(of("score")).collect()
    }

    fn each(&self, mut then: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        for of in self.files {
            let file = of.file.display().to_string();
            let columns = of.events.table.named(self.copied).map_err(Error::other)?;
            for (at, &row) in of.events.rows.iter().enumerate() {
                let [bin, summary_bin] = match of.scored.places[at] {
                    Place::Bin(bin) => [Some(bin), self.bins.get(bin).copied()],
                    Place::LeftOut(of) => [None, Some(of)],
                    Place::Nowhere => [None, None],
                }
                .map(|bin| bin.map(|bin| bin as i64));
                let copied = columns.iter().map(|column| column[at]).collect();
                let place = at * self.outputs..(at + 1) * self.outputs;
                let (raw, scores) = (&of.scored.raw[place.clone()], &of.scored.scores[place]);
                then(&Row { file: &file, row: row as i64, copied, raw, scores, bin, summary_bin })?;
            }
        }
        Ok(())
    }

    fn csv(&self, out: &mut dyn Write) -> Result<()> {
        let mut names = vec!["file".to_owned(), "row".to_owned()];
        names.extend(self.numbers());
        names.extend(BINS.map(str::to_owned));
        out.write_all(output::csv_document(&[names]).as_bytes())?;
        self.each(|row| {
            let mut cells = vec![row.file.to_owned(), row.row.to_string()];
            cells.extend(row.numbers().map(number));
            cells.extend(row.bins().map(|bin| bin.map(|bin| bin.to_string()).unwrap_or_default()));
            out.write_all(output::csv_document(&[cells]).as_bytes())
        })
    }

    fn parquet(&self, out: &mut (impl Write + Send)) -> Result<()> {
        let mut columns =
            vec![("file".to_owned(), Column::Text(Vec::new())), ("row".to_owned(), Column::Int(Vec::new()))];
        columns.extend(self.numbers().into_iter().map(|name| (name, Column::Double(Vec::new()))));
        columns.extend(BINS.map(|name| (name.to_owned(), Column::MaybeInt(Vec::new()))));
        let mut file = ParquetFile::new(out, columns).map_err(Error::other)?;
        self.each(|row| {
            let (mut numbers, mut bins) = (row.numbers(), row.bins().into_iter());
            file.row(|columns| {
                for column in columns {
                    match column {
                        Column::Text(values) => values.push(ByteArray::from(row.file)),
                        Column::Int(values) => values.push(row.row),
                        Column::Double(values) => values.push(numbers.next()),
                        Column::MaybeInt(values) => values.push(bins.next().flatten()),
                        Column::Bool(_) => {}
                    }
                }
            })
            .map_err(Error::other)
        })?;
        file.finish().map(drop).map_err(Error::other)
    }

    fn npy(&self, out: &mut dyn Write) -> Result<()> {
        let length = |of: &FileOfEvents| of.file.display().to_string().chars().count();
        let most = self.files.iter().map(length).max().unwrap_or(1);
        let names = self.numbers();
        let mut fields = vec![("file", Field::Text(most)), ("row", Field::Int)];
        fields.extend(names.iter().map(|name| (name.as_str(), Field::Double)));
        fields.extend(BINS.map(|name| (name, Field::Int)));
        let rows = self.files.iter().map(|of| of.events.rows.len()).sum();
        npy::header(out, &fields, rows)?;
        self.each(|row| {
            npy::text(out, row.file, most)?;
            out.write_all(&row.row.to_le_bytes())?;
            row.numbers().try_for_each(|value| out.write_all(&value.to_le_bytes()))?;
            row.bins().iter().try_for_each(|bin| out.write_all(&bin.unwrap_or(-1).to_le_bytes()))
        })
    }
}
