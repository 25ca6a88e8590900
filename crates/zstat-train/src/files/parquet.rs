//! A table of numbers as Parquet: one row group of nullable doubles.

use std::sync::Arc;

use parquet::basic::{Compression, Repetition, Type as Physical};
use parquet::data_type::DoubleType;
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

/// The file; null where a number is NaN. Each row has a number for each column.
pub(super) fn table(columns: &[String], rows: &[Vec<f64>]) -> Result<Vec<u8>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("zstat {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema(columns)?, Arc::new(properties))?;
    if !rows.is_empty() {
        let mut group = writer.next_row_group()?;
        for at in 0..columns.len() {
            let Some(mut column) = group.next_column()? else { break };
            let values = rows.iter().map(|row| row[at]);
            let levels: Vec<i16> = values.clone().map(|value| i16::from(!value.is_nan())).collect();
            let present: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
            column.typed::<DoubleType>().write_batch(&present, Some(&levels), None)?;
            column.close()?;
        }
        group.close()?;
    }
    writer.into_inner()
}

fn schema(columns: &[String]) -> Result<TypePtr> {
    let field = |name: &String| {
        let field = Type::primitive_type_builder(name, Physical::DOUBLE);
        field.with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
    };
    let fields = columns.iter().map(field).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(Type::group_type_builder("table").with_fields(fields).build()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    use proptest::prelude::*;

    use super::super::history::History;
    use super::super::history::tests::{bits, histories};

    /// What a reader makes of it.
    fn read(bytes: &[u8]) -> History {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let schema = reader.metadata().file_metadata().schema_descr();
        let columns = schema.columns().iter().map(|column| column.name().to_owned()).collect();
        let number = |field: &Field| match field {
            Field::Double(value) => *value,
            Field::Null => f64::NAN,
            other => panic!("{other:?}"),
        };
        let rows = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().get_column_iter().map(|(_, field)| number(field)).collect());
        History { columns, rows: rows.collect() }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn tables_come_back(history in histories()) {
            let file = history.to_parquet().unwrap();
            prop_assert_eq!(&file, &history.to_parquet().unwrap());
            let back = read(&file);
            prop_assert_eq!(&back.columns, &history.columns);
            // Without columns no reader sees rows.
            if !history.columns.is_empty() {
                prop_assert_eq!(bits(&back.rows), bits(&history.rows));
            }
        }
    }
}
