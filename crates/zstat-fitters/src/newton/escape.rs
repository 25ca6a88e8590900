//! The way off a saddle: a step along the direction of most negative curvature.
//!
//! The start of a fit may well be one: two variations to the same side leave no slope at α = 0.

use nalgebra::{DMatrix, SymmetricEigen};
use zstat_core::fit::{Objective, Problem};
use zstat_core::linalg::ArrowMatrix;

/// Lengths that are tried, in units of the scaled parameters.
const STEPS: [f64; 6] = [1.0, 0.3, 0.1, 1e-2, 1e-3, 1e-4];

/// A point lower than `value` along the most negative eigenvector of the Hessian over the `free` parameters, scaled to
/// a diagonal of ±1; none where there is no negative eigenvalue or no such point. Counts its evaluations.
pub(super) fn way_down(
    objective: &mut dyn Objective,
    hessian: &ArrowMatrix,
    free: &[bool],
    theta: &[f64],
    value: f64,
    problem: &Problem<'_>,
    evaluations: &mut usize,
) -> Option<Vec<f64>> {
    let rows: Vec<usize> = (0..free.len()).filter(|&i| free[i]).collect();
    if rows.is_empty() {
        return None;
    }
    let (n, dense) = (free.len(), hessian.to_dense());
    let scale = |i: usize| {
        let range = (problem.bounds[i][1] - problem.bounds[i][0]).clamp(1e-3, 1e3);
        1.0 / dense[i * n + i].abs().max(1.0 / (range * range)).sqrt()
    };
    let scales: Vec<f64> = rows.iter().map(|&i| scale(i)).collect();
    let entry = |r: usize, c: usize| dense[rows[r] * n + rows[c]] * scales[r] * scales[c];
    let eigen = SymmetricEigen::new(DMatrix::from_fn(rows.len(), rows.len(), entry));
    let lowest = eigen.eigenvalues.imin();
    if eigen.eigenvalues[lowest] >= 0.0 {
        return None;
    }
    let direction = eigen.eigenvectors.column(lowest);
    for step in STEPS.into_iter().flat_map(|step| [step, -step]) {
        let mut point = theta.to_vec();
        for ((&i, scale), d) in rows.iter().zip(&scales).zip(&direction) {
            let [lower, upper] = problem.bounds[i];
            point[i] = (point[i] + step * scale * d).max(lower).min(upper);
        }
        *evaluations += 1;
        if objective.value(&point).is_ok_and(|other| other < value) {
            return Some(point);
        }
    }
    None
}
