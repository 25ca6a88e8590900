//! Series in pixels: what is stroked, filled and marked.
//!
//! In: a series and the views of both axes. Out: lists of pixels, which are drawn and which the legend keeps away from.

use super::axis::View;
use super::series::{Mark, Series, Side, bins};
use super::text::{Anchor, width};

/// A position in pixels.
pub(super) type Pixel = (f64, f64);

/// Corners of an ellipse; enough that they cannot be seen.
const CORNERS: usize = 72;

/// Size of labels in the panel.
pub(super) const LABEL_SIZE: f64 = 13.0;

/// Between words and the sides of the frame, where ticks are.
const INSET: f64 = 11.0;

/// One series in pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// Stroked lines.
    pub lines: Vec<Vec<Pixel>>,
    /// Filled areas, closed.
    pub areas: Vec<Vec<Pixel>>,
    /// Centres of markers.
    pub markers: Vec<Pixel>,
    /// Where words stand.
    pub words: Option<(Pixel, Anchor)>,
}

/// A rectangle in pixels; y runs down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Shape {
    pub fn new(series: &Series, x: &View, y: &View) -> Self {
        let mut shape = Self::default();
        match &series.mark {
            Mark::Line(points) => {
                shape.lines = runs(points.iter().map(|&(at, value)| Some((x.at(at)?, y.at(value)?))));
                shape.lines.retain(|run| run.len() > 1);
            }
            Mark::Points(points) => {
                for point in points {
                    let (Some(at), Some(value)) = (x.at(point.x), y.at(point.y)) else { continue };
                    shape.markers.push((at, value));
                    let [down, up] = point.ends().map(|end| y.at_or_below(end).unwrap_or(value));
                    if down != up {
                        shape.lines.push(vec![(at, down), (at, up)]);
                    }
                }
            }
            Mark::Band(points) => {
                let pairs = points.iter().map(|&(at, lower, upper)| {
                    Some((x.at(at)?, [y.at_or_below(lower)?, y.at_or_below(upper)?]))
                });
                shape.areas = runs(pairs).iter().map(|run| between(run)).collect();
            }
            Mark::Steps { edges, values } => {
                shape.lines = histogram(edges, values, x, y);
                if series.filled {
                    shape.areas = shape.lines.clone();
                }
            }
            Mark::Horizontal(value) => {
                let [from, to] = x.pixels;
                shape.lines = y.at(*value).map(|at| vec![(from, at), (to, at)]).into_iter().collect();
            }
            Mark::Vertical(value) => {
                let [from, to] = y.pixels;
                shape.lines = x.at(*value).map(|at| vec![(at, from), (at, to)]).into_iter().collect();
            }
            Mark::Ellipses(ellipses) => {
                for ellipse in ellipses.iter().filter(|ellipse| ellipse.is_finite()) {
                    let corner = |at: usize| {
                        let (sin, cos) = (at as f64 / CORNERS as f64 * std::f64::consts::TAU).sin_cos();
                        let across = x.at_or_below(ellipse.centre.0 + ellipse.radii.0 * cos)?;
                        Some((across, y.at_or_below(ellipse.centre.1 + ellipse.radii.1 * sin)?))
                    };
                    shape.lines.extend(runs((0..=CORNERS).map(corner)));
                }
                if series.filled {
                    shape.areas = shape.lines.clone();
                }
            }
            Mark::Label { at, side, text } => {
                let pixel = x.at(at.0).zip(y.at(at.1)).filter(|at| x.shows(at.0) && y.shows(at.1));
                shape.words = pixel.map(|pixel| beside(pixel, *side, text, x, y));
            }
        }
        shape
    }

    /// How much of the shape is in a rectangle, about in units of 6 pixels of line. `words` are those of the shape.
    pub fn crowding(&self, rect: &Rect, words: &str) -> f64 {
        let lines = self.lines.iter().flat_map(|line| line.windows(2));
        let lines = lines.map(|pair| overlap(pair[0], pair[1], rect));
        let markers = self.markers.iter().map(|&at| overlap(at, at, rect));
        let words = self.words.map(|((x, y), anchor)| {
            let wide = width(words, LABEL_SIZE);
            let left = x - wide * place(anchor);
            overlap((left, y - 4.0), (left + wide, y - 4.0), rect)
        });
        let length: f64 = lines.chain(markers).chain(words).flatten().map(|length| 1.0 + length / 6.0).sum();
        let covered = self.areas.iter().map(|area| rect.grid().filter(|&at| is_inside(at, area)).count());
        length + covered.sum::<usize>() as f64
    }
}

impl Rect {
    /// Points in the rectangle to try.
    fn grid(&self) -> impl Iterator<Item = Pixel> {
        let Self { left, top, right, bottom } = *self;
        let along = |from: f64, to: f64, at: usize| from + (to - from) * at as f64 / 8.0;
        (0..=8).flat_map(move |i| (0..=8).map(move |j| (along(left, right, i), along(top, bottom, j))))
    }
}

/// Splits a sequence where values are missing.
fn runs<T>(values: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
    let mut out: Vec<Vec<T>> = vec![Vec::new()];
    for value in values {
        match (value, out.last_mut()) {
            (Some(value), Some(run)) => run.push(value),
            _ => out.push(Vec::new()),
        }
    }
    out.retain(|run| !run.is_empty());
    out
}

/// The lower curve of a band and back along the upper one.
fn between(run: &[(f64, [f64; 2])]) -> Vec<Pixel> {
    let lower = run.iter().map(|&(x, [lower, _])| (x, lower));
    lower.chain(run.iter().rev().map(|&(x, [_, upper])| (x, upper))).collect()
}

/// Outlines from the base line over the bins and back to it, one for each run of bins with values.
fn histogram(edges: &[f64], values: &[f64], x: &View, y: &View) -> Vec<Vec<Pixel>> {
    let Some(base) = y.at_or_below(0.0) else { return Vec::new() };
    let tops = bins(edges, values).map(|(pair, value)| {
        let ends = (x.at_or_below(pair[0])?, x.at_or_below(pair[1])?);
        Some((ends, y.at_or_below(*value)?))
    });
    let outline = |run: &Vec<((f64, f64), f64)>| {
        let (first, last) = (run.first()?.0.0, run.last()?.0.1);
        let tops = run.iter().flat_map(|&((from, to), top)| [(from, top), (to, top)]);
        Some(std::iter::once((first, base)).chain(tops).chain([(last, base)]).collect())
    };
    runs(tops).iter().filter_map(outline).collect()
}

/// Where words beside a point stand, so that they stay in the frame.
fn beside(at: Pixel, side: Side, text: &str, x: &View, y: &View) -> (Pixel, Anchor) {
    let (anchor, (dx, dy)) = match side {
        Side::Right => (Anchor::Start, (8.0, 0.35 * LABEL_SIZE)),
        Side::Left => (Anchor::End, (-8.0, 0.35 * LABEL_SIZE)),
        Side::Above => (Anchor::Middle, (0.0, -8.0)),
        Side::Below => (Anchor::Middle, (0.0, 8.0 + 0.75 * LABEL_SIZE)),
    };
    let (wide, part) = (width(text, LABEL_SIZE), place(anchor));
    let keep = |value: f64, lo: f64, hi: f64| value.min(hi).max(lo);
    let [left, right] = x.pixels;
    let [bottom, top] = y.pixels;
    let across = keep(at.0 + dx, left + INSET + part * wide, right - INSET - (1.0 - part) * wide);
    ((across, keep(at.1 + dy, top + 4.0 + 0.75 * LABEL_SIZE, bottom - 5.0)), anchor)
}

/// The part of a text that is left of its position.
fn place(anchor: Anchor) -> f64 {
    match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => 0.5,
        Anchor::End => 1.0,
    }
}

/// Length of the part of a line that is in a rectangle; none if it misses it. Source: Liang and Barsky, 1984.
fn overlap(from: Pixel, to: Pixel, rect: &Rect) -> Option<f64> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let sides = [
        (-dx, from.0 - rect.left),
        (dx, rect.right - from.0),
        (-dy, from.1 - rect.top),
        (dy, rect.bottom - from.1),
    ];
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (speed, distance) in sides {
        if speed == 0.0 && distance < 0.0 {
            return None;
        } else if speed < 0.0 {
            enter = enter.max(distance / speed);
        } else if speed > 0.0 {
            leave = leave.min(distance / speed);
        }
    }
    (enter <= leave).then(|| (leave - enter) * dx.hypot(dy))
}

/// Whether a point is in a polygon: rays that leave it cross the border an odd number of times.
fn is_inside(at: Pixel, polygon: &[Pixel]) -> bool {
    let next = polygon.iter().cycle().skip(1);
    let crossings = polygon.iter().zip(next).filter(|(a, b)| {
        (a.1 > at.1) != (b.1 > at.1) && at.0 < a.0 + (at.1 - a.1) / (b.1 - a.1) * (b.0 - a.0)
    });
    crossings.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: View = View { log: false, bounds: [0.0, 10.0], pixels: [0.0, 100.0] };
    const Y: View = View { log: false, bounds: [0.0, 10.0], pixels: [100.0, 0.0] };
    const RECT: Rect = Rect { left: 20.0, top: 20.0, right: 40.0, bottom: 40.0 };

    #[test]
    fn missing_points_break_lines() {
        let points = [1.0, 2.0, f64::NAN, 3.0, f64::INFINITY, 5.0, 6.0].map(|x| (x, 1.0));
        let shape = Shape::new(&Series::line("", points.to_vec()), &X, &Y);
        assert_eq!(shape.lines, [vec![(10.0, 90.0), (20.0, 90.0)], vec![(50.0, 90.0), (60.0, 90.0)]]);
    }

    #[test]
    fn histograms_stand_on_the_base_line() {
        let steps = Series::steps("", vec![0.0, 1.0, 2.0, 3.0], vec![5.0, f64::NAN, 1.0]);
        let shape = Shape::new(&steps, &X, &Y);
        assert_eq!(shape.lines[0], [(0.0, 100.0), (0.0, 50.0), (10.0, 50.0), (10.0, 100.0)]);
        assert_eq!((shape.lines.len(), shape.areas.len()), (2, 0));
        let log = View { log: true, bounds: [0.0, 1.0], ..Y };
        assert_eq!(Shape::new(&steps, &X, &log).lines[0][0], (0.0, 120.0));
    }

    #[test]
    fn bands_are_closed() {
        let band = Series::band("", vec![(0.0, 1.0, 2.0), (1.0, 1.0, 3.0)]);
        let shape = Shape::new(&band, &X, &Y);
        assert_eq!(shape.areas, [[(0.0, 90.0), (10.0, 90.0), (10.0, 70.0), (0.0, 80.0)]]);
    }

    #[test]
    fn words_stay_in_the_frame() {
        let at = |x, y| Shape::new(&Series::label(x, y, "point"), &X, &Y).words;
        let wide = width("point", LABEL_SIZE);
        assert_eq!(at(1.0, 5.0), Some(((18.0, 54.55), Anchor::Start)));
        assert_eq!(at(9.0, 5.0), Some(((100.0 - INSET - wide, 54.55), Anchor::Start)));
        assert_eq!(at(11.0, 5.0), None);
    }

    #[test]
    fn crowding_counts_what_is_inside() {
        assert_eq!(overlap((0.0, 30.0), (100.0, 30.0), &RECT), Some(20.0));
        assert_eq!(overlap((0.0, 0.0), (100.0, 10.0), &RECT), None);
        assert_eq!(overlap((30.0, 30.0), (30.0, 30.0), &RECT), Some(0.0));
        let around = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)];
        assert!(is_inside((30.0, 30.0), &around) && !is_inside((130.0, 30.0), &around));
        let shape = Shape { areas: vec![around.to_vec()], markers: vec![(50.0, 50.0)], ..Shape::default() };
        assert_eq!(shape.crowding(&RECT, ""), 81.0);
    }
}
