//! Where ROOT's HistFactory would floor: a sample's nominal plus shifts below zero becomes zero there, before its factors.

use super::Nll;

impl Nll<'_> {
    /// A sentence where the model is of dialect `root` and ROOT's likelihood differs at `theta`, because it replaces
    /// negative sums of nominal and shape variations by 0; none elsewhere. Clipping samples at 0 gives ROOT's values.
    pub fn root_floors(&mut self, theta: &[f64]) -> Option<String> {
        if !self.model.is_floored_by_root() {
            return None;
        }
        self.expected(theta);
        let mut count = 0_usize;
        let mut first = None;
        for (channel, cells) in self.model.structure.channel_cells.iter().enumerate() {
            for (sample, cell) in self.model.structure.cells[cells.clone()].iter().enumerate() {
                let sums = &self.forward.additive[cell.nominal..cell.nominal + cell.n_bins()];
                for (bin, &sum) in sums.iter().enumerate().filter(|(_, sum)| **sum < 0.0) {
                    count += 1;
                    first = first.or(Some((channel, sample, bin, sum)));
                }
            }
        }
        let (channel, sample, bin, sum) = first?;
        let info = &self.model.channels()[channel];
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        Some(format!(
            "nominal plus shape variations of sample `{}` in bin {bin} of channel `{}` is {sum:.4}{more}: ROOT would set it to 0, and its \
             likelihood differs here; clip samples at 0 (`--clip-samples 0`) for ROOT's values",
            info.samples[sample], info.name
        ))
    }
}
