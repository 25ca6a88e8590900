//! Where there is no likelihood: looked for elsewhere, else zero for all that is known, and why.

use zstat_core::fit::{EvalError, Problem, from_anywhere};

use super::{Fit, Profile, short};
use crate::TestError;

/// Seed of the points that are tried where starts have no likelihood.
const SEED: u64 = 1;

impl Profile<'_, '_> {
    /// In place of a fit that had no likelihood at its start: from wherever there is one.
    pub(super) fn begin_anywhere(&mut self, failed: Fit, start: &[f64], held: bool) -> Fit {
        let mut fixed = self.fixed.clone();
        fixed[self.poi] = held;
        let problem = Problem::new(start, &self.bounds, &fixed);
        let found = from_anywhere(&mut self.nll, self.fitter, &problem, SEED);
        let at =
            if held { format!(" with {} = {}", self.name(), short(start[self.poi])) } else { String::new() };
        let why = match found {
            Ok((minimum, _)) => {
                self.warn(format!(
                    "no likelihood at the start values{at}; started from a random point instead"
                ));
                return Fit { rescued: true, ..self.found(minimum, true) };
            }
            Err(why) => why,
        };
        let is_excluded = held && why.is_zero_yield();
        self.warn(if is_excluded {
            format!("the likelihood is zero{at}, whatever the other parameters are: {why}")
        } else {
            format!("no likelihood was found{at}: {why}")
        });
        self.reason = Some(why);
        let nll = if is_excluded { f64::INFINITY } else { f64::NAN };
        Fit { nll, converged: is_excluded, ..failed }
    }

    /// The error that says why there is no likelihood at `mu`.
    pub(crate) fn no_likelihood(&self, mu: f64) -> TestError {
        let parameter = self.nll.model().parameters()[self.poi].name.clone();
        let why = self.reason.as_ref().map_or_else(|| "no fit was possible".to_owned(), EvalError::to_string);
        TestError::NoLikelihood { parameter, mu, why }
    }

    /// The error that says why no data are made from the fit at `mu`.
    pub(crate) fn no_asimov(&self, mu: f64) -> TestError {
        match self.no_likelihood(mu) {
            TestError::NoLikelihood { parameter, mu, why } => {
                TestError::NothingToProfile { parameter, mu, why }
            }
            other => other,
        }
    }
}
