//! Parameters of a model: what the fit moves.

use super::Constraint;

/// Position of a parameter in the model's parameter list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamIdx(pub usize);

/// One parameter; a vector parameter (shapesys, staterror, shapefactor) is one of these a bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name; of a vector parameter `name[i]`.
    pub name: String,
    /// Which of the model's `sets` it belongs to.
    pub set: usize,
    /// Start value.
    pub init: f64,
    /// Lower and upper bound.
    pub bounds: [f64; 2],
    /// Kept at its start value by the spec (or because it has no effect, as a γ of an empty bin).
    pub fixed: bool,
    /// Constraint term.
    pub constraint: Constraint,
}

/// A named parameter: one value, or one a bin.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSet {
    /// Name, as in the spec.
    pub name: String,
    /// Index of its first parameter.
    pub first: usize,
    /// Number of parameters.
    pub len: usize,
    /// Spelled `name[i]` (a vector kind), rather than `name`.
    pub vector: bool,
    /// Kinds of the modifiers it drives, sorted.
    pub kinds: Vec<&'static str>,
}
