//! Reader `csv`: text files with a line of names, or names that the options give, and a line an event.
//!
//! UTF-8; lines that begin with `#` and empty lines are left out; fields may stand in `"`, with `""` for a quotation mark.
//! `true` and `false` (also `True`, `TRUE`, …) are 1 and 0. Fields of columns nobody asks for may be anything.

mod records;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::table::{CellFault, EventReader, Table, TableFault, TableFaults};

use super::wanted::{Wanted, whole};
use records::Records;

pub use records::CsvFault;

/// What stands between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// The tab character.
    Tab,
}

/// Options of `csv`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CsvOptions {
    /// Between two fields; tab in files that end in `.tsv`, comma in others, where nothing is said.
    pub delimiter: Option<Delimiter>,
    /// Names of the columns of a file without a line of names: its first line is an event.
    #[schemars(length(min = 1))]
    pub columns: Option<Vec<String>>,
}

/// The reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Csv {
    /// Its options.
    pub options: CsvOptions,
}

inventory::submit! {
    Plugin::<dyn EventReader> {
        name: "csv",
        summary: "text files with a line of names and a line an event",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(CsvOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "reader", name: "csv", source };
            Ok(Box::new(Csv { options: serde_json::from_value(options).map_err(refused)? }))
        },
    }
}

impl Delimiter {
    fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        }
    }
}

impl EventReader for Csv {
    fn endings(&self) -> &'static [&'static str] {
        &["csv", "tsv"]
    }

    fn columns(&self, path: &Path) -> Result<Vec<String>, TableFaults> {
        let open = || File::open(path).map_err(TableFault::from);
        let head = open().and_then(|file| self.head(&mut self.records(BufReader::new(file), path)));
        head.map_err(|fault| fault.of_file(path))
    }

    fn read(&self, path: &Path, wanted: &[String]) -> Result<Table, TableFaults> {
        let open = || File::open(path).map_err(|fault| vec![fault.into()]);
        let table = open().and_then(|file| self.table(self.records(BufReader::new(file), path), wanted));
        table.map_err(|faults| TableFaults { file: path.to_owned(), faults })
    }
}

impl Csv {
    fn records<R: BufRead>(&self, input: R, path: &Path) -> Records<R> {
        let tabs = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tsv"));
        let usual = if tabs { Delimiter::Tab } else { Delimiter::Comma };
        Records::new(input, self.options.delimiter.unwrap_or(usual).byte())
    }

    /// Names of the columns, from the first line where the options have none.
    fn head<R: BufRead>(&self, records: &mut Records<R>) -> Result<Vec<String>, TableFault> {
        if let Some(columns) = &self.options.columns {
            return Ok(columns.clone());
        }
        if !records.advance()? {
            return Err(TableFault::format(CsvFault::Empty));
        }
        Ok(records.fields().map(str::to_owned).collect())
    }

    fn table<R: BufRead>(
        &self,
        mut records: Records<R>,
        wanted: &[String],
    ) -> Result<Table, Vec<TableFault>> {
        let single = |fault: TableFault| vec![fault];
        let known = self.head(&mut records).map_err(single)?;
        let head_line = records.line();
        let mut wanted = Wanted::find(wanted, &known).map_err(|mut faults| {
            if self.options.columns.is_none() {
                faults.extend(hint(&known, records.delimiter(), head_line));
            }
            faults
        })?;
        let mut fields = vec![None; known.len()];
        wanted.places().iter().enumerate().for_each(|(column, &place)| fields[place] = Some(column));
        let mut ragged: Option<(usize, usize, usize)> = None;
        let mut rows = 0;
        while records.advance().map_err(single)? {
            let (line, count) = (records.line(), records.count());
            if count == known.len() {
                for (column, field) in fields.iter().zip(records.fields()) {
                    if let Some(column) = column {
                        wanted.push(*column, number(field), Some(line));
                    }
                }
                rows += 1;
            } else {
                let (.., others) = ragged.get_or_insert((line, count, 0));
                *others += 1;
            }
        }
        let ragged = ragged.map(|(line, found, lines)| {
            let (expected, others) = (known.len(), lines - 1);
            let fault = match self.options.columns {
                None => CsvFault::Fields { found, expected, head: head_line, others },
                Some(_) => CsvFault::Named { found, expected, others },
            };
            TableFault::Format { line: Some(line), source: fault.into() }
        });
        match (wanted.finish(rows), ragged) {
            (table, None) => table,
            (table, Some(ragged)) => {
                let mut faults = table.err().unwrap_or_default();
                faults.insert(0, ragged);
                Err(faults)
            }
        }
    }
}

/// What the head of a file looks like, where it has not the names that are asked for.
fn hint(known: &[String], delimiter: u8, line: usize) -> Option<TableFault> {
    let others = [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab];
    let fault = match known {
        [only] => {
            let found = others
                .into_iter()
                .find(|other| other.byte() != delimiter && only.contains(char::from(other.byte())))?;
            CsvFault::Delimiter { name: found.name() }
        }
        _ if known.iter().all(|name| name.parse::<f64>().is_ok()) => CsvFault::Numbers,
        _ => return None,
    };
    Some(TableFault::Format { line: Some(line), source: fault.into() })
}

fn number(field: &str) -> Result<f64, CellFault> {
    let digits = field.strip_prefix(['-', '+']).unwrap_or(field);
    // As a float a long identifier would be rounded without a word.
    if digits.len() > 15
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(value) = field.parse::<i128>()
    {
        return whole(value);
    }
    match field.parse::<f64>() {
        Ok(value) if value.is_infinite() && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            Err(CellFault::TooLarge(field.to_owned()))
        }
        Ok(value) => Ok(value),
        Err(_) => match field {
            "" => Err(CellFault::Empty),
            "true" | "True" | "TRUE" => Ok(1.0),
            "false" | "False" | "FALSE" => Ok(0.0),
            _ => Err(CellFault::Text(field.to_owned())),
        },
    }
}
