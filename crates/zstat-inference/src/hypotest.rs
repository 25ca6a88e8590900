//! The test of one value of the parameter of interest.

use serde::Serialize;
use zstat_core::fit::EvalError;
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::{Constraint, SplitError};

use crate::asymptotic::{expected_tails, observed_tails, one_sided_p, two_sided_p};
use crate::{BANDS, Inputs, Profile, Tails, TestStatistic};

/// How the Asimov data are made, which stand for the median outcome of a hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Asimov {
    /// The expectation at the other parameters' best values for the observed data, as in pyhf.
    #[default]
    Profiled,
    /// The expectation at the start values.
    Nominal,
}

/// Why there is no test.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The likelihood has no value where it is needed.
    #[error("no likelihood with `{parameter}` = {mu}: {why}")]
    NoLikelihood {
        /// The parameter of interest.
        parameter: String,
        /// Its value.
        mu: f64,
        /// Why not.
        why: String,
    },
    /// Asimov data and toys are made at the best values for the observed data, and these have no likelihood.
    #[error(
        "no data can be made with `{parameter}` = {mu} and the other parameters at their best values, for there are none: {why}; `--asimov nominal` takes the start values"
    )]
    NothingToProfile {
        /// The parameter of interest.
        parameter: String,
        /// Its value.
        mu: f64,
        /// Why not.
        why: String,
    },
    /// There are no data that a point stands for: it expects a negative number of events.
    #[error("no Asimov data{at}: bin {bin} of channel `{channel}` expects {expected} events")]
    NegativeExpectation {
        /// Which point, such as " with `mu` = 1".
        at: String,
        /// Channel's name.
        channel: String,
        /// Bin, from 0, in the channel.
        bin: usize,
        /// Expected events.
        expected: f64,
    },
    /// The statistic has no CLs.
    #[error("`{0}` is not for upper limits; `qtilde` and `q` are")]
    NoLimit(TestStatistic),
    /// The fit ended where there is no likelihood.
    #[error("no fit was possible: {0}")]
    NoFit(EvalError),
    /// The expectation has no value or no derivative.
    #[error("no yields: {0}")]
    NoYields(EvalError),
    /// Nothing to compare.
    #[error(
        "`{parameter}` acts on {}: a comparison needs two channels or groups that are not blinded",
        on(groups)
    )]
    OneGroup {
        /// The parameter of interest.
        parameter: String,
        /// The groups of channels that depend on it.
        groups: Vec<String>,
    },
    /// A parameter cannot be split by channel.
    #[error(transparent)]
    Split(SplitError),
}

fn on(groups: &[String]) -> String {
    match groups.first() {
        Some(name) => format!("`{name}` alone"),
        None => "no channel".to_owned(),
    }
}

/// What is tested, on which data, and how.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// Model, data, minimiser, start.
    pub inputs: Inputs<'a>,
    /// The parameter of interest.
    pub poi: usize,
    /// What is compared.
    pub statistic: TestStatistic,
    /// How Asimov data are made.
    pub asimov: Asimov,
    /// The signal that a discovery is expected with: value of the parameter of interest in its Asimov data.
    pub signal: f64,
}

/// The result of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypotest {
    /// The value tested.
    pub mu: f64,
    /// What was compared.
    pub statistic: TestStatistic,
    /// Best value of the parameter of interest, inside its bounds.
    pub mu_hat: f64,
    /// The statistic on the observed data.
    pub q_obs: f64,
    /// The statistic on Asimov data of the alternative.
    pub q_asimov: f64,
    /// CLs of the data, for statistics that have it.
    pub observed: Option<Tails>,
    /// CLs expected at −2, −1, 0, 1 and 2 standard deviations of it.
    pub expected: Option<[Tails; 5]>,
    /// p-value of the data under the hypothesis tested: CLs+b, p_0, or the two-sided one.
    pub p_obs: f64,
    /// The p-value that the alternative expects.
    pub p_exp: f64,
    /// All fits converged.
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations.
    pub fits: usize,
}

/// A statistic and its slopes at one value, on both data sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub mu: f64,
    pub mu_hat: f64,
    pub q: f64,
    /// dq/dμ on the observed data; 0 where q is 0.
    pub q_slope: f64,
    pub q_asimov: f64,
    pub q_asimov_slope: f64,
}

/// The profiles of the observed data and of Asimov data of the alternative.
pub(crate) struct Tester<'a> {
    pub setup: Setup<'a>,
    pub observed: Profile<'a, 'a>,
    pub asimov: Profile<'a, 'a>,
}

impl<'a> Tester<'a> {
    /// `first` is the value that will be tested, where it is known: the search for far minima is done there.
    pub fn new(setup: Setup<'a>, first: Option<f64>) -> Result<Self, TestError> {
        let Setup { inputs: Inputs { model, fitter, fixed, .. }, poi, .. } = setup;
        let mut observed = setup.inputs.profile(poi);
        if let Some(mu) = first {
            observed.held(mu);
        }
        let alternative = if setup.statistic.is_discovery() { setup.signal } else { 0.0 };
        let theta = generating_point(&setup, &mut observed, alternative)?;
        let asimov = asimov_data(&setup.inputs, &theta, Some(poi))?;
        let asimov = Profile::new(Nll::new(model, asimov), fitter, poi, &theta, fixed).with_free(theta);
        Ok(Self { setup, observed, asimov })
    }

    /// The point that stands for the hypothesis `mu` when data are made from it.
    ///
    /// # Errors
    /// Where the data have no likelihood there, and the other parameters no best values.
    pub fn generating_point(&mut self, mu: f64) -> Result<Vec<f64>, TestError> {
        generating_point(&self.setup, &mut self.observed, mu)
    }

    /// The statistic at `mu` on the observed data and on the Asimov data.
    pub fn at(&mut self, mu: f64) -> Result<Point, TestError> {
        let [q, mu_hat, q_slope] = statistic_of(self.setup.statistic, &mut self.observed, mu);
        let [q_asimov, q_asimov_slope] = self.asimov_at(mu)?;
        if q.is_nan() {
            return Err(self.observed.no_likelihood(mu));
        }
        Ok(Point { mu, mu_hat, q, q_slope, q_asimov, q_asimov_slope })
    }

    /// The statistic at `mu` on the Asimov data, and its slope.
    pub fn asimov_at(&mut self, mu: f64) -> Result<[f64; 2], TestError> {
        let [q, _, slope] = statistic_of(self.setup.statistic, &mut self.asimov, mu);
        if q.is_nan() { Err(self.asimov.no_likelihood(mu)) } else { Ok([q, slope]) }
    }

    pub fn parameter(&self) -> &str {
        self.setup.inputs.name(self.setup.poi)
    }

    pub fn converged(&self) -> bool {
        self.observed.converged() && self.asimov.converged()
    }

    pub fn fits(&self) -> usize {
        self.observed.fits() + self.asimov.fits()
    }

    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.observed.warnings().to_vec();
        let of_asimov = self.asimov.warnings().iter().map(|warning| format!("Asimov data: {warning}"));
        warnings.extend(of_asimov);
        let [lower, _] = self.observed.range();
        let name = self.parameter();
        warnings.extend(self.setup.inputs.without_effect(self.setup.poi));
        if matches!(self.setup.statistic, TestStatistic::Q | TestStatistic::T) && lower >= 0.0 {
            warnings.push(format!(
                "the lower bound of `{name}` is {lower}: `{}` needs room below 0, or use `{}`",
                self.setup.statistic,
                if self.setup.statistic == TestStatistic::Q {
                    TestStatistic::Qtilde
                } else {
                    TestStatistic::Ttilde
                }
            ));
        }
        warnings
    }
}

fn generating_point(
    setup: &Setup<'_>,
    observed: &mut Profile<'_, '_>,
    mu: f64,
) -> Result<Vec<f64>, TestError> {
    let mut nominal = setup.inputs.start.to_vec();
    nominal[setup.poi] = mu;
    // Where nothing else is free there is nothing to profile.
    let is_alone = (0..nominal.len()).all(|i| i == setup.poi || setup.inputs.fixed[i]);
    if setup.asimov == Asimov::Nominal || is_alone {
        return Ok(nominal);
    }
    let fit = observed.held(mu);
    if fit.nll.is_finite() { Ok(fit.theta) } else { Err(observed.no_asimov(mu)) }
}

/// The statistic of one data set, the best value, and the statistic's slope in μ.
pub(crate) fn statistic_of(statistic: TestStatistic, profile: &mut Profile<'_, '_>, mu: f64) -> [f64; 3] {
    let (rise, _) = profile.twice_rise(mu, statistic.is_bounded());
    let mu_hat = profile.free().mu;
    let value = statistic.value(rise, mu, mu_hat);
    let slope = if value == 0.0 { 0.0 } else { 2.0 * profile.held(mu).slope };
    [value, mu_hat, slope]
}

/// What `theta` expects: bins and auxiliary observations; masked bins stay masked.
pub(crate) fn asimov_data(inputs: &Inputs<'_>, theta: &[f64], poi: Option<usize>) -> Result<Data, TestError> {
    let Inputs { model, data, .. } = *inputs;
    let main = inputs.expected(theta, poi)?;
    let aux = model.parameters().iter().zip(theta).zip(&data.aux);
    let aux = aux.map(|((parameter, &theta), &aux)| match parameter.constraint {
        Constraint::None => aux,
        constraint => constraint.expected_aux(theta),
    });
    Ok(Data { main, aux: aux.collect(), masked: data.masked.clone() })
}

/// Tests μ = `mu` (0 for a discovery, whatever `mu` says) with asymptotic formulas.
///
/// # Errors
/// Where there is no likelihood, or a hypothesis expects negative events.
pub fn hypotest(setup: Setup<'_>, mu: f64) -> Result<Hypotest, TestError> {
    let statistic = setup.statistic;
    let mu = if statistic.is_discovery() { 0.0 } else { mu };
    let mut tester = Tester::new(setup, Some(mu))?;
    let point = tester.at(mu)?;
    let (observed, expected) = if statistic.has_cls() {
        let expected = BANDS.map(|sigmas| expected_tails(sigmas, point.q_asimov));
        (Some(observed_tails(statistic, point.q, point.q_asimov)), Some(expected))
    } else {
        (None, None)
    };
    let p = |q: f64| match statistic {
        TestStatistic::Q0 | TestStatistic::U0 => one_sided_p(q),
        TestStatistic::T => two_sided_p(q, None),
        TestStatistic::Ttilde => two_sided_p(q, Some(point.q_asimov)),
        TestStatistic::Qtilde | TestStatistic::Q => observed_tails(statistic, q, point.q_asimov).clsb,
    };
    Ok(Hypotest {
        mu,
        statistic,
        mu_hat: point.mu_hat,
        q_obs: point.q,
        q_asimov: point.q_asimov,
        observed,
        expected,
        p_obs: p(point.q),
        p_exp: p(point.q_asimov),
        converged: tester.converged(),
        warnings: tester.warnings(),
        fits: tester.fits(),
    })
}
