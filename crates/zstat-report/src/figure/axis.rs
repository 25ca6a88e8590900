//! Axes: what is asked for, which range data need, and how values become pixels.

use super::ticks::{self, Ticks};

/// What an axis shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What the axis is, with its unit.
    pub label: String,
    /// How values become positions.
    pub scale: Scale,
    /// First and last value, in any order. None takes the range of the data and a margin. A range that the scale cannot
    /// show, such as one from 0 on a logarithmic scale, counts as none.
    pub range: Option<(f64, f64)>,
}

/// How values become positions.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Scale {
    /// Equal steps.
    #[default]
    Linear,
    /// Equal factors. Values that are not positive are left out; histograms, bands and error bars that reach them leave the
    /// frame.
    Log,
    /// Names at 0, 1, 2 …, from left to right or from the bottom up.
    Categories(Vec<String>),
}

impl Axis {
    /// A linear axis with the range of its data.
    pub fn linear(label: &str) -> Self {
        Self { label: label.to_owned(), ..Self::default() }
    }

    /// A logarithmic axis with the range of its data.
    pub fn log(label: &str) -> Self {
        Self { scale: Scale::Log, ..Self::linear(label) }
    }

    /// An axis with names at 0, 1, 2 …
    pub fn categories(label: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { scale: Scale::Categories(names), ..Self::linear(label) }
    }

    /// Whether the data decide where the axis ends.
    pub(super) fn is_free(&self) -> bool {
        !matches!(self.scale, Scale::Categories(_)) && self.asked().is_none()
    }

    /// First and last value in the scale of the axis (their logarithms on a logarithmic one), always apart.
    pub(super) fn bounds(&self, data: &Extent) -> [f64; 2] {
        let bounds = match (self.asked(), &self.scale) {
            (Some(asked), _) => asked,
            (None, Scale::Categories(names)) => [-0.5, names.len().max(1) as f64 - 0.5],
            (None, _) => data.padded(),
        };
        self.widened(bounds)
    }

    /// The range that was asked for, if it can be shown.
    fn asked(&self) -> Option<[f64; 2]> {
        let (a, b) = self.range?;
        let (lo, hi) = (a.min(b), a.max(b));
        match self.scale {
            Scale::Log => (lo > 0.0 && hi.is_finite()).then(|| [lo.log10(), hi.log10()]),
            _ => (a.is_finite() && b.is_finite()).then(|| [lo, hi].map(tame)),
        }
    }

    /// Bounds that are the same, or too close for ticks, move apart.
    fn widened(&self, [lo, hi]: [f64; 2]) -> [f64; 2] {
        let largest = lo.abs().max(hi.abs());
        if hi - lo > (1e-9 * largest).max(1e-290) {
            return [lo, hi];
        }
        let by = match self.scale {
            Scale::Log => 0.5,
            _ if largest > 1e-280 => 0.1 * largest,
            _ => 1.0,
        };
        [lo - by, hi + by]
    }

    /// Ticks between two bounds.
    pub(super) fn ticks(&self, [lo, hi]: [f64; 2], most: usize) -> Ticks {
        match &self.scale {
            Scale::Linear => ticks::linear(lo, hi, most),
            Scale::Log => ticks::log(lo, hi, most),
            Scale::Categories(names) => ticks::categories(lo, hi, names),
        }
    }

    pub(super) fn is_log(&self) -> bool {
        self.scale == Scale::Log
    }
}

/// Values that sums and differences of them do not carry to infinity.
fn tame(value: f64) -> f64 {
    value.clamp(-1e300, 1e300)
}

/// Smallest and largest values along an axis, in its scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    log: bool,
    /// Values that may be at the very end, such as edges of a histogram.
    tight: [f64; 2],
    /// Values that need a margin.
    loose: [f64; 2],
}

/// Margin around data as a part of their range.
const MARGIN: f64 = 0.05;

impl Extent {
    pub fn new(log: bool) -> Self {
        let none = [f64::INFINITY, f64::NEG_INFINITY];
        Self { log, tight: none, loose: none }
    }

    /// Whether the axis can show a value.
    pub fn takes(&self, value: f64) -> bool {
        value.is_finite() && !(self.log && value <= 0.0)
    }

    /// Makes room for a value and a margin. A value that cannot be shown changes nothing.
    pub fn add(&mut self, value: f64) {
        if self.takes(value) {
            self.loose = joined(self.loose, self.forward(value));
        }
    }

    /// Makes room for a value without a margin.
    pub fn add_tight(&mut self, value: f64) {
        if self.takes(value) {
            self.tight = joined(self.tight, self.forward(value));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.tight[0] > self.tight[1] && self.loose[0] > self.loose[1]
    }

    fn forward(&self, value: f64) -> f64 {
        if self.log { value.log10() } else { tame(value) }
    }

    /// Ends of an axis for these values; 0 to 1 for none.
    fn padded(&self) -> [f64; 2] {
        if self.is_empty() {
            return [0.0, 1.0];
        }
        let ([tight_lo, tight_hi], [loose_lo, loose_hi]) = (self.tight, self.loose);
        let margin = MARGIN * (tight_hi.max(loose_hi) - tight_lo.min(loose_lo));
        let lo = if tight_lo <= loose_lo { tight_lo } else { loose_lo - margin };
        let hi = if tight_hi >= loose_hi { tight_hi } else { loose_hi + margin };
        [lo, hi]
    }
}

fn joined([lo, hi]: [f64; 2], value: f64) -> [f64; 2] {
    [lo.min(value), hi.max(value)]
}

/// Pixels farther away than this are not written: some programs cannot draw them.
const FAR: f64 = 1e5;

/// From values to pixels along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    pub log: bool,
    /// Bounds in the scale of the axis.
    pub bounds: [f64; 2],
    /// Pixels of the bounds.
    pub pixels: [f64; 2],
}

impl View {
    /// Pixel of a value; none if the axis cannot show it. Outside the bounds, pixels outside the frame.
    pub fn at(&self, value: f64) -> Option<f64> {
        if !value.is_finite() || (self.log && value <= 0.0) {
            return None;
        }
        Some(self.at_scaled(if self.log { value.log10() } else { value }))
    }

    /// Pixel of a value in the scale of the axis.
    pub fn at_scaled(&self, value: f64) -> f64 {
        let ([lo, hi], [from, to]) = (self.bounds, self.pixels);
        (from + (value - lo) / (hi - lo) * (to - from)).clamp(-FAR, FAR)
    }

    /// As [`View::at`], but values that are not positive lie just outside the frame of a logarithmic axis.
    pub fn at_or_below(&self, value: f64) -> Option<f64> {
        if self.log && value <= 0.0 && value.is_finite() {
            let [from, to] = self.pixels;
            return Some(from - 20.0 * (to - from).signum());
        }
        self.at(value)
    }

    /// Whether a pixel is between the bounds.
    pub fn shows(&self, pixel: f64) -> bool {
        let [from, to] = self.pixels;
        pixel >= from.min(to) && pixel <= from.max(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(log: bool, loose: &[f64], tight: &[f64]) -> Extent {
        let mut extent = Extent::new(log);
        loose.iter().for_each(|value| extent.add(*value));
        tight.iter().for_each(|value| extent.add_tight(*value));
        extent
    }

    #[test]
    fn data_get_a_margin_and_edges_do_not() {
        let axis = Axis::linear("x");
        assert_eq!(axis.bounds(&extent(false, &[0.0, 100.0, f64::NAN], &[])), [-5.0, 105.0]);
        assert_eq!(axis.bounds(&extent(false, &[10.0, 90.0], &[0.0, 100.0])), [0.0, 100.0]);
        assert_eq!(axis.bounds(&extent(false, &[0.0, 100.0], &[0.0])), [0.0, 105.0]);
        assert_eq!(axis.bounds(&extent(false, &[f64::INFINITY], &[])), [0.0, 1.0]);
        let log = Axis::log("x");
        assert_eq!(log.bounds(&extent(true, &[0.0, -3.0], &[1.0, 1000.0])), [0.0, 3.0]);
    }

    #[test]
    fn ranges_without_width_are_widened() {
        let axis = Axis::linear("x");
        assert_eq!(axis.bounds(&extent(false, &[5.0], &[])), [4.5, 5.5]);
        assert_eq!(axis.bounds(&extent(false, &[0.0, 0.0], &[])), [-1.0, 1.0]);
        assert_eq!(Axis::log("x").bounds(&extent(true, &[10.0], &[])), [0.5, 1.5]);
        let given = Axis { range: Some((-2.0, -2.0)), ..axis };
        assert_eq!(given.bounds(&Extent::new(false)), [-2.2, -1.8]);
        assert!(given.ticks([-2.2, -1.8], 8).major.len() > 2);
    }

    #[test]
    fn ranges_are_used_where_they_can_be() {
        let data = extent(false, &[0.0, 1.0], &[]);
        let with = |scale, range| Axis { range: Some(range), scale, ..Axis::linear("x") };
        assert_eq!(with(Scale::Linear, (3.0, 2.0)).bounds(&data), [2.0, 3.0]);
        assert_eq!(with(Scale::Linear, (f64::NAN, 2.0)).bounds(&data), [-0.05, 1.05]);
        assert_eq!(with(Scale::Log, (1e-7, 1e-3)).bounds(&data), [-7.0, -3.0]);
        assert!(with(Scale::Log, (0.0, 1.0)).is_free());
        assert_eq!(Axis::categories("x", &["a", "b"]).bounds(&data), [-0.5, 1.5]);
    }

    #[test]
    fn values_become_pixels() {
        let x = View { log: false, bounds: [0.0, 10.0], pixels: [100.0, 200.0] };
        assert_eq!([x.at(5.0), x.at(-10.0), x.at(f64::NAN)], [Some(150.0), Some(0.0), None]);
        assert_eq!(x.at(1e300), Some(FAR));
        let y = View { log: true, bounds: [-2.0, 2.0], pixels: [400.0, 0.0] };
        assert_eq!([y.at(1.0), y.at(0.01), y.at(0.0)], [Some(200.0), Some(400.0), None]);
        assert_eq!(y.at_or_below(0.0), Some(420.0));
        assert!(y.shows(10.0) && !y.shows(420.0));
    }
}
