//! Parquet out: one table of columns, written row group by row group, for pandas, Polars, DuckDB and the like.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

/// Numbers held before they are written out as a row group.
const HELD: usize = 1 << 20;

/// A column.
#[derive(Debug)]
pub enum Column {
    /// Whole numbers.
    Int(Vec<i64>),
    /// Yes or no.
    Bool(Vec<bool>),
    /// Numbers; null where there is none.
    Double(Vec<Option<f64>>),
    /// Whole numbers; null where there is none.
    MaybeInt(Vec<Option<i64>>),
    /// Texts.
    Text(Vec<ByteArray>),
}

/// A file of named columns in the making.
pub struct ParquetFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Column>,
    rows: usize,
}

impl<W: Write + Send> ParquetFile<W> {
    /// A file with these columns, empty.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn new(out: W, columns: Vec<(String, Column)>) -> Result<Self> {
        let field = |(name, column): &(String, Column)| {
            let (physical, repetition) = match column {
                Column::Int(_) => (Physical::INT64, Repetition::REQUIRED),
                Column::Bool(_) => (Physical::BOOLEAN, Repetition::REQUIRED),
                Column::Double(_) => (Physical::DOUBLE, Repetition::OPTIONAL),
                Column::MaybeInt(_) => (Physical::INT64, Repetition::OPTIONAL),
                Column::Text(_) => (Physical::BYTE_ARRAY, Repetition::REQUIRED),
            };
            let logical = matches!(column, Column::Text(_)).then_some(LogicalType::String);
            let field = Type::primitive_type_builder(name, physical).with_repetition(repetition);
            field.with_logical_type(logical).build().map(Arc::new)
        };
        let fields = columns.iter().map(field).collect::<Result<Vec<_>>>()?;
        let schema = Arc::new(Type::group_type_builder("table").with_fields(fields).build()?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("zstat {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        Ok(Self { writer, columns: columns.into_iter().map(|(_, column)| column).collect(), rows: 0 })
    }

    /// A row: `fill` appends one value to each column.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn row(&mut self, fill: impl FnOnce(&mut [Column])) -> Result<()> {
        fill(&mut self.columns);
        self.rows += 1;
        if self.rows * self.columns.len() >= HELD { self.write_group() } else { Ok(()) }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(mut self) -> Result<W> {
        self.write_group()?;
        self.writer.into_inner()
    }

    fn write_group(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            match column {
                Column::Int(values) => {
                    writer.typed::<Int64Type>().write_batch(values, None, None)?;
                    values.clear();
                }
                Column::Bool(values) => {
                    writer.typed::<BoolType>().write_batch(values, None, None)?;
                    values.clear();
                }
                Column::Double(values) => {
                    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                    let present: Vec<f64> = values.iter().flatten().copied().collect();
                    writer.typed::<DoubleType>().write_batch(&present, Some(&levels), None)?;
                    values.clear();
                }
                Column::MaybeInt(values) => {
                    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                    let present: Vec<i64> = values.iter().flatten().copied().collect();
                    writer.typed::<Int64Type>().write_batch(&present, Some(&levels), None)?;
                    values.clear();
                }
                Column::Text(values) => {
                    writer.typed::<ByteArrayType>().write_batch(values, None, None)?;
                    values.clear();
                }
            }
            writer.close()?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}
