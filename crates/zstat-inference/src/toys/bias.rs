//! Injection studies: what fits make of true values that are injected into pseudo-data, and whether fitted values follow
//! the injected ones along a straight line.

use super::distribution::Distribution;
use super::tally::Tally;
use super::{Coverage, Estimate, Response, StudyRecord};
use crate::chi_squared_tail;

/// The fit of one toy, as far as it is about the parameter that is injected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InjectedFit {
    /// Fitted value; none where the fit failed with every start and minimiser.
    pub value: Option<f64>,
    /// Its uncertainty from the second derivatives; none where undetermined.
    pub error: Option<f64>,
    /// 2 [NLL(true value) − NLL(minimum)].
    pub twice_rise: Option<f64>,
    /// It took another start or another minimiser.
    pub rescued: bool,
}

impl InjectedFit {
    /// A toy that was never done: it counts as failed.
    pub const NONE: Self = Self { value: None, error: None, twice_rise: None, rescued: false };
}

impl From<&StudyRecord> for InjectedFit {
    /// Of the first parameter that was reported.
    fn from(record: &StudyRecord) -> Self {
        if !record.converged {
            return Self::NONE;
        }
        Self {
            value: record.values.first().copied(),
            error: record.errors.first().copied().flatten(),
            twice_rise: record.twice_rise,
            rescued: record.rescued,
        }
    }
}

/// The toys of one injected value. Numbers are none where there are too few fits for them.
#[derive(Debug, Clone, PartialEq)]
pub struct BiasPoint {
    /// The injected value, with moments of fitted values and pulls.
    pub response: Response,
    /// Coverage of the intervals of the profile likelihood.
    pub coverage: Coverage,
    /// Median of the fitted values. Its error is half the distance of the order statistics that enclose the true median with
    /// 68.3 %, those of rank n/2 ± √n/2: no shape is assumed.
    pub median: Option<Estimate>,
    /// The median is moved by less than this part of itself; 0 where it is exact, as up to 65 536 distinct fitted values.
    pub resolution: f64,
    /// Error of the standard deviation of the fitted values, from their fourth moment m₄:
    /// Var(s²) = (m₄ − s⁴ (n − 3)/(n − 1)) / n.
    pub width_error: Option<f64>,
    /// Toys.
    pub toys: u64,
    /// Left out: their fits failed with every start and minimiser.
    pub failed: u64,
    /// Fitted at the second attempt or later.
    pub retried: u64,
}

impl BiasPoint {
    /// A distance in standard deviations of the fitted values.
    pub fn in_widths(&self, distance: Option<f64>) -> Option<f64> {
        let width = self.response.value.width().filter(|width| *width > 0.0)?;
        distance.map(|distance| distance / width)
    }

    /// Median − injected value.
    pub fn median_bias(&self) -> Option<f64> {
        self.median.map(|median| median.value - self.response.truth)
    }
}

/// The toys of one injected value, as they come.
#[derive(Debug, Clone)]
struct PointTally {
    response: Response,
    coverage: Coverage,
    values: Tally,
    toys: u64,
    retried: u64,
}

impl PointTally {
    fn new(injected: f64, bounds: [f64; 2]) -> Self {
        Self {
            response: Response::new(injected, bounds),
            coverage: Coverage::default(),
            values: Tally::new(f64::NAN),
            toys: 0,
            retried: 0,
        }
    }

    fn put(&mut self, fit: &InjectedFit) {
        self.toys += 1;
        let Some(value) = fit.value else { return };
        self.retried += u64::from(fit.rescued);
        self.values.add(value);
        self.response.add(value, fit.error);
        if let Some(rise) = fit.twice_rise {
            self.coverage.add(rise);
        }
    }

    fn finish(self) -> BiasPoint {
        let Self { response, coverage, values, toys, retried } = self;
        let (failed, width_error) = (toys - values.total(), width_error(&response));
        let (distribution, resolution) = values.distribution();
        let median = median(&distribution);
        BiasPoint { response, coverage, median, resolution, width_error, toys, failed, retried }
    }
}

/// Fits of toys of injected values, one after the other. Memory does not grow with the number of toys, see
/// [`BiasPoint::resolution`].
#[derive(Debug, Clone)]
pub struct BiasTally {
    points: Vec<PointTally>,
}

impl BiasTally {
    /// Nothing yet, of `injected` values of a parameter with these `bounds`.
    pub fn new(injected: &[f64], bounds: [f64; 2]) -> Self {
        Self { points: injected.iter().map(|&value| PointTally::new(value, bounds)).collect() }
    }

    /// One more: task i is one of value i mod n. The order shows in the last bits of mean and width, so it should be that of
    /// the tasks.
    pub fn put(&mut self, task: u64, fit: &InjectedFit) {
        let place = (task % self.points.len() as u64) as usize;
        self.points[place].put(fit);
    }

    /// The study.
    pub fn finish(self) -> Bias {
        let points: Vec<BiasPoint> = self.points.into_iter().map(PointTally::finish).collect();
        let on_line = |point: &BiasPoint| {
            let value = &point.response.value;
            let error = value.mean_error().filter(|error| *error > 0.0)?;
            Some([point.response.truth, value.mean()?, error])
        };
        let on_line: Vec<[f64; 3]> = points.iter().filter_map(on_line).collect();
        Bias { line: Line::through(&on_line), points }
    }
}

/// The straight line through the means: fitted = intercept + slope × injected, by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The slope; 1 is what a fit should have.
    pub slope: f64,
    /// The fitted value where 0 is injected; 0 is what a fit should have.
    pub intercept: f64,
    /// Covariance of intercept and slope, in this order.
    pub covariance: [[f64; 2]; 2],
    /// Σ (mean − line)² / error².
    pub chi_squared: f64,
    /// Points − 2.
    pub dof: usize,
    /// Probability of a χ² at least as large, if the response is linear; none without degrees of freedom.
    pub p_value: Option<f64>,
}

impl Line {
    /// The line at an injected value.
    pub fn at(&self, injected: f64) -> f64 {
        self.intercept + self.slope * injected
    }

    /// Through points (injected, mean, error) with independent errors above 0; none of fewer than two.
    pub fn through(points: &[[f64; 3]]) -> Option<Self> {
        let weight = |error: f64| (error * error).recip();
        let sum = |term: &dyn Fn(f64, f64) -> f64| {
            points.iter().map(|[x, y, e]| weight(*e) * term(*x, *y)).sum::<f64>()
        };
        // From the centre of gravity, where slope and height are independent.
        let total = sum(&|_, _| 1.0);
        let [centre, height] = [sum(&|x, _| x) / total, sum(&|_, y| y) / total];
        let spread = sum(&|x, _| (x - centre).powi(2));
        if points.len() < 2 || !(spread.is_finite() && spread > 0.0) {
            return None;
        }
        let slope = sum(&|x, y| (x - centre) * (y - height)) / spread;
        let (intercept, mixed) = (height - slope * centre, -centre / spread);
        let chi_squared = sum(&|x, y| (y - height - slope * (x - centre)).powi(2));
        let dof = points.len() - 2;
        Some(Self {
            slope,
            intercept,
            covariance: [[total.recip() + centre * centre / spread, mixed], [mixed, spread.recip()]],
            chi_squared,
            dof,
            p_value: (dof > 0).then(|| chi_squared_tail(chi_squared, dof)),
        })
    }
}

/// An injection study.
#[derive(Debug, Clone, PartialEq)]
pub struct Bias {
    /// The injected values, in the order given.
    pub points: Vec<BiasPoint>,
    /// The line through the means of all points that have an error; none of fewer than two.
    pub line: Option<Line>,
}

/// None of none, without error of fewer than four.
fn median(values: &Distribution) -> Option<Estimate> {
    let n = values.total() as f64;
    let [low, middle, high] = [-0.5, 0.0, 0.5].map(|side| values.percentile(0.5 + side / n.sqrt()));
    let error = if values.total() < 4 { f64::NAN } else { 0.5 * (high - low) };
    (values.total() > 0).then_some(Estimate { value: middle, error })
}

fn width_error(response: &Response) -> Option<f64> {
    let (width, fourth) = (response.value.width()?, response.value.fourth()?);
    let n = response.value.count() as f64;
    let variance = (fourth - width.powi(4) * (n - 3.0) / (n - 1.0)) / n;
    // d√v = dv / 2√v.
    (n > 3.0 && width > 0.0).then(|| 0.5 * variance.max(0.0).sqrt() / width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn studied(injected: &[f64], bounds: [f64; 2], fits: &[InjectedFit]) -> Bias {
        let mut tally = BiasTally::new(injected, bounds);
        (0..).zip(fits).for_each(|(task, fit)| tally.put(task, fit));
        tally.finish()
    }

    /// Against the normal equations, solved by Cramer's rule.
    #[test]
    fn lines_solve_the_normal_equations() {
        let points = [[-1.0, 0.3, 0.2], [0.0, 1.1, 0.1], [2.0, 2.6, 0.4], [5.0, 6.4, 0.3]];
        let sum =
            |term: fn(f64, f64) -> f64| points.iter().map(|[x, y, e]| term(*x, *y) / (e * e)).sum::<f64>();
        let [one, x, xx, y, xy] =
            [sum(|_, _| 1.0), sum(|x, _| x), sum(|x, _| x * x), sum(|_, y| y), sum(|x, y| x * y)];
        let determinant = one * xx - x * x;
        let line = Line::through(&points).unwrap();
        let wanted = [
            (line.slope, (one * xy - x * y) / determinant),
            (line.intercept, (xx * y - x * xy) / determinant),
            (line.covariance[0][0], xx / determinant),
            (line.covariance[1][1], one / determinant),
            (line.covariance[0][1], -x / determinant),
            (line.covariance[1][0], -x / determinant),
            (line.chi_squared, points.iter().map(|[x, y, e]| ((y - line.at(*x)) / e).powi(2)).sum()),
        ];
        for (found, wanted) in wanted {
            assert!((found - wanted).abs() < 1e-12 * wanted.abs().max(1.0), "{found}, {wanted}");
        }
        // Two degrees of freedom: exp(−χ²/2).
        assert!((line.p_value.unwrap() - (-0.5 * line.chi_squared).exp()).abs() < 1e-14);
        let two = Line::through(&points[..2]).unwrap();
        assert!(two.chi_squared < 1e-20 && two.p_value.is_none());
        assert_eq!(Line::through(&points[..1]), None);
        assert_eq!(Line::through(&[points[0], points[0]]), None, "one value twice has no slope");
    }

    /// Medians, widths and their errors of a known series; failed toys are left out and counted.
    #[test]
    fn points_of_a_known_series() {
        let fit = |value| InjectedFit {
            value: Some(value),
            error: Some(2.0),
            twice_rise: Some(0.9),
            rescued: true,
        };
        let values = [0.0, 8.0, 1.0, 2.0, 4.0, 3.0, 6.0, 5.0, 7.0];
        let mut fits: Vec<InjectedFit> = values.map(fit).to_vec();
        fits.push(InjectedFit::NONE);
        fits.push(InjectedFit { value: Some(100.0), error: None, twice_rise: None, rescued: false });
        let fits: Vec<InjectedFit> = fits.into_iter().flat_map(|fit| [fit, InjectedFit::NONE]).collect();
        let found = studied(&[3.0, 5.0], [0.0, 100.0], &fits);
        let point = &found.points[0];
        assert_eq!((point.toys, point.failed, point.retried, point.response.at_bound), (11, 1, 9, 2));
        assert_eq!((found.points[1].toys, found.points[1].failed), (11, 11));
        assert_eq!((found.points[1].median, found.points[1].response.bias(), found.line), (None, None, None));
        // 0 to 8 and 100: rank 4.5 of 9 is 4.5; ranks 4.5 ± 1.42.
        let median = point.median.unwrap();
        assert_eq!((median.value, point.median_bias()), (4.5, Some(1.5)));
        let reach = 9.0 * 0.5 / 10.0_f64.sqrt();
        assert!((median.error - reach).abs() < 1e-12, "{median:?}");
        let (mean, n) = (13.6, 10.0);
        let all = || values.iter().copied().chain([100.0]);
        let moment = |power| all().map(|x| (x - mean).powi(power)).sum::<f64>();
        let variance = moment(2) / (n - 1.0);
        let wanted = ((moment(4) / n - variance * variance * (n - 3.0) / (n - 1.0)) / n).sqrt()
            / (2.0 * variance.sqrt());
        assert!((point.width_error.unwrap() - wanted).abs() < 1e-12);
        assert!((point.in_widths(point.response.bias()).unwrap() - 10.6 / variance.sqrt()).abs() < 1e-12);
        assert_eq!((point.response.pull.count(), point.response.pull.mean()), (9, Some(0.5)));
        let covered: Vec<f64> = point.coverage.fractions().map(|(_, covered)| covered.value).collect();
        assert_eq!(covered, [1.0, 1.0]);
    }

    /// The error of the width of normal values is s/√(2n); of the median 1.2533 s/√n: by the quantiles of a normal.
    #[test]
    fn errors_are_those_of_normal_values() {
        let n = 10_001;
        let fit = |i: usize| InjectedFit {
            value: Some(-crate::quantile((i as f64 + 0.5) / n as f64)),
            ..InjectedFit::NONE
        };
        let fits: Vec<InjectedFit> = (0..n).map(fit).collect();
        let found = studied(&[0.0], [-10.0, 10.0], &fits);
        let root = (n as f64).sqrt();
        let point = &found.points[0];
        assert!(
            (point.width_error.unwrap() * root * 2.0_f64.sqrt() - 1.0).abs() < 5e-3,
            "{:?}",
            point.width_error
        );
        let median = point.median.unwrap();
        assert!(
            median.value.abs() < 1e-12 && (median.error * root / 1.253_314 - 1.0).abs() < 1e-3,
            "{median:?}"
        );
    }
}
