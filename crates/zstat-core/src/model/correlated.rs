//! Correlated Gaussian constraints: one multivariate normal over several parameters, in place of their single terms.

use nalgebra::{DMatrix, SymmetricEigen};

use super::{Constraint, Parameter};
use crate::spec::CorrelatedConstraint;

/// ½ ln 2π.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// Normal(aux | θ, V) over some parameters: −ln of it is ½ dᵀ V⁻¹ d + ½ ln det(2πV), d = θ − aux.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelatedBlock {
    /// Indices of the parameters.
    pub members: Vec<usize>,
    /// V⁻¹, row-major, exactly symmetric.
    pub precision: Vec<f64>,
    /// ½ ln det(2πV).
    pub(crate) constant: f64,
}

/// A correlated Gaussian taken apart into independent shifts of one standard deviation, one a member.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelatedRoot {
    /// Indices of the members that are free.
    pub members: Vec<usize>,
    /// By member: how its shift moves each of the members. These are the columns d of S √R, with the widths S and the
    /// correlations R, so that Σ d dᵀ is the covariance, and each shift is as close to its own member as shifts of this
    /// kind can be (A. Kessy, A. Lewin, K. Strimmer, Am. Stat. 72 (2018) 309). Without correlation, the width itself.
    pub shifts: Vec<Vec<f64>>,
}

impl CorrelatedBlock {
    /// The block over `members` of `parameters`, whose single constraints it takes over: their widths, where a
    /// correlation is given, and their centres. `spec::check` has seen that the matrix is a covariance.
    pub(super) fn build(
        spec: &CorrelatedConstraint,
        members: Vec<usize>,
        centres: &[f64],
        parameters: &mut [Parameter],
    ) -> Self {
        let n = members.len();
        let width = |i: usize| match parameters[members[i]].constraint {
            Constraint::Normal { sigma, .. } => sigma,
            _ => f64::NAN,
        };
        let entry = |i: usize, j: usize| match (&spec.covariance, &spec.correlation) {
            // Tables are rounded: both halves count.
            (Some(covariance), _) => 0.5 * (covariance[i][j] + covariance[j][i]),
            (None, Some(_)) if i == j => width(i) * width(i),
            (None, Some(rho)) => 0.5 * (rho[i][j] + rho[j][i]) * width(i) * width(j),
            (None, None) => f64::NAN,
        };
        // Scaled to unit diagonal, so that units do not cost digits.
        let sigma: Vec<f64> = (0..n).map(|i| entry(i, i).sqrt()).collect();
        let correlation = DMatrix::from_fn(n, n, |i, j| entry(i, j) / (sigma[i] * sigma[j]));
        let (inverse, ln_det) = match correlation.cholesky() {
            Some(cholesky) => {
                let ln_det = cholesky.l().diagonal().iter().map(|pivot| 2.0 * pivot.ln()).sum::<f64>();
                (cholesky.inverse(), ln_det)
            }
            None => (DMatrix::from_element(n, n, f64::NAN), f64::NAN),
        };
        let mut precision = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                let mean = 0.5 * (inverse[(i, j)] + inverse[(j, i)]);
                precision[i * n + j] = mean / (sigma[i] * sigma[j]);
            }
        }
        let ln_sigma: f64 = sigma.iter().map(|sigma| sigma.ln()).sum();
        for (&member, &sigma) in members.iter().zip(&sigma) {
            parameters[member].constraint = Constraint::Correlated { aux: centres[member], sigma };
        }
        Self { members, precision, constant: 0.5 * ln_det + ln_sigma + n as f64 * HALF_LN_2PI }
    }

    /// ½ dᵀ V⁻¹ d. `theta` and `aux` have one entry a parameter of the model.
    pub fn value(&self, theta: &[f64], aux: &[f64]) -> f64 {
        let n = self.members.len();
        let mut sum = 0.0;
        for (row, &i) in self.precision.chunks_exact(n.max(1)).zip(&self.members) {
            sum += (theta[i] - aux[i]) * self.slope(row, theta, aux);
        }
        0.5 * sum
    }

    /// Adds V⁻¹ d to the members' entries of `gradient`.
    pub fn add_gradient(&self, theta: &[f64], aux: &[f64], gradient: &mut [f64]) {
        let n = self.members.len();
        for (row, &i) in self.precision.chunks_exact(n.max(1)).zip(&self.members) {
            gradient[i] += self.slope(row, theta, aux);
        }
    }

    /// The block with the `held` members (one entry a parameter of the model) known: its symmetric root.
    pub fn root(&self, held: &[bool]) -> CorrelatedRoot {
        let n = self.members.len();
        let free: Vec<usize> = (0..n).filter(|&k| !held[self.members[k]]).collect();
        let precision =
            DMatrix::from_fn(free.len(), free.len(), |r, c| self.precision[free[r] * n + free[c]]);
        let widths: Vec<f64> = match precision.clone().cholesky() {
            Some(cholesky) => cholesky.inverse().diagonal().iter().map(|v| v.sqrt()).collect(),
            None => vec![f64::NAN; free.len()],
        };
        // R⁻¹, the inverse of the correlation matrix; its eigenvalues are those of R, inverted.
        let inverse =
            DMatrix::from_fn(free.len(), free.len(), |r, c| widths[r] * precision[(r, c)] * widths[c]);
        let eigen = SymmetricEigen::new(inverse);
        let scale = DMatrix::from_diagonal(&eigen.eigenvalues.map(|value| 1.0 / value.sqrt()));
        let root = &eigen.eigenvectors * scale * eigen.eigenvectors.transpose();
        let column = |c: usize| (0..free.len()).map(|r| widths[r] * root[(r, c)]).collect();
        CorrelatedRoot {
            members: free.iter().map(|&k| self.members[k]).collect(),
            shifts: (0..free.len()).map(column).collect(),
        }
    }

    fn slope(&self, row: &[f64], theta: &[f64], aux: &[f64]) -> f64 {
        row.iter().zip(&self.members).map(|(p, &j)| p * (theta[j] - aux[j])).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(sigma: f64) -> Parameter {
        Parameter {
            name: "a".into(),
            set: 0,
            init: 0.0,
            bounds: [-5.0, 5.0],
            fixed: false,
            constraint: Constraint::Normal { aux: 0.0, sigma },
        }
    }

    /// Two parameters: the bivariate normal density in its closed form.
    #[test]
    fn bivariate_normal() {
        let (s1, s2, rho) = (0.5, 2.0, -0.6);
        let names = vec!["a".to_owned(), "b".to_owned()];
        let by_correlation = CorrelatedConstraint {
            parameters: names.clone(),
            covariance: None,
            correlation: Some(vec![vec![1.0, rho], vec![rho, 1.0]]),
        };
        let c = rho * s1 * s2;
        let by_covariance = CorrelatedConstraint {
            parameters: names,
            covariance: Some(vec![vec![s1 * s1, c], vec![c, s2 * s2]]),
            correlation: None,
        };
        for (spec, widths) in [(by_correlation, [s1, s2]), (by_covariance, [1.0, 1.0])] {
            let mut parameters = widths.map(parameter);
            let block = CorrelatedBlock::build(&spec, vec![0, 1], &[0.1, -0.2], &mut parameters);
            assert_eq!(parameters[1].constraint, Constraint::Correlated { aux: -0.2, sigma: s2 });
            let (theta, aux) = ([0.7, 1.1], [0.1, -0.2]);
            let (x, y) = ((theta[0] - aux[0]) / s1, (theta[1] - aux[1]) / s2);
            let r = 1.0 - rho * rho;
            let value = (x * x - 2.0 * rho * x * y + y * y) / (2.0 * r);
            let constant = (std::f64::consts::TAU * s1 * s2 * f64::sqrt(r)).ln();
            assert!((block.value(&theta, &aux) - value).abs() < 1e-14);
            assert!((block.constant - constant).abs() < 1e-14);
            let mut gradient = [0.0; 2];
            block.add_gradient(&theta, &aux, &mut gradient);
            assert!((gradient[0] - (x - rho * y) / (r * s1)).abs() < 1e-14);
            assert!((gradient[1] - (y - rho * x) / (r * s2)).abs() < 1e-14);
        }
    }

    /// Two parameters: S √R in closed form; with one held, the width of the other is the conditional one.
    #[test]
    fn independent_shifts() {
        let (s1, s2, rho) = (0.5_f64, 2.0_f64, -0.6_f64);
        let c = rho * s1 * s2;
        let spec = CorrelatedConstraint {
            parameters: vec!["a".to_owned(), "b".to_owned()],
            covariance: Some(vec![vec![s1 * s1, c], vec![c, s2 * s2]]),
            correlation: None,
        };
        let mut parameters = [1.0, 1.0].map(parameter);
        let block = CorrelatedBlock::build(&spec, vec![0, 1], &[0.0, 0.0], &mut parameters);
        let found = block.root(&[false, false]);
        // √R of a 2 × 2 correlation matrix has p on its diagonal and q beside it.
        let (plus, minus) = ((1.0 + rho).sqrt(), (1.0 - rho).sqrt());
        let (p, q) = (0.5 * (plus + minus), 0.5 * (plus - minus));
        for (column, wanted) in found.shifts.iter().zip([[s1 * p, s2 * q], [s1 * q, s2 * p]]) {
            for (x, y) in column.iter().zip(wanted) {
                assert!((x - y).abs() < 1e-13, "{found:?}");
            }
        }
        let alone = block.root(&[true, false]);
        assert_eq!(alone.members, [1]);
        assert!((alone.shifts[0][0] - s2 * (1.0 - rho * rho).sqrt()).abs() < 1e-13, "{alone:?}");
    }
}
