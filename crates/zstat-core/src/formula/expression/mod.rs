//! Expressions over columns: arithmetic, comparisons and logic, a column at a time.
//!
//! In: text like `pt > 30 && abs(eta) < 2.5`, and columns of numbers. Out: a number or a condition a row, or the first row in
//! which something is not finite. No derivatives: those are [`Formula`](super::Formula)'s.

mod evaluate;
mod functions;
mod parse;
#[cfg(test)]
mod tests;

use super::FormulaFault;
use crate::text::number;
use functions::{Comparison, One, Two};

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    used: Vec<Used>,
    nodes: Vec<Node>,
}

/// A name that an expression uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The name, without backticks.
    pub name: String,
    /// Where it stands first: characters from the start of the text.
    pub at: usize,
}

/// What an expression is in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// True or false.
    Condition,
}

/// The first row in which a part of an expression is not a finite number.
#[derive(Debug, Clone, PartialEq)]
pub struct RowFault {
    /// The row, counted from 0.
    pub row: usize,
    /// Where the part starts: characters from the start of the text.
    pub at: usize,
    /// The part's text.
    pub part: String,
    /// What it is there: infinite or NaN.
    pub value: f64,
    /// What the names in the part stand for in that row.
    pub arguments: Vec<(String, f64)>,
}

/// A part, and its characters in the text.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    op: Op,
    from: usize,
    to: usize,
}

/// What a part does with other parts, which stand before it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Op {
    Number(f64),
    /// The column of this name.
    Name(usize),
    One(One, usize),
    Two(Two, usize, usize),
    /// A condition, and the numbers where it holds and where not.
    Where(usize, usize, usize),
    Compare(Comparison, usize, usize),
    And(usize, usize),
    Or(usize, usize),
    Not(usize),
}

impl Op {
    fn kind(self) -> Kind {
        match self {
            Self::Compare(..) | Self::And(..) | Self::Or(..) | Self::Not(_) => Kind::Condition,
            _ => Kind::Number,
        }
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// Numbers, names, `+ - * / ^` and brackets are as in a [`Formula`](super::Formula). Functions: `abs`, `acos`, `asin`,
    /// `asinh`, `atan`, `cos`, `cosh`, `exp`, `log` (natural), `log10`, `sin`, `sinh`, `sqrt`, `tan`, `tanh` of one number;
    /// `atan2(y, x)`, `hypot`, `max`, `min` of two; `where(condition, a, b)` is a where the condition holds and b elsewhere.
    ///
    /// Comparisons `< <= > >= == !=` bind less than sums and do not chain; then come `not`, `and` or `&&`, `or` or `||`. `!`
    /// stands before a bracket. What is right of `and` and `or`, and the numbers of `where`, are asked for only in the rows
    /// where they matter: `n > 0 && pt / n > 10` has a value where n is 0. A number is no condition, nor the other way round.
    ///
    /// # Errors
    /// The first thing that makes no sense, with its place.
    pub fn parse(text: &str) -> Result<Self, FormulaFault> {
        parse::parse(text)
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it uses, in order of appearance, each once: columns are passed in this order.
    pub fn used(&self) -> &[Used] {
        &self.used
    }

    /// What it gives.
    pub fn kind(&self) -> Kind {
        self.nodes.last().map_or(Kind::Number, |node| node.op.kind())
    }

    /// The number in each of `rows` rows.
    ///
    /// # Errors
    /// The first row in which a part that matters, or a column, is not finite.
    ///
    /// # Panics
    /// If it is a condition, there are fewer columns than names, or a column is shorter than `rows`.
    pub fn numbers(&self, columns: &[&[f64]], rows: usize) -> Result<Vec<f64>, RowFault> {
        assert_eq!(self.kind(), Kind::Number, "an expression that gives numbers");
        evaluate::chunks(self, columns, rows, |chunk, root| chunk.numbers(root, None))
    }

    /// Whether the condition holds in each of `rows` rows.
    ///
    /// # Errors
    /// As [`numbers`](Self::numbers).
    ///
    /// # Panics
    /// If it is a number, there are fewer columns than names, or a column is shorter than `rows`.
    pub fn conditions(&self, columns: &[&[f64]], rows: usize) -> Result<Vec<bool>, RowFault> {
        assert_eq!(self.kind(), Kind::Condition, "an expression that gives conditions");
        evaluate::chunks(self, columns, rows, |chunk, root| chunk.conditions(root, None))
    }

    /// The names in a part of it, by their index.
    fn names_in(&self, node: usize) -> Vec<usize> {
        let mut names = Vec::new();
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            match self.nodes[at].op {
                Op::Number(_) => {}
                Op::Name(name) => names.push(name),
                Op::One(_, a) | Op::Not(a) => open.push(a),
                Op::Two(_, a, b) | Op::Compare(_, a, b) | Op::And(a, b) | Op::Or(a, b) => open.extend([a, b]),
                Op::Where(c, a, b) => open.extend([c, a, b]),
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl std::fmt::Display for RowFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { row, part, value, arguments, .. } = self;
        write!(f, "`{part}` is {} in row {row} (counted from 0)", number(*value))?;
        for (i, (name, value)) in arguments.iter().filter(|(name, _)| name != part).enumerate() {
            let before = if i == 0 { ", where" } else { "," };
            write!(f, "{before} {name} = {}", number(*value))?;
        }
        Ok(())
    }
}

impl std::error::Error for RowFault {}
