//! Evaluation of expressions: every part over some thousand rows before the next one.

use super::{Expression, Kind, Node, Op, RowFault};

/// Rows at a time: a few buffers of them fit into a core's cache.
const CHUNK: usize = 2048;

/// Some rows, and what they are evaluated with.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    nodes: &'a [Node],
    columns: &'a [&'a [f64]],
    from: usize,
    to: usize,
}

/// A part that is not finite in a row that matters, and what it is.
pub(super) struct Failed {
    node: usize,
    value: f64,
}

/// Which rows of a chunk matter; all, where there is no list.
type Active<'a> = Option<&'a [bool]>;

/// The whole expression over all rows, by [`Chunk::numbers`] or [`Chunk::conditions`].
pub(super) fn chunks<T>(
    expression: &Expression,
    columns: &[&[f64]],
    rows: usize,
    evaluate: impl Fn(&Chunk<'_>, usize) -> Result<Vec<T>, Failed>,
) -> Result<Vec<T>, RowFault> {
    assert!(columns.len() >= expression.used.len(), "a column a name");
    assert!(columns.iter().all(|column| column.len() >= rows), "a value a row");
    let nodes = &expression.nodes;
    let root = nodes.len() - 1;
    let mut out = Vec::with_capacity(rows);
    for from in (0..rows).step_by(CHUNK) {
        let chunk = Chunk { nodes, columns, from, to: rows.min(from + CHUNK) };
        match evaluate(&chunk, root) {
            Ok(values) => out.extend(values),
            Err(_) => {
                // The part that failed need not be the one that fails in the first row.
                for row in chunk.from..chunk.to {
                    let one = Chunk { from: row, to: row + 1, ..chunk };
                    let values = evaluate(&one, root);
                    out.extend(values.map_err(|failed| fault(expression, columns, row, &failed))?);
                }
            }
        }
    }
    Ok(out)
}

/// The value of a part that has no names in it.
pub(super) fn constant(nodes: &[Node], node: usize) -> f64 {
    match (Chunk { nodes, columns: &[], from: 0, to: 1 }).numbers(node, None) {
        Ok(values) => values[0],
        Err(failed) => failed.value,
    }
}

fn fault(expression: &Expression, columns: &[&[f64]], row: usize, failed: &Failed) -> RowFault {
    let Node { from, to, .. } = expression.nodes[failed.node];
    let argument = |name: usize| (expression.used[name].name.clone(), columns[name][row]);
    RowFault {
        row,
        at: from,
        part: expression.text.chars().skip(from).take(to - from).collect(),
        value: failed.value,
        arguments: expression.names_in(failed.node).into_iter().map(argument).collect(),
    }
}

impl Chunk<'_> {
    fn rows(&self) -> usize {
        self.to - self.from
    }

    /// The values of a part.
    pub fn numbers(&self, node: usize, active: Active<'_>) -> Result<Vec<f64>, Failed> {
        if active.is_some_and(|active| !active.contains(&true)) {
            return Ok(vec![0.0; self.rows()]);
        }
        let values = match self.nodes[node].op {
            Op::Number(value) => vec![value; self.rows()],
            Op::Name(name) => self.columns[name][self.from..self.to].to_vec(),
            Op::One(one, a) => {
                let mut values = self.numbers(a, active)?;
                values.iter_mut().for_each(|x| *x = one.of(*x));
                values
            }
            Op::Two(two, a, b) => {
                let mut values = self.numbers(a, active)?;
                let right = self.numbers(b, active)?;
                values.iter_mut().zip(right).for_each(|(x, y)| *x = two.of(*x, y));
                values
            }
            Op::Where(c, a, b) => {
                let holds = self.conditions(c, active)?;
                let mut values = self.numbers(a, Some(&both(active, &holds, true)))?;
                let others = self.numbers(b, Some(&both(active, &holds, false)))?;
                for ((value, other), holds) in values.iter_mut().zip(others).zip(holds) {
                    *value = if holds { *value } else { other };
                }
                values
            }
            Op::Compare(..) | Op::And(..) | Op::Or(..) | Op::Not(_) => {
                debug_assert!(false, "the parser tells numbers from conditions");
                vec![f64::NAN; self.rows()]
            }
        };
        finite(node, &values, active)?;
        Ok(values)
    }

    /// Whether a part holds. What it says of rows that do not matter has no meaning.
    pub fn conditions(&self, node: usize, active: Active<'_>) -> Result<Vec<bool>, Failed> {
        if active.is_some_and(|active| !active.contains(&true)) {
            return Ok(vec![false; self.rows()]);
        }
        Ok(match self.nodes[node].op {
            Op::Compare(comparison, a, b) => {
                let (left, right) = (self.numbers(a, active)?, self.numbers(b, active)?);
                left.into_iter().zip(right).map(|(a, b)| comparison.of(a, b)).collect()
            }
            Op::And(a, b) => {
                let mut left = self.conditions(a, active)?;
                let right = self.conditions(b, Some(&both(active, &left, true)))?;
                left.iter_mut().zip(right).for_each(|(a, b)| *a = *a && b);
                left
            }
            Op::Or(a, b) => {
                let mut left = self.conditions(a, active)?;
                let right = self.conditions(b, Some(&both(active, &left, false)))?;
                left.iter_mut().zip(right).for_each(|(a, b)| *a = *a || b);
                left
            }
            Op::Not(a) => self.conditions(a, active)?.into_iter().map(|holds| !holds).collect(),
            _ => {
                debug_assert_eq!(self.nodes[node].op.kind(), Kind::Condition);
                vec![false; self.rows()]
            }
        })
    }
}

/// The active rows in which a condition holds, or those in which it does not.
fn both(active: Active<'_>, holds: &[bool], wanted: bool) -> Vec<bool> {
    let mut rows: Vec<bool> = holds.iter().map(|&holds| holds == wanted).collect();
    if let Some(active) = active {
        rows.iter_mut().zip(active).for_each(|(row, &active)| *row = *row && active);
    }
    rows
}

fn finite(node: usize, values: &[f64], active: Active<'_>) -> Result<(), Failed> {
    // Without a branch a row: the usual case is that all are.
    if values.iter().fold(true, |all, value| all & value.is_finite()) {
        return Ok(());
    }
    let matters = |row: usize| active.is_none_or(|active| active[row]);
    match values.iter().enumerate().find(|(row, value)| !value.is_finite() && matters(*row)) {
        Some((_, &value)) => Err(Failed { node, value }),
        None => Ok(()),
    }
}
