//! Weighted sums of lines: a small matrix times a matrix of few, long rows, in registers.
//!
//! A sum is one chain of multiply-adds in the order of its terms, begun with what stands there, so that all CPUs with fused
//! multiply-add give the same bits.

use super::{LANES, Left};

/// What is added: to each line i of `sums` Σ_j w_ij line_j. Lines have `width` numbers, a multiple of [`LANES`].
pub struct Weighted<'a> {
    /// w, with as many rows as there are sums and as many terms as there are lines.
    pub weights: Left<'a>,
    /// The lines that are added.
    pub lines: &'a [f32],
    /// The sums.
    pub sums: &'a mut [f32],
    /// Numbers of a line.
    pub width: usize,
}

impl Weighted<'_> {
    /// # Panics
    /// Where weights are missing, or lines are no whole vectors.
    fn check(&self) {
        assert!(self.width > 0 && self.width.is_multiple_of(LANES), "lines of whole vectors");
        let directions = [
            (self.sums.len() / self.width, self.weights.row),
            (self.lines.len() / self.width, self.weights.term),
        ];
        assert!(super::spans(self.weights.values, directions), "as many weights as lines");
    }
}

/// For any CPU: multiplications and additions rounded one by one.
pub fn portable(weighted: Weighted<'_>) {
    weighted.check();
    let Weighted { weights, lines, sums, width } = weighted;
    for (i, sums) in sums.chunks_exact_mut(width).enumerate() {
        for (j, line) in lines.chunks_exact(width).enumerate() {
            let w = weights.values[i * weights.row + j * weights.term];
            sums.iter_mut().zip(line).for_each(|(sum, x)| *sum += w * x);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Left, Weighted};
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps};
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps};

    /// Sums that are made at a time, of two vectors each: with two vectors of a line and a weight all registers of AVX2 but three.
    const GROUP: usize = 5;

    /// With fused multiply-adds of so many lanes.
    macro_rules! weighted {
        (
            $(#[$about:meta])* $name:ident, $piece:ident, $feature:literal, $lanes:literal lanes,
            $load:ident, $splat:ident, $fused:ident, $store:ident
        ) => {
            $(#[$about])*
            #[inline]
            #[target_feature(enable = $feature)]
            pub fn $name(weighted: Weighted<'_>) {
                weighted.check();
                let Weighted { weights, lines, sums, width } = weighted;
                let shape = [lines.len() / width, width];
                for (g, sums) in sums.chunks_mut(GROUP * width).enumerate() {
                    let values = &weights.values[g * GROUP * weights.row..];
                    let weights = Left { values, ..weights };
                    let mut at = 0;
                    while at < width {
                        let two = width - at >= 2 * $lanes;
                        // SAFETY: vectors from `at` on are within all lines, whose weights are there.
                        unsafe {
                            match (sums.len() / width, two) {
                                (1, true) => $piece::<1, 2>(weights, lines, sums, shape, at),
                                (2, true) => $piece::<2, 2>(weights, lines, sums, shape, at),
                                (3, true) => $piece::<3, 2>(weights, lines, sums, shape, at),
                                (4, true) => $piece::<4, 2>(weights, lines, sums, shape, at),
                                (GROUP, true) => $piece::<GROUP, 2>(weights, lines, sums, shape, at),
                                (1, false) => $piece::<1, 1>(weights, lines, sums, shape, at),
                                (2, false) => $piece::<2, 1>(weights, lines, sums, shape, at),
                                (3, false) => $piece::<3, 1>(weights, lines, sums, shape, at),
                                (4, false) => $piece::<4, 1>(weights, lines, sums, shape, at),
                                _ => $piece::<GROUP, 1>(weights, lines, sums, shape, at),
                            }
                        }
                        at += if two { 2 * $lanes } else { $lanes };
                    }
                }
            }

            /// V vectors of G sums.
            ///
            /// # Safety
            /// The CPU has the features; all lines and sums have V vectors from `at` on, and G × terms weights are there.
            #[inline]
            #[target_feature(enable = $feature)]
            unsafe fn $piece<const G: usize, const V: usize>(
                weights: Left<'_>,
                lines: &[f32],
                sums: &mut [f32],
                [terms, width]: [usize; 2],
                at: usize,
            ) {
                let place = |i: usize, v: usize| i * width + at + v * $lanes;
                // SAFETY: vector v of sum i.
                let load = |i: usize, v: usize| unsafe { $load(sums.as_ptr().add(place(i, v))) };
                let mut found: [[_; V]; G] = std::array::from_fn(|i| std::array::from_fn(|v| load(i, v)));
                let (mut weight, mut line) = (weights.values.as_ptr(), lines.as_ptr().wrapping_add(at));
                for _ in 0..terms {
                    // SAFETY: vector v of this line.
                    let line_at: [_; V] = std::array::from_fn(|v| unsafe { $load(line.add(v * $lanes)) });
                    for (i, found) in found.iter_mut().enumerate() {
                        // SAFETY: row i, below G, of this term.
                        let w = $splat(unsafe { *weight.add(i * weights.row) });
                        for v in 0..V {
                            found[v] = $fused(w, line_at[v], found[v]);
                        }
                    }
                    weight = weight.wrapping_add(weights.term);
                    line = line.wrapping_add(width);
                }
                for (i, found) in found.iter().enumerate() {
                    for v in 0..V {
                        // SAFETY: as they were loaded.
                        unsafe { $store(sums.as_mut_ptr().add(place(i, v)), found[v]) };
                    }
                }
            }
        };
    }

    weighted!(
        /// With vectors of eight.
        avx2, piece_avx2, "avx2,fma", 8 lanes,
        _mm256_loadu_ps, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_storeu_ps
    );
    weighted!(
        /// With vectors of sixteen.
        avx512, piece_avx512, "avx512f", 16 lanes,
        _mm512_loadu_ps, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_storeu_ps
    );
}
#[cfg(target_arch = "x86_64")]
pub use x86::{avx2, avx512};

#[cfg(test)]
mod tests {
    use super::super::{Isa, Lines, Task, vectorised};
    use super::*;

    struct Add<'a>(Weighted<'a>);

    impl Task for Add<'_> {
        fn run<const FUSED: bool>(self, lines: impl Lines) {
            lines.add(self.0);
        }
    }

    /// Sums of up to 17 terms below 1: an error of 17 · 6e-8 at most. What fuses gives the same bits.
    #[test]
    fn sums_agree_with_those_in_f64() {
        for (count, terms, width) in [
            (1, 1, 16),
            (2, 3, 16),
            (3, 10, 32),
            (4, 1, 48),
            (5, 17, 128),
            (10, 10, 128),
            (11, 2, 112),
            (3, 0, 16),
        ] {
            let of = |n: usize, step: f32| (0..n).map(|i| (i as f32 * step).sin()).collect::<Vec<f32>>();
            let (lines, first, weights) =
                (of(terms * width, 0.7), of(count * width, 1.3), of(count * terms, 0.9));
            for [row, term] in [[terms, 1], [1, count]] {
                let mut fused: Option<Vec<f32>> = None;
                for isa in Isa::available() {
                    let mut sums = first.clone();
                    let weights = Left { values: &weights, row, term };
                    vectorised(isa, Add(Weighted { weights, lines: &lines, sums: &mut sums, width }));
                    for (at, sum) in sums.iter().enumerate() {
                        let (i, x) = (at / width, at % width);
                        let of = |j: usize| {
                            f64::from(weights.values[i * row + j * term]) * f64::from(lines[j * width + x])
                        };
                        let expected = f64::from(first[at]) + (0..terms).map(of).sum::<f64>();
                        assert!(
                            (f64::from(*sum) - expected).abs() < 2e-6,
                            "{isa:?}: {sum}, expected {expected}"
                        );
                    }
                    if isa != Isa::Portable {
                        assert_eq!(fused.get_or_insert_with(|| sums.clone()), &sums, "{isa:?}");
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic = "as many weights as lines"]
    fn too_few_weights() {
        let weights = Left { values: &[1.0; 3], row: 2, term: 1 };
        portable(Weighted { weights, lines: &[0.0; 32], sums: &mut [0.0; 32], width: 16 });
    }
}
