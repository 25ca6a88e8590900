//! Expected yields with their uncertainties, to first order: σ² = J V Jᵀ with exact derivatives J and the covariance V of
//! the parameters, by the constraints before a fit, by the fit after it. Functions of the parameters likewise.
//!
//! J is made for some bins of one sample at a time; bins × bins matrices never are.

use zstat_core::fit::{Covariance, FitOptions, FitResult, Flat, minimum};
use zstat_core::likelihood::{Nll, Samples};
use zstat_core::model::{Functions, Prior};

use crate::{Inputs, TestError};

/// Bins whose derivatives are in memory at a time.
const BLOCK: usize = 64;

/// A number of events, or the value of a function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yield {
    /// The value.
    pub value: f64,
    /// Its standard deviation; none where the covariance has no number.
    pub uncertainty: Option<f64>,
}

/// The yields of a channel, or of a sample in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Yields {
    /// One a bin.
    pub bins: Vec<Yield>,
    /// Their sum, a function of its own: its uncertainty has the correlations between bins in it.
    pub total: Yield,
}

/// The yields of one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelYields {
    /// All samples together.
    pub all: Yields,
    /// Each sample, in the model's order.
    pub samples: Vec<Yields>,
}

/// All yields at one point.
#[derive(Debug, Clone, PartialEq)]
pub struct YieldTable {
    /// The channels, in the model's order.
    pub channels: Vec<ChannelYields>,
    /// The sum of all channels.
    pub total: Yield,
    /// The functions.
    pub functions: Vec<Yield>,
    /// Correlations between the functions; none where one of them has no uncertainty, or 0.
    pub correlations: Vec<Vec<Option<f64>>>,
}

/// Yields before and, where asked for, after the fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// At the start values.
    pub prefit: YieldTable,
    /// At the best values, with the fit.
    pub postfit: Option<(YieldTable, FitResult)>,
}

/// The covariance of a model's parameters.
#[derive(Debug, Clone)]
pub enum Spread {
    /// By the constraints alone.
    Prior(Prior),
    /// By a fit: for each parameter its row, none where it did not move; the matrix; and directions that are flat.
    Fit(Vec<Option<usize>>, Vec<Vec<f64>>, Option<Flat>),
    /// Unknown: a fit without covariance.
    Unknown,
}

impl Spread {
    /// Of a fit, given which parameters were `held`, one entry a parameter.
    pub fn of_fit(held: &[bool], covariance: Option<&Covariance>) -> Self {
        let mut rows = vec![None; held.len()];
        let Some(covariance) = covariance else {
            // Nothing moved, so nothing is uncertain.
            return if held.contains(&false) { Self::Unknown } else { Self::Fit(rows, Vec::new(), None) };
        };
        for (row, &parameter) in covariance.indices.iter().enumerate() {
            rows[parameter] = Some(row);
        }
        Self::Fit(rows, covariance.matrix.clone(), covariance.flat.clone())
    }

    /// Covariance of two functions, aᵀ V b, from their slopes (parameter, derivative), ascending and without zeros. None
    /// where V has no number for what they depend on.
    pub fn covariance(&self, a: &[(usize, f64)], b: &[(usize, f64)]) -> Option<f64> {
        let slope = |of: &[(usize, f64)], parameter: usize| {
            of.binary_search_by_key(&parameter, |(p, _)| *p).map_or(0.0, |at| of[at].1)
        };
        let mut sum = 0.0;
        match self {
            Self::Unknown => return None,
            Self::Prior(prior) => {
                sum += a.iter().map(|&(p, x)| x * prior.variances[p] * slope(b, p)).sum::<f64>();
                for block in &prior.blocks {
                    let rows = block.covariance.chunks_exact(block.members.len().max(1));
                    for (&p, row) in block.members.iter().zip(rows) {
                        let right = block.members.iter().zip(row).map(|(&q, v)| v * slope(b, q));
                        sum += slope(a, p) * right.sum::<f64>();
                    }
                }
            }
            Self::Fit(rows, matrix, flat) => {
                let in_rows = |slopes: &[(usize, f64)]| -> Vec<(usize, f64)> {
                    slopes.iter().filter_map(|&(p, slope)| Some((rows[p]?, slope))).collect()
                };
                let (left, right) = (in_rows(a), in_rows(b));
                match flat {
                    Some(flat) => sum += flat.covariance(&left, &right)?,
                    None => {
                        for (row, x) in left {
                            sum += x * right.iter().map(|&(q, y)| matrix[row][q] * y).sum::<f64>();
                        }
                    }
                }
            }
        }
        sum.is_finite().then_some(sum)
    }

    fn sigma(&self, slopes: &[(usize, f64)]) -> Option<f64> {
        // Differences of large terms may leave a little less than nothing.
        self.covariance(slopes, slopes).map(|variance| variance.max(0.0).sqrt())
    }

    fn measure(&self, value: f64, gradient: &[f64]) -> Yield {
        let slopes: Vec<(usize, f64)> =
            gradient.iter().copied().enumerate().filter(|(_, slope)| *slope != 0.0).collect();
        Yield { value, uncertainty: self.sigma(&slopes) }
    }
}

/// Yields at the start values and, where a number of starts is given, at the best fit from so many (the first being the
/// start values).
///
/// # Errors
/// Where a formula of the model has no value or no derivative.
pub fn predict(
    inputs: Inputs<'_>,
    functions: &Functions<'_>,
    postfit: Option<usize>,
) -> Result<Prediction, TestError> {
    let mut nll = inputs.nll();
    nll.hold(inputs.fixed);
    let prior = Spread::Prior(inputs.model.prior(&inputs.data.aux, inputs.fixed));
    let prefit = yields(&mut nll, inputs.start, inputs.fixed, &prior, functions)?;
    let postfit = if let Some(starts) = postfit {
        let fit = best_fit(inputs, &mut nll, starts);
        let theta: Vec<f64> = fit.parameters.iter().map(|parameter| parameter.value).collect();
        let spread = Spread::of_fit(inputs.fixed, fit.covariance.as_ref());
        nll.hold(inputs.fixed);
        Some((yields(&mut nll, &theta, inputs.fixed, &spread, functions)?, fit))
    } else {
        None
    };
    Ok(Prediction { prefit, postfit })
}

/// The fit of the data, from the start values and others up to so many `starts`.
pub(crate) fn best_fit(inputs: Inputs<'_>, nll: &mut Nll<'_>, starts: usize) -> FitResult {
    let options = FitOptions {
        start: inputs.start.to_vec(),
        fixed: inputs.fixed.to_vec(),
        minos: Vec::new(),
        multi_start: starts,
        seed: 1,
    };
    minimum(nll, inputs.fitter, &options).result
}

/// All yields at `theta`, and the `functions`; `held` parameters do not move. Both slices have one entry a parameter.
///
/// # Errors
/// Where a formula of the model has no value or no derivative.
pub fn yields(
    nll: &mut Nll<'_>,
    theta: &[f64],
    held: &[bool],
    spread: &Spread,
    functions: &Functions<'_>,
) -> Result<YieldTable, TestError> {
    let model = nll.model();
    let mut samples = nll.samples(theta).map_err(TestError::NoYields)?;
    let mut all = Sum::new(theta.len());
    let mut channels = Vec::with_capacity(model.channels().len());
    for channel in 0..model.channels().len() {
        let (found, sum) = channel_yields(&mut samples, channel, model, spread);
        all.add(sum.value, &sum.gradient);
        channels.push(found);
    }
    let slopes: Vec<(f64, Vec<(usize, f64)>)> = functions.slopes(theta, held);
    let slopes: Vec<(f64, Vec<(usize, f64)>)> = slopes
        .into_iter()
        .map(|(value, slopes)| (value, slopes.into_iter().filter(|(_, slope)| *slope != 0.0).collect()))
        .collect();
    let functions: Vec<Yield> = slopes
        .iter()
        .map(|(value, slopes)| {
            let uncertainty = spread.sigma(slopes).filter(|_| value.is_finite());
            Yield { value: *value, uncertainty }
        })
        .collect();
    let correlation = |i: usize, j: usize| {
        let (left, right) = (functions[i].uncertainty?, functions[j].uncertainty?);
        if i == j {
            return (left > 0.0).then_some(1.0);
        }
        let rho = spread.covariance(&slopes[i].1, &slopes[j].1)? / (left * right);
        rho.is_finite().then(|| rho.clamp(-1.0, 1.0))
    };
    let n = functions.len();
    let correlations = (0..n).map(|i| (0..n).map(|j| correlation(i, j)).collect()).collect();
    Ok(YieldTable { channels, total: all.measured(spread), functions, correlations })
}

/// A sum of yields and its gradient.
struct Sum {
    value: f64,
    gradient: Vec<f64>,
}

impl Sum {
    fn new(n: usize) -> Self {
        Self { value: 0.0, gradient: vec![0.0; n] }
    }

    /// Adds a yield.
    fn add(&mut self, value: f64, gradient: &[f64]) {
        self.value += value;
        self.gradient.iter_mut().zip(gradient).for_each(|(sum, slope)| *sum += slope);
    }

    fn measured(&self, spread: &Spread) -> Yield {
        spread.measure(self.value, &self.gradient)
    }
}

fn channel_yields(
    samples: &mut Samples<'_, '_>,
    channel: usize,
    model: &zstat_core::model::Model,
    spread: &Spread,
) -> (ChannelYields, Sum) {
    let info = &model.channels()[channel];
    let (n, n_bins, n_samples) = (model.parameters().len(), info.bins.len(), info.samples.len());
    let mut sums: Vec<Sum> = (0..n_samples).map(|_| Sum::new(n)).collect();
    let mut all_sum = Sum::new(n);
    let mut of_samples: Vec<Vec<Yield>> = vec![Vec::with_capacity(n_bins); n_samples];
    let mut of_all = Vec::with_capacity(n_bins);
    let size = BLOCK.min(n_bins);
    let (mut values, mut jacobian, mut total) = (vec![0.0; size], vec![0.0; size * n], vec![0.0; size * n]);
    for first in (0..n_bins).step_by(BLOCK) {
        let bins = first..(first + BLOCK).min(n_bins);
        let (values, rows) = (&mut values[..bins.len()], &mut jacobian[..bins.len() * n]);
        total.fill(0.0);
        for sample in 0..n_samples {
            samples.fill(channel, sample, bins.clone(), values, rows);
            for (value, row) in values.iter().zip(rows.chunks_exact(n.max(1))) {
                of_samples[sample].push(spread.measure(*value, row));
                sums[sample].add(*value, row);
            }
            total.iter_mut().zip(rows.iter()).for_each(|(total, slope)| *total += slope);
        }
        for (bin, row) in bins.zip(total.chunks_exact_mut(n.max(1))) {
            let at = info.bins.start + bin;
            let (nu, moves) = (samples.expected()[at], samples.moves(at));
            row.iter_mut().for_each(|slope| *slope *= moves);
            of_all.push(spread.measure(nu, row));
            all_sum.add(nu, row);
        }
    }
    let samples = of_samples.into_iter().zip(&sums);
    let samples = samples.map(|(bins, sum)| Yields { bins, total: sum.measured(spread) }).collect();
    let all = Yields { bins: of_all, total: all_sum.measured(spread) };
    (ChannelYields { all, samples }, all_sum)
}
