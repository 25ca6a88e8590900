//! The domain of a likelihood: where no bin expects a negative number of events.

use super::Nll;

impl Nll<'_> {
    /// Bins without events that are not masked.
    pub(crate) fn empty_bins(&self) -> Vec<usize> {
        let bins = self.data.main.iter().zip(&self.data.masked).enumerate();
        bins.filter(|(_, (n, masked))| **n == 0.0 && !**masked).map(|(bin, _)| bin).collect()
    }

    /// Puts so many events into these bins.
    pub(crate) fn set_counts(&mut self, bins: &[usize], events: f64) {
        bins.iter().for_each(|&bin| self.data.main[bin] = events);
    }

    /// Whether all bins that count expect events, or none, at `theta`: no negative number of them.
    pub fn is_inside(&mut self, theta: &[f64]) -> bool {
        let none = self.data.main.iter().zip(&self.data.masked).all(|(n, masked)| *n > 0.0 || *masked);
        // Where events were observed, a likelihood says as much.
        none || {
            self.expected(theta);
            self.forward.nu.iter().zip(&self.data.masked).all(|(nu, masked)| *masked || *nu >= 0.0)
        }
    }
}
