//! The construction with toys.

use serde::{Deserialize, Serialize};
use zstat_core::fit::Fitter;
use zstat_core::text;

use super::{Calculator, End, Unified, UnifiedOptions, UnifiedPoint, values, warnings_of_ends};
use crate::tasks::Tasks;
use crate::toys::{Estimate, Purpose, Tally, ToyMaker, ToySource, left_out};
use crate::{Fit, Inputs, TestError};

/// One toy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnifiedRecord {
    /// The statistic; none where the fits failed.
    #[serde(with = "crate::record::statistics::one")]
    pub t: Option<f64>,
    /// It took another start or another minimiser.
    pub rescued: bool,
}

/// The statistics of toys, counted as they come, in any order. Memory does not grow with the number of toys: at most 65 536
/// distinct statistics of each value are held. Where there are more, they are cut to so many binary digits as leave no more,
/// see [`Unified::resolution`].
#[derive(Debug, Clone)]
pub struct UnifiedTally {
    statistics: Vec<Tally>,
    /// Fitted at the second attempt or later.
    pub retried: u64,
}

impl UnifiedTally {
    /// Counts the record of a task; each task once.
    pub fn put(&mut self, task: u64, record: &UnifiedRecord) {
        let place = (task % self.statistics.len() as u64) as usize;
        self.statistics[place].add(record.t.unwrap_or(f64::NAN));
        self.retried += u64::from(record.rescued);
    }
}

/// Toys of a grid of values: task i is toy i / n of value i mod n, so that more toys are more tasks.
pub struct UnifiedToys<'a> {
    options: UnifiedOptions,
    /// None where the hypothesis has no data to be made of: no point that has probabilities is known of it.
    sources: Vec<Option<ToySource<'a>>>,
    /// What is known of the points without toys.
    points: Vec<UnifiedPoint>,
    best: f64,
    bounds: [f64; 2],
    converged: bool,
    warnings: Vec<String>,
    fits: usize,
}

impl<'a> UnifiedToys<'a> {
    /// Fits the data at each value, and makes the ensembles, with the other parameters as fitted there. `rescue` is the
    /// minimiser for toys that the first one fails on.
    ///
    /// # Errors
    /// Where there is no likelihood, or a negative number of events is expected.
    pub fn new(
        inputs: Inputs<'a>,
        poi: usize,
        options: UnifiedOptions,
        rescue: &'a dyn Fitter,
        seed: u64,
    ) -> Result<Self, TestError> {
        let mut profile = inputs.profile(poi);
        let free = profile.free().clone();
        if !free.nll.is_finite() {
            return Err(profile.no_likelihood(free.mu));
        }
        let values = values(options.range, options.points, free.mu);
        // A lower minimum may be found on the way: all statistics are to the last.
        for &mu in &values {
            profile.twice_rise(mu, false);
        }
        let (mut sources, mut points) = (Vec::new(), Vec::new());
        for &mu in &values {
            // Infinite where events are seen that the hypothesis has none of: no other is further from the data.
            let t_obs = profile.twice_rise(mu, false).0;
            let Fit { theta, converged, .. } = profile.held(mu);
            // The same random numbers for every value: p is a smooth function of it.
            let source = || ToySource::new(inputs, Some(poi), theta, rescue, seed, Purpose::Hypothesis);
            sources.push(match t_obs {
                t if t.is_nan() => None,
                t if t.is_infinite() => source().ok(),
                _ => Some(source()?),
            });
            let t_obs = if t_obs.is_nan() { t_obs } else { t_obs.max(0.0) };
            let p_value = Estimate { value: f64::NAN, error: f64::NAN };
            points.push(UnifiedPoint { mu, t_obs, t_critical: f64::NAN, p_value, converged, failed: 0 });
        }
        Ok(Self {
            options,
            sources,
            points,
            best: profile.free().mu,
            bounds: profile.range(),
            converged: profile.converged(),
            warnings: profile.warnings().to_vec(),
            fits: profile.fits(),
        })
    }

    /// Tasks that `toys` of each value are.
    pub fn tasks(&self, toys: u64) -> u64 {
        toys * self.points.len() as u64
    }

    /// The values tested, ascending.
    pub fn values(&self) -> Vec<f64> {
        self.points.iter().map(|point| point.mu).collect()
    }

    /// A tally without toys yet.
    pub fn tally(&self) -> UnifiedTally {
        let statistics = self.points.iter().map(|point| Tally::new(point.t_obs)).collect();
        UnifiedTally { statistics, retried: 0 }
    }

    /// The result from `toys` toys of each value; those that the tally does not have count as failed.
    pub fn finish(&self, tally: UnifiedTally, toys: u64) -> Unified {
        let level = self.options.level;
        let mut points = self.points.clone();
        let mut resolution = 0.0_f64;
        let tallies = tally.statistics.into_iter().zip(&self.sources);
        for ((tally, source), point) in tallies.zip(&mut points) {
            if source.is_none() {
                // Without a likelihood the value is excluded for sure; without having found one nothing is known.
                let value = if point.t_obs.is_nan() { f64::NAN } else { 0.0 };
                point.p_value = Estimate { value, error: value };
                continue;
            }
            point.failed = toys.saturating_sub(tally.total());
            point.p_value = tally.observed();
            let (distribution, moved) = tally.distribution();
            point.t_critical = distribution.percentile(level);
            resolution = resolution.max(moved);
        }
        let [low, high] = self.brackets(&points).map(|side| side.and_then(|side| self.end(side)));
        let any = points.iter().any(|point| self.accepted(point));
        let mut warnings = self.warnings.clone();
        warnings.extend(warnings_of_ends(low, high, any));
        warnings.extend(self.coarse(&points, toys));
        let failed: u64 = points.iter().map(|point| point.failed).sum();
        warnings.extend(left_out(failed, self.tasks(toys)));
        Unified {
            calculator: Calculator::Toys,
            level,
            best: self.best,
            range: self.options.range,
            low,
            high,
            points,
            resolution,
            converged: self.converged && failed == 0,
            warnings,
            fits: self.fits,
        }
    }

    fn accepted(&self, point: &UnifiedPoint) -> bool {
        point.p_value.value > 1.0 - self.options.level
    }

    /// Where the smallest and the largest value accepted are; none where no value is.
    fn brackets<'p>(&self, points: &'p [UnifiedPoint]) -> [Option<Bracket<'p>>; 2] {
        // Those that nothing is known of are passed over.
        let points: Vec<&UnifiedPoint> =
            points.iter().filter(|point| !point.p_value.value.is_nan()).collect();
        let first = points.iter().position(|point| self.accepted(point));
        let last = points.iter().rposition(|point| self.accepted(point));
        let (Some(first), Some(last)) = (first, last) else { return [None, None] };
        let before = first.checked_sub(1).map(|before| points[before]);
        let after = points.get(last + 1).copied();
        [(points[first], before, Side::Low), (points[last], after, Side::High)]
            .map(|(accepted, rejected, side)| Some(Bracket { accepted, rejected, side }))
    }

    /// The end of the interval there, p linear between the values tested; none where the range ends first.
    fn end(&self, Bracket { accepted, rejected, side }: Bracket<'_>) -> Option<End> {
        let Some(rejected) = rejected else {
            let ([lower, upper], [from, to]) = (self.bounds, self.options.range);
            let (at_bound, value) = match side {
                Side::Low => (from <= lower, lower),
                Side::High => (to >= upper, upper),
            };
            return at_bound.then_some(End { value, error: None });
        };
        let (p, q) = (rejected.p_value, accepted.p_value);
        let share = self.share(p.value, q.value);
        let step = accepted.mu - rejected.mu;
        // The toys of neighbours are the same random numbers: their errors add up.
        let error = (1.0 - share) * p.error + share * q.error;
        let slope = (q.value - p.value) / step;
        Some(End { value: rejected.mu + share * step, error: Some((error / slope).abs()) })
    }

    /// Part of the way from `p`, rejected, to `q`, accepted, at which a line is at 1 − level.
    fn share(&self, p: f64, q: f64) -> f64 {
        (1.0 - self.options.level - p) / (q - p)
    }

    /// Ends that a line through ln p puts further away than their errors: there the values tested are too far apart.
    fn coarse(&self, points: &[UnifiedPoint], toys: u64) -> Vec<String> {
        // No toy of the tail is less than one.
        let least = 0.5 / toys.max(1) as f64;
        let ln = |p: f64| p.max(least).ln();
        let remark = |bracket: Bracket<'_>| {
            let (rejected, accepted) = (bracket.rejected?, bracket.accepted);
            let (p, q) = (rejected.p_value.value, accepted.p_value.value);
            let alpha = (1.0 - self.options.level).ln();
            let other = (alpha - ln(p)) / (ln(q) - ln(p));
            let step = accepted.mu - rejected.mu;
            let away = ((other - self.share(p, q)) * step).abs();
            let error = self.end(bracket)?.error?;
            let side = match bracket.side {
                Side::Low => "lower",
                Side::High => "upper",
            };
            (away > error).then(|| {
                format!(
                    "the error of the {side} end counts toys alone, the values tested are too far apart for it: from {} to {} p goes \
                     from {p:.4} to {q:.4}; raise --points or choose a narrower --range",
                    text::number(rejected.mu),
                    text::number(accepted.mu)
                )
            })
        };
        self.brackets(points).into_iter().flatten().filter_map(remark).collect()
    }
}

/// A side of an interval.
#[derive(Debug, Clone, Copy)]
enum Side {
    Low,
    High,
}

/// The last value accepted on one side, and the next, rejected one; none where the range ends.
#[derive(Debug, Clone, Copy)]
struct Bracket<'p> {
    accepted: &'p UnifiedPoint,
    rejected: Option<&'p UnifiedPoint>,
    side: Side,
}

impl<'a> Tasks for UnifiedToys<'a> {
    type Worker<'w>
        = Vec<Option<ToyMaker<'w, 'a>>>
    where
        Self: 'w;
    type Record = UnifiedRecord;

    fn worker(&self) -> Self::Worker<'_> {
        self.sources.iter().map(|source| source.as_ref().map(ToyMaker::new)).collect()
    }

    fn run(&self, worker: &mut Self::Worker<'_>, task: u64) -> UnifiedRecord {
        let count = self.points.len() as u64;
        let place = (task % count) as usize;
        let Some(maker) = &mut worker[place] else {
            return UnifiedRecord { t: None, rescued: false };
        };
        let toy = maker.toy(task / count);
        let t = toy.profile.twice_rise(self.points[place].mu, false).0;
        let good = toy.profile.converged() && !t.is_nan();
        UnifiedRecord { t: good.then_some(t.max(0.0)), rescued: good && toy.profile.rescued() }
    }
}
