//! What all readers do: find the columns that are asked for, and keep what is wrong with each.

use zstat_core::table::{CellFault, Table, TableFault, missing};

/// The columns that are asked for, each once, and what has been read of them.
pub(super) struct Wanted {
    names: Vec<String>,
    places: Vec<usize>,
    values: Vec<Vec<f64>>,
    faults: Vec<Option<TableFault>>,
}

impl Wanted {
    /// Finds `wanted` among the columns of a file.
    pub fn find(wanted: &[String], known: &[String]) -> Result<Self, Vec<TableFault>> {
        let mut names: Vec<String> = Vec::new();
        let mut places = Vec::new();
        let mut faults: Vec<TableFault> = missing(wanted, known).into_iter().collect();
        for name in wanted {
            let mut found = known.iter().enumerate().filter(|(_, column)| *column == name).map(|(i, _)| i);
            let Some(place) = found.next() else { continue };
            if names.contains(name) {
                continue;
            }
            match found.count() {
                0 => places.push(place),
                others => faults.push(TableFault::Twice { column: name.clone(), count: others + 1 }),
            }
            names.push(name.clone());
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let n = names.len();
        Ok(Self { names, places, values: vec![Vec::new(); n], faults: (0..n).map(|_| None).collect() })
    }

    /// Where the columns are in the file.
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Adds the next value of a column, or what is wrong with it.
    pub fn push(&mut self, column: usize, value: Result<f64, CellFault>, line: Option<usize>) {
        let row = self.values[column].len();
        let value = value.and_then(|x| if x.is_finite() { Ok(x) } else { Err(CellFault::NotFinite(x)) });
        self.values[column].push(*value.as_ref().unwrap_or(&0.0));
        let Err(fault) = value else { return };
        match &mut self.faults[column] {
            Some(TableFault::Cell { others, .. }) => *others += 1,
            none => {
                let column = self.names[column].clone();
                *none = Some(TableFault::Cell { column, row, line, fault, others: 0 });
            }
        }
    }

    /// Rows read of a column.
    pub fn rows(&self, column: usize) -> usize {
        self.values[column].len()
    }

    /// The table, or the first fault of each column.
    pub fn finish(self, rows: usize) -> Result<Table, Vec<TableFault>> {
        let faults: Vec<TableFault> = self.faults.into_iter().flatten().collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        Table::new(self.names, self.values, rows).map_err(|fault| vec![TableFault::format(fault)])
    }
}

/// A whole number, if an f64 can hold it.
pub(super) fn whole(value: impl Into<i128>) -> Result<f64, CellFault> {
    let value = value.into();
    let float = value as f64;
    if float as i128 == value { Ok(float) } else { Err(CellFault::Inexact(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_what_they_are() {
        assert_eq!(whole(-7_i32), Ok(-7.0));
        assert_eq!(whole(1_i64 << 53), Ok(9_007_199_254_740_992.0));
        assert_eq!(whole((1_i64 << 53) + 1), Err(CellFault::Inexact((1 << 53) + 1)));
        assert_eq!(whole(i64::MAX), Err(CellFault::Inexact(i128::from(i64::MAX))));
        assert_eq!(whole(1_u64 << 63), Ok(2_f64.powi(63)));
    }

    #[test]
    fn columns_are_asked_for_once_and_must_be_clear() {
        let names = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        let known = names(&["a", "b", "c", "b"]);
        assert_eq!(Wanted::find(&names(&["c", "a", "c"]), &known).ok().unwrap().places(), [2, 0]);
        let faults = Wanted::find(&names(&["b", "d", "b"]), &known).err().unwrap();
        let messages: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "no column `d` (did you mean `a`?); the columns are a, b, c, b",
                "2 columns are called `b`; give each a name of its own"
            ]
        );
    }
}
