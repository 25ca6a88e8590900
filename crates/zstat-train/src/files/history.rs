//! How a run went: a table of numbers, a row for each epoch.

use super::{csv, parquet};

/// Numbers of all epochs so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Names of the columns, no two alike.
    pub columns: Vec<String>,
    /// Rows, each with a number a column; NaN where there is none.
    pub rows: Vec<Vec<f64>>,
}

/// What is wrong with the text of a history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryFault {
    /// No text.
    #[error("the table is empty; its first line has to name the columns")]
    Empty,
    /// A quote where there can be none, or one that is missing.
    #[error("line {line}: a quote is missing, or stands inside a cell; double it and put the cell in quotes")]
    Quote {
        /// From 1.
        line: usize,
    },
    /// A column is there twice.
    #[error("the column `{column}` is there twice; rename one of them")]
    Column {
        /// Its name.
        column: String,
    },
    /// A row that is too long or too short.
    #[error("line {line}: cells: {found}, expected as many as there are columns: {expected}")]
    Cells {
        /// From 1.
        line: usize,
        /// Cells of the row.
        found: usize,
        /// Columns.
        expected: usize,
    },
    /// A cell that holds something else.
    #[error(
        "line {line}, column `{column}`: expected a number, found `{found}`; leave the cell empty where there is none"
    )]
    Number {
        /// From 1.
        line: usize,
        /// Its column.
        column: String,
        /// The cell.
        found: String,
    },
}

impl History {
    /// As CSV. Numbers have all their digits; the cell of a NaN is empty.
    ///
    /// # Panics
    /// If a row has not a number for each column.
    pub fn to_csv(&self) -> String {
        self.check();
        let mut text = String::new();
        csv::push_row(&mut text, self.columns.iter());
        for row in &self.rows {
            csv::push_row(&mut text, row.iter().map(|value| csv::number(*value)));
        }
        text
    }

    /// Back from CSV.
    ///
    /// # Errors
    /// Where it is no table of numbers.
    pub fn from_csv(text: &str) -> Result<Self, HistoryFault> {
        let rows = csv::parse(text).map_err(|line| HistoryFault::Quote { line })?;
        let mut rows = rows.into_iter();
        let columns = rows.next().ok_or(HistoryFault::Empty)?.cells;
        let twice = |(at, name): &(usize, &String)| columns[..*at].contains(name);
        if let Some((_, column)) = columns.iter().enumerate().find(twice) {
            return Err(HistoryFault::Column { column: column.clone() });
        }
        let rows = rows.map(|row| numbers(&columns, row)).collect::<Result<_, _>>()?;
        Ok(Self { columns, rows })
    }

    /// As Parquet: a column of doubles for each, null where the number is NaN.
    ///
    /// # Errors
    /// Where the writer of Parquet refuses the table.
    ///
    /// # Panics
    /// If a row has not a number for each column.
    pub fn to_parquet(&self) -> Result<Vec<u8>, ::parquet::errors::ParquetError> {
        self.check();
        parquet::table(&self.columns, &self.rows)
    }

    fn check(&self) {
        assert!(self.rows.iter().all(|row| row.len() == self.columns.len()), "a number for each column");
    }
}

fn numbers(columns: &[String], row: csv::Row) -> Result<Vec<f64>, HistoryFault> {
    let csv::Row { line, cells } = row;
    let (found, expected) = (cells.len(), columns.len());
    if found != expected {
        return Err(HistoryFault::Cells { line, found, expected });
    }
    let number = |(cell, column): (String, &String)| {
        let fault = || HistoryFault::Number { line, column: column.clone(), found: cell.clone() };
        csv::parse_number(&cell).ok_or_else(fault)
    };
    cells.into_iter().zip(columns).map(number).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Histories of any numbers, NaN of any payload included.
    pub fn histories() -> impl Strategy<Value = History> {
        let names = prop::collection::btree_set("[a-z.,\"\n é]{0,6}", 0..4);
        names.prop_flat_map(|names| {
            let numbers = any::<u64>().prop_map(f64::from_bits);
            let rows = prop::collection::vec(prop::collection::vec(numbers, names.len()), 0..5);
            rows.prop_map(move |rows| History { columns: names.iter().cloned().collect(), rows })
        })
    }

    /// Bits; those of one NaN for all.
    pub fn bits(rows: &[Vec<f64>]) -> Vec<Vec<u64>> {
        let of = |value: &f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
        rows.iter().map(|row| row.iter().map(of).collect()).collect()
    }

    #[test]
    fn text_of_a_run() {
        let columns = ["epoch", "learning_rate", "loss.stat, syst", "validation"].map(str::to_owned).to_vec();
        let rows = vec![vec![0.0, 1e-3, 1.0 / 3.0, f64::NAN], vec![1.0, 5e-324, f64::INFINITY, -0.0]];
        let history = History { columns, rows };
        let text = "epoch,learning_rate,\"loss.stat, syst\",validation\n\
                    0,0.001,0.3333333333333333,\n1,5e-324,inf,-0\n";
        assert_eq!(history.to_csv(), text);
        let back = History::from_csv(text).unwrap();
        assert_eq!((&back.columns, bits(&back.rows)), (&history.columns, bits(&history.rows)));
    }

    #[test]
    fn faults_are_named() {
        let cases = [
            ("", "the table is empty; its first line has to name the columns"),
            ("a,b,a\n", "the column `a` is there twice; rename one of them"),
            ("a,b\n1,2\n1\n", "line 3: cells: 1, expected as many as there are columns: 2"),
            ("a\n1\n\n", "line 3: cells: 0, expected as many as there are columns: 1"),
            (
                "a,\"b\nc\"\n1,x\n",
                "line 3, column `b\nc`: expected a number, found `x`; leave the cell empty",
            ),
            ("a\n\"1\n", "line 2: a quote is missing, or stands inside a cell"),
        ];
        for (text, start) in cases {
            let message = History::from_csv(text).unwrap_err().to_string();
            assert!(message.starts_with(start), "{text:?}: {message}");
        }
    }

    #[test]
    #[should_panic(expected = "a number for each column")]
    fn rows_are_full() {
        let _ = History { columns: vec!["a".to_owned()], rows: vec![vec![]] }.to_csv();
    }

    proptest! {
        #[test]
        fn text_comes_back(history in histories()) {
            let back = History::from_csv(&history.to_csv()).unwrap();
            prop_assert_eq!(&back.columns, &history.columns);
            prop_assert_eq!(bits(&back.rows), bits(&history.rows));
        }
    }
}
