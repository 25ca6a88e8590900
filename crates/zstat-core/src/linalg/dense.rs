//! Dense kernels on row-major slices: Cholesky factor, triangular solves and inverses, blocked so that most of the work
//! is matrix products.
//!
//! All matrices are square or `rows × cols`, row-major, without padding.

pub use super::kernel::dot;
use super::kernel::{PANEL, Part, Strides, factor_panel, product};

/// Rows handled one at a time before a blocked routine hands over to products.
const BLOCK: usize = 32;
/// Matrices up to this size are factored row by row.
const SMALL: usize = 6;

/// z = α xᵀ y + β z, with `x` of shape r × m, `y` of r × n and `z` of m × n.
#[expect(clippy::too_many_arguments, reason = "the signature of a matrix product")]
pub fn product_tn(alpha: f64, x: &[f64], y: &[f64], r: usize, m: usize, n: usize, beta: f64, z: &mut [f64]) {
    let (left, right) = ((x, Strides::transposed(m)), (y, Strides::rows(n)));
    product([m, r, n], Part::All, alpha, left, right, beta, (z, Strides::rows(n)));
}

/// The lower triangle of z = xᵀ y, with `x` and `y` of shape r × m; what `z` has above the diagonal is lost.
pub fn lower_product_tn(x: &[f64], y: &[f64], r: usize, m: usize, z: &mut [f64]) {
    let (left, right) = ((x, Strides::transposed(m)), (y, Strides::rows(m)));
    product([m, r, m], Part::Lower, 1.0, left, right, 0.0, (z, Strides::rows(m)));
}

/// z += xᵀ y for `x` and `y` of shape r × m; the rows of `z` are `stride` apart.
pub fn add_product_tn(x: &[f64], y: &[f64], r: usize, m: usize, z: &mut [f64], stride: usize) {
    let (left, right) = ((x, Strides::transposed(m)), (y, Strides::rows(m)));
    product([m, r, m], Part::All, 1.0, left, right, 1.0, (z, Strides::rows(stride)));
}

/// y += a x.
#[inline]
pub fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// Cholesky factor L (A = L Lᵀ) of the lower triangle, in place; the upper triangle is not read, and lost. `scratch` is
/// for reuse: nothing else is allocated.
///
/// Returns false, leaving `a` half done, at a pivot that is not above `tolerance` times its original diagonal.
#[must_use]
pub fn cholesky(a: &mut [f64], n: usize, tolerance: f64, scratch: &mut CholeskyScratch) -> bool {
    if n <= SMALL {
        return cholesky_small(a, n, tolerance);
    }
    // Pivots are judged by the diagonal they started from, which a panel's update overwrites.
    let CholeskyScratch { diagonal, below } = scratch;
    diagonal.clear();
    diagonal.extend((0..n).map(|i| a[i * n + i]));
    let mut start = 0;
    while start < n {
        let end = (start + PANEL).min(n);
        if !factor_panel(a, n, [start, end], &diagonal[start..end], tolerance, below) {
            return false;
        }
        update_trailing(a, n, [start, end], below);
        start = end;
    }
    true
}

/// Scratch space of [`cholesky`].
#[derive(Debug, Clone, Default)]
pub struct CholeskyScratch {
    diagonal: Vec<f64>,
    below: Vec<f64>,
}

/// Row after row, for the little blocks of local rows.
fn cholesky_small(a: &mut [f64], n: usize, tolerance: f64) -> bool {
    for i in 0..n {
        for j in 0..i {
            let sum: f64 = (0..j).map(|p| a[i * n + p] * a[j * n + p]).sum();
            a[i * n + j] = (a[i * n + j] - sum) / a[j * n + j];
        }
        let sum: f64 = (0..i).map(|p| a[i * n + p] * a[i * n + p]).sum();
        let pivot = a[i * n + i] - sum;
        // Written so that NaN is refused, too.
        let positive = pivot > tolerance * a[i * n + i].abs();
        if !positive {
            return false;
        }
        a[i * n + i] = pivot.sqrt();
    }
    true
}

/// Subtracts the panel's outer product from the lower triangle right of it. `below` is the panel transposed, columns ×
/// rows below it.
fn update_trailing(a: &mut [f64], n: usize, [start, end]: [usize; 2], below: &[f64]) {
    let (width, m) = (end - start, n - end);
    if m == 0 {
        return;
    }
    let (left, right) = ((below, Strides::transposed(m)), (below, Strides::rows(m)));
    let target = (&mut a[end * n + end..], Strides::rows(n));
    product([m, width, m], Part::Lower, -1.0, left, right, 1.0, target);
}

/// Solves L x = b in place.
pub fn solve_lower(l: &[f64], n: usize, x: &mut [f64]) {
    for i in 0..n {
        let row = &l[i * n..i * n + i + 1];
        x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
    }
}

/// Solves Lᵀ x = b in place.
pub fn solve_lower_transposed(l: &[f64], n: usize, x: &mut [f64]) {
    for i in (0..n).rev() {
        let row = &l[i * n..i * n + i + 1];
        x[i] /= row[i];
        let xi = x[i];
        axpy(-xi, &row[..i], &mut x[..i]);
    }
}

/// Inverse of a lower-triangular matrix, in place; the upper triangle is set to zero.
pub fn invert_lower(l: &mut [f64], n: usize) {
    for i in 0..n {
        l[i * n + i + 1..(i + 1) * n].fill(0.0);
    }
    invert_lower_block(l, n, 0, n);
}

/// Recursion on halves: inv([A 0; B C]) = [A⁻¹ 0; −C⁻¹ B A⁻¹, C⁻¹].
fn invert_lower_block(l: &mut [f64], n: usize, start: usize, end: usize) {
    if end - start <= BLOCK {
        for i in start..end {
            let (above, rest) = l.split_at_mut(i * n);
            let row = &mut rest[start..i + 1];
            let pivot = 1.0 / row[i - start];
            let old: Vec<f64> = row[..i - start].to_vec();
            row[..i - start].fill(0.0);
            for (j, &value) in old.iter().enumerate() {
                let inverse = &above[(start + j) * n + start..(start + j) * n + start + j + 1];
                axpy(-value * pivot, inverse, &mut row[..=j]);
            }
            row[i - start] = pivot;
        }
        return;
    }
    let middle = (start + end) / 2;
    invert_lower_block(l, n, start, middle);
    invert_lower_block(l, n, middle, end);
    let (upper, lower) = (middle - start, end - middle);
    // B A⁻¹, then −C⁻¹ (B A⁻¹) in B's place.
    let mut inner = vec![0.0; lower * upper];
    let at = |row: usize, column: usize| row * n + column;
    let (b, a) = (&l[at(middle, start)..], &l[at(start, start)..]);
    let rows = Strides::rows(n);
    product(
        [lower, upper, upper],
        Part::All,
        1.0,
        (b, rows),
        (a, rows),
        0.0,
        (&mut inner, Strides::rows(upper)),
    );
    let mut c = Vec::with_capacity(lower * lower);
    for i in middle..end {
        c.extend_from_slice(&l[at(i, middle)..at(i, end)]);
    }
    let (c, inner) = ((c.as_slice(), Strides::rows(lower)), (inner.as_slice(), Strides::rows(upper)));
    product([lower, lower, upper], Part::All, -1.0, c, inner, 0.0, (&mut l[at(middle, start)..], rows));
}

/// Inverse of A from its Cholesky factor: A⁻¹ = L⁻ᵀ L⁻¹, both triangles. Destroys `l`.
pub fn inverse_from_cholesky(l: &mut [f64], n: usize, inverse: &mut [f64]) {
    invert_lower(l, n);
    // A strip of rows at a time, up to its diagonal block: rows of L⁻¹ above the strip's are zero there.
    for start in (0..n).step_by(BLOCK) {
        let end = (start + BLOCK).min(n);
        let rows = &l[start * n..];
        let (left, right) = ((&rows[start..], Strides::transposed(n)), (rows, Strides::rows(n)));
        let target = (&mut inverse[start * n..], Strides::rows(n));
        product([end - start, n - start, end], Part::All, 1.0, left, right, 0.0, target);
        for i in start..end {
            for j in 0..i {
                inverse[j * n + i] = inverse[i * n + j];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A positive definite matrix with entries of very different size, from a fixed sequence.
    fn matrix(n: usize) -> Vec<f64> {
        let mut state = 12345_u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        let x: Vec<f64> = (0..n * n).map(|_| next()).collect();
        let mut a = vec![0.0; n * n];
        product_tn(1.0, &x, &x, n, n, n, 0.0, &mut a);
        for i in 0..n {
            a[i * n + i] += 0.1;
        }
        a
    }

    fn plain_product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
        let mut c = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                c[i * n + j] = (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum();
            }
        }
        c
    }

    #[test]
    fn cholesky_solves_and_inverts() {
        for n in [1, 2, 7, 31, 32, 33, 65, 95, 130] {
            let a = matrix(n);
            let mut l = a.clone();
            assert!(cholesky(&mut l, n, 1e-14, &mut CholeskyScratch::default()));
            let mut x: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
            let b: Vec<f64> = (0..n).map(|i| dot(&a[i * n..(i + 1) * n], &x)).collect();
            let mut found = b;
            solve_lower(&l, n, &mut found);
            solve_lower_transposed(&l, n, &mut found);
            for (x, y) in x.iter_mut().zip(&found) {
                assert!((*x - y).abs() < 1e-9, "n = {n}");
            }
            let mut inverse = vec![0.0; n * n];
            inverse_from_cholesky(&mut l, n, &mut inverse);
            let unit = plain_product(&a, &inverse, n);
            for i in 0..n {
                for j in 0..n {
                    let expected = f64::from(u8::from(i == j));
                    assert!((unit[i * n + j] - expected).abs() < 1e-9, "n = {n}, ({i}, {j})");
                }
            }
        }
    }

    #[test]
    fn cholesky_refuses_indefinite_and_nan() {
        assert!(!cholesky(&mut [1.0, 0.0, 2.0, 1.0], 2, 1e-14, &mut CholeskyScratch::default()));
        assert!(!cholesky(&mut [f64::NAN], 1, 1e-14, &mut CholeskyScratch::default()));
        assert!(!cholesky(&mut [0.0], 1, 1e-14, &mut CholeskyScratch::default()));
    }
}
