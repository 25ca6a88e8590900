//! The profile likelihood over two parameters: fits on a grid, and the crossings of its edges.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Contour, PlanePoint, threshold_2d};
use crate::contour::{Edge, crossed, lines, saddles};
use crate::profile::summarised;
use crate::record::StretchRecord;
use crate::root::newton;
use crate::scan::usual_range;
use crate::{Fit, Inputs, Profile, TestError};

/// The last of Newton's steps to a crossing, relative to the range. What remains is of the order of its square.
const PRECISION: f64 = 1e-6;
/// The profiles of both parameters alone rise to this part of the highest threshold at the ends of the usual ranges, which
/// are reached in so many steps.
const MARGIN: f64 = 1.2;
const WIDENINGS: usize = 20;
/// A fit lower than the best by more than this in NLL found another minimum.
const LOWER: f64 = 1e-8;

/// The profile likelihood over two parameters.
pub(super) struct Surface<'a> {
    inputs: Inputs<'a>,
    parameters: [usize; 2],
    fixed: Vec<bool>,
    /// The best fit.
    pub free: Fit,
    /// Of each parameter alone.
    alone: [Profile<'a, 'a>; 2],
    pub axes: [Vec<f64>; 2],
    /// Where each column begins.
    seeds: Vec<Vec<f64>>,
    columns: Vec<Column<'a>>,
    warnings: Vec<String>,
    /// Fits of profiles that are gone.
    more_fits: usize,
    failed: bool,
}

/// The first parameter held at one value: the profile of the second, and its fits on the grid.
struct Column<'a> {
    profile: Profile<'a, 'a>,
    fits: Vec<Fit>,
}

impl<'a> Surface<'a> {
    pub fn new(
        inputs: Inputs<'a>,
        parameters: [usize; 2],
        start: &[f64],
        fixed: &[bool],
    ) -> Result<Self, TestError> {
        // Both are scanned, with a constraint or without.
        let mut fixed = fixed.to_vec();
        parameters.iter().for_each(|&parameter| fixed[parameter] = false);
        let mut first = inputs.profile_from(parameters[0], start, &fixed);
        let free = first.free().clone();
        if !free.nll.is_finite() {
            return Err(first.no_likelihood(free.mu));
        }
        let second = inputs.profile_from(parameters[1], start, &fixed).with_free(free.theta.clone());
        Ok(Self {
            inputs,
            parameters,
            fixed,
            free,
            alone: [first, second],
            axes: [Vec::new(), Vec::new()],
            seeds: Vec::new(),
            columns: Vec::new(),
            warnings: Vec::new(),
            more_fits: 0,
            failed: false,
        })
    }

    /// About three standard deviations to both sides, and so far that the contours close, inside the bounds.
    pub fn usual_ranges(&mut self, levels: &[f64]) -> [[f64; 2]; 2] {
        let highest = levels.iter().map(|&level| threshold_2d(level)).fold(0.0, f64::max);
        self.alone.each_mut().map(|profile| {
            let (best, bounds) = (profile.free().mu, profile.range());
            let mut range = usual_range(profile);
            for (end, bound) in range.iter_mut().zip(bounds) {
                for _ in 0..WIDENINGS {
                    let (delta, _) = profile.twice_rise(*end, false);
                    if *end == bound || delta.is_nan() || delta >= MARGIN * highest {
                        break;
                    }
                    let factor = (1.2 * MARGIN * highest / delta).sqrt().clamp(1.1, 2.0);
                    let wanted = best + factor * (*end - best);
                    *end = wanted.max(bounds[0]).min(bounds[1]);
                }
            }
            range
        })
    }

    /// The profile of one of the two with the other held, from a point where it is.
    fn with_other_held(&self, which: usize, theta: &[f64]) -> Profile<'a, 'a> {
        let mut fixed = self.fixed.clone();
        fixed[self.parameters[1 - which]] = true;
        self.inputs.profile_from(self.parameters[which], theta, &fixed).with_free(theta.to_vec())
    }

    /// Where the columns of a grid begin: the first parameter alone leads there.
    pub fn lead(&mut self, axes: [Vec<f64>; 2]) {
        self.axes = axes;
        let first = &mut self.alone[0];
        self.seeds = self.axes[0].iter().map(|&x| first.held(x).theta).collect();
    }

    /// The fits of one column.
    pub fn column(&self, at: usize) -> StretchRecord {
        let seed = &self.seeds[at];
        // From the best value outwards: every fit has a neighbour.
        let best = seed[self.parameters[1]];
        let mut order = self.axes[1].clone();
        order.sort_by(|a, b| (a - best).abs().total_cmp(&(b - best).abs()));
        StretchRecord::new(self.with_other_held(1, seed), &order)
    }

    /// The fits of all columns.
    pub fn all_columns(&self) -> Vec<StretchRecord> {
        (0..self.seeds.len()).into_par_iter().map(|at| self.column(at)).collect()
    }

    /// All points of the grid, from the records of its columns.
    pub fn learn(&mut self, records: &[StretchRecord]) {
        let column = |(seed, record): (&Vec<f64>, &StretchRecord)| {
            let mut profile = self.with_other_held(1, seed);
            let fits = record.tell(&mut profile, &self.axes[1]);
            Column { profile, fits }
        };
        self.columns = self.seeds.iter().zip(records).map(column).collect();
        self.lower_minimum();
    }

    /// Where a point is lower than the best fit, that is repeated from there: all differences are to the lowest.
    fn lower_minimum(&mut self) {
        let all = self.columns.iter().flat_map(|column| &column.fits).filter(|fit| fit.converged);
        let Some(lowest) = all.min_by(|a, b| a.nll.total_cmp(&b.nll)) else { return };
        if lowest.nll >= self.free.nll - LOWER {
            return;
        }
        let mut profile = self.inputs.profile_from(self.parameters[0], &lowest.theta, &self.fixed);
        let again = profile.free().clone();
        self.more_fits += profile.fits();
        let drop = 2.0 * (self.free.nll - again.nll);
        if again.converged && drop > 2.0 * LOWER {
            self.warnings.push(format!("the free fit had missed a minimum lower by {drop:.3e} in 2 NLL"));
            self.free = again;
        }
    }

    fn delta(&self, fit: &Fit) -> f64 {
        2.0 * (fit.nll - self.free.nll)
    }

    fn inside(&self, wanted: f64) -> Vec<Vec<bool>> {
        let column = |column: &Column<'_>| column.fits.iter().map(|fit| self.delta(fit) <= wanted).collect();
        self.columns.iter().map(column).collect()
    }

    pub fn contours(&mut self, levels: &[f64]) -> Vec<Contour> {
        let inside: Vec<Vec<Vec<bool>>> =
            levels.iter().map(|&level| self.inside(threshold_2d(level))).collect();
        let mut wanted: Vec<(Edge, usize)> = Vec::new();
        for (at, inside) in inside.iter().enumerate() {
            wanted.extend(crossed(inside).into_iter().map(|edge| (edge, at)));
        }
        let crossings = self.crossings(levels, &wanted);
        let contour = |(at, &level): (usize, &f64)| {
            let centres: BTreeMap<[usize; 2], bool> = saddles(&inside[at])
                .into_iter()
                .map(|cell| (cell, self.centre(cell, threshold_2d(level))))
                .collect();
            let of_level = crossings.iter().filter(|((_, level), _)| *level == at);
            let points = of_level.map(|((edge, _), point)| (*edge, *point)).collect();
            let centre = |cell| centres.get(&cell).copied().unwrap_or(false);
            Contour { level, lines: lines(&inside[at], &points, centre) }
        };
        levels.iter().enumerate().map(contour).collect()
    }

    /// Where the edges are crossed, by edge and level: those along the columns on the columns' profiles, the others on
    /// profiles of the first parameter with the second held.
    fn crossings(&mut self, levels: &[f64], wanted: &[(Edge, usize)]) -> BTreeMap<(Edge, usize), [f64; 2]> {
        let (axes, reference) = (self.axes.clone(), self.free.nll);
        let thresholds: Vec<f64> = levels.iter().map(|&level| threshold_2d(level)).collect();
        let across = |(i, column): (usize, &mut Column<'a>)| {
            let mut out = Vec::new();
            for &(edge, level) in wanted {
                let Edge::Across([at, j]) = edge else { continue };
                if at == i {
                    let ends = [&column.fits[j].clone(), &column.fits[j + 1].clone()];
                    let root = crossing(&mut column.profile, ends, &axes[1], reference, thresholds[level]);
                    out.push(((edge, level), root.map(|y| [axes[0][i], y])));
                }
            }
            out
        };
        let found: Vec<_> = self.columns.par_iter_mut().enumerate().map(across).collect();
        let rows: Vec<usize> = (0..axes[1].len())
            .filter(|j| wanted.iter().any(|(edge, _)| matches!(edge, Edge::Along([_, at]) if at == j)))
            .collect();
        let seeds: Vec<(usize, Vec<f64>)> =
            rows.into_iter().map(|j| (j, self.alone[1].held(axes[1][j]).theta)).collect();
        let this = &*self;
        let along = |(j, seed): &(usize, Vec<f64>)| {
            let known = this.columns.iter().map(|column| column.fits[*j].theta.clone());
            let mut profile = this.with_other_held(0, seed).with_held(known);
            let mut out = Vec::new();
            for &(edge, level) in wanted {
                let Edge::Along([i, at]) = edge else { continue };
                if at == *j {
                    let ends = [i, i + 1].map(|i| &this.columns[i].fits[*j]);
                    let ends = ends.map(|fit| profile.held(fit.theta[this.parameters[0]]));
                    let root =
                        crossing(&mut profile, [&ends[0], &ends[1]], &axes[0], reference, thresholds[level]);
                    out.push(((edge, level), root.map(|x| [x, axes[1][*j]])));
                }
            }
            (out, profile.fits(), profile.converged(), profile.warnings().to_vec())
        };
        let of_rows: Vec<_> = seeds.par_iter().map(along).collect();
        let mut all: Vec<_> = found.into_iter().flatten().collect();
        for (out, fits, converged, warnings) in of_rows {
            all.extend(out);
            self.more_fits += fits;
            self.failed |= !converged;
            self.warnings.extend(warnings);
        }
        let lost = all.iter().filter(|(_, root)| root.is_none()).count();
        if lost > 0 {
            self.failed = true;
            self.warnings.push(format!("{lost} points of contours were not found: lines have gaps there"));
        }
        all.into_iter().filter_map(|(key, root)| Some((key, root?))).collect()
    }

    /// Whether the centre of a cell is inside.
    fn centre(&self, [i, j]: [usize; 2], wanted: f64) -> bool {
        let middle = |axis: &[f64], at: usize| 0.5 * (axis[at] + axis[at + 1]);
        let mut theta = self.columns[i].fits[j].theta.clone();
        theta[self.parameters[0]] = middle(&self.axes[0], i);
        self.delta(&self.with_other_held(1, &theta).held(middle(&self.axes[1], j))) <= wanted
    }

    pub fn points(&self) -> Vec<PlanePoint> {
        let one = |(x, fit): (f64, &Fit)| PlanePoint {
            values: [x, fit.mu],
            delta_twice_nll: self.delta(fit),
            delta_statistical: None,
            converged: fit.converged,
        };
        let columns = self.axes[0].iter().zip(&self.columns);
        columns.flat_map(|(&x, column)| column.fits.iter().map(move |fit| one((x, fit)))).collect()
    }

    pub fn converged(&self) -> bool {
        !self.failed
            && self.free.converged
            && self.alone.iter().all(Profile::converged)
            && self.columns.iter().all(|column| column.profile.converged())
    }

    pub fn fits(&self) -> usize {
        let columns: usize = self.columns.iter().map(|column| column.profile.fits()).sum();
        self.alone.iter().map(Profile::fits).sum::<usize>() + columns + self.more_fits
    }

    /// Each once, in order.
    pub fn warnings(&self, contours: &[Contour]) -> Vec<String> {
        let of_columns = self.columns.iter().flat_map(|column| column.profile.warnings());
        let of_alone = self.alone.iter().flat_map(Profile::warnings);
        let mut out = summarised(of_alone.chain(&self.warnings).chain(of_columns));
        for contour in contours.iter().filter(|contour| contour.lines.is_empty()) {
            out.push(format!(
                "no contour at {:.1} %: it is outside the range, or smaller than the grid's spacing; see --range and --points",
                100.0 * contour.level
            ));
        }
        out
    }
}

/// Where 2 ΔNLL to `reference` is `wanted` between two fits of a profile, one below and one above.
fn crossing(
    profile: &mut Profile<'_, '_>,
    [a, b]: [&Fit; 2],
    axis: &[f64],
    reference: f64,
    wanted: f64,
) -> Option<f64> {
    let delta = |fit: &Fit| 2.0 * (fit.nll - reference);
    let (low, high) = (delta(a), delta(b));
    let side = if high > low { 1.0 } else { -1.0 };
    // √δ is nearly a line.
    let roots = [low, high, wanted].map(|x| x.max(0.0).sqrt());
    let share = (roots[2] - roots[0]) / (roots[1] - roots[0]);
    let start =
        if share.is_finite() { a.mu + share.clamp(0.0, 1.0) * (b.mu - a.mu) } else { 0.5 * (a.mu + b.mu) };
    let range = axis[axis.len() - 1] - axis[0];
    let f = |value: f64| {
        let fit = profile.held(value);
        (side * (delta(&fit) - wanted), side * 2.0 * fit.slope)
    };
    newton(f, [a.mu, b.mu], start, PRECISION * range)
}
