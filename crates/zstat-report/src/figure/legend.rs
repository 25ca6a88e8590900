//! Legends: entries, size, the corner with most room, drawing.

use super::draw;
use super::series::{Mark, Series};
use super::shape::{Rect, Shape};
use super::text::{Anchor, Words, element, width};

/// Where the legend of a panel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Legend {
    /// In the corner with the fewest marks. If all are taken and the y axis has no range of its own, that makes room.
    #[default]
    Auto,
    /// Right of the frame.
    Right,
    /// None, for example if the panel beside it explains the same.
    Hidden,
}

const SIZE: f64 = 13.0;
const ROW: f64 = 19.0;
const SWATCH: f64 = 26.0;
const GAP: f64 = 8.0;
/// Between legend and frame; ticks are inside.
const INSET: f64 = 13.0;

/// Names in order of appearance, each with its series.
pub(super) struct Entries<'a>(Vec<(&'a str, Vec<&'a Series>)>);

impl<'a> Entries<'a> {
    pub fn new(all: &'a [Series]) -> Self {
        let mut entries: Vec<(&str, Vec<&Series>)> = Vec::new();
        for series in all.iter().filter(|series| has_entry(series)) {
            match entries.iter_mut().find(|(name, _)| *name == series.name) {
                Some((_, known)) => known.push(series),
                None => entries.push((&series.name, vec![series])),
            }
        }
        Self(entries)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (f64, f64) {
        let widest = self.0.iter().map(|(name, _)| width(name, SIZE)).fold(0.0, f64::max);
        (SWATCH + GAP + widest, ROW * self.0.len() as f64)
    }

    /// The corner of a frame in which a legend hides least, and how much that is.
    pub fn best_corner(&self, frame: &Rect, shapes: &[(&Series, Shape)]) -> (Rect, f64) {
        let mut best = (Rect::default(), f64::INFINITY);
        for rect in self.corners(frame) {
            let near = Rect {
                left: rect.left - 6.0,
                top: rect.top - 6.0,
                right: rect.right + 6.0,
                bottom: rect.bottom + 6.0,
            };
            let crowding = |(series, shape): &(&Series, Shape)| match &series.mark {
                Mark::Label { text, .. } => shape.crowding(&near, text),
                _ => shape.crowding(&near, ""),
            };
            let crowding = shapes.iter().map(crowding).sum();
            if crowding < best.1 {
                best = (rect, crowding);
            }
        }
        best
    }

    /// The corners in the order in which readers look for a legend.
    fn corners(&self, frame: &Rect) -> [Rect; 4] {
        let (wide, high) = self.size();
        let at = |right: bool, bottom: bool| {
            let left = if right { frame.right - INSET - wide } else { frame.left + INSET };
            let top = if bottom { frame.bottom - INSET - high } else { frame.top + INSET };
            Rect { left, top, right: left + wide, bottom: top + high }
        };
        [at(true, false), at(false, false), at(true, true), at(false, true)]
    }

    pub fn draw(&self, out: &mut String, left: f64, top: f64) {
        for (row, (name, all)) in self.0.iter().enumerate() {
            let middle = top + ROW * (row as f64 + 0.5);
            all.iter().for_each(|series| draw::swatch(out, series, left, middle, SWATCH));
            let at = (left + SWATCH + GAP, middle + 0.35 * SIZE);
            out.push_str(&element(at, SIZE, Anchor::Start, 0.0, "", &Words::plain(name)));
        }
    }
}

/// Part of the height of a frame that a legend needs at its top.
pub(super) fn height_part(entries: &Entries, frame: &Rect) -> f64 {
    (entries.size().1 + INSET + 6.0) / (frame.bottom - frame.top)
}

fn has_entry(series: &Series) -> bool {
    !series.name.is_empty() && !matches!(series.mark, Mark::Label { .. })
}

#[cfg(test)]
mod tests {
    use super::super::axis::View;
    use super::*;

    #[test]
    fn names_have_one_entry() {
        let all = [
            Series::line("a", vec![]),
            Series::line("", vec![]),
            Series::band("a", vec![]),
            Series::line("b", vec![]),
        ];
        let entries = Entries::new(&all);
        assert_eq!(
            entries.0.iter().map(|(name, all)| (*name, all.len())).collect::<Vec<_>>(),
            [("a", 2), ("b", 1)]
        );
        assert_eq!(entries.size().1, 2.0 * ROW);
    }

    #[test]
    fn legends_avoid_marks() {
        let frame = Rect { left: 0.0, top: 0.0, right: 400.0, bottom: 300.0 };
        let x = View { log: false, bounds: [0.0, 1.0], pixels: [0.0, 400.0] };
        let y = View { log: false, bounds: [0.0, 1.0], pixels: [300.0, 0.0] };
        let corner = |points: Vec<(f64, f64)>| {
            let series = Series::line("a name", points);
            let shapes = [(&series, Shape::new(&series, &x, &y))];
            let all = [series.clone()];
            let (rect, crowding) = Entries::new(&all).best_corner(&frame, &shapes);
            assert_eq!(crowding, 0.0);
            (rect.left > 200.0, rect.top < 150.0)
        };
        assert_eq!(corner(vec![(0.0, 1.0), (1.0, 0.0)]), (true, true));
        assert_eq!(corner(vec![(0.0, 0.0), (1.0, 1.0)]), (false, true));
        assert_eq!(corner(vec![(0.0, 0.9), (1.0, 0.9)]), (true, false));
    }
}
