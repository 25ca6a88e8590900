//! The variance that data would give parameters, and its derivatives by the templates.
//!
//! With Asimov data at the point the second derivatives of −ln L are a Fisher matrix exactly: H = Σ_b J_b J_bᵀ/D_b + C, where J
//! are the slopes of the expectation ν, D = ν, and C comes from the constraints. With W = H⁻¹ and S the parameters in question,
//! d ln det W_SS = −tr(M dH), M = W_·S (W_SS)⁻¹ W_S·, and so ∂/∂J_b = −2 M J_b/D_b, ∂/∂D_b = J_bᵀ M J_b/D_b². For one
//! parameter M = w wᵀ/w_p. Source: P. de Castro and T. Dorigo, arXiv:1806.04743.
//!
//! A γ for the simulation's statistics moves ν by m and has the width δ, so that V = (m δ)² is the variance it gives ν. Its
//! own second derivative is m²/ν + 1/δ², that with θ is J m/ν, and profiled (a Schur complement) it leaves
//! J Jᵀ [1/ν − (m/ν)²/(m²/ν + 1/δ²)] = J Jᵀ/(ν + V): D = ν + V, whichever samples of the bin γ acts on, and one γ a sample
//! is as good as one for all. Source of the γ: R. Barlow and C. Beeston, Comput. Phys. Commun. 77 (1993) 219, as simplified
//! by J. Conway, arXiv:1103.0354.

use std::sync::Arc;

use zstat_core::fit::{Curvature, Objective};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::linalg::{ArrowMatrix, ArrowSolver};
use zstat_core::loss::{Binned, LossError, Slopes};

use crate::expected::asimov;
use crate::spread::{Spread, Whose};

/// ln det of the covariance of `parameters` (free ones, ascending), and its derivatives into `gradient` (overwritten).
/// `mc_statistics`: with a γ for the variances of all yields, with none, or with those that the result has.
///
/// # Errors
/// Where a bin expects nothing, the Fisher matrix is singular, or variances are not known.
pub(crate) fn ln_det_covariance(
    batch: &Binned<'_>,
    parameters: &[usize],
    mc_statistics: Option<bool>,
    gradient: &mut Slopes,
) -> Result<f64, LossError> {
    let mut nll = asimov(batch, batch.point)?;
    let n = batch.point.len();
    let mut jacobian = vec![0.0; n * batch.model.n_bins()];
    let mut spreads = nll.jacobian(batch.point, &mut jacobian)?.to_vec();
    let simulation = match (mc_statistics, batch.gammas.contains(&true)) {
        (Some(false), _) | (None, false) => None,
        (Some(true), _) => Some(Spread::of(batch, &mut nll, batch.point, &Whose::All)?),
        (None, true) => Some(Spread::of(batch, &mut nll, batch.point, &Whose::WithGamma)?),
    };
    let hessian = match &simulation {
        None => {
            let mut hessian = nll.new_hessian();
            nll.hessian(batch.point, Curvature::Fisher, &mut vec![0.0; n], &mut hessian)?;
            hessian
        }
        Some(simulation) => {
            spreads.iter_mut().zip(&simulation.of_bins).for_each(|(spread, more)| *spread += more);
            fisher(&mut nll, batch.point, &jacobian, &spreads)?
        }
    };
    let columns = columns_of_inverse(batch, &hessian, parameters)?;
    let k = parameters.len();
    let block: Vec<f64> = (0..k * k).map(|at| columns[at / k][parameters[at % k]]).collect();
    let Some((inverse, ln_det)) = inverse_and_ln_det(block, k) else {
        return Err(singular(batch, parameters));
    };
    let mut by_spread = vec![0.0; spreads.len()];
    for ((row, &spread), by_spread) in jacobian.chunks_exact_mut(n).zip(&spreads).zip(&mut by_spread) {
        // a = W_S· J, then J becomes −2 M J/D.
        let a: Vec<f64> = columns.iter().map(|column| dot(column, row)).collect();
        let weights: Vec<f64> = (0..k).map(|i| dot(&inverse[i * k..(i + 1) * k], &a)).collect();
        *by_spread = dot(&weights, &a) / (spread * spread);
        row.fill(0.0);
        for (weight, column) in weights.iter().zip(&columns) {
            row.iter_mut().zip(column).for_each(|(out, v)| *out -= 2.0 * weight * v / spread);
        }
    }
    gradient.clear();
    nll.pull_to_templates(batch.point, &by_spread, &mut gradient.templates)?;
    nll.pull_jacobian_to_templates(batch.point, &jacobian, &mut gradient.templates)?;
    if let Some(simulation) = &simulation {
        simulation.pull(&by_spread, &mut gradient.variances);
    }
    Ok(ln_det)
}

/// Σ_b J_b J_bᵀ/D_b + C: without main data there are the constraints alone.
fn fisher(
    nll: &mut Nll<'_>,
    theta: &[f64],
    jacobian: &[f64],
    spreads: &[f64],
) -> Result<ArrowMatrix, LossError> {
    let n = theta.len();
    let data = nll.data().clone();
    nll.set_data(&Data { masked: vec![true; data.masked.len()], ..data.clone() });
    let mut constraints = nll.new_hessian();
    let found = nll.hessian(theta, Curvature::Fisher, &mut vec![0.0; n], &mut constraints);
    nll.set_data(&data);
    found?;
    let mut dense = constraints.to_dense();
    for (row, spread) in jacobian.chunks_exact(n).zip(spreads) {
        for (i, slope) in row.iter().enumerate().filter(|(_, slope)| **slope != 0.0) {
            let out = dense[i * n..=i * (n + 1)].iter_mut();
            out.zip(row).for_each(|(out, other)| *out += slope * other / spread);
        }
    }
    Ok(ArrowMatrix::from_dense(n, &dense))
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
