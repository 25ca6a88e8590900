//! Densities of one feature: drawn from, and evaluated.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, StandardNormal, StandardUniform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// ½ ln 2π.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// The density of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Density {
    /// Mean and standard deviation.
    Normal([f64; 2]),
    /// Rate: the mean is 1/rate, from 0 on.
    Exponential(f64),
    /// Between two ends.
    Uniform([f64; 2]),
    /// One of several, by their weights.
    Mixture(Vec<Component>),
}

/// A part of a mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Its weight; those of a mixture need not add up to 1.
    pub weight: f64,
    /// What it is.
    pub density: Density,
}

/// Why a density is none.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DensityFault {
    /// A normal without width.
    #[error("the standard deviation of a normal must be positive and finite, found {0}")]
    Width(f64),
    /// An exponential that does not fall.
    #[error("the rate of an exponential must be positive and finite, found {0}")]
    Rate(f64),
    /// An interval without length.
    #[error("a uniform density needs two finite ends in ascending order, found {} and {}", .0[0], .0[1])]
    Ends([f64; 2]),
    /// A place that is none.
    #[error("a mean must be finite, found {0}")]
    Mean(f64),
    /// A mixture of nothing.
    #[error("a mixture needs components of positive weight, found a sum of {0}")]
    Weights(f64),
    /// A part of a mixture whose weight is none.
    #[error("the weight of a part must be 0 or positive, and one of them positive, found {0}")]
    Weight(f64),
    /// Parts of a mixture that do not go together.
    #[error("the parts of a mixture must have the same columns in the same order")]
    Columns,
    /// A covariance that is none.
    #[error("the covariance must be symmetric and positive definite")]
    Covariance,
    /// Numbers that do not go together.
    #[error("{found} numbers where {wanted} are needed, one a column")]
    Length {
        /// How many there are.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
}

impl Density {
    /// Whether x → `scale` x + `shift` moves an edge of it, where it falls to 0 at once.
    pub fn moves_edge(&self, scale: f64, shift: f64) -> bool {
        match self {
            Self::Normal(_) => false,
            // Its edge is at 0.
            Self::Exponential(_) => shift != 0.0,
            Self::Uniform(ends) => ends.iter().any(|end| scale * end + shift != *end),
            Self::Mixture(parts) => parts.iter().any(|part| part.density.moves_edge(scale, shift)),
        }
    }

    /// What is wrong with the numbers.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), DensityFault> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        match self {
            Self::Normal([mean, _]) if !mean.is_finite() => Err(DensityFault::Mean(*mean)),
            Self::Normal([_, width]) if !positive(*width) => Err(DensityFault::Width(*width)),
            Self::Exponential(rate) if !positive(*rate) => Err(DensityFault::Rate(*rate)),
            Self::Uniform([low, high]) if !(low.is_finite() && high.is_finite() && low < high) => {
                Err(DensityFault::Ends([*low, *high]))
            }
            Self::Mixture(components) => {
                let sum: f64 = components.iter().map(|component| component.weight).sum();
                if !positive(sum) || components.iter().any(|component| component.weight < 0.0) {
                    return Err(DensityFault::Weights(sum));
                }
                components.iter().try_for_each(|component| component.density.check())
            }
            _ => Ok(()),
        }
    }

    /// Draws a value.
    pub(super) fn draw(&self, random: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Normal([mean, width]) => {
                let z: f64 = StandardNormal.sample(random);
                mean + width * z
            }
            Self::Exponential(rate) => {
                let x: f64 = Exp1.sample(random);
                x / rate
            }
            Self::Uniform([low, high]) => {
                let u: f64 = StandardUniform.sample(random);
                low + (high - low) * u
            }
            Self::Mixture(components) => {
                let sum: f64 = components.iter().map(|component| component.weight).sum();
                let u: f64 = StandardUniform.sample(random);
                let mut left = u * sum;
                for component in components {
                    left -= component.weight;
                    if left < 0.0 {
                        return component.density.draw(random);
                    }
                }
                components.last().map_or(f64::NAN, |last| last.density.draw(random))
            }
        }
    }

    /// ln of the density at `x`; −∞ where it is 0.
    pub fn ln(&self, x: f64) -> f64 {
        match self {
            Self::Normal([mean, width]) => {
                let pull = (x - mean) / width;
                -0.5 * pull * pull - width.ln() - HALF_LN_2PI
            }
            Self::Exponential(rate) if x >= 0.0 => rate.ln() - rate * x,
            Self::Uniform([low, high]) if x >= *low && x <= *high => -(high - low).ln(),
            Self::Exponential(_) | Self::Uniform(_) => f64::NEG_INFINITY,
            Self::Mixture(components) => {
                let sum: f64 = components.iter().map(|component| component.weight).sum();
                let terms = components.iter().map(|c| (c.weight / sum).ln() + c.density.ln(x));
                ln_sum(terms.collect())
            }
        }
    }
}

/// ln Σ eˣ without overflow.
pub(super) fn ln_sum(terms: Vec<f64>) -> f64 {
    let largest = terms.iter().fold(f64::NEG_INFINITY, |largest, term| largest.max(*term));
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + terms.iter().map(|term| (term - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn examples() -> Vec<Density> {
        let part = |weight, density| Component { weight, density };
        vec![
            Density::Normal([1.5, 0.7]),
            Density::Exponential(3.0),
            Density::Uniform([-1.0, 2.5]),
            Density::Mixture(vec![
                part(1.0, Density::Normal([-2.0, 0.5])),
                part(3.0, Density::Exponential(1.0)),
                part(0.5, Density::Uniform([4.0, 5.0])),
            ]),
        ]
    }

    /// Against the density integrated numerically: shares of draws in forty bins, within five standard errors each.
    #[test]
    fn draws_follow_the_density() {
        let n = 200_000;
        for (seed, density) in examples().iter().enumerate() {
            let mut random = ChaCha8Rng::seed_from_u64(seed as u64);
            let mut counts = [0.0; 40];
            let (low, width) = (-5.0, 0.3);
            for _ in 0..n {
                let bin = (density.draw(&mut random) - low) / width;
                if (0.0..40.0).contains(&bin) {
                    counts[bin as usize] += 1.0;
                }
            }
            for (bin, count) in counts.iter().enumerate() {
                let fine = 3000;
                let at = |i: usize| low + width * (bin as f64 + (i as f64 + 0.5) / f64::from(fine));
                let share = (0..fine as usize).map(|i| density.ln(at(i)).exp()).sum::<f64>() * width
                    / f64::from(fine);
                let error = (share * f64::from(n)).sqrt().max(1.0);
                assert!(
                    (count - share * f64::from(n)).abs() < 5.0 * error,
                    "{density:?}, bin {bin}: {count}, {share}"
                );
            }
        }
    }

    #[test]
    fn faults_are_named() {
        let wrong = [
            Density::Normal([0.0, 0.0]),
            Density::Normal([f64::NAN, 1.0]),
            Density::Exponential(-1.0),
            Density::Uniform([1.0, 1.0]),
            Density::Mixture(Vec::new()),
            Density::Mixture(vec![Component { weight: 1.0, density: Density::Exponential(0.0) }]),
        ];
        assert!(wrong.iter().all(|density| density.check().is_err()));
        assert!(examples().iter().all(|density| density.check().is_ok()));
    }

    #[test]
    fn the_spec_is_short() {
        let found: Density = serde_json::from_str(r#"{"normal": [0, 1]}"#).unwrap();
        assert_eq!(found, Density::Normal([0.0, 1.0]));
        assert!(serde_json::from_str::<Density>(r#"{"norml": [0, 1]}"#).is_err());
    }

    #[test]
    fn edges_that_move() {
        let [uniform, from_zero] = [Density::Uniform([100.0, 160.0]), Density::Uniform([0.0, 1.0])];
        let of_both = Density::Mixture(vec![Component { weight: 1.0, density: from_zero.clone() }]);
        for (density, scale, shift, moves) in [
            (Density::Normal([0.0, 1.0]), 1.1, 2.0, false),
            (Density::Exponential(3.0), 1.2, 0.0, false),
            (Density::Exponential(3.0), 1.0, 0.1, true),
            (uniform.clone(), 1.02, 0.0, true),
            (uniform.clone(), 1.0, -1.0, true),
            (uniform, 1.0, 0.0, false),
            (from_zero, 1.1, 0.0, true),
            (of_both, 1.1, 0.0, true),
        ] {
            assert_eq!(density.moves_edge(scale, shift), moves, "{density:?} {scale} {shift}");
        }
    }
}
