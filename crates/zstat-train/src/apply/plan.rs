//! Which columns new events need, and what is made of them before they are scored.

use indexmap::IndexMap;
use zstat_core::formula::{Expression, Kind};
use zstat_core::table::Table;

use super::fault::ApplyFault;
use crate::table::{Recipe, RecipeFault, RecipeFaults, StandardiserFault};

/// A column that no file has: the number of the row.
const NUMBER: &str = "\u{0}number";

/// Derived columns, a selection and a weight, as far as they are needed.
#[derive(Debug, Clone)]
pub struct Plan {
    recipe: Recipe,
    weight: Option<Expression>,
    /// Columns that are in the result besides those that are only used.
    wanted: Vec<String>,
}

/// Events of a table that are selected.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Their columns, derived ones too.
    pub table: Table,
    /// Their rows in the table as it was given.
    pub rows: Vec<usize>,
    /// Their weights; 1 where there is no expression.
    pub weights: Vec<f64>,
    /// Events before the selection.
    pub read: usize,
}

impl Plan {
    /// A plan for the columns called `wanted`. Of the derived columns only those are made that these, the selection or the
    /// weight use: the others may need what new events do not have.
    ///
    /// # Errors
    /// All texts that make no sense.
    pub fn new(
        derive: &IndexMap<String, String>,
        select: Option<&str>,
        weight: Option<&str>,
        wanted: &[String],
    ) -> Result<Self, Vec<ApplyFault>> {
        let mut faults = Vec::new();
        let weight = weight.and_then(|text| match Expression::parse(text) {
            Ok(expression) if expression.kind() == Kind::Number => Some(expression),
            Ok(_) => {
                faults.push(ApplyFault::WeightKind { text: text.to_owned() });
                None
            }
            Err(fault) => {
                faults.push(ApplyFault::WeightText { text: text.to_owned(), fault });
                None
            }
        });
        let mut all = wanted.to_vec();
        all.extend(weight.iter().flat_map(used));
        all.extend(select.and_then(|text| Expression::parse(text).ok()).iter().flat_map(used));
        let recipe = Recipe::parse(&needed(derive, all), select);
        match recipe {
            Ok(recipe) if faults.is_empty() => Ok(Self { recipe, weight, wanted: wanted.to_vec() }),
            recipe => {
                faults.extend(recipe.err().map(ApplyFault::Recipe));
                Err(faults)
            }
        }
    }

    /// Columns that files have to have, each once.
    pub fn needs(&self) -> Vec<String> {
        let mut all = self.wanted.clone();
        all.extend(self.weight.iter().flat_map(used));
        self.recipe.needs(&all)
    }

    /// The events that are selected, with what is derived.
    ///
    /// # Errors
    /// Columns that are missing, or the first row in which something has no value.
    pub fn prepare(&self, mut table: Table) -> Result<Prepared, ApplyFault> {
        let read = table.rows();
        table.push(NUMBER.to_owned(), (0..read).map(|row| row as f64).collect())?;
        let kept = self.recipe.apply(table)?;
        let rows: Vec<usize> =
            kept.column(NUMBER).unwrap_or_default().iter().map(|row| *row as usize).collect();
        let weights = match &self.weight {
            None => vec![1.0; kept.rows()],
            Some(expression) => {
                let names: Vec<String> = used(expression).collect();
                let weights = expression.numbers(&kept.named(&names)?, kept.rows());
                weights.map_err(|mut fault| {
                    fault.row = rows[fault.row];
                    ApplyFault::Weight(fault)
                })?
            }
        };
        Ok(Prepared { table: kept, rows, weights, read })
    }
}

impl Prepared {
    /// The same fault with the row as it was given.
    pub(super) fn placed(&self, fault: StandardiserFault) -> StandardiserFault {
        match fault {
            StandardiserFault::NotFinite { column, row, value } => {
                StandardiserFault::NotFinite { column, row: self.rows[row], value }
            }
            StandardiserFault::Far { column, row, value, mean } => {
                StandardiserFault::Far { column, row: self.rows[row], value, mean }
            }
            other => other,
        }
    }
}

fn used(expression: &Expression) -> impl Iterator<Item = String> + '_ {
    expression.used().iter().map(|used| used.name.clone())
}

/// The derived columns that the columns `wanted` are made of. A text that cannot be read stays, to be told.
fn needed(derive: &IndexMap<String, String>, mut wanted: Vec<String>) -> IndexMap<String, String> {
    let mut keep = vec![false; derive.len()];
    // Columns use earlier ones only.
    for (at, (name, text)) in derive.iter().enumerate().rev() {
        let expression = Expression::parse(text);
        keep[at] = expression.is_err() || wanted.contains(name);
        if keep[at] {
            wanted.extend(expression.iter().flat_map(used));
        }
    }
    let kept = derive.iter().zip(keep).filter(|(_, keep)| *keep);
    kept.map(|((name, text), _)| (name.clone(), text.clone())).collect()
}

/// All faults of a recipe, one by one.
impl ApplyFault {
    /// Those that a fault consists of.
    pub fn each(self) -> Vec<Self> {
        match self {
            Self::Recipe(RecipeFaults(faults)) => {
                faults.into_iter().map(|fault: RecipeFault| Self::Recipe(RecipeFaults(vec![fault]))).collect()
            }
            other => vec![other],
        }
    }
}
