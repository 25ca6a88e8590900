//! Kernels that use the CPU's vector units, chosen at run time: the one place with `unsafe`.
//!
//! Products go through a checked door to `matrixmultiply`, which chooses by the CPU as well; so last digits may differ
//! between kinds of CPU, never between runs on one. (nalgebra 0.35's `gemm` is not used: for few columns it reads and writes row-strided views out of
//! bounds.)
#![allow(unsafe_code)]

/// A matrix in a slice: element (i, j) at `i * row + j * column`.
#[derive(Debug, Clone, Copy)]
pub struct Strides {
    /// Distance between rows.
    pub row: usize,
    /// Distance between columns.
    pub column: usize,
}

impl Strides {
    /// Row-major with rows of `width`.
    pub fn rows(width: usize) -> Self {
        Self { row: width, column: 1 }
    }

    /// The transpose of a row-major matrix with rows of `width`.
    pub fn transposed(width: usize) -> Self {
        Self { row: 1, column: width }
    }

    /// Number of slice elements that a matrix of this shape spans.
    fn span(self, rows: usize, columns: usize) -> usize {
        if rows == 0 || columns == 0 { 0 } else { (rows - 1) * self.row + (columns - 1) * self.column + 1 }
    }
}

/// Below this many multiplications a plain loop beats packing.
const SMALL: usize = 512;

/// c = α a b + β c, with `a` of shape m × k, `b` of k × n and `c` of m × n; with β = 0, `c` is not read.
///
/// # Panics
/// If a slice is shorter than its matrix, or elements of `c` share a place.
pub fn product(
    [m, k, n]: [usize; 3],
    alpha: f64,
    (a, sa): (&[f64], Strides),
    (b, sb): (&[f64], Strides),
    beta: f64,
    (c, sc): (&mut [f64], Strides),
) {
    assert!(a.len() >= sa.span(m, k), "left matrix");
    assert!(b.len() >= sb.span(k, n), "right matrix");
    assert!(c.len() >= sc.span(m, n), "result");
    assert!(sc.column == 1 && (sc.row >= n || m <= 1), "rows of the result overlap");
    if m == 0 || n == 0 {
        return;
    }
    if m * k * n <= SMALL {
        return small([m, k, n], alpha, (a, sa), (b, sb), beta, (c, sc));
    }
    // SAFETY: the assertions above keep every access inside the slices, and `c` is borrowed for writing alone.
    unsafe {
        matrixmultiply::dgemm(
            m,
            k,
            n,
            alpha,
            a.as_ptr(),
            sa.row as isize,
            sa.column as isize,
            b.as_ptr(),
            sb.row as isize,
            sb.column as isize,
            beta,
            c.as_mut_ptr(),
            sc.row as isize,
            sc.column as isize,
        );
    }
}

fn small(
    [m, k, n]: [usize; 3],
    alpha: f64,
    (a, sa): (&[f64], Strides),
    (b, sb): (&[f64], Strides),
    beta: f64,
    (c, sc): (&mut [f64], Strides),
) {
    for i in 0..m {
        let row = &mut c[i * sc.row..i * sc.row + n];
        if beta == 0.0 {
            row.fill(0.0);
        } else if beta != 1.0 {
            row.iter_mut().for_each(|c| *c *= beta);
        }
        for p in 0..k {
            let factor = alpha * a[i * sa.row + p * sa.column];
            let b = &b[p * sb.row..];
            if sb.column == 1 {
                row.iter_mut().zip(b).for_each(|(c, b)| *c += factor * b);
            } else {
                row.iter_mut().zip(b.iter().step_by(sb.column)).for_each(|(c, b)| *c += factor * b);
            }
        }
    }
}

/// Dot product in eight running sums: the compiler may use vector registers, and the order of additions is fixed.
#[inline(always)]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h)) + tail
}

/// Columns of a panel of a Cholesky factorisation.
pub(super) const PANEL: usize = 32;

/// One panel of a Cholesky factorisation: columns `start..end` (at most [`PANEL`]) of rows `start..n`; what lies left of
/// them has been subtracted already. `diagonal` is what the panel's pivots are judged by, one entry a column.
///
/// The part below the diagonal block is left in `below` as well, transposed: columns × rows.
#[must_use]
pub(super) fn factor_panel(
    a: &mut [f64],
    n: usize,
    panel: [usize; 2],
    diagonal: &[f64],
    tolerance: f64,
    below: &mut Vec<f64>,
) -> bool {
    #[cfg(target_arch = "x86_64")]
    if n > 8 && is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the CPU has the features.
        return unsafe { factor_panel_avx2(a, n, panel, diagonal, tolerance, below) };
    }
    factor_panel_plain(a, n, panel, diagonal, tolerance, below)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn factor_panel_avx2(
    a: &mut [f64],
    n: usize,
    panel: [usize; 2],
    diagonal: &[f64],
    tolerance: f64,
    below: &mut Vec<f64>,
) -> bool {
    factor_panel_plain(a, n, panel, diagonal, tolerance, below)
}

#[inline(always)]
fn factor_panel_plain(
    a: &mut [f64],
    n: usize,
    [start, end]: [usize; 2],
    diagonal: &[f64],
    tolerance: f64,
    below: &mut Vec<f64>,
) -> bool {
    let mut inverse_pivots = [0.0; PANEL];
    if !factor_block(&mut a[start * n..end * n], n, start, diagonal, tolerance, &mut inverse_pivots) {
        return false;
    }
    solve_below(a, n, [start, end], &inverse_pivots, below);
    true
}

/// The diagonal block, column after column: each is scaled by its pivot and its square subtracted from what is right of it.
#[inline(always)]
fn factor_block(
    rows: &mut [f64],
    n: usize,
    start: usize,
    diagonal: &[f64],
    tolerance: f64,
    inverse_pivots: &mut [f64; PANEL],
) -> bool {
    let width = rows.len() / n.max(1);
    let mut column = [0.0; PANEL];
    for j in 0..width {
        let pivot = rows[j * n + start + j];
        // Written so that NaN is refused, too.
        let positive = pivot > tolerance * diagonal[j].abs();
        if !positive {
            return false;
        }
        let root = pivot.sqrt();
        let inverse = 1.0 / root;
        inverse_pivots[j] = inverse;
        rows[j * n + start + j] = root;
        for i in j + 1..width {
            column[i] = rows[i * n + start + j] * inverse;
            rows[i * n + start + j] = column[i];
        }
        for i in j + 1..width {
            let (factor, row) = (column[i], &mut rows[i * n + start + j + 1..i * n + start + i + 1]);
            row.iter_mut().zip(&column[j + 1..=i]).for_each(|(x, c)| *x -= factor * c);
        }
    }
    true
}

/// The rows below the diagonal block, all at once: X Lᵀ = A on the transposed panel, so that a step is one long row.
#[inline(always)]
fn solve_below(
    a: &mut [f64],
    n: usize,
    [start, end]: [usize; 2],
    inverse_pivots: &[f64; PANEL],
    below: &mut Vec<f64>,
) {
    let (width, m) = (end - start, n - end);
    below.resize(width * m, 0.0);
    if m == 0 {
        return;
    }
    for r in 0..m {
        let row = &a[(end + r) * n + start..(end + r) * n + end];
        for (p, &value) in row.iter().enumerate() {
            below[p * m + r] = value;
        }
    }
    for p in 0..width {
        let (done, rest) = below.split_at_mut((p + 1) * m);
        let current = &mut done[p * m..];
        current.iter_mut().for_each(|x| *x *= inverse_pivots[p]);
        for (q, other) in (p + 1..width).zip(rest.chunks_exact_mut(m)) {
            let factor = a[(start + q) * n + start + p];
            other.iter_mut().zip(current.iter()).for_each(|(x, y)| *x -= factor * y);
        }
    }
    for r in 0..m {
        let row = &mut a[(end + r) * n + start..(end + r) * n + end];
        for (p, value) in row.iter_mut().enumerate() {
            *value = below[p * m + r];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All layouts and shapes around the switch to kernels, against the definition, with guards around the result.
    #[test]
    fn agrees_with_the_definition() {
        for [m, k, n] in [
            [1, 1, 1],
            [1, 40, 5],
            [5, 40, 1],
            [3, 7, 9],
            [8, 8, 8],
            [9, 8, 8],
            [45, 12, 45],
            [40, 40, 3],
            [33, 1, 70],
        ] {
            for (sa, la) in [(Strides::rows(k + 2), m * (k + 2)), (Strides::transposed(m + 1), k * (m + 1))] {
                for (sb, lb) in
                    [(Strides::rows(n + 1), k * (n + 1)), (Strides::transposed(k + 3), n * (k + 3))]
                {
                    for beta in [0.0, 1.0, -0.5] {
                        let a: Vec<f64> = (0..la).map(|i| (i as f64 * 0.7).sin()).collect();
                        let b: Vec<f64> = (0..lb).map(|i| (i as f64 * 1.3).cos()).collect();
                        let width = n + 4;
                        let start = if beta == 0.0 { f64::NAN } else { 2.0 };
                        let mut c = vec![7.0; m * width];
                        for i in 0..m {
                            c[i * width..i * width + n].fill(start);
                        }
                        product([m, k, n], 1.5, (&a, sa), (&b, sb), beta, (&mut c, Strides::rows(width)));
                        for i in 0..m {
                            for j in 0..n {
                                let sum: f64 = (0..k)
                                    .map(|p| a[i * sa.row + p * sa.column] * b[p * sb.row + j * sb.column])
                                    .sum();
                                let expected = 1.5 * sum + if beta == 0.0 { 0.0 } else { beta * 2.0 };
                                assert!(
                                    (c[i * width + j] - expected).abs() < 1e-12,
                                    "{m} {k} {n} at ({i}, {j})"
                                );
                            }
                            assert!(
                                c[i * width + n..(i + 1) * width].iter().all(|&x| x == 7.0),
                                "guard of row {i}"
                            );
                        }
                    }
                }
            }
        }
    }
}
