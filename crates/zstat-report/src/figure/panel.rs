//! One panel as SVG: series, frame, ticks, labels, legend.

use super::draw;
use super::layout::{AXIS_GAP, AXIS_SIZE, Placed, SLANT, TICK_GAP, TICK_SIZE, TITLE_SIZE};
use super::shape::{Rect, Shape};
use super::text::{Anchor, Words, element, fit, num};

/// Lengths of ticks in pixels.
const MAJOR: f64 = 8.0;
const MINOR: f64 = 4.0;

impl Placed<'_> {
    /// Adds the panel to a figure. `clip` is the name of its clip path and must be unique in the page.
    pub fn draw(&self, out: &mut String, clip: &str) {
        let Rect { left, top, right, bottom } = self.frame;
        let (x, y, wide, high) = (num(left), num(top), num(right - left), num(bottom - top));
        let rect = format!("<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\"");
        out.push_str(&format!("<clipPath id=\"{clip}\">{rect}/></clipPath>\n"));
        if self.empty {
            let middle = (0.5 * (left + right), 0.5 * (top + bottom));
            let grey = " fill=\"#666666\"";
            out.push_str(&element(middle, AXIS_SIZE, Anchor::Middle, 0.0, grey, &Words::plain("no data")));
        } else {
            self.draw_series(out, clip);
        }
        self.draw_ticks(out);
        out.push_str(&format!("{rect} fill=\"none\" stroke=\"#000000\"/>\n"));
        self.draw_x_labels(out);
        self.draw_y_labels(out);
        self.draw_title(out);
        if let Some((left, top)) = self.legend.filter(|_| !self.empty) {
            self.entries.draw(out, left, top);
        }
    }

    fn draw_series(&self, out: &mut String, clip: &str) {
        let shapes = || self.panel.series.iter().map(|series| (series, Shape::new(series, &self.x, &self.y)));
        out.push_str(&format!("<g clip-path=\"url(#{clip})\">\n"));
        shapes().for_each(|(series, shape)| draw::marks(out, series, &shape));
        out.push_str("</g>\n");
        // Words have been moved into the frame; clipping would cut what is a little wider than expected.
        shapes().for_each(|(series, shape)| draw::words(out, series, &shape));
    }

    /// Ticks on all four sides.
    fn draw_ticks(&self, out: &mut String) {
        let Rect { left, top, right, bottom } = self.frame;
        let mut path = String::new();
        let major = |ticks: &super::ticks::Ticks| ticks.major.iter().map(|tick| tick.at).collect::<Vec<_>>();
        for (all, length) in [(&major(&self.x_ticks), MAJOR), (&self.x_ticks.minor, MINOR)] {
            for at in all.iter().map(|at| self.x.at_scaled(*at)).filter(|at| self.x.shows(*at)) {
                path += &draw::path(&[(at, bottom), (at, bottom - length)]);
                path += &draw::path(&[(at, top), (at, top + length)]);
            }
        }
        for (all, length) in [(&major(&self.y_ticks), MAJOR), (&self.y_ticks.minor, MINOR)] {
            for at in all.iter().map(|at| self.y.at_scaled(*at)).filter(|at| self.y.shows(*at)) {
                path += &draw::path(&[(left, at), (left + length, at)]);
                path += &draw::path(&[(right, at), (right - length, at)]);
            }
        }
        if !path.is_empty() {
            out.push_str(&format!("<path d=\"{path}\" fill=\"none\" stroke=\"#000000\"/>\n"));
        }
    }

    fn draw_x_labels(&self, out: &mut String) {
        let Rect { left, right, bottom, .. } = self.frame;
        let base = bottom + TICK_GAP + 0.78 * TICK_SIZE;
        for tick in &self.x_ticks.major {
            let at = self.x.at_scaled(tick.at);
            let (at, anchor, turn) = if self.slanted {
                ((at + 0.3 * TICK_SIZE, base), Anchor::End, SLANT)
            } else {
                ((at, base), Anchor::Middle, 0.0)
            };
            out.push_str(&element(at, TICK_SIZE, anchor, turn, "", &tick.label));
        }
        if let Some(factor) = Self::factor(&self.x_ticks) {
            let at = (right + self.factor_offset(), base);
            out.push_str(&element(at, TICK_SIZE, Anchor::Start, 0.0, "", &factor));
        }
        let label = &self.panel.x.label;
        if !label.is_empty() {
            let size = fit(label, AXIS_SIZE, right - left);
            let base = bottom + TICK_GAP + self.x_labels() + AXIS_GAP - 4.0 + 0.78 * AXIS_SIZE;
            out.push_str(&element((right, base), size, Anchor::End, 0.0, "", &Words::plain(label)));
        }
    }

    fn draw_y_labels(&self, out: &mut String) {
        let Rect { left, top, bottom, .. } = self.frame;
        for tick in &self.y_ticks.major {
            let at = (left - TICK_GAP, self.y.at_scaled(tick.at) + 0.36 * TICK_SIZE);
            out.push_str(&element(at, TICK_SIZE, Anchor::End, 0.0, "", &tick.label));
        }
        if let Some(factor) = Self::factor(&self.y_ticks) {
            let at = (left - 4.0, top - 7.0);
            out.push_str(&element(at, TICK_SIZE, Anchor::End, 0.0, "", &factor));
        }
        let label = &self.panel.y.label;
        if !label.is_empty() {
            let size = fit(label, AXIS_SIZE, bottom - top);
            let base = left - TICK_GAP - self.y_labels() - AXIS_GAP;
            out.push_str(&element((base, top), size, Anchor::End, -90.0, "", &Words::plain(label)));
        }
    }

    fn draw_title(&self, out: &mut String) {
        let title = &self.panel.title;
        if !title.is_empty() {
            let Rect { left, top, right, .. } = self.frame;
            let size = fit(title, TITLE_SIZE, (right - left) / 1.08);
            let bold = " font-weight=\"bold\"";
            out.push_str(&element((left, top - 7.0), size, Anchor::Start, 0.0, bold, &Words::plain(title)));
        }
    }
}
