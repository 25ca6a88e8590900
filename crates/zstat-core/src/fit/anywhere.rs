//! Fits that begin where there is no likelihood: from a point inside its domain, if there is one.

use super::entry::{Entry, enter};
use super::starts::random_start;
use super::{EvalError, Fitter, Minimum, Objective, Problem, Termination, minimise};
use crate::likelihood::Nll;

/// Random points that may have a likelihood.
const POINTS: u64 = 50;
/// So many of them are led into the domain where none has.
const LED: u64 = 4;

/// No point with a likelihood was found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct Nowhere {
    /// Why there is no likelihood: where some bin with data cannot expect a positive number of events, that bin, with the
    /// best it can do.
    pub why: EvalError,
    /// There is no such point: the likelihood is zero for all values of what is free.
    pub is_zero: bool,
}

/// A search for problems whose start values have no likelihood: from where a way into the domain leads to, which is looked
/// for from `near` in order, from the start values, and from random points, a function of `seed`. Returns the minimum, and
/// the parameters on kinks as [`minimise`] does.
///
/// # Errors
/// Where no such point was found. The likelihood is zero for all values of what is free where a bin with data expects
/// exactly none at all points that were looked at, or all ways end where the expectation of one cannot be raised any more.
pub fn from_anywhere(
    nll: &mut Nll<'_>,
    fitter: &dyn Fitter,
    problem: &Problem<'_>,
    near: &[Vec<f64>],
    seed: u64,
) -> Result<(Minimum, Vec<usize>), Nowhere> {
    nll.hold(problem.fixed);
    let parameters = nll.model().parameters();
    let known = || near.iter().map(Vec::as_slice).chain([problem.start]);
    let random = |which: u64| random_start(parameters, problem.start, problem.fixed, seed, which);
    let at_start = nll.value(problem.start).err();
    // Most often only the signal has events in a bin: nothing leads out of that, and all points say so.
    let is_void = |nll: &mut Nll<'_>, point: &[f64]| nll.value(point).is_err_and(|why| why.is_zero_yield());
    if known().all(|point| is_void(nll, point)) && (1..=POINTS).all(|i| is_void(nll, &random(i))) {
        return Err(Nowhere { why: at_start.unwrap_or(EvalError::CalledBack), is_zero: true });
    }
    let mut ways = Ways { nll, fitter, problem, barred: None, is_lost: false };
    if let Some(found) = known().find_map(|point| ways.from(point)) {
        return Ok(found);
    }
    let valid = (1..=POINTS).map(random).find(|point| ways.nll.value(point).is_ok());
    let found = valid.and_then(|point| ways.from(&point));
    if let Some(found) = found.or_else(|| (1..=LED).find_map(|i| ways.from(&random(i)))) {
        return Ok(found);
    }
    let is_zero = ways.barred.is_some() && !ways.is_lost;
    Err(Nowhere { why: ways.barred.or(at_start).unwrap_or(EvalError::CalledBack), is_zero })
}

/// Ways into the domain, and what they said that led nowhere.
struct Ways<'a, 'm> {
    nll: &'a mut Nll<'m>,
    fitter: &'a dyn Fitter,
    problem: &'a Problem<'a>,
    /// The first bin that a way ended at.
    barred: Option<EvalError>,
    /// One of them ended without a reason.
    is_lost: bool,
}

impl Ways<'_, '_> {
    /// The minimum from this point, or from where it leads to.
    fn from(&mut self, point: &[f64]) -> Option<(Minimum, Vec<usize>)> {
        let Self { nll, fitter, .. } = self;
        let problem = Problem { start: point, ..*self.problem };
        let start = match nll.value(point) {
            Ok(_) => Entry::Inside { theta: point.to_vec(), counts: [0, 0] },
            Err(_) => enter(nll, *fitter, &problem),
        };
        match start {
            Entry::Inside { theta, counts } => {
                let mut found = minimise(nll, *fitter, &Problem { start: &theta, ..problem });
                found.0.iterations += counts[0];
                found.0.evaluations += counts[1];
                (!matches!(found.0.termination, Termination::InvalidStart(_))).then_some(found)
            }
            Entry::Barred(why) => {
                self.barred.get_or_insert(why);
                None
            }
            Entry::Lost(why) => {
                // A point without any value says nothing.
                self.is_lost |= why.is_some();
                None
            }
        }
    }
}
