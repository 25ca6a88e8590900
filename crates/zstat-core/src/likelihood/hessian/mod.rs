//! Second derivatives of −ln L, in closed form.
//!
//! ```text
//! H = Σ_b (n_b/ν_b²) J_b J_bᵀ + Σ_b w_b Σ_s ∂²ν_sb + constraints,      w_b = 1 − n_b/ν_b
//! ```
//!
//! With g the logarithmic slopes of a cell's scales and a_b the slopes of its shifts, the second sum of a cell is
//! C g gᵀ + ã gᵀ + g ãᵀ + diagonal, where C = Σ_b w_b ν_sb and ã = Σ_b w_b M L_b a_b: g does not depend on the bin. Both
//! sums are of the form x yᵀ + y xᵀ, one row for each bin (x = ½ n/ν² J, y = J) and one for each cell (x = ½ C g + ã, y = g),
//! so that the whole of a channel is one matrix product. Factors on single bins (`bins`) add a row a bin, kept apart for
//! local parameters.

mod bins;

use super::forward::Zeros;
use super::special::relaxed_deviance;
use super::{Layout, Nll};
use crate::fit::Curvature;
use crate::linalg::dense::{add_product_tn, axpy};
use crate::linalg::{ArrowMatrix, GroupValues, Run};
use crate::model::{Cell, Model};

/// So many rows make a product worth its overhead.
const MANY: usize = 64;

/// Scratch space, sized for the largest channel.
#[derive(Debug, Clone, Default)]
pub(crate) struct HessianScratch {
    /// Rows y: from `base` on the channel's Jacobian, then one row a cell.
    y: Vec<f64>,
    /// Rows x.
    x: Vec<f64>,
    base: usize,
    /// Rows of earlier channels, bordered by all shared rows, that wait for their product.
    pending: usize,
    /// Σ xᵀy, to which its transpose is added in the end: border × border from `origin` on, with rows `stride` apart. Where
    /// the border is one run of rows, the matrix' own dense block stands here while the channel is worked on.
    z: Vec<f64>,
    origin: usize,
    stride: usize,
    /// M a_b g + M a_pb of one cell: bins × border.
    slopes: Vec<f64>,
    /// g of one cell.
    g: Vec<f64>,
    /// Σ_b w_b M L_b a_pb of one cell.
    tilde: Vec<f64>,
    /// ∂ν/∂γ of the channel's local parameters.
    local: Vec<f64>,
    /// w_b of one cell's bins.
    weights: Vec<f64>,
    /// 0 where the cell's yield is clipped, else 1.
    keep: Vec<f64>,
}

impl HessianScratch {
    pub fn new(model: &Model, layout: &Layout) -> Self {
        let mut size = [0_usize; 6];
        for (c, channel) in model.channels().iter().enumerate() {
            let (k, n) = (layout.borders[c].len(), channel.bins.len());
            let rows = n + model.structure.channel_cells[c].len();
            let locals = layout.groups[c].map_or(0, |g| layout.inner.groups()[g].locals.len());
            let rows = if layout.is_whole(c) { MANY + rows } else { rows };
            for (size, needed) in size.iter_mut().zip([rows * k, k * k, n * k, k, locals, n]) {
                *size = (*size).max(needed);
            }
        }
        let zeros = |n: usize| vec![0.0; n];
        Self {
            y: zeros(size[0]),
            x: zeros(size[0]),
            base: 0,
            pending: 0,
            z: zeros(size[1]),
            origin: 0,
            stride: 0,
            slopes: zeros(size[2]),
            g: zeros(size[3]),
            tilde: zeros(size[3]),
            local: zeros(size[4]),
            weights: zeros(size[5]),
            keep: zeros(size[5]),
        }
    }
}

impl HessianScratch {
    /// The product of the rows that wait, added to the dense block.
    fn multiply_pending(&mut self, hessian: &mut ArrowMatrix) {
        let rows = std::mem::take(&mut self.pending);
        let k = hessian.structure().shared().len();
        if rows > 0 {
            add_product_tn(&self.x, &self.y, rows, k, &mut hessian.shared, k);
        }
    }
}

impl Nll<'_> {
    /// Fills `hessian` with the derivatives of the Poisson terms; `forward` and `weight` stand at the point.
    pub(super) fn second_derivatives(&mut self, curvature: Curvature, hessian: &mut ArrowMatrix) {
        hessian.clear();
        let mut scratch = std::mem::take(&mut self.scratch);
        for channel in 0..self.model.channels().len() {
            self.channel(channel, curvature == Curvature::Exact, &mut scratch, hessian);
        }
        scratch.multiply_pending(hessian);
        self.scratch = scratch;
        hessian.symmetrise_shared();
    }

    fn channel(&self, channel: usize, exact: bool, scratch: &mut HessianScratch, hessian: &mut ArrowMatrix) {
        let bins = self.model.channels()[channel].bins.clone();
        let (n, k) = (bins.len(), self.layout.borders[channel].len());
        let cells = self.model.structure.channel_cells[channel].clone();
        let rows = n + if exact { cells.len() } else { 0 };
        let whole = self.layout.is_whole(channel);
        if !whole || scratch.pending >= MANY {
            scratch.multiply_pending(hessian);
        }
        let base = scratch.pending;
        scratch.base = base;
        scratch.y[base * k..(base + rows) * k].fill(0.0);
        scratch.x[(base + n) * k..(base + rows) * k].fill(0.0);
        let runs = &self.layout.border_runs[channel];
        match runs.as_slice() {
            [run] => {
                std::mem::swap(&mut scratch.z, &mut hessian.shared);
                scratch.stride = self.layout.inner.shared().len();
                scratch.origin = run.row * (scratch.stride + 1);
            }
            _ => {
                (scratch.origin, scratch.stride) = (0, k);
                scratch.z[..k * k].fill(0.0);
            }
        }
        let group = self.layout.groups[channel];
        let n_locals = group.map_or(0, |g| self.layout.inner.groups()[g].locals.len());
        scratch.local[..n_locals].fill(0.0);
        let mut locals = group.map(|g| std::mem::take(&mut hessian.groups[g])).unwrap_or_default();
        for (row, index) in (base + n..).zip(cells) {
            self.cell(channel, index, exact.then_some(row), scratch, &mut locals);
        }
        for (row, bin) in (base..).zip(bins) {
            let d = self.bend_of_bin(bin, exact);
            let (x, y) = (&mut scratch.x[row * k..(row + 1) * k], &scratch.y[row * k..(row + 1) * k]);
            x.iter_mut().zip(y).for_each(|(x, y)| *x = 0.5 * d * y);
        }
        if whole {
            scratch.pending = base + rows;
        } else if k > 0 {
            let target = &mut scratch.z[scratch.origin..];
            add_product_tn(&scratch.x, &scratch.y, rows, k, target, scratch.stride);
        }
        if let Some(g) = group {
            self.add_local_squares(g, channel, exact, scratch, &mut locals);
            hessian.groups[g] = locals;
        }
        match runs.as_slice() {
            [_] => std::mem::swap(&mut scratch.z, &mut hessian.shared),
            _ => self.store(runs, k, &scratch.z, hessian),
        }
    }

    /// d²NLL/dν² of a bin, n/ν², or what is expected of it, 1/ν: 0 where the bin does not count or does not move, and
    /// without data even at ν = 0.
    fn bend_of_bin(&self, bin: usize, exact: bool) -> f64 {
        let (n, nu) = (self.data.main[bin], self.forward.nu[bin]);
        if self.data.masked[bin] {
            return 0.0;
        }
        let keep = self.forward.keep_bin.get(bin).copied().unwrap_or(1.0);
        if let Some(part) = self.relaxed.filter(|part| n > 0.0 && nu < part * n) {
            return keep * relaxed_deviance(n, nu, part)[2];
        }
        if (exact && n == 0.0) || (!exact && nu <= 0.0) {
            return 0.0;
        }
        if exact { keep * n / (nu * nu) } else { keep / nu }
    }

    /// One cell: its part of the Jacobian, and (where `row` is given) of the second sum.
    fn cell(
        &self,
        channel: usize,
        index: usize,
        row: Option<usize>,
        scratch: &mut HessianScratch,
        locals: &mut GroupValues,
    ) {
        let cell = &self.model.structure.cells[index];
        let (n, k) = (cell.n_bins(), self.layout.borders[channel].len());
        let range = cell.nominal..cell.nominal + n;
        self.cell_masks(cell, scratch);
        self.slopes_of_scales(cell, k, scratch);
        let scale = &self.forward.cells[index];
        let m = scale.value();
        let additive = &self.forward.additive[range.clone()];
        let bin_scale = &self.forward.bin_scale[range];
        let slopes = &mut scratch.slopes[..n * k];
        let g = &scratch.g[..k];
        // M a_b g, or with one vanishing factor what remains when it is differentiated.
        let (factor, only) = match scale.zeros {
            Zeros::None => (m, None),
            Zeros::One(z) => {
                (scale.product * self.forward.scales.slope()[z], Some(self.layout.scale_column[z]))
            }
            Zeros::Two(..) | Zeros::More => (0.0, None),
        };
        for (slopes, a) in slopes.chunks_exact_mut(k.max(1)).zip(additive) {
            slopes.fill(0.0);
            match only {
                None => axpy(factor * a, g, slopes),
                Some(column) => slopes[column] = factor * a,
            }
        }
        // Σ_b w_b L_b A_b, without M.
        let bare: f64 =
            scratch.weights[..n].iter().zip(additive).zip(bin_scale).map(|((w, a), l)| w * a * l).sum();
        self.slopes_of_shifts(cell, m, k, row.is_some(), scratch, bin_scale);
        for (b, slopes) in scratch.slopes[..n * k].chunks_exact(k.max(1)).enumerate() {
            let row = scratch.base + b;
            axpy(scratch.keep[b] * bin_scale[b], slopes, &mut scratch.y[row * k..(row + 1) * k]);
        }
        if let Some(row) = row {
            self.second_sum_row(cell, index, row, bare, k, scratch, bin_scale);
        }
        self.bin_scales(channel, cell, m, row.is_some(), scratch, locals);
    }

    fn cell_masks(&self, cell: &Cell, scratch: &mut HessianScratch) {
        let n = cell.n_bins();
        scratch.weights[..n].copy_from_slice(&self.weight[cell.bins.clone()]);
        scratch.keep[..n].fill(1.0);
        if !self.forward.keep.is_empty() {
            let keep = &self.forward.keep[cell.nominal..cell.nominal + n];
            scratch.keep[..n].copy_from_slice(keep);
            scratch.weights[..n].iter_mut().zip(keep).for_each(|(w, keep)| *w *= keep);
        }
    }

    /// g: the logarithmic slopes of the factors that do not vanish.
    fn slopes_of_scales(&self, cell: &Cell, k: usize, scratch: &mut HessianScratch) {
        scratch.g[..k].fill(0.0);
        for i in cell.scales.clone() {
            if self.forward.scales.value()[i] != 0.0 {
                scratch.g[self.layout.scale_column[i]] += self.forward.scales.slope()[i];
            }
        }
    }

    /// Adds M a_pb of every shift to `slopes`, and to `tilde` its sum over bins with weights; bends go to the diagonal.
    fn slopes_of_shifts(
        &self,
        cell: &Cell,
        m: f64,
        k: usize,
        exact: bool,
        scratch: &mut HessianScratch,
        bin_scale: &[f64],
    ) {
        scratch.tilde[..k].fill(0.0);
        if m == 0.0 {
            return;
        }
        let n = cell.n_bins();
        for i in cell.shifts.clone() {
            let shift = &self.model.structure.shifts[i];
            let basis = &self.forward.bases[shift.basis];
            let column = self.layout.shift_column[i];
            let (up, down) = self.model.templates.shifts[shift.at..shift.at + 2 * n].split_at(n);
            let (mut sum, mut bend) = (0.0, 0.0);
            for b in 0..n {
                let slope = m * (basis.s1 * up[b] + basis.f1 * down[b]);
                scratch.slopes[b * k + column] += slope;
                let wl = scratch.weights[b] * bin_scale[b];
                sum += wl * slope;
                bend += wl * down[b];
            }
            scratch.tilde[column] += sum;
            if exact {
                scratch.z[scratch.origin + column * (scratch.stride + 1)] += 0.5 * m * basis.f2 * bend;
            }
        }
    }

    /// The rows x and y of a cell's second sum, and its diagonal.
    #[expect(clippy::too_many_arguments, reason = "the pieces of one pass")]
    fn second_sum_row(
        &self,
        cell: &Cell,
        index: usize,
        row: usize,
        bare: f64,
        k: usize,
        scratch: &mut HessianScratch,
        bin_scale: &[f64],
    ) {
        let scale = &self.forward.cells[index];
        let (x, y) = (&mut scratch.x[row * k..(row + 1) * k], &mut scratch.y[row * k..(row + 1) * k]);
        match scale.zeros {
            Zeros::None => {
                let c = scale.product * bare;
                y.copy_from_slice(&scratch.g[..k]);
                x.copy_from_slice(&scratch.tilde[..k]);
                axpy(0.5 * c, y, x);
                for i in cell.scales.clone() {
                    let at = scratch.origin + self.layout.scale_column[i] * (scratch.stride + 1);
                    scratch.z[at] += 0.5 * c * self.forward.scales.bend()[i];
                }
            }
            Zeros::One(z) => {
                let column = self.layout.scale_column[z];
                y[column] = 1.0;
                let factor = scale.product * self.forward.scales.slope()[z];
                axpy(factor * bare, &scratch.g[..k], x);
                for i in cell.shifts.clone() {
                    x[self.layout.shift_column[i]] +=
                        factor * self.weighted_shift(cell, i, &scratch.weights, bin_scale);
                }
                scratch.z[scratch.origin + column * (scratch.stride + 1)] +=
                    0.5 * scale.product * self.forward.scales.bend()[z] * bare;
            }
            Zeros::Two(first, second) => {
                y[self.layout.scale_column[first]] = 1.0;
                x[self.layout.scale_column[second]] = scale.product
                    * self.forward.scales.slope()[first]
                    * self.forward.scales.slope()[second]
                    * bare;
            }
            Zeros::More => {}
        }
    }

    /// Σ_b w_b L_b a_pb of one shift, without M.
    fn weighted_shift(&self, cell: &Cell, i: usize, weights: &[f64], bin_scale: &[f64]) -> f64 {
        let shift = &self.model.structure.shifts[i];
        let basis = &self.forward.bases[shift.basis];
        let n = cell.n_bins();
        let (up, down) = self.model.templates.shifts[shift.at..shift.at + 2 * n].split_at(n);
        (0..n).map(|b| weights[b] * bin_scale[b] * (basis.s1 * up[b] + basis.f1 * down[b])).sum()
    }

    /// Adds Z to the dense block.
    fn store(&self, runs: &[Run], k: usize, z: &[f64], hessian: &mut ArrowMatrix) {
        let n = self.layout.inner.shared().len();
        for rows in runs {
            for i in 0..rows.len {
                let from = &z[(rows.at + i) * k..(rows.at + i + 1) * k];
                let to = &mut hessian.shared[(rows.row + i) * n..(rows.row + i + 1) * n];
                for columns in runs {
                    let from = &from[columns.at..columns.at + columns.len];
                    let to = &mut to[columns.row..columns.row + columns.len];
                    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
                }
            }
        }
    }
}
