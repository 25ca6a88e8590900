//! Matrix products: tiles of the result in registers, both factors packed into buffers that a thread keeps.
//!
//! Each element is one chain of fused multiply-adds over [`DEPTH`] terms at a time, so that its bits do not depend on
//! the size of the tiles: every CPU with fused multiply-add gives the same.

use std::cell::RefCell;

use super::Strides;
use super::tile::{self, Tile};

/// Terms of a sum between two visits to the result: a tile's share of both factors stays in the nearest cache.
const DEPTH: usize = 256;
/// Below this many multiplications a plain loop beats packing.
const SMALL: usize = 512;

/// Which elements of a product are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All.
    All,
    /// Those on and below the diagonal; what stands above it is lost.
    Lower,
}

/// α a b + β c into c.
#[derive(Debug, Clone, Copy)]
struct Factors {
    alpha: f64,
    beta: f64,
}

#[derive(Debug, Default)]
struct Packed {
    /// Strips of rows of the left factor: terms × rows of a tile.
    left: Vec<f64>,
    /// Strips of columns of the right factor: terms × columns of a tile, one strip after the other.
    right: Vec<f64>,
}

thread_local! {
    static PACKED: RefCell<Packed> = const { RefCell::new(Packed { left: Vec::new(), right: Vec::new() }) };
}

/// c = α a b + β c, with `a` of shape m × k, `b` of k × n and `c` of m × n; with β = 0, `c` is not read.
///
/// # Panics
/// If a slice is shorter than its matrix, or elements of `c` share a place.
pub fn product(
    [m, k, n]: [usize; 3],
    part: Part,
    alpha: f64,
    (a, sa): (&[f64], Strides),
    (b, sb): (&[f64], Strides),
    beta: f64,
    (c, sc): (&mut [f64], Strides),
) {
    assert!(a.len() >= sa.span(m, k), "left matrix");
    assert!(b.len() >= sb.span(k, n), "right matrix");
    assert!(c.len() >= sc.span(m, n), "result");
    assert!(sc.column == 1 && sc.row >= n, "rows of the result overlap");
    if m == 0 || n == 0 {
        return;
    }
    let factors = Factors { alpha, beta };
    if m * k * n <= SMALL || k == 0 {
        return small([m, k, n], factors, (a, sa), (b, sb), (c, sc.row));
    }
    PACKED.with_borrow_mut(|packed| {
        dispatch([m, k, n], part, factors, (a, sa), (b, sb), (c, sc.row), packed);
    });
}

fn dispatch(
    shape: [usize; 3],
    part: Part,
    factors: Factors,
    a: (&[f64], Strides),
    b: (&[f64], Strides),
    c: (&mut [f64], usize),
    packed: &mut Packed,
) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return blocked_avx512(shape, part, factors, a, b, c, packed);
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return blocked_avx2(shape, part, factors, a, b, c, packed);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("neon") {
        return blocked_neon(shape, part, factors, a, b, c, packed);
    }
    blocked_plain(shape, part, factors, a, b, c, packed);
}

/// A product with the tiles of one kind of CPU.
macro_rules! blocked {
    ($(#[$on:meta])* $name:ident, $tile:expr) => {
        $(#[$on])*
        fn $name(
            shape: [usize; 3],
            part: Part,
            factors: Factors,
            a: (&[f64], Strides),
            b: (&[f64], Strides),
            c: (&mut [f64], usize),
            packed: &mut Packed,
        ) {
            blocked(shape, part, factors, a, b, c, packed, $tile);
        }
    };
}

blocked!(blocked_plain, tile::plain::<4, 4>);
// SAFETY (of all three): called where the CPU was found to have the features.
blocked!(
    #[cfg(target_arch = "x86_64")]
    blocked_avx2,
    |l, r, out| unsafe { tile::avx2(l, r, out) }
);
blocked!(
    #[cfg(target_arch = "x86_64")]
    blocked_avx512,
    |l, r, out| unsafe { tile::avx512(l, r, out) }
);
blocked!(
    #[cfg(target_arch = "aarch64")]
    blocked_neon,
    |l, r, out| unsafe { tile::neon(l, r, out) }
);

/// Tiles of M × N, strip by strip.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the signature of a matrix product")]
fn blocked<const M: usize, const N: usize>(
    [m, k, n]: [usize; 3],
    part: Part,
    factors: Factors,
    (a, sa): (&[f64], Strides),
    (b, sb): (&[f64], Strides),
    (c, row): (&mut [f64], usize),
    packed: &mut Packed,
    tile: impl Fn(&[f64], &[f64], &mut Tile<M, N>),
) {
    let mut sums = [[0.0; N]; M];
    let Packed { left, right } = packed;
    for first in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - first);
        let beta = if first == 0 { factors.beta } else { 1.0 };
        right.resize(right.len().max(n.div_ceil(N) * N * depth), 0.0);
        for (at, strip) in (0..n).step_by(N).zip(right.chunks_exact_mut(N * depth)) {
            pack::<N>(strip, &b[first * sb.row + at * sb.column..], sb.row, sb.column, N.min(n - at));
        }
        left.resize(left.len().max(M * DEPTH), 0.0);
        let left = &mut left[..M * depth];
        for top in (0..m).step_by(M) {
            let rows = M.min(m - top);
            pack::<M>(left, &a[top * sa.row + first * sa.column..], sa.column, sa.row, rows);
            for (at, strip) in (0..n).step_by(N).zip(right.chunks_exact(N * depth)) {
                if part == Part::Lower && at >= top + rows {
                    break;
                }
                tile(left, strip, &mut sums);
                let target = &mut c[top * row + at..];
                store(&sums[..rows], N.min(n - at), Factors { alpha: factors.alpha, beta }, target, row);
            }
        }
    }
}

/// Copies `width` (at most W) neighbours of each term, filled up with zeros: terms × W.
#[inline(always)]
fn pack<const W: usize>(strip: &mut [f64], from: &[f64], term: usize, neighbour: usize, width: usize) {
    let lines = strip.as_chunks_mut::<W>().0;
    if neighbour == 1 && width == W {
        for (p, line) in lines.iter_mut().enumerate() {
            line.copy_from_slice(&from[p * term..p * term + W]);
        }
        return;
    }
    for (p, line) in lines.iter_mut().enumerate() {
        for (i, value) in line.iter_mut().enumerate() {
            *value = if i < width { from[p * term + i * neighbour] } else { 0.0 };
        }
    }
}

#[inline(always)]
fn store<const N: usize>(sums: &[[f64; N]], width: usize, factors: Factors, c: &mut [f64], row: usize) {
    let Factors { alpha, beta } = factors;
    for (sums, c) in sums.iter().zip(c.chunks_mut(row.max(1))) {
        let pairs = c[..width].iter_mut().zip(sums);
        if beta == 0.0 {
            pairs.for_each(|(c, sum)| *c = alpha * sum);
        } else if beta == 1.0 {
            pairs.for_each(|(c, sum)| *c += alpha * sum);
        } else {
            pairs.for_each(|(c, sum)| *c = beta * *c + alpha * sum);
        }
    }
}

fn small(
    [m, k, n]: [usize; 3],
    Factors { alpha, beta }: Factors,
    (a, sa): (&[f64], Strides),
    (b, sb): (&[f64], Strides),
    (c, sc): (&mut [f64], usize),
) {
    for i in 0..m {
        let row = &mut c[i * sc..i * sc + n];
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

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(length: usize, pace: f64) -> Vec<f64> {
        (0..length).map(|i| (i as f64 * pace).sin()).collect()
    }

    /// All layouts and shapes around the edges of tiles and blocks, on every kernel that the CPU has, against the
    /// definition, with guards around the result.
    #[test]
    fn agrees_with_the_definition() {
        let shapes = [
            [1, 1, 1],
            [1, 40, 5],
            [5, 40, 1],
            [3, 7, 9],
            [8, 8, 8],
            [9, 8, 8],
            [45, 12, 45],
            [40, 40, 3],
            [33, 1, 70],
            [17, 256, 16],
            [7, 257, 33],
            [2, 600, 18],
            [4, 0, 3],
        ];
        for shape @ [m, k, n] in shapes {
            for (sa, la) in [(Strides::rows(k + 2), m * (k + 2)), (Strides::transposed(m + 1), k * (m + 1))] {
                for (sb, lb) in
                    [(Strides::rows(n + 1), k * (n + 1)), (Strides::transposed(k + 3), n * (k + 3))]
                {
                    let (a, b) = (waves(la, 0.7), waves(lb, 1.3));
                    for beta in [0.0, 1.0, -0.5] {
                        for part in [Part::All, Part::Lower] {
                            check(shape, part, (&a, sa), (&b, sb), beta);
                        }
                    }
                }
            }
        }
    }

    type Blocked =
        fn([usize; 3], Part, Factors, (&[f64], Strides), (&[f64], Strides), (&mut [f64], usize), &mut Packed);

    fn check(
        shape @ [m, k, n]: [usize; 3],
        part: Part,
        (a, sa): (&[f64], Strides),
        (b, sb): (&[f64], Strides),
        beta: f64,
    ) {
        let width = n + 4;
        let start = if beta == 0.0 { f64::NAN } else { 2.0 };
        let mut fresh = vec![7.0; m * width];
        for i in 0..m {
            fresh[i * width..i * width + n].fill(start);
        }
        let agrees = |c: &[f64], kernel: &str| {
            for i in 0..m {
                let wanted = if part == Part::Lower { n.min(i + 1) } else { n };
                for j in 0..wanted {
                    let sum: f64 =
                        (0..k).map(|p| a[i * sa.row + p * sa.column] * b[p * sb.row + j * sb.column]).sum();
                    let expected = 1.5 * sum + if beta == 0.0 { 0.0 } else { beta * 2.0 };
                    let found = c[i * width + j];
                    assert!((found - expected).abs() < 1e-12, "{kernel}: {shape:?} at ({i}, {j}): {found}");
                }
                let guard = &c[i * width + n..(i + 1) * width];
                assert!(guard.iter().all(|&x| x == 7.0), "{kernel}: guard of row {i}");
            }
        };
        let mut c = fresh.clone();
        product(shape, part, 1.5, (a, sa), (b, sb), beta, (&mut c, Strides::rows(width)));
        agrees(&c, "chosen");
        let mut kernels: Vec<(&str, Blocked)> = vec![("plain", blocked_plain)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                kernels.push(("avx2", blocked_avx2));
            }
            if is_x86_feature_detected!("avx512f") {
                kernels.push(("avx512", blocked_avx512));
            }
        }
        #[cfg(target_arch = "aarch64")]
        kernels.push(("neon", blocked_neon));
        if k == 0 {
            return;
        }
        let mut of_fused: Option<Vec<u64>> = None;
        for (name, kernel) in kernels {
            let mut c = fresh.clone();
            let factors = Factors { alpha: 1.5, beta };
            kernel(shape, part, factors, (a, sa), (b, sb), (&mut c, width), &mut Packed::default());
            agrees(&c, name);
            if name != "plain" && part == Part::All {
                let bits: Vec<u64> = c.iter().map(|x| x.to_bits()).collect();
                assert_eq!(*of_fused.get_or_insert_with(|| bits.clone()), bits, "{name}: {shape:?}");
            }
        }
    }
}
