//! Tables and the messages of their faults.

use std::path::Path;

use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn example() -> Table {
    Table::new(names(&["pt", "eta"]), vec![vec![1.0, 2.0, 3.0], vec![-1.0, 0.0, 1.0]], 3).unwrap()
}

#[test]
fn tables_are_filtered_and_joined() {
    let mut table = example();
    assert_eq!(table.column("eta"), Some(&[-1.0, 0.0, 1.0][..]));
    assert_eq!(table.column("phi"), None);
    let some = table.filter(&[true, false, true]);
    assert_eq!((some.rows(), some.column("pt").unwrap()), (2, &[1.0, 3.0][..]));
    table.append(some).unwrap();
    assert_eq!((table.rows(), table.column("eta").unwrap()), (5, &[-1.0, 0.0, 1.0, -1.0, 1.0][..]));
    assert_eq!(table.named(&names(&["eta"])).unwrap(), [&[-1.0, 0.0, 1.0, -1.0, 1.0][..]]);
    assert_eq!(Table::new(Vec::new(), Vec::new(), 7).unwrap().rows(), 7);
    assert_eq!(table.in_order(&names(&["eta"])).columns(), ["eta", "pt"]);
}

#[test]
fn shapes_that_make_no_table() {
    let mut table = example();
    assert_eq!(
        table.push("phi".into(), vec![0.0]).unwrap_err().to_string(),
        "column `phi` has 1 rows, expected 3 as in the others"
    );
    assert_eq!(table.push("pt".into(), vec![0.0; 3]).unwrap_err().to_string(), "two columns are called `pt`");
    assert_eq!(Table::new(names(&["a"]), Vec::new(), 0).unwrap_err().to_string(), "1 names for 0 columns");
    let other = Table::new(names(&["pt"]), vec![vec![1.0]], 1).unwrap();
    assert_eq!(table.append(other).unwrap_err().to_string(), "the columns are pt, expected pt, eta");
    assert_eq!(table, example());
}

#[test]
fn missing_columns_are_named_at_once() {
    let fault = example().named(&names(&["ptt", "eta", "banana", "ptt"])).unwrap_err();
    let message = "no column `ptt` (did you mean `pt`?), no column `banana`; the columns are pt, eta";
    assert_eq!(fault.to_string(), message);
    let many: Vec<String> = (0..100).map(|i| format!("column{i}")).collect();
    assert!(missing(&names(&["x"]), &many).unwrap().to_string().ends_with("column39 and 60 more"));
    assert!(missing(&names(&["x"]), &[]).unwrap().to_string().ends_with("the columns are none"));
}

#[test]
fn faults_begin_with_their_place() {
    let cell = |fault, line, others| TableFault::Cell { column: "pt".into(), row: 4, line, fault, others };
    let faults = TableFaults {
        file: Path::new("a.csv").to_owned(),
        faults: vec![
            cell(CellFault::Text("1,5".into()), Some(6), 0),
            cell(CellFault::Empty, Some(6), 1),
            cell(CellFault::NotFinite(f64::NAN), None, 7),
            cell(CellFault::Inexact(9_007_199_254_740_993), None, 0),
            cell(CellFault::TooLarge("1e999".into()), None, 0),
            TableFault::Twice { column: "pt".into(), count: 2 },
            TableFault::Type { column: "pt".into(), found: "texts".into(), expected: "numbers" },
            std::io::Error::other("broken").into(),
            TableFault::format("no magic"),
        ],
    };
    let expected = "\
a.csv:6: column `pt`, row 4: found `1,5`, expected a number (with a point, not a comma)
a.csv:6: column `pt`, row 4: found nothing, expected a number (and 1 more value of the column)
a.csv: column `pt`, row 4: found NaN, expected a finite number; leave such events out or replace the value before (and 7 more values of the column)
a.csv: column `pt`, row 4: found 9007199254740993, which a 64-bit float cannot hold exactly; expected at most 2^53 = 9007199254740992
a.csv: column `pt`, row 4: found `1e999`, which is too large for a 64-bit float
a.csv: 2 columns are called `pt`; give each a name of its own
a.csv: column `pt` holds texts, expected numbers
a.csv: the file cannot be read: broken
a.csv: no magic";
    assert_eq!(faults.to_string(), expected);
}
