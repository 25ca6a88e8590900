//! The values of a limit with toys: around the asymptotic limits, and as far beyond as some toys say.

use zstat_core::fit::Fitter;

use super::Estimate;
use super::limit::ToyLimit;
use crate::scan::grid;
use crate::tasks::all_tasks;
use crate::{Limit, Reached, Setup, TestError};

/// Toys of each hypothesis that tell whether the grid is wide enough. The number does not depend on that of the job, so that
/// a job with more toys has the same grid.
const PILOTS: u64 = 200;
/// The grid begins at this part of the smallest asymptotic limit, and ends at this multiple of the largest.
const AROUND: [f64; 2] = [0.6, 1.4];
/// CLs at the ends, in units of 1 − level: at least, and at most.
const WANTED: [f64; 2] = [2.0, 0.5];
/// An end that is not far enough is moved by this factor, so many times.
const STEP: f64 = 1.5;
const STEPS: usize = 20;

/// How to choose the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToyGrid {
    /// Confidence level.
    pub level: f64,
    /// No value is above this.
    pub bound: f64,
    /// From and to, as they are; by default found.
    pub range: Option<[f64; 2]>,
    /// How many, two at least.
    pub points: usize,
    /// Seed of the toys.
    pub seed: u64,
}

/// Values at equal distances between which all six limits are expected: the asymptotic ones, and those that a few toys see.
/// The ends that are found are rounded to two digits, away from the limits. Empty where there are no asymptotic limits to
/// begin with.
///
/// # Errors
/// As [`ToyLimit::new`].
pub fn toy_limit_grid(
    setup: Setup<'_>,
    asymptotic: &Limit,
    options: ToyGrid,
    rescue: &dyn Fitter,
) -> Result<Vec<f64>, TestError> {
    let ToyGrid { level, bound, range, points, seed } = options;
    if let Some(range) = range {
        return Ok(grid(range, points));
    }
    let all = || std::iter::once(asymptotic.observed).chain(asymptotic.expected);
    let ends = all().filter_map(|reached| match reached {
        Reached::At(value) => Some([AROUND[0] * value, AROUND[1] * value]),
        Reached::AboveBound(bound) => Some([AROUND[0] * bound, bound]),
        Reached::NoSensitivity | Reached::Failed => None,
    });
    let ends = ends.filter(|ends| ends.iter().all(|end| end.is_finite() && *end > 0.0));
    let Some([mut low, mut high]) = ends.reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]) else {
        return Ok(Vec::new());
    };
    let pilot = |mu: f64| -> Result<[Estimate; 6], TestError> {
        let toys = ToyLimit::new(setup, level, &[mu], bound, seed, rescue)?;
        let mut tally = toys.tally();
        for (task, record) in all_tasks(&toys, toys.tasks(PILOTS), &|| {}).iter().enumerate() {
            tally.put(task as u64, record);
        }
        let point = toys.finish(tally, PILOTS).points[0];
        let [a, b, c, d, e] = point.expected;
        Ok([point.observed.cls, a, b, c, d, e])
    };
    let alpha = 1.0 - level;
    // What is no number says nothing, nor does one that may as well be larger: far from the median few toys count. At a level
    // of 0.3 CLs cannot be twice 0.7.
    let enough = (WANTED[0] * alpha).min(0.5 * (1.0 + alpha));
    for _ in 0..STEPS {
        if high >= bound || !pilot(high)?.iter().any(|cls| cls.value > WANTED[1] * alpha) {
            break;
        }
        high = (STEP * high).min(bound);
    }
    for _ in 0..STEPS {
        if !pilot(low)?.iter().any(|cls| cls.value + 2.0 * cls.error < enough) {
            break;
        }
        low /= STEP;
    }
    Ok(grid([rounded(low, f64::floor), rounded(high, f64::ceil).min(bound)], points))
}

/// To two digits.
fn rounded(x: f64, towards: fn(f64) -> f64) -> f64 {
    let power = x.log10().floor() as i32 - 1;
    // Through the decimal text: a power of ten times a number is not always the nearest to what is meant.
    let digits = towards(x / 10f64.powi(power));
    format!("{digits}e{power}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_have_two_digits() {
        assert_eq!([0.0347, 1.0, 99.2, 1234.0].map(|x| rounded(x, f64::floor)), [0.034, 1.0, 99.0, 1200.0]);
        assert_eq!([0.0347, 1.0, 99.2, 1234.0].map(|x| rounded(x, f64::ceil)), [0.035, 1.0, 100.0, 1300.0]);
    }
}
