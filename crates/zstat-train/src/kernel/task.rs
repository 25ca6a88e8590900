//! Plain loops compiled for the vector units of the CPU, with what compilers do not make of them: dot products, and weighted sums
//! that stay in registers.

use super::Isa;
use super::weighted::{self, Weighted};

/// Sums over lines of numbers.
pub trait Lines {
    /// Σ aᵢ bᵢ over the whole vectors of [`LANES`](super::LANES) that both slices have, in an order that depends on their number
    /// and the instruction set.
    fn dot(&self, a: &[f32], b: &[f32]) -> f32;

    /// The same of four slices of one length, with the same bits: one sum need not wait for the other.
    fn four(&self, a: &[f32], b: [&[f32]; 4]) -> [f32; 4];

    /// Adds weighted lines to others.
    fn add(&self, weighted: Weighted<'_>);
}

/// All as functions.
struct By<F, G, H>(F, G, H);

impl<F, G, H> Lines for By<F, G, H>
where
    F: Fn(&[f32], &[f32]) -> f32,
    G: Fn(&[f32], [&[f32]; 4]) -> [f32; 4],
    H: Fn(Weighted<'_>),
{
    #[inline(always)]
    fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        self.0(a, b)
    }

    #[inline(always)]
    fn four(&self, a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
        self.1(a, b)
    }

    #[inline(always)]
    fn add(&self, weighted: Weighted<'_>) {
        self.2(weighted);
    }
}

/// Loops that become vector code where they and all they call are `#[inline(always)]`.
pub trait Task {
    /// Runs them, `FUSED` where the CPU has fused multiply-add.
    fn run<const FUSED: bool>(self, lines: impl Lines);
}

/// Runs loops compiled for an instruction set.
///
/// # Panics
/// If the CPU lacks the instructions.
pub fn vectorised(isa: Isa, task: impl Task) {
    isa.check();
    match isa {
        Isa::Portable => {
            let four = |a: &[f32], b: [&[f32]; 4]| b.map(|b| dot_portable(a, b));
            task.run::<false>(By(dot_portable, four, weighted::portable));
        }
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
    use super::{By, Task, Weighted, tree, weighted};
    use std::arch::x86_64::{
        __m128, _mm_add_ps, _mm_movehl_ps, _mm_movelh_ps, _mm_storeu_ps, _mm_unpackhi_ps, _mm_unpacklo_ps,
        _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_setzero_ps,
        _mm256_storeu_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_reduce_add_ps, _mm512_setzero_ps,
    };

    #[target_feature(enable = "avx2,fma")]
    pub fn run_avx2(task: impl Task) {
        task.run::<true>(By(
            |a: &[f32], b: &[f32]| dot_avx2(a, b),
            |a: &[f32], b: [&[f32]; 4]| four_avx2(a, b),
            |all: Weighted<'_>| weighted::avx2(all),
        ));
    }

    #[target_feature(enable = "avx512f")]
    pub fn run_avx512(task: impl Task) {
        task.run::<true>(By(
            |a: &[f32], b: &[f32]| dot_avx512(a, b),
            |a: &[f32], b: [&[f32]; 4]| four_avx512(a, b),
            |all: Weighted<'_>| weighted::avx512(all),
        ));
    }

    /// Five slices in whole vectors.
    type Vectors<'s, const N: usize> = (&'s [[f32; N]], [&'s [[f32; N]]; 4]);

    /// The slices in vectors, as many as the shortest has.
    #[inline(always)]
    fn chunks<'s, const N: usize>(a: &'s [f32], b: [&'s [f32]; 4]) -> Vectors<'s, N> {
        let (a, b) = (a.as_chunks().0, b.map(|b| b.as_chunks().0));
        let length = b.iter().fold(a.len(), |length, b| length.min(b.len()));
        (&a[..length], b.map(|b| &b[..length]))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn four_avx2(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
        let (a, b) = chunks::<8>(a, b);
        let mut sums = [_mm256_setzero_ps(); 4];
        for (i, a) in a.iter().enumerate() {
            // SAFETY: eight elements.
            let a = unsafe { _mm256_loadu_ps(a.as_ptr()) };
            for (sum, b) in sums.iter_mut().zip(b) {
                // SAFETY: eight elements.
                *sum = _mm256_fmadd_ps(a, unsafe { _mm256_loadu_ps(b[i].as_ptr()) }, *sum);
            }
        }
        // The tree of each sum, side by side: halves first, then columns of what is left.
        let [p, q, r, s]: [__m128; 4] =
            sums.map(|sum| _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum)));
        let (pq, rs) = (_mm_unpacklo_ps(p, q), _mm_unpacklo_ps(r, s));
        let (first, second) = (_mm_movelh_ps(pq, rs), _mm_movehl_ps(rs, pq));
        let (pq, rs) = (_mm_unpackhi_ps(p, q), _mm_unpackhi_ps(r, s));
        let (third, fourth) = (_mm_movelh_ps(pq, rs), _mm_movehl_ps(rs, pq));
        let sums = _mm_add_ps(_mm_add_ps(first, third), _mm_add_ps(second, fourth));
        let mut out = [0.0; 4];
        // SAFETY: four elements.
        unsafe { _mm_storeu_ps(out.as_mut_ptr(), sums) };
        out
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn four_avx512(a: &[f32], b: [&[f32]; 4]) -> [f32; 4] {
        let (a, b) = chunks::<16>(a, b);
        let mut sums = [_mm512_setzero_ps(); 4];
        for (i, a) in a.iter().enumerate() {
            // SAFETY: sixteen elements.
            let a = unsafe { _mm512_loadu_ps(a.as_ptr()) };
            for (sum, b) in sums.iter_mut().zip(b) {
                // SAFETY: sixteen elements.
                *sum = _mm512_fmadd_ps(a, unsafe { _mm512_loadu_ps(b[i].as_ptr()) }, *sum);
            }
        }
        sums.map(|sum| _mm512_reduce_add_ps(sum))
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
        fn run<const FUSED: bool>(self, lines: impl Lines) {
            let Self(a, b, found) = self;
            *found = lines.dot(a, b);
            let others = [a, b, &a[a.len() / 4..], b];
            let length = b.len() - b.len() / 4;
            let others = others.map(|other| &other[..length]);
            let expected = others.map(|other| lines.dot(&b[..length], other).to_bits());
            assert_eq!(lines.four(&b[..length], others).map(f32::to_bits), expected, "four at once");
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
