//! Kernels that use the CPU's vector units, chosen at run time: the one place with `unsafe`.
//!
//! With and without fused multiply-add last digits differ, so they may differ between kinds of CPU, never between runs
//! on one.
#![allow(unsafe_code)]

mod panel;
mod product;
mod sextic;
mod tile;

pub(super) use panel::{PANEL, factor_panel};
pub use product::{Part, product};
pub use sextic::{LANES, Lanes, Sextics, log_derivatives, log_slopes, values as sextic_values};

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
