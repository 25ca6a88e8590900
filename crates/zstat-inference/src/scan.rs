//! Profile scans of one parameter: 2 ΔNLL on a grid, and the intervals where it stays below a threshold.

use zstat_core::model::Constraint;

use crate::profile::summarised;
use crate::record::StretchRecord;
use crate::root::newton;
use crate::tasks::{Tasks, all_tasks};
use crate::{Fit, Inputs, Profile, TestError};
use zstat_core::normal::quantile;

/// Points of the grid that are done in one task.
const BLOCK: usize = 8;
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
    let study = LineStudy::new(inputs, parameter, options)?;
    let records = all_tasks(&study, study.tasks(), &|| {});
    Ok(study.finish(&records))
}

/// A scan of one parameter as a job: task i is block i of the grid, and again for the statistical part. Blocks are of so many
/// points however the job is divided: the first fit of each goes on from that of the block before, and is made by whoever
/// makes any block; the others go on from there. What follows from the grid is computed when all blocks are there.
pub struct LineStudy<'a> {
    inputs: Inputs<'a>,
    parameter: usize,
    options: ScanOptions,
    range: [f64; 2],
    values: Vec<f64>,
    whole: Line<'a>,
    statistical: Option<Line<'a>>,
}

/// One profile over the grid.
struct Line<'a> {
    inputs: Inputs<'a>,
    parameter: usize,
    fixed: Vec<bool>,
    start: Vec<f64>,
    /// With the free fit, and the first of each block.
    lead: Profile<'a, 'a>,
    /// The free fit that blocks begin with.
    free: Fit,
    /// The first fit of each block.
    first: Vec<Fit>,
}

impl<'a> Line<'a> {
    fn new(
        inputs: Inputs<'a>,
        parameter: usize,
        mut lead: Profile<'a, 'a>,
        (start, fixed): (&[f64], &[bool]),
        values: &[f64],
    ) -> Self {
        let first = values.chunks(BLOCK).map(|block| lead.held(block[0])).collect();
        let free = lead.free().clone();
        Self { inputs, parameter, fixed: fixed.to_vec(), start: start.to_vec(), lead, free, first }
    }

    /// The fits of a block but for the first.
    fn block(&self, at: usize, values: &[f64]) -> StretchRecord {
        let profile = self.inputs.profile_from(self.parameter, &self.start, &self.fixed);
        StretchRecord::new(profile.beside(&self.free, &self.first[at]), &values[1..])
    }

    /// Fills the profile from the records of all blocks, in order.
    fn learn(&mut self, records: &[StretchRecord], values: &[f64]) {
        // All at once: they are put in order.
        let rest: Vec<f64> = values.chunks(BLOCK).flat_map(|block| &block[1..]).copied().collect();
        StretchRecord::joined(records).tell(&mut self.lead, &rest);
    }

    /// 2 ΔNLL at each value. A lower minimum may be found on the way: all differences are to the last.
    fn rises(&mut self, values: &[f64]) -> Vec<f64> {
        for &value in values {
            self.lead.twice_rise(value, false);
        }
        values.iter().map(|&value| self.lead.twice_rise(value, false).0).collect()
    }

    fn intervals(&mut self, values: &[f64], levels: &[f64]) -> Vec<Interval> {
        levels.iter().flat_map(|&level| intervals(&mut self.lead, values, level)).collect()
    }
}

impl<'a> LineStudy<'a> {
    /// Fits the data, finds the range where none is given, and makes the first fit of each block.
    ///
    /// # Errors
    /// Where there is no likelihood.
    pub fn new(inputs: Inputs<'a>, parameter: usize, options: &ScanOptions) -> Result<Self, TestError> {
        let mut profile = inputs.profile(parameter);
        let free = profile.free().clone();
        if !free.nll.is_finite() {
            return Err(profile.no_likelihood(free.mu));
        }
        let range = options.range.unwrap_or_else(|| usual_range(&mut profile));
        let values = grid(range, options.points);
        let whole = Line::new(inputs, parameter, profile, (inputs.start, inputs.fixed), &values);
        let statistical = options.statistical.then(|| statistical(inputs, parameter, &whole.free, &values));
        Ok(Self { inputs, parameter, options: options.clone(), range, values, whole, statistical })
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> u64 {
        let parts = if self.statistical.is_some() { 2 } else { 1 };
        (parts * self.blocks()) as u64
    }

    fn blocks(&self) -> usize {
        self.values.len().div_ceil(BLOCK)
    }

    /// The result from the records of all tasks, by number.
    pub fn finish(mut self, records: &[StretchRecord]) -> Scan {
        let (values, levels) = (&self.values, &self.options.levels);
        let of_whole = self.values.len().div_ceil(BLOCK).min(records.len());
        self.whole.learn(&records[..of_whole], values);
        let rises = self.whole.rises(values);
        let found = self.whole.intervals(values, levels);
        let best = self.whole.lead.free().clone();
        let (mut parts, mut of_part) = (Vec::new(), Vec::new());
        if let Some(part) = &mut self.statistical {
            if best.nll < self.whole.free.nll {
                // What is held was held at another minimum.
                *part = statistical(self.inputs, self.parameter, &best, values);
            } else {
                part.learn(&records[of_whole..], values);
            }
            parts = part.rises(values);
            of_part = part.intervals(values, levels);
        }
        let lead = &mut self.whole.lead;
        let point = |(at, &value): (usize, &f64)| ScanPoint {
            value,
            delta_twice_nll: rises[at],
            delta_statistical: parts.get(at).copied(),
            converged: lead.held(value).converged,
        };
        let points = values.iter().enumerate().map(point).collect();
        let beside = found.is_empty().then(|| {
            "the range is outside of all intervals: no value in it is as likely as their ends".to_owned()
        });
        let profiles = || std::iter::once(&self.whole).chain(&self.statistical).map(|line| &line.lead);
        Scan {
            best: best.mu,
            range: self.range,
            points,
            intervals: found,
            statistical: of_part,
            converged: profiles().all(Profile::converged),
            warnings: summarised(profiles().flat_map(Profile::warnings).chain(&beside)),
            fits: profiles().map(Profile::fits).sum(),
        }
    }
}

/// The profile with everything that has a constraint held where the best fit has it.
fn statistical<'a>(inputs: Inputs<'a>, parameter: usize, best: &Fit, values: &[f64]) -> Line<'a> {
    let fixed = constrained_too(&inputs);
    let lead = inputs.profile_from(parameter, &best.theta, &fixed);
    Line::new(inputs, parameter, lead, (&best.theta, &fixed), values)
}

impl Tasks for LineStudy<'_> {
    type Worker<'w>
        = ()
    where
        Self: 'w;
    type Record = StretchRecord;

    fn worker(&self) {}

    fn run(&self, (): &mut (), task: u64) -> StretchRecord {
        let (part, at) = (task as usize / self.blocks(), task as usize % self.blocks());
        let block = &self.values[at * BLOCK..self.values.len().min((at + 1) * BLOCK)];
        match &self.statistical {
            Some(line) if part > 0 => line.block(at, block),
            _ => self.whole.block(at, block),
        }
    }
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
