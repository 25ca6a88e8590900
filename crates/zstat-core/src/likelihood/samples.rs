//! Yields of single samples with their exact derivatives, for some bins of a channel at a time.

use std::ops::Range;

use super::Nll;
use super::nll::others_product;
use crate::fit::EvalError;
use crate::model::Cell;

/// The yields of all samples at one point, and their derivatives on demand; see [`Nll::samples`].
#[derive(Debug)]
pub struct Samples<'n, 'm> {
    nll: &'n Nll<'m>,
    by_phi: Vec<f64>,
}

impl<'m> Nll<'m> {
    /// The yields of all samples at `theta`.
    ///
    /// # Errors
    /// Where a formula of the model has no value or no derivative.
    pub fn samples(&mut self, theta: &[f64]) -> Result<Samples<'_, 'm>, EvalError> {
        self.forward_with_slopes(theta)?;
        Ok(Samples { by_phi: vec![0.0; self.model.n_extended()], nll: self })
    }
}

impl Samples<'_, '_> {
    /// ν, events a bin, of all bins of the model: what the samples add up to, clipped where the model says so.
    pub fn expected(&self) -> &[f64] {
        &self.nll.forward.nu
    }

    /// 0 where the model's bin is clipped, so that its expectation does not move with the samples; else 1.
    pub fn moves(&self, bin: usize) -> f64 {
        self.nll.forward.keep_bin.get(bin).copied().unwrap_or(1.0)
    }

    /// Events of a sample in some bins of its channel, counted from the channel's first, and ∂/∂θ of each: `jacobian` is
    /// bins × parameters, row-major. A sample that the model clips has its floor, and derivative 0.
    ///
    /// # Panics
    /// If there is no such channel, sample or bin, or if lengths do not fit.
    pub fn fill(
        &mut self,
        channel: usize,
        sample: usize,
        bins: Range<usize>,
        yields: &mut [f64],
        jacobian: &mut [f64],
    ) {
        let model = self.nll.model;
        let cells = model.structure.channel_cells[channel].clone();
        assert!(sample < cells.len(), "a sample of the channel");
        let n = model.parameters().len();
        assert_eq!((yields.len(), jacobian.len()), (bins.len(), bins.len() * n), "bins, bins × parameters");
        let index = cells.start + sample;
        let cell = &model.structure.cells[index];
        assert!(bins.end <= cell.n_bins(), "bins of the channel");
        let forward = &self.nll.forward;
        let m = forward.cells[index].value();
        for (row, bin) in bins.enumerate() {
            let at = cell.nominal + bin;
            let rate = m * (forward.bin_scale[at] * forward.additive[at]);
            yields[row] = model.clip_samples.map_or(rate, |floor| rate.max(floor));
            self.by_phi.fill(0.0);
            if forward.keep.get(at).copied().unwrap_or(1.0) != 0.0 {
                slopes(self.nll, index, cell, bin, &mut self.by_phi);
            }
            let jacobian = &mut jacobian[row * n..(row + 1) * n];
            jacobian.fill(0.0);
            self.nll.extended.pull_gradient(model, &self.by_phi, jacobian);
        }
    }
}

/// Adds ∂(M L_b A_b)/∂φ of one bin of a cell.
fn slopes(nll: &Nll<'_>, index: usize, cell: &Cell, bin: usize, out: &mut [f64]) {
    let (structure, templates, forward) = (&nll.model.structure, &nll.model.templates, &nll.forward);
    let at = cell.nominal + bin;
    let (m, l, a) = (forward.cells[index].value(), forward.bin_scale[at], forward.additive[at]);
    for i in cell.scales.clone() {
        out[structure.scales[i].param] += forward.scale_slope(index, i) * l * a;
    }
    for shift in &structure.shifts[cell.shifts.clone()] {
        let (basis, param) = (&forward.bases[shift.basis], structure.bases[shift.basis].param);
        let (s, d) = (templates.shifts[shift.at + bin], templates.shifts[shift.at + cell.n_bins() + bin]);
        out[param] += m * l * (basis.s1 * s + basis.f1 * d);
    }
    let firsts = &structure.bin_scales[cell.bin_scales.clone()];
    for (entry, &first) in firsts.iter().enumerate() {
        out[first + bin] += m * others_product(firsts, entry, bin, &nll.extended.phi) * a;
    }
}
