//! Solving with arrow matrices: local rows are eliminated block by block (Schur complement), the dense block by Cholesky.
//!
//! Rows can be left out (`free`), and a diagonal can be added, so that one matrix serves all steps of a bounded
//! trust-region method.

use super::dense::{CholeskyScratch, axpy, cholesky, lower_product_tn, solve_lower, solve_lower_transposed};
use super::{ArrowMatrix, ArrowStructure, Run};
use std::sync::Arc;

/// The matrix is not positive definite on the free rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPositiveDefinite;

/// Smallest pivot, relative to the diagonal entry it started from, that counts as positive.
const PIVOT: f64 = 1e-13;

/// Up to this many locals a group is subtracted row by row: a matrix product would be mostly overhead.
const FEW: usize = 6;

/// Scratch space and factors. Reuse it: after the first factorisation of a structure nothing is allocated.
#[derive(Debug, Clone)]
pub struct ArrowSolver {
    pub(super) structure: Arc<ArrowStructure>,
    /// Position of each shared row among the free shared rows.
    position: Vec<Option<usize>>,
    pub(super) free_shared: Vec<usize>,
    pub(super) free: Vec<bool>,
    /// Cholesky factor of the Schur complement.
    pub(super) factor: Vec<f64>,
    pub(super) groups: Vec<GroupFactor>,
    product: Vec<f64>,
    rhs: Vec<f64>,
    local_rhs: Vec<f64>,
    scratch: CholeskyScratch,
}

/// Factors of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct GroupFactor {
    /// Free columns of the border: (column of the coupling, position among the free shared rows).
    pub(super) border: Vec<(usize, usize)>,
    /// The border's positions as runs.
    runs: Vec<Run>,
    /// Free locals, block after block.
    pub(super) locals: Vec<usize>,
    /// First free local of each block.
    pub(super) blocks: Vec<usize>,
    /// Cholesky factors of the blocks, one after the other.
    pub(super) factors: Vec<f64>,
    pub(super) starts: Vec<usize>,
    /// C, free locals × free border.
    coupling: Vec<f64>,
    /// B⁻¹ C.
    pub(super) solved: Vec<f64>,
}

impl ArrowSolver {
    /// A solver for matrices of this structure.
    pub fn new(structure: Arc<ArrowStructure>) -> Self {
        let groups = vec![GroupFactor::default(); structure.groups().len()];
        Self {
            position: Vec::new(),
            free_shared: Vec::new(),
            free: Vec::new(),
            factor: Vec::new(),
            groups,
            product: Vec::new(),
            rhs: Vec::new(),
            local_rhs: Vec::new(),
            scratch: CholeskyScratch::default(),
            structure,
        }
    }

    /// Factors A + diag(damping) on the free rows. `free` and `damping` have one entry a row.
    ///
    /// # Errors
    /// If it is not positive definite there; the solver is then not usable until the next success.
    pub fn factor(
        &mut self,
        matrix: &ArrowMatrix,
        damping: Option<&[f64]>,
        free: &[bool],
    ) -> Result<(), NotPositiveDefinite> {
        debug_assert!(
            Arc::ptr_eq(matrix.structure(), &self.structure) || **matrix.structure() == *self.structure
        );
        self.select(free);
        let n_all = self.structure.shared().len();
        let n = self.free_shared.len();
        // What stands above the diagonal is never read.
        self.factor.resize(n * n, 0.0);
        for (i, &row) in self.free_shared.iter().enumerate() {
            let source = &matrix.shared[row * n_all..(row + 1) * n_all];
            let target = &mut self.factor[i * n..(i + 1) * n];
            if n == n_all {
                target[..=i].copy_from_slice(&source[..=i]);
            } else {
                for (entry, &column) in target.iter_mut().zip(&self.free_shared[..=i]) {
                    *entry = source[column];
                }
            }
            if let Some(damping) = damping {
                target[i] += damping[self.structure.shared()[row]];
            }
        }
        for group in 0..self.groups.len() {
            self.eliminate(group, matrix, damping)?;
        }
        // What the elimination left of a diagonal entry may be nothing but rounding.
        for (i, &row) in self.free_shared.iter().enumerate() {
            let before = matrix.shared[row * n_all + row]
                + damping.map_or(0.0, |damping| damping[self.structure.shared()[row]]);
            if self.factor[i * n + i] <= PIVOT * before {
                return Err(NotPositiveDefinite);
            }
        }
        if cholesky(&mut self.factor, n, PIVOT, &mut self.scratch) {
            Ok(())
        } else {
            Err(NotPositiveDefinite)
        }
    }

    fn select(&mut self, free: &[bool]) {
        self.free.clear();
        self.free.extend_from_slice(free);
        self.position.clear();
        self.free_shared.clear();
        for (at, &row) in self.structure.shared().iter().enumerate() {
            self.position.push(free[row].then_some(self.free_shared.len()));
            if free[row] {
                self.free_shared.push(at);
            }
        }
    }

    /// Factors a group's blocks and subtracts Cᵀ B⁻¹ C from the Schur complement.
    fn eliminate(
        &mut self,
        at: usize,
        matrix: &ArrowMatrix,
        damping: Option<&[f64]>,
    ) -> Result<(), NotPositiveDefinite> {
        let group = &self.structure.groups()[at];
        let values = &matrix.groups[at];
        let out = &mut self.groups[at];
        out.gather(group, values, damping, &self.free, &self.position, &mut self.scratch)?;
        let (rows, width, n) = (out.locals.len(), out.border.len(), self.free_shared.len());
        if rows == 0 || width == 0 {
            return Ok(());
        }
        if rows <= FEW {
            out.subtract_rows(&mut self.factor, n);
            return Ok(());
        }
        self.product.resize(width * width, 0.0);
        lower_product_tn(&out.coupling, &out.solved, rows, width, &mut self.product);
        for (i, &(_, row)) in out.border.iter().enumerate() {
            let source = &self.product[i * width..i * width + i + 1];
            subtract_row(1.0, source, &out.runs, &mut self.factor[row * n..(row + 1) * n]);
        }
        Ok(())
    }

    /// ln det of what is factored: of the free rows, damping included.
    pub fn ln_determinant(&self) -> f64 {
        let n = self.free_shared.len();
        let shared: f64 = (0..n).map(|i| self.factor[i * n + i].ln()).sum();
        let block = |group: &GroupFactor, at: usize| -> f64 {
            let m = group.blocks[at + 1] - group.blocks[at];
            (0..m).map(|i| group.factors[group.starts[at] + i * m + i].ln()).sum()
        };
        let locals =
            self.groups.iter().flat_map(|group| (0..group.starts.len()).map(move |at| block(group, at)));
        2.0 * (shared + locals.sum::<f64>())
    }

    /// x = A⁻¹ b on the free rows, 0 elsewhere. Both slices have one entry a row.
    pub fn solve(&mut self, b: &[f64], x: &mut [f64]) {
        let Self { structure, free_shared, factor, groups, rhs, local_rhs, .. } = self;
        let (shared, members) = (structure.shared(), structure.groups());
        x.fill(0.0);
        let n = free_shared.len();
        rhs.clear();
        rhs.extend(free_shared.iter().map(|&at| b[shared[at]]));
        for (group, factor) in members.iter().zip(groups.iter()) {
            for (i, &local) in factor.locals.iter().enumerate() {
                let value = b[group.locals[local]];
                for (w, &(_, position)) in factor.solved_row(i).iter().zip(&factor.border) {
                    rhs[position] -= w * value;
                }
            }
        }
        solve_lower(factor, n, rhs);
        solve_lower_transposed(factor, n, rhs);
        for (&at, &value) in free_shared.iter().zip(rhs.iter()) {
            x[shared[at]] = value;
        }
        for (group, factor) in members.iter().zip(groups.iter()) {
            factor.back_substitute(group, b, rhs, x, local_rhs);
        }
    }
}

/// Subtracts c times the first entries of a border's row from where they belong. The border ascends: entries up to the
/// row's own place are those of the lower triangle.
#[inline]
fn subtract_row(c: f64, source: &[f64], runs: &[Run], target: &mut [f64]) {
    for run in runs {
        if run.at >= source.len() {
            break;
        }
        let from = &source[run.at..(run.at + run.len).min(source.len())];
        axpy(-c, from, &mut target[run.row..run.row + from.len()]);
    }
}

impl GroupFactor {
    pub(super) fn solved_row(&self, row: usize) -> &[f64] {
        &self.solved[row * self.border.len()..(row + 1) * self.border.len()]
    }

    /// Subtracts Cᵀ B⁻¹ C from the lower triangle of the n × n Schur complement, one local after the other.
    fn subtract_rows(&self, target: &mut [f64], n: usize) {
        let width = self.border.len().max(1);
        for (coupling, solved) in self.coupling.chunks_exact(width).zip(self.solved.chunks_exact(width)) {
            for (i, (&c, &(_, row))) in coupling.iter().zip(&self.border).enumerate() {
                subtract_row(c, &solved[..=i], &self.runs, &mut target[row * n..(row + 1) * n]);
            }
        }
    }

    /// Wᵀ: free border × free locals.
    pub(super) fn transposed_weights(&self) -> Vec<f64> {
        let (m, k) = (self.locals.len(), self.border.len());
        let mut out = vec![0.0; k * m];
        for (row, values) in self.solved.chunks_exact(k.max(1)).enumerate() {
            for (column, &value) in values.iter().enumerate() {
                out[column * m + row] = value;
            }
        }
        out
    }

    /// Copies the free part of a group and solves B W = C block by block.
    fn gather(
        &mut self,
        group: &super::Group,
        values: &super::GroupValues,
        damping: Option<&[f64]>,
        free: &[bool],
        position: &[Option<usize>],
        scratch: &mut CholeskyScratch,
    ) -> Result<(), NotPositiveDefinite> {
        self.border.clear();
        self.border
            .extend(group.border.iter().enumerate().filter_map(|(c, &row)| position[row].map(|p| (c, p))));
        Run::collect(self.border.iter().map(|&(_, position)| position), &mut self.runs);
        let (full, width) = (group.border.len(), self.border.len());
        self.locals.clear();
        self.blocks.clear();
        self.factors.clear();
        self.starts.clear();
        self.coupling.clear();
        for block in 0..group.n_blocks() {
            let range = group.block(block);
            let first = self.locals.len();
            self.blocks.push(first);
            self.locals.extend(range.clone().filter(|&local| free[group.locals[local]]));
            let start = self.factors.len();
            self.starts.push(start);
            for &i in &self.locals[first..] {
                let row = &values.blocks[values.starts[block] + (i - range.start) * range.len()..];
                for &j in &self.locals[first..] {
                    let extra = if i == j { damping.map_or(0.0, |d| d[group.locals[i]]) } else { 0.0 };
                    self.factors.push(row[j - range.start] + extra);
                }
                let coupling = &values.coupling[i * full..(i + 1) * full];
                self.coupling.extend(self.border.iter().map(|&(column, _)| coupling[column]));
            }
            let m = self.locals.len() - first;
            if !cholesky(&mut self.factors[start..], m, PIVOT, scratch) {
                return Err(NotPositiveDefinite);
            }
        }
        self.blocks.push(self.locals.len());
        self.solved.clear();
        self.solved.extend_from_slice(&self.coupling);
        for block in 0..self.starts.len() {
            self.solve_block_rows(block, width);
        }
        Ok(())
    }

    /// Rows of C of one block become rows of B⁻¹ C.
    fn solve_block_rows(&mut self, block: usize, width: usize) {
        let (first, m) = (self.blocks[block], self.blocks[block + 1] - self.blocks[block]);
        let l = &self.factors[self.starts[block]..self.starts[block] + m * m];
        let rows = &mut self.solved[first * width..(first + m) * width];
        for i in 0..m {
            let (above, rest) = rows.split_at_mut(i * width);
            let row = &mut rest[..width];
            for j in 0..i {
                axpy(-l[i * m + j], &above[j * width..(j + 1) * width], row);
            }
            row.iter_mut().for_each(|value| *value /= l[i * m + i]);
        }
        for i in (0..m).rev() {
            let (above, rest) = rows.split_at_mut(i * width);
            let row = &mut rest[..width];
            row.iter_mut().for_each(|value| *value /= l[i * m + i]);
            for j in 0..i {
                axpy(-l[i * m + j], row, &mut above[j * width..(j + 1) * width]);
            }
        }
    }

    /// x_local = B⁻¹ b_local − W x_shared.
    fn back_substitute(
        &self,
        group: &super::Group,
        b: &[f64],
        shared: &[f64],
        x: &mut [f64],
        rhs: &mut Vec<f64>,
    ) {
        for block in 0..self.starts.len() {
            let range = self.blocks[block]..self.blocks[block + 1];
            let m = range.len();
            rhs.clear();
            rhs.extend(self.locals[range.clone()].iter().map(|&local| b[group.locals[local]]));
            let l = &self.factors[self.starts[block]..];
            solve_lower(l, m, rhs);
            solve_lower_transposed(l, m, rhs);
            for (i, value) in range.zip(rhs.iter()) {
                let weights = self.solved_row(i).iter().zip(&self.border);
                let correction: f64 = weights.map(|(w, &(_, position))| w * shared[position]).sum();
                x[group.locals[self.locals[i]]] = value - correction;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::Group;

    /// Three shared rows and two groups of locals, filled from a positive definite dense matrix with the right zeros.
    fn example() -> ArrowMatrix {
        let groups = vec![
            Group { border: vec![0, 2], locals: vec![1, 4, 5], blocks: vec![0, 2, 3] },
            Group { border: vec![1, 2], locals: vec![7], blocks: vec![0, 1] },
        ];
        let structure = Arc::new(ArrowStructure::new(8, vec![0, 2, 3, 6], groups));
        let mut a = ArrowMatrix::zeros(structure);
        for i in 0..4 {
            for j in 0..=i {
                a.shared[i * 4 + j] = if i == j { 9.0 + i as f64 } else { 0.3 * (i + 2 * j) as f64 - 0.7 };
            }
        }
        a.groups[0].blocks.copy_from_slice(&[5.0, 0.4, 0.4, 6.0, 7.0]);
        a.groups[0].coupling.copy_from_slice(&[0.5, -0.2, 0.1, 0.9, -0.6, 0.3]);
        a.groups[1].blocks.copy_from_slice(&[4.0]);
        a.groups[1].coupling.copy_from_slice(&[0.8, -0.5]);
        a
    }

    #[test]
    fn solve_and_inverse_agree_with_dense() {
        let a = example();
        for free in [[true; 8], [true, false, true, true, true, true, false, true]] {
            let damping: Vec<f64> = (0..8).map(|i| 0.1 * i as f64).collect();
            let mut solver = ArrowSolver::new(Arc::clone(a.structure()));
            solver.factor(&a, Some(&damping), &free).expect("positive definite");
            let b: Vec<f64> = (0..8).map(|i| (1.3 * i as f64).cos()).collect();
            let mut x = vec![0.0; 8];
            solver.solve(&b, &mut x);
            let mut back = vec![0.0; 8];
            a.multiply(&x, &mut back);
            let rows: Vec<usize> = (0..8).filter(|&i| free[i]).collect();
            for &i in &rows {
                assert!((back[i] + damping[i] * x[i] - b[i]).abs() < 1e-13, "row {i}");
            }
            let ln_determinant = solver.ln_determinant();
            let inverse = solver.inverse();
            let dense = a.to_dense();
            let m = rows.len();
            let entry = |i: usize, j: usize| {
                dense[rows[i] * 8 + rows[j]] + if i == j { damping[rows[i]] } else { 0.0 }
            };
            let determinant = nalgebra::DMatrix::from_fn(m, m, entry).determinant();
            assert!((ln_determinant - determinant.ln()).abs() < 1e-12);
            for (i, &r) in rows.iter().enumerate() {
                for j in 0..m {
                    let mut sum = damping[r] * inverse[i * m + j];
                    sum += rows
                        .iter()
                        .enumerate()
                        .map(|(k, &c)| dense[r * 8 + c] * inverse[k * m + j])
                        .sum::<f64>();
                    assert!((sum - f64::from(u8::from(i == j))).abs() < 1e-13, "({i}, {j})");
                }
            }
        }
    }

    #[test]
    fn what_rounding_leaves_of_a_singular_matrix_is_refused() {
        // a product x y: only one combination of x (shared) and y (local) is determined
        let groups = vec![Group { border: vec![0], locals: vec![1], blocks: vec![0, 1] }];
        let mut a = ArrowMatrix::zeros(Arc::new(ArrowStructure::new(2, vec![0], groups)));
        let (x, y) = (0.7, 1.3 / 0.7);
        for nudge in [0.0, 1e-15, -1e-15] {
            a.shared[0] = y * y * (1.0 + nudge);
            a.groups[0].blocks[0] = x * x;
            a.groups[0].coupling[0] = x * y;
            let mut solver = ArrowSolver::new(Arc::clone(a.structure()));
            assert_eq!(solver.factor(&a, None, &[true; 2]), Err(NotPositiveDefinite), "{nudge}");
        }
        a.shared[0] = y * y * (1.0 + 1e-9);
        assert!(ArrowSolver::new(Arc::clone(a.structure())).factor(&a, None, &[true; 2]).is_ok());
    }

    #[test]
    fn indefinite_blocks_are_refused() {
        let mut a = example();
        a.groups[1].blocks[0] = 1e-3; // Schur complement of the shared part turns negative
        let mut solver = ArrowSolver::new(Arc::clone(a.structure()));
        let mut strong = a.clone();
        strong.groups[1].coupling.copy_from_slice(&[8.0, -5.0]);
        assert_eq!(solver.factor(&strong, None, &[true; 8]), Err(NotPositiveDefinite));
        a.groups[0].blocks[4] = -1.0;
        assert_eq!(solver.factor(&a, None, &[true; 8]), Err(NotPositiveDefinite));
    }
}
