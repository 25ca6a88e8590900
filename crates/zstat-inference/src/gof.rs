//! Goodness of fit: how far the data are from the best the model can do.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use zstat_core::fit::{FitResult, Objective};
use zstat_core::likelihood::special::poisson_deviance;
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::{Constraint, Model, ParamIdx};

use crate::yields::best_fit;
use crate::{Inputs, TestError, chi_squared_tail};

/// Below this many expected events in a bin its deviance is not distributed as χ².
const FEW: f64 = 5.0;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GofStatistic {
    /// 2 [NLL_min − NLL_saturated]: every bin expected as observed, every constraint at its maximum.
    Saturated,
    /// Kolmogorov and Smirnov: the largest distance of the normalised cumulative distributions, of all channels.
    Ks,
    /// Anderson and Darling: the squared distance weighted by its variance, summed over bins and channels.
    Ad,
}

impl GofStatistic {
    /// All, by name.
    pub const ALL: [Self; 3] = [Self::Saturated, Self::Ks, Self::Ad];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Saturated => "saturated",
            Self::Ks => "ks",
            Self::Ad => "ad",
        }
    }
}

impl fmt::Display for GofStatistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for GofStatistic {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|statistic| statistic.name() == name).ok_or(())
    }
}

/// One statistic of one fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Gof {
    /// What is compared.
    pub statistic: GofStatistic,
    /// Its value; none where it is not defined.
    pub value: Option<f64>,
    /// Degrees of freedom: bins that count less free parameters without constraint; of `Saturated` alone.
    pub dof: Option<i64>,
    /// Probability of a larger value, asymptotically; none where there is no asymptotic formula.
    pub p_value: Option<f64>,
    /// Why there is no p-value, or no value.
    pub reason: Option<String>,
    /// The same of each channel alone; none where it is not defined, as with no events.
    pub channels: Vec<Option<f64>>,
    /// What the constraint terms add to `Saturated`.
    pub constraints: Option<f64>,
}

/// Goodness of fit by some statistics.
#[derive(Debug, Clone, PartialEq)]
pub struct GoodnessOfFit {
    /// The statistics, in the order asked for.
    pub tests: Vec<Gof>,
    /// Expected events a bin at the minimum.
    pub expected: Vec<f64>,
    /// The fit.
    pub fit: FitResult,
    /// What a reader should know, beyond what the fit says.
    pub warnings: Vec<String>,
}

/// Fits from so many `starts` (the first being the start values), and compares the data with the expectation.
///
/// # Errors
/// Where there is no likelihood.
pub fn goodness_of_fit(
    inputs: Inputs<'_>,
    statistics: &[GofStatistic],
    starts: usize,
) -> Result<GoodnessOfFit, TestError> {
    let mut nll = inputs.nll();
    let fit = best_fit(inputs, &mut nll, starts);
    let theta: Vec<f64> = fit.parameters.iter().map(|parameter| parameter.value).collect();
    nll.value(&theta).map_err(TestError::NoFit)?;
    let expected = nll.expected(&theta).to_vec();
    let tests =
        statistics.iter().map(|&statistic| test(statistic, inputs, &mut nll, &theta, &expected)).collect();
    let mut warnings = Vec::new();
    let counted: Vec<f64> = (expected.iter().zip(&inputs.data.masked))
        .filter(|(_, masked)| !**masked)
        .map(|(&nu, _)| nu)
        .collect();
    let few = counted.iter().filter(|nu| **nu < FEW).count();
    if few > 0 && statistics.contains(&GofStatistic::Saturated) {
        warnings.push(format!(
            "{few} of {} bins expect fewer than {FEW} events: the p-value of `saturated`, by the χ² distribution, is rough",
            counted.len()
        ));
    }
    Ok(GoodnessOfFit { tests, expected, fit, warnings })
}

fn test(
    statistic: GofStatistic,
    inputs: Inputs<'_>,
    nll: &mut Nll<'_>,
    theta: &[f64],
    expected: &[f64],
) -> Gof {
    let value = statistic_of(statistic, nll, theta);
    let value = Some(value).filter(|value| value.is_finite());
    let channels = distances(statistic, inputs.model, inputs.data, expected);
    let mut out =
        Gof { statistic, value, dof: None, p_value: None, reason: None, channels, constraints: None };
    if statistic != GofStatistic::Saturated {
        out.reason = Some(match value {
            Some(_) => "no asymptotic formula: its p-value needs toys".to_owned(),
            None => "no channel has events, observed and expected, with no negative bin".to_owned(),
        });
        return out;
    }
    let main: f64 = out.channels.iter().flatten().sum();
    out.constraints = value.map(|value| (value - main).max(0.0));
    let dof = degrees_of_freedom(inputs);
    out.dof = Some(dof);
    match usize::try_from(dof) {
        Ok(dof) if dof > 0 => out.p_value = value.map(|value| chi_squared_tail(value, dof)),
        _ => out.reason = Some("no degrees of freedom: as many free parameters as bins, or more".to_owned()),
    }
    out
}

/// Bins that count, less the free parameters without constraint that act on one of their channels.
fn degrees_of_freedom(inputs: Inputs<'_>) -> i64 {
    let (model, masked) = (inputs.model, &inputs.data.masked);
    let seen: Vec<bool> =
        model.channels().iter().map(|channel| masked[channel.bins.clone()].contains(&false)).collect();
    let counts = |i: usize| {
        let is_free = !inputs.fixed[i] && model.parameters()[i].constraint == Constraint::None;
        is_free && model.channels_of(ParamIdx(i)).iter().zip(&seen).any(|(acts, seen)| *acts && *seen)
    };
    let bins = masked.iter().filter(|masked| !**masked).count();
    let parameters = (0..model.parameters().len()).filter(|&i| counts(i)).count();
    bins as i64 - parameters as i64
}

/// The statistic of the data in `nll` at `theta`, which is their best fit: for toys, without anything else. NaN where it is
/// not defined.
pub fn statistic_of(statistic: GofStatistic, nll: &mut Nll<'_>, theta: &[f64]) -> f64 {
    if statistic == GofStatistic::Saturated {
        // The objective is a sum of deviances: 0 where every bin and every constraint is at its best.
        return nll.value(theta).map_or(f64::NAN, |value| 2.0 * value);
    }
    let expected = nll.expected(theta).to_vec();
    let channels = distances(statistic, nll.model(), nll.data(), &expected);
    let defined = channels.into_iter().flatten();
    match statistic {
        GofStatistic::Ks => defined.fold(f64::NAN, f64::max),
        _ => defined.reduce(|a, b| a + b).unwrap_or(f64::NAN),
    }
}

/// The statistic of each channel alone: for `Saturated` the deviances of its bins, without constraints. `expected` is in
/// events a bin. None where it is not defined: a channel without bins that count; for the others also one without events,
/// or with a negative bin.
pub fn distances(statistic: GofStatistic, model: &Model, data: &Data, expected: &[f64]) -> Vec<Option<f64>> {
    let one = |bins: Range<usize>| {
        let bins: Vec<(f64, f64)> =
            bins.filter(|&bin| !data.masked[bin]).map(|bin| (data.main[bin], expected[bin])).collect();
        if bins.is_empty() {
            return None;
        }
        match statistic {
            GofStatistic::Saturated => {
                let sum: f64 = bins.iter().map(|&(n, nu)| 2.0 * poisson_deviance(n, nu)).sum();
                Some(sum).filter(|sum| sum.is_finite())
            }
            GofStatistic::Ks => cumulative(&bins).map(|found| found.0),
            GofStatistic::Ad => cumulative(&bins).map(|found| found.1),
        }
    };
    model.channels().iter().map(|channel| one(channel.bins.clone())).collect()
}

/// Both distances of the normalised cumulative distributions G of the data and F of the expectation, at the upper edges of
/// the bins (observed, expected): max |G − F|, and n Σ (G − F)² ΔF / (F (1 − F)).
fn cumulative(bins: &[(f64, f64)]) -> Option<(f64, f64)> {
    let (n, nu) = bins.iter().fold((0.0, 0.0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1));
    let negative = |&(n, nu): &(f64, f64)| !(n >= 0.0 && nu >= 0.0);
    if !(n > 0.0 && nu > 0.0 && n.is_finite() && nu.is_finite()) || bins.iter().any(negative) {
        return None;
    }
    let (mut below_n, mut below_nu) = (0.0, 0.0);
    let (mut largest, mut sum) = (0.0_f64, 0.0);
    for (at, &(observed, expected)) in bins.iter().enumerate() {
        below_n += observed;
        below_nu += expected;
        // At the last edge both are 1, whatever rounding says.
        if at + 1 == bins.len() {
            break;
        }
        let (f, distance) = (below_nu / nu, below_n / n - below_nu / nu);
        largest = largest.max(distance.abs());
        if f > 0.0 && f < 1.0 {
            sum += distance * distance * (expected / nu) / (f * (1.0 - f));
        }
    }
    Some((largest, n * sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: G = 0.4, 0.7, 1 and F = 0.25, 0.75, 1.
    #[test]
    fn cumulative_distances_by_hand() {
        let (ks, ad) = cumulative(&[(4.0, 5.0), (3.0, 10.0), (3.0, 5.0)]).unwrap();
        assert!((ks - 0.15).abs() < 1e-15);
        let wanted = 10.0 * (0.15 * 0.15 * 0.25 + 0.05 * 0.05 * 0.5) / (0.25 * 0.75);
        assert!((ad - wanted).abs() < 1e-14);
        // Bins without expectation at the edges, fractions of events, and what is not defined.
        let (ks, ad) = cumulative(&[(0.5, 0.0), (1.5, 2.0), (0.0, 0.0)]).unwrap();
        assert!((ks - 0.25).abs() < 1e-15 && ad.is_finite());
        assert_eq!(cumulative(&[(0.0, 1.0), (0.0, 2.0)]), None);
        assert_eq!(cumulative(&[(1.0, 1.0), (0.0, -0.1)]), None);
        assert_eq!(cumulative(&[(7.0, 3.0)]), Some((0.0, 0.0)), "one bin has no shape");
    }
}
