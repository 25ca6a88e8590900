//! The inverse of a factored arrow matrix: for a likelihood, the covariance of all free parameters.
//!
//! With S the Schur complement, B the blocks, C the coupling and W = B⁻¹C: shared S⁻¹, local–shared −W S⁻¹,
//! local–local B⁻¹ + W S⁻¹ Wᵀ.

use super::ArrowSolver;
use super::dense::{inverse_from_cholesky, product_tn, solve_lower, solve_lower_transposed};

impl ArrowSolver {
    /// The inverse over the free rows, row-major with one row a free row in ascending order. Uses up the factor.
    pub fn inverse(&mut self) -> Vec<f64> {
        let n = self.free_shared.len();
        let mut shared = vec![0.0; n * n];
        inverse_from_cholesky(&mut self.factor, n, &mut shared);
        let rows = FreeRows::new(self);
        let size = rows.size;
        let mut out = vec![0.0; size * size];
        for (i, &row) in rows.shared.iter().enumerate() {
            for (j, &column) in rows.shared.iter().enumerate() {
                out[row * size + column] = shared[i * n + j];
            }
        }
        let cross = self.cross_covariance(&shared, rows.locals.len());
        for (row, values) in rows.locals.iter().zip(cross.chunks_exact(n.max(1))) {
            for (&column, &value) in rows.shared.iter().zip(values) {
                out[row * size + column] = value;
                out[column * size + row] = value;
            }
        }
        self.local_covariance(&cross, &rows, &mut out);
        out
    }

    /// −W S⁻¹ for all free locals, one row each.
    fn cross_covariance(&self, shared: &[f64], n_locals: usize) -> Vec<f64> {
        let n = self.free_shared.len();
        let mut cross = vec![0.0; n_locals * n];
        let mut first = 0;
        for group in &self.groups {
            let (m, k) = (group.locals.len(), group.border.len());
            let weights = group.transposed_weights();
            let mut border = Vec::with_capacity(k * n);
            for &(_, position) in &group.border {
                border.extend_from_slice(&shared[position * n..(position + 1) * n]);
            }
            product_tn(-1.0, &weights, &border, k, m, n, 0.0, &mut cross[first * n..(first + m) * n]);
            first += m;
        }
        cross
    }

    /// W S⁻¹ Wᵀ among all locals, and B⁻¹ inside each block.
    fn local_covariance(&self, cross: &[f64], rows: &FreeRows, out: &mut [f64]) {
        let (n, n_locals, size) = (self.free_shared.len(), rows.locals.len(), rows.size);
        let mut first = 0;
        for group in &self.groups {
            let (m, k) = (group.locals.len(), group.border.len());
            let mut left = vec![0.0; k * n_locals];
            for (i, &(_, position)) in group.border.iter().enumerate() {
                for local in 0..n_locals {
                    left[i * n_locals + local] = cross[local * n + position];
                }
            }
            let mut product = vec![0.0; n_locals * m];
            product_tn(-1.0, &left, &group.transposed_weights(), k, n_locals, m, 0.0, &mut product);
            for (row, values) in rows.locals.iter().zip(product.chunks_exact(m.max(1))) {
                for (&column, &value) in rows.locals[first..first + m].iter().zip(values) {
                    out[row * size + column] = value;
                }
            }
            for block in 0..group.starts.len() {
                let range = group.blocks[block]..group.blocks[block + 1];
                let width = range.len();
                let factor = &group.factors[group.starts[block]..];
                for (j, column) in range.clone().enumerate() {
                    let mut unit = vec![0.0; width];
                    unit[j] = 1.0;
                    solve_lower(factor, width, &mut unit);
                    solve_lower_transposed(factor, width, &mut unit);
                    for (row, value) in range.clone().zip(unit) {
                        out[rows.locals[first + row] * size + rows.locals[first + column]] += value;
                    }
                }
            }
            first += m;
        }
    }
}

/// Where free rows stand in the inverse.
struct FreeRows {
    size: usize,
    /// Of each free shared row.
    shared: Vec<usize>,
    /// Of each free local, group after group.
    locals: Vec<usize>,
}

impl FreeRows {
    fn new(solver: &ArrowSolver) -> Self {
        let structure = &solver.structure;
        let mut at = vec![0; structure.n()];
        let mut size = 0;
        for (place, &free) in at.iter_mut().zip(&solver.free) {
            *place = size;
            size += usize::from(free);
        }
        let shared = solver.free_shared.iter().map(|&row| at[structure.shared()[row]]).collect();
        let locals = structure
            .groups()
            .iter()
            .zip(&solver.groups)
            .flat_map(|(group, factor)| factor.locals.iter().map(|&local| group.locals[local]))
            .map(|row| at[row])
            .collect();
        Self { size, shared, locals }
    }
}
