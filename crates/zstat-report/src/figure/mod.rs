//! Figures in the style of particle physics: a thin frame, ticks inside on all sides, a legend without a box.
//!
//! In: numbers and names. Out: SVG that needs nothing else, the same bytes for the same figure. Nothing here panics: values that
//! cannot be drawn are left out, and a panel without any says so.

mod axis;
mod colour;
mod draw;
mod layout;
mod legend;
mod panel;
mod series;
mod shape;
mod text;
mod ticks;

pub use axis::{Axis, Scale};
pub use colour::Colour;
pub use legend::Legend;
pub use series::{Dash, Ellipse, Mark, Marker, Point, Series, Side};

use text::{escape, num};

/// Panels side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What the figure shows, for readers who cannot see it. It is not drawn.
    pub title: String,
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    /// From left to right.
    pub panels: Vec<Panel>,
}

/// A frame with two axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// Stands above the frame; empty for none.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is shown; later ones cover earlier ones.
    pub series: Vec<Series>,
    /// Where the names of the series are.
    pub legend: Legend,
}

impl Figure {
    /// A figure of the usual size: 560 pixels for one panel, 460 for each of several, 400 high.
    pub fn new(title: &str, panels: Vec<Panel>) -> Self {
        let width = if panels.len() > 1 { 460.0 * panels.len() as f64 } else { 560.0 };
        Self { title: title.to_owned(), width, height: 400.0, panels }
    }

    /// The figure as a file of its own, or to be put into HTML. Sizes that are not numbers count as those of [`Figure::new`].
    pub fn svg(&self) -> String {
        let usual = Self::new("", self.panels.clone());
        let size = |asked: f64, usual: f64| if asked.is_finite() { asked.clamp(100.0, 2e4) } else { usual };
        let (width, height) = (size(self.width, usual.width), size(self.height, usual.height));
        let placed = layout::place(&self.panels, width, height);
        let body = |prefix: &str| {
            let mut out = String::new();
            placed.iter().enumerate().for_each(|(at, panel)| panel.draw(&mut out, &format!("{prefix}-{at}")));
            out
        };
        // A page may hold many figures, and names of clip paths count in all of it.
        let prefix = format!("zstat-{:016x}", hash(&body("")));
        let (width, height, title) = (num(width), num(height), escape(&self.title));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"Helvetica, Arial, sans-serif\" \
             fill=\"#000000\" stroke-linejoin=\"round\">\n<title>{title}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            body(&prefix)
        )
    }
}

/// FNV-1a, which is the same everywhere.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
