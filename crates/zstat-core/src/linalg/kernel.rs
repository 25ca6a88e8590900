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

/// One panel of a Cholesky factorisation: columns `start..end` of rows `start..n`; what lies left of them has been
/// subtracted already. `diagonal` is what the panel's pivots are judged by, if not the entries themselves.
#[must_use]
pub(super) fn factor_panel(
    a: &mut [f64],
    n: usize,
    panel: [usize; 2],
    diagonal: Option<&[f64]>,
    tolerance: f64,
) -> bool {
    #[cfg(target_arch = "x86_64")]
    if n > 8 && is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the CPU has the features.
        return unsafe { factor_panel_avx2(a, n, panel, diagonal, tolerance) };
    }
    factor_panel_plain(a, n, panel, diagonal, tolerance)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn factor_panel_avx2(
    a: &mut [f64],
    n: usize,
    panel: [usize; 2],
    diagonal: Option<&[f64]>,
    tolerance: f64,
) -> bool {
    factor_panel_plain(a, n, panel, diagonal, tolerance)
}

#[inline(always)]
fn factor_panel_plain(
    a: &mut [f64],
    n: usize,
    [start, end]: [usize; 2],
    diagonal: Option<&[f64]>,
    tolerance: f64,
) -> bool {
    for i in start..n {
        let (above, rest) = a.split_at_mut(i * n);
        let row = &mut rest[..n];
        for j in start..end.min(i) {
            let other = &above[j * n..j * n + n];
            row[j] = (row[j] - dot(&row[start..j], &other[start..j])) / other[j];
        }
        if i < end {
            let pivot = row[i] - dot(&row[start..i], &row[start..i]);
            let scale = diagonal.map_or(row[i], |diagonal| diagonal[i - start]).abs();
            // Written so that NaN is refused, too.
            let positive = pivot > tolerance * scale;
            if !positive {
                return false;
            }
            row[i] = pivot.sqrt();
        }
    }
    true
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
