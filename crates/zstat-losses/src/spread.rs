//! Variances of expected yields, because simulated events are few: V_b = Σ_s f_sb² V_sb over the samples of a bin, with the factor
//! f_sb that the parameters put on sample s. Factors do not depend on the templates.

use zstat_core::likelihood::Nll;
use zstat_core::loss::{Binned, LossError};

/// Variances a bin, and the way back to those of the templates.
pub(crate) struct Spread {
    /// V, events² a bin.
    pub of_bins: Vec<f64>,
    /// ∂V/∂variance of each nominal yield, and the bin that it is in.
    slopes: Vec<(f64, usize)>,
}

/// Whose variances count.
pub(crate) enum Whose {
    /// Those of all samples.
    All,
    /// Those that the result has a γ for.
    WithGamma,
}

impl Spread {
    /// Of the yields at `theta`.
    ///
    /// # Errors
    /// Where variances are not known.
    pub fn of(
        batch: &Binned<'_>,
        nll: &mut Nll<'_>,
        theta: &[f64],
        whose: &Whose,
    ) -> Result<Self, LossError> {
        let model = batch.model;
        if batch.variances.len() != model.templates().nominal.len() {
            return Err(LossError::NoVariances);
        }
        // A yield of one event more adds its factor to the bin.
        let mut factors = model.templates().zeros_like();
        nll.pull_to_templates(theta, &vec![1.0; model.n_bins()], &mut factors)?;
        let mut slopes = vec![(0.0, 0); factors.nominal.len()];
        let mut of_bins = vec![0.0; model.n_bins()];
        for place in model.template_places() {
            for (at, bin) in place.nominal.zip(model.channels()[place.channel].bins.clone()) {
                let counts = match whose {
                    Whose::All => true,
                    Whose::WithGamma => batch.gammas.get(at).copied().unwrap_or(false),
                };
                let slope = if counts { factors.nominal[at].powi(2) } else { 0.0 };
                of_bins[bin] += slope * batch.variances[at];
                slopes[at] = (slope, bin);
            }
        }
        Ok(Self { of_bins, slopes })
    }

    /// Derivatives by the variances of the templates from those by V, one a bin; overwritten.
    pub fn pull(&self, by_bins: &[f64], by_variances: &mut [f64]) {
        for (out, &(slope, bin)) in by_variances.iter_mut().zip(&self.slopes) {
            *out = slope * by_bins[bin];
        }
    }
}
