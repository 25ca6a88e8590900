//! From lines to fields.

use std::io::BufRead;

use zstat_core::table::TableFault;

/// What is wrong with the form of a text file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsvFault {
    /// Not even a line of names.
    #[error("the file is empty, expected a line with the names of the columns")]
    Empty,
    /// A line with too few or too many fields.
    #[error("found {found} fields, expected {expected} as in line {head}{}", more(*.others))]
    Fields {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
        /// Where the names stand.
        head: usize,
        /// How many more lines have another number of fields than the names.
        others: usize,
    },
    /// The same where the options name the columns.
    #[error("found {found} fields, and the option `columns` names {expected}{}", more(*.others))]
    Named {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
        /// How many more lines have another number of fields than the names.
        others: usize,
    },
    /// A quotation mark without its partner.
    #[error("field {column}: a quotation mark opens a field that none closes in the next {MAX_QUOTED} bytes")]
    Open {
        /// Which field of the line, from 1.
        column: usize,
    },
    /// Something behind a closing quotation mark.
    #[error(
        "field {column}: found `{found}` behind the closing quotation mark, expected the end of the field; write `\"\"` for a mark inside"
    )]
    Behind {
        /// Which field of the line, from 1.
        column: usize,
        /// What stands there.
        found: char,
    },
    /// Bytes that are no text.
    #[error("the text is not UTF-8; save it as UTF-8")]
    Encoding,
    /// An event without its only field.
    #[error("found an empty line between events, expected a number")]
    Gap,
    /// Other delimiters than those that are looked for.
    #[error(
        "the names of the columns look as if a {name} stood between them; say `reader: {{type: csv, delimiter: {name}}}`"
    )]
    Delimiter {
        /// Which.
        name: &'static str,
    },
    /// No names.
    #[error(
        "the first line holds numbers only, expected the names of the columns, or `reader: {{type: csv, columns: [...]}}`; lines that begin with `#` are comments"
    )]
    Numbers,
}

fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (so is 1 more line)".to_owned(),
        n => format!(" (so are {n} more lines)"),
    }
}

/// Bytes of a quoted field of several lines. Without a limit one mark too many would take the rest of the file.
const MAX_QUOTED: usize = 1 << 16;

/// The records of a file, one after the other.
pub(super) struct Records<R> {
    input: R,
    delimiter: u8,
    /// The line that is read next, from 1.
    next: usize,
    /// Where the record starts.
    line: usize,
    raw: Vec<u8>,
    /// The fields one behind the other, without their quotation marks, and where each ends.
    text: String,
    ends: Vec<usize>,
}

/// Where a scan of a record stands when the line is over.
enum Scan {
    Done,
    /// Within a quoted field, whose number this is.
    Open(usize),
}

impl<R: BufRead> Records<R> {
    pub fn new(input: R, delimiter: u8) -> Self {
        let (raw, text, ends) = (Vec::new(), String::new(), Vec::new());
        Self { input, delimiter, next: 1, line: 0, raw, text, ends }
    }

    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Where the current record starts, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Number of fields.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(from, &to)| self.text.get(from..to).unwrap_or_default())
    }

    /// Goes to the next record; false where there is none.
    pub fn advance(&mut self) -> Result<bool, TableFault> {
        let mut gap = None;
        loop {
            self.raw.clear();
            self.line = self.next;
            if !self.append_line()? {
                return Ok(false);
            }
            if self.line == 1 && self.raw.starts_with(b"\xef\xbb\xbf") {
                self.raw.drain(..3);
            }
            match self.raw.trim_ascii() {
                // A line of nothing but tabs has fields.
                [] if !self.raw.contains(&self.delimiter) => gap = gap.or(Some(self.line)),
                [b'#', ..] => {}
                _ => break,
            }
        }
        let one_column = self.ends.len() == 1;
        self.split()?;
        match gap {
            Some(line) if one_column => Err(fault(line, CsvFault::Gap)),
            _ => Ok(true),
        }
    }

    /// Appends the next line to what is read of the record.
    fn append_line(&mut self) -> Result<bool, TableFault> {
        let read = self.input.read_until(b'\n', &mut self.raw)?;
        self.next += usize::from(read > 0);
        Ok(read > 0)
    }

    /// Splits what is read, and reads on where a quoted field goes over the end of the line.
    fn split(&mut self) -> Result<(), TableFault> {
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        bytes.clear();
        let mut from = 0;
        self.ends.clear();
        loop {
            match self.scan(&mut bytes, &mut from)? {
                Scan::Done => break,
                Scan::Open(column) => {
                    if self.raw.len() - from > MAX_QUOTED || !self.append_line()? {
                        return Err(fault(self.line, CsvFault::Open { column }));
                    }
                }
            }
        }
        self.text = String::from_utf8(bytes).map_err(|_| fault(self.line, CsvFault::Encoding))?;
        Ok(())
    }

    /// Takes fields from `from` on; where the last is not whole, `from` is left at its start.
    fn scan(&mut self, bytes: &mut Vec<u8>, from: &mut usize) -> Result<Scan, TableFault> {
        let blank = |byte: u8| byte == b' ' || (byte == b'\t' && self.delimiter != b'\t');
        let end = self.raw.len() - self.raw.iter().rev().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        loop {
            let mut at = *from;
            let column = self.ends.len() + 1;
            while at < end && blank(self.raw[at]) {
                at += 1;
            }
            if at < end && self.raw[at] == b'"' {
                let start = bytes.len();
                match unquote(&self.raw, at + 1, bytes) {
                    Some(after) => at = after,
                    None => {
                        bytes.truncate(start);
                        return Ok(Scan::Open(column));
                    }
                }
                while at < end && blank(self.raw[at]) {
                    at += 1;
                }
                if at < end && self.raw[at] != self.delimiter {
                    let rest = String::from_utf8_lossy(&self.raw[at..end]);
                    let found = rest.chars().next().unwrap_or_default();
                    return Err(fault(self.line, CsvFault::Behind { column, found }));
                }
            } else {
                let length = self.raw[at..end.max(at)].iter().take_while(|b| **b != self.delimiter).count();
                let field = &self.raw[at..at + length];
                let blanks = field.iter().rev().take_while(|b| blank(**b)).count();
                bytes.extend_from_slice(&field[..length - blanks]);
                at += length;
            }
            self.ends.push(bytes.len());
            if at >= end {
                return Ok(Scan::Done);
            }
            *from = at + 1;
        }
    }
}

/// Appends a quoted field whose text starts at `at`; where it ends, if it does.
fn unquote(raw: &[u8], mut at: usize, bytes: &mut Vec<u8>) -> Option<usize> {
    loop {
        match (raw.get(at)?, raw.get(at + 1)) {
            (b'"', Some(b'"')) => {
                bytes.push(b'"');
                at += 2;
            }
            (b'"', _) => return Some(at + 1),
            (byte, _) => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
}

fn fault(line: usize, fault: CsvFault) -> TableFault {
    TableFault::Format { line: Some(line), source: fault.into() }
}
