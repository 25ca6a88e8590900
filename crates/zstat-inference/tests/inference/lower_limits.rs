//! Tests and limits of a likelihood whose first fit ends in the higher of two minima: the search meets the lower one, and all
//! counts from there. Against a slow scan.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_fitters::Newton;
use zstat_inference::{
    Asimov, Inputs, LimitOptions, Reached, Setup, TestStatistic, hypotest, limit, upper_tail,
};

use crate::two_minima::{least, two_minima};

/// The lower minimum is at k > 0.
const OBSERVED: [f64; 3] = [70.0, 60.0, 57.0];

/// Runs `work` with the fits begun at this value of k.
fn with<T>(k: f64, statistic: TestStatistic, work: impl FnOnce(Setup<'_>) -> T) -> T {
    let workspace: Workspace = serde_json::from_value(two_minima(OBSERVED, 4.0, "k")).unwrap();
    let model = Model::build(&workspace, &BuildOptions::default()).unwrap();
    let data = model.observed(&workspace).unwrap();
    let poi = model.poi()[0].0;
    let (fitter, mut start) = (Newton::default(), model.init());
    start[poi] = k;
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let inputs = Inputs { model: &model, data: &data, fitter: &fitter, start: &start, fixed: &fixed };
    work(Setup { inputs, poi, statistic, asimov: Asimov::Profiled, signal: 1.0 })
}

/// Counts, and the auxiliary observation of a.
struct Slow([f64; 3], f64);

impl Slow {
    /// Smallest 2 NLL at k, but for a constant, and a there. The signal strength makes up for the first bin.
    fn at(&self, k: f64) -> (f64, f64) {
        let Self(n, aux) = self;
        let twice_nll = |a: f64| {
            let poisson = [(n[0], n[0]), (50.0 + 10.0 * k * k, n[1]), (a * (50.0 + 4.0 * k), n[2])];
            let poisson: f64 = poisson.iter().map(|(nu, n)| 2.0 * (nu - n * nu.ln())).sum();
            poisson + ((a - aux) / 0.1).powi(2)
        };
        least(twice_nll, 0.5, 1.5)
    }

    /// The minimum at this sign of k: 2 NLL, and k.
    fn minimum(&self, sign: f64) -> (f64, f64) {
        least(|k| self.at(k).0, sign * 0.2, sign * 2.5)
    }
}

/// q of the data and of Asimov data without k, both at `k` above the best value.
fn statistics(k: f64) -> [f64; 2] {
    let data = Slow(OBSERVED, 1.0);
    let a = data.at(0.0).1;
    let asimov = Slow([OBSERVED[0], 50.0, a * 50.0], a);
    [data.at(k).0 - data.minimum(1.0).0, asimov.at(k).0 - asimov.at(0.0).0]
}

/// CLs of the data, and its median without k: CCGV eqs. 64 to 66.
fn cls(k: f64) -> [f64; 2] {
    let [q, of_asimov] = statistics(k);
    let root = of_asimov.sqrt();
    let observed = if q <= of_asimov {
        upper_tail(q.sqrt()) / upper_tail(q.sqrt() - root)
    } else {
        upper_tail((q + of_asimov) / (2.0 * root)) / upper_tail((q - of_asimov) / (2.0 * root))
    };
    [observed, 2.0 * upper_tail(root)]
}

/// Where CLs falls to 5 %.
fn slow_limit(which: usize, mut low: f64) -> f64 {
    let mut high = 4.0;
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if cls(middle)[which] > 0.05 { low = middle } else { high = middle }
    }
    low
}

fn tells(warnings: &[String]) -> bool {
    warnings.iter().any(|warning| warning.contains("the free fit had missed a minimum lower by"))
}

#[test]
fn a_limit_that_meets_a_lower_minimum_is_that_of_the_lowest() {
    let slow = Slow(OBSERVED, 1.0);
    let [near, lowest] = [-1.0, 1.0].map(|sign| slow.minimum(sign));
    assert!(lowest.0 < near.0 - 0.1 && near.1 < -0.3, "the minima differ: {near:?} {lowest:?}");
    let of =
        |start| with(start, TestStatistic::Qtilde, |setup| limit(setup, LimitOptions::default()).unwrap());
    let (found, begun_there) = (of(-1.0), of(1.0));
    assert!(found.converged && tells(&found.warnings), "{:?}", found.warnings);
    assert!(begun_there.warnings.is_empty(), "{:?}", begun_there.warnings);
    assert!((found.mu_hat - lowest.1).abs() < 1e-5, "{} {lowest:?}", found.mu_hat);
    let at = |reached: Reached| reached.value().unwrap();
    let wanted = [slow_limit(0, lowest.1), slow_limit(1, 0.1)];
    for limits in [&found, &begun_there] {
        for (found, wanted) in [at(limits.observed), at(limits.expected[2])].into_iter().zip(wanted) {
            assert!((found - wanted).abs() < 2e-5 * wanted, "{found}, {wanted}");
        }
    }
    for (found, wanted) in found.expected.iter().zip(begun_there.expected) {
        assert!((at(*found) - at(wanted)).abs() < 1e-6, "{found:?}, {wanted:?}");
    }
}

#[test]
fn a_test_that_meets_a_lower_minimum_is_relative_to_the_lowest() {
    let slow = Slow(OBSERVED, 1.0);
    let [higher, lowest] = [-1.0, 1.0].map(|sign| slow.minimum(sign));
    for mu in [lowest.1 + 0.1, 1.5, 1.9] {
        for statistic in [TestStatistic::Qtilde, TestStatistic::Q, TestStatistic::T] {
            // Only what is lower than what the statistic is relative to says that there is another minimum.
            let reference = if statistic == TestStatistic::Qtilde { slow.at(0.0).0 } else { higher.0 };
            if slow.at(mu).0 > reference {
                assert!(mu > lowest.1 + 0.1, "{statistic} at {mu}");
                continue;
            }
            let of = |start| with(start, statistic, |setup| hypotest(setup, mu).unwrap());
            let (found, begun_there) = (of(-1.0), of(1.0));
            assert!(found.converged && tells(&found.warnings), "{statistic}: {:?}", found.warnings);
            assert!(!tells(&begun_there.warnings), "{:?}", begun_there.warnings);
            assert!((found.mu_hat - lowest.1).abs() < 1e-5, "{} {lowest:?}", found.mu_hat);
            let [q, of_asimov] = statistics(mu);
            for test in [&found, &begun_there] {
                assert!((test.q_obs - q).abs() < 1e-6, "{statistic} at {mu}: {}, {q}", test.q_obs);
                assert!((test.q_asimov - of_asimov).abs() < 1e-6, "{}, {of_asimov}", test.q_asimov);
            }
            if statistic == TestStatistic::Qtilde {
                let (found, wanted) = (found.observed.unwrap().cls, cls(mu)[0]);
                assert!((found - wanted).abs() < 1e-6, "{found}, {wanted}");
            }
        }
    }
}
