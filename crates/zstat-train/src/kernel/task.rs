//! Plain loops compiled for the vector units of the CPU, with the one thing that compilers do not make of them: dot products.

use super::Isa;

/// Σ aᵢ bᵢ over the whole vectors of [`LANES`](super::LANES) that both slices have, in an order that depends on their number
/// and the instruction set.
pub trait Dot: Fn(&[f32], &[f32]) -> f32 {}

impl<F: Fn(&[f32], &[f32]) -> f32> Dot for F {}

/// Loops that become vector code where they and all they call are `#[inline(always)]`.
pub trait Task {
    /// Runs them, `FUSED` where the CPU has fused multiply-add.
    fn run<const FUSED: bool>(self, dot: impl Dot);
}

/// Runs loops compiled for an instruction set.
///
/// # Panics
/// If the CPU lacks the instructions.
pub fn vectorised(isa: Isa, task: impl Task) {
    isa.check();
    match isa {
        Isa::Portable => task.run::<false>(dot_portable),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has the features.
        Isa::Avx2 => unsafe { x86::run_avx2(task) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has the features.
        Isa::Avx512 => unsafe { x86::run_avx512(task) },
    }
}

fn dot_portable(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    tree(sums)
}

#[inline(always)]
fn tree([a, b, c, d, e, f, g, h]: [f32; 8]) -> f32 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Task, tree};
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_loadu_ps, _mm256_setzero_ps, _mm256_storeu_ps};
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_loadu_ps, _mm512_reduce_add_ps, _mm512_setzero_ps};

    #[target_feature(enable = "avx2,fma")]
    pub fn run_avx2(task: impl Task) {
        task.run::<true>(|a: &[f32], b: &[f32]| dot_avx2(a, b));
    }

    #[target_feature(enable = "avx512f")]
    pub fn run_avx512(task: impl Task) {
        task.run::<true>(|a: &[f32], b: &[f32]| dot_avx512(a, b));
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn dot_avx2(a: &[f32], b: &[f32]) -> f32 {
        let mut sum = _mm256_setzero_ps();
        for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
            // SAFETY: eight elements each.
            let (a, b) = unsafe { (_mm256_loadu_ps(a.as_ptr()), _mm256_loadu_ps(b.as_ptr())) };
            sum = _mm256_fmadd_ps(a, b, sum);
        }
        let mut lanes = [0.0; 8];
        // SAFETY: eight elements.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), sum) };
        tree(lanes)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn dot_avx512(a: &[f32], b: &[f32]) -> f32 {
        let mut sum = _mm512_setzero_ps();
        for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
            // SAFETY: sixteen elements each.
            let (a, b) = unsafe { (_mm512_loadu_ps(a.as_ptr()), _mm512_loadu_ps(b.as_ptr())) };
            sum = _mm512_fmadd_ps(a, b, sum);
        }
        _mm512_reduce_add_ps(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Compare<'a>(&'a [f32], &'a [f32], &'a mut f32);

    impl Task for Compare<'_> {
        fn run<const FUSED: bool>(self, dot: impl Dot) {
            *self.2 = dot(self.0, self.1);
        }
    }

    /// Sums of up to 128 products below 1: an error of 128 · 6e-8 at most.
    #[test]
    fn dot_products_agree_with_sums_in_f64() {
        for length in [0, 16, 48, 64, 128] {
            let a: Vec<f32> = (0..length).map(|i| (i as f32 * 0.7).sin()).collect();
            let b: Vec<f32> = (0..length).map(|i| (i as f32 * 1.1).cos()).collect();
            let expected: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            for isa in Isa::available() {
                let mut found = f32::NAN;
                vectorised(isa, Compare(&a, &b, &mut found));
                assert!((f64::from(found) - expected).abs() < 8e-6, "{isa:?}: {found}, expected {expected}");
            }
        }
    }
}
