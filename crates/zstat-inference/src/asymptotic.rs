//! p-values in the limit of many events (CCGV section 3).

use serde::Serialize;

use crate::TestStatistic;
use zstat_core::normal::{hazard, ln_upper_tail, upper_tail};

/// The probabilities of a test: of data at least as far from the hypothesis, under signal and background (CLs+b), under
/// background alone (CLb), and their ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tails {
    /// CLs+b.
    pub clsb: f64,
    /// CLb.
    pub clb: f64,
    /// CLs = CLs+b / CLb.
    pub cls: f64,
}

impl Tails {
    /// From the distances, in standard deviations, to the two hypotheses. The ratio is exact where both underflow.
    fn at(distance: f64, separation: f64) -> Self {
        if distance == f64::INFINITY {
            return Self { clsb: 0.0, clb: 0.0, cls: 0.0 };
        }
        let (signal, background) = (ln_upper_tail(distance + separation), ln_upper_tail(distance));
        Self { clsb: signal.exp(), clb: background.exp(), cls: (signal - background).exp() }
    }
}

/// How far the observation lies beyond the median of the background, in standard deviations of it: T of CCGV 65 and 66,
/// from the statistic `q` and its value `q_asimov` on Asimov data of the background.
pub(crate) fn distance(statistic: TestStatistic, q: f64, q_asimov: f64) -> f64 {
    let (root, asimov) = (q.max(0.0).sqrt(), q_asimov.max(0.0).sqrt());
    if statistic == TestStatistic::Qtilde && root > asimov && asimov > 0.0 {
        (q - q_asimov) / (2.0 * asimov)
    } else {
        root - asimov
    }
}

/// CLs of an observed statistic.
pub fn observed_tails(statistic: TestStatistic, q: f64, q_asimov: f64) -> Tails {
    Tails::at(distance(statistic, q, q_asimov), q_asimov.max(0.0).sqrt())
}

/// CLs where the background fluctuates by `sigmas`: positive is fewer events, and the smaller CLs.
pub fn expected_tails(sigmas: f64, q_asimov: f64) -> Tails {
    Tails::at(sigmas, q_asimov.max(0.0).sqrt())
}

/// d ln CLs from the derivatives of √q and √q_A.
pub(crate) fn ln_cls_slope(
    statistic: TestStatistic,
    [root, asimov]: [f64; 2],
    [root_slope, asimov_slope]: [f64; 2],
) -> f64 {
    let distance = distance(statistic, root * root, asimov * asimov);
    let distance_slope = if statistic == TestStatistic::Qtilde && root > asimov && asimov > 0.0 {
        let ratio = root / asimov;
        ratio * root_slope - 0.5 * (ratio * ratio + 1.0) * asimov_slope
    } else {
        root_slope - asimov_slope
    };
    hazard(distance) * distance_slope - hazard(distance + asimov) * (distance_slope + asimov_slope)
}

/// The p-value of q_0 or u_0: P(χ > √q), with the sign of the statistic.
pub fn one_sided_p(q: f64) -> f64 {
    upper_tail(q.abs().sqrt().copysign(q))
}

/// The p-value of t_μ, and of t̃_μ where `t_asimov` is its value on Asimov data of the background (CCGV 36 and 43).
pub fn two_sided_p(t: f64, t_asimov: Option<f64>) -> f64 {
    let root = t.max(0.0).sqrt();
    match t_asimov.map(|t| t.max(0.0)) {
        // Beyond μ²/σ² the lower side is cut by μ̂ ≥ 0.
        Some(asimov) if t > asimov && asimov > 0.0 => {
            upper_tail(root) + upper_tail((t + asimov) / (2.0 * asimov.sqrt()))
        }
        _ => 2.0 * upper_tail(root),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_agree_with_differences() {
        let rates = [0.7, 0.45];
        for statistic in [TestStatistic::Qtilde, TestStatistic::Q] {
            for start in [[0.3, 1.1], [1.9, 1.2], [30.0, 25.0], [0.5, 0.9]] {
                let ln_cls = |t: f64| {
                    let [q, a] = [0, 1].map(|i| (start[i] + rates[i] * t).powi(2));
                    observed_tails(statistic, q, a).cls.ln()
                };
                let h = 1e-5;
                let slope = (ln_cls(h) - ln_cls(-h)) / (2.0 * h);
                let found = ln_cls_slope(statistic, start, rates);
                assert!((slope - found).abs() < 1e-6 * (1.0 + slope.abs()), "{start:?}: {found}, {slope}");
            }
        }
    }

    /// pyhf's documentation: observed and expected CLs of its two-bin model from the statistics.
    #[test]
    fn documentation_model() {
        // T = (q − q_A) / 2√q_A, solved for √q_A.
        let (q, distance) = (3.938_244_92_f64, 0.140_431_84_f64);
        let asimov = (distance * distance + q).sqrt() - distance;
        let tails = observed_tails(TestStatistic::Qtilde, q, asimov * asimov);
        assert!((tails.clsb - 0.023_325_02).abs() < 5e-7, "{tails:?}");
        assert!((tails.cls - 0.052_514_97).abs() < 5e-7, "{tails:?}");
        let expected = crate::BANDS.map(|sigmas| expected_tails(sigmas, asimov * asimov).cls);
        for (found, wanted) in
            expected.iter().zip([0.002_606_26, 0.013_820_05, 0.064_453_21, 0.235_256_44, 0.573_036_21])
        {
            assert!((found - wanted).abs() < 2e-6, "{expected:?}");
        }
    }
}
