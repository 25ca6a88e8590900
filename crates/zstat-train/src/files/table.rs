//! Tables of names and numbers, as CSV: the numbers behind a figure.

use std::borrow::Cow;

use super::csv;

/// A cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// A name, or another text.
    Name(&'a str),
    /// A number, with all its digits; the cell is empty where it is NaN.
    Number(f64),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl From<f64> for Cell<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

/// A table in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: usize,
    text: String,
}

impl Table {
    /// One with these columns, empty.
    pub fn new<S: AsRef<str>>(columns: &[S]) -> Self {
        let mut text = String::new();
        csv::push_row(&mut text, columns.iter());
        Self { columns: columns.len(), text }
    }

    /// Appends a row.
    ///
    /// # Panics
    /// If it has not a cell for each column.
    pub fn row(&mut self, cells: &[Cell<'_>]) {
        assert_eq!(cells.len(), self.columns, "a cell for each column");
        let texts = cells.iter().map(|cell| match cell {
            Cell::Name(name) => Cow::Borrowed(*name),
            Cell::Number(number) => csv::number(*number).into(),
        });
        csv::push_row(&mut self.text, texts);
    }

    /// The table as text, the names of its columns first.
    pub fn into_csv(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        let mut table = Table::new(&["sample", "bin, from 0", "events"]);
        table.row(&["signal".into(), 0.0.into(), 1.25e-7.into()]);
        table.row(&["the \"other\"".into(), 1.0.into(), f64::NAN.into()]);
        let text = "sample,\"bin, from 0\",events\nsignal,0,1.25e-7\n\"the \"\"other\"\"\",1,\n";
        assert_eq!(table.into_csv(), text);
    }

    #[test]
    #[should_panic(expected = "a cell for each column")]
    fn rows_are_full() {
        Table::new(&["a", "b"]).row(&[1.0.into()]);
    }
}
