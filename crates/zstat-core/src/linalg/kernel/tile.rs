//! Σ_p a_p b_pᵀ for a strip of rows and a strip of columns: the innermost loop of a product, in registers.

/// A tile of a product: M × N.
pub type Tile<const M: usize, const N: usize> = [[f64; N]; M];

/// For any CPU: multiplications and additions rounded one by one.
#[inline(always)]
pub fn plain<const M: usize, const N: usize>(left: &[f64], right: &[f64], out: &mut Tile<M, N>) {
    let mut sums = [[0.0; N]; M];
    for (a, b) in left.as_chunks::<M>().0.iter().zip(right.as_chunks::<N>().0) {
        for i in 0..M {
            for j in 0..N {
                sums[i][j] += a[i] * b[j];
            }
        }
    }
    *out = sums;
}

/// A tile with fused multiply-adds: `$m` rows of `$v` vectors of `$lanes`, `$n` = `$v` · `$lanes` columns.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! tile {
    (
        $name:ident, $feature:literal, $m:literal x $n:literal as $v:literal vectors of $lanes:literal,
        $zero:expr, $load:expr, $splat:expr, $fused:expr, $store:expr
    ) => {
        #[target_feature(enable = $feature)]
        pub fn $name(left: &[f64], right: &[f64], out: &mut Tile<$m, $n>) {
            let mut sums = [[$zero; $v]; $m];
            for (a, b) in left.as_chunks::<$m>().0.iter().zip(right.as_chunks::<$n>().0) {
                // SAFETY: vector v spans elements v · lanes to (v + 1) · lanes of `b`, which has v · lanes for the last.
                let b: [_; $v] = std::array::from_fn(|v| unsafe { $load(b.as_ptr().add(v * $lanes)) });
                for i in 0..$m {
                    let a = $splat(a[i]);
                    for v in 0..$v {
                        sums[i][v] = $fused(a, b[v], sums[i][v]);
                    }
                }
            }
            for (out, sums) in out.iter_mut().zip(&sums) {
                for v in 0..$v {
                    // SAFETY: as for `b`.
                    unsafe { $store(out.as_mut_ptr().add(v * $lanes), sums[v]) };
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Tile;
    use std::arch::x86_64::{
        _mm256_fmadd_pd, _mm256_loadu_pd, _mm256_set1_pd, _mm256_setzero_pd, _mm256_storeu_pd,
    };
    use std::arch::x86_64::{
        _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_set1_pd, _mm512_setzero_pd, _mm512_storeu_pd,
    };

    tile!(
        avx2, "avx2,fma", 6 x 8 as 2 vectors of 4,
        _mm256_setzero_pd(), _mm256_loadu_pd, _mm256_set1_pd, _mm256_fmadd_pd, _mm256_storeu_pd
    );
    tile!(
        avx512, "avx512f", 8 x 16 as 2 vectors of 8,
        _mm512_setzero_pd(), _mm512_loadu_pd, _mm512_set1_pd, _mm512_fmadd_pd, _mm512_storeu_pd
    );
}
#[cfg(target_arch = "x86_64")]
pub use x86::{avx2, avx512};

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::Tile;
    use std::arch::aarch64::{float64x2_t, vdupq_n_f64, vfmaq_f64, vld1q_f64, vst1q_f64};

    #[inline]
    #[target_feature(enable = "neon")]
    fn fused(a: float64x2_t, b: float64x2_t, sum: float64x2_t) -> float64x2_t {
        vfmaq_f64(sum, a, b)
    }

    tile!(
        neon, "neon", 6 x 8 as 4 vectors of 2,
        vdupq_n_f64(0.0), vld1q_f64, vdupq_n_f64, fused, vst1q_f64
    );
}
#[cfg(target_arch = "aarch64")]
pub use arm::neon;
