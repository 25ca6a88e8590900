//! Which parameters are local to one bin, and where every effect's derivative goes in the arrow-shaped Hessian.
//!
//! Rows are those of the extended vector: parameters, then formulas. What a formula or a correlated constraint joins is
//! shared.
//!
//! A parameter is local if all it does is scale a single bin: classified by what it touches, never by the modifier's
//! kind (a shapefactor shared by two channels is not local).

use std::sync::Arc;

use super::scales::ScaleTable;
use crate::linalg::{ArrowStructure, Group, Place, Run};
use crate::model::Model;

/// Where the derivative of a factor on one bin goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinPlace {
    /// Local row of the channel's group.
    Local(usize),
    /// Column of the channel's border.
    Border(usize),
}

/// A border whose square is at least this part of the dense block's is taken to be all of it.
const NEARLY_ALL: f64 = 0.7;

/// Places in the Hessian, by channel and effect.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// Of the Hessian by the parameters.
    pub structure: Arc<ArrowStructure>,
    /// Of the Hessian by the extended vector (parameters, then formulas); the same where there are no formulas.
    pub inner: Arc<ArrowStructure>,
    /// Parameters of each channel's border, ascending: all shared parameters that act in the channel.
    pub borders: Vec<Vec<usize>>,
    /// The same as runs of neighbouring rows of the Hessian's dense block.
    pub border_runs: Vec<Vec<Run>>,
    /// Bin of each local parameter; `usize::MAX` for shared ones.
    pub local_bin: Vec<usize>,
    /// Group of each channel.
    pub groups: Vec<Option<usize>>,
    /// Border column of each scale and each shift.
    pub scale_column: Vec<usize>,
    pub shift_column: Vec<usize>,
    /// For each factor-on-bins in turn, the place of each of its bins.
    pub bin_places: Vec<BinPlace>,
    /// Where each factor-on-bins starts in `bin_places`.
    pub bin_place_start: Vec<usize>,
    /// The factors on whole samples.
    pub scales: Arc<ScaleTable>,
}

impl Layout {
    pub fn new(model: &Model) -> Self {
        let locals = local_bins(model);
        let n = model.n_extended();
        let shared: Vec<usize> = (0..n).filter(|&p| locals[p].is_none()).collect();
        let mut row = vec![usize::MAX; n];
        for (at, &p) in shared.iter().enumerate() {
            row[p] = at;
        }
        let border = |channel| {
            let border = channel_border(model, channel, &locals);
            // Nearly all: a few columns of zeros cost less than what scattered ones do.
            let nearly_all = (border.len() as f64).powi(2) >= NEARLY_ALL * (shared.len() as f64).powi(2);
            if nearly_all { shared.clone() } else { border }
        };
        let borders: Vec<Vec<usize>> = (0..model.channels().len()).map(border).collect();
        let mut groups = Vec::new();
        let mut arrow = Vec::new();
        let border_rows: Vec<Vec<usize>> =
            borders.iter().map(|border| border.iter().map(|&p| row[p]).collect()).collect();
        for (channel, border) in model.channels().iter().zip(&border_rows) {
            let group = channel_group(&channel.bins, &locals, border.clone());
            groups.push((!group.locals.is_empty()).then_some(arrow.len()));
            if !group.locals.is_empty() {
                arrow.push(group);
            }
        }
        let inner = Arc::new(ArrowStructure::new(n, shared, arrow));
        let structure = match model.formulas() {
            [] => Arc::clone(&inner),
            _ => Arc::new(super::chain::outer_structure(model, &inner)),
        };
        let mut out = Self {
            structure,
            inner,
            borders,
            border_runs: border_rows.iter().map(|rows| Run::of(rows)).collect(),
            local_bin: locals.iter().map(|bin| bin.unwrap_or(usize::MAX)).collect(),
            groups,
            scale_column: vec![0; model.structure.scales.len()],
            shift_column: vec![0; model.structure.shifts.len()],
            bin_places: Vec::new(),
            bin_place_start: Vec::new(),
            scales: Arc::new(ScaleTable::new(model)),
        };
        out.place_effects(model);
        out
    }

    /// Whether all shared rows are in the channel's border.
    pub fn is_whole(&self, channel: usize) -> bool {
        let border = self.borders[channel].len();
        border > 0 && border == self.inner.shared().len()
    }

    fn place_effects(&mut self, model: &Model) {
        let structure = &model.structure;
        let mut column = vec![usize::MAX; model.n_extended()];
        for (channel, cells) in structure.channel_cells.iter().enumerate() {
            for (at, &p) in self.borders[channel].iter().enumerate() {
                column[p] = at;
            }
            for cell in &structure.cells[cells.clone()] {
                for i in cell.scales.clone() {
                    self.scale_column[i] = column[structure.scales[i].param];
                }
                for i in cell.shifts.clone() {
                    self.shift_column[i] = column[structure.bases[structure.shifts[i].basis].param];
                }
                for &first in &structure.bin_scales[cell.bin_scales.clone()] {
                    self.bin_place_start.push(self.bin_places.len());
                    let bins = first..first + cell.n_bins();
                    for (place, &column) in self.inner.places()[bins.clone()].iter().zip(&column[bins]) {
                        self.bin_places.push(match *place {
                            Place::Shared(_) => BinPlace::Border(column),
                            Place::Local { row, .. } => BinPlace::Local(row),
                        });
                    }
                }
            }
        }
    }
}

/// The bin of each parameter that does nothing but scale that one bin.
fn local_bins(model: &Model) -> Vec<Option<usize>> {
    let structure = &model.structure;
    let mut bins: Vec<Option<usize>> = vec![None; model.n_extended()];
    let mut shared = vec![false; bins.len()];
    let of_formulas = model.formulas().iter().flat_map(|formula| formula.roots());
    for &parameter in of_formulas.chain(model.blocks.iter().flat_map(|block| &block.members)) {
        shared[parameter] = true;
    }
    for scale in &structure.scales {
        shared[scale.param] = true;
    }
    for basis in &structure.bases {
        shared[basis.param] = true;
    }
    for cell in &structure.cells {
        for &first in &structure.bin_scales[cell.bin_scales.clone()] {
            for (p, bin) in (first..).zip(cell.bins.clone()) {
                if bins[p].replace(bin).is_some_and(|other| other != bin) {
                    shared[p] = true;
                }
            }
        }
    }
    bins.iter().zip(shared).map(|(bin, shared)| if shared { None } else { *bin }).collect()
}

fn channel_border(model: &Model, channel: usize, locals: &[Option<usize>]) -> Vec<usize> {
    let structure = &model.structure;
    let mut touched = vec![false; locals.len()];
    for cell in &structure.cells[structure.channel_cells[channel].clone()] {
        for scale in &structure.scales[cell.scales.clone()] {
            touched[scale.param] = true;
        }
        for shift in &structure.shifts[cell.shifts.clone()] {
            touched[structure.bases[shift.basis].param] = true;
        }
        for &first in &structure.bin_scales[cell.bin_scales.clone()] {
            touched[first..first + cell.n_bins()].fill(true);
        }
    }
    (0..locals.len()).filter(|&p| touched[p] && locals[p].is_none()).collect()
}

fn channel_group(bins: &std::ops::Range<usize>, locals: &[Option<usize>], border: Vec<usize>) -> Group {
    let mut by_bin: Vec<(usize, usize)> = locals
        .iter()
        .enumerate()
        .filter_map(|(p, bin)| bin.filter(|b| bins.contains(b)).map(|b| (b, p)))
        .collect();
    by_bin.sort_unstable();
    let mut blocks: Vec<usize> =
        (0..by_bin.len()).filter(|&i| i == 0 || by_bin[i].0 != by_bin[i - 1].0).collect();
    blocks.push(by_bin.len());
    Group { border, locals: by_bin.into_iter().map(|(_, p)| p).collect(), blocks }
}
