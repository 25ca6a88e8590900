//! Where there is no likelihood: looked for elsewhere, else zero for all that is known, and why.

use zstat_core::fit::{EvalError, Nowhere, Problem, from_anywhere};

use super::{Fit, Profile, short};
use crate::TestError;

/// Seed of the points that are tried where starts have no likelihood.
const SEED: u64 = 1;

/// How warnings begin that the likelihood is zero.
const ZERO: &str = "the likelihood is zero";
/// Parameters named in a sentence about what is held.
const TOLD: usize = 4;

/// The warnings, each once, with one about values at which the likelihood is zero: a scan may have many.
pub(crate) fn summarised<'w>(warnings: impl IntoIterator<Item = &'w String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut zeros: Vec<&String> = Vec::new();
    let mut place = 0;
    for warning in warnings {
        if warning.starts_with(ZERO) {
            if zeros.is_empty() {
                place = out.len();
            }
            if !zeros.contains(&warning) {
                zeros.push(warning);
            }
        } else if !out.contains(warning) {
            out.push(warning.clone());
        }
    }
    if let [first, rest @ ..] = zeros.as_slice() {
        let more = match rest.len() {
            0 => String::new(),
            1 => "; and at another point".to_owned(),
            n => format!("; and at {n} other points"),
        };
        out.insert(place, format!("{first}{more}"));
    }
    out
}

impl Profile<'_, '_> {
    /// In place of a fit that had no likelihood at its start: from wherever there is one.
    pub(super) fn begin_anywhere(&mut self, failed: Fit, start: &[f64], held: bool) -> Fit {
        let mut fixed = self.fixed.clone();
        fixed[self.poi] = held;
        let problem = Problem::new(start, &self.bounds, &fixed);
        let near = if held { self.neighbours(start[self.poi]) } else { Vec::new() };
        let found = from_anywhere(&mut self.nll, self.fitter, &problem, &near, SEED);
        let at = self.held_at(start, held);
        let Nowhere { why, is_zero } = match found {
            Ok((minimum, _)) => {
                self.warn(format!(
                    "no likelihood at the start values{at}; the fit began at another point, where there is one"
                ));
                return Fit { rescued: true, ..self.found(minimum, true) };
            }
            Err(nowhere) => nowhere,
        };
        let is_excluded = held && is_zero;
        self.warn(if is_zero {
            let others = if at.is_empty() { "" } else { "other " };
            format!("{ZERO}{at}, whatever the {others}parameters are: {why}")
        } else {
            format!("no likelihood was found{at}: {why}")
        });
        self.reason = Some(why);
        let nll = if is_excluded { f64::INFINITY } else { f64::NAN };
        Fit { nll, converged: is_excluded, ..failed }
    }

    /// What is held, in a sentence: the parameter of interest, if it is, and others that the model leaves free.
    fn held_at(&self, theta: &[f64], held: bool) -> String {
        let parameters = self.nll.model().parameters();
        let is_told = |i: &usize| {
            if *i == self.poi { held } else { self.fixed[*i] && !parameters[*i].fixed }
        };
        let told = (0..theta.len()).filter(is_told);
        let told: Vec<String> =
            told.map(|i| format!("`{}` = {}", parameters[i].name, short(theta[i]))).collect();
        let more = match told.len() {
            0 => return String::new(),
            1..=TOLD => String::new(),
            n => format!(" and {} more held", n - TOLD),
        };
        format!(" with {}{more}", told[..told.len().min(TOLD)].join(", "))
    }

    /// Where the fit at `mu` may begin: at the nearest held fits to both sides, and the free one, moved there.
    fn neighbours(&self, mu: f64) -> Vec<Vec<f64>> {
        let place = self.held.partition_point(|fit| fit.mu < mu);
        let mut known: Vec<&Fit> =
            self.held[..place].iter().rev().find(|fit| fit.converged).into_iter().collect();
        known.extend(self.held[place..].iter().find(|fit| fit.converged));
        known.extend(&self.free);
        let mut known: Vec<&Fit> = known.into_iter().filter(|fit| fit.nll.is_finite()).collect();
        known.sort_by(|a, b| (a.mu - mu).abs().total_cmp(&(b.mu - mu).abs()));
        known.into_iter().map(|fit| self.moved(&fit.theta, mu)).collect()
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
