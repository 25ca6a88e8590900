//! Reader `parquet`: flat columns of floats, whole numbers and booleans.
//!
//! Row group by row group, only the columns that are asked for. Pages may be compressed by Snappy or not at all.

mod column;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::{Plugin, PluginError};
use zstat_core::table::{EventReader, Table, TableFault, TableFaults};

use super::wanted::Wanted;
use column::Kind;

/// Options of `parquet`: none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ParquetOptions {}

/// The reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parquet {
    /// Its options.
    pub options: ParquetOptions,
}

/// What is wrong with a Parquet file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetFault {
    /// Not a Parquet file, or one that is damaged.
    #[error("this is no Parquet file, or it is damaged: {0}")]
    Broken(ParquetError),
    /// Damaged in a way that the decoder does not expect.
    #[error("the Parquet file is damaged: its decoder gave up")]
    Damaged,
    /// A column that cannot be decoded.
    #[error("column `{column}` in row group {group}: {source}")]
    Column {
        /// The column.
        column: String,
        /// The row group, from 0.
        group: usize,
        /// What the decoder says.
        source: ParquetError,
    },
    /// A compression that is not built in.
    #[error(
        "column `{column}` is compressed by {codec}, expected Snappy or nothing; write the file with `compression=\"snappy\"`"
    )]
    Compression {
        /// The column.
        column: String,
        /// By what.
        codec: String,
    },
    /// Values are missing or left over.
    #[error("column `{column}` has {found} rows in row group {group}, expected {expected}")]
    Rows {
        /// The column.
        column: String,
        /// The row group, from 0.
        group: usize,
        /// Rows of the column.
        found: usize,
        /// Rows of the group.
        expected: i64,
    },
}

impl From<ParquetFault> for TableFault {
    fn from(fault: ParquetFault) -> Self {
        Self::format(fault)
    }
}

inventory::submit! {
    Plugin::<dyn EventReader> {
        name: "parquet",
        summary: "flat columns of floats, whole numbers and booleans",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(ParquetOptions),
        build: |options| {
            let refused = |source| PluginError::Options { kind: "reader", name: "parquet", source };
            Ok(Box::new(Parquet { options: serde_json::from_value(options).map_err(refused)? }))
        },
    }
}

impl EventReader for Parquet {
    fn endings(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    fn columns(&self, path: &Path) -> Result<Vec<String>, TableFaults> {
        let open = || File::open(path).map_err(TableFault::from);
        let names =
            open().and_then(|file| guarded(|| columns(file)).unwrap_or_else(|fault| Err(fault.into())));
        names.map_err(|fault| fault.of_file(path))
    }

    fn read(&self, path: &Path, wanted: &[String]) -> Result<Table, TableFaults> {
        let open = || File::open(path).map_err(|fault| vec![fault.into()]);
        let table = open()
            .and_then(|file| guarded(|| table(file, wanted)).unwrap_or_else(|fault| Err(vec![fault.into()])));
        table.map_err(|faults| TableFaults { file: path.to_owned(), faults })
    }
}

/// The decoder panics on some damaged files: their pages say one thing and their footers another. It keeps no state beyond a
/// call, so that nothing half done is left. Its message goes wherever those of panics go.
fn guarded<T>(decode: impl FnOnce() -> T) -> Result<T, ParquetFault> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|_| ParquetFault::Damaged)
}

fn open<R: ChunkReader + 'static>(input: R) -> Result<SerializedFileReader<R>, ParquetFault> {
    SerializedFileReader::new(input).map_err(ParquetFault::Broken)
}

/// Names at the top of the schema.
fn top<R: ChunkReader + 'static>(file: &SerializedFileReader<R>) -> Vec<String> {
    let schema = file.metadata().file_metadata().schema();
    schema.get_fields().iter().map(|field| field.name().to_owned()).collect()
}

fn columns<R: ChunkReader + 'static>(input: R) -> Result<Vec<String>, TableFault> {
    Ok(top(&open(input)?))
}

fn table<R: ChunkReader + 'static>(input: R, wanted: &[String]) -> Result<Table, Vec<TableFault>> {
    let length = Length::len(&input);
    let file = open(input).map_err(|fault| vec![fault.into()])?;
    let mut wanted = Wanted::find(wanted, &top(&file))?;
    let leaves = leaves(&file, &wanted)?;
    let mut rows = 0;
    for group in 0..file.num_row_groups() {
        rows += read_group(&file, length, group, &leaves, &mut wanted).map_err(|fault| vec![fault.into()])?;
    }
    wanted.finish(rows)
}

/// Where the columns are among the leaves of the schema, and what they hold.
fn leaves<R: ChunkReader + 'static>(
    file: &SerializedFileReader<R>,
    wanted: &Wanted,
) -> Result<Vec<(usize, Kind)>, Vec<TableFault>> {
    let schema = file.metadata().file_metadata().schema_descr();
    let mut leaves = Vec::new();
    let mut faults = Vec::new();
    for name in wanted.names() {
        let mut all = (0..schema.num_columns()).map(|leaf| (leaf, schema.column(leaf)));
        let leaf = all.find(|(_, column)| column.path().parts().first() == Some(name));
        match leaf.map(|(leaf, column)| (leaf, Kind::of(&column))) {
            Some((leaf, Ok(kind))) => leaves.push((leaf, kind)),
            wrong => faults.push(TableFault::Type {
                column: name.clone(),
                found: wrong.and_then(|(_, kind)| kind.err()).unwrap_or_else(|| "nothing".to_owned()),
                expected: "one float, double, whole number or boolean a row",
            }),
        }
    }
    if faults.is_empty() { Ok(leaves) } else { Err(faults) }
}

/// Reads the columns of a row group; how many rows it has.
fn read_group<R: ChunkReader + 'static>(
    file: &SerializedFileReader<R>,
    length: u64,
    group: usize,
    leaves: &[(usize, Kind)],
    wanted: &mut Wanted,
) -> Result<usize, ParquetFault> {
    let metadata = file.metadata().row_group(group);
    let expected = metadata.num_rows();
    for (column, &(leaf, kind)) in leaves.iter().enumerate() {
        let name = wanted.names()[column].clone();
        let before = wanted.rows(column);
        let fault = |source| ParquetFault::Column { column: name.clone(), group, source };
        let chunk =
            metadata.columns().get(leaf).ok_or_else(|| fault(ParquetError::EOF("no data".to_owned())))?;
        check_range(chunk, length).map_err(fault)?;
        if !matches!(chunk.compression(), Compression::UNCOMPRESSED | Compression::SNAPPY) {
            let codec = format!("{:?}", chunk.compression_codec());
            return Err(ParquetFault::Compression { column: name, codec });
        }
        let reader =
            file.get_row_group(group).and_then(|group| group.get_column_reader(leaf)).map_err(fault)?;
        kind.read(reader, |value| wanted.push(column, value, None)).map_err(fault)?;
        let found = wanted.rows(column) - before;
        if i64::try_from(found) != Ok(expected) {
            return Err(ParquetFault::Rows { column: name, group, found, expected });
        }
    }
    usize::try_from(expected)
        .map_err(|_| ParquetFault::Broken(ParquetError::General("negative rows".to_owned())))
}

/// Whether a column lies within the file; the decoder takes that for granted.
fn check_range(chunk: &ColumnChunkMetaData, length: u64) -> Result<(), ParquetError> {
    let starts = [Some(chunk.data_page_offset()), chunk.dictionary_page_offset()];
    let within = |start: i64| {
        let end = start.checked_add(chunk.compressed_size()).and_then(|end| u64::try_from(end).ok());
        start >= 0 && chunk.compressed_size() >= 0 && end.is_some_and(|end| end <= length)
    };
    // A dictionary comes first.
    match starts.into_iter().flatten().min() {
        Some(start) if within(start) && starts.into_iter().flatten().all(|start| start >= 0) => Ok(()),
        _ => Err(ParquetError::EOF("the column lies outside the file".to_owned())),
    }
}
