//! Pseudo-data: what a model with given parameters could have been observed as.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};
use zstat_core::likelihood::Data;
use zstat_core::linalg::dense::{CholeskyScratch, cholesky, solve_lower, solve_lower_transposed};
use zstat_core::model::{Constraint, CorrelatedBlock};

use crate::{Inputs, TestError};

/// What a stream of random numbers is for. Toys of different purposes share none, whatever their indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Pseudo-data of the hypothesis that is tested.
    Hypothesis = 1,
    /// Pseudo-data of the alternative.
    Alternative = 2,
    /// Pseudo-data of a study of its own.
    Study = 3,
}

/// The frequentist ensemble of a point θ: bins are Poisson with the expectation at θ, auxiliary observations follow their
/// constraints at θ. Where a parameter is fixed, so is its auxiliary observation. A toy is a function of seed, purpose and
/// its index alone: the numbers come from a stream of the ChaCha generator that the index names.
#[derive(Debug, Clone)]
pub struct Ensemble {
    key: [u8; 32],
    template: Data,
    aux: Vec<Auxiliary>,
    blocks: Vec<Block>,
}

/// How the auxiliary observation of a parameter is drawn.
#[derive(Debug, Clone, Copy)]
enum Auxiliary {
    /// Not at all, or with its block.
    Kept,
    Normal {
        mean: f64,
        sigma: f64,
    },
    Poisson {
        mean: f64,
    },
    LogNormal {
        median: f64,
        ln_kappa: f64,
    },
}

/// A correlated Gaussian: with V⁻¹ = L Lᵀ, L⁻ᵀ z has covariance V.
#[derive(Debug, Clone)]
struct Block {
    members: Vec<usize>,
    means: Vec<f64>,
    factor: Vec<f64>,
}

impl Block {
    /// The members that are free, given the observations of those that are fixed.
    fn new(block: &CorrelatedBlock, inputs: &Inputs<'_>, theta: &[f64]) -> Self {
        let all = &block.members;
        let precision = |i: usize, j: usize| block.precision[i * all.len() + j];
        let (kept, drawn): (Vec<usize>, Vec<usize>) =
            (0..all.len()).partition(|&place| inputs.fixed[all[place]]);
        let n = drawn.len();
        let mut factor: Vec<f64> = Vec::with_capacity(n * n);
        drawn.iter().for_each(|&i| factor.extend(drawn.iter().map(|&j| precision(i, j))));
        let positive = cholesky(&mut factor, n, 0.0, &mut CholeskyScratch::default());
        debug_assert!(positive, "the covariance was checked when the model was built");
        // The mean of some, given others: −P⁻¹ (P of the pairs) (deviation of the others).
        let off = |place: usize| inputs.data.aux[all[place]] - theta[all[place]];
        let pull = |i: usize| -kept.iter().map(|&j| precision(i, j) * off(j)).sum::<f64>();
        let mut shift: Vec<f64> = drawn.iter().map(|&i| pull(i)).collect();
        solve_lower(&factor, n, &mut shift);
        solve_lower_transposed(&factor, n, &mut shift);
        let members: Vec<usize> = drawn.iter().map(|&place| all[place]).collect();
        let means = members.iter().zip(shift).map(|(&i, shift)| theta[i] + shift).collect();
        Self { members, means, factor }
    }
}

impl Ensemble {
    /// The ensemble of `theta`; bins that are masked in the observed data stay so.
    ///
    /// # Errors
    /// Where a bin expects a negative number of events, or none that can be computed; `poi` is for the message.
    pub fn new(
        inputs: &Inputs<'_>,
        theta: &[f64],
        poi: Option<usize>,
        seed: u64,
        purpose: Purpose,
    ) -> Result<Self, TestError> {
        let model = inputs.model;
        let main = inputs.expected(theta, poi)?;
        let template = Data { main, ..inputs.data.clone() };
        let parameters = model.parameters().iter().zip(theta).zip(inputs.fixed);
        let aux = parameters.map(|((parameter, &theta), &fixed)| match parameter.constraint {
            _ if fixed => Auxiliary::Kept,
            Constraint::None | Constraint::Correlated { .. } => Auxiliary::Kept,
            Constraint::Normal { sigma, .. } => Auxiliary::Normal { mean: theta, sigma },
            Constraint::Poisson { tau, .. } => Auxiliary::Poisson { mean: tau * theta },
            Constraint::LogNormal { ln_kappa, .. } => Auxiliary::LogNormal { median: theta, ln_kappa },
        });
        let aux = aux.collect();
        let mut blocks = Vec::new();
        for block in model.correlated() {
            blocks.push(Block::new(block, inputs, theta));
        }
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        Ok(Self { key, template, aux, blocks })
    }

    /// Room for a toy.
    pub fn room(&self) -> Data {
        self.template.clone()
    }

    /// Draws toy number `index` into `data`.
    pub fn draw(&self, index: u64, data: &mut Data) {
        let mut random = ChaCha8Rng::from_seed(self.key);
        random.set_stream(index);
        for (out, mean) in data.main.iter_mut().zip(&self.template.main) {
            *out = poisson(*mean, &mut random);
        }
        for (i, auxiliary) in self.aux.iter().enumerate() {
            data.aux[i] = match *auxiliary {
                Auxiliary::Kept => continue,
                Auxiliary::Normal { mean, sigma } => mean + sigma * normal(&mut random),
                Auxiliary::Poisson { mean } => poisson(mean, &mut random),
                Auxiliary::LogNormal { median, ln_kappa } => median * (ln_kappa * normal(&mut random)).exp(),
            };
        }
        for block in &self.blocks {
            let n = block.members.len();
            let mut z: Vec<f64> = (0..n).map(|_| normal(&mut random)).collect();
            solve_lower_transposed(&block.factor, n, &mut z);
            for ((&i, mean), z) in block.members.iter().zip(&block.means).zip(z) {
                data.aux[i] = mean + z;
            }
        }
    }
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(random)
}

/// A count; rounding to a normal distribution takes over where the mean is beyond what can be counted.
fn poisson(mean: f64, random: &mut ChaCha8Rng) -> f64 {
    match Poisson::new(mean) {
        Ok(distribution) => distribution.sample(random),
        Err(_) if mean > 0.0 => (mean + mean.sqrt() * normal(random)).round(),
        Err(_) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of the counts, from small to huge means.
    #[test]
    fn counts_have_the_mean_and_variance_of_poisson() {
        let mut random = ChaCha8Rng::from_seed([7; 32]);
        for mean in [0.02_f64, 3.0, 11.9, 12.1, 1e4, 1.9e11, 1e20] {
            let n = 40_000;
            let draws: Vec<f64> = (0..n).map(|_| (poisson(mean, &mut random) - mean) / mean.sqrt()).collect();
            let average = draws.iter().sum::<f64>() / f64::from(n);
            let square = draws.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
            // Errors of mean and variance: 1/√n, and √((2 + 1/mean)/n).
            let error = f64::from(n).sqrt().recip();
            assert!(average.abs() < 5.0 * error, "{mean}: {average}");
            assert!((square - 1.0).abs() < 5.0 * error * (2.0 + 1.0 / mean).sqrt(), "{mean}: {square}");
        }
        assert_eq!(poisson(0.0, &mut random), 0.0);
    }
}
