//! Tests of files of tensors: their bytes, round trips, every fault.

use proptest::prelude::*;

use super::*;

/// A file of this header, filled up, and this many bytes of zeros.
fn file(header: &str, data: usize) -> Vec<u8> {
    let spaces = vec![b' '; header.len().next_multiple_of(8) - header.len()];
    let length = (header.len() + spaces.len()) as u64;
    [&length.to_le_bytes(), header.as_bytes(), &spaces, &vec![0; data]].concat()
}

fn texts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn message(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn bytes_of_a_small_file() {
    let tensors = [
        NamedTensor::new("weight", &[2, 1], &[1.0_f32, -2.5][..]),
        NamedTensor::new("edges", &[], &[0.1_f64][..]),
        NamedTensor::new("é\"", &[0, 3], &[0.0_f32; 0][..]),
    ];
    let header = concat!(
        r#"{"__metadata__":{"format":"pt","a":"b"},"#,
        r#""edges":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"#,
        r#""weight":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},"#,
        r#""é\"":{"dtype":"F32","shape":[0,3],"data_offsets":[16,16]}}"#,
    );
    let mut expected = file(header, 0);
    assert_eq!(expected[..8], [224, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f]);
    expected.extend([0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0]);
    let metadata = texts(&[("format", "pt"), ("a", "b")]);
    let bytes = write(&tensors, &metadata);
    assert_eq!(bytes, expected, "{}", String::from_utf8_lossy(&bytes));

    let back = read(&bytes).unwrap();
    assert_eq!(back.metadata, metadata);
    assert_eq!(back.text("a"), Some("b"));
    assert_eq!(
        back.tensors.iter().map(|tensor| &*tensor.name).collect::<Vec<_>>(),
        ["edges", "weight", "é\""]
    );
    assert_eq!(back.get("weight"), Some(&tensors[0]));
    assert_eq!(back.get("weight").unwrap().numbers.f32(), Some(&[1.0, -2.5][..]));
    assert_eq!(back.get("edges").unwrap().numbers.f64(), Some(&[0.1][..]));
    assert!(back.get("weight").unwrap().numbers.f64().is_none());
    assert!(back.get("bias").is_none() && back.text("b").is_none());
}

#[test]
fn a_file_of_nothing() {
    let bytes = write(&[], &[]);
    assert_eq!(bytes, b"\x08\0\0\0\0\0\0\0{}      ");
    assert_eq!(read(&bytes).unwrap(), Tensors::default());
}

#[test]
fn files_of_others() {
    // The order of names and data is free, and so is the length of the header.
    let header = concat!(
        r#"{ "b": {"data_offsets": [0, 4], "shape": [1], "dtype": "F32"},"#,
        r#""a": {"dtype": "F64", "data_offsets": [4, 12], "shape": [1, 1]}, "__metadata__": {} }"#,
    );
    let length = (header.len() as u64).to_le_bytes();
    let data = [&1.5_f32.to_le_bytes()[..], &2.5_f64.to_le_bytes()].concat();
    let tensors = read(&[&length, header.as_bytes(), &data].concat()).unwrap();
    let expected =
        [NamedTensor::new("a", &[1, 1], &[2.5_f64][..]), NamedTensor::new("b", &[1], &[1.5_f32][..])];
    assert_eq!(tensors, Tensors { metadata: vec![], tensors: expected.to_vec() });
}

#[test]
fn files_that_are_cut() {
    let bytes = write(&[NamedTensor::new("a", &[2], &[1.0_f32, 2.0][..])], &[]);
    let header = bytes.len() - 8;
    for length in 0..bytes.len() {
        let message = message(&bytes[..length]);
        let expected = match length {
            0..8 => format!("the file has {length} bytes, the length of its header alone takes 8"),
            _ if length < header => {
                format!("the header should have {} bytes, {} are left", header - 8, length - 8)
            }
            _ => format!(
                "tensor `a`: its data go up to byte 8, the file has {} bytes of data",
                length - header
            ),
        };
        assert!(message.starts_with(&expected), "{length}: {message}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(message(&longer), "the data from byte 8 up to byte 9 belong to no tensor");
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    assert!(message(&huge).starts_with("the header should have 18446744073709551615 bytes, 2 are left"));
}

#[test]
fn headers_with_faults() {
    let one = |entry: &str| format!(r#"{{"a":{entry}}}"#);
    let f32 =
        |shape: &str, offsets: &str| format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}"#);
    let two = |a: &str, b: &str| format!(r#"{{"a":{},"b":{}}}"#, f32("[2]", a), f32("[1]", b));
    let cases = [
        (String::new(), 0, "the header has to begin with `{`"),
        (" {}".to_owned(), 0, "the header has to begin with `{`"),
        ("{\"a\":".to_owned(), 0, "the header is no JSON object: EOF while parsing a value"),
        ("{} {}".to_owned(), 0, "the header is no JSON object: trailing characters"),
        (one("1"), 0, "`a` in the header cannot be read: invalid type: integer `1`"),
        (
            one(r#"{"dtype":"F32","shape":[1]}"#),
            4,
            "`a` in the header cannot be read: missing field `data_offsets`",
        ),
        (
            one(r#"{"dtype":"F32","dtype":"F32"}"#),
            4,
            "`a` in the header cannot be read: duplicate field `dtype`",
        ),
        (one(r#"{"kind":"F32"}"#), 4, "`a` in the header cannot be read: unknown field `kind`"),
        (one(&f32("[-1]", "[0,4]")), 4, "`a` in the header cannot be read: invalid value: integer `-1`"),
        (one(&f32("[1]", "[0,4,8]")), 4, "`a` in the header cannot be read: trailing characters"),
        (
            r#"{"__metadata__":{"a":1}}"#.to_owned(),
            0,
            "`__metadata__` in the header cannot be read: invalid type",
        ),
        (r#"{"__metadata__":{"x":"1","x":"2"}}"#.to_owned(), 0, "the header has `x` twice"),
        (r#"{"a":1,"a":1}"#.to_owned(), 0, "the header has `a` twice"),
        (
            one(r#"{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}"#),
            2,
            "tensor `a`: expected the dtype `F32` or `F64`, found `BF16`; convert it",
        ),
        (
            one(&f32("[4294967296,4294967296]", "[0,0]")),
            0,
            "tensor `a`: no computer holds a tensor of shape [4294967296, 4294967296]",
        ),
        (one(&f32("[1]", "[4,0]")), 4, "tensor `a`: its data go from byte 4 up to byte 0, backwards"),
        (
            one(&f32("[2,3]", "[0,20]")),
            20,
            "tensor `a`: its data have 20 bytes, numbers of shape [2, 3] have 24",
        ),
        (
            one(&f32("[2]", "[0,8]")),
            4,
            "tensor `a`: its data go up to byte 8, the file has 4 bytes of data; it is cut",
        ),
        (one(&f32("[1]", "[4,8]")), 8, "the data from byte 0 up to byte 4 belong to no tensor"),
        (two("[0,8]", "[4,8]"), 8, "tensor `b`: its data begin at byte 4, inside those of `a`"),
        (two("[0,8]", "[0,4]"), 8, "tensor `a`: its data begin at byte 0, inside those of `b`"),
        (two("[0,8]", "[12,16]"), 16, "the data from byte 8 up to byte 12 belong to no tensor"),
        (two("[0,8]", "[8,12]"), 13, "the data from byte 12 up to byte 13 belong to no tensor"),
        ("{}".to_owned(), 1, "the data from byte 0 up to byte 1 belong to no tensor"),
    ];
    for (header, data, expected) in cases {
        let message = message(&file(&header, data));
        assert!(message.starts_with(expected), "{header}\n{message}");
    }
    let message = message(&[&8_u64.to_le_bytes()[..], b"{\"\xff\": 1}"].concat());
    assert!(message.starts_with("the header is no JSON object: "), "{message}");
}

#[test]
#[should_panic(expected = "numbers of `a`, of shape [2]")]
fn shapes_fit_when_written() {
    write(&[NamedTensor::new("a", &[2], &[1.0_f64][..])], &[]);
}

#[test]
#[should_panic(expected = "two tensors `a`")]
fn names_differ_when_written() {
    write(&[NamedTensor::new("a", &[1], &[1.0_f64][..]), NamedTensor::new("a", &[1], &[1.0_f32][..])], &[]);
}

#[test]
#[should_panic(expected = "a text is there twice")]
fn names_of_texts_differ_when_written() {
    write(&[], &texts(&[("a", "1"), ("a", "2")]));
}

#[test]
#[should_panic(expected = "the name of a tensor")]
fn the_name_of_texts_is_taken() {
    write(&[NamedTensor::new("__metadata__", &[1], &[1.0_f64][..])], &[]);
}

fn tensor(name: String) -> impl Strategy<Value = NamedTensor<'static>> {
    let shape = prop::collection::vec(0..4_usize, 0..4);
    (shape, any::<bool>()).prop_flat_map(move |(shape, is_double)| {
        let (name, length) = (name.clone(), shape.iter().product::<usize>());
        prop::collection::vec(any::<u64>(), length).prop_map(move |bits| {
            let numbers = if is_double {
                Numbers::F64(bits.iter().map(|bits| f64::from_bits(*bits)).collect())
            } else {
                Numbers::F32(bits.iter().map(|bits| f32::from_bits(*bits as u32)).collect())
            };
            NamedTensor { name: name.clone().into(), shape: shape.clone(), numbers }
        })
    })
}

fn some_tensors() -> impl Strategy<Value = Vec<NamedTensor<'static>>> {
    let names = prop::collection::btree_set(any::<String>(), 0..5);
    names.prop_flat_map(|names| names.into_iter().map(tensor).collect::<Vec<_>>())
}

/// NaN are equal where their bits are.
fn bits(tensors: &[NamedTensor<'_>]) -> Vec<(String, Vec<usize>, Dtype, Vec<u8>)> {
    let of = |tensor: &NamedTensor<'_>| {
        let mut data = Vec::new();
        tensor.numbers.append(&mut data);
        (tensor.name.to_string(), tensor.shape.clone(), tensor.numbers.dtype(), data)
    };
    tensors.iter().map(of).collect()
}

proptest! {
    #[test]
    fn tensors_come_back(tensors in some_tensors(), metadata in prop::collection::btree_map(any::<String>(), any::<String>(), 0..4)) {
        let metadata: Vec<_> = metadata.into_iter().rev().collect();
        let bytes = write(&tensors, &metadata);
        let back = read(&bytes).unwrap();
        prop_assert_eq!(&back.metadata, &metadata);
        prop_assert_eq!(bits(&back.tensors), bits(&tensors));
        let reversed: Vec<_> = tensors.into_iter().rev().collect();
        prop_assert_eq!(write(&reversed, &metadata), bytes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        tensors in some_tensors(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = write(&tensors, &[]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes);
    }
}
