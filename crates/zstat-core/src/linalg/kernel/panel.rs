//! One panel of a Cholesky factorisation.

/// Columns of a panel of a Cholesky factorisation.
pub const PANEL: usize = 32;

/// One panel of a Cholesky factorisation: columns `start..end` (at most [`PANEL`]) of rows `start..n`; what lies left of
/// them has been subtracted already. `diagonal` is what the panel's pivots are judged by, one entry a column.
///
/// The part below the diagonal block is left in `below` as well, transposed: columns × rows.
#[must_use]
pub fn factor_panel(
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
