//! Rows of cells as text and back: commas between cells, quotes as in RFC 4180, a newline after each row.
//!
//! A row without cells is an empty line, and a row of one empty cell is a pair of quotes: readers that skip empty lines skip no
//! row that has cells.

use zstat_core::text;

/// Appends a row.
pub(super) fn push_row<S: AsRef<str>>(out: &mut String, cells: impl ExactSizeIterator<Item = S>) {
    let is_alone = cells.len() == 1;
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        push_cell(out, cell.as_ref(), is_alone);
    }
    out.push('\n');
}

fn push_cell(out: &mut String, cell: &str, is_alone: bool) {
    if cell.contains([',', '"', '\n', '\r']) || (is_alone && cell.is_empty()) {
        out.push('"');
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
}

/// A number with all its digits, `inf` and `-inf` too; empty where it is none.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() { String::new() } else { text::number(value) }
}

/// The number of such a cell; none where it is something else.
pub(super) fn parse_number(cell: &str) -> Option<f64> {
    if cell.is_empty() { Some(f64::NAN) } else { cell.parse().ok() }
}

/// A row that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Its cells.
    pub cells: Vec<String>,
}

/// All rows; lines may also end in CR LF. The error is the line with a quote where none can be, or without the one that ends a
/// cell.
pub(super) fn parse(text: &str) -> Result<Vec<Row>, usize> {
    let mut parser = Parser { rest: text, line: 1 };
    let mut rows = Vec::new();
    while !parser.rest.is_empty() {
        rows.push(parser.row()?);
    }
    Ok(rows)
}

struct Parser<'a> {
    rest: &'a str,
    line: usize,
}

impl Parser<'_> {
    fn row(&mut self) -> Result<Row, usize> {
        let (line, mut cells) = (self.line, Vec::new());
        if self.ends_row() {
            return Ok(Row { line, cells });
        }
        loop {
            cells.push(self.cell()?);
            if self.ends_row() {
                return Ok(Row { line, cells });
            }
            self.rest = self.rest.strip_prefix(',').ok_or(self.line)?;
        }
    }

    /// Goes past the end of a row, if that is what comes next.
    fn ends_row(&mut self) -> bool {
        let after = self.rest.strip_prefix('\n').or_else(|| self.rest.strip_prefix("\r\n"));
        if let Some(after) = after {
            self.rest = after;
            self.line += 1;
        }
        after.is_some() || self.rest.is_empty()
    }

    fn cell(&mut self) -> Result<String, usize> {
        if let Some(rest) = self.rest.strip_prefix('"') {
            self.rest = rest;
            return self.quoted();
        }
        let end = self.rest.find([',', '\n', '"']).unwrap_or(self.rest.len());
        let (cell, rest) = self.rest.split_at(end);
        if rest.starts_with('"') {
            return Err(self.line);
        }
        let cell = if rest.starts_with('\n') { cell.strip_suffix('\r').unwrap_or(cell) } else { cell };
        self.rest = rest;
        Ok(cell.to_owned())
    }

    fn quoted(&mut self) -> Result<String, usize> {
        let (begin, mut cell) = (self.line, String::new());
        loop {
            let (part, rest) = self.rest.split_once('"').ok_or(begin)?;
            cell.push_str(part);
            self.line += part.matches('\n').count();
            self.rest = rest;
            let Some(rest) = rest.strip_prefix('"') else { return Ok(cell) };
            cell.push('"');
            self.rest = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        parse(text).unwrap().into_iter().map(|row| row.cells).collect()
    }

    #[test]
    fn rows_as_others_write_them() {
        assert_eq!(cells("a,b\r\n1,\"2\r\n3\"\r\n"), [["a", "b"], ["1", "2\r\n3"]]);
        assert_eq!(cells("a,b\n1,2"), [["a", "b"], ["1", "2"]]);
        assert_eq!(cells("\"say \"\"x\"\"\",\n,\n"), [["say \"x\"", ""], ["", ""]]);
        assert_eq!(cells("a\n\n\"\"\n"), [vec!["a"], vec![], vec![""]]);
        assert_eq!(cells(""), Vec::<Vec<String>>::new());
        let lines: Vec<usize> = parse("\"a\nb\"\nc\nd\n").unwrap().iter().map(|row| row.line).collect();
        assert_eq!(lines, [1, 3, 4]);
    }

    #[test]
    fn quotes_out_of_place() {
        assert_eq!(parse("a\nb\"c\n"), Err(2));
        assert_eq!(parse("a\n\"b\"c\n"), Err(2));
        assert_eq!(parse("a\n\"b\n\n"), Err(2));
        assert_eq!(parse("\"a\n\"b"), Err(2));
    }

    #[test]
    fn numbers_keep_all_digits() {
        let written = [1.0, 0.1, -0.0, 1e300, 5e-324, f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(number);
        assert_eq!(written, ["1", "0.1", "-0", "1e300", "5e-324", "inf", "-inf", ""]);
        assert_eq!(parse_number("one"), None);
        assert_eq!(parse_number(" 1"), None);
    }

    proptest! {
        #[test]
        fn rows_come_back(rows in prop::collection::vec(prop::collection::vec("[a\",\n\r é]{0,4}", 0..4), 0..4)) {
            let mut text = String::new();
            rows.iter().for_each(|row| push_row(&mut text, row.iter()));
            prop_assert_eq!(cells(&text), rows);
        }

        #[test]
        fn any_text_has_rows_or_a_fault(text in "[a\",\n\r]{0,20}") {
            let _ = parse(&text);
        }

        #[test]
        fn numbers_come_back(value in any::<f64>()) {
            prop_assert_eq!(parse_number(&number(value)).map(f64::to_bits), Some(value.to_bits()));
        }
    }
}
