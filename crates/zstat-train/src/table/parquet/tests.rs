//! Parquet files written by the same crate: types, nulls, row groups, and that no damage makes the reader panic.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use proptest::prelude::*;

use super::*;

/// A column's type and its values, group by group.
struct Column {
    field: Type,
    write: Box<dyn Fn(&mut parquet::column::writer::ColumnWriter<'_>)>,
}

fn column<T: DataType>(field: Type, values: Vec<T::T>, levels: Option<Vec<i16>>) -> Column
where
    T::T: Clone,
{
    let write = move |writer: &mut parquet::column::writer::ColumnWriter<'_>| {
        let writer = parquet::column::writer::get_typed_column_writer_mut::<T>(writer);
        writer.write_batch(&values, levels.as_deref(), None).unwrap();
    };
    Column { field, write: Box::new(write) }
}

fn required(name: &str, physical: Physical) -> Type {
    Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED).build().unwrap()
}

/// A file in which every row group is the same.
fn file(columns: &[Column], groups: usize, compression: Compression) -> Vec<u8> {
    let fields = columns.iter().map(|column| Arc::new(column.field.clone())).collect();
    let schema = Arc::new(Type::group_type_builder("events").with_fields(fields).build().unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for _ in 0..groups {
        let mut group = writer.next_row_group().unwrap();
        for column in columns {
            let mut writer = group.next_column().unwrap().unwrap();
            (column.write)(writer.untyped());
            writer.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn parse(bytes: Vec<u8>, wanted: &[&str]) -> Result<Table, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    std::fs::write(&path, bytes).unwrap();
    let table = Parquet::default().read(&path, &names(wanted));
    table.map_err(|faults| faults.to_string().replace(&path.display().to_string(), "a.parquet"))
}

fn example() -> Vec<Column> {
    let unsigned = |bits| Some(LogicalType::integer(bits, false));
    let int = Type::primitive_type_builder("u32", Physical::INT32).with_repetition(Repetition::REQUIRED);
    let u32s = int.with_logical_type(unsigned(32)).build().unwrap();
    let long = Type::primitive_type_builder("u64", Physical::INT64).with_repetition(Repetition::REQUIRED);
    let u64s = long.with_converted_type(ConvertedType::UINT_64).build().unwrap();
    let optional =
        Type::primitive_type_builder("full", Physical::DOUBLE).with_repetition(Repetition::OPTIONAL);
    vec![
        column::<DoubleType>(required("pt", Physical::DOUBLE), vec![1.5, 2.5, -3.5], None),
        column::<FloatType>(required("eta", Physical::FLOAT), vec![0.25, 0.5, -0.75], None),
        column::<ByteArrayType>(
            required("name", Physical::BYTE_ARRAY),
            vec!["x".into(), "y".into(), "".into()],
            None,
        ),
        column::<Int32Type>(required("n", Physical::INT32), vec![-1, 0, 7], None),
        column::<Int64Type>(required("event", Physical::INT64), vec![1 << 53, -5, 3], None),
        column::<BoolType>(required("ok", Physical::BOOLEAN), vec![true, false, true], None),
        column::<Int32Type>(u32s, vec![-1, 2, 3], None),
        column::<Int64Type>(u64s, vec![i64::MIN, 2, 3], None),
        column::<DoubleType>(optional.build().unwrap(), vec![1.0, 2.0, 3.0], Some(vec![1; 3])),
    ]
}

#[test]
fn types_and_row_groups() {
    for compression in [Compression::SNAPPY, Compression::UNCOMPRESSED] {
        let wanted = ["ok", "pt", "eta", "n", "event", "u32", "u64", "full"];
        let table = parse(file(&example(), 2, compression), &wanted).unwrap();
        let one = [
            [1.0, 0.0, 1.0],
            [1.5, 2.5, -3.5],
            [0.25, 0.5, -0.75],
            [-1.0, 0.0, 7.0],
            [9_007_199_254_740_992.0, -5.0, 3.0],
            [4_294_967_295.0, 2.0, 3.0],
            [9_223_372_036_854_775_808.0, 2.0, 3.0],
            [1.0, 2.0, 3.0],
        ];
        let twice = one.iter().map(|column| column.repeat(2)).collect();
        assert_eq!(table, Table::new(names(&wanted), twice, 6).unwrap());
    }
    assert_eq!(parse(file(&example(), 2, Compression::SNAPPY), &[]).unwrap().rows(), 6);
    assert_eq!(parse(file(&example(), 0, Compression::SNAPPY), &["pt"]).unwrap().rows(), 0);
}

#[test]
fn long_columns() {
    let n = 100_000;
    let levels = (0..n).map(|_| 1).collect();
    let field =
        Type::primitive_type_builder("x", Physical::INT64).with_repetition(Repetition::OPTIONAL).build();
    let bytes =
        file(&[column::<Int64Type>(field.unwrap(), (0..n).collect(), Some(levels))], 1, Compression::SNAPPY);
    let table = parse(bytes, &["x"]).unwrap();
    assert!(table.values()[0].iter().zip(0..n).all(|(found, expected)| *found == expected as f64));
    assert_eq!(table.rows(), n as usize);
}

#[test]
fn names_of_columns() {
    let bytes = file(&example(), 1, Compression::SNAPPY);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pq");
    std::fs::write(&path, &bytes).unwrap();
    let all = ["pt", "eta", "name", "n", "event", "ok", "u32", "u64", "full"];
    assert_eq!(Parquet::default().columns(&path).unwrap(), all);
    assert_eq!(
        parse(bytes, &["evnt", "phi"]).unwrap_err(),
        "a.parquet: no column `evnt` (did you mean `event`?), no column `phi`; \
         the columns are pt, eta, name, n, event, ok, u32, u64, full"
    );
}

#[test]
fn values_that_are_none() {
    let optional = Type::primitive_type_builder("x", Physical::DOUBLE).with_repetition(Repetition::OPTIONAL);
    let columns = [
        column::<DoubleType>(optional.build().unwrap(), vec![1.0, 2.0], Some(vec![1, 0, 1, 0])),
        column::<DoubleType>(required("y", Physical::DOUBLE), vec![1.0, f64::NAN, 0.0, 0.0], None),
        column::<Int64Type>(required("z", Physical::INT64), vec![0, 0, i64::MAX, 0], None),
    ];
    let expected = "\
a.parquet: column `x`, row 1: found nothing, expected a number (and 1 more value of the column)
a.parquet: column `y`, row 1: found NaN, expected a finite number; leave such events out or replace the value before
a.parquet: column `z`, row 2: found 9223372036854775807, which a 64-bit float cannot hold exactly; expected at most 2^53 = 9007199254740992";
    assert_eq!(parse(file(&columns, 1, Compression::SNAPPY), &["x", "y", "z"]).unwrap_err(), expected);
}

#[test]
fn columns_of_other_things() {
    let decimal = Type::primitive_type_builder("d", Physical::INT32)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::decimal(2, 5)))
        .with_precision(5)
        .with_scale(2);
    let day = Type::primitive_type_builder("day", Physical::INT32)
        .with_repetition(Repetition::REQUIRED)
        .with_converted_type(ConvertedType::DATE);
    let inner = Arc::new(required("inner", Physical::DOUBLE));
    let group =
        Type::group_type_builder("jet").with_fields(vec![inner]).with_repetition(Repetition::REQUIRED);
    let repeated =
        Type::primitive_type_builder("all", Physical::DOUBLE).with_repetition(Repetition::REPEATED);
    let mut columns = example();
    columns.truncate(3);
    columns.extend([
        column::<Int32Type>(decimal.build().unwrap(), vec![1, 2, 3], None),
        column::<Int32Type>(day.build().unwrap(), vec![1, 2, 3], None),
        column::<DoubleType>(group.build().unwrap(), vec![1.0, 2.0, 3.0], None),
        Column {
            field: repeated.build().unwrap(),
            write: Box::new(|writer| {
                let writer = parquet::column::writer::get_typed_column_writer_mut::<DoubleType>(writer);
                writer.write_batch(&[1.0, 2.0, 3.0], Some(&[1, 1, 1, 0]), Some(&[0, 1, 0, 0])).unwrap();
            }),
        },
    ]);
    let bytes = file(&columns, 1, Compression::SNAPPY);
    assert_eq!(parse(bytes.clone(), &["pt"]).unwrap().rows(), 3);
    let faults = parse(bytes, &["name", "d", "day", "jet", "all"]).unwrap_err();
    let found: Vec<&str> = faults.lines().map(|line| line.split(", expected").next().unwrap()).collect();
    assert_eq!(
        found,
        [
            "a.parquet: column `name` holds values of type BYTE_ARRAY",
            "a.parquet: column `d` holds values of type Decimal",
            "a.parquet: column `day` holds values of type DATE",
            "a.parquet: column `jet` holds nested values (`jet.inner`)",
            "a.parquet: column `all` holds nested values (`all`)",
        ]
    );
    assert!(faults.ends_with("expected one float, double, whole number or boolean a row"));
}

#[test]
fn other_files() {
    for bytes in [&b""[..], b"PAR1", b"x,y\n1,2\n3,4\n5,6\n", b"PAR1\xff\xff\xff\x7fPAR1"] {
        let fault = parse(bytes.to_vec(), &["x"]).unwrap_err();
        assert!(fault.starts_with("a.parquet: this is no Parquet file, or it is damaged: "), "{fault}");
    }
}

/// The codec's place in the file is found by comparing two files; other codecs cannot be written here.
#[test]
fn other_compressions_are_named() {
    let columns = || vec![column::<BoolType>(required("x", Physical::BOOLEAN), vec![true], None)];
    let mut bytes = file(&columns(), 1, Compression::SNAPPY);
    let plain = file(&columns(), 1, Compression::UNCOMPRESSED);
    // The footer stands before its length and the mark at the end.
    let footer = |bytes: &[u8]| {
        let end = bytes.len() - 8;
        end - u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap()) as usize
    };
    let pairs = || bytes[footer(&bytes)..].iter().zip(&plain[footer(&plain)..]);
    // In zigzag form Snappy is 2, nothing 0 and Zstandard 12.
    let at = footer(&bytes) + pairs().position(|(a, b)| (*a, *b) == (2, 0)).unwrap();
    bytes[at] = 12;
    assert_eq!(
        parse(bytes, &["x"]).unwrap_err(),
        "a.parquet: column `x` is compressed by ZSTD, expected Snappy or nothing; write the file with `compression=\"snappy\"`"
    );
}

proptest! {
    #![proptest_config(zstat_core::testing::random::config(3000))]

    #[test]
    fn no_damage_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        snappy in any::<bool>(),
    ) {
        let compression = if snappy { Compression::SNAPPY } else { Compression::UNCOMPRESSED };
        let mut bytes = file(&example(), 1, compression);
        let length = bytes.len();
        damage.iter().for_each(|(at, byte)| bytes[at.index(length)] = *byte);
        let _ = parse(bytes, &["pt", "n", "full", "ok"]);
    }
}
