//! Derived columns and a selection: what happens to events between their file and their use.

use indexmap::IndexMap;
use zstat_core::formula::{Expression, FormulaFault, Kind, RowFault};
use zstat_core::table::Table;
use zstat_core::text::nearest;

/// Derived columns, in their order, and the events to keep.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recipe {
    derived: Vec<(String, Expression)>,
    select: Option<Expression>,
}

/// What is wrong with a recipe, one a line.
#[derive(Debug, Clone, PartialEq)]
pub struct RecipeFaults(pub Vec<RecipeFault>);

/// One thing that is wrong. `target` is the derived column; without it, it is the selection.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeFault {
    /// A text that is no expression.
    #[error("{} `{text}`: {}, {}{}", of(.target), fault.message, fault.place(.text), help(.fault))]
    Text {
        /// What it is of.
        target: Option<String>,
        /// The text.
        text: String,
        /// What is wrong, and where.
        fault: FormulaFault,
    },
    /// A condition where a number is needed, or the other way round.
    #[error("{} `{text}`: found a {}, expected a {}", of(.target), kind(.target.is_some()), kind(.target.is_none()))]
    Kind {
        /// What it is of.
        target: Option<String>,
        /// The text.
        text: String,
    },
    /// A column that is not there, or not yet.
    #[error("{} `{text}`: no column `{name}`, {}{}", of(.target), place(*.at, .text), match (later, nearest) {
        (true, _) => format!("; `{name}` is derived later: change the order"),
        (_, Some(near)) => format!(" (did you mean `{near}`?)"),
        _ => String::new(),
    })]
    Unknown {
        /// What it is of.
        target: Option<String>,
        /// The text.
        text: String,
        /// The name.
        name: String,
        /// Where it stands first: characters from the start.
        at: usize,
        /// The column itself, or one behind it, has the name.
        later: bool,
        /// The most similar known name.
        nearest: Option<String>,
    },
    /// A derived column with the name of another one.
    #[error("derived column `{name}`: the events have a column of that name; choose another")]
    Taken {
        /// The name.
        name: String,
    },
    /// An event in which something has no value.
    #[error("{}: {fault}", of(.target))]
    Row {
        /// What it is of.
        target: Option<String>,
        /// What, in which row of the table as it was given.
        fault: RowFault,
    },
}

fn of(target: &Option<String>) -> String {
    match target {
        Some(name) => format!("derived column `{name}`"),
        None => "selection".to_owned(),
    }
}

fn kind(condition: bool) -> &'static str {
    if condition { "condition" } else { "number" }
}

fn help(fault: &FormulaFault) -> String {
    fault.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default()
}

fn place(at: usize, text: &str) -> String {
    FormulaFault { at, message: String::new(), help: None }.place(text)
}

impl std::fmt::Display for RecipeFaults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for RecipeFaults {}

impl Recipe {
    /// Reads expressions: of derived columns by name, each of which may use those before it, and of the selection.
    ///
    /// # Errors
    /// All texts that make no sense.
    pub fn parse(derived: &IndexMap<String, String>, select: Option<&str>) -> Result<Self, RecipeFaults> {
        let mut faults = Vec::new();
        let mut read = |target: Option<String>, text: &str, kind: Kind| match Expression::parse(text) {
            Ok(expression) if expression.kind() == kind => Some(expression),
            Ok(_) => {
                faults.push(RecipeFault::Kind { target, text: text.to_owned() });
                None
            }
            Err(fault) => {
                faults.push(RecipeFault::Text { target, text: text.to_owned(), fault });
                None
            }
        };
        let mut recipe = Self::default();
        for (name, text) in derived {
            let expression = read(Some(name.clone()), text, Kind::Number);
            recipe.derived.extend(expression.map(|expression| (name.clone(), expression)));
        }
        recipe.select = select.and_then(|text| read(None, text, Kind::Condition));
        if faults.is_empty() { Ok(recipe) } else { Err(RecipeFaults(faults)) }
    }

    /// Nothing is derived and all events are kept.
    pub fn is_empty(&self) -> bool {
        self.derived.is_empty() && self.select.is_none()
    }

    /// Columns that events need for the columns called `wanted` and the selection: those that are not derived, each once.
    pub fn needs(&self, wanted: &[String]) -> Vec<String> {
        let derived = |name: &String| self.derived.iter().any(|(other, _)| other == name);
        let expressions = self.derived.iter().map(|(_, expression)| expression).chain(&self.select);
        let used = expressions.flat_map(Expression::used).map(|used| &used.name);
        let mut needs: Vec<String> = Vec::new();
        for name in wanted.iter().chain(used) {
            if !derived(name) && !needs.contains(name) {
                needs.push(name.clone());
            }
        }
        needs
    }

    /// Whether it can be applied to events with the columns called `known`, before any is read.
    ///
    /// # Errors
    /// All columns that are missing, with their places, and all derived ones whose names are taken.
    pub fn check(&self, known: &[String]) -> Result<(), RecipeFaults> {
        let mut faults = Vec::new();
        let mut columns: Vec<&str> = known.iter().map(String::as_str).collect();
        for (i, (name, expression)) in self.derived.iter().enumerate() {
            let later: Vec<&str> = self.derived[i..].iter().map(|(name, _)| name.as_str()).collect();
            faults.extend(unknown(Some(name), expression, &columns, &later));
            if columns.contains(&name.as_str()) {
                faults.push(RecipeFault::Taken { name: name.clone() });
            }
            columns.push(name);
        }
        if let Some(expression) = &self.select {
            faults.extend(unknown(None, expression, &columns, &[]));
        }
        if faults.is_empty() { Ok(()) } else { Err(RecipeFaults(faults)) }
    }

    /// The selected events, with derived columns behind the others. Columns that the selection does not need are derived for
    /// selected events only, so that it can keep them from rows in which they have no value.
    ///
    /// # Errors
    /// As [`check`](Self::check), or the first row in which something has no value.
    pub fn apply(&self, mut table: Table) -> Result<Table, RecipeFaults> {
        self.check(table.columns())?;
        let single = |fault: RecipeFault| RecipeFaults(vec![fault]);
        let first = self.needed_by_selection();
        let order: Vec<String> =
            table.columns().iter().chain(self.derived.iter().map(|(name, _)| name)).cloned().collect();
        for ((name, expression), _) in self.derived.iter().zip(&first).filter(|(_, first)| **first) {
            derive(&mut table, name, expression, None).map_err(single)?;
        }
        let kept = match &self.select {
            None => None,
            Some(select) => {
                let keep = select.conditions(&arguments(select, &table), table.rows());
                let keep = keep.map_err(|fault| single(RecipeFault::Row { target: None, fault }))?;
                table = table.filter(&keep);
                Some(keep)
            }
        };
        for ((name, expression), _) in self.derived.iter().zip(&first).filter(|(_, first)| !**first) {
            derive(&mut table, name, expression, kept.as_deref()).map_err(single)?;
        }
        Ok(table.in_order(&order))
    }

    /// Which derived columns the selection uses, directly or through others.
    fn needed_by_selection(&self) -> Vec<bool> {
        let mut needed = vec![false; self.derived.len()];
        let mark = |expression: &Expression, needed: &mut Vec<bool>| {
            for (i, (name, _)) in self.derived.iter().enumerate() {
                needed[i] |= expression.used().iter().any(|used| used.name == *name);
            }
        };
        if let Some(select) = &self.select {
            mark(select, &mut needed);
        }
        // Columns use earlier ones only.
        for i in (0..needed.len()).rev() {
            if needed[i] {
                mark(&self.derived[i].1, &mut needed);
            }
        }
        needed
    }
}

/// All names of an expression that are not known.
fn unknown<'a>(
    target: Option<&'a String>,
    expression: &'a Expression,
    known: &'a [&str],
    later: &'a [&str],
) -> impl Iterator<Item = RecipeFault> + 'a {
    let missing = expression.used().iter().filter(|used| !known.contains(&used.name.as_str()));
    missing.map(move |used| RecipeFault::Unknown {
        target: target.cloned(),
        text: expression.text().to_owned(),
        name: used.name.clone(),
        at: used.at,
        later: later.contains(&used.name.as_str()),
        nearest: nearest(&used.name, known.iter().copied()).map(str::to_owned),
    })
}

/// The columns of the names an expression uses; all are there once it is checked.
fn arguments<'t>(expression: &Expression, table: &'t Table) -> Vec<&'t [f64]> {
    expression.used().iter().filter_map(|used| table.column(&used.name)).collect()
}

/// Appends a derived column. `kept` says which rows of the table as it was given are still there.
fn derive(
    table: &mut Table,
    name: &str,
    expression: &Expression,
    kept: Option<&[bool]>,
) -> Result<(), RecipeFault> {
    let values = expression.numbers(&arguments(expression, table), table.rows());
    let values = values.map_err(|mut fault| {
        if let Some(kept) = kept {
            let mut rows = kept.iter().enumerate().filter(|(_, kept)| **kept).map(|(row, _)| row);
            fault.row = rows.nth(fault.row).unwrap_or(fault.row);
        }
        RecipeFault::Row { target: Some(name.to_owned()), fault }
    })?;
    table.push(name.to_owned(), values).map_err(|_| RecipeFault::Taken { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn recipe(derived: &[(&str, &str)], select: Option<&str>) -> Result<Recipe, RecipeFaults> {
        let derived = derived.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Recipe::parse(&derived, select)
    }

    fn events() -> Table {
        let values = vec![vec![30.0, 40.0, 50.0, 60.0], vec![-1.0, 0.5, 3.0, 2.0], vec![0.0, 1.0, 2.0, 0.0]];
        Table::new(names(&["pt", "eta", "n"]), values, 4).unwrap()
    }

    fn applied(derived: &[(&str, &str)], select: Option<&str>) -> Result<Table, String> {
        recipe(derived, select).unwrap().apply(events()).map_err(|faults| faults.to_string())
    }

    #[test]
    fn columns_are_derived_in_order() {
        let table = applied(&[("pz", "pt * sinh(eta)"), ("p", "hypot(pt, pz)")], None).unwrap();
        assert_eq!(table.columns(), ["pt", "eta", "n", "pz", "p"]);
        let p: Vec<f64> =
            events().values()[0].iter().zip(&events().values()[1]).map(|(pt, eta)| pt * eta.cosh()).collect();
        assert!(table.column("p").unwrap().iter().zip(p).all(|(found, p)| (found - p).abs() < 1e-12 * p));
    }

    #[test]
    fn events_are_selected() {
        let table = applied(&[("far", "abs(eta)")], Some("pt > 30 && far < 2.5")).unwrap();
        assert_eq!(table.column("pt").unwrap(), [40.0, 60.0]);
        assert_eq!(table.columns(), ["pt", "eta", "n", "far"]);
        // Even where the order of evaluation is another.
        let table = applied(&[("a", "pt / n"), ("far", "abs(eta)")], Some("n > 0 and far < 2.5")).unwrap();
        assert_eq!(table.columns(), ["pt", "eta", "n", "a", "far"]);
        assert_eq!(table.column("a").unwrap(), [40.0]);
        assert_eq!(applied(&[], Some("pt > 100")).unwrap().rows(), 0);
    }

    #[test]
    fn needs_are_what_is_not_derived() {
        let recipe = recipe(&[("a", "pt / n"), ("b", "a + q")], Some("b > eta")).unwrap();
        assert_eq!(recipe.needs(&names(&["w", "b", "pt"])), ["w", "pt", "n", "q", "eta"]);
    }

    #[test]
    fn all_unknown_columns_are_named() {
        let recipe = recipe(
            &[("a", "pt / nn + banana"), ("b", "b + c"), ("c", "eta"), ("eta", "pt")],
            Some("ptt > 3 && d < 2"),
        );
        let faults = recipe.unwrap().check(&names(&["pt", "eta", "n"])).unwrap_err().to_string();
        let expected = "\
derived column `a` `pt / nn + banana`: no column `nn`, at character 6 (`nn + banana`) (did you mean `n`?)
derived column `a` `pt / nn + banana`: no column `banana`, at character 11 (`banana`)
derived column `b` `b + c`: no column `b`, at its start; `b` is derived later: change the order
derived column `b` `b + c`: no column `c`, at character 5 (`c`); `c` is derived later: change the order
derived column `eta`: the events have a column of that name; choose another
selection `ptt > 3 && d < 2`: no column `ptt`, at its start (did you mean `pt`?)
selection `ptt > 3 && d < 2`: no column `d`, at character 12 (`d < 2`) (did you mean `n`?)";
        assert_eq!(faults, expected);
    }

    #[test]
    fn all_texts_without_sense_are_told() {
        let faults = recipe(&[("a", "pt /"), ("b", "pt > 3")], Some("pt + 1")).unwrap_err().to_string();
        let expected = "\
derived column `a` `pt /`: the expression ends where a number or a name should stand, at its end
derived column `b` `pt > 3`: found a condition, expected a number
selection `pt + 1`: found a number, expected a condition";
        assert_eq!(faults, expected);
        let fault = recipe(&[], Some("pt = 1")).unwrap_err().to_string();
        assert!(fault.contains("`=` is no operator, at character 4 (`= 1`); equality is `==`"), "{fault}");
    }

    #[test]
    fn rows_without_a_value_are_told_as_they_were_given() {
        assert_eq!(
            applied(&[("a", "pt / n")], None).unwrap_err(),
            "derived column `a`: `pt / n` is inf in row 0 (counted from 0), where pt = 30, n = 0"
        );
        assert_eq!(
            applied(&[("a", "pt / n")], Some("pt > 45")).unwrap_err(),
            "derived column `a`: `pt / n` is inf in row 3 (counted from 0), where pt = 60, n = 0"
        );
        assert_eq!(
            applied(&[], Some("log(eta) > 0")).unwrap_err(),
            "selection: `log(eta)` is NaN in row 0 (counted from 0), where eta = -1"
        );
    }
}
