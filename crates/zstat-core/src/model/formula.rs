//! Formula parameters: quantities that follow from the parameters, and drive modifiers or are just reported.
//!
//! Modifiers see the *extended* vector φ = (θ, formulas of θ). A formula may use formulas before it in the list.

use super::Parameter;
use crate::formula::{Formula, Jet, Jets};

/// A named formula of a model's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct FormulaParameter {
    /// Name.
    pub name: String,
    formula: Formula,
    /// Parameters it depends on in the end, ascending.
    roots: Vec<usize>,
    arguments: Vec<Argument>,
}

/// What a name in a formula stands for.
#[derive(Debug, Clone, PartialEq)]
enum Argument {
    /// A parameter: its index, and its place among the roots.
    Parameter(usize, usize),
    /// A formula: its index, and the places of its roots among ours.
    Formula(usize, Vec<usize>),
}

impl FormulaParameter {
    /// The text.
    pub fn text(&self) -> &str {
        self.formula.text()
    }

    pub(super) fn formula(&self) -> &Formula {
        &self.formula
    }

    /// Indices of the parameters it depends on, ascending.
    pub fn roots(&self) -> &[usize] {
        &self.roots
    }
}

/// Puts formulas in an order in which each uses only earlier ones: by name as far as possible. What is left of a
/// circle, or uses unknown names, is dropped: `spec::check` has refused it.
pub(super) fn link(mut waiting: Vec<(&str, Formula)>, parameters: &[Parameter]) -> Vec<FormulaParameter> {
    let mut out: Vec<FormulaParameter> = Vec::new();
    waiting.sort_by(|a, b| a.0.cmp(b.0));
    loop {
        let before = waiting.len();
        waiting.retain(|(name, formula)| match link_one(name, formula, parameters, &out) {
            Some(linked) => {
                out.push(linked);
                false
            }
            None => true,
        });
        if waiting.is_empty() || waiting.len() == before {
            return out;
        }
    }
}

/// What a name in a formula means: `Ok` the index of a parameter, `Err` that of an earlier formula.
pub(super) type Meaning = Result<usize, usize>;

/// The meaning of a name: an earlier formula, or a parameter.
pub(super) fn meaning(name: &str, parameters: &[Parameter], earlier: &[FormulaParameter]) -> Option<Meaning> {
    if let Some(at) = earlier.iter().position(|other| other.name == name) {
        return Some(Err(at));
    }
    // A vector of one bin may be written with or without its index.
    let of_name = |name: &str| parameters.iter().position(|p| p.name == name);
    of_name(name).or_else(|| of_name(&format!("{name}[0]"))).map(Ok)
}

fn link_one(
    name: &str,
    formula: &Formula,
    parameters: &[Parameter],
    earlier: &[FormulaParameter],
) -> Option<FormulaParameter> {
    link_to(name, formula, earlier, |argument| meaning(argument, parameters, earlier))
}

/// A formula whose names mean what `meaning` says; none where one means nothing.
pub(super) fn link_to(
    name: &str,
    formula: &Formula,
    earlier: &[FormulaParameter],
    meaning: impl Fn(&str) -> Option<Meaning>,
) -> Option<FormulaParameter> {
    let found = formula.names().iter().map(|name| meaning(name)).collect::<Option<Vec<Meaning>>>()?;
    let mut roots = Vec::new();
    for argument in &found {
        match *argument {
            Ok(at) => roots.push(at),
            Err(at) => roots.extend_from_slice(&earlier[at].roots),
        }
    }
    roots.sort_unstable();
    roots.dedup();
    let place = |root: usize| roots.partition_point(|&other| other < root);
    let argument = |found: Meaning| match found {
        Ok(at) => Argument::Parameter(at, place(at)),
        Err(at) => Argument::Formula(at, earlier[at].roots.iter().map(|&root| place(root)).collect()),
    };
    let arguments = found.into_iter().map(argument).collect();
    Some(FormulaParameter { name: name.to_owned(), formula: formula.clone(), roots, arguments })
}

/// For each formula, whether it is used: by a modifier (`by_modifiers`, one entry a formula), or by a formula that is.
pub(super) fn used(formulas: &[FormulaParameter], by_modifiers: Vec<bool>) -> Vec<bool> {
    let mut used = by_modifiers;
    for (at, formula) in formulas.iter().enumerate().rev() {
        let uses = |argument: &Argument| match argument {
            Argument::Formula(earlier, _) => Some(*earlier),
            Argument::Parameter(..) => None,
        };
        if used[at] {
            formula.arguments.iter().filter_map(uses).for_each(|earlier| used[earlier] = true);
        }
    }
    used
}

/// Writes 0 for the derivatives by one root that are not finite, as of √μ at μ = 0.
fn forget_infinite(jet: &mut Jet, place: usize) {
    let d = jet.gradient.len();
    let forget = |x: &mut f64| {
        if !x.is_finite() {
            *x = 0.0;
        }
    };
    forget(&mut jet.gradient[place]);
    for other in 0..d {
        forget(&mut jet.hessian[place * d + other]);
        forget(&mut jet.hessian[other * d + place]);
    }
}

/// Values of all formulas, and their derivatives by their roots. Scratch space included: reuse it.
#[derive(Debug, Clone, Default)]
pub(crate) struct FormulaValues {
    stack: Vec<f64>,
    jets: Jets,
    /// One a formula.
    pub found: Vec<Jet>,
    /// Parameters that do not move, one a parameter, or none at all: infinite derivatives by them are of no importance.
    pub held: Vec<bool>,
    /// Formulas that nothing depends on, one entry each, or none at all: these may have any value.
    pub idle: Vec<bool>,
}

impl FormulaValues {
    pub fn new(formulas: &[FormulaParameter]) -> Self {
        let jet = |formula: &FormulaParameter| {
            let d = formula.roots.len();
            Jet { value: 0.0, gradient: vec![0.0; d], hessian: vec![0.0; d * d] }
        };
        Self { found: formulas.iter().map(jet).collect(), ..Self::default() }
    }

    /// The values alone. Fails with the index of the first formula that is not finite and not idle; the others are computed
    /// all the same.
    pub fn values(&mut self, formulas: &[FormulaParameter], theta: &[f64]) -> Result<(), usize> {
        let mut bad = None;
        for (i, formula) in formulas.iter().enumerate() {
            let (earlier, rest) = self.found.split_at_mut(i);
            let value =
                formula.formula.value_on(&mut self.stack, |argument| match &formula.arguments[argument] {
                    Argument::Parameter(at, _) => theta[*at],
                    Argument::Formula(at, _) => earlier[*at].value,
                });
            rest[0].value = value;
            if !value.is_finite() && !self.is_idle(i) {
                bad = bad.or(Some(i));
            }
        }
        bad.map_or(Ok(()), Err)
    }

    pub fn is_idle(&self, formula: usize) -> bool {
        self.idle.get(formula).copied().unwrap_or(false)
    }

    /// Values and derivatives. Fails with the index of the first formula that is not idle where one of them is not finite;
    /// the others are computed all the same.
    pub fn derivatives(&mut self, formulas: &[FormulaParameter], theta: &[f64]) -> Result<(), usize> {
        let mut bad = None;
        for (i, formula) in formulas.iter().enumerate() {
            let (earlier, rest) = self.found.split_at_mut(i);
            self.jets.set_variables(formula.roots.len());
            let jet =
                formula.formula.jet(&mut self.jets, |argument, slot| match &formula.arguments[argument] {
                    Argument::Parameter(at, place) => slot.set_variable(theta[*at], *place),
                    Argument::Formula(at, map) => slot.set_mapped(&earlier[*at], map),
                });
            rest[0].value = jet.value;
            rest[0].gradient.copy_from_slice(&jet.gradient);
            rest[0].hessian.copy_from_slice(&jet.hessian);
            let value = jet.value;
            let jet = &mut rest[0];
            let is_held = |root: &usize| self.held.get(*root).copied().unwrap_or(false);
            for (place, _) in formula.roots.iter().enumerate().filter(|(_, root)| is_held(root)) {
                forget_infinite(jet, place);
            }
            let all = jet.gradient.iter().chain(&jet.hessian);
            let is_bad = !value.is_finite() || all.into_iter().any(|x| !x.is_finite());
            if is_bad && !self.is_idle(i) {
                bad = bad.or(Some(i));
            }
        }
        bad.map_or(Ok(()), Err)
    }
}
