//! The shape variations of one cell: A += Σ_k (s_k S_k + f_k D_k), and back from derivatives by A.
//!
//! Cells have many variations and few bins, most of them one to four: those loops are compiled for their number of bins.

use crate::model::{Basis, Shift};

/// Any number of bins.
const ANY: usize = 0;

/// S and D of a cell's shifts, which stand one after the other.
pub(super) fn templates<'t>(shifts: &[Shift], n_bins: usize, all: &'t [f64]) -> &'t [f64] {
    match shifts.first() {
        Some(first) => &all[first.at..first.at + 2 * n_bins * shifts.len()],
        None => &[],
    }
}

/// Adds the variations to `additive`, one entry a bin. `templates` has S and D of each shift in turn.
pub(super) fn add(shifts: &[Shift], bases: &[Basis], templates: &[f64], additive: &mut [f64]) {
    match additive.len() {
        1 => add_bins::<1>(shifts, bases, templates, additive),
        2 => add_bins::<2>(shifts, bases, templates, additive),
        3 => add_bins::<3>(shifts, bases, templates, additive),
        4 => add_bins::<4>(shifts, bases, templates, additive),
        _ => add_bins::<ANY>(shifts, bases, templates, additive),
    }
}

#[inline(always)]
fn add_bins<const N: usize>(shifts: &[Shift], bases: &[Basis], templates: &[f64], additive: &mut [f64]) {
    let n = if N == ANY { additive.len() } else { N };
    let additive = &mut additive[..n];
    for (shift, template) in shifts.iter().zip(templates.chunks_exact((2 * n).max(1))) {
        let Basis { s, f, .. } = bases[shift.basis];
        if N == ANY && s == 0.0 && f == 0.0 {
            continue;
        }
        let (up, down) = template.split_at(n);
        for b in 0..n {
            additive[b] += s * up[b] + f * down[b];
        }
    }
}

/// Calls `each` with every shift's place in `shifts`, basis, and Σ_b w_b S_b and Σ_b w_b D_b.
pub(super) fn sums(
    shifts: &[Shift],
    bases: &[Basis],
    templates: &[f64],
    weights: &[f64],
    each: impl FnMut(usize, &Basis, [f64; 2]),
) {
    match weights.len() {
        1 => sums_bins::<1>(shifts, bases, templates, weights, each),
        2 => sums_bins::<2>(shifts, bases, templates, weights, each),
        3 => sums_bins::<3>(shifts, bases, templates, weights, each),
        4 => sums_bins::<4>(shifts, bases, templates, weights, each),
        _ => sums_bins::<ANY>(shifts, bases, templates, weights, each),
    }
}

#[inline(always)]
fn sums_bins<const N: usize>(
    shifts: &[Shift],
    bases: &[Basis],
    templates: &[f64],
    weights: &[f64],
    mut each: impl FnMut(usize, &Basis, [f64; 2]),
) {
    let n = if N == ANY { weights.len() } else { N };
    let weights = &weights[..n];
    for (at, (shift, template)) in shifts.iter().zip(templates.chunks_exact((2 * n).max(1))).enumerate() {
        let (up, down) = template.split_at(n);
        let (mut s, mut d) = (0.0, 0.0);
        for b in 0..n {
            s += weights[b] * up[b];
            d += weights[b] * down[b];
        }
        each(at, &bases[shift.basis], [s, d]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each number of bins against plain sums, in the order of the shifts and bins: to the last bit.
    #[test]
    fn any_number_of_bins() {
        let number = |i: usize| (1.7 * i as f64).sin();
        for n in 1..8 {
            let shifts: Vec<Shift> = [2, 0, 1, 2]
                .iter()
                .enumerate()
                .map(|(k, &basis)| Shift { basis, at: 3 + 2 * n * k })
                .collect();
            let basis =
                |i| Basis { s: number(i), f: number(i + 1), s1: number(i + 2), f1: number(i + 3), f2: 0.5 };
            let bases = [basis(1), Basis::default(), basis(7)];
            let all: Vec<f64> = (0..3 + 2 * n * shifts.len()).map(number).collect();
            let start: Vec<f64> = (0..n).map(|b| number(50 + b)).collect();
            let mut found = start.clone();
            add(&shifts, &bases, templates(&shifts, n, &all), &mut found);
            let mut sums_found = Vec::new();
            sums(&shifts, &bases, templates(&shifts, n, &all), &start, |k, basis, sums| {
                assert_eq!(*basis, bases[shifts[k].basis]);
                sums_found.push(sums);
            });
            let mut wanted = start.clone();
            for (k, shift) in shifts.iter().enumerate() {
                let mut sums = [0.0; 2];
                for b in 0..n {
                    let (up, down) = (all[shift.at + b], all[shift.at + n + b]);
                    wanted[b] += bases[shift.basis].s * up + bases[shift.basis].f * down;
                    sums[0] += start[b] * up;
                    sums[1] += start[b] * down;
                }
                assert_eq!(sums_found[k], sums);
            }
            assert_eq!(found, wanted);
        }
        assert!(templates(&[], 3, &[]).is_empty());
    }
}
