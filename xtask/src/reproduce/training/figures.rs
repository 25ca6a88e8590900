//! Figures of the page, from tables that runs leave.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use zstat_report::figure::Figure;

use crate::reproduce::Setting;

/// Writes a figure beside the page; gives what shows it there.
pub fn put(setting: &Setting, name: &str, figure: &Figure) -> anyhow::Result<String> {
    let folder = setting.root.join("docs/src/results/figures");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    let path = folder.join(format!("{name}.svg"));
    fs::write(&path, figure.svg()).with_context(|| format!("{}", path.display()))?;
    Ok(format!("\n![{}](figures/{name}.svg)\n", figure.title))
}

/// A table of a run: names of columns, and rows.
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a CSV file without quoted cells, as runs leave them.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let columns = lines.next().unwrap_or_default();
        Ok(Self { columns, rows: lines.collect() })
    }

    /// Rows with this text in a column.
    #[must_use]
    pub fn only(self, column: &str, text: &str) -> Self {
        let place = self.place(column);
        let rows = self.rows.into_iter().filter(|row| row.get(place).is_some_and(|cell| cell == text));
        Self { rows: rows.collect(), columns: self.columns }
    }

    /// Pairs of numbers of two columns, row by row; NaN where a cell is empty or there is no such column.
    pub fn pairs(&self, x: &str, y: &str) -> Vec<(f64, f64)> {
        let (x, y) = (self.place(x), self.place(y));
        let number =
            |row: &[String], at: usize| row.get(at).and_then(|cell| cell.parse().ok()).unwrap_or(f64::NAN);
        self.rows.iter().map(|row| (number(row, x), number(row, y))).collect()
    }

    fn place(&self, column: &str) -> usize {
        self.columns.iter().position(|name| name == column).unwrap_or(usize::MAX)
    }
}
