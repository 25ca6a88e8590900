//! Templates: the numbers of a model that may be replaced without rebuilding it.

use std::ops::Range;

use super::Model;

/// Nominal yields and shape variations of all cells (a cell is one sample in one channel), in events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Templates {
    /// Nominal yields: cell after cell in the model's order, bin after bin.
    pub nominal: Vec<f64>,
    /// Variations: for each shift in the model's order, S = (hi − lo)/2 a bin, then D = (hi + lo − 2 nominal)/2 a bin.
    pub shifts: Vec<f64>,
}

/// Where the numbers of one cell stand in [`Templates`].
#[derive(Debug, Clone, PartialEq)]
pub struct TemplatePlace {
    /// Index of the channel.
    pub channel: usize,
    /// Index of the sample among the channel's.
    pub sample: usize,
    /// Its nominal yields in [`Templates::nominal`].
    pub nominal: Range<usize>,
    /// For each shape variation, in the model's order: the name of its parameter or formula, and where its S starts in
    /// [`Templates::shifts`]; D follows S.
    pub shifts: Vec<(String, usize)>,
}

impl Templates {
    pub(super) fn push_nominal(&mut self, nominal: &[f64]) -> usize {
        let at = self.nominal.len();
        self.nominal.extend_from_slice(nominal);
        at
    }

    pub(super) fn push_shift(&mut self, nominal: &[f64], lo: &[f64], hi: &[f64]) -> usize {
        let at = self.shifts.len();
        self.shifts.extend(hi.iter().zip(lo).map(|(h, l)| 0.5 * (h - l)));
        self.shifts
            .extend(nominal.iter().zip(hi.iter().zip(lo)).map(|(n, (h, l))| 0.5 * ((h - n) + (l - n))));
        at
    }

    /// Zeros of the same shape: to collect derivatives in.
    #[must_use]
    pub fn zeros_like(&self) -> Self {
        Self { nominal: vec![0.0; self.nominal.len()], shifts: vec![0.0; self.shifts.len()] }
    }
}

impl Model {
    /// Where the numbers of each cell stand, in the model's order.
    pub fn template_places(&self) -> Vec<TemplatePlace> {
        let name = |index: usize| match index.checked_sub(self.parameters.len()) {
            None => self.parameters[index].name.clone(),
            Some(formula) => self.formulas[formula].name.clone(),
        };
        let structure = &self.structure;
        let mut places = Vec::with_capacity(structure.cells.len());
        for (channel, cells) in structure.channel_cells.iter().enumerate() {
            for (sample, cell) in structure.cells[cells.clone()].iter().enumerate() {
                let shifts = structure.shifts[cell.shifts.clone()].iter();
                places.push(TemplatePlace {
                    channel,
                    sample,
                    nominal: cell.nominal..cell.nominal + cell.n_bins(),
                    shifts: shifts.map(|s| (name(structure.bases[s.basis].param), s.at)).collect(),
                });
            }
        }
        places
    }

    /// Derivatives by nominal, `lo` and `hi` from those by nominal, S and D; in the result `shifts` holds, for each
    /// variation, the derivatives by `lo` and then by `hi`.
    ///
    /// S = (hi − lo)/2 and D = (hi + lo − 2 nominal)/2, so ∂/∂lo = (D − S)/2, ∂/∂hi = (D + S)/2, and the nominal loses D.
    #[must_use]
    pub fn variation_gradient(&self, mut gradient: Templates) -> Templates {
        for cell in &self.structure.cells {
            let n = cell.n_bins();
            for shift in &self.structure.shifts[cell.shifts.clone()] {
                let (s, d) = gradient.shifts[shift.at..shift.at + 2 * n].split_at_mut(n);
                let nominal = &mut gradient.nominal[cell.nominal..cell.nominal + n];
                for ((s, d), nominal) in s.iter_mut().zip(d).zip(nominal) {
                    *nominal -= *d;
                    (*s, *d) = (0.5 * (*d - *s), 0.5 * (*d + *s));
                }
            }
        }
        gradient
    }
}
