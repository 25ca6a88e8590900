//! Profile scans of one parameter: 2 ΔNLL on a grid, and the intervals where it stays below a threshold.

use zstat_core::model::Constraint;

use crate::normal::quantile;
use crate::root::newton;
use crate::{Inputs, Profile, TestError};

/// The last of Newton's steps to a crossing, relative to the range.
const PRECISION: f64 = 1e-6;

/// One value of the parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScanPoint {
    /// The value.
    pub value: f64,
    /// 2 [NLL(value) − NLL(best)], all others fitted.
    pub delta_twice_nll: f64,
    /// The same with everything that has a constraint held at its best value: the statistical part.
    pub delta_statistical: Option<f64>,
    /// The fit converged.
    pub converged: bool,
}

/// A stretch of values in which 2 ΔNLL stays below a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Confidence level, in the limit of many events.
    pub level: f64,
    /// Lower end; none where the range ends first.
    pub low: Option<f64>,
    /// Upper end; none where the range ends first.
    pub high: Option<f64>,
}

/// A scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// Best value of the parameter.
    pub best: f64,
    /// The range scanned.
    pub range: [f64; 2],
    /// The grid, ascending.
    pub points: Vec<ScanPoint>,
    /// Intervals, level after level, ascending.
    pub intervals: Vec<Interval>,
    /// The same for the statistical part alone.
    pub statistical: Vec<Interval>,
    /// All fits converged.
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations.
    pub fits: usize,
}

/// How to scan.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanOptions {
    /// The range; by default five times as far as 2 ΔNLL = 1 on both sides, inside the bounds.
    pub range: Option<[f64; 2]>,
    /// Points of the grid.
    pub points: usize,
    /// Confidence levels of the intervals.
    pub levels: Vec<f64>,
    /// The statistical part as well.
    pub statistical: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { range: None, points: 41, levels: vec![0.682_689_492_137_085_9, 0.95], statistical: false }
    }
}

/// The threshold in 2 ΔNLL for one parameter: the square of the normal quantile.
pub fn threshold(level: f64) -> f64 {
    quantile(0.5 * (1.0 - level)).powi(2)
}

/// Scans one parameter. The ends of intervals are roots of the profile, found with its slope; the grid only says where.
///
/// # Errors
/// Where there is no likelihood.
pub fn scan(inputs: Inputs<'_>, parameter: usize, options: &ScanOptions) -> Result<Scan, TestError> {
    let mut profile = inputs.profile(parameter);
    let free = profile.free().clone();
    if !free.nll.is_finite() {
        let name = inputs.name(parameter).to_owned();
        return Err(TestError::NoLikelihood { parameter: name, mu: free.mu });
    }
    let range = options.range.unwrap_or_else(|| usual_range(&mut profile));
    let mut statistical =
        (options.statistical).then(|| inputs.profile_from(parameter, &free.theta, &constrained_too(&inputs)));
    let values = grid(range, options.points);
    let mut points = Vec::with_capacity(values.len());
    for &value in &values {
        let (delta, _) = profile.twice_rise(value, false);
        let converged = profile.held(value).converged;
        let delta_statistical = statistical.as_mut().map(|profile| profile.twice_rise(value, false).0);
        points.push(ScanPoint { value, delta_twice_nll: delta, delta_statistical, converged });
    }
    // A lower minimum may have been found on the way: all differences are to the last.
    let best = profile.free().clone();
    for point in &mut points {
        point.delta_twice_nll = profile.twice_rise(point.value, false).0;
    }
    let of = |profile: &mut Profile<'_, '_>| {
        options.levels.iter().flat_map(|&level| intervals(profile, &values, level)).collect::<Vec<_>>()
    };
    let intervals = of(&mut profile);
    let statistical_intervals = statistical.as_mut().map(of).unwrap_or_default();
    let others = statistical.iter().flat_map(|profile| profile.warnings().iter());
    let warnings = profile.warnings().iter().chain(others).cloned().collect();
    Ok(Scan {
        best: best.mu,
        range,
        points,
        intervals,
        statistical: statistical_intervals,
        converged: profile.converged() && statistical.as_ref().is_none_or(Profile::converged),
        warnings,
        fits: profile.fits() + statistical.as_ref().map_or(0, Profile::fits),
    })
}

/// Which parameters are kept where the statistical part is asked for: the fixed, and all with a constraint.
pub(crate) fn constrained_too(inputs: &Inputs<'_>) -> Vec<bool> {
    let parameters = inputs.model.parameters().iter().zip(inputs.fixed);
    parameters.map(|(parameter, fixed)| *fixed || parameter.constraint != Constraint::None).collect()
}

/// `points` values from end to end.
pub fn grid([low, high]: [f64; 2], points: usize) -> Vec<f64> {
    let last = points.max(2) - 1;
    (0..=last).map(|i| if i == last { high } else { low + (high - low) * i as f64 / last as f64 }).collect()
}

/// Three standard deviations to both sides, each by its own profile, inside the bounds.
pub(crate) fn usual_range(profile: &mut Profile<'_, '_>) -> [f64; 2] {
    range_to(profile, 9.0, [4.0, 16.0])
}

/// As far to both sides as 2 ΔNLL is about `wanted`, from `enough` to less than `too_far`, inside the bounds.
pub(crate) fn range_to(profile: &mut Profile<'_, '_>, wanted: f64, [enough, too_far]: [f64; 2]) -> [f64; 2] {
    let best = profile.free().mu;
    let [lower, upper] = profile.range();
    let mut reach = |side: f64, bound: f64| {
        let limit = (bound - best).abs();
        let mut distance = (0.1 * best.abs()).max(0.1).min(limit);
        // By doubling and the profile's curvature.
        for _ in 0..40 {
            let (delta, _) = profile.twice_rise(best + side * distance, false);
            if distance >= limit || (enough..too_far).contains(&delta) {
                break;
            }
            let factor = if delta > 0.0 { (wanted / delta).sqrt().clamp(0.2, 4.0) } else { 4.0 };
            distance = (distance * factor).min(limit);
        }
        best + side * distance
    };
    [reach(-1.0, lower), reach(1.0, upper)]
}

/// The stretches below the threshold of `level`, their ends refined.
fn intervals(profile: &mut Profile<'_, '_>, values: &[f64], level: f64) -> Vec<Interval> {
    let wanted = threshold(level);
    let best = profile.free().mu;
    let (first, last) = (values[0], values[values.len() - 1]);
    let mut places: Vec<f64> = values.to_vec();
    if best > first && best < last {
        places.push(best);
        places.sort_by(f64::total_cmp);
    }
    let below: Vec<bool> = places.iter().map(|&value| profile.twice_rise(value, false).0 <= wanted).collect();
    let mut out = Vec::new();
    let mut open: Option<Option<f64>> = below[0].then_some(None);
    for (pair, inside) in places.windows(2).zip(below.windows(2)) {
        match (inside[0], inside[1]) {
            (false, true) => open = Some(crossing(profile, [pair[0], pair[1]], wanted, -1.0)),
            (true, false) => {
                let high = crossing(profile, [pair[0], pair[1]], wanted, 1.0);
                out.push(Interval { level, low: open.take().flatten(), high });
            }
            _ => {}
        }
    }
    if let Some(low) = open {
        out.push(Interval { level, low, high: None });
    }
    // A bound is an end as good as any.
    let [lower, upper] = profile.range();
    for interval in &mut out {
        interval.low = interval.low.or((first <= lower).then_some(lower));
        interval.high = interval.high.or((last >= upper).then_some(upper));
    }
    out
}

/// Where 2 ΔNLL is `wanted` between two values, rising for `side` = 1 and falling for −1.
fn crossing(profile: &mut Profile<'_, '_>, [low, high]: [f64; 2], wanted: f64, side: f64) -> Option<f64> {
    let f = |value: f64| {
        let (delta, _) = profile.twice_rise(value, false);
        let slope = 2.0 * profile.held(value).slope;
        (side * (delta.max(0.0) - wanted), side * slope)
    };
    newton(f, [low, high], 0.5 * (low + high), PRECISION * (high - low))
}
