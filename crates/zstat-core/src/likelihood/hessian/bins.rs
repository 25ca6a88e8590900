//! Factors on single bins in the Hessian: parameters of one bin, and shared ones that scale bins.

use super::super::Nll;
use super::super::layout::BinPlace;
use super::super::nll::others_product;
use super::HessianScratch;
use crate::linalg::GroupValues;
use crate::linalg::dense::axpy;
use crate::model::Cell;

impl Nll<'_> {
    /// Factors on single bins: Jacobian, and rows of the second sum.
    pub(super) fn bin_scales(
        &self,
        channel: usize,
        cell: &Cell,
        m: f64,
        exact: bool,
        scratch: &mut HessianScratch,
        locals: &mut GroupValues,
    ) {
        let phi = &self.extended.phi;
        let k = self.layout.borders[channel].len();
        let firsts = &self.model.structure.bin_scales[cell.bin_scales.clone()];
        for (entry, i) in cell.bin_scales.clone().enumerate() {
            let places = &self.layout.bin_places[self.layout.bin_place_start[i]..];
            for (b, place) in places[..cell.n_bins()].iter().enumerate() {
                let others = others_product(firsts, entry, b, phi);
                let slope = m * scratch.keep[b] * others * self.forward.additive[cell.nominal + b];
                let weight = scratch.weights[b] * others;
                let slopes = &scratch.slopes[b * k..(b + 1) * k];
                match *place {
                    BinPlace::Local(row) => {
                        scratch.local[row] += slope;
                        if exact {
                            axpy(weight, slopes, &mut locals.coupling[row * k..(row + 1) * k]);
                        }
                    }
                    BinPlace::Border(column) => {
                        scratch.y[(scratch.base + b) * k + column] += slope;
                        if exact {
                            let at = scratch.origin + column * scratch.stride;
                            axpy(weight, slopes, &mut scratch.z[at..at + k]);
                        }
                    }
                }
                if exact {
                    self.bin_scale_pairs(channel, cell, entry, b, m, scratch, locals);
                }
            }
        }
    }

    /// Second derivatives of two factors on the same bin: `entry` with each one before it.
    #[expect(clippy::too_many_arguments, reason = "the pieces of one pass")]
    fn bin_scale_pairs(
        &self,
        channel: usize,
        cell: &Cell,
        entry: usize,
        b: usize,
        m: f64,
        scratch: &mut HessianScratch,
        locals: &mut GroupValues,
    ) {
        let phi = &self.extended.phi;
        let k = self.layout.borders[channel].len();
        let firsts = &self.model.structure.bin_scales[cell.bin_scales.clone()];
        let place = |entry: usize| {
            self.layout.bin_places[self.layout.bin_place_start[cell.bin_scales.start + entry] + b]
        };
        for other in 0..entry {
            let rest: f64 = (0..firsts.len())
                .filter(|e| *e != entry && *e != other)
                .map(|e| phi[firsts[e] + b])
                .product();
            let value = scratch.weights[b] * m * rest * self.forward.additive[cell.nominal + b];
            match (place(entry), place(other)) {
                (BinPlace::Local(i), BinPlace::Local(j)) => {
                    if let Some(g) = self.layout.groups[channel] {
                        let group = &self.layout.inner.groups()[g];
                        let block = group.blocks.partition_point(|&start| start <= i) - 1;
                        let members = group.block(block);
                        let (start, width) = (locals.starts[block], members.len());
                        locals.blocks[start + (i - members.start) * width + (j - members.start)] += value;
                        locals.blocks[start + (j - members.start) * width + (i - members.start)] += value;
                    }
                }
                (BinPlace::Local(row), BinPlace::Border(column))
                | (BinPlace::Border(column), BinPlace::Local(row)) => {
                    locals.coupling[row * k + column] += value;
                }
                (BinPlace::Border(i), BinPlace::Border(j)) => {
                    scratch.z[scratch.origin + i * scratch.stride + j] += value;
                }
            }
        }
    }

    /// Adds (n/ν²) J Jᵀ for the local rows: their blocks and their coupling.
    pub(super) fn add_local_squares(
        &self,
        g: usize,
        channel: usize,
        exact: bool,
        scratch: &HessianScratch,
        values: &mut GroupValues,
    ) {
        let group = &self.layout.inner.groups()[g];
        let k = self.layout.borders[channel].len();
        let first_bin = self.model.channels()[channel].bins.start;
        for block in 0..group.n_blocks() {
            let members = group.block(block);
            let bin = self.layout.local_bin[group.locals[members.start]];
            let b = bin - first_bin;
            let d = self.bend_of_bin(bin, exact);
            let row = scratch.base + b;
            let jacobian = &scratch.y[row * k..(row + 1) * k];
            for (i, row) in members.clone().enumerate() {
                let slope = d * scratch.local[row];
                axpy(slope, jacobian, &mut values.coupling[row * k..(row + 1) * k]);
                for (j, column) in members.clone().enumerate() {
                    values.blocks[values.starts[block] + i * members.len() + j] +=
                        slope * scratch.local[column];
                }
            }
        }
    }
}
