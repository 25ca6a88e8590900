//! Templates: the numbers of a model that may be replaced without rebuilding it.

/// Nominal yields and shape variations of all cells, in events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Templates {
    /// Nominal yields: cell after cell in the model's order, bin after bin.
    pub nominal: Vec<f64>,
    /// Variations: for each shift in the model's order, S = (hi − lo)/2 a bin, then D = (hi + lo − 2 nominal)/2 a bin.
    pub shifts: Vec<f64>,
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
}
