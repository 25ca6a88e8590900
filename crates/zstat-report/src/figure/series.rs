//! What a panel shows: curves, points, bands, histograms, lines, contours and words.

use super::axis::Extent;
use super::colour::Colour;

/// Marks of one kind and one look.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Entry in the legend; empty for none. Series of one name share an entry, such as a curve and its band.
    pub name: String,
    /// Data.
    pub mark: Mark,
    /// Colour of lines, markers, fillings and words.
    pub colour: Colour,
    /// How lines and outlines are drawn.
    pub dash: Dash,
    /// Width of lines and outlines in pixels.
    pub width: f64,
    /// Shape of points.
    pub marker: Marker,
    /// Whether points, histograms and ellipses are filled. Bands always are.
    pub filled: bool,
    /// How much a filling covers, 0 to 1. Points always cover.
    pub opacity: f64,
}

/// Data of a series. NaN stands for a value that is missing.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line through points (x, y). A missing point breaks it.
    Line(Vec<(f64, f64)>),
    /// Points with error bars.
    Points(Vec<Point>),
    /// The area between two curves, as (x, lower, upper).
    Band(Vec<(f64, f64, f64)>),
    /// A histogram.
    Steps {
        /// Edges of the bins, in order, one more than there are values. What is too much of either is left out.
        edges: Vec<f64>,
        /// One value per bin.
        values: Vec<f64>,
    },
    /// A horizontal line through the panel.
    Horizontal(f64),
    /// A vertical line through the panel.
    Vertical(f64),
    /// Ellipses with axes along those of the panel.
    Ellipses(Vec<Ellipse>),
    /// Words beside a point.
    Label {
        /// The point (x, y).
        at: (f64, f64),
        /// Where the words are.
        side: Side,
        /// The words.
        text: String,
    },
}

/// A point and its error bar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Position along the x axis.
    pub x: f64,
    /// Position along the y axis.
    pub y: f64,
    /// Length of the error bar below, 0 or missing for none.
    pub down: f64,
    /// Length of the error bar above, 0 or missing for none.
    pub up: f64,
}

/// An ellipse with axes along those of the panel, such as a contour of a density.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ellipse {
    /// Centre (x, y).
    pub centre: (f64, f64),
    /// Radii along x and y, in units of the axes.
    pub radii: (f64, f64),
}

/// How lines are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    /// Without gaps.
    #[default]
    Solid,
    /// Long strokes.
    Dashed,
    /// Short strokes.
    Dotted,
}

/// Shape of points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    #[default]
    Circle,
    /// A square.
    Square,
    /// A triangle that points up.
    Triangle,
}

/// Where words are, seen from their point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Right of it.
    #[default]
    Right,
    /// Left of it.
    Left,
    /// Above it.
    Above,
    /// Below it.
    Below,
}

impl Point {
    /// A point without error bar.
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y, ..Self::default() }
    }

    /// Lower and upper end of the error bar; the point itself where there is none.
    pub(super) fn ends(&self) -> [f64; 2] {
        let length = |error: f64| if error.is_finite() { error.abs() } else { 0.0 };
        [self.y - length(self.down), self.y + length(self.up)]
    }
}

impl Series {
    /// A series with the usual look: first colour of the palette, solid lines, discs.
    pub fn new(name: &str, mark: Mark) -> Self {
        let (filled, opacity) = match mark {
            Mark::Steps { .. } => (false, 0.4),
            _ => (true, 0.25),
        };
        let colour = Colour::Palette(0);
        let name = name.to_owned();
        Self { name, mark, colour, dash: Dash::Solid, width: 1.8, marker: Marker::Circle, filled, opacity }
    }

    /// A solid line through points (x, y).
    pub fn line(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self::new(name, Mark::Line(points))
    }

    /// Filled discs.
    pub fn points(name: &str, points: Vec<Point>) -> Self {
        Self { width: 1.4, ..Self::new(name, Mark::Points(points)) }
    }

    /// A translucent area, from (x, lower, upper).
    pub fn band(name: &str, points: Vec<(f64, f64, f64)>) -> Self {
        Self::new(name, Mark::Band(points))
    }

    /// The outline of a histogram.
    pub fn steps(name: &str, edges: Vec<f64>, values: Vec<f64>) -> Self {
        Self::new(name, Mark::Steps { edges, values })
    }

    /// A dashed grey horizontal line.
    pub fn horizontal(name: &str, y: f64) -> Self {
        Self::reference(name, Mark::Horizontal(y))
    }

    /// A dashed grey vertical line.
    pub fn vertical(name: &str, x: f64) -> Self {
        Self::reference(name, Mark::Vertical(x))
    }

    /// Filled ellipses.
    pub fn ellipses(name: &str, ellipses: Vec<Ellipse>) -> Self {
        Self { width: 1.2, ..Self::new(name, Mark::Ellipses(ellipses)) }
    }

    /// Black words right of a point.
    pub fn label(x: f64, y: f64, text: &str) -> Self {
        let mark = Mark::Label { at: (x, y), side: Side::Right, text: text.to_owned() };
        Self { colour: Colour::BLACK, ..Self::new("", mark) }
    }

    fn reference(name: &str, mark: Mark) -> Self {
        Self { colour: Colour::GREY, dash: Dash::Dashed, width: 1.2, ..Self::new(name, mark) }
    }

    /// Makes room for the series along both axes.
    pub(super) fn extend(&self, x: &mut Extent, y: &mut Extent) {
        match &self.mark {
            Mark::Line(points) => points.iter().for_each(|&(at, value)| add(x, y, at, &[value])),
            Mark::Points(points) => {
                for point in points {
                    if y.takes(point.y) {
                        let [down, up] = point.ends();
                        add(x, y, point.x, &[point.y, down, up]);
                    }
                }
            }
            Mark::Band(points) => {
                points
                    .iter()
                    .filter(|(_, lower, upper)| lower.is_finite() && upper.is_finite())
                    .for_each(|&(at, lower, upper)| add(x, y, at, &[lower, upper]));
            }
            Mark::Steps { edges, values } => {
                for (pair, value) in bins(edges, values).filter(|(_, value)| value.is_finite()) {
                    pair.iter().for_each(|edge| x.add_tight(*edge));
                    y.add(*value);
                    // Bars stand on 0, which a logarithmic axis leaves out.
                    y.add_tight(0.0);
                }
            }
            Mark::Horizontal(value) => y.add(*value),
            Mark::Vertical(value) => x.add(*value),
            Mark::Ellipses(ellipses) => {
                for Ellipse { centre, radii } in ellipses.iter().filter(|ellipse| ellipse.is_finite()) {
                    for sign in [-1.0, 1.0] {
                        x.add(centre.0 + sign * radii.0);
                        y.add(centre.1 + sign * radii.1);
                    }
                }
            }
            Mark::Label { at, .. } => add(x, y, at.0, &[at.1]),
        }
    }
}

impl Ellipse {
    pub(super) fn is_finite(&self) -> bool {
        [self.centre.0, self.centre.1, self.radii.0, self.radii.1].iter().all(|value| value.is_finite())
    }
}

/// Edges and value of each bin of a histogram whose edges are finite.
pub(super) fn bins<'a>(
    edges: &'a [f64],
    values: &'a [f64],
) -> impl Iterator<Item = (&'a [f64], &'a f64)> + Clone {
    edges.windows(2).zip(values).filter(|(pair, _)| pair.iter().all(|edge| edge.is_finite()))
}

/// Makes room at `at` for those of `values` that can be shown.
fn add(x: &mut Extent, y: &mut Extent, at: f64, values: &[f64]) {
    if x.takes(at) && values.iter().any(|value| y.takes(*value)) {
        x.add(at);
        values.iter().for_each(|value| y.add(*value));
    }
}

#[cfg(test)]
mod tests {
    use super::super::axis::Axis;
    use super::*;

    fn bounds(series: &Series, log: bool) -> [[f64; 2]; 2] {
        let (mut x, mut y) = (Extent::new(false), Extent::new(log));
        series.extend(&mut x, &mut y);
        let axis = if log { Axis::log("") } else { Axis::linear("") };
        [Axis::linear("").bounds(&x), axis.bounds(&y)]
    }

    #[test]
    fn missing_values_need_no_room() {
        let line = Series::line("", vec![(0.0, 0.0), (1.0, 1.0), (f64::NAN, 7.0), (9.0, f64::NAN)]);
        assert_eq!(bounds(&line, false), [[-0.05, 1.05], [-0.05, 1.05]]);
        let line = Series::line("", vec![(0.0, 1.0), (1.0, 1e20), (7.0, 0.0), (9.0, -1.0)]);
        assert_eq!(bounds(&line, true), [[-0.05, 1.05], [-1.0, 21.0]]);
    }

    #[test]
    fn error_bars_need_room() {
        let bar = |down, up| Point { x: 0.0, y: 10.0, down, up };
        let points = Series::points("", vec![bar(10.0, 0.0), bar(f64::NAN, 90.0), bar(0.0, f64::INFINITY)]);
        assert_eq!(bounds(&points, false)[1], [-5.0, 105.0]);
        // Only the point and its upper end are on a logarithmic axis.
        assert_eq!(bounds(&points, true)[1], [0.95, 2.05]);
    }

    #[test]
    fn histograms_stand_on_zero_and_fill_the_axis() {
        let steps = Series::steps("", vec![0.0, 1.0, 2.0, f64::INFINITY], vec![20.0, 100.0, 7.0, 900.0]);
        assert_eq!(bounds(&steps, false), [[0.0, 2.0], [0.0, 105.0]]);
    }
}
