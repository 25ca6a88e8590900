//! Upper limits: the value of the parameter of interest at which CLs falls to 1 − level.

use serde::{Deserialize, Serialize};

use crate::asymptotic::{expected_tails, ln_cls_slope, observed_tails};
use crate::hypotest::{Point, Setup, Tester};
use crate::root::newton;
use crate::scan::grid;
use crate::{BANDS, TestError};
use zstat_core::normal::{quantile, upper_tail};

/// The last of Newton's steps, relative to the limit. What remains is of the order of its square.
const PRECISION: f64 = 1e-5;
/// Below this, q on Asimov data over the whole range says that there is no sensitivity.
const FLAT: f64 = 1e-9;
/// Where nothing else is asked for, a curve goes as far beyond the largest limit.
const BEYOND: f64 = 1.25;
/// With leave to widen, the range grows by this factor at a time, so many times.
const WIDER: f64 = 2.0;
const WIDENINGS: usize = 30;

/// How to search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitOptions {
    /// Confidence level.
    pub level: f64,
    /// Search above the parameter's upper bound, too.
    pub widen: bool,
    /// CLs on a regular grid besides.
    pub curve: Option<CurveOptions>,
}

/// A regular grid of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveOptions {
    /// From and to; by default from 0 to a quarter beyond the largest limit, or the upper bound where a limit is above it.
    pub range: Option<[f64; 2]>,
    /// How many values, two at least.
    pub points: usize,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self { level: 0.95, widen: false, curve: None }
    }
}

/// A limit, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// The limit.
    At(f64),
    /// CLs stays above 1 − level up to the upper bound.
    AboveBound(f64),
    /// Not even infinite signals would be excluded: the data do not depend on the parameter.
    NoSensitivity,
    /// The search was stopped by a fit without value.
    Failed,
}

impl Reached {
    /// The limit, if there is one.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::At(value) => Some(value),
            _ => None,
        }
    }
}

/// One value that the search tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LimitPoint {
    /// Value of the parameter of interest.
    pub mu: f64,
    /// CLs of the data; none where only the expectation was looked for.
    pub cls_obs: Option<f64>,
    /// CLs expected at −2 … 2 standard deviations of the background.
    pub cls_exp: [f64; 5],
}

/// An upper limit with its expected band.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Of the data.
    pub observed: Reached,
    /// Expected at −2, −1, 0, 1 and 2 standard deviations of the background, ascending.
    pub expected: [Reached; 5],
    /// Best value of the parameter of interest, inside its bounds.
    pub mu_hat: f64,
    /// What was tried, ascending.
    pub scan: Vec<LimitPoint>,
    /// The grid, where it was asked for; without values that have no likelihood.
    pub curve: Vec<LimitPoint>,
    /// All fits converged.
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations.
    pub fits: usize,
}

/// The upper limit, and the five that background alone would give. All are roots on the same two profiles, so that fits
/// are shared; the slopes of the profiles make Newton's method out of it.
///
/// # Errors
/// Where there is no likelihood at all, a hypothesis expects negative events, or the statistic has no CLs.
pub fn limit(setup: Setup<'_>, options: LimitOptions) -> Result<Limit, TestError> {
    if !setup.statistic.has_cls() {
        return Err(TestError::NoLimit(setup.statistic));
    }
    let mut tester = Tester::new(setup, None)?;
    let scale = tester.asimov.free_width();
    let mut search = Search {
        tester,
        tried: Vec::new(),
        expected: Vec::new(),
        scale,
        failure: None,
        gap: None,
        no_curve: false,
    };
    let alpha = 1.0 - options.level;
    let (last, mut top) = search.largest_expected(alpha, options);
    if last == Reached::NoSensitivity {
        return Ok(search.finish(last, [last; 5], options));
    }
    let mut expected = [last; 5];
    for (reached, sigmas) in expected.iter_mut().zip(BANDS).take(4) {
        *reached = search.expected(alpha, sigmas, top);
    }
    let mut observed = search.observed(alpha, top, expected[2]);
    for _ in 0..WIDENINGS {
        match observed {
            Reached::AboveBound(_) if search.widens(options) => top *= WIDER,
            _ => break,
        }
        observed = search.observed(alpha, top, expected[2]);
    }
    if let Some(failure) = search.without_likelihood(observed, &expected) {
        return Err(failure);
    }
    Ok(search.finish(observed, expected, options))
}

/// CLs expected at the five fluctuations.
fn bands(q_asimov: f64) -> [f64; 5] {
    BANDS.map(|sigmas| expected_tails(sigmas, q_asimov).cls)
}

struct Search<'a> {
    tester: Tester<'a>,
    tried: Vec<Point>,
    /// μ, q_A and its slope where only the expectation was asked for.
    expected: Vec<[f64; 3]>,
    /// σ of the parameter of interest on the Asimov data, where it is determined.
    scale: Option<f64>,
    failure: Option<TestError>,
    /// Why the curve lacks a value.
    gap: Option<TestError>,
    /// A curve was asked for, and there is no limit to place it around.
    no_curve: bool,
}

impl Search<'_> {
    /// The test at `mu`. Fits are kept by the profiles, and only compared again: a lower free minimum, found on the way,
    /// counts for all.
    fn at(&mut self, mu: f64) -> Option<Point> {
        match self.tester.at(mu) {
            Ok(point) => {
                self.tried.retain(|known| known.mu != mu);
                self.tried.push(point);
                Some(point)
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }

    /// The statistic on Asimov data and its slope at `mu`.
    fn asimov_at(&mut self, mu: f64) -> Option<[f64; 2]> {
        match self.tester.asimov_at(mu) {
            Ok([q, slope]) => {
                self.expected.push([mu, q, slope]);
                Some([q, slope])
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }

    /// Compares all points with the lowest free minimum that is known by now.
    fn refresh(&mut self) {
        let tried: Vec<f64> = self.tried.iter().map(|point| point.mu).collect();
        for mu in tried {
            self.at(mu);
        }
    }

    /// The error of a search that found nothing at all.
    fn without_likelihood(&mut self, observed: Reached, expected: &[Reached; 5]) -> Option<TestError> {
        let all = expected.iter().chain([&observed]).all(|reached| *reached == Reached::Failed);
        if all { self.failure.take() } else { None }
    }

    /// Whether the search may go on above the end of its range: with leave, or where there is no bound.
    fn widens(&self, options: LimitOptions) -> bool {
        options.widen || !self.tester.observed.range()[1].is_finite()
    }

    /// The largest expected limit, and the upper end of the range to search in: the bound, or with leave to widen a
    /// value that excludes the former.
    fn largest_expected(&mut self, alpha: f64, options: LimitOptions) -> (Reached, f64) {
        let [_, bound] = self.tester.observed.range();
        let widens = self.widens(options);
        let mut top = if bound.is_finite() && bound > 0.0 { bound } else { self.scale.unwrap_or(1.0) };
        let mut reached = self.expected(alpha, BANDS[4], top);
        for _ in 0..WIDENINGS {
            match reached {
                Reached::AboveBound(_) | Reached::NoSensitivity if widens => top *= WIDER,
                _ => break,
            }
            reached = self.expected(alpha, BANDS[4], top);
        }
        (reached, top)
    }

    /// The limit where the background fluctuates by `sigmas`: there √q_A has a value that follows from the normal
    /// distribution alone.
    fn expected(&mut self, alpha: f64, sigmas: f64, top: f64) -> Reached {
        let wanted = quantile(alpha * upper_tail(sigmas)) - sigmas;
        // √q_A is nearly a line through the origin: μ/σ, and better along the tangent of a known point.
        let distance = |[_, q, _]: &[f64; 3]| (q.sqrt() - wanted).abs();
        let near = self.expected.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let guess = near.and_then(|[mu, q, slope]| {
            let root = q.sqrt();
            let tangent = mu + (wanted - root) * 2.0 * root / slope;
            let guess = if tangent > 0.5 * mu && tangent < 2.0 * mu { tangent } else { mu * wanted / root };
            (guess.is_finite() && guess > 0.0).then_some(guess)
        });
        let start = guess.or(self.scale.map(|scale| scale * wanted)).unwrap_or(top).min(top);
        let root = newton(
            |mu| match self.asimov_at(mu) {
                Some([q, slope]) => {
                    let root = q.sqrt();
                    (root - wanted, 0.5 * slope / root)
                }
                None => (f64::NAN, 1.0),
            },
            [0.0, top],
            start,
            PRECISION * start,
        );
        match root {
            // Newton's method takes the end of the range for a value beyond the root: is it?
            Some(root) if top - root <= 2.0 * PRECISION * top => match self.asimov_at(top) {
                Some([q, _]) if q < FLAT => Reached::NoSensitivity,
                Some([q, _]) if q.sqrt() < wanted => Reached::AboveBound(top),
                Some(_) => Reached::At(root),
                None => Reached::Failed,
            },
            Some(root) => Reached::At(root),
            None => Reached::Failed,
        }
    }

    /// The limit of the data, which is looked for near the median expectation at first.
    fn observed(&mut self, alpha: f64, top: f64, median: Reached) -> Reached {
        let statistic = self.tester.setup.statistic;
        let ln_cls = |point: &Point| {
            let value = observed_tails(statistic, point.q, point.q_asimov).cls.ln();
            let roots = [point.q.sqrt(), point.q_asimov.sqrt()];
            let rate = |slope: f64, root: f64| if root > 0.0 { 0.5 * slope / root } else { 0.0 };
            let rates = [rate(point.q_slope, roots[0]), rate(point.q_asimov_slope, roots[1])];
            (value, ln_cls_slope(statistic, roots, rates))
        };
        let wanted = alpha.ln();
        self.refresh();
        let first = median.value().or(self.scale).unwrap_or(top).min(top);
        let known = self.nearest(|point| (ln_cls(point).0 - wanted).abs()).or_else(|| self.at(first));
        let Some(known) = known else { return Reached::Failed };
        let (value, slope) = ln_cls(&known);
        let guess = known.mu - (value - wanted) / slope;
        let start = if guess.is_finite() && guess > 0.0 && guess < top { guess } else { known.mu };
        let root = newton(
            |mu| match self.at(mu) {
                Some(point) => {
                    let (value, slope) = ln_cls(&point);
                    (wanted - value, -slope)
                }
                None => (f64::NAN, 1.0),
            },
            [0.0, top],
            start,
            PRECISION * start,
        );
        match root {
            Some(root) if top - root <= 2.0 * PRECISION * top => match self.at(top) {
                Some(point) if ln_cls(&point).0 > wanted => Reached::AboveBound(top),
                Some(_) => Reached::At(root),
                None => Reached::Failed,
            },
            Some(root) => Reached::At(root),
            None => Reached::Failed,
        }
    }

    fn nearest(&self, distance: impl Fn(&Point) -> f64) -> Option<Point> {
        self.tried.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// CLs on the grid of `options`. Fits of neighbours, and those of the search, are starts.
    fn curve(&mut self, options: CurveOptions, limits: &[Reached]) -> Vec<LimitPoint> {
        let end = |reached: &Reached| match *reached {
            Reached::At(value) => Some(BEYOND * value),
            Reached::AboveBound(bound) => Some(bound),
            Reached::NoSensitivity | Reached::Failed => None,
        };
        let range = options.range.or_else(|| {
            let ends = limits.iter().filter_map(end).filter(|end| end.is_finite() && *end > 0.0);
            ends.reduce(f64::max).map(|high| [0.0, high])
        });
        let Some(range) = range else {
            self.no_curve = true;
            return Vec::new();
        };
        let values = grid(range, options.points);
        // A lower free minimum, found on the way, counts for all.
        for &mu in &values {
            let _ = self.tester.at(mu);
        }
        let mut curve = Vec::new();
        for &mu in &values {
            match self.tester.at(mu) {
                Ok(point) => curve.push(self.point(&point)),
                Err(error) => {
                    self.gap.get_or_insert(error);
                }
            }
        }
        curve
    }

    /// CLs at a point that was fitted.
    fn point(&self, point: &Point) -> LimitPoint {
        let statistic = self.tester.setup.statistic;
        LimitPoint {
            mu: point.mu,
            cls_obs: Some(observed_tails(statistic, point.q, point.q_asimov).cls),
            cls_exp: bands(point.q_asimov),
        }
    }

    fn finish(mut self, observed: Reached, expected: [Reached; 5], options: LimitOptions) -> Limit {
        let limits = [&expected[..], &[observed]].concat();
        let curve = options.curve.map(|curve| self.curve(curve, &limits)).unwrap_or_default();
        self.refresh();
        self.tried.sort_by(|a, b| a.mu.total_cmp(&b.mu));
        self.tried.dedup_by(|a, b| a.mu == b.mu);
        let mut scan: Vec<LimitPoint> = self.tried.iter().map(|point| self.point(point)).collect();
        for &[mu, q_asimov, _] in &self.expected {
            if scan.iter().all(|point| point.mu != mu) {
                scan.push(LimitPoint { mu, cls_obs: None, cls_exp: bands(q_asimov) });
            }
        }
        scan.sort_by(|a, b| a.mu.total_cmp(&b.mu));
        let mut warnings = self.tester.warnings();
        warnings.extend(self.failure.take().map(|failure| format!("the search stopped: {failure}")));
        let gap = self.gap.take().map(|gap| format!("the curve lacks values: {gap}"));
        if self.no_curve {
            warnings.push("no curve: there is no limit to place it around; give its range".to_owned());
        }
        let is_whole = gap.is_none();
        warnings.extend(gap);
        let failed = expected.iter().chain([&observed]).any(|reached| *reached == Reached::Failed);
        Limit {
            observed,
            expected,
            mu_hat: self.tester.observed.free().mu,
            scan,
            curve,
            converged: self.tester.converged() && !failed && is_whole,
            warnings,
            fits: self.tester.fits(),
        }
    }
}
