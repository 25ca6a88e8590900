//! Tables of aligned columns. All rows are printed in full; styles do not count as width.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::text::{BOLD, styled};

/// Where a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the left.
    Left,
    /// At the right: for numbers.
    Right,
}

/// A cell: text and style.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a style.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), style: Style::new() }
    }
}

/// A table with a header.
#[derive(Debug)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns. A column whose cells are all empty is not printed.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns.iter().map(|(title, align)| ((*title).to_owned(), *align)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Without rows?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, indented by two spaces, without trailing spaces.
    pub fn render(&self) -> String {
        let shown: Vec<usize> = (0..self.columns.len()).filter(|&column| self.has_content(column)).collect();
        let header: Vec<Cell> = self.columns.iter().map(|(title, _)| Cell::styled(title, BOLD)).collect();
        let lines: Vec<&Vec<Cell>> = std::iter::once(&header).chain(&self.rows).collect();
        let empty = Cell::default();
        let mut out = String::new();
        for line in &lines {
            let mut text = String::from(" ");
            for &column in &shown {
                let cell = line.get(column).unwrap_or(&empty);
                let pad = " ".repeat(self.width(column) - cell.text.width());
                let content = styled(&cell.text, cell.style);
                match self.columns[column].1 {
                    Align::Left => text.push_str(&format!(" {content}{pad} ")),
                    Align::Right => text.push_str(&format!(" {pad}{content} ")),
                }
            }
            out.push_str(text.trim_end());
            out.push('\n');
        }
        out
    }

    fn has_content(&self, column: usize) -> bool {
        self.rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.text.is_empty()))
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.text.width()).max().unwrap_or(0).max(self.columns[column].0.width())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let mut table = Table::new(&[("name", Align::Left), ("none", Align::Left), ("x", Align::Right)]);
        table.row(["µ".into(), Cell::default(), "1.5".into()]);
        table.row(["alpha".into(), Cell::default(), "-10.5".into()]);
        let plain = anstream::adapter::strip_str(&table.render()).to_string();
        assert_eq!(plain, "  name       x\n  µ        1.5\n  alpha  -10.5\n");
    }
}
