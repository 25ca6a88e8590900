//! Fits that are known from elsewhere: from a point of the model, from another profile, from a record of a job.

use zstat_core::fit::Objective;

use super::{Fit, Profile};

impl Profile<'_, '_> {
    /// The same with a free fit that is known: Asimov data are fitted best by the point they were made from.
    #[must_use]
    pub fn with_free(mut self, theta: Vec<f64>) -> Self {
        let mut gradient = vec![0.0; theta.len()];
        let mut held = self.fixed.clone();
        held[self.poi] = true;
        self.nll.hold(&held);
        let value = self.nll.gradient(&theta, &mut gradient);
        self.free = value.ok().map(|nll| {
            let (mu, slope) = (theta[self.poi], gradient[self.poi]);
            Fit::known(mu, theta, nll, slope, true)
        });
        self
    }

    /// The same with held fits that are known from elsewhere, each a minimum where its parameter of interest is.
    #[must_use]
    pub fn with_held(mut self, thetas: impl IntoIterator<Item = Vec<f64>>) -> Self {
        let mut held = self.fixed.clone();
        held[self.poi] = true;
        self.nll.hold(&held);
        let mut gradient = vec![0.0; held.len()];
        for theta in thetas {
            if let Ok(nll) = self.nll.gradient(&theta, &mut gradient) {
                let (mu, slope) = (theta[self.poi], gradient[self.poi]);
                self.held.push(Fit::known(mu, theta, nll, slope, true));
            }
        }
        self.sort_held();
        self
    }

    /// The same with the free fit of another profile of these data, and one of its held ones.
    #[must_use]
    pub(crate) fn beside(mut self, free: &Fit, held: &Fit) -> Self {
        self.free = Some(free.clone());
        self.held = vec![held.clone()];
        self
    }

    /// Takes over held fits of another profile of these data, its number of minimisations, and its warnings.
    pub(crate) fn learn(&mut self, fits: &[Fit], searches: usize, warnings: &[String]) {
        self.held.extend_from_slice(fits);
        self.sort_held();
        self.fits += searches;
        warnings.iter().for_each(|warning| self.warn(warning.clone()));
    }

    fn sort_held(&mut self) {
        self.held.sort_by(|a, b| a.mu.total_cmp(&b.mu));
        self.held.dedup_by(|a, b| a.mu == b.mu);
    }
}
