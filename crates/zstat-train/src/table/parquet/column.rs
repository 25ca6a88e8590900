//! The values of one column as numbers.

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;
use zstat_core::table::CellFault;

use crate::table::wanted::whole;

/// Values decoded at a time.
const BATCH: usize = 1 << 14;

/// How values become numbers, and whether some may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    unsigned: bool,
    nullable: bool,
}

impl Kind {
    /// What a column holds; in words, where that is no number a row.
    pub fn of(column: &ColumnDescriptor) -> Result<Self, String> {
        if column.path().parts().len() != 1 || column.max_rep_level() != 0 {
            return Err(format!("nested values (`{}`)", column.path().string()));
        }
        let unsigned = match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Integer(kind)), _) => !kind.is_signed,
            (Some(other), _) => {
                let name = format!("{other:?}");
                return Err(format!("values of type {}", name.split('(').next().unwrap_or_default()));
            }
            (None, ConvertedType::NONE) => false,
            (
                None,
                ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32 | ConvertedType::INT_64,
            ) => false,
            (
                None,
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64,
            ) => true,
            (None, other) => return Err(format!("values of type {other}")),
        };
        match column.physical_type() {
            Type::BOOLEAN | Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE => {}
            other => return Err(format!("values of type {other}")),
        }
        Ok(Self { unsigned, nullable: column.max_def_level() > 0 })
    }

    /// Hands over the values of a row group one by one.
    pub fn read(
        self,
        reader: ColumnReader,
        mut push: impl FnMut(Result<f64, CellFault>),
    ) -> Result<(), ParquetError> {
        match reader {
            ColumnReader::BoolColumnReader(reader) => {
                self.each(reader, push, |value| Ok(f64::from(u8::from(value))))
            }
            ColumnReader::Int32ColumnReader(reader) if self.unsigned => {
                self.each(reader, push, |value| whole(value.cast_unsigned()))
            }
            ColumnReader::Int32ColumnReader(reader) => self.each(reader, push, whole),
            ColumnReader::Int64ColumnReader(reader) if self.unsigned => {
                self.each(reader, push, |value| whole(value.cast_unsigned()))
            }
            ColumnReader::Int64ColumnReader(reader) => self.each(reader, push, whole),
            ColumnReader::FloatColumnReader(reader) => self.each(reader, push, |value| Ok(f64::from(value))),
            ColumnReader::DoubleColumnReader(reader) => self.each(reader, push, Ok),
            _ => {
                push(Err(CellFault::Empty));
                Ok(())
            }
        }
    }

    fn each<T: DataType>(
        self,
        mut reader: ColumnReaderImpl<T>,
        mut push: impl FnMut(Result<f64, CellFault>),
        number: impl Fn(T::T) -> Result<f64, CellFault>,
    ) -> Result<(), ParquetError> {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        loop {
            levels.clear();
            values.clear();
            let levels_out = self.nullable.then_some(&mut levels);
            let (records, ..) = reader.read_records(BATCH, levels_out, None, &mut values)?;
            if records == 0 {
                return Ok(());
            }
            let mut present = values.drain(..).map(&number);
            let mut next = || present.next().unwrap_or(Err(CellFault::Empty));
            if self.nullable {
                levels.iter().for_each(|&level| push(if level > 0 { next() } else { Err(CellFault::Empty) }));
            } else {
                (0..records).for_each(|_| push(next()));
            }
        }
    }
}
