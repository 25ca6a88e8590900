//! What becomes of the sums of a product while they are still in the nearest cache: activation, chain rule, or addition.

use super::activation::{Activation, bend, relu, sigmoid, slope, tanh};
use super::padded;

/// The end of a product with sums z. Matrices of f32 have rows of `stride`, at least the number of columns rounded up to
/// [`LANES`](super::LANES); what stands up to there may be overwritten with anything.
#[derive(Debug)]
pub enum Finish<'a> {
    /// out = f(z).
    Activate {
        /// f.
        activation: Activation,
        /// The result.
        out: &'a mut [f32],
        /// Of its rows.
        stride: usize,
    },
    /// out = z f′, for an f that had the given values.
    Slope {
        /// f.
        activation: Activation,
        /// Values of f, laid out as the result is.
        values: &'a [f32],
        /// The result.
        out: &'a mut [f32],
        /// Of all rows.
        stride: usize,
    },
    /// out = z f′ + q f″ dz and q = q f′, for an f that had the given values and tangents f′ dz.
    Bend {
        /// f.
        activation: Activation,
        /// Values of f, laid out as the result is.
        values: &'a [f32],
        /// Tangents of f, laid out as the result is.
        tangents: &'a [f32],
        /// q, laid out as the result is.
        adjoints: &'a mut [f32],
        /// The result.
        out: &'a mut [f32],
        /// Of all rows.
        stride: usize,
    },
    /// sums = sums + z, without padding.
    Add {
        /// The sums: rows as wide as the product.
        sums: &'a mut [f64],
    },
}

impl Finish<'_> {
    /// Is there room for a result of m × n?
    ///
    /// # Panics
    /// If a slice is too short.
    pub(super) fn check(&self, m: usize, n: usize) {
        let fits = |stride: usize, lengths: &[usize]| {
            stride >= padded(n) && lengths.iter().all(|&length| length >= (m - 1) * stride + padded(n))
        };
        let fits = match self {
            Self::Activate { out, stride, .. } => fits(*stride, &[out.len()]),
            Self::Slope { values, out, stride, .. } => fits(*stride, &[out.len(), values.len()]),
            Self::Bend { values, tangents, adjoints, out, stride, .. } => {
                fits(*stride, &[out.len(), values.len(), tangents.len(), adjoints.len()])
            }
            Self::Add { sums } => sums.len() >= m * n,
        };
        assert!(fits, "result");
    }

    /// Takes sums whose first is element (`top`, `at`) of a product with `n` columns.
    #[inline(always)]
    pub(super) fn apply<const N: usize>(&mut self, sums: &[[f32; N]], top: usize, at: usize, n: usize) {
        match self {
            Self::Activate { activation, out, stride } => {
                let begin = top * *stride + at;
                match activation {
                    Activation::Relu => activate(sums, &mut out[begin..], *stride, relu),
                    Activation::Tanh => activate(sums, &mut out[begin..], *stride, tanh),
                    Activation::Sigmoid => activate(sums, &mut out[begin..], *stride, sigmoid),
                    Activation::Linear => activate(sums, &mut out[begin..], *stride, |z| z),
                }
            }
            Self::Slope { activation, values, out, stride } => {
                let begin = top * *stride + at;
                let (values, out) = (&values[begin..], &mut out[begin..]);
                match activation {
                    Activation::Relu => chain(sums, values, out, *stride, |a| slope(Activation::Relu, a)),
                    Activation::Tanh => chain(sums, values, out, *stride, |a| slope(Activation::Tanh, a)),
                    Activation::Sigmoid => {
                        chain(sums, values, out, *stride, |a| slope(Activation::Sigmoid, a))
                    }
                    Activation::Linear => activate(sums, out, *stride, |z| z),
                }
            }
            Self::Bend { activation, values, tangents, adjoints, out, stride } => {
                let begin = top * *stride + at;
                let known = [&values[begin..], &tangents[begin..]];
                let results = [&mut out[begin..], &mut adjoints[begin..]];
                match activation {
                    Activation::Relu => {
                        curve(sums, known, results, *stride, |a| [slope(Activation::Relu, a), 0.0])
                    }
                    Activation::Tanh => curve(sums, known, results, *stride, |a| both(Activation::Tanh, a)),
                    Activation::Sigmoid => {
                        curve(sums, known, results, *stride, |a| both(Activation::Sigmoid, a))
                    }
                    Activation::Linear => activate(sums, &mut out[begin..], *stride, |z| z),
                }
            }
            Self::Add { sums: totals } => {
                let width = N.min(n - at);
                for (i, z) in sums.iter().enumerate() {
                    let row = &mut totals[(top + i) * n + at..][..width];
                    row.iter_mut().zip(z).for_each(|(total, &z)| *total += f64::from(z));
                }
            }
        }
    }
}

#[inline(always)]
fn activate<const N: usize>(sums: &[[f32; N]], out: &mut [f32], stride: usize, f: impl Fn(f32) -> f32) {
    for (i, z) in sums.iter().enumerate() {
        let out = &mut out[i * stride..][..N];
        for j in 0..N {
            out[j] = f(z[j]);
        }
    }
}

#[inline(always)]
fn chain<const N: usize>(
    sums: &[[f32; N]],
    values: &[f32],
    out: &mut [f32],
    stride: usize,
    slope: impl Fn(f32) -> f32,
) {
    for (i, z) in sums.iter().enumerate() {
        let (a, out) = (&values[i * stride..][..N], &mut out[i * stride..][..N]);
        for j in 0..N {
            out[j] = z[j] * slope(a[j]);
        }
    }
}

#[inline(always)]
fn both(activation: Activation, a: f32) -> [f32; 2] {
    [slope(activation, a), bend(activation, a)]
}

/// Of values and tangents, and of a result and q; `derivatives` are f′ and f″ / f′.
#[inline(always)]
fn curve<const N: usize>(
    sums: &[[f32; N]],
    [values, tangents]: [&[f32]; 2],
    [out, adjoints]: [&mut [f32]; 2],
    stride: usize,
    derivatives: impl Fn(f32) -> [f32; 2],
) {
    for (i, z) in sums.iter().enumerate() {
        let (a, da) = (&values[i * stride..][..N], &tangents[i * stride..][..N]);
        let (q, out) = (&mut adjoints[i * stride..][..N], &mut out[i * stride..][..N]);
        for j in 0..N {
            let [f1, f2] = derivatives(a[j]);
            out[j] = z[j] * f1 + q[j] * f2 * da[j];
            q[j] *= f1;
        }
    }
}
