//! −ln L of a model given data: value and gradient.
//!
//! The objective is −ln L minus a constant that depends on the data alone, so that it is a sum of deviances: small,
//! non-negative near the minimum, and free of cancellation even with auxiliary counts of 1e11.

use std::sync::Arc;

use super::chain::Extended;
use super::forward::{Forward, Zeros};
use super::hessian::HessianScratch;
use super::scales::Order;
use super::shifts;
use super::special::{ln_gamma_remainder, poisson_deviance, relaxed_deviance};
use super::{Data, Layout};
use crate::fit::{Curvature, EvalError, Objective};
use crate::linalg::{ArrowMatrix, ArrowStructure};
use crate::model::{Constraint, Model};

/// −ln L of a model and data, as an [`Objective`] (up to the constant that [`Nll::constant`] gives).
#[derive(Debug, Clone)]
pub struct Nll<'m> {
    pub(super) model: &'m Model,
    pub(super) data: Data,
    pub(super) layout: Arc<Layout>,
    /// Of the Hessian: a copy of this likelihood's own, because threads that count references to one and the same wait for
    /// each other.
    rows: Arc<ArrowStructure>,
    pub(super) extended: Extended,
    pub(super) forward: Forward,
    /// dNLL/dν a bin: 1 − n/ν, 0 where masked or clipped.
    pub(super) weight: Vec<f64>,
    pub(super) scratch: HessianScratch,
    /// Upstream derivatives of one cell's bins.
    cell: Vec<f64>,
    /// Derivatives that may still be taken outside the domain; no limit if none.
    pub(super) excursion: Option<usize>,
    /// Where bins go on below their observation, see [`Nll::relax`].
    pub(super) relaxed: Option<f64>,
}

/// The likelihood at one point, with all constants.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// −2 ln L of the bins.
    pub twice_nll_main: f64,
    /// −2 ln of the constraint terms.
    pub twice_nll_constraint: f64,
    /// Gradient of −2 ln L, one a parameter; NaN where one of them is not finite.
    pub gradient: Vec<f64>,
}

impl<'m> Nll<'m> {
    /// The likelihood of `data` under `model`.
    ///
    /// # Panics
    /// If the lengths of `data` do not fit the model.
    pub fn new(model: &'m Model, data: Data) -> Self {
        assert_eq!(data.main.len(), model.n_bins(), "one observation a bin");
        assert_eq!(data.masked.len(), model.n_bins(), "one mask a bin");
        assert_eq!(data.aux.len(), model.parameters().len(), "one auxiliary observation a parameter");
        let layout = model.layout();
        Self {
            model,
            forward: Forward::new(model, &layout),
            weight: vec![0.0; model.n_bins()],
            scratch: HessianScratch::new(model, &layout),
            extended: Extended::new(model, &layout),
            cell: Vec::new(),
            excursion: None,
            relaxed: None,
            rows: Arc::new(ArrowStructure::clone(&layout.structure)),
            layout,
            data,
        }
    }

    /// The model.
    pub fn model(&self) -> &'m Model {
        self.model
    }

    /// The data.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Other data for the same model; nothing is allocated.
    ///
    /// # Panics
    /// If the lengths of `data` do not fit the model.
    pub fn set_data(&mut self, data: &Data) {
        self.data.main.copy_from_slice(&data.main);
        self.data.aux.copy_from_slice(&data.aux);
        self.data.masked.copy_from_slice(&data.masked);
    }

    /// Says which parameters do not move, until told otherwise: where a formula has an infinite derivative by one of them
    /// (√μ at μ = 0), it counts as 0. One entry a parameter.
    pub fn hold(&mut self, held: &[bool]) {
        self.extended.values.held.clear();
        self.extended.values.held.extend_from_slice(held);
    }

    /// Value and first derivatives (by parameter) of the model's formulas at `theta`; not finite outside their domain.
    pub fn formula_slopes(&mut self, theta: &[f64]) -> Vec<(f64, Vec<(usize, f64)>)> {
        let _ = self.extended.set(self.model, theta, true);
        let slopes = |(at, formula): (usize, &crate::model::FormulaParameter)| {
            let value = self.extended.phi[theta.len() + at];
            let gradient = self.extended.values.found[at].gradient.iter().copied();
            (value, formula.roots().iter().copied().zip(gradient).collect())
        };
        self.model.formulas().iter().enumerate().map(slopes).collect()
    }

    /// What is to be added to the objective's value to get −ln L with all constants.
    pub fn constant(&self) -> f64 {
        self.constant_main() + self.constant_constraint()
    }

    fn constant_main(&self) -> f64 {
        let bins = self.data.main.iter().zip(&self.data.masked);
        bins.filter(|(_, masked)| !**masked).map(|(&n, _)| ln_gamma_remainder(n)).sum()
    }

    fn constant_constraint(&self) -> f64 {
        let single: f64 = self.constraints().map(|(_, constraint, aux)| constraint.constant(aux)).sum();
        single + self.model.blocks.iter().map(|block| block.constant).sum::<f64>()
    }

    /// (parameter, constraint, auxiliary observation) of every parameter.
    fn constraints(&self) -> impl Iterator<Item = (usize, Constraint, f64)> + '_ {
        let parameters = self.model.parameters().iter().zip(&self.data.aux).enumerate();
        parameters.map(|(i, (parameter, &aux))| (i, parameter.constraint, aux))
    }

    /// The expected events a bin at `theta`, all channels in the model's order; not finite where a formula is not.
    pub fn expected(&mut self, theta: &[f64]) -> &[f64] {
        // Where a formula is not finite, neither are the bins that depend on it.
        let _ = self.extended.set(self.model, theta, false);
        self.forward.run(self.model, &self.extended.phi, Order::Value);
        &self.forward.nu
    }

    /// The values of the model's formulas at `theta`, in the model's order; not finite outside a formula's domain.
    pub fn formulas(&mut self, theta: &[f64]) -> &[f64] {
        let _ = self.extended.set(self.model, theta, false);
        &self.extended.phi[theta.len()..]
    }

    /// Value, split in bins and constraints, and gradient, with all constants: for people and tests.
    ///
    /// # Errors
    /// Where the likelihood is not finite.
    pub fn evaluate(&mut self, theta: &[f64]) -> Result<Evaluation, EvalError> {
        let mut gradient = vec![0.0; self.n_params()];
        if let Err(error) = self.gradient(theta, &mut gradient) {
            // A derivative may be missing where the value is not.
            self.value(theta).map_err(|_| error)?;
            gradient.fill(f64::NAN);
        }
        gradient.iter_mut().for_each(|g| *g *= 2.0);
        let main = self.main_terms()? + self.constant_main();
        let constraint = self.constraint_terms(theta)? + self.constant_constraint();
        Ok(Evaluation { twice_nll_main: 2.0 * main, twice_nll_constraint: 2.0 * constraint, gradient })
    }

    /// Sum of the bins' deviances at the current expectation.
    fn main_terms(&self) -> Result<f64, EvalError> {
        let bins = self.data.main.iter().zip(&self.forward.nu).zip(&self.data.masked);
        let bins = bins.filter(|(_, masked)| !**masked).map(|((&n, &nu), _)| (n, nu));
        let sum: f64 = match self.relaxed {
            None => bins.map(|(n, nu)| poisson_deviance(n, nu)).sum(),
            Some(part) => bins.map(|(n, nu)| relaxed_deviance(n, nu, part)[0]).sum(),
        };
        if !sum.is_finite() {
            return Err(self.culprit());
        }
        if self.is_too_far() { Err(EvalError::CalledBack) } else { Ok(sum) }
    }

    fn constraint_terms(&self, theta: &[f64]) -> Result<f64, EvalError> {
        let mut sum = 0.0;
        for (i, constraint, aux) in self.constraints() {
            sum += constraint.value(theta[i], aux);
        }
        for block in &self.model.blocks {
            sum += block.value(theta, &self.data.aux);
        }
        if sum.is_finite() {
            return Ok(sum);
        }
        let (name, value) = self
            .constraints()
            .find(|(i, constraint, aux)| !constraint.value(theta[*i], *aux).is_finite())
            .map_or(("(sum)", f64::NAN), |(i, ..)| (self.model.parameters()[i].name.as_str(), theta[i]));
        if value.is_finite() && value <= 0.0 {
            return Err(EvalError::ConstraintDomain { parameter: name.to_owned(), value });
        }
        Err(EvalError::NotFinite { what: format!("the constraint of parameter `{name}`") })
    }

    /// dNLL/dν of every bin, 0 where the bin does not count or does not move.
    pub(super) fn fill_weights(&mut self) {
        for (bin, weight) in self.weight.iter_mut().enumerate() {
            let (n, nu) = (self.data.main[bin], self.forward.nu[bin]);
            *weight = if self.data.masked[bin] {
                0.0
            } else if n == 0.0 {
                1.0
            } else if let Some(part) = self.relaxed {
                relaxed_deviance(n, nu, part)[1]
            } else {
                1.0 - n / nu
            };
        }
        for (weight, keep) in self.weight.iter_mut().zip(&self.forward.keep_bin) {
            *weight *= keep;
        }
    }

    /// Adds Σ_b upstream_b ∂ν_b/∂φ to `gradient`: the pull-back of a derivative by ν to the extended vector.
    pub(super) fn pull_to_extended(&mut self, upstream: &[f64], gradient: &mut [f64]) {
        let mut weights = std::mem::take(&mut self.cell);
        self.pull_cells(upstream, &mut weights, gradient);
        self.cell = weights;
    }

    fn pull_cells(&self, upstream: &[f64], weights: &mut Vec<f64>, gradient: &mut [f64]) {
        let phi = &self.extended.phi;
        let structure = &self.model.structure;
        for (cell, scale) in structure.cells.iter().zip(&self.forward.cells) {
            self.cell_weights(cell, upstream, weights);
            let n = cell.n_bins();
            let range = cell.nominal..cell.nominal + n;
            let additive = &self.forward.additive[range.clone()];
            let bin_scale = &self.forward.bin_scale[range];
            let m = scale.value();
            self.bin_scale_gradient(cell, phi, m, weights, gradient);
            for (w, l) in weights.iter_mut().zip(bin_scale) {
                *w *= l;
            }
            let sum: f64 = weights.iter().zip(additive).map(|(w, a)| w * a).sum();
            match scale.zeros {
                Zeros::None => {
                    for i in cell.scales.clone() {
                        gradient[structure.scales[i].param] += m * self.forward.scales.slope()[i] * sum;
                    }
                }
                Zeros::One(i) => {
                    gradient[structure.scales[i].param] +=
                        scale.product * self.forward.scales.slope()[i] * sum;
                    continue;
                }
                Zeros::Two(..) | Zeros::More => continue,
            }
            let members = &structure.shifts[cell.shifts.clone()];
            let templates = shifts::templates(members, n, &self.model.templates.shifts);
            shifts::sums(members, &self.forward.bases, templates, weights, |at, basis, [s, d]| {
                gradient[structure.bases[members[at].basis].param] += m * (basis.s1 * s + basis.f1 * d);
            });
        }
    }

    /// The upstream derivative of a cell's bins, 0 where its yield is clipped.
    pub(super) fn cell_weights(&self, cell: &crate::model::Cell, upstream: &[f64], out: &mut Vec<f64>) {
        out.clear();
        out.extend_from_slice(&upstream[cell.bins.clone()]);
        if !self.forward.keep.is_empty() {
            let keep = &self.forward.keep[cell.nominal..cell.nominal + cell.n_bins()];
            out.iter_mut().zip(keep).for_each(|(w, keep)| *w *= keep);
        }
    }

    fn bin_scale_gradient(
        &self,
        cell: &crate::model::Cell,
        theta: &[f64],
        m: f64,
        weights: &[f64],
        gradient: &mut [f64],
    ) {
        let firsts = &self.model.structure.bin_scales[cell.bin_scales.clone()];
        for (entry, &first) in firsts.iter().enumerate() {
            for (b, w) in weights.iter().enumerate() {
                let others = others_product(firsts, entry, b, theta);
                gradient[first + b] += m * w * others * self.forward.additive[cell.nominal + b];
            }
        }
    }

    /// The gradient, with the derivatives of the factors up to `order`.
    fn gradient_and(&mut self, theta: &[f64], order: Order, gradient: &mut [f64]) -> Result<f64, EvalError> {
        self.extended.set(self.model, theta, true)?;
        self.forward.run(self.model, &self.extended.phi, order);
        let value = self.main_terms()? + self.constraint_terms(theta)?;
        self.count_excursion();
        self.fill_weights();
        for (i, constraint, aux) in self.constraints() {
            gradient[i] = constraint.derivatives(theta[i], aux)[0];
        }
        for block in &self.model.blocks {
            block.add_gradient(theta, &self.data.aux, gradient);
        }
        let weight = std::mem::take(&mut self.weight);
        if self.model.formulas().is_empty() {
            self.pull_to_extended(&weight, gradient);
        } else {
            let mut by_phi = std::mem::take(&mut self.extended.gradient);
            by_phi.fill(0.0);
            self.pull_to_extended(&weight, &mut by_phi);
            self.extended.pull_gradient(self.model, &by_phi, gradient);
            self.extended.gradient = by_phi;
        }
        self.weight = weight;
        // A derivative may overflow where the value does not: next to a factor of nearly zero, through a formula.
        match gradient.iter().position(|slope| !slope.is_finite()) {
            Some(at) => {
                let name = &self.model.parameters()[at].name;
                Err(EvalError::NotFinite { what: format!("the derivative by parameter `{name}`") })
            }
            None => Ok(value),
        }
    }
}

/// Product of a cell's factors on bin `b`, without the one at `entry`.
#[inline]
pub(super) fn others_product(firsts: &[usize], entry: usize, b: usize, theta: &[f64]) -> f64 {
    let others = firsts.iter().enumerate().filter(|(other, _)| *other != entry);
    others.map(|(_, &first)| theta[first + b]).product()
}

impl Objective for Nll<'_> {
    fn n_params(&self) -> usize {
        self.model.parameters().len()
    }

    fn value(&mut self, theta: &[f64]) -> Result<f64, EvalError> {
        self.extended.set(self.model, theta, false)?;
        self.forward.run(self.model, &self.extended.phi, Order::Value);
        Ok(self.main_terms()? + self.constraint_terms(theta)?)
    }

    fn gradient(&mut self, theta: &[f64], gradient: &mut [f64]) -> Result<f64, EvalError> {
        self.gradient_and(theta, Order::Slope, gradient)
    }

    fn hessian(
        &mut self,
        theta: &[f64],
        curvature: Curvature,
        gradient: &mut [f64],
        hessian: &mut ArrowMatrix,
    ) -> Result<f64, EvalError> {
        let order = if curvature == Curvature::Exact { Order::Bend } else { Order::Slope };
        let value = self.gradient_and(theta, order, gradient)?;
        match self.extended.hessian.take() {
            None => self.second_derivatives(curvature, hessian),
            Some(mut inner) => {
                self.second_derivatives(curvature, &mut inner);
                self.extended.hessian = Some(inner);
                self.extended.pull_hessian(self.model, curvature == Curvature::Exact, hessian);
                // Slopes of formulas may be so large that their squares overflow.
                if !hessian.is_finite() {
                    return Err(EvalError::NotFinite {
                        what: "a second derivative through a formula".to_owned(),
                    });
                }
            }
        }
        for block in &self.model.blocks {
            let n = block.members.len();
            for (i, &row) in block.members.iter().enumerate() {
                for (j, &column) in block.members[..=i].iter().enumerate() {
                    hessian.add_shared(row, column, block.precision[i * n + j]);
                }
            }
        }
        for (i, constraint, aux) in self.constraints() {
            let second = constraint.derivatives(theta[i], aux)[1];
            let keep = curvature == Curvature::Exact || second > 0.0;
            hessian.add_diagonal(i, if keep { second } else { 0.0 });
        }
        Ok(value)
    }

    fn new_hessian(&self) -> ArrowMatrix {
        ArrowMatrix::zeros(Arc::clone(&self.rows))
    }
}
