//! Expressions: grammar, faults with their places, and values against a straightforward evaluation row by row.

use proptest::prelude::*;

use super::*;

fn number_of(text: &str, row: &[f64]) -> f64 {
    let columns: Vec<&[f64]> = row.iter().map(std::slice::from_ref).collect();
    Expression::parse(text).expect(text).numbers(&columns, 1).expect(text)[0]
}

fn holds(text: &str, row: &[f64]) -> bool {
    let columns: Vec<&[f64]> = row.iter().map(std::slice::from_ref).collect();
    Expression::parse(text).expect(text).conditions(&columns, 1).expect(text)[0]
}

#[test]
fn numbers_are_those_of_formulas() {
    for text in [
        "1 + 2 * 3",
        "2 - 3 - 4",
        "2 ^ 3 ^ 2",
        "-2 ^ 2",
        "2 ^ -1",
        "exp(0) + log(1) + sqrt(9)",
        "2 * −3",
        "- - 3",
    ] {
        let formula = super::super::Formula::parse(text).unwrap();
        assert_eq!(number_of(text, &[]), formula.value(&[]), "{text}");
    }
    assert_eq!(number_of("a * b^2 - a", &[3.0, 2.0]), 9.0);
    assert_eq!(number_of("(a - 2)^3", &[1.0]), -1.0);
}

#[test]
fn functions() {
    let x = 0.3_f64;
    for (text, expected) in [
        ("abs(-x)", x),
        ("acos(x)", x.acos()),
        ("asin(x)", x.asin()),
        ("asinh(x)", x.asinh()),
        ("atan(x)", x.atan()),
        ("cos(x)", x.cos()),
        ("cosh(x)", x.cosh()),
        ("exp(x)", x.exp()),
        ("log(x)", x.ln()),
        ("log10(x)", x.log10()),
        ("sin(x)", x.sin()),
        ("sinh(x)", x.sinh()),
        ("sqrt(x)", x.sqrt()),
        ("tan(x)", x.tan()),
        ("tanh(x)", x.tanh()),
        ("atan2(x, -2)", x.atan2(-2.0)),
        ("hypot(x, 4)", x.hypot(4.0)),
        ("max(x, 1)", 1.0),
        ("min(x, 1)", x),
        ("where(x > 1, 2, 3)", 3.0),
    ] {
        assert_eq!(number_of(text, &[x]), expected, "{text}");
    }
}

#[test]
fn conditions() {
    for (text, expected) in [
        ("a > 1 && b < 1", true),
        ("a > 1 and not b < 1", false),
        ("not a > 3 and b == 0", true),
        ("!(a > 3) && !!(b == 0)", true),
        ("a != 2 or b >= 0 and b <= 0", true),
        // `and` binds stronger than `or`.
        ("a == 2 || a == 2 && b == 7", true),
        ("(a == 2 || a == 2) && b == 7", false),
        ("a + b * 2 ≥ 2 && a ≤ 2 && a ≠ 0", true),
        ("abs(a - 5) <= 3", true),
    ] {
        assert_eq!(holds(text, &[2.0, 0.0]), expected, "{text}");
    }
    assert_eq!(Expression::parse("a > 1").unwrap().kind(), Kind::Condition);
    assert_eq!(Expression::parse("a + 1").unwrap().kind(), Kind::Number);
}

#[test]
fn names_have_places() {
    let expression = Expression::parse("pt > 3 and `and` < 2 && `n(x)` == pt + order").unwrap();
    let used: Vec<(&str, usize)> = expression.used().iter().map(|used| (&*used.name, used.at)).collect();
    assert_eq!(used, [("pt", 0), ("and", 11), ("n(x)", 24), ("order", 39)]);
    // In backticks it is no function.
    assert!(Expression::parse("`exp` (2)").is_err());
}

#[test]
fn faults_say_where_and_what() {
    for (text, at, message) in [
        ("", 0, "the expression is empty"),
        ("pt >", 4, "the expression ends where a number or a name should stand"),
        ("pt eta", 3, "found the name `eta`, expected an operator or the end"),
        ("pt > 30 & eta", 8, "`&` is no operator"),
        ("pt > 30 | eta", 8, "`|` is no operator"),
        ("pt = 30", 3, "`=` is no operator"),
        ("pt ** 2", 3, "`**` is no operator"),
        ("1 < pt < 3", 7, "found `<`, expected an operator or the end"),
        ("(1 < pt <= 3)", 8, "found `<=`, expected an operator or `)`"),
        ("pt && eta > 2", 0, "`&&` needs a condition, found the number `pt`"),
        ("eta > 2 or pt + 1", 11, "`||` needs a condition, found the number `pt + 1`"),
        ("!pt > 3", 1, "`!` needs a condition, found the number `pt`"),
        ("not (pt + 1)", 4, "`not` needs a condition, found the number `(pt + 1)`"),
        ("(pt > 3) * 2", 0, "`*` needs a number, found the condition `(pt > 3)`"),
        ("-(pt > 3)", 1, "`-` needs a number, found the condition `(pt > 3)`"),
        ("(a > 3) == (b > 3)", 0, "`==` needs a number, found the condition `(a > 3)`"),
        ("abs(pt > 3)", 4, "`abs` needs a number, found the condition `pt > 3`"),
        ("where(pt, 1, 2)", 6, "`where` needs a condition, found the number `pt`"),
        ("abs(pt, 3)", 0, "`abs` has 1 argument, found 2"),
        ("min(pt)", 0, "`min` has 2 arguments, found 1"),
        ("sqroot(pt)", 0, "there is no function `sqroot`"),
        ("ln(pt)", 0, "there is no function `ln`"),
        ("pt / 0", 5, "a division by 0"),
        ("pt * log(0)", 10, "a constant part that ends here is -inf"),
        ("(pt", 0, "a bracket is opened and not closed"),
        ("min(pt 2)", 7, "found the number 2, expected an operator, `,` or `)`"),
        ("pt)", 2, "found `)`, expected an operator or the end"),
        ("pt, 2", 2, "found `,`, expected an operator or the end"),
        ("pt > > 2", 5, "found `>`, expected a number, a name or `(`"),
        ("pt % 2", 3, "the character `%` has no meaning here"),
    ] {
        let fault = Expression::parse(text).expect_err(text);
        assert_eq!((fault.at, fault.message.as_str()), (at, message), "{text}");
    }
    assert_eq!(Expression::parse("sqr(x)").unwrap_err().help.unwrap(), "did you mean `sqrt`?");
    for deep in ["(", "-", "a^", "!", "not ", "abs(", "where(not "] {
        let fault = Expression::parse(&deep.repeat(100_000)).unwrap_err();
        assert!(fault.message.contains("within each other"), "{deep}: {}", fault.message);
    }
    let long = vec!["a"; 2000].join(" + ");
    assert_eq!(Expression::parse(&long).unwrap_err().message, "more than 1000 numbers, names and operations");
    // The longest that is allowed has room on the stack.
    let long = vec!["a"; 500].join(" + ");
    assert_eq!(number_of(&long, &[2.0]), 1000.0);
    let long = vec!["a > 1"; 250].join(" && ");
    assert!(holds(&long, &[2.0]));
}

#[test]
fn the_first_row_without_a_value_is_told() {
    let expression = Expression::parse("10 + pt / (n - 1)").unwrap();
    let mut n = vec![3.0; 10_000];
    let pt = vec![2.0; 10_000];
    assert_eq!(expression.numbers(&[&pt, &n], 10_000).unwrap(), vec![11.0; 10_000]);
    n[8191] = 1.0;
    n[9000] = 1.0;
    let fault = expression.numbers(&[&pt, &n], 10_000).unwrap_err();
    assert_eq!((fault.row, fault.at), (8191, 5));
    assert_eq!(fault.to_string(), "`pt / (n - 1)` is inf in row 8191 (counted from 0), where pt = 2, n = 1");
    // Another part may fail in an earlier row than the part that is evaluated first.
    let two = Expression::parse("log(a) + log(b)").unwrap();
    let fault = two.numbers(&[&[1.0, 1.0, -1.0], &[1.0, -1.0, 1.0]], 3).unwrap_err();
    assert_eq!(fault.to_string(), "`log(b)` is NaN in row 1 (counted from 0), where b = -1");
    // A comparison with NaN is not just false, and 1/∞ not just 0.
    let hidden = Expression::parse("1 / (1 / a) > 3").unwrap();
    assert_eq!(hidden.conditions(&[&[0.0]], 1).unwrap_err().part, "(1 / a)");
    let column = Expression::parse("a > 3").unwrap().conditions(&[&[5.0, f64::NAN]], 2).unwrap_err();
    assert_eq!(column.to_string(), "`a` is NaN in row 1 (counted from 0)");
}

#[test]
fn what_does_not_matter_needs_no_value() {
    let n: &[f64] = &[0.0, 2.0, 4.0];
    let and = Expression::parse("n > 0 && 8 / n > 3").unwrap();
    assert_eq!(and.conditions(&[n], 3).unwrap(), [false, true, false]);
    let or = Expression::parse("n <= 0 || 8 / n > 3").unwrap();
    assert_eq!(or.conditions(&[n], 3).unwrap(), [true, true, false]);
    let chosen = Expression::parse("where(n > 0, 8 / n, -1)").unwrap();
    assert_eq!(chosen.numbers(&[n], 3).unwrap(), [-1.0, 4.0, 2.0]);
    // The outer condition rules over what is inside.
    let nested = Expression::parse("n > 0 && (8 / n > 3 || 8 / n < 3)").unwrap();
    assert_eq!(nested.conditions(&[n], 3).unwrap(), [false, true, true]);
    let wrong = Expression::parse("n > 3 || 8 / n > 3").unwrap();
    assert_eq!(wrong.conditions(&[n], 3).unwrap_err().row, 0);
}

/// Numbers as trees, evaluated without the parser.
#[derive(Debug, Clone)]
enum Tree {
    Name(usize),
    Number(f64),
    Two(&'static str, Box<Tree>, Box<Tree>),
    One(&'static str, Box<Tree>),
    Where(Box<Logic>, Box<Tree>, Box<Tree>),
}

/// The same for conditions.
#[derive(Debug, Clone)]
enum Logic {
    Compare(&'static str, Tree, Tree),
    Two(&'static str, Box<Logic>, Box<Logic>),
    Not(&'static str, Box<Logic>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::Name(i) => ["a", "b", "c"][*i].to_owned(),
            Self::Number(value) => format!("({value})"),
            Self::Two(two @ ("min" | "max" | "atan2"), a, b) => format!("{two}({}, {})", a.text(), b.text()),
            Self::Two(two, a, b) => format!("({} {two} {})", a.text(), b.text()),
            Self::One(one, a) => format!("{one}({})", a.text()),
            Self::Where(c, a, b) => format!("where({}, {}, {})", c.text(), a.text(), b.text()),
        }
    }

    /// None where something that matters is not finite.
    fn value(&self, row: &[f64]) -> Option<f64> {
        let value = match self {
            Self::Name(i) => row[*i],
            Self::Number(value) => *value,
            Self::Two(two, a, b) => {
                let (a, b) = (a.value(row)?, b.value(row)?);
                match *two {
                    "+" => a + b,
                    "-" => a - b,
                    "*" => a * b,
                    "/" => a / b,
                    "min" => {
                        if a < b {
                            a
                        } else {
                            b
                        }
                    }
                    "max" => {
                        if a > b {
                            a
                        } else {
                            b
                        }
                    }
                    _ => a.atan2(b),
                }
            }
            Self::One(one, a) => {
                let a = a.value(row)?;
                match *one {
                    "-" => -a,
                    "abs" => a.abs(),
                    "log" => a.ln(),
                    _ => a.sqrt(),
                }
            }
            Self::Where(c, a, b) => {
                if c.holds(row)? {
                    a.value(row)?
                } else {
                    b.value(row)?
                }
            }
        };
        value.is_finite().then_some(value)
    }
}

impl Logic {
    fn text(&self) -> String {
        match self {
            Self::Compare(sign, a, b) => format!("({} {sign} {})", a.text(), b.text()),
            Self::Two(sign, a, b) => format!("({} {sign} {})", a.text(), b.text()),
            Self::Not(sign, a) => format!("({sign} {})", a.text()),
        }
    }

    fn holds(&self, row: &[f64]) -> Option<bool> {
        Some(match self {
            Self::Compare(sign, a, b) => {
                let (a, b) = (a.value(row)?, b.value(row)?);
                match *sign {
                    "<" => a < b,
                    "<=" => a <= b,
                    ">" => a > b,
                    ">=" => a >= b,
                    "==" => a == b,
                    _ => a != b,
                }
            }
            Self::Two("and" | "&&", a, b) => a.holds(row)? && b.holds(row)?,
            Self::Two(_, a, b) => a.holds(row)? || b.holds(row)?,
            Self::Not(_, a) => !a.holds(row)?,
        })
    }
}

/// Trees of some depth, numbers and conditions within each other.
fn trees(depth: u32) -> (BoxedStrategy<Tree>, BoxedStrategy<Logic>) {
    let leaf = prop_oneof![
        3 => (0..3_usize).prop_map(Tree::Name),
        1 => (-16..16_i32).prop_map(|n| Tree::Number(f64::from(n) / 8.0)),
    ]
    .boxed();
    let compare = |a: BoxedStrategy<Tree>| {
        let signs = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
        (signs, a.clone(), a).prop_map(|(sign, a, b)| Logic::Compare(sign, a, b))
    };
    if depth == 0 {
        return (leaf.clone(), compare(leaf).boxed());
    }
    let (a, c) = trees(depth - 1);
    let two = prop::sample::select(vec!["+", "-", "*", "/", "min", "max", "atan2"]);
    let one = prop::sample::select(vec!["-", "abs", "log", "sqrt"]);
    let number = prop_oneof![
        2 => leaf,
        4 => (two, a.clone(), a.clone()).prop_map(|(two, a, b)| Tree::Two(two, a.into(), b.into())),
        1 => (one, a.clone()).prop_map(|(one, a)| Tree::One(one, a.into())),
        1 => (c.clone(), a.clone(), a.clone())
            .prop_map(|(c, a, b)| Tree::Where(c.into(), a.into(), b.into())),
    ];
    let both = prop::sample::select(vec!["and", "&&", "or", "||"]);
    let logic = prop_oneof![
        2 => compare(a),
        2 => (both, c.clone(), c.clone()).prop_map(|(sign, a, b)| Logic::Two(sign, a.into(), b.into())),
        1 => c.prop_map(|c| Logic::Not("not", c.into())),
    ];
    (number.boxed(), logic.boxed())
}

fn rows() -> impl Strategy<Value = Vec<[f64; 3]>> {
    let value = (-8..9_i32).prop_map(|n| f64::from(n) / 4.0);
    prop::collection::vec(prop::array::uniform3(value), 1..20)
}

/// The columns of the names in the order in which the expression uses them.
fn columns_of(expression: &Expression, rows: &[[f64; 3]]) -> Vec<Vec<f64>> {
    let place = |used: &Used| usize::from(used.name.as_bytes()[0] - b'a');
    let column = |used: &Used| rows.iter().map(|row| row[place(used)]).collect();
    expression.used().iter().map(column).collect()
}

proptest! {
    #![proptest_config(crate::testing::random::config(1000))]

    #[test]
    fn numbers_agree_with_trees(tree in trees(3).0, rows in rows()) {
        let text = tree.text();
        // Constant parts may have no value: then there is no expression.
        if let Ok(expression) = Expression::parse(&text) {
            let columns = columns_of(&expression, &rows);
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let expected: Vec<Option<f64>> = rows.iter().map(|row| tree.value(row)).collect();
            match expression.numbers(&columns, rows.len()) {
                Ok(values) => prop_assert_eq!(values.into_iter().map(Some).collect::<Vec<_>>(), expected, "{}", text),
                Err(fault) => prop_assert_eq!(Some(fault.row), expected.iter().position(Option::is_none), "{}", text),
            }
        }
    }

    #[test]
    fn conditions_agree_with_trees(tree in trees(3).1, rows in rows()) {
        let text = tree.text();
        if let Ok(expression) = Expression::parse(&text) {
            let columns = columns_of(&expression, &rows);
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let expected: Vec<Option<bool>> = rows.iter().map(|row| tree.holds(row)).collect();
            match expression.conditions(&columns, rows.len()) {
                Ok(values) => prop_assert_eq!(values.into_iter().map(Some).collect::<Vec<_>>(), expected, "{}", text),
                Err(fault) => prop_assert_eq!(Some(fault.row), expected.iter().position(Option::is_none), "{}", text),
            }
        }
    }

    #[test]
    fn no_text_panics(text in "[a-c0-2.,+*/^()<>=!&|` -]{0,40}|\\PC{0,20}") {
        let _ = Expression::parse(&text);
    }
}
