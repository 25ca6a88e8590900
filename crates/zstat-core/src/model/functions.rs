//! Functions of a model's parameters that somebody asks for, in the language of formulas: values and exact slopes.

use super::formula::{link_to, meaning};
use super::{FormulaParameter, FormulaValues, Model};
use crate::formula::Formula;

/// Named functions of a model's parameters. Each may use the model's formulas, and functions before it.
#[derive(Debug, Clone)]
pub struct Functions<'m> {
    model: &'m Model,
    /// The model's formulas, then the functions.
    all: Vec<FormulaParameter>,
}

impl<'m> Functions<'m> {
    /// None so far.
    pub fn new(model: &'m Model) -> Self {
        Self { model, all: model.formulas.clone() }
    }

    /// Adds one.
    ///
    /// # Errors
    /// The names in it that mean neither a parameter nor a formula nor an earlier function.
    pub fn add(&mut self, name: &str, formula: &Formula) -> Result<(), Vec<String>> {
        // A vector of several has no value of its own.
        let is_many = |name: &str| self.model.sets.iter().any(|set| set.name == name && set.len > 1);
        let means = |name: &str| {
            meaning(name, &self.model.parameters, &self.all).filter(|found| found.is_err() || !is_many(name))
        };
        let unknown: Vec<String> =
            formula.names().iter().filter(|name| means(name).is_none()).cloned().collect();
        match link_to(name, formula, &self.all, means) {
            Some(linked) if unknown.is_empty() => {
                self.all.push(linked);
                Ok(())
            }
            _ => Err(unknown),
        }
    }

    /// The functions, without the model's formulas.
    pub fn list(&self) -> &[FormulaParameter] {
        &self.all[self.model.formulas.len()..]
    }

    /// Value of each function at `theta` and its slopes by parameter; not finite outside its domain. Infinite slopes by
    /// parameters that are `held` count as 0. Both slices have one entry a parameter.
    pub fn slopes(&self, theta: &[f64], held: &[bool]) -> Vec<(f64, Vec<(usize, f64)>)> {
        let mut values = FormulaValues::new(&self.all);
        values.held.extend_from_slice(held);
        // What is not finite is left to the caller.
        let _ = values.derivatives(&self.all, theta);
        let found = values.found.iter().skip(self.model.formulas.len());
        let slopes = |(function, jet): (&FormulaParameter, &crate::formula::Jet)| {
            let slopes = function.roots().iter().copied().zip(jet.gradient.iter().copied());
            (jet.value, slopes.collect())
        };
        self.list().iter().zip(found).map(slopes).collect()
    }
}
