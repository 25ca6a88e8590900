//! Text files: what is read, what is refused, and that no bytes make it panic.

use proptest::prelude::*;

use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn parse_with(options: CsvOptions, text: impl AsRef<[u8]>, wanted: &[&str]) -> Result<Table, String> {
    let (csv, path) = (Csv { options }, Path::new("a.csv"));
    let table = csv.table(csv.records(text.as_ref(), path), &names(wanted));
    table.map_err(|faults| TableFaults { file: path.to_owned(), faults }.to_string())
}

fn parse(text: impl AsRef<[u8]>, wanted: &[&str]) -> Result<Table, String> {
    parse_with(CsvOptions::default(), text, wanted)
}

fn refused(text: impl AsRef<[u8]>, wanted: &[&str]) -> String {
    parse(text, wanted).unwrap_err()
}

#[test]
fn files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.csv");
    std::fs::write(&path, "pt,eta,n\n1.5,-2e-1,3\n2,.5,4\n").unwrap();
    assert_eq!(Csv::default().columns(&path).unwrap(), ["pt", "eta", "n"]);
    let table = Csv::default().read(&path, &names(&["n", "pt", "n"])).unwrap();
    assert_eq!(table, Table::new(names(&["n", "pt"]), vec![vec![3.0, 4.0], vec![1.5, 2.0]], 2).unwrap());
    let path = folder.path().join("events.tsv");
    std::fs::write(&path, "pt\teta, n\r\n1\t2\r\n\t\r\n").unwrap();
    let fault = Csv::default().read(&path, &names(&["eta, n"])).unwrap_err().to_string();
    assert_eq!(
        fault,
        format!("{}:3: column `eta, n`, row 1: found nothing, expected a number", path.display())
    );
}

#[test]
fn forms_of_text() {
    let expected = Table::new(names(&["x", "y z"]), vec![vec![1.0, 3.0], vec![2.0, -4.0]], 2).unwrap();
    for text in [
        "x,y z\n1,2\n3,-4\n",
        "x,y z\r\n1,2\r\n3,-4",
        "\u{feff}# made by hand\n\n x , y z\t\n# 7,8\n 1 ,\t2\n   \n+3.0,-4e0\n\n",
        "\"x\", \"y z\" \n\"1\",\"2\"\n3,\"-4\"",
        "note,x,other,y z\nits \"mark\",1,,2\n\"a, \"\"b\"\"\nc\",3,#,-4\n",
    ] {
        assert_eq!(parse(text, &["x", "y z"]).as_ref(), Ok(&expected), "{text}");
    }
    let semicolon = CsvOptions { delimiter: Some(Delimiter::Semicolon), columns: None };
    assert_eq!(parse_with(semicolon, "x;y z\n1;2\n3;-4\n", &["x", "y z"]).unwrap(), expected);
    let tab = CsvOptions { delimiter: Some(Delimiter::Tab), columns: None };
    assert_eq!(parse_with(tab, "x\ty z\n1\t2\n 3\t-4\n", &["x", "y z"]).unwrap(), expected);
    assert_eq!(parse("a,b\ntrue,False\n", &["a", "b"]).unwrap().values(), [[1.0], [0.0]]);
    assert_eq!(parse("a,b\n1,2\n3,4\n", &[]).unwrap().rows(), 2);
    assert_eq!(parse("a,b\n", &["a"]).unwrap().rows(), 0);
    assert_eq!(parse("a\n1\n\n\n", &["a"]).unwrap().rows(), 1);
    assert_eq!(parse("größe\n1\n", &["größe"]).unwrap().rows(), 1);
}

#[test]
fn values_that_are_none() {
    for (cell, message) in [
        ("", "found nothing, expected a number"),
        ("abc", "found `abc`, expected a number"),
        ("\"1,5\"", "found `1,5`, expected a number (with a point, not a comma)"),
        ("1 2", "found `1 2`, expected a number"),
        ("0x1f", "found `0x1f`, expected a number"),
        ("nan", "found NaN, expected a finite number; leave such events out or replace the value before"),
        ("-inf", "found -inf, expected a finite number; leave such events out or replace the value before"),
        ("1e999", "found `1e999`, which is too large for a 64-bit float"),
        (
            "9007199254740993",
            "found 9007199254740993, which a 64-bit float cannot hold exactly; expected at most 2^53 = 9007199254740992",
        ),
    ] {
        let text = format!("x,y\n1,2\n{cell},3\n4,5\n");
        assert_eq!(refused(&text, &["y", "x"]), format!("a.csv:3: column `x`, row 1: {message}"));
        assert_eq!(parse(&text, &["y"]).unwrap().rows(), 3, "nobody asks for x");
    }
    assert_eq!(parse("x\n9007199254740992\n", &["x"]).unwrap().values(), [[9_007_199_254_740_992.0]]);
    // All columns, and how often.
    let text = "x,y\n1,a\n,\n,3\n,4\n";
    let expected = "\
a.csv:3: column `x`, row 1: found nothing, expected a number (and 2 more values of the column)
a.csv:2: column `y`, row 0: found `a`, expected a number (and 1 more value of the column)";
    assert_eq!(refused(text, &["x", "y"]), expected);
}

#[test]
fn forms_that_are_none() {
    assert_eq!(
        refused("", &["x"]),
        "a.csv: the file is empty, expected a line with the names of the columns"
    );
    assert_eq!(refused("# x\n\n", &["x"]), refused("", &["x"]));
    assert_eq!(
        refused("x,y\n1,2\n1,2,3\n4\n5,\n", &["x", "y"]),
        "a.csv:3: found 3 fields, expected 2 as in line 1 (so is 1 more line)\n\
         a.csv:5: column `y`, row 1: found nothing, expected a number"
    );
    assert_eq!(
        refused("x,y\n1,\"2\n3,4\n", &["x"]),
        "a.csv:2: field 2: a quotation mark opens a field that none closes in the next 65536 bytes"
    );
    let long = format!("x,y\n1,\"2\n{}", "3,4\n".repeat(1_000_000));
    assert!(refused(long, &["x"]).starts_with("a.csv:2: field 2: a quotation mark opens"));
    assert_eq!(
        refused("x,y\n1,\"2\"\n\"3\"4,5", &["x"]),
        "a.csv:3: field 1: found `4` behind the closing quotation mark, expected the end of the field; write `\"\"` for a mark inside"
    );
    assert_eq!(refused(b"x,y\n1,2\n3,\xff\n", &["x"]), "a.csv:3: the text is not UTF-8; save it as UTF-8");
    assert_eq!(
        refused("x\n1\n\n\n2\n", &["x"]),
        "a.csv:3: found an empty line between events, expected a number"
    );
}

#[test]
fn columns_that_are_not_there() {
    assert_eq!(
        refused("pt,eta\n1,2\n", &["ptt", "eta", "phi"]),
        "a.csv: no column `ptt` (did you mean `pt`?), no column `phi`; the columns are pt, eta"
    );
    assert_eq!(
        refused("pt,eta,pt\n1,2,3\n", &["pt", "n"]),
        "a.csv: no column `n`; the columns are pt, eta, pt\na.csv: 2 columns are called `pt`; give each a name of its own"
    );
    assert_eq!(parse("pt,eta,pt\n1,2,3\n", &["eta"]).unwrap().rows(), 1);
    assert!(refused("pt;eta\n1;2\n", &["pt"]).ends_with(
        "\na.csv:1: the names of the columns look as if a semicolon stood between them; say `reader: {type: csv, delimiter: semicolon}`"
    ));
    assert!(
        refused("# pt,eta\n1,2\n", &["pt"])
            .ends_with("\na.csv:2: the first line holds numbers only, expected the names of the columns, or `reader: {type: csv, columns: [...]}`; lines that begin with `#` are comments")
    );
}

proptest! {
    #![proptest_config(zstat_core::testing::random::config(2000))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), wanted in "[a-c]") {
        let _ = parse(bytes, &[&wanted]);
    }

    #[test]
    fn no_nearly_good_text_panics(text in "(\u{feff})?[a-c,;\"#\r\n\t 0-9.e-]{0,60}", delimiter in 0..4_usize) {
        let delimiter = [None, Some(Delimiter::Comma), Some(Delimiter::Semicolon), Some(Delimiter::Tab)][delimiter];
        if let Ok(table) = parse_with(CsvOptions { delimiter, columns: None }, &text, &["a"]) {
            prop_assert_eq!(table.values()[0].len(), table.rows());
        }
    }

    #[test]
    fn numbers_come_back(rows in prop::collection::vec(prop::array::uniform3(prop::num::f64::NORMAL), 0..20)) {
        let lines: String = rows.iter().map(|[a, b, c]| format!("{a:?},\"{b:e}\",{c:?}\n")).collect();
        let table = parse(format!("a,b,c\n{lines}"), &["c", "b", "a"]).unwrap();
        for (row, [a, b, c]) in rows.iter().enumerate() {
            let found: Vec<f64> = table.values().iter().map(|column| column[row]).collect();
            prop_assert_eq!(&found, &[*c, *b, *a]);
        }
    }
}

/// Names may come from the options: then the first line is an event.
#[test]
fn files_without_a_line_of_names() {
    let options = CsvOptions { columns: Some(names(&["x", "y"])), ..CsvOptions::default() };
    let table = parse_with(options.clone(), "1,2\n3,4\n", &["y"]).unwrap();
    assert_eq!(table, Table::new(names(&["y"]), vec![vec![2.0, 4.0]], 2).unwrap());
    assert_eq!(
        parse_with(options.clone(), "1,2,3\n3,4,5\n", &["y"]).unwrap_err(),
        "a.csv:1: found 3 fields, and the option `columns` names 2 (so is 1 more line)"
    );
    assert!(parse_with(options, "x,y\n3,4\n", &["y"]).unwrap_err().contains("found `y`, expected a number"));
}
