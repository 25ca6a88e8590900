//! Where a curve of CLs from toys falls to a threshold, and how well that is known.

use serde::Serialize;

use super::Estimate;

/// A limit from toys, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToyReached {
    /// The limit, and its standard deviation from that of CLs.
    At {
        /// The limit.
        value: f64,
        /// Its error.
        error: f64,
    },
    /// CLs stays above 1 − level up to this bound.
    AboveBound(f64),
    /// CLs stays above 1 − level up to the last value tested.
    AboveGrid(f64),
    /// CLs is below 1 − level at the first value tested.
    BelowGrid(f64),
    /// At this value not one toy is as extreme: CLs is 0, or 0 by 0.
    NoToys(f64),
    /// Not even infinite signals would be excluded: the data do not depend on the parameter.
    NoSensitivity,
}

impl ToyReached {
    /// The limit, if there is one.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::At { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Its error, if there is one.
    pub fn error(self) -> Option<f64> {
        match self {
            Self::At { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// The last crossing of a curve with `alpha`, ln CLs linear between the values tested; and whether there are others before
/// it. The error is that of CLs by the slope; toys of neighbours begin with the same random numbers, so errors do not average
/// out between them.
pub(super) fn crossing(curve: &[(f64, Estimate)], alpha: f64, bound: f64) -> (ToyReached, bool) {
    let Some(last) = curve.iter().rposition(|(_, cls)| cls.value > alpha) else {
        let reached = match curve.first() {
            Some((mu, cls)) if cls.value.is_nan() || cls.value <= 0.0 => ToyReached::NoToys(*mu),
            Some((mu, _)) => ToyReached::BelowGrid(*mu),
            None => ToyReached::NoSensitivity,
        };
        return (reached, false);
    };
    let again = curve[..last].iter().any(|(_, cls)| cls.value <= alpha);
    let (mu, above) = curve[last];
    let Some(&(next, below)) = curve.get(last + 1) else {
        let reached = if mu >= bound { ToyReached::AboveBound(bound) } else { ToyReached::AboveGrid(mu) };
        return (reached, again);
    };
    if below.value.is_nan() || below.value <= 0.0 {
        return (ToyReached::NoToys(next), again);
    }
    let slope = (below.value / above.value).ln() / (next - mu);
    let share = (alpha / above.value).ln() / slope / (next - mu);
    let relative = |estimate: Estimate| estimate.error / estimate.value;
    let error = (1.0 - share) * relative(above) + share * relative(below);
    let value = mu + share * (next - mu);
    (ToyReached::At { value, error: (error / slope).abs() }, again)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(values: &[f64]) -> Vec<(f64, Estimate)> {
        let estimate = |value: f64| Estimate { value, error: 0.1 * value };
        values.iter().enumerate().map(|(i, &value)| (1.0 + i as f64, estimate(value))).collect()
    }

    #[test]
    fn an_exponential_is_met_exactly_and_its_error_follows_from_the_slope() {
        let values: Vec<f64> = (0..6).map(|i| (-0.7 * f64::from(i + 1)).exp()).collect();
        let (reached, again) = crossing(&curve(&values), 0.05, 10.0);
        let exact = -(0.05_f64.ln()) / 0.7;
        assert!(!again && (reached.value().expect("a limit") - exact).abs() < 1e-12, "{reached:?}");
        // 10 % of CLs, by the slope of 0.7.
        assert!((reached.error().expect("an error") - 0.1 / 0.7).abs() < 1e-12, "{reached:?}");
    }

    #[test]
    fn what_is_no_crossing_has_a_name() {
        let of = |values: &[f64], bound: f64| crossing(&curve(values), 0.05, bound);
        assert_eq!(of(&[0.5, 0.2, 0.1], 10.0), (ToyReached::AboveGrid(3.0), false));
        assert_eq!(of(&[0.5, 0.2, 0.1], 3.0), (ToyReached::AboveBound(3.0), false));
        assert_eq!(of(&[0.04, 0.0], 10.0), (ToyReached::BelowGrid(1.0), false));
        assert_eq!(of(&[0.5, 0.2, 0.0], 10.0), (ToyReached::NoToys(3.0), false));
        assert_eq!(of(&[0.5, 0.2, f64::NAN], 10.0), (ToyReached::NoToys(3.0), false));
        assert_eq!(of(&[f64::NAN, 0.0], 10.0), (ToyReached::NoToys(1.0), false));
        assert_eq!(of(&[0.0, 0.0], 10.0), (ToyReached::NoToys(1.0), false));
        assert_eq!(of(&[], 10.0), (ToyReached::NoSensitivity, false));
        let (reached, again) = of(&[0.5, 0.04, 0.06, 0.03], 10.0);
        assert!(again && (3.0..4.0).contains(&reached.value().expect("a limit")), "{reached:?}");
    }
}
