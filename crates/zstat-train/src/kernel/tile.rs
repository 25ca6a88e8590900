//! Σ_p a_p b_pᵀ for some rows of the left factor and some columns of the right one: the innermost loop, in registers.

use super::{Left, Right};

/// For any CPU: multiplications and additions rounded one by one.
#[inline(always)]
pub fn portable<const M: usize, const N: usize>(
    k: usize,
    left: Left<'_>,
    right: Right<'_>,
    out: &mut [[f32; N]; M],
) {
    let mut sums = [[0.0; N]; M];
    for p in 0..k {
        let (a, b) = (&left.values[p * left.term..], &right.values[p * right.stride..][..N]);
        for i in 0..M {
            let a = a[i * left.row];
            for j in 0..N {
                sums[i][j] += a * b[j];
            }
        }
    }
    *out = sums;
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Left, Right};
    use std::arch::x86_64::{
        _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    };
    use std::arch::x86_64::{
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };

    /// A tile with fused multiply-adds: M rows of V vectors, N columns in all.
    macro_rules! tile {
        (
            $(#[$about:meta])* $name:ident, $feature:literal, $lanes:literal lanes,
            $zero:ident, $load:ident, $splat:ident, $fused:ident, $store:ident
        ) => {
            $(#[$about])*
            ///
            /// # Safety
            /// The CPU has the features; `left` has M rows of `k` terms, `right` has `k` terms of N columns.
            #[inline]
            #[target_feature(enable = $feature)]
            pub unsafe fn $name<const M: usize, const V: usize, const N: usize>(
                k: usize,
                left: Left<'_>,
                right: Right<'_>,
                out: &mut [[f32; N]; M],
            ) {
                const { assert!(V * $lanes == N) };
                let mut sums = [[$zero(); V]; M];
                let (mut a, mut b) = (left.values.as_ptr(), right.values.as_ptr());
                for _ in 0..k {
                    // SAFETY: columns v · lanes to (v + 1) · lanes of term p, all below N.
                    let columns: [_; V] = std::array::from_fn(|v| unsafe { $load(b.add(v * $lanes)) });
                    for i in 0..M {
                        // SAFETY: row i, below M, of term p.
                        let a = $splat(unsafe { *a.add(i * left.row) });
                        for v in 0..V {
                            sums[i][v] = $fused(a, columns[v], sums[i][v]);
                        }
                    }
                    a = a.wrapping_add(left.term);
                    b = b.wrapping_add(right.stride);
                }
                for (out, sums) in out.iter_mut().zip(&sums) {
                    for v in 0..V {
                        // SAFETY: as for the columns.
                        unsafe { $store(out.as_mut_ptr().add(v * $lanes), sums[v]) };
                    }
                }
            }
        };
    }

    tile!(
        /// With vectors of eight.
        avx2, "avx2,fma", 8 lanes,
        _mm256_setzero_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_storeu_ps
    );
    tile!(
        /// With vectors of sixteen.
        avx512, "avx512f", 16 lanes,
        _mm512_setzero_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_storeu_ps
    );
}
#[cfg(target_arch = "x86_64")]
pub use x86::{avx2, avx512};
