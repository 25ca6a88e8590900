//! Back to the templates: derivatives by expected yields, and by their Jacobian, become derivatives by templates.
//!
//! Yields and Jacobian are linear in the templates: ν_b = Σ_s M L_b A_b and J_bp = Σ_s [∂_p(M L_b) A_b + M L_b a_pb] with
//! A = nominal + Σ (s S + f D) and a_p = s' S + f' D. By the envelope theorem the derivative of a minimum of −ln L is
//! the pull-back of dNLL/dν there: what a training loss needs, without differentiating through the fit.

use super::Nll;
use super::nll::others_product;
use super::scales::Order;
use crate::fit::{EvalError, Objective};
use crate::model::{Cell, Templates};

impl Nll<'_> {
    /// dNLL/dν of every bin at `theta`: 1 − n/ν, and 0 where the bin is masked or clipped.
    ///
    /// # Errors
    /// Where the likelihood has no value.
    pub fn slopes_by_yield(&mut self, theta: &[f64]) -> Result<&[f64], EvalError> {
        self.value(theta)?;
        self.fill_weights();
        Ok(&self.weight)
    }

    /// ∂ν_b/∂θ_p at `theta` into `jacobian`: bins × parameters, row-major. Returns ν, events a bin.
    ///
    /// # Errors
    /// Where a formula of the model has no value or no derivative.
    ///
    /// # Panics
    /// If `jacobian` has not bins × parameters entries.
    pub fn jacobian(&mut self, theta: &[f64], jacobian: &mut [f64]) -> Result<&[f64], EvalError> {
        let (n, n_bins) = (theta.len(), self.model.n_bins());
        assert_eq!(jacobian.len(), n * n_bins, "bins × parameters");
        self.forward_with_slopes(theta)?;
        jacobian.fill(0.0);
        let mut upstream = vec![0.0; n_bins];
        let mut by_phi = vec![0.0; self.model.n_extended()];
        for (bin, row) in jacobian.chunks_exact_mut(n.max(1)).enumerate() {
            upstream[bin] = self.forward.keep_bin.get(bin).copied().unwrap_or(1.0);
            by_phi.fill(0.0);
            self.pull_to_extended(&upstream, &mut by_phi);
            self.extended.pull_gradient(self.model, &by_phi, row);
            upstream[bin] = 0.0;
        }
        Ok(&self.forward.nu)
    }

    /// Adds to `out` the derivatives by the templates of something whose derivatives by the yields at `theta` are
    /// `by_yield`, one a bin.
    ///
    /// # Errors
    /// Where a formula of the model has no value.
    ///
    /// # Panics
    /// If lengths do not fit the model.
    pub fn pull_to_templates(
        &mut self,
        theta: &[f64],
        by_yield: &[f64],
        out: &mut Templates,
    ) -> Result<(), EvalError> {
        assert_eq!(by_yield.len(), self.model.n_bins(), "one derivative a bin");
        self.forward_with_slopes(theta)?;
        let mut by_additive = Vec::new();
        for (index, cell) in self.model.structure.cells.iter().enumerate() {
            let m = self.forward.cells[index].value();
            by_additive.clear();
            for (b, bin) in cell.bins.clone().enumerate() {
                let at = cell.nominal + b;
                by_additive.push(m * self.forward.bin_scale[at] * self.kept(at, bin) * by_yield[bin]);
            }
            self.add_to_templates(cell, &by_additive, out);
        }
        Ok(())
    }

    /// Adds to `out` the derivatives by the templates of something whose derivatives by the Jacobian ∂ν_b/∂θ_p at `theta`
    /// are `by_jacobian`, bins × parameters, row-major.
    ///
    /// # Errors
    /// Where a formula of the model has no value or no derivative.
    ///
    /// # Panics
    /// If lengths do not fit the model.
    pub fn pull_jacobian_to_templates(
        &mut self,
        theta: &[f64],
        by_jacobian: &[f64],
        out: &mut Templates,
    ) -> Result<(), EvalError> {
        assert_eq!(by_jacobian.len(), self.model.n_bins() * theta.len(), "bins × parameters");
        self.forward_with_slopes(theta)?;
        let extended = self.push_to_extended(theta.len(), by_jacobian);
        let width = self.model.n_extended();
        let mut by_additive = Vec::new();
        for (index, cell) in self.model.structure.cells.iter().enumerate() {
            by_additive.clear();
            by_additive.resize(cell.n_bins(), 0.0);
            self.jacobian_by_additive(index, cell, &extended, width, &mut by_additive);
            self.add_to_templates(cell, &by_additive, out);
            self.jacobian_by_shifts(index, cell, &extended, width, out);
        }
        Ok(())
    }

    pub(super) fn forward_with_slopes(&mut self, theta: &[f64]) -> Result<(), EvalError> {
        self.extended.set(self.model, theta, true)?;
        self.forward.run(self.model, &self.extended.phi, Order::Slope);
        Ok(())
    }

    /// 0 where the sample's yield (`at` in the templates) or the whole bin is clipped, else 1.
    fn kept(&self, at: usize, bin: usize) -> f64 {
        let sample = self.forward.keep.get(at).copied().unwrap_or(1.0);
        sample * self.forward.keep_bin.get(bin).copied().unwrap_or(1.0)
    }

    /// Derivatives by J_bφ from those by J_bθ: each formula collects what its arguments get.
    fn push_to_extended(&self, n: usize, by_jacobian: &[f64]) -> Vec<f64> {
        let formulas = self.model.formulas();
        let mut out = Vec::with_capacity(self.model.n_bins() * (n + formulas.len()));
        for row in by_jacobian.chunks_exact(n.max(1)) {
            out.extend_from_slice(row);
            for (formula, jet) in formulas.iter().zip(&self.extended.values.found) {
                out.push(
                    formula.roots().iter().zip(&jet.gradient).map(|(&root, slope)| row[root] * slope).sum(),
                );
            }
        }
        out
    }

    /// Through A: Σ_p U_bp ∂_p(M L_b).
    fn jacobian_by_additive(
        &self,
        index: usize,
        cell: &Cell,
        upstream: &[f64],
        width: usize,
        out: &mut [f64],
    ) {
        let structure = &self.model.structure;
        let m = self.forward.cells[index].value();
        let firsts = &structure.bin_scales[cell.bin_scales.clone()];
        for (b, bin) in cell.bins.clone().enumerate() {
            let at = cell.nominal + b;
            let row = &upstream[bin * width..(bin + 1) * width];
            let scales = cell
                .scales
                .clone()
                .map(|i| self.forward.scale_slope(index, i) * row[structure.scales[i].param]);
            let mut sum = self.forward.bin_scale[at] * scales.sum::<f64>();
            for (entry, &first) in firsts.iter().enumerate() {
                sum += m * others_product(firsts, entry, b, &self.extended.phi) * row[first + b];
            }
            out[b] = sum * self.kept(at, bin);
        }
    }

    /// Through the slopes a_p of the shifts: M L_b U_bp (s', f').
    fn jacobian_by_shifts(
        &self,
        index: usize,
        cell: &Cell,
        upstream: &[f64],
        width: usize,
        out: &mut Templates,
    ) {
        let (structure, n) = (&self.model.structure, cell.n_bins());
        let m = self.forward.cells[index].value();
        for shift in &structure.shifts[cell.shifts.clone()] {
            let (basis, param) = (&self.forward.bases[shift.basis], structure.bases[shift.basis].param);
            let (s, d) = out.shifts[shift.at..shift.at + 2 * n].split_at_mut(n);
            for (b, bin) in cell.bins.clone().enumerate() {
                let at = cell.nominal + b;
                let factor =
                    m * self.forward.bin_scale[at] * self.kept(at, bin) * upstream[bin * width + param];
                s[b] += basis.s1 * factor;
                d[b] += basis.f1 * factor;
            }
        }
    }

    /// From derivatives by A, one a bin of the cell: A = nominal + Σ (s S + f D).
    fn add_to_templates(&self, cell: &Cell, by_additive: &[f64], out: &mut Templates) {
        let n = cell.n_bins();
        let nominal = &mut out.nominal[cell.nominal..cell.nominal + n];
        nominal.iter_mut().zip(by_additive).for_each(|(out, by)| *out += by);
        for shift in &self.model.structure.shifts[cell.shifts.clone()] {
            let basis = &self.forward.bases[shift.basis];
            let (s, d) = out.shifts[shift.at..shift.at + 2 * n].split_at_mut(n);
            for ((s, d), by) in s.iter_mut().zip(d).zip(by_additive) {
                *s += basis.s * by;
                *d += basis.f * by;
            }
        }
    }
}
