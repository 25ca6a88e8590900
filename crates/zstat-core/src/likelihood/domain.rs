//! The domain of a likelihood: where no bin expects a negative number of events, and bins with data some.

use super::Nll;
use super::special::poisson_deviance;
use crate::fit::EvalError;

impl Nll<'_> {
    /// Bins without events that are not masked.
    pub(crate) fn empty_bins(&self) -> Vec<(usize, f64)> {
        self.scarce_bins(f64::MIN_POSITIVE)
    }

    /// Bins that are not masked and have fewer events than `few`, and how many they have.
    pub(crate) fn scarce_bins(&self, few: f64) -> Vec<(usize, f64)> {
        let bins = self.data.main.iter().copied().zip(&self.data.masked).enumerate();
        bins.filter(|(_, (n, masked))| *n < few && !**masked).map(|(bin, (n, _))| (bin, n)).collect()
    }

    /// Puts so many events into these bins, or those of their own where they are more.
    pub(crate) fn raise_counts(&mut self, bins: &[(usize, f64)], events: f64) {
        bins.iter().for_each(|&(bin, own)| self.data.main[bin] = own.max(events));
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

    /// From now on bins with data have a parabola in place of −ln L below so large a part of what was observed, and the
    /// likelihood with it a value and derivatives where they expect no events or a negative number. None: none have.
    pub(crate) fn relax(&mut self, part: Option<f64>) {
        self.relaxed = part;
    }

    /// The worst bin with data at `theta`: how far below zero its expectation is, in units of what was observed; and why
    /// there is no likelihood. None where all expect a positive number.
    pub(crate) fn violation(&mut self, theta: &[f64]) -> Option<(f64, EvalError)> {
        self.expected(theta);
        let bins = self.data.main.iter().zip(&self.forward.nu).zip(&self.data.masked).enumerate();
        let violated = bins.filter(|(_, ((n, nu), masked))| !**masked && **n > 0.0 && **nu <= 0.0);
        let (bin, worst) =
            violated.map(|(bin, ((n, nu), _))| (bin, -nu / n)).max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        Some((worst, self.not_positive(bin)))
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

    /// The first bin that makes the likelihood infinite or undefined.
    pub(super) fn culprit(&self) -> EvalError {
        for (bin, ((&n, &nu), &masked)) in
            self.data.main.iter().zip(&self.forward.nu).zip(&self.data.masked).enumerate()
        {
            if masked || poisson_deviance(n, nu).is_finite() {
                continue;
            }
            if nu <= 0.0 {
                return self.not_positive(bin);
            }
            let (channel, bin) = self.model.locate_bin(bin);
            return EvalError::NotFinite {
                what: format!("the expectation of bin {bin} in channel `{channel}`"),
            };
        }
        EvalError::NotFinite { what: "the sum over all bins".to_owned() }
    }

    /// What is wrong with a bin that has data, and no positive expectation.
    fn not_positive(&self, bin: usize) -> EvalError {
        let (channel, place) = self.model.locate_bin(bin);
        EvalError::NonPositiveYield {
            channel: channel.to_owned(),
            bin: place,
            // Never −0.
            expected: self.forward.nu[bin] + 0.0,
            observed: self.data.main[bin],
        }
    }
}
