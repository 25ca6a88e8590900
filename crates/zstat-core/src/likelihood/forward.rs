//! Expected yields: ν_b = Σ_s M_s · L_sb · A_sb, and the pieces that derivatives are made of.
//!
//! M is the product of the factors on the whole sample, L_b that of the factors on bin b, A_b the nominal plus shifts.

use std::collections::BTreeSet;

use super::Layout;
use super::scales::{Order, Scales};
use super::shifts;
use crate::model::{Basis, Cell, Model};

/// A factor that is exactly zero: derivatives need the product of the others, not a division.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zeros {
    None,
    /// Index of the only vanishing scale.
    One(usize),
    /// The two vanishing scales.
    Two(usize, usize),
    More,
}

/// The product of a cell's scales.
#[derive(Debug, Clone, Copy)]
pub(super) struct CellScale {
    /// Product of the factors that do not vanish.
    pub product: f64,
    pub zeros: Zeros,
}

impl CellScale {
    /// The product of all factors.
    pub fn value(&self) -> f64 {
        if self.zeros == Zeros::None { self.product } else { 0.0 }
    }
}

/// Scratch space of an evaluation; allocated once.
#[derive(Debug, Clone, Default)]
pub(super) struct Forward {
    pub scales: Scales,
    pub bases: Vec<Basis>,
    pub cells: Vec<CellScale>,
    /// A: nominal plus shifts, in the layout of the nominal templates.
    pub additive: Vec<f64>,
    /// L: product of the factors on the bin, in the same layout.
    pub bin_scale: Vec<f64>,
    /// 0 where the sample's yield is clipped, in the same layout; empty without clipping of samples.
    pub keep: Vec<f64>,
    /// ν, expected events a bin.
    pub nu: Vec<f64>,
    /// 0 where the bin is clipped; empty without clipping of bins.
    pub keep_bin: Vec<f64>,
    /// What ν starts from: see [`absent_samples`].
    offset: Vec<f64>,
    /// The extended vector that everything belongs to, once there is one; and up to which order of derivatives.
    at: Vec<f64>,
    set: Option<Order>,
}

/// Events a bin from the samples that a channel does not have: 0, unless samples are clipped. In pyhf every sample is in
/// every channel, with content 0 where it is not defined, and that is clipped, too.
fn absent_samples(model: &Model) -> Vec<f64> {
    let names: BTreeSet<&String> = model.channels().iter().flat_map(|channel| &channel.samples).collect();
    let floor = model.clip_samples.unwrap_or(0.0).max(0.0);
    let mut offset = Vec::with_capacity(model.n_bins());
    for channel in model.channels() {
        let absent = names.len() - channel.samples.len();
        offset.resize(channel.bins.end, absent as f64 * floor);
    }
    offset
}

impl Forward {
    pub fn new(model: &Model, layout: &Layout) -> Self {
        let (structure, templates) = (&model.structure, &model.templates);
        let zeros = |n: usize| vec![0.0; n];
        Self {
            scales: Scales::new(&layout.scales),
            bases: vec![Basis::default(); structure.bases.len()],
            cells: vec![CellScale { product: 1.0, zeros: Zeros::None }; structure.cells.len()],
            additive: zeros(templates.nominal.len()),
            bin_scale: zeros(templates.nominal.len()),
            keep: zeros(if model.clip_samples.is_some() { templates.nominal.len() } else { 0 }),
            nu: zeros(model.n_bins()),
            keep_bin: zeros(if model.clip_bins.is_some() { model.n_bins() } else { 0 }),
            offset: absent_samples(model),
            at: zeros(model.n_extended()),
            set: None,
        }
    }

    /// Fills everything at `theta`, where it is not yet; derivatives of the factors up to `order`.
    pub fn run(&mut self, model: &Model, theta: &[f64], order: Order) {
        let set = self.set.filter(|_| self.at == theta);
        if set >= Some(order) {
            return;
        }
        self.scales.set(model, theta, order);
        self.set = Some(order);
        if set.is_none() {
            self.at.copy_from_slice(theta);
            self.yields(model, theta);
        }
    }

    /// Everything but the scales, which are there.
    fn yields(&mut self, model: &Model, theta: &[f64]) {
        let structure = &model.structure;
        for (out, basis) in self.bases.iter_mut().zip(&structure.bases) {
            *out = Basis::eval(basis.code, theta[basis.param]);
        }
        self.nu.copy_from_slice(&self.offset);
        for (index, cell) in structure.cells.iter().enumerate() {
            self.cells[index] = self.product_of_scales(cell);
            self.fill_cell(model, cell, theta);
            self.add_cell(model, index, cell);
        }
        if let Some(floor) = model.clip_bins {
            for (nu, keep) in self.nu.iter_mut().zip(&mut self.keep_bin) {
                *keep = if *nu < floor { 0.0 } else { 1.0 };
                *nu = nu.max(floor);
            }
        }
    }

    /// ∂M/∂(parameter of scale `i`) of the cell with this index.
    pub fn scale_slope(&self, cell: usize, i: usize) -> f64 {
        let scale = &self.cells[cell];
        match scale.zeros {
            Zeros::None => scale.product * self.scales.slope()[i],
            Zeros::One(zero) if zero == i => scale.product * self.scales.slope()[i],
            _ => 0.0,
        }
    }

    fn product_of_scales(&self, cell: &Cell) -> CellScale {
        let mut product = 1.0;
        let mut zeros = Zeros::None;
        let values = self.scales.value();
        for i in cell.scales.clone() {
            if values[i] == 0.0 {
                zeros = match zeros {
                    Zeros::None => Zeros::One(i),
                    Zeros::One(first) => Zeros::Two(first, i),
                    Zeros::Two(..) | Zeros::More => Zeros::More,
                };
            } else {
                product *= values[i];
            }
        }
        CellScale { product, zeros }
    }

    /// A and L of one cell.
    fn fill_cell(&mut self, model: &Model, cell: &Cell, theta: &[f64]) {
        let n = cell.n_bins();
        let range = cell.nominal..cell.nominal + n;
        let additive = &mut self.additive[range.clone()];
        additive.copy_from_slice(&model.templates.nominal[range.clone()]);
        let members = &model.structure.shifts[cell.shifts.clone()];
        shifts::add(members, &self.bases, shifts::templates(members, n, &model.templates.shifts), additive);
        let bin_scale = &mut self.bin_scale[range];
        bin_scale.fill(1.0);
        for &first in &model.structure.bin_scales[cell.bin_scales.clone()] {
            for (l, gamma) in bin_scale.iter_mut().zip(&theta[first..first + n]) {
                *l *= gamma;
            }
        }
    }

    /// Adds a cell's yields to ν, clipped where the model says so.
    fn add_cell(&mut self, model: &Model, index: usize, cell: &Cell) {
        let n = cell.n_bins();
        let range = cell.nominal..cell.nominal + n;
        let scale = self.cells[index].value();
        let nu = &mut self.nu[cell.bins.clone()];
        let pieces = self.additive[range.clone()].iter().zip(&self.bin_scale[range.clone()]);
        match model.clip_samples {
            None => {
                for (nu, (a, l)) in nu.iter_mut().zip(pieces) {
                    *nu += scale * (l * a);
                }
            }
            Some(floor) => {
                for ((nu, (a, l)), keep) in nu.iter_mut().zip(pieces).zip(&mut self.keep[range]) {
                    let rate = scale * (l * a);
                    *keep = if rate < floor { 0.0 } else { 1.0 };
                    *nu += rate.max(floor);
                }
            }
        }
    }
}
