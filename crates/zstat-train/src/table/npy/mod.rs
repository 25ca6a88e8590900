//! Reader `npy`: arrays saved by NumPy, one event a row.
//!
//! Structured arrays of one dimension with named fields of floats, whole numbers and booleans, or plain arrays of two dimensions
//! (events × columns), whose columns the options name; or archives (`.npz`) of arrays that are a column each. Either byte order;
//! versions 1.0 to 3.0 of the format.

mod dtype;
mod header;
mod npz;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::table::{EventReader, Table, TableFault, TableFaults};

use super::wanted::Wanted;
use dtype::{Field, Scalar};
use header::{Header, Literal};

/// Bytes of a header. NumPy itself refuses those of more than 10 000 where it does not trust a file.
const MAX_HEADER: usize = 1 << 20;

/// Options of `npy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NpyOptions {
    /// Names of the columns of a plain array; structured arrays have their own.
    pub columns: Vec<String>,
}

/// The reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Npy {
    /// Its options.
    pub options: NpyOptions,
}

/// What is wrong with a NumPy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NpyFault {
    /// An archive of arrays in a file that ends as if it were one.
    #[error("this is an archive of arrays, as `numpy.savez` writes: let its name end in `.npz`")]
    Npz,
    /// Not an archive, or one that is broken.
    #[error("this is no `.npz` file, or it is broken")]
    Archive,
    /// An array that is compressed.
    #[error(
        "the array `{name}` is compressed; save the events by `numpy.savez`, not `numpy.savez_compressed`"
    )]
    Compressed {
        /// Its name.
        name: String,
    },
    /// Another file.
    #[error("this is no `.npy` file: it does not start with `\\x93NUMPY`")]
    Magic,
    /// A version that came later.
    #[error("format version {major}.{minor} is not known, expected 1.0 to 3.0")]
    Version {
        /// Its first number.
        major: u8,
        /// Its second number.
        minor: u8,
    },
    /// A header that ends too early or never.
    #[error("the header has {length} bytes, expected fewer than {MAX_HEADER} and not more than the file has")]
    HeaderLength {
        /// Its length.
        length: usize,
    },
    /// Not a header as NumPy writes it.
    #[error("the header makes no sense at byte {at}: expected {expected}")]
    Header {
        /// Bytes from its start.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// An entry is missing, or is something else than it should be.
    #[error("the header has no usable `{key}`")]
    Key {
        /// Its key.
        key: &'static str,
    },
    /// A type that NumPy would not write.
    #[error("the type `{descr}` is not known")]
    Type {
        /// As the header has it.
        descr: String,
    },
    /// A field of a structured type that is none.
    #[error("field {index} (from 0) of the type makes no sense, expected its name, type and perhaps lengths")]
    Field {
        /// Which.
        index: usize,
    },
    /// Pickled objects.
    #[error(
        "the array holds Python objects, expected numbers; convert it by `array.astype(float)` before saving"
    )]
    Objects,
    /// Arrays that are no tables.
    #[error("the array has the shape {}, expected rows of a structured type, or events × columns", shown(.0))]
    Shape(Vec<u64>),
    /// A plain array whose columns have no names.
    #[error(
        "the array has {found} columns without names, and the option `columns` names {named}; name each: `reader: {{type: npy, columns: [...]}}`"
    )]
    Names {
        /// Columns of the array.
        found: u64,
        /// Names given.
        named: usize,
    },
    /// A structured array whose columns are named again.
    #[error("the array names its columns itself ({}); leave out the option `columns`", .0.join(", "))]
    NamedTwice(Vec<String>),
    /// Rows without end.
    #[error("the header tells of more bytes than there can be")]
    Size,
    /// Fewer or more numbers than the header tells of.
    #[error("{found} bytes follow the header, expected {expected}: {rows} rows of {width} bytes")]
    Length {
        /// Bytes there are.
        found: u64,
        /// Bytes there should be.
        expected: u64,
        /// Rows.
        rows: u64,
        /// Bytes a row.
        width: usize,
    },
}

fn shown(shape: &[u64]) -> String {
    let lengths: Vec<String> = shape.iter().map(u64::to_string).collect();
    format!("({})", lengths.join(", "))
}

impl From<NpyFault> for TableFault {
    fn from(fault: NpyFault) -> Self {
        Self::format(fault)
    }
}

inventory::submit! {
    Plugin::<dyn EventReader> {
        name: "npy",
        summary: "arrays saved by NumPy, one event a row",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(NpyOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "reader", name: "npy", source };
            Ok(Box::new(Npy { options: serde_json::from_value(options).map_err(refused)? }))
        },
    }
}

impl EventReader for Npy {
    fn endings(&self) -> &'static [&'static str] {
        &["npy", "npz"]
    }

    fn columns(&self, path: &Path) -> Result<Vec<String>, TableFaults> {
        let open = || Ok(BufReader::new(File::open(path)?));
        if is_archive(path) {
            let columns = open().and_then(|mut file| self.columns_of_archive(&mut file));
            return columns.map_err(|fault| fault.of_file(path));
        }
        let layout = open().and_then(|mut file| self.layout(&mut file));
        let layout = layout.map_err(|fault| fault.of_file(path))?;
        Ok(layout.fields.into_iter().map(|field| field.name).collect())
    }

    fn read(&self, path: &Path, wanted: &[String]) -> Result<Table, TableFaults> {
        let open = || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok((BufReader::new(file), length))
        };
        let opened = open().map_err(|fault: std::io::Error| vec![fault.into()]);
        let table = opened.and_then(|(mut file, length)| match is_archive(path) {
            true => self.table_of_archive(&mut file, wanted),
            false => self.table(file, length, wanted),
        });
        table.map_err(|faults| TableFaults { file: path.to_owned(), faults })
    }
}

/// By its name's ending.
fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"))
}

/// Where the numbers are.
struct Layout {
    fields: Vec<Field>,
    rows: u64,
    /// Bytes from a row to the next.
    width: usize,
    /// Plain arrays may have column after column instead.
    by_columns: bool,
    /// Bytes before the numbers.
    start: u64,
}

impl Npy {
    /// Reads up to the end of the header.
    fn layout(&self, input: &mut impl Read) -> Result<Layout, TableFault> {
        let (header, start) = read_header(input)?;
        let (fields, rows, width) = match (&header.descr, header.shape.as_slice()) {
            (Literal::List(descr), &[rows]) => {
                let (fields, width) = dtype::fields(descr)?;
                if !self.options.columns.is_empty() {
                    return Err(NpyFault::NamedTwice(fields.into_iter().map(|f| f.name).collect()).into());
                }
                (fields, rows, width)
            }
            (Literal::Text(descr), &[rows]) => self.plain(descr, rows, 1)?,
            (Literal::Text(descr), &[rows, columns]) => self.plain(descr, rows, columns)?,
            (Literal::List(_) | Literal::Text(_), shape) => {
                return Err(NpyFault::Shape(shape.to_vec()).into());
            }
            _ => return Err(NpyFault::Key { key: "descr" }.into()),
        };
        if width == 0 {
            return Err(NpyFault::Shape(header.shape).into());
        }
        let by_columns = header.fortran_order && header.shape.len() == 2;
        Ok(Layout { fields, rows, width, by_columns, start })
    }

    fn plain(&self, descr: &str, rows: u64, columns: u64) -> Result<(Vec<Field>, u64, usize), NpyFault> {
        let (scalar, size) = dtype::scalar(descr)?;
        let names = &self.options.columns;
        if names.len() as u64 != columns {
            return Err(NpyFault::Names { found: columns, named: names.len() });
        }
        let field = |(i, name): (usize, &String)| Field {
            name: name.clone(),
            offset: i * size,
            scalar: scalar.clone(),
        };
        Ok((names.iter().enumerate().map(field).collect(), rows, names.len() * size))
    }

    /// `length` is that of the whole file.
    fn table(&self, mut input: impl Read, length: u64, wanted: &[String]) -> Result<Table, Vec<TableFault>> {
        let layout = self.layout(&mut input).map_err(|fault| vec![fault])?;
        let known: Vec<String> = layout.fields.iter().map(|field| field.name.clone()).collect();
        let mut wanted = Wanted::find(wanted, &known)?;
        let mut scalars = Vec::new();
        let mut wrong = Vec::new();
        for (name, &place) in wanted.names().iter().zip(wanted.places()) {
            let field = &layout.fields[place];
            match &field.scalar {
                Ok(scalar) => scalars.push((field.offset, *scalar)),
                Err(found) => wrong.push(TableFault::Type {
                    column: name.clone(),
                    found: found.clone(),
                    expected: "floats of 2, 4 or 8 bytes, whole numbers or booleans",
                }),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let rows = layout.check(length).map_err(|fault| vec![fault.into()])?;
        let read = if layout.by_columns { read_columns } else { read_rows };
        read(input, &layout, rows, &scalars, &mut wanted).map_err(|fault| vec![fault.into()])?;
        wanted.finish(rows)
    }
}

impl Layout {
    /// The number of rows, if the file is as long as they are.
    fn check(&self, length: u64) -> Result<usize, NpyFault> {
        let expected = self.rows.checked_mul(self.width as u64).ok_or(NpyFault::Size)?;
        let found = length.saturating_sub(self.start);
        if found != expected {
            return Err(NpyFault::Length { found, expected, rows: self.rows, width: self.width });
        }
        usize::try_from(self.rows).map_err(|_| NpyFault::Size)
    }
}

/// The header, and the bytes up to its end.
fn read_header(input: &mut impl Read) -> Result<(Header, u64), TableFault> {
    let mut magic = Vec::new();
    input.by_ref().take(8).read_to_end(&mut magic)?;
    let &[b'\x93', b'N', b'U', b'M', b'P', b'Y', major, minor] = magic.as_slice() else {
        return Err(if magic.starts_with(b"PK") { NpyFault::Npz } else { NpyFault::Magic }.into());
    };
    let digits = match (major, minor) {
        (1, 0) => 2,
        (2 | 3, 0) => 4,
        _ => return Err(NpyFault::Version { major, minor }.into()),
    };
    let mut length = [0; 4];
    input.read_exact(&mut length[..digits])?;
    let length = u32::from_le_bytes(length) as usize;
    let mut bytes = Vec::new();
    input.by_ref().take(length.min(MAX_HEADER) as u64).read_to_end(&mut bytes)?;
    if length >= MAX_HEADER || bytes.len() < length {
        return Err(NpyFault::HeaderLength { length }.into());
    }
    // Latin-1 before version 3, where each byte is a character.
    let text = match major {
        3 => String::from_utf8(bytes)
            .map_err(|fault| NpyFault::Header { at: fault.utf8_error().valid_up_to(), expected: "UTF-8" })?,
        _ => bytes.into_iter().map(char::from).collect(),
    };
    Ok((Header::parse(&text)?, (8 + digits + length) as u64))
}

fn read_rows(
    mut input: impl Read,
    layout: &Layout,
    rows: usize,
    scalars: &[(usize, Scalar)],
    wanted: &mut Wanted,
) -> std::io::Result<()> {
    // A row that is not there may be of any length.
    if scalars.is_empty() || rows == 0 {
        return Ok(());
    }
    let mut row = vec![0; layout.width];
    for _ in 0..rows {
        input.read_exact(&mut row)?;
        for (column, (offset, scalar)) in scalars.iter().enumerate() {
            wanted.push(column, scalar.read(&row[*offset..]), None);
        }
    }
    Ok(())
}

/// The same where column stands after column.
fn read_columns(
    mut input: impl Read,
    layout: &Layout,
    rows: usize,
    scalars: &[(usize, Scalar)],
    wanted: &mut Wanted,
) -> std::io::Result<()> {
    let Some((_, scalar)) = scalars.first() else { return Ok(()) };
    let mut bytes = vec![0; scalar.size()];
    for place in 0..layout.fields.len() {
        let column = wanted.places().iter().position(|wanted| *wanted == place);
        for _ in 0..rows {
            input.read_exact(&mut bytes)?;
            if let Some(column) = column {
                wanted.push(column, scalar.read(&bytes), None);
            }
        }
    }
    Ok(())
}
