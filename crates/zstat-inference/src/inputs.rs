//! What every study begins with.

use zstat_core::fit::Fitter;
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;

use crate::{Profile, TestError};

/// What is fitted to what, by whom, from where. `start` and `fixed` have one entry a parameter.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The model.
    pub model: &'a Model,
    /// The observed data.
    pub data: &'a Data,
    /// The minimiser.
    pub fitter: &'a dyn Fitter,
    /// Start values.
    pub start: &'a [f64],
    /// Parameters kept at their start value.
    pub fixed: &'a [bool],
}

impl<'a> Inputs<'a> {
    /// The likelihood of the data.
    pub fn nll(&self) -> Nll<'a> {
        Nll::new(self.model, self.data.clone())
    }

    /// The profile likelihood of a parameter.
    pub fn profile(&self, parameter: usize) -> Profile<'a, 'a> {
        self.profile_from(parameter, self.start, self.fixed)
    }

    /// The same from another start, with others kept fixed.
    pub fn profile_from(&self, parameter: usize, start: &[f64], fixed: &[bool]) -> Profile<'a, 'a> {
        Profile::new(self.nll(), self.fitter, parameter, start, fixed)
    }

    /// The expected events a bin at `theta`.
    ///
    /// # Errors
    /// Where one that is not masked is negative or no number; with the value of parameter `poi` in the message.
    pub fn expected(&self, theta: &[f64], poi: Option<usize>) -> Result<Vec<f64>, TestError> {
        let mut main = self.nll().expected(theta).to_vec();
        for (at, nu) in main.iter_mut().enumerate() {
            // Bins that are masked take no part, whatever they expect.
            if self.data.masked[at] {
                *nu = self.data.main[at];
            } else if nu.is_nan() || *nu < 0.0 {
                let (channel, bin) = self.model.locate_bin(at);
                let at = poi.map(|poi| format!(" with `{}` = {}", self.name(poi), theta[poi]));
                return Err(TestError::NegativeExpectation {
                    at: at.unwrap_or_default(),
                    channel: channel.to_owned(),
                    bin,
                    expected: *nu,
                });
            }
        }
        Ok(main)
    }

    /// Whether another value of a parameter changes what any bin expects, the others being at their start.
    pub fn has_effect(&self, parameter: usize) -> bool {
        let mut nll = self.nll();
        let before = nll.expected(self.start).to_vec();
        let mut moved = self.start.to_vec();
        let [lower, upper] = self.model.parameters()[parameter].bounds;
        let step = if moved[parameter] + 0.5 <= upper { 0.5 } else { -0.5 };
        moved[parameter] = (moved[parameter] + step).max(lower);
        nll.expected(&moved) != before
    }

    /// What to say of a parameter without any effect; none where it has one.
    pub fn without_effect(&self, parameter: usize) -> Option<String> {
        let told = || {
            let name = self.name(parameter);
            format!("`{name}` has no effect: no bin expects anything else at another value of it")
        };
        (!self.has_effect(parameter)).then(told)
    }

    /// Name of a parameter.
    pub fn name(&self, parameter: usize) -> &'a str {
        &self.model.parameters()[parameter].name
    }
}
