//! Series as SVG elements.
//!
//! In: series and their shapes in pixels. Out: elements, not yet clipped.

use super::series::{Dash, Mark, Marker, Series};
use super::shape::{LABEL_SIZE, Pixel, Shape};
use super::text::{Words, element, num};

/// Half the size of a marker.
const RADIUS: f64 = 4.0;

/// Areas, lines and markers of a series.
pub(super) fn marks(out: &mut String, series: &Series, shape: &Shape) {
    if !shape.areas.is_empty() {
        area(out, series, &shape.areas);
    }
    if !shape.lines.is_empty() {
        line(out, series, &shape.lines);
    }
    if !shape.markers.is_empty() {
        markers(out, series, &shape.markers);
    }
}

/// Words of a series, if it has any.
pub(super) fn words(out: &mut String, series: &Series, shape: &Shape) {
    if let (Mark::Label { text, .. }, Some((at, anchor))) = (&series.mark, shape.words) {
        let colour = format!(" fill=\"{}\"", series.colour.hex());
        out.push_str(&element(at, LABEL_SIZE, anchor, 0.0, &colour, &Words::plain(text)));
    }
}

/// What stands for a series in the legend: `wide` pixels around `y`, from `x`.
pub(super) fn swatch(out: &mut String, series: &Series, x: f64, y: f64, wide: f64) {
    let stroke = vec![(x, y), (x + wide, y)];
    let block = |half: f64| {
        vec![(x, y - half), (x + wide, y - half), (x + wide, y + half), (x, y + half), (x, y - half)]
    };
    match &series.mark {
        Mark::Line(_) | Mark::Horizontal(_) | Mark::Vertical(_) => line(out, series, &[stroke]),
        Mark::Steps { .. } if !series.filled => line(out, series, &[stroke]),
        Mark::Points(points) => {
            let middle = x + 0.5 * wide;
            if points.iter().any(|point| point.ends() != [point.y; 2]) {
                line(out, series, &[vec![(middle, y - 8.0), (middle, y + 8.0)]]);
            }
            markers(out, series, &[(middle, y)]);
        }
        Mark::Band(_) => area(out, series, &[block(5.0)]),
        Mark::Steps { .. } | Mark::Ellipses(_) => {
            if series.filled {
                area(out, series, &[block(5.0)]);
            }
            line(out, series, &[block(5.0)]);
        }
        Mark::Label { .. } => {}
    }
}

fn area(out: &mut String, series: &Series, areas: &[Vec<Pixel>]) {
    let (colour, opacity) = (series.colour.hex(), num(series.opacity.clamp(0.0, 1.0)));
    let path: String = areas.iter().map(|area| path(area) + "Z").collect();
    out.push_str(&format!("<path d=\"{path}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>\n"));
}

fn line(out: &mut String, series: &Series, lines: &[Vec<Pixel>]) {
    // Gaps in error bars would look like other bars.
    let dash = match (&series.mark, series.dash) {
        (Mark::Points(_), _) | (_, Dash::Solid) => "",
        (_, Dash::Dashed) => " stroke-dasharray=\"7 4\"",
        (_, Dash::Dotted) => " stroke-dasharray=\"2 3\"",
    };
    let (colour, width) = (series.colour.hex(), stroke_width(series));
    let path: String = lines.iter().map(|line| path(line)).collect();
    out.push_str(&format!(
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash}/>\n"
    ));
}

fn markers(out: &mut String, series: &Series, centres: &[Pixel]) {
    let (colour, width) = (series.colour.hex(), stroke_width(series));
    let fill = if series.filled { colour.clone() } else { "#ffffff".to_owned() };
    out.push_str(&format!("<g fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"{width}\">\n"));
    for &(x, y) in centres {
        let element = match series.marker {
            Marker::Circle => {
                format!("<circle cx=\"{}\" cy=\"{}\" r=\"{}\"/>\n", num(x), num(y), num(0.9 * RADIUS))
            }
            Marker::Square => {
                let half = 0.85 * RADIUS;
                let size = num(2.0 * half);
                let (x, y) = (num(x - half), num(y - half));
                format!("<rect x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\"/>\n")
            }
            Marker::Triangle => {
                let (half, top, bottom) = (1.05 * RADIUS, y - 1.15 * RADIUS, y + 0.8 * RADIUS);
                format!("<path d=\"{}Z\"/>\n", path(&[(x, top), (x + half, bottom), (x - half, bottom)]))
            }
        };
        out.push_str(&element);
    }
    out.push_str("</g>\n");
}

fn stroke_width(series: &Series) -> String {
    num(if series.width.is_finite() { series.width.clamp(0.0, 100.0) } else { 1.0 })
}

/// Commands of a path along pixels.
pub(super) fn path(pixels: &[Pixel]) -> String {
    let mut out = String::new();
    for (at, &(x, y)) in pixels.iter().enumerate() {
        out.push_str(&format!("{}{} {}", if at == 0 { "M" } else { "L" }, num(x), num(y)));
    }
    out
}
