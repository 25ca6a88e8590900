//! Tables of events, and the contract of what reads them from files.
//!
//! A table has a column of numbers for each name and a row for each event. Readers are plugins: they turn files into tables or
//! into faults with places. Nothing here opens a file.

mod fault;
mod reader;
#[cfg(test)]
mod tests;

pub use fault::{CellFault, Missing, TableFault, TableFaults, missing};
pub use reader::EventReader;

/// Events: columns of finite numbers with names, as long as each other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    columns: Vec<String>,
    values: Vec<Vec<f64>>,
    rows: usize,
}

/// Why columns make no table.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeFault {
    /// Names and columns do not go together.
    #[error("{names} names for {columns} columns")]
    Names {
        /// How many names.
        names: usize,
        /// How many columns.
        columns: usize,
    },
    /// A column of another length.
    #[error("column `{column}` has {found} rows, expected {expected} as in the others")]
    Length {
        /// Its name.
        column: String,
        /// Its length.
        found: usize,
        /// That of the table.
        expected: usize,
    },
    /// A name stands twice.
    #[error("two columns are called `{column}`")]
    Twice {
        /// The name.
        column: String,
    },
    /// Tables to be joined have other columns.
    #[error("the columns are {}, expected {}", .found.join(", "), .expected.join(", "))]
    Columns {
        /// Those of the one.
        found: Vec<String>,
        /// Those of the other.
        expected: Vec<String>,
    },
}

impl Table {
    /// A table of columns, each with a value a row. Without columns there may still be rows.
    ///
    /// # Errors
    /// Where names and columns do not go together, or a column has not `rows` values.
    pub fn new(columns: Vec<String>, values: Vec<Vec<f64>>, rows: usize) -> Result<Self, ShapeFault> {
        if columns.len() != values.len() {
            return Err(ShapeFault::Names { names: columns.len(), columns: values.len() });
        }
        let mut table = Self { columns: Vec::new(), values: Vec::new(), rows };
        columns.into_iter().zip(values).try_for_each(|(name, values)| table.push(name, values))?;
        Ok(table)
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The columns, in the order of their names.
    pub fn values(&self) -> &[Vec<f64>] {
        &self.values
    }

    /// Number of events.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        let at = self.columns.iter().position(|column| column == name)?;
        Some(&self.values[at])
    }

    /// The columns with these names, in their order.
    ///
    /// # Errors
    /// All names that are none of the table's.
    pub fn named<'t>(&'t self, names: &[String]) -> Result<Vec<&'t [f64]>, TableFault> {
        match missing(names, &self.columns) {
            Some(fault) => Err(fault),
            None => Ok(names.iter().filter_map(|name| self.column(name)).collect()),
        }
    }

    /// Appends a column.
    ///
    /// # Errors
    /// Where it has another length, or its name stands already.
    pub fn push(&mut self, name: String, values: Vec<f64>) -> Result<(), ShapeFault> {
        if self.columns.contains(&name) {
            return Err(ShapeFault::Twice { column: name });
        }
        if values.len() != self.rows {
            return Err(ShapeFault::Length { column: name, found: values.len(), expected: self.rows });
        }
        self.columns.push(name);
        self.values.push(values);
        Ok(())
    }

    /// Appends the events of another table, which has the same columns in the same order.
    ///
    /// # Errors
    /// Where it has others.
    pub fn append(&mut self, other: Self) -> Result<(), ShapeFault> {
        if self.columns != other.columns {
            return Err(ShapeFault::Columns { found: other.columns, expected: self.columns.clone() });
        }
        self.rows += other.rows;
        self.values.iter_mut().zip(other.values).for_each(|(column, more)| column.extend(more));
        Ok(())
    }

    /// The rows that `keep` says true of, in their order.
    ///
    /// # Panics
    /// If `keep` has not a value a row.
    pub fn filter(&self, keep: &[bool]) -> Self {
        assert_eq!(keep.len(), self.rows, "a value a row");
        let kept = |column: &Vec<f64>| {
            let rows = column.iter().zip(keep).filter(|(_, keep)| **keep);
            rows.map(|(value, _)| *value).collect()
        };
        Self {
            columns: self.columns.clone(),
            values: self.values.iter().map(kept).collect(),
            rows: keep.iter().filter(|keep| **keep).count(),
        }
    }

    /// The same columns in the order of `names`; those not named come last, in the order they have.
    pub fn in_order(self, names: &[String]) -> Self {
        let place = |name: &String| names.iter().position(|other| other == name).unwrap_or(names.len());
        let mut columns: Vec<_> = self.columns.into_iter().zip(self.values).collect();
        columns.sort_by_key(|(name, _)| place(name));
        let (columns, values) = columns.into_iter().unzip();
        Self { columns, values, rows: self.rows }
    }

    /// Names and columns.
    pub fn into_parts(self) -> (Vec<String>, Vec<Vec<f64>>) {
        (self.columns, self.values)
    }
}
