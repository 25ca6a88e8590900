//! The variance that data would give parameters, and its derivatives by the templates.
//!
//! With Asimov data at the point the second derivatives of −ln L are a Fisher matrix exactly: H = Σ_b J_b J_bᵀ/ν_b + C, where J
//! are the slopes of the expectation and C comes from the constraints. With V = H⁻¹ and S the parameters in question,
//! d ln det V_SS = −tr(M dH), M = V_·S (V_SS)⁻¹ V_S·, and so ∂/∂J_b = −2 M J_b/ν_b, ∂/∂ν_b = J_bᵀ M J_b/ν_b². For one
//! parameter M = v vᵀ/v_p. Source: P. de Castro and T. Dorigo, arXiv:1806.04743.

use std::sync::Arc;

use zstat_core::fit::{Curvature, Objective};
use zstat_core::linalg::{ArrowMatrix, ArrowSolver};
use zstat_core::loss::{Binned, LossError};
use zstat_core::model::Templates;

use crate::counts::clear;
use crate::expected::asimov;

/// ln det of the covariance of `parameters` (free ones, ascending), and its derivatives by the templates into `gradient`
/// (overwritten).
///
/// # Errors
/// Where a bin expects nothing, or the Fisher matrix is singular.
pub(crate) fn ln_det_covariance(
    batch: &Binned<'_>,
    parameters: &[usize],
    gradient: &mut Templates,
) -> Result<f64, LossError> {
    let model = batch.model;
    let mut nll = asimov(batch, batch.point)?;
    let n = batch.point.len();
    let mut hessian = nll.new_hessian();
    nll.hessian(batch.point, Curvature::Fisher, &mut vec![0.0; n], &mut hessian)?;
    let columns = columns_of_inverse(batch, &hessian, parameters)?;
    let k = parameters.len();
    let block: Vec<f64> = (0..k * k).map(|at| columns[at / k][parameters[at % k]]).collect();
    let Some((inverse, ln_det)) = inverse_and_ln_det(block, k) else {
        return Err(singular(batch, parameters));
    };
    let mut jacobian = vec![0.0; n * model.n_bins()];
    let nu = nll.jacobian(batch.point, &mut jacobian)?.to_vec();
    let mut by_yield = vec![0.0; nu.len()];
    for ((row, &nu), by_yield) in jacobian.chunks_exact_mut(n).zip(&nu).zip(&mut by_yield) {
        // a = V_S· J, then J becomes −2 M J/ν.
        let a: Vec<f64> = columns.iter().map(|column| dot(column, row)).collect();
        let weights: Vec<f64> = (0..k).map(|i| dot(&inverse[i * k..(i + 1) * k], &a)).collect();
        *by_yield = dot(&weights, &a) / (nu * nu);
        row.fill(0.0);
        for (weight, column) in weights.iter().zip(&columns) {
            row.iter_mut().zip(column).for_each(|(out, v)| *out -= 2.0 * weight * v / nu);
        }
    }
    clear(gradient);
    nll.pull_to_templates(batch.point, &by_yield, gradient)?;
    nll.pull_jacobian_to_templates(batch.point, &jacobian, gradient)?;
    Ok(ln_det)
}

/// The columns of H⁻¹ over the free parameters that belong to `parameters`, each with one entry a parameter.
fn columns_of_inverse(
    batch: &Binned<'_>,
    hessian: &ArrowMatrix,
    parameters: &[usize],
) -> Result<Vec<Vec<f64>>, LossError> {
    let free: Vec<bool> = batch.fixed.iter().map(|fixed| !fixed).collect();
    let mut solver = ArrowSolver::new(Arc::clone(hessian.structure()));
    if solver.factor(hessian, None, &free).is_err() {
        return Err(singular(batch, &flat(hessian, &free)));
    }
    let n = free.len();
    let column = |&parameter: &usize| {
        let (mut unit, mut out) = (vec![0.0; n], vec![0.0; n]);
        unit[parameter] = 1.0;
        solver.solve(&unit, &mut out);
        out
    };
    Ok(parameters.iter().map(column).collect())
}

/// Free parameters that the Fisher matrix says nothing of; all free ones where it is singular between them only.
fn flat(hessian: &ArrowMatrix, free: &[bool]) -> Vec<usize> {
    let free: Vec<usize> = (0..free.len()).filter(|&i| free[i]).collect();
    let flat: Vec<usize> = free.iter().copied().filter(|&i| hessian.diagonal(i) <= 0.0).collect();
    if flat.is_empty() { free } else { flat }
}

fn singular(batch: &Binned<'_>, parameters: &[usize]) -> LossError {
    let name = |&i: &usize| format!("`{}`", batch.model.parameters()[i].name);
    LossError::Singular { parameters: parameters.iter().map(name).collect() }
}

/// Inverse and ln det of a symmetric matrix with k rows, by Cholesky; none where it is not positive definite.
fn inverse_and_ln_det(matrix: Vec<f64>, k: usize) -> Option<(Vec<f64>, f64)> {
    let dense = ArrowMatrix::from_dense(k, &matrix);
    let mut solver = ArrowSolver::new(Arc::clone(dense.structure()));
    solver.factor(&dense, None, &vec![true; k]).ok()?;
    let ln_det = solver.ln_determinant();
    Some((solver.inverse(), ln_det)).filter(|_| ln_det.is_finite())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
