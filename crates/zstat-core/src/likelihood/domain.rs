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

    /// From now on so many derivatives are given where a bin without events expects a negative number of them; after that
    /// there is no likelihood, as there is none in any case where some were observed. None: as many as asked for.
    pub(crate) fn set_excursion(&mut self, derivatives: Option<usize>) {
        self.excursion = derivatives;
    }

    /// Whether all of them have been taken.
    pub(crate) fn is_excursion_over(&self) -> bool {
        self.excursion == Some(0)
    }

    /// Whether there is no likelihood at the current expectation for having been outside too long.
    pub(super) fn is_too_far(&self) -> bool {
        self.is_excursion_over() && !self.is_here_inside()
    }

    /// Takes note of derivatives at the current expectation.
    pub(super) fn count_excursion(&mut self) {
        if self.excursion.is_some() && !self.is_here_inside() {
            self.excursion = self.excursion.map(|left| left.saturating_sub(1));
        }
    }

    fn is_here_inside(&self) -> bool {
        self.forward.nu.iter().zip(&self.data.masked).all(|(nu, masked)| *masked || *nu >= 0.0)
    }

    /// Whether all bins that count expect events, or none, at `theta`: no negative number of them.
    pub fn is_inside(&mut self, theta: &[f64]) -> bool {
        let none = self.data.main.iter().zip(&self.data.masked).all(|(n, masked)| *n > 0.0 || *masked);
        // Where events were observed, a likelihood says as much.
        none || {
            self.expected(theta);
            self.is_here_inside()
        }
    }
}
