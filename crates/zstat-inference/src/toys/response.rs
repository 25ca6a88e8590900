//! What fits of pseudo-data make of a true value: estimates, pulls, intervals that cover it.

use super::Moments;
use super::distribution::{Estimate, fraction};
use crate::threshold;

/// A value this near to a bound, in uncertainties, is on it.
const NEAR: f64 = 1e-5;

/// Fits of one parameter, one after the other, and its true value.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The true value.
    pub truth: f64,
    /// The fitted values.
    pub value: Moments,
    /// (fitted − true) / uncertainty, where there is one.
    pub pull: Moments,
    /// Fitted values on a bound of the parameter, or within 1e-5 of their uncertainty from it.
    pub at_bound: u64,
    bounds: [f64; 2],
}

impl Response {
    /// Nothing yet, of a parameter with these bounds.
    pub fn new(truth: f64, bounds: [f64; 2]) -> Self {
        Self { truth, value: Moments::default(), pull: Moments::default(), at_bound: 0, bounds }
    }

    /// One more fitted value; `error` is its uncertainty, none where undetermined.
    pub fn add(&mut self, value: f64, error: Option<f64>) {
        let [lower, upper] = self.bounds;
        self.value.add(value);
        // A minimum that lies on the bound without being pressed against it is found to within the fit's precision.
        let near = NEAR * error.filter(|error| error.is_finite()).unwrap_or(0.0);
        self.at_bound += u64::from(value <= lower + near || value >= upper - near);
        if let Some(error) = error.filter(|error| *error > 0.0) {
            self.pull.add((value - self.truth) / error);
        }
    }

    /// Mean of the fitted values − true value; none of no fits.
    pub fn bias(&self) -> Option<f64> {
        self.value.mean().map(|mean| mean - self.truth)
    }
}

/// How often the intervals 2 ΔNLL ≤ threshold have the true value in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    compared: u64,
    covered: [u64; Coverage::LEVELS.len()],
}

impl Coverage {
    /// Confidence levels of the intervals.
    pub const LEVELS: [f64; 2] = [0.682_689_492_137_085_9, 0.95];

    /// One more fit, with 2 [NLL(true value) − NLL(minimum)].
    pub fn add(&mut self, twice_rise: f64) {
        self.compared += 1;
        for (count, level) in self.covered.iter_mut().zip(Self::LEVELS) {
            *count += u64::from(twice_rise <= threshold(level));
        }
    }

    /// Level and fraction of the fits, level after level; nothing of no fits.
    pub fn fractions(&self) -> impl Iterator<Item = (f64, Estimate)> + use<> {
        let compared = self.compared;
        let all = Self::LEVELS.into_iter().zip(self.covered);
        all.filter(move |_| compared > 0).map(move |(level, count)| (level, fraction(count, compared)))
    }
}
