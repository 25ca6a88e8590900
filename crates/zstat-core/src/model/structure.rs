//! Structure: which parameter drives which effect on which sample. Fixed once the model is built.
//!
//! A *cell* is one sample in one channel. Its effects stand in three flat tables, one a kind of effect, so that an
//! evaluation is three tight loops a cell.

use std::ops::Range;

use super::interp::Factor;
use super::modifier::{Effect, effect};
use super::order::{Ordered, OrderedSample};
use super::resolve::Parameters;
use super::templates::Templates;
use crate::spec::{BuildOptions, HistoSysCode};

/// One sample in one channel.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// Its bins among the model's bins.
    pub bins: Range<usize>,
    /// Where its nominal template starts in [`Templates::nominal`].
    pub nominal: usize,
    pub scales: Range<usize>,
    pub shifts: Range<usize>,
    pub bin_scales: Range<usize>,
}

impl Cell {
    pub fn n_bins(&self) -> usize {
        self.bins.len()
    }
}

/// A factor on all bins of a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub param: usize,
    /// None: the parameter itself.
    pub factor: Option<Factor>,
}

impl Scale {
    /// `[f, f', f'']`.
    #[inline]
    pub fn eval(&self, theta: &[f64]) -> [f64; 3] {
        match &self.factor {
            None => [theta[self.param], 1.0, 0.0],
            Some(factor) => factor.eval(theta[self.param]),
        }
    }

    #[inline]
    pub fn value(&self, theta: &[f64]) -> f64 {
        match &self.factor {
            None => theta[self.param],
            Some(factor) => factor.value(theta[self.param]),
        }
    }

    /// `[f'/f, f''/f − (f'/f)²]`; `[f', f'']` where f vanishes.
    pub fn log_derivatives(&self, theta: &[f64]) -> [f64; 2] {
        if let Some(slope) = self.factor.as_ref().and_then(|factor| factor.exponent(theta[self.param])) {
            return [slope, 0.0];
        }
        let [f, f1, f2] = self.eval(theta);
        if f == 0.0 { [f1, f2] } else { [f1 / f, f2 / f - (f1 / f) * (f1 / f)] }
    }
}

/// A template shift of a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shift {
    /// Index into [`Structure::bases`].
    pub basis: usize,
    /// Where its S and then its D stand in [`Templates::shifts`].
    pub at: usize,
}

/// A parameter and the interpolation it is used with: the functions are evaluated once, not once a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BasisUse {
    pub param: usize,
    pub code: HistoSysCode,
}

/// The tables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Structure {
    pub cells: Vec<Cell>,
    /// Cells of each channel.
    pub channel_cells: Vec<Range<usize>>,
    pub scales: Vec<Scale>,
    pub shifts: Vec<Shift>,
    /// Parameter of a cell's first bin; the next bins follow it.
    pub bin_scales: Vec<usize>,
    pub bases: Vec<BasisUse>,
}

impl Structure {
    /// Fills structure and templates. The workspace has passed `spec::check`.
    pub(super) fn build(
        ordered: &Ordered<'_>,
        parameters: &Parameters,
        options: &BuildOptions,
    ) -> (Self, Templates) {
        let mut structure = Self::default();
        let mut templates = Templates::default();
        let mut basis_of = std::collections::HashMap::new();
        let mut first_bin = 0;
        for (at, channel) in ordered.channels.iter().enumerate() {
            let cells = structure.cells.len();
            for sample in &channel.samples {
                let bins = first_bin..first_bin + channel.n_bins;
                structure.add_cell(&mut templates, &mut basis_of, sample, bins, at, parameters, options);
            }
            structure.channel_cells.push(cells..structure.cells.len());
            first_bin += channel.n_bins;
        }
        (structure, templates)
    }

    #[expect(clippy::too_many_arguments, reason = "one private call site")]
    fn add_cell(
        &mut self,
        templates: &mut Templates,
        basis_of: &mut std::collections::HashMap<(usize, HistoSysCode), usize>,
        sample: &OrderedSample<'_>,
        bins: Range<usize>,
        channel: usize,
        parameters: &Parameters,
        options: &BuildOptions,
    ) {
        let nominal = &sample.sample.data;
        let start = (self.scales.len(), self.shifts.len(), self.bin_scales.len());
        for modifier in &sample.modifiers {
            let param = parameters.first(&modifier.name, channel);
            match effect(&modifier.kind, options) {
                Effect::Scale => self.scales.push(Scale { param, factor: None }),
                Effect::Interpolate(factor) => {
                    self.scales.push(Scale { param, factor: Some(factor) });
                }
                Effect::Shift { lo, hi, code } => {
                    let next = self.bases.len();
                    let basis = *basis_of.entry((param, code)).or_insert(next);
                    if basis == next {
                        self.bases.push(BasisUse { param, code });
                    }
                    let at = templates.push_shift(nominal, lo, hi);
                    self.shifts.push(Shift { basis, at });
                }
                Effect::ScaleBins => self.bin_scales.push(param),
            }
        }
        self.cells.push(Cell {
            bins,
            nominal: templates.push_nominal(nominal),
            scales: start.0..self.scales.len(),
            shifts: start.1..self.shifts.len(),
            bin_scales: start.2..self.bin_scales.len(),
        });
    }
}
