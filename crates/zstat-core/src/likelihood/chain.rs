//! The outer layer of formula parameters: the chain rule from the extended vector φ = (θ, formulas) back to θ.
//!
//! With P = ∂φ/∂θ: gradient Pᵀ g_φ, Hessian Pᵀ H_φ P + Σ_f g_f ∂²f. The inner Hessian has the formulas as its last
//! shared rows; the local rows stay what they are, only their border changes.
//!
//! Formulas that drive nothing are worked out for those who ask, and are no part of the likelihood or its domain.

use std::sync::Arc;

use super::Layout;
use crate::fit::EvalError;
use crate::linalg::{ArrowMatrix, ArrowStructure, Group, Place};
use crate::model::{FormulaValues, Model};

/// The extended vector at a point, with scratch space for its derivatives.
#[derive(Debug, Clone)]
pub(super) struct Extended {
    /// θ, then the formulas' values.
    pub phi: Vec<f64>,
    pub values: FormulaValues,
    /// ∂NLL/∂φ; empty without formulas.
    pub gradient: Vec<f64>,
    /// The Hessian by φ; none without formulas.
    pub hessian: Option<ArrowMatrix>,
}

impl Extended {
    pub fn new(model: &Model, layout: &Layout) -> Self {
        let n = model.n_extended();
        let any = !model.formulas().is_empty();
        let mut values = FormulaValues::new(model.formulas());
        values.idle = model.driving().into_iter().map(|driving| !driving).collect();
        Self {
            phi: vec![0.0; n],
            values,
            gradient: vec![0.0; if any { n } else { 0 }],
            hessian: any.then(|| ArrowMatrix::zeros(Arc::clone(&layout.inner))),
        }
    }

    /// Moves to `theta`.
    pub fn set(&mut self, model: &Model, theta: &[f64], derivatives: bool) -> Result<(), EvalError> {
        let n = theta.len();
        self.phi[..n].copy_from_slice(theta);
        let formulas = model.formulas();
        if formulas.is_empty() {
            return Ok(());
        }
        let found = if derivatives {
            self.values.derivatives(formulas, theta)
        } else {
            self.values.values(formulas, theta)
        };
        for (phi, jet) in self.phi[n..].iter_mut().zip(&self.values.found) {
            *phi = jet.value;
        }
        found.map_err(|at| {
            let what = if self.values.found[at].value.is_finite() { "a derivative of" } else { "" };
            let name = &formulas[at].name;
            EvalError::NotFinite { what: format!("{what} the formula of `{name}`").trim_start().to_owned() }
        })
    }

    /// Pᵀ of a gradient by φ, added to one by θ.
    pub fn pull_gradient(&self, model: &Model, by_phi: &[f64], gradient: &mut [f64]) {
        let n = gradient.len();
        gradient.iter_mut().zip(by_phi).for_each(|(g, inner)| *g += inner);
        for (at, formula) in model.formulas().iter().enumerate().filter(|(at, _)| !self.values.is_idle(*at)) {
            let (jet, slope) = (&self.values.found[at], by_phi[n + at]);
            for (&root, derivative) in formula.roots().iter().zip(&jet.gradient) {
                gradient[root] += slope * derivative;
            }
        }
    }

    /// The Hessian by θ from the one by φ in `self`; with `exact`, second derivatives of the formulas count.
    pub fn pull_hessian(&self, model: &Model, exact: bool, out: &mut ArrowMatrix) {
        let Some(inner) = &self.hessian else { return };
        self.pull_dense(model, inner, exact, out);
        let groups = inner.structure().groups().iter().zip(&inner.groups);
        for (at, (from, values)) in groups.enumerate() {
            self.pull_group(model, from, values, at, out);
        }
    }

    fn pull_dense(&self, model: &Model, inner: &ArrowMatrix, exact: bool, out: &mut ArrowMatrix) {
        let structure = Arc::clone(out.structure());
        let n = structure.shared().len();
        let m = n + model.formulas().len();
        for row in 0..n {
            out.shared[row * n..row * n + row + 1].copy_from_slice(&inner.shared[row * m..row * m + row + 1]);
        }
        let rows = |formula: usize| {
            let roots = model.formulas()[formula].roots().iter();
            roots.filter_map(|&root| match structure.places()[root] {
                Place::Shared(row) => Some(row),
                Place::Local { .. } => None,
            })
        };
        let driving = || (0..m - n).filter(|&f| !self.values.is_idle(f));
        for f in driving() {
            let jet = &self.values.found[f];
            let w = &inner.shared[(n + f) * m..];
            for (row, slope) in rows(f).zip(&jet.gradient) {
                for (column, &value) in w[..n].iter().enumerate() {
                    let twice = if row == column { 2.0 } else { 1.0 };
                    out.shared[row.max(column) * n + row.min(column)] += twice * slope * value;
                }
            }
            for g in driving() {
                let value = inner.shared[(n + f.max(g)) * m + n + f.min(g)];
                for (row, left) in rows(f).zip(&jet.gradient) {
                    for (column, right) in rows(g).zip(&self.values.found[g].gradient) {
                        if row >= column {
                            out.shared[row * n + column] += value * left * right;
                        }
                    }
                }
            }
            if exact {
                let slope = self.gradient[model.parameters().len() + f];
                let d = jet.gradient.len();
                for (i, row) in rows(f).enumerate() {
                    for (j, column) in rows(f).enumerate().take(i + 1) {
                        out.shared[row * n + column] += slope * jet.hessian[i * d + j];
                    }
                }
            }
        }
    }

    fn pull_group(
        &self,
        model: &Model,
        from: &Group,
        values: &crate::linalg::GroupValues,
        at: usize,
        out: &mut ArrowMatrix,
    ) {
        let structure = Arc::clone(out.structure());
        let (n, border) = (structure.shared().len(), &structure.groups()[at].border);
        let column_of = |row: usize| border.partition_point(|&other| other < row);
        let target = &mut out.groups[at];
        target.blocks.copy_from_slice(&values.blocks);
        target.coupling.fill(0.0);
        for (column, &row) in from.border.iter().enumerate() {
            let entries = values.coupling.iter().skip(column).step_by(from.border.len());
            if row < n {
                let to = column_of(row);
                for (entry, line) in entries.zip(target.coupling.chunks_exact_mut(border.len())) {
                    line[to] += entry;
                }
                continue;
            }
            let (formula, jet) = (&model.formulas()[row - n], &self.values.found[row - n]);
            for (entry, line) in entries.zip(target.coupling.chunks_exact_mut(border.len().max(1))) {
                for (&root, slope) in formula.roots().iter().zip(&jet.gradient) {
                    if let Place::Shared(row) = structure.places()[root] {
                        line[column_of(row)] += slope * entry;
                    }
                }
            }
        }
    }
}

/// The structure of the Hessian by θ, from that of the one by φ.
pub(super) fn outer_structure(model: &Model, inner: &ArrowStructure) -> ArrowStructure {
    let n = model.parameters().len();
    let shared: Vec<usize> = inner.shared().iter().copied().filter(|&row| row < n).collect();
    let row_of = |parameter: usize| shared.partition_point(|&other| other < parameter);
    let group = |group: &Group| {
        let mut border = Vec::new();
        for &row in &group.border {
            match row.checked_sub(shared.len()) {
                None => border.push(row),
                Some(formula) => border.extend(model.formulas()[formula].roots().iter().map(|&r| row_of(r))),
            }
        }
        border.sort_unstable();
        border.dedup();
        Group { border, ..group.clone() }
    };
    let groups = inner.groups().iter().map(group).collect();
    ArrowStructure::new(n, shared, groups)
}
