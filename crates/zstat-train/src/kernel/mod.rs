//! Products of small f32 matrices, and loops over short rows, with the CPU's vector units, chosen at run time: the one place with
//! `unsafe`.
//!
//! In: a left matrix of any strides, a right one whose rows are padded to whole vectors. Out: what [`Finish`] makes of the
//! sums while they are at hand. A sum is one chain of fused multiply-adds in the order of its terms, so that all CPUs with
//! fused multiply-add give the same bits; others differ in last digits.
#![allow(unsafe_code)]

pub(crate) mod activation;
mod exp;
mod finish;
mod rows;
mod task;
mod tile;
mod weighted;

pub use activation::Activation;
pub(crate) use exp::exp;
pub use finish::Finish;
pub(crate) use rows::{RowTask, by_rows};
pub(crate) use task::{Lines, Task, vectorised};
pub(crate) use weighted::Weighted;

/// Numbers in the widest vector. Rows of right factors and results are padded to a multiple.
pub const LANES: usize = 16;
/// Left matrices reach to a multiple of this many rows: what stands beyond the last is read and not used.
pub const GRAIN: usize = 24;

/// `n` rounded up to whole vectors.
pub fn padded(n: usize) -> usize {
    n.next_multiple_of(LANES)
}

/// The left factor: element (i, p) at `i * row + p * term`.
#[derive(Debug, Clone, Copy)]
pub struct Left<'a> {
    /// All elements.
    pub values: &'a [f32],
    /// Distance between rows.
    pub row: usize,
    /// Distance between the terms of a sum.
    pub term: usize,
}

/// The right factor: element (p, j) at `p * stride + j`.
#[derive(Debug, Clone, Copy)]
pub struct Right<'a> {
    /// All elements; those between the last column and the next multiple of [`LANES`] are read and not used.
    pub values: &'a [f32],
    /// Distance between the terms of a sum.
    pub stride: usize,
}

/// A set of vector instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// What every CPU of the target has.
    Portable,
    /// Eight lanes and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Sixteen lanes and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// All of this architecture, the best one last.
    #[cfg(target_arch = "x86_64")]
    const ALL: &[Self] = &[Self::Portable, Self::Avx2, Self::Avx512];
    /// All of this architecture.
    #[cfg(not(target_arch = "x86_64"))]
    const ALL: &[Self] = &[Self::Portable];

    /// Those that this CPU has, the best one last.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.iter().copied().filter(|isa| isa.is_available())
    }

    fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
        }
    }

    /// # Panics
    /// If the CPU lacks the instructions.
    fn check(self) {
        assert!(self.is_available(), "a CPU with {self:?}");
    }

    /// The best that this CPU has.
    pub fn best() -> Self {
        Self::available().next_back().unwrap_or(Self::Portable)
    }
}

/// The product of a left matrix of m × k and a right one of k × n, handed to `finish`.
///
/// # Panics
/// If a slice is shorter than its matrix with the padding that [`Left`], [`Right`] and [`Finish`] ask for, or the CPU lacks
/// the instructions.
pub fn product(
    isa: Isa,
    shape @ [m, k, n]: [usize; 3],
    left: Left<'_>,
    right: Right<'_>,
    mut finish: Finish<'_>,
) {
    if m == 0 || n == 0 {
        return;
    }
    let rows = m.next_multiple_of(GRAIN);
    assert!(spans(left.values, [(rows, left.row), (k, left.term)]), "left matrix");
    assert!(spans(right.values, [(k, right.stride), (padded(n), 1)]), "right matrix");
    finish.check(m, n);
    isa.check();
    match isa {
        Isa::Portable => portable(shape, left, right, &mut finish),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has the features.
        Isa::Avx2 => unsafe { avx2(shape, left, right, &mut finish) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has the features.
        Isa::Avx512 => unsafe { avx512(shape, left, right, &mut finish) },
    }
}

/// Has a slice all elements of so many steps in two directions? Without overflow, whatever the strides.
fn spans(values: &[f32], directions: [(usize, usize); 2]) -> bool {
    let last = directions.map(|(count, step)| (count as u128).checked_sub(1).map(|last| last * step as u128));
    match last {
        [Some(a), Some(b)] => a.checked_add(b).is_some_and(|last| last < values.len() as u128),
        _ => true,
    }
}

fn portable([m, k, n]: [usize; 3], left: Left<'_>, right: Right<'_>, finish: &mut Finish<'_>) {
    for at in (0..n).step_by(8) {
        strip::<4, 8>([m, k, n], left, right, at, finish, |a, b, out| tile::portable(k, a, b, out));
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2([m, k, n]: [usize; 3], left: Left<'_>, right: Right<'_>, finish: &mut Finish<'_>) {
    for at in (0..n).step_by(16) {
        strip::<6, 16>([m, k, n], left, right, at, finish, |a, b, out| {
            // SAFETY: `product` checked that all terms of a tile's rows and padded columns are there.
            unsafe { tile::avx2::<6, 2, 16>(k, a, b, out) }
        });
    }
}

/// Strips of one to four vectors, as equal as can be: wide ones need the fewest loads.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512([m, k, n]: [usize; 3], left: Left<'_>, right: Right<'_>, finish: &mut Finish<'_>) {
    macro_rules! strip {
        ($rows:literal x $vectors:literal, $at:expr) => {
            strip::<$rows, { $vectors * LANES }>([m, k, n], left, right, $at, finish, |a, b, out| {
                // SAFETY: `product` checked that all terms of a tile's rows and padded columns are there.
                unsafe { tile::avx512::<$rows, $vectors, { $vectors * LANES }>(k, a, b, out) }
            })
        };
    }
    let (mut at, vectors) = (0, n.div_ceil(LANES));
    for strips in (1..=vectors.div_ceil(4)).rev() {
        let width = (vectors - at / LANES).div_ceil(strips);
        match width {
            1 => strip!(12 x 1, at),
            2 => strip!(12 x 2, at),
            3 => strip!(8 x 3, at),
            _ => strip!(6 x 4, at),
        }
        at += width * LANES;
    }
}

/// Columns `at..at + N` of a product, in tiles of M × N.
#[inline(always)]
fn strip<const M: usize, const N: usize>(
    [m, _, n]: [usize; 3],
    left: Left<'_>,
    right: Right<'_>,
    at: usize,
    finish: &mut Finish<'_>,
    tile: impl Fn(Left<'_>, Right<'_>, &mut [[f32; N]; M]),
) {
    const { assert!(GRAIN.is_multiple_of(M)) };
    let mut sums = [[0.0; N]; M];
    let right = Right { values: right.values.get(at..).unwrap_or_default(), ..right };
    for top in (0..m).step_by(M) {
        let rows = Left { values: left.values.get(top * left.row..).unwrap_or_default(), ..left };
        tile(rows, right, &mut sums);
        finish.apply(&sums[..M.min(m - top)], top, at, n);
    }
}

#[cfg(test)]
mod tests;
