//! A line search for the strong Wolfe conditions that survives points without a value.
//!
//! Source: Nocedal and Wright, *Numerical Optimization*, algorithms 3.5 and 3.6. Where the value has no digits left to
//! show a decrease, the slopes decide alone (Hager and Zhang, SIAM J. Optim. 16 (2005) 170).

/// Sufficient decrease, as a fraction of the slope.
const DECREASE: f64 = 1e-4;
/// Largest remaining slope, as a fraction of the first.
const CURVATURE: f64 = 0.9;
/// Differences below this fraction of the value are rounding.
const ROUNDING: f64 = 1e-14;
const EVALUATIONS: usize = 40;

/// A point on the line: step, value, slope, and what the evaluation brought along.
#[derive(Debug, Clone)]
pub(super) struct Probe<T> {
    pub step: f64,
    pub value: f64,
    pub slope: f64,
    pub payload: T,
}

/// Searches from step 0 (with `value` and `slope` < 0) towards `longest`, beginning with `first`.
///
/// `at` gives the probe of a step, none where the function has no value. The result satisfies the strong Wolfe
/// conditions, or sits at `longest` with sufficient decrease, or is the best point with sufficient decrease that was
/// found; none if there was no such point.
pub(super) fn search<T: Clone>(
    value: f64,
    slope: f64,
    first: f64,
    longest: f64,
    mut at: impl FnMut(f64) -> Option<Probe<T>>,
) -> Option<Probe<T>> {
    let rounding = ROUNDING * value.abs();
    let decreases = |p: &Probe<T>| p.value <= value + DECREASE * p.step * slope;
    let flat_enough = |p: &Probe<T>| p.slope.abs() <= CURVATURE * -slope;
    let rounded = |p: &Probe<T>| {
        (p.value - value).abs() <= rounding
            && p.slope <= (2.0 * DECREASE - 1.0) * slope
            && p.slope >= CURVATURE * slope
    };
    // The end with the lowest value so far, and the other end of the bracket: (step, value, slope) if it has them.
    let mut low: Option<Probe<T>> = None;
    let mut high: Option<(f64, Option<(f64, f64)>)> = None;
    let mut step = first.min(longest);
    for _ in 0..EVALUATIONS {
        let low_step = low.as_ref().map_or(0.0, |p| p.step);
        let low_value = low.as_ref().map_or(value, |p| p.value);
        let low_slope = low.as_ref().map_or(slope, |p| p.slope);
        match at(step) {
            None => high = Some((step, None)),
            Some(probe) if rounded(&probe) => return Some(probe),
            Some(probe) if !decreases(&probe) || probe.value >= low_value => {
                high = Some((step, Some((probe.value, probe.slope))));
            }
            Some(probe) if flat_enough(&probe) => return Some(probe),
            Some(probe) => {
                if high.is_none() && probe.slope < 0.0 {
                    if step >= longest {
                        return Some(probe);
                    }
                } else if high.is_none() || probe.slope * (high.as_ref()?.0 - step) >= 0.0 {
                    high = Some((low_step, Some((low_value, low_slope))));
                }
                low = Some(probe);
            }
        }
        let low_step = low.as_ref().map_or(0.0, |p| p.step);
        step = match &high {
            None => (4.0 * low_step).min(longest),
            Some((end, known)) => {
                let (low_value, low_slope) = low.as_ref().map_or((value, slope), |p| (p.value, p.slope));
                if (end - low_step).abs() <= 1e-15 * end.abs().max(low_step) {
                    break;
                }
                between(low_step, low_value, low_slope, *end, *known)
            }
        };
    }
    low
}

/// A step inside the bracket: the minimum of the cubic through both ends, kept off them; a tenth of the way where the
/// far end has no value.
fn between(low: f64, low_value: f64, low_slope: f64, high: f64, known: Option<(f64, f64)>) -> f64 {
    let width = high - low;
    let Some((high_value, high_slope)) = known else { return low + 0.1 * width };
    let d1 = low_slope + high_slope - 3.0 * (low_value - high_value) / (low - high);
    let square = d1 * d1 - low_slope * high_slope;
    let fraction = if square >= 0.0 {
        let d2 = width.signum() * square.sqrt();
        1.0 - (high_slope + d2 - d1) / (high_slope - low_slope + 2.0 * d2)
    } else {
        0.5
    };
    let fraction = if fraction.is_finite() { fraction.clamp(0.1, 0.9) } else { 0.5 };
    low + fraction * width
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(function: impl Fn(f64) -> Option<(f64, f64)>, first: f64, longest: f64) -> Option<Probe<()>> {
        let (value, slope) = function(0.0)?;
        search(value, slope, first, longest, |step| {
            function(step).map(|(value, slope)| Probe { step, value, slope, payload: () })
        })
    }

    #[test]
    fn strong_wolfe_from_short_and_long_first_steps() {
        let function = |t: f64| Some(((t - 3.0).powi(2), 2.0 * (t - 3.0)));
        for first in [1e-3, 0.1, 1.0, 5.0, 100.0, 1e6] {
            let probe = run(function, first, f64::INFINITY).expect("a step");
            assert!(probe.value <= 9.0 - 6e-4 * probe.step && probe.slope.abs() <= 5.4, "{first}: {probe:?}");
        }
    }

    #[test]
    fn stops_at_the_longest_step() {
        let probe = run(|t: f64| Some((-t, -1.0)), 0.3, 2.0).expect("a step");
        assert_eq!(probe.step, 2.0);
    }

    #[test]
    fn comes_back_from_where_there_is_no_value() {
        // t − ln(2 − t)·… has a value only below t = 0.01.
        let function = |t: f64| (t < 0.01).then(|| ((t - 0.005).powi(2), 2.0 * (t - 0.005)));
        let probe = run(function, 1.0, 1.0).expect("a step");
        assert!(probe.step < 0.01 && probe.slope.abs() <= 0.009, "{probe:?}");
    }

    #[test]
    fn no_decrease_is_no_step() {
        assert!(run(|t: f64| Some((1.0 + t, if t == 0.0 { -1.0 } else { 1.0 })), 1.0, 1.0).is_none());
    }
}
