//! Uncertainties from the exact Hessian: its inverse over the free parameters, and what to do where it has none.

use nalgebra::{DMatrix, SymmetricEigen};

use super::{Curvature, Flat, Objective, Problem};
use crate::linalg::{ArrowMatrix, ArrowSolver};

/// Eigenvalues of the scaled Hessian below this are flat directions; below its negative, directions downhill.
const FLAT: f64 = 1e-10;
/// A parameter whose share of a flat direction is above this is undetermined. Shares are in conditional standard
/// deviations; what is left of the gradient at a minimum gives constrained parameters shares of some 1e-6.
const SHARE: f64 = 1e-3;
/// A bound pushes against a parameter if moving beyond it would lower the objective by more than this (½ g²/H).
const PUSH: f64 = 1e-7;

/// Covariance over the free parameters at a minimum.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainties {
    /// Free parameters, ascending: rows and columns of `matrix`.
    pub indices: Vec<usize>,
    /// Covariance, row-major; NaN in the rows of undetermined parameters. Empty if there is no covariance.
    pub matrix: Vec<f64>,
    /// Parameters on a bound that had to be left out to make the rest positive definite.
    pub left_out: Vec<usize>,
    /// Parameters that a flat direction leaves undetermined.
    pub undetermined: Vec<usize>,
    /// The flat directions, where there are any.
    pub flat: Option<Flat>,
    /// The Hessian has a downhill direction: the point is no minimum. Names the parameters with the largest share.
    pub downhill: Vec<usize>,
}

impl Uncertainties {
    /// Covariance of two parameters; none where there is no number.
    pub fn covariance(&self, i: usize, j: usize) -> Option<f64> {
        let row = self.indices.binary_search(&i).ok()?;
        let column = self.indices.binary_search(&j).ok()?;
        self.matrix.get(row * self.indices.len() + column).copied().filter(|value| value.is_finite())
    }

    /// Covariance of two functions from their slopes (parameter, derivative), ascending; none where there is no number.
    /// Parameters that are not free add nothing.
    pub fn between(&self, a: &[(usize, f64)], b: &[(usize, f64)]) -> Option<f64> {
        let rows = |slopes: &[(usize, f64)]| -> Vec<(usize, f64)> {
            let free = slopes.iter().filter(|(_, slope)| *slope != 0.0);
            free.filter_map(|&(i, slope)| Some((self.indices.binary_search(&i).ok()?, slope))).collect()
        };
        let (a, b) = (rows(a), rows(b));
        if let Some(flat) = &self.flat {
            return flat.covariance(&a, &b);
        }
        let n = self.indices.len();
        let row =
            |i: usize| b.iter().map(|&(j, y)| Some(self.matrix.get(i * n + j)? * y)).sum::<Option<f64>>();
        let sum = a.iter().map(|&(i, x)| Some(x * row(i)?)).sum::<Option<f64>>();
        sum.filter(|value| value.is_finite())
    }

    /// Standard deviation of a parameter; none where there is none.
    pub fn sigma(&self, i: usize) -> Option<f64> {
        self.covariance(i, i).map(f64::sqrt)
    }
}

/// Covariance at `theta`. Parameters on a bound stay free, as in HESSE, if the Hessian allows it.
///
/// `at_bound` lists free parameters on a bound. Returns no covariance where the objective has no derivatives.
pub fn uncertainties(
    objective: &mut dyn Objective,
    theta: &[f64],
    problem: &Problem<'_>,
    at_bound: &[usize],
) -> Option<Uncertainties> {
    let mut hessian = objective.new_hessian();
    let mut gradient = vec![0.0; theta.len()];
    objective.hessian(theta, Curvature::Exact, &mut gradient, &mut hessian).ok()?;
    let mut free: Vec<bool> = problem.fixed.iter().map(|fixed| !fixed).collect();
    let mut solver = ArrowSolver::new(hessian.structure().clone());
    if solver.factor(&hessian, None, &free).is_ok() {
        return Some(determined(&free, solver.inverse(), Vec::new()));
    }
    if let Some(flat) = flat_at_bounds(&hessian, &gradient, &free, at_bound) {
        return Some(flat);
    }
    for &i in at_bound {
        free[i] = false;
    }
    if !at_bound.is_empty() && solver.factor(&hessian, None, &free).is_ok() {
        return Some(determined(&free, solver.inverse(), at_bound.to_vec()));
    }
    Some(from_eigenvalues(&hessian, &free, at_bound))
}

/// Where no force holds a parameter to its bound, the direction in which it stopped there may be flat: then nothing that
/// shares it is determined, and what the rest would say with the parameter held is an accident of the bound.
fn flat_at_bounds(
    hessian: &ArrowMatrix,
    gradient: &[f64],
    free: &[bool],
    at_bound: &[usize],
) -> Option<Uncertainties> {
    let is_pushed = |i: &usize| {
        let (g, h) = (gradient[*i], hessian.diagonal(*i));
        0.5 * g * g > PUSH * h.abs()
    };
    let (pushed, resting): (Vec<usize>, Vec<usize>) = at_bound.iter().partition(|i| is_pushed(i));
    if resting.is_empty() {
        return None;
    }
    let is_flat = |found: &Uncertainties| {
        found.downhill.is_empty() && resting.iter().any(|i| found.undetermined.contains(i))
    };
    let found = from_eigenvalues(hessian, free, &[]);
    if is_flat(&found) || pushed.is_empty() {
        return Some(found).filter(is_flat);
    }
    let mut free = free.to_vec();
    pushed.iter().for_each(|&i| free[i] = false);
    Some(from_eigenvalues(hessian, &free, &pushed)).filter(is_flat)
}

fn determined(free: &[bool], matrix: Vec<f64>, left_out: Vec<usize>) -> Uncertainties {
    let indices = (0..free.len()).filter(|&i| free[i]).collect();
    Uncertainties { indices, matrix, left_out, undetermined: Vec::new(), flat: None, downhill: Vec::new() }
}

/// Pseudo-inverse without the flat directions; nothing if there is a downhill one.
fn from_eigenvalues(hessian: &ArrowMatrix, free: &[bool], at_bound: &[usize]) -> Uncertainties {
    let indices: Vec<usize> = (0..free.len()).filter(|&i| free[i]).collect();
    let (n, all) = (indices.len(), free.len());
    let dense = hessian.to_dense();
    // Scaled to unit diagonal, so that the size of an eigenvalue does not depend on the parameters' units.
    let scale: Vec<f64> = indices
        .iter()
        .map(|&i| dense[i * all + i].abs().sqrt())
        .map(|d| if d > 0.0 { 1.0 / d } else { 1.0 })
        .collect();
    let scaled = DMatrix::from_fn(n, n, |r, c| dense[indices[r] * all + indices[c]] * scale[r] * scale[c]);
    let eigen = SymmetricEigen::new(scaled);
    let mut out = Uncertainties {
        indices: indices.clone(),
        matrix: vec![0.0; n * n],
        left_out: at_bound.to_vec(),
        undetermined: Vec::new(),
        flat: None,
        downhill: Vec::new(),
    };
    let mut directions = Vec::new();
    let mut flat = vec![false; n];
    for (value, vector) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
        if *value < -FLAT {
            let largest = vector.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
            let named = (0..n).filter(|&i| vector[i].abs() > 0.3 * largest).map(|i| indices[i]);
            out.downhill.extend(named);
        } else if *value < FLAT {
            for i in 0..n {
                flat[i] |= vector[i].abs() > SHARE;
            }
            directions.push(vector.iter().copied().collect());
        } else {
            for r in 0..n {
                let left = scale[r] * vector[r] / value;
                for c in 0..n {
                    out.matrix[r * n + c] += left * vector[c] * scale[c];
                }
            }
        }
    }
    if !out.downhill.is_empty() {
        out.downhill.sort_unstable();
        out.downhill.dedup();
        out.matrix.clear();
        return out;
    }
    if !directions.is_empty() {
        out.flat = Some(Flat::new(scale, directions, out.matrix.clone()));
    }
    for i in (0..n).filter(|&i| flat[i]) {
        out.undetermined.push(indices[i]);
        for j in 0..n {
            out.matrix[i * n + j] = f64::NAN;
            out.matrix[j * n + i] = f64::NAN;
        }
    }
    out
}
