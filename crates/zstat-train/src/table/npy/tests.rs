//! NumPy files written byte by byte: types, orders, shapes, versions, and that no bytes make the reader panic.

use proptest::prelude::*;

use super::*;

/// A file as NumPy writes it.
fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
    let size = if version == 1 { 2 } else { 4 };
    let padding = 64 - (8 + size + header.len() + 1) % 64;
    let text = format!("{header}{}\n", " ".repeat(padding % 64));
    bytes.extend(&(text.len() as u32).to_le_bytes()[..size]);
    bytes.extend(text.bytes());
    bytes.extend(data);
    bytes
}

fn header(descr: &str, fortran: &str, shape: &str) -> String {
    format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}")
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn parse_with(columns: &[&str], bytes: &[u8], wanted: &[&str]) -> Result<Table, String> {
    let npy = Npy { options: NpyOptions { columns: names(columns) } };
    let table = npy.table(bytes, bytes.len() as u64, &names(wanted));
    table.map_err(|faults| TableFaults { file: "a.npy".into(), faults }.to_string())
}

fn parse(bytes: &[u8], wanted: &[&str]) -> Result<Table, String> {
    parse_with(&[], bytes, wanted)
}

const STRUCTURED: &str = "[('pt', '<f4'), ('name', '<U2'), ('n', '>i2'), ('', '|V3'), ('ok', '|b1'), ('p', '<f8', (2,)), ('w', '>f8')]";

/// Rows of the type above.
fn structured() -> Vec<u8> {
    let mut data = Vec::new();
    for i in 0..3_i16 {
        data.extend((f32::from(i) + 0.5).to_le_bytes());
        data.extend([b'x'; 8]);
        data.extend((-i).to_be_bytes());
        data.extend([9; 3]);
        data.push(u8::from(i == 1));
        data.extend([7; 16]);
        data.extend((f64::from(i) * 100.0).to_be_bytes());
    }
    data
}

#[test]
fn structured_arrays() {
    for version in 1..=3 {
        let bytes = file(version, &header(STRUCTURED, "False", "(3,)"), &structured());
        let table = parse(&bytes, &["w", "pt", "n", "ok"]).unwrap();
        let values =
            [vec![0.0, 100.0, 200.0], vec![0.5, 1.5, 2.5], vec![0.0, -1.0, -2.0], vec![0.0, 1.0, 0.0]];
        assert_eq!(table, Table::new(names(&["w", "pt", "n", "ok"]), values.to_vec(), 3).unwrap());
    }
    let bytes = file(1, &header(STRUCTURED, "False", "(3,)"), &structured());
    assert_eq!(
        parse(&bytes, &["name", "p", "pt"]).unwrap_err(),
        "a.npy: column `name` holds values of type `<U2`, expected floats of 2, 4 or 8 bytes, whole numbers or booleans\n\
         a.npy: column `p` holds an array in each row, expected floats of 2, 4 or 8 bytes, whole numbers or booleans"
    );
    assert_eq!(
        parse(&bytes, &["ptt"]).unwrap_err(),
        "a.npy: no column `ptt` (did you mean `pt`?); the columns are pt, name, n, ok, p, w"
    );
    assert_eq!(parse(&bytes, &[]).unwrap().rows(), 3);
    assert_eq!(
        parse_with(&["a"], &bytes, &["a"]).unwrap_err(),
        "a.npy: the array names its columns itself (pt, name, n, ok, p, w); leave out the option `columns`"
    );
    // Names beyond ASCII need version 3.
    let bytes = file(3, &header("[('größe', '<f8')]", "False", "(1,)"), &1.0_f64.to_le_bytes());
    assert_eq!(parse(&bytes, &["größe"]).unwrap().values(), [[1.0]]);
}

#[test]
fn plain_arrays_in_both_orders() {
    let rows = [[1.0_f64, -2.0], [3.0, 4.5], [5.0, 6.0]];
    let expected =
        Table::new(names(&["y", "x"]), vec![vec![-2.0, 4.5, 6.0], vec![1.0, 3.0, 5.0]], 3).unwrap();
    let by_rows: Vec<f64> = rows.iter().flatten().copied().collect();
    let by_columns: Vec<f64> = (0..2).flat_map(|column| rows.map(|row| row[column])).collect();
    for (values, fortran) in [(by_rows, "False"), (by_columns, "True")] {
        let little: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let big: Vec<u8> = values.iter().flat_map(|value| (*value as f32).to_be_bytes()).collect();
        for (descr, data) in [("'<f8'", little), ("'>f4'", big)] {
            let bytes = file(1, &header(descr, fortran, "(3, 2)"), &data);
            assert_eq!(parse_with(&["x", "y"], &bytes, &["y", "x"]).unwrap(), expected, "{descr} {fortran}");
            let one = parse_with(&["x", "y"], &bytes, &["y"]).unwrap();
            assert_eq!(one.values(), &expected.values()[..1]);
        }
    }
    let bytes = file(1, &header("'<i4'", "False", "(2,)"), &[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(parse_with(&["x"], &bytes, &["x"]).unwrap().values(), [[1.0, -1.0]]);
}

#[test]
fn files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.npy");
    std::fs::write(&path, file(1, &header(STRUCTURED, "False", "(3,)"), &structured())).unwrap();
    assert_eq!(Npy::default().columns(&path).unwrap(), ["pt", "name", "n", "ok", "p", "w"]);
    assert_eq!(Npy::default().read(&path, &names(&["n"])).unwrap().values(), [[0.0, -1.0, -2.0]]);
}

#[test]
fn values_that_are_none() {
    let data: Vec<u8> = [1.0, f64::NAN, f64::INFINITY].iter().flat_map(|value| value.to_le_bytes()).collect();
    let bytes = file(1, &header("[('x', '<f8')]", "False", "(3,)"), &data);
    assert_eq!(
        parse(&bytes, &["x"]).unwrap_err(),
        "a.npy: column `x`, row 1: found NaN, expected a finite number; leave such events out or replace the value before \
         (and 1 more value of the column)"
    );
    let bytes = file(1, &header("[('x', '<u8')]", "False", "(1,)"), &u64::MAX.to_le_bytes());
    assert!(
        parse(&bytes, &["x"])
            .unwrap_err()
            .contains("row 0: found 18446744073709551615, which a 64-bit float")
    );
}

#[test]
fn files_that_make_no_sense() {
    let fault = |bytes: &[u8]| parse_with(&["x", "y"], bytes, &["x"]).unwrap_err();
    assert!(fault(b"").ends_with("this is no `.npy` file: it does not start with `\\x93NUMPY`"));
    assert_eq!(fault(b"PAR1\0\0\0\0\0"), fault(b""));
    assert_eq!(
        fault(b"PK\x03\x04\0\0\0\0\0"),
        "a.npy: this is an archive of arrays, as `numpy.savez` writes: let its name end in `.npz`"
    );
    let mut later = file(1, "", b"");
    later[6] = 4;
    assert!(fault(&later).ends_with("format version 4.0 is not known, expected 1.0 to 3.0"));
    let good = file(1, &header("'<f8'", "False", "(3, 2)"), &[0; 48]);
    assert!(
        fault(&good[..60]).contains("the header has 118 bytes, expected fewer than 1048576"),
        "{}",
        fault(&good[..60])
    );
    assert!(fault(&good[..8]).contains("the file cannot be read"));
    assert!(
        fault(&good[..good.len() - 1])
            .ends_with("47 bytes follow the header, expected 48: 3 rows of 16 bytes")
    );
    let longer = [&good[..], &[0]].concat();
    assert!(fault(&longer).ends_with("49 bytes follow the header, expected 48: 3 rows of 16 bytes"));
    let plain = |descr: &str, shape: &str| fault(&file(1, &header(descr, "False", shape), &[]));
    assert!(plain("'|O'", "(3, 2)").contains("holds Python objects"));
    assert!(plain("'<q8'", "(3, 2)").ends_with("the type `<q8` is not known"));
    assert!(plain("'<f8'", "(3, 2, 1)").contains("has the shape (3, 2, 1), expected rows"));
    assert!(plain("'<f8'", "()").contains("has the shape (), expected rows"));
    assert!(
        plain("'<f8'", "(3, 4)")
            .contains("has 4 columns without names, and the option `columns` names 2; name each")
    );
    assert!(plain("'<f8'", "(3,)").contains("has 1 columns without names"));
    assert!(plain("'<f8'", "(18446744073709551615, 2)").ends_with("more bytes than there can be"));
    assert!(plain("7", "(3, 2)").ends_with("the header has no usable `descr`"));
    let structured =
        |descr: &str, shape: &str| parse(&file(1, &header(descr, "False", shape), &[]), &["x"]).unwrap_err();
    assert!(structured("[('x', '<f8'), 3]", "(0,)").contains("field 1 (from 0) of the type makes no sense"));
    assert!(structured("[('x', '<f8', (-1,))]", "(0,)").contains("the header makes no sense at byte"));
    assert!(structured("[('x', '<f8', ('a',))]", "(0,)").contains("field 0 (from 0)"));
    assert!(
        structured("[('x', '<f8', (18446744073709551615,))]", "(0,)")
            .ends_with("more bytes than there can be")
    );
    assert!(structured("[('x', '<f8')]", "(1, 1)").contains("has the shape (1, 1)"));
    assert!(structured("[]", "(9,)").contains("has the shape (9)"));
    // A row of any length that is not there takes no memory.
    let huge = structured("[('x', '<f8', (1000000000000,))]", "(0,)");
    assert!(huge.contains("holds an array in each row"));
    let huge = file(1, &header("[('x', '<f8'), ('y', '<f8', (1000000000000,))]", "False", "(0,)"), &[]);
    assert_eq!(parse(&huge, &["x"]).unwrap().rows(), 0);
}

/// An archive as `numpy.savez` writes it: not compressed, sizes in 64 bits.
fn archive(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    let all = u32::MAX.to_le_bytes();
    for (name, array) in arrays {
        let (name, start, size) = (format!("{name}.npy"), bytes.len() as u32, array.len() as u64);
        let sizes = [size.to_le_bytes(), size.to_le_bytes()].concat();
        let extra = [&[1, 0, 16, 0], &sizes[..]].concat();
        let lengths = [(name.len() as u16).to_le_bytes(), (extra.len() as u16).to_le_bytes()].concat();
        let common = [&[45, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[0; 4][..], &all, &all, &lengths].concat();
        bytes.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &extra, array].concat());
        let rest = [&[0; 10][..], &start.to_le_bytes(), name.as_bytes(), &extra].concat();
        directory.extend([b"PK\x01\x02\x2d\x03", &common[..], &rest].concat());
    }
    let (from, count) = (bytes.len() as u32, (arrays.len() as u16).to_le_bytes());
    bytes.extend(&directory);
    let size = (directory.len() as u32).to_le_bytes();
    bytes.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &from.to_le_bytes(), b"\0\0"].concat());
    bytes
}

fn unpack(columns: &[&str], bytes: &[u8], wanted: &[&str]) -> Result<(Vec<String>, Table), String> {
    let npy = Npy { options: NpyOptions { columns: names(columns) } };
    let mut file = std::io::Cursor::new(bytes);
    let told = |faults| TableFaults { file: "a.npz".into(), faults }.to_string();
    let known = npy.columns_of_archive(&mut file).map_err(|fault| told(vec![fault]))?;
    Ok((known, npy.table_of_archive(&mut file, &names(wanted)).map_err(told)?))
}

#[test]
fn archives_have_a_column_an_array() {
    let numbers = |values: &[f64]| -> Vec<u8> { values.iter().flat_map(|x| x.to_le_bytes()).collect() };
    let column = |values: &[f64]| {
        file(1, &header("'<f8'", "False", &format!("({},)", values.len())), &numbers(values))
    };
    let (x, y) = (column(&[1.0, 2.0, 3.0]), column(&[4.0, 5.0, 6.0]));
    let bytes = archive(&[("x", x.clone()), ("y", y.clone()), ("short", column(&[0.0]))]);
    let (known, table) = unpack(&[], &bytes, &["y", "x", "y"]).unwrap();
    assert_eq!(known, ["x", "y", "short"]);
    let values = vec![vec![4.0, 5.0, 6.0], vec![1.0, 2.0, 3.0]];
    assert_eq!(table, Table::new(names(&["y", "x"]), values, 3).unwrap());
    assert_eq!(unpack(&[], &bytes, &[]).unwrap().1.rows(), 3);
    let refused =
        |columns: &[&str], bytes: &[u8], wanted: &[&str]| unpack(columns, bytes, wanted).unwrap_err();
    assert_eq!(
        refused(&[], &bytes, &["x", "short"]),
        "a.npz: column `short` has 1 rows, expected 3 as in the others"
    );
    assert!(refused(&[], &bytes, &["z"]).contains("no column `z`"));
    assert!(refused(&["a", "b"], &bytes, &["a"]).contains("names its columns itself (x, y, short)"));
    // One alone is what it is without an archive.
    assert_eq!(unpack(&[], &archive(&[("x", x.clone())]), &["x"]).unwrap().0, ["x"]);
    let plain = file(1, &header("'<f8'", "False", "(2, 2)"), &numbers(&[1.0, 2.0, 3.0, 4.0]));
    let (_, table) = unpack(&["a", "b"], &archive(&[("arr_0", plain.clone())]), &["b"]).unwrap();
    assert_eq!(table.values(), [[2.0, 4.0]]);
    let both = archive(&[("x", x), ("arr", plain)]);
    assert!(refused(&[], &both, &["arr"]).contains("array `arr`: the array has 2 columns"));
    // Compressed, cut off, or something else.
    let mut deflated = archive(&[("y", y)]);
    let directory = deflated.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    deflated[directory + 10] = 8;
    assert!(refused(&[], &deflated, &["y"]).contains("the array `y` is compressed"));
    for cut in 0..bytes.len() - 1 {
        let _ = unpack(&[], &bytes[..cut], &["x"]);
        let _ = unpack(&[], &bytes[cut..], &["x"]);
    }
    assert!(refused(&[], b"mass,pt", &["x"]).ends_with("this is no `.npz` file, or it is broken"));
}

proptest! {
    #![proptest_config(zstat_core::testing::random::config(2000))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_with(&["x"], &bytes, &["x"]);
    }

    #[test]
    fn no_header_panics(text in "[\\[\\](){},:'\"<>|a-gA-Z0-9 ]{0,60}", version in 1..4_u8) {
        let _ = parse_with(&["x"], &file(version, &text, &[0; 8]), &["x"]);
    }

    #[test]
    fn no_damage_of_an_archive_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let column = file(1, &header("'<f8'", "False", "(1,)"), &1.0_f64.to_le_bytes());
        let mut bytes = archive(&[("x", column.clone()), ("y", column)]);
        let length = bytes.len();
        damage.iter().for_each(|(at, byte)| bytes[at.index(length)] = *byte);
        let _ = unpack(&[], &bytes, &["x", "y"]);
    }

    #[test]
    fn no_damage_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = file(1, &header(STRUCTURED, "False", "(3,)"), &structured());
        damage.iter().for_each(|(at, byte)| bytes[at.index(200)] = *byte);
        let _ = parse(&bytes, &["w", "pt"]);
        bytes.truncate(cut.index(bytes.len()));
        let _ = parse(&bytes, &["w", "pt"]);
    }
}
