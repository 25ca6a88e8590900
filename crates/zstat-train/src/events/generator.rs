//! Events of a process, generated: independent features, and groups of correlated ones.

use indexmap::IndexMap;
use nalgebra::{Cholesky, DMatrix, Dyn};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::density::ln_sum;
use super::{Density, DensityFault};
use crate::spec::ProcessSpec;

/// What events are for. Those of different purposes share no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// To learn from.
    Training = 11,
    /// To watch the learning.
    Validation = 12,
    /// For results: never seen before.
    Evaluation = 13,
}

/// Which stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// Name of the process.
    pub process: &'a str,
    /// What they are for.
    pub purpose: Purpose,
}

impl Stream<'_> {
    fn key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&(self.purpose as u64).to_le_bytes());
        // FNV-1a of the name: streams do not depend on what other processes there are.
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = self.process.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step);
        key[16..24].copy_from_slice(&hash.to_le_bytes());
        key
    }
}

/// Correlated features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Joint {
    /// Their names.
    pub columns: Vec<String>,
    /// Means, one a column.
    pub mean: Vec<f64>,
    /// Covariance, row by row.
    pub covariance: Vec<Vec<f64>>,
}

/// A way to generate the events of a process: one product of densities, or several of which each event is of one.
#[derive(Debug, Clone)]
pub struct Generator {
    columns: Vec<String>,
    /// With their parts of the whole.
    parts: Vec<(f64, Product)>,
}

/// A product of densities.
#[derive(Debug, Clone)]
struct Product {
    single: Vec<Density>,
    joint: Vec<Normal>,
}

impl Product {
    /// With the names of its columns.
    fn new(
        single: &IndexMap<String, Density>,
        joint: &[Joint],
    ) -> Result<(Vec<String>, Self), (String, DensityFault)> {
        let mut columns: Vec<String> = single.keys().cloned().collect();
        for (name, density) in single {
            density.check().map_err(|fault| (name.clone(), fault))?;
        }
        let mut normals = Vec::new();
        for group in joint {
            normals.push(Normal::new(group).map_err(|fault| (group.columns.join(", "), fault))?);
            columns.extend(group.columns.iter().cloned());
        }
        Ok((columns, Self { single: single.values().cloned().collect(), joint: normals }))
    }

    fn draw(&self, random: &mut ChaCha8Rng, row: &mut [f64]) {
        let (singles, mut rest) = row.split_at_mut(self.single.len());
        singles.iter_mut().zip(&self.single).for_each(|(x, density)| *x = density.draw(random));
        for normal in &self.joint {
            let (group, left) = rest.split_at_mut(normal.mean.len());
            normal.draw(random, group);
            rest = left;
        }
    }

    fn ln(&self, event: &[f64]) -> f64 {
        let (singles, mut rest) = event.split_at(self.single.len());
        let mut sum: f64 = singles.iter().zip(&self.single).map(|(x, density)| density.ln(*x)).sum();
        for normal in &self.joint {
            let (group, left) = rest.split_at(normal.mean.len());
            sum += normal.ln(group);
            rest = left;
        }
        sum
    }
}

/// A normal distribution of several features, ready to draw.
#[derive(Debug, Clone)]
struct Normal {
    mean: Vec<f64>,
    factor: Cholesky<f64, Dyn>,
}

impl Normal {
    fn new(joint: &Joint) -> Result<Self, DensityFault> {
        let wanted = joint.columns.len();
        let lengths = joint.covariance.iter().map(Vec::len).chain([joint.mean.len(), joint.covariance.len()]);
        if let Some(found) = lengths.into_iter().find(|found| *found != wanted) {
            return Err(DensityFault::Length { found, wanted });
        }
        if let Some(mean) = joint.mean.iter().find(|mean| !mean.is_finite()) {
            return Err(DensityFault::Mean(*mean));
        }
        let matrix = DMatrix::from_fn(wanted, wanted, |i, j| joint.covariance[i][j]);
        if matrix != matrix.transpose() || matrix.iter().any(|entry| !entry.is_finite()) {
            return Err(DensityFault::Covariance);
        }
        let factor = Cholesky::new(matrix).ok_or(DensityFault::Covariance)?;
        Ok(Self { mean: joint.mean.clone(), factor })
    }

    fn draw(&self, random: &mut ChaCha8Rng, out: &mut [f64]) {
        let l = self.factor.l_dirty();
        let z: Vec<f64> = out.iter().map(|_| StandardNormal.sample(random)).collect();
        for (i, (out, mean)) in out.iter_mut().zip(&self.mean).enumerate() {
            *out = mean + (0..=i).map(|j| l[(i, j)] * z[j]).sum::<f64>();
        }
    }

    fn ln(&self, x: &[f64]) -> f64 {
        let n = x.len();
        let mut pull = nalgebra::DVector::from_fn(n, |i, _| x[i] - self.mean[i]);
        let l = self.factor.l();
        l.solve_lower_triangular_mut(&mut pull);
        let ln_width: f64 = (0..n).map(|i| l[(i, i)].ln()).sum();
        -0.5 * pull.norm_squared() - ln_width - 0.5 * n as f64 * std::f64::consts::TAU.ln()
    }
}

impl Generator {
    /// Of independent features, in their order, and groups of correlated ones after them.
    ///
    /// # Errors
    /// Where a density is none; with the column it is of.
    pub fn new(single: &IndexMap<String, Density>, joint: &[Joint]) -> Result<Self, (String, DensityFault)> {
        let (columns, product) = Product::new(single, joint)?;
        Ok(Self { columns, parts: vec![(1.0, product)] })
    }

    /// Of the process of a spec; none of one that has files.
    ///
    /// # Errors
    /// Where a density is none, parts of a mixture have other columns, or a weight is none; with the column it is of.
    pub fn of(process: &ProcessSpec) -> Result<Option<Self>, (String, DensityFault)> {
        if process.files.is_some() {
            return Ok(None);
        }
        if process.mixture.is_empty() {
            return Self::new(&process.generate, &process.correlated).map(Some);
        }
        let (mut columns, mut parts): (Vec<String>, Vec<(f64, Product)>) = (Vec::new(), Vec::new());
        let sum: f64 = process.mixture.iter().map(|part| part.weight).sum();
        for part in &process.mixture {
            let (found, product) = Product::new(&part.generate, &part.correlated)?;
            if !(part.weight >= 0.0 && part.weight.is_finite() && sum > 0.0) {
                return Err((found.join(", "), DensityFault::Weight(part.weight)));
            }
            if parts.is_empty() {
                columns = found;
            } else if columns != found {
                return Err((found.join(", "), DensityFault::Columns));
            }
            parts.push((part.weight / sum, product));
        }
        Ok(Some(Self { columns, parts }))
    }

    /// Names of the features.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Event number `first` of a stream and those after it, into the rows of `out`: events × columns.
    ///
    /// # Panics
    /// If `out` is not made of whole rows.
    pub fn fill(&self, stream: &Stream<'_>, first: u64, out: &mut [f64]) {
        let width = self.columns.len();
        assert_eq!(out.len() % width.max(1), 0, "whole rows");
        let mut random = ChaCha8Rng::from_seed(stream.key());
        for (number, row) in (first..).zip(out.chunks_exact_mut(width.max(1))) {
            random.set_stream(number);
            random.set_word_pos(0);
            let mut part = 0;
            if self.parts.len() > 1 {
                let mut left: f64 = StandardUniform.sample(&mut random);
                while part + 1 < self.parts.len() && left >= self.parts[part].0 {
                    left -= self.parts[part].0;
                    part += 1;
                }
            }
            if let Some((_, product)) = self.parts.get(part) {
                product.draw(&mut random, row);
            }
        }
    }

    /// ln of the density of an event, one value a column.
    ///
    /// # Panics
    /// If the number of values is another.
    pub fn ln_density(&self, event: &[f64]) -> f64 {
        assert_eq!(event.len(), self.columns.len(), "one value a column");
        if let [(_, product)] = &self.parts[..] {
            return product.ln(event);
        }
        ln_sum(self.parts.iter().map(|(weight, product)| weight.ln() + product.ln(event)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Generator {
        let single = [("x0", Density::Normal([2.0, 1.5])), ("x2", Density::Exponential(3.0))];
        let single = single.into_iter().map(|(name, density)| (name.to_owned(), density)).collect();
        let joint = Joint {
            columns: vec!["a".to_owned(), "b".to_owned()],
            mean: vec![1.0, -1.0],
            covariance: vec![vec![1.0, -0.5], vec![-0.5, 2.0]],
        };
        Generator::new(&single, &[joint]).unwrap()
    }

    const STREAM: Stream<'_> = Stream { seed: 7, process: "signal", purpose: Purpose::Training };

    #[test]
    fn an_event_depends_on_its_number_alone() {
        let generator = example();
        assert_eq!(generator.columns(), ["x0", "x2", "a", "b"]);
        let mut all = vec![0.0; 4 * 1000];
        generator.fill(&STREAM, 0, &mut all);
        let mut some = vec![0.0; 4 * 13];
        generator.fill(&STREAM, 717, &mut some);
        assert_eq!(some, all[4 * 717..4 * 730]);
        for other in [
            Stream { seed: 8, ..STREAM },
            Stream { process: "background", ..STREAM },
            Stream { purpose: Purpose::Evaluation, ..STREAM },
        ] {
            generator.fill(&other, 717, &mut some);
            assert!(some.iter().zip(&all[4 * 717..]).all(|(a, b)| a != b), "{other:?}");
        }
    }

    /// Means and covariance of many events, within five standard errors; and the density's mean logarithm, the entropy.
    #[test]
    fn moments_and_density() {
        let generator = example();
        let n = 200_000;
        let mut events = vec![0.0; 4 * n];
        generator.fill(&STREAM, 0, &mut events);
        let mean = |f: &dyn Fn(&[f64]) -> f64| events.chunks_exact(4).map(f).sum::<f64>() / n as f64;
        let error = (n as f64).sqrt().recip();
        for (column, wanted, width) in
            [(0, 2.0, 1.5), (1, 1.0 / 3.0, 1.0 / 3.0), (2, 1.0, 1.0), (3, -1.0, 1.42)]
        {
            assert!((mean(&|x| x[column]) - wanted).abs() < 5.0 * width * error, "{column}");
        }
        let covariance = mean(&|x| (x[2] - 1.0) * (x[3] + 1.0));
        assert!((covariance + 0.5).abs() < 5.0 * 1.5 * error, "{covariance}");
        assert!((mean(&|x| (x[3] + 1.0).powi(2)) - 2.0).abs() < 5.0 * 2.9 * error);
        // Of independent parts: ½ ln 2πe σ² a normal, 1 − ln rate an exponential, ½ ln det(2πe V) the group.
        let e = std::f64::consts::TAU * std::f64::consts::E;
        let entropy = 0.5 * (e * 2.25).ln() + 1.0 - 3.0_f64.ln() + 0.5 * (e * e * 1.75).ln();
        assert!((mean(&|x| -generator.ln_density(x)) - entropy).abs() < 5.0 * 1.6 * error);
    }

    #[test]
    fn faults_name_their_columns() {
        let single = [("x".to_owned(), Density::Normal([0.0, -1.0]))].into_iter().collect();
        assert_eq!(Generator::new(&single, &[]).unwrap_err(), ("x".to_owned(), DensityFault::Width(-1.0)));
        let mut joint = Joint {
            columns: vec!["a".into(), "b".into()],
            mean: vec![0.0; 2],
            covariance: vec![vec![1.0, 2.0], vec![2.0, 1.0]],
        };
        let of = |joint: &Joint| Generator::new(&IndexMap::new(), std::slice::from_ref(joint)).unwrap_err().1;
        assert_eq!(of(&joint), DensityFault::Covariance);
        joint.covariance[0][1] = 0.0;
        assert_eq!(of(&joint), DensityFault::Covariance);
        joint.covariance.pop();
        assert_eq!(of(&joint), DensityFault::Length { found: 1, wanted: 2 });
    }
}
