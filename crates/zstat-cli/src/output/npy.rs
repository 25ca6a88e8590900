//! NumPy out: a structured array, one row an event, as `numpy.load` and zstat's own reader take it.
//!
//! Source: the format as NumPy's manual describes it, versions 1.0 and 3.0.

use std::io::{Result, Write};

/// Bytes that the header's end is a multiple of.
const ALIGNED: usize = 64;

/// A field of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A whole number of 8 bytes.
    Int,
    /// A number of 8 bytes.
    Double,
    /// A text of at most so many characters.
    Text(usize),
}

impl Field {
    fn descr(self) -> String {
        match self {
            Self::Int => "<i8".to_owned(),
            Self::Double => "<f8".to_owned(),
            Self::Text(most) => format!("<U{}", most.max(1)),
        }
    }
}

/// Begins a file of `rows` rows; the rows follow, field after field.
///
/// # Errors
/// Where it cannot be written.
pub fn header(out: &mut dyn Write, fields: &[(&str, Field)], rows: usize) -> Result<()> {
    let fields: Vec<String> =
        fields.iter().map(|(name, field)| format!("({}, '{}')", quoted(name), field.descr())).collect();
    let mut text =
        format!("{{'descr': [{}], 'fortran_order': False, 'shape': ({rows},), }}", fields.join(", "));
    // Version 1.0 is Latin-1 and short; version 3.0 is UTF-8.
    let is_new = !text.is_ascii() || text.len() > usize::from(u16::MAX) - 2 * ALIGNED;
    let before = if is_new { 12 } else { 10 };
    let length = (before + text.len() + 1).next_multiple_of(ALIGNED) - before;
    text.push_str(&" ".repeat(length - text.len() - 1));
    text.push('\n');
    out.write_all(b"\x93NUMPY")?;
    match is_new {
        false => {
            out.write_all(&[1, 0])?;
            out.write_all(&(length as u16).to_le_bytes())?;
        }
        true => {
            out.write_all(&[3, 0])?;
            out.write_all(&(length as u32).to_le_bytes())?;
        }
    }
    out.write_all(text.as_bytes())
}

/// A text as the field has it: characters of four bytes, filled up with zeros.
///
/// # Errors
/// Where it cannot be written.
pub fn text(out: &mut dyn Write, text: &str, most: usize) -> Result<()> {
    let filled = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(most.max(1));
    filled.map(u32::to_le_bytes).try_for_each(|bytes| out.write_all(&bytes))
}

/// A name as Python writes it.
fn quoted(name: &str) -> String {
    let mut out = String::from("'");
    for c in name.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use zstat_core::table::EventReader;

    use super::*;

    #[test]
    fn arrays_come_back() {
        for name in ["x", "it's", "µ"] {
            let mut bytes = Vec::new();
            let fields = [("file", Field::Text(3)), (name, Field::Double), ("row", Field::Int)];
            header(&mut bytes, &fields, 2).expect("written");
            assert_eq!(bytes.len() % ALIGNED, 0);
            for (file, x, row) in [("a", 1.5_f64, 7_i64), ("abc", -0.25, -1)] {
                text(&mut bytes, file, 3).expect("written");
                bytes.extend(x.to_le_bytes());
                bytes.extend(row.to_le_bytes());
            }
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("a.npy");
            std::fs::write(&path, bytes).expect("written");
            let reader = zstat_train::table::Npy::default();
            assert_eq!(reader.columns(&path).expect("read"), ["file", name, "row"]);
            let table = reader.read(&path, &[name.to_owned(), "row".to_owned()]).expect("read");
            assert_eq!(table.values(), [vec![1.5, -0.25], vec![7.0, -1.0]]);
        }
    }
}
