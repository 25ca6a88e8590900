//! Where frames, axes and legends of a figure are.
//!
//! In: panels and the size of the figure. Out: panels with frames of the same size, ranges and ticks. Margins depend on labels,
//! labels on ticks, and ticks on the size of the frame: a few passes settle that.

use super::Panel;
use super::axis::{Extent, Scale, View};
use super::legend::{Entries, Legend, height_part};
use super::series::Series;
use super::shape::{Rect, Shape};
use super::text::{Words, width};
use super::ticks::Ticks;

/// Sizes of text in pixels.
pub(super) const TICK_SIZE: f64 = 13.0;
pub(super) const AXIS_SIZE: f64 = 15.0;
pub(super) const TITLE_SIZE: f64 = 14.0;

/// Between frame and labels of ticks.
pub(super) const TICK_GAP: f64 = 7.0;
/// Between labels of ticks and the label of the axis.
pub(super) const AXIS_GAP: f64 = 10.0;
/// Between the outermost text and the border of the figure.
const BORDER: f64 = 8.0;
/// Between frame and a legend outside.
const LEGEND_GAP: f64 = 14.0;
/// Turn of names that have no room side by side, in degrees.
pub(super) const SLANT: f64 = -35.0;

/// Frames are never smaller than this, even if they leave the figure.
const SMALLEST: f64 = 40.0;
const PASSES: usize = 4;

/// A panel with its place.
pub(super) struct Placed<'a> {
    pub panel: &'a Panel,
    pub frame: Rect,
    pub x: View,
    pub y: View,
    pub x_ticks: Ticks,
    pub y_ticks: Ticks,
    /// Whether names below the x axis are turned.
    pub slanted: bool,
    /// Whether there is nothing to show.
    pub empty: bool,
    pub entries: Entries<'a>,
    /// Upper left corner of the legend, if there is one.
    pub legend: Option<(f64, f64)>,
    extents: [Extent; 2],
    /// Part of the frame at its top that is kept for the legend.
    headroom: f64,
}

/// Places panels side by side in a figure.
pub(super) fn place(panels: &[Panel], width: f64, height: f64) -> Vec<Placed<'_>> {
    let mut placed: Vec<Placed> = panels.iter().map(Placed::new).collect();
    let share = width / panels.len().max(1) as f64;
    let guess = Rect { left: 0.0, top: 0.0, right: 0.8 * share, bottom: 0.8 * height };
    placed.iter_mut().for_each(|panel| panel.set_frame(guess));
    for _ in 0..PASSES {
        let top = placed.iter().map(Placed::top).fold(0.0, f64::max);
        let bottom = height - placed.iter().map(Placed::bottom).fold(0.0, f64::max);
        let sides: f64 = placed.iter().map(|panel| panel.left() + panel.right()).sum();
        let wide = ((width - sides) / panels.len() as f64).max(SMALLEST);
        let mut at = 0.0;
        for panel in &mut placed {
            let (left, right) = (at + panel.left(), panel.right());
            panel.set_frame(Rect { left, top, right: left + wide, bottom: bottom.max(top + SMALLEST) });
            at = left + wide + right;
        }
    }
    placed
}

impl<'a> Placed<'a> {
    fn new(panel: &'a Panel) -> Self {
        let (mut x, mut y) = (Extent::new(panel.x.is_log()), Extent::new(panel.y.is_log()));
        panel.series.iter().for_each(|series| series.extend(&mut x, &mut y));
        let view = |log| View { log, bounds: [0.0, 1.0], pixels: [0.0, 1.0] };
        Self {
            panel,
            frame: Rect::default(),
            x: view(panel.x.is_log()),
            y: view(panel.y.is_log()),
            x_ticks: Ticks::default(),
            y_ticks: Ticks::default(),
            slanted: false,
            empty: x.is_empty() && y.is_empty(),
            entries: Entries::new(&panel.series),
            legend: None,
            extents: [x, y],
            headroom: 0.0,
        }
    }

    /// Moves the panel to a frame: ranges, ticks, and the legend.
    fn set_frame(&mut self, frame: Rect) {
        self.frame = frame;
        let panel = self.panel;
        self.x.bounds = panel.x.bounds(&self.extents[0]);
        self.x.pixels = [frame.left, frame.right];
        self.y = self.y_view(self.headroom);
        let rows = ((frame.bottom - frame.top) / 38.0).floor().clamp(2.0, 8.0);
        self.y_ticks = panel.y.ticks(self.y.bounds, rows as usize);
        self.x_ticks = panel.x.ticks(self.x.bounds, 8);
        let named = matches!(panel.x.scale, Scale::Categories(_));
        for most in (2..8).rev() {
            if named || self.labels_fit() {
                break;
            }
            self.x_ticks = panel.x.ticks(self.x.bounds, most);
        }
        self.slanted = named && !self.labels_fit();
        self.legend = self.place_legend();
    }

    /// The y axis if a part of the frame is kept free at the top.
    fn y_view(&self, headroom: f64) -> View {
        let [lo, hi] = self.panel.y.bounds(&self.extents[1]);
        let hi = lo + (hi - lo) / (1.0 - headroom);
        View { log: self.y.log, bounds: [lo, hi], pixels: [self.frame.bottom, self.frame.top] }
    }

    /// Whether labels below the x axis keep apart.
    fn labels_fit(&self) -> bool {
        self.x_ticks.major.windows(2).all(|pair| {
            let [a, b] = [&pair[0], &pair[1]];
            let apart = self.x.at_scaled(b.at) - self.x.at_scaled(a.at);
            apart >= 0.5 * (a.label.width(TICK_SIZE) + b.label.width(TICK_SIZE)) + 9.0
        })
    }

    /// Upper left corner of the legend. Where all corners are taken, the next pass has more room at the top.
    fn place_legend(&mut self) -> Option<(f64, f64)> {
        if self.panel.legend == Legend::Hidden || self.entries.is_empty() {
            return None;
        }
        if self.panel.legend == Legend::Right {
            return Some((self.frame.right + LEGEND_GAP, self.frame.top));
        }
        let (rect, _) = self.corner(&self.y);
        let needed = height_part(&self.entries, &self.frame);
        if self.panel.y.is_free() && needed < 0.6 {
            let parts = [0.0, 0.25, 0.5, 0.75, 1.0].map(|part| part * needed);
            let enough = parts.into_iter().find(|part| self.corner(&self.y_view(*part)).1 == 0.0);
            self.headroom = enough.unwrap_or(0.0);
        }
        Some((rect.left, rect.top))
    }

    /// The best corner for the legend, and how much it hides there.
    fn corner(&self, y: &View) -> (Rect, f64) {
        let shape = |series: &'a Series| (series, Shape::new(series, &self.x, y));
        let shapes: Vec<(&Series, Shape)> = self.panel.series.iter().map(shape).collect();
        self.entries.best_corner(&self.frame, &shapes)
    }

    /// Width of the widest label of the y axis.
    pub fn y_labels(&self) -> f64 {
        self.y_ticks.major.iter().map(|tick| tick.label.width(TICK_SIZE)).fold(0.0, f64::max)
    }

    /// Power of ten of an axis in words, if its labels leave one out.
    pub fn factor(ticks: &Ticks) -> Option<Words> {
        (ticks.factor != 0).then(|| Words::power("×10", ticks.factor))
    }

    fn top(&self) -> f64 {
        let above = !self.panel.title.is_empty() || self.y_ticks.factor != 0;
        if above { BORDER + TITLE_SIZE + 8.0 } else { 14.0 }
    }

    fn left(&self) -> f64 {
        let label = if self.panel.y.label.is_empty() { 0.0 } else { AXIS_GAP + AXIS_SIZE };
        let mut left = BORDER + label + self.y_labels() + TICK_GAP;
        if let Some(factor) = Self::factor(&self.y_ticks) {
            left = left.max(BORDER + factor.width(TICK_SIZE) + 4.0);
        }
        let reach = |at: f64, wide: f64| BORDER + wide - (self.x.at_scaled(at) - self.frame.left);
        for tick in &self.x_ticks.major {
            let wide = tick.label.width(TICK_SIZE);
            let part = if self.slanted { SLANT.to_radians().cos() } else { 0.5 };
            left = left.max(reach(tick.at, part * wide));
        }
        left
    }

    fn right(&self) -> f64 {
        let mut right: f64 = 12.0;
        if let Some(tick) = self.x_ticks.major.last().filter(|_| !self.slanted) {
            let over = self.x.at_scaled(tick.at) + 0.5 * tick.label.width(TICK_SIZE) - self.frame.right;
            right = right.max(over + BORDER);
        }
        if let Some(factor) = Self::factor(&self.x_ticks) {
            right = right.max(self.factor_offset() + factor.width(TICK_SIZE) + BORDER);
        }
        if self.panel.legend == Legend::Right && !self.entries.is_empty() {
            right = right.max(LEGEND_GAP + self.entries.size().0 + BORDER);
        }
        right
    }

    /// Between the right end of the frame and the power of ten of the x axis.
    pub fn factor_offset(&self) -> f64 {
        let end = |tick: &super::ticks::Tick| {
            self.x.at_scaled(tick.at) + 0.5 * tick.label.width(TICK_SIZE) - self.frame.right
        };
        self.x_ticks.major.last().map_or(0.0, end).max(0.0) + 6.0
    }

    /// Height of the labels below the frame.
    pub fn x_labels(&self) -> f64 {
        let slanted = |wide: f64| {
            let (sin, cos) = SLANT.to_radians().sin_cos();
            wide * sin.abs() + TICK_SIZE * cos
        };
        let widest =
            self.x_ticks.major.iter().map(|tick| width(&tick.label.base, TICK_SIZE)).fold(0.0, f64::max);
        if self.slanted { slanted(widest) } else { TICK_SIZE }
    }

    fn bottom(&self) -> f64 {
        let label = if self.panel.x.label.is_empty() { 0.0 } else { AXIS_GAP - 4.0 + AXIS_SIZE };
        TICK_GAP + self.x_labels() + label + BORDER
    }
}

#[cfg(test)]
mod tests {
    use super::super::axis::Axis;
    use super::*;

    fn panel(y: Axis, points: Vec<(f64, f64)>) -> Panel {
        Panel { x: Axis::linear("x"), y, series: vec![Series::line("a name", points)], ..Panel::default() }
    }

    #[test]
    fn frames_are_alike_and_inside() {
        let panels = [
            panel(Axis::linear("y"), vec![(0.0, 0.0), (1.0, 1.0)]),
            panel(Axis::linear(""), vec![(0.0, 1e6), (1e7, 3e9)]),
            Panel { legend: Legend::Right, ..panel(Axis::log("y"), vec![(0.0, 1e-7), (1.0, 1e-3)]) },
        ];
        let placed = place(&panels, 1000.0, 300.0);
        let mut at = 0.0;
        for panel in &placed {
            let frame = panel.frame;
            assert!((frame.right - frame.left - placed[0].frame.right + placed[0].frame.left).abs() < 1e-9);
            assert_eq!((frame.top, frame.bottom), (placed[0].frame.top, placed[0].frame.bottom));
            assert!(frame.left > at && frame.top > 0.0 && frame.bottom < 300.0);
            at = frame.right;
        }
        assert!(at < 1000.0 - placed[2].entries.size().0);
    }

    #[test]
    fn small_and_missing_panels_are_placed() {
        assert!(place(&[], 100.0, 100.0).is_empty());
        let panels = [panel(Axis::linear("y"), vec![(0.0, 0.0)]), Panel::default()];
        for panel in place(&panels, 10.0, 10.0) {
            assert!((panel.frame.right - panel.frame.left - SMALLEST).abs() < 1e-9);
        }
    }

    #[test]
    fn legends_get_room() {
        let everywhere = (0..400).map(|i| (f64::from(i % 20), f64::from(i / 20))).collect::<Vec<_>>();
        let of = |y: Axis| place(&[panel(y, everywhere.clone())], 500.0, 400.0)[0].y.bounds[1];
        assert!(of(Axis::linear("y")) > 20.5);
        assert_eq!(of(Axis { range: Some((0.0, 20.0)), ..Axis::linear("y") }), 20.0);
    }
}
