//! The result of `zstat scan` over two parameters.

use serde_json::{Value, json};
use zstat_inference::{Contour, PlanePoint, PlaneScan, threshold_2d};

use super::head::Head;
use crate::output::number::{exact, fixed, plain};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report};

/// Size of the sketch, in characters.
const WIDTH: usize = 60;
const HEIGHT: usize = 20;
/// What fills the regions of the sketch, from the innermost.
const BANDS: [char; 4] = ['█', '▓', '▒', '░'];

/// A profile scan of a plane.
pub struct PlaneReport {
    head: Head,
    names: [String; 2],
    found: PlaneScan,
}

impl PlaneReport {
    /// From the engine's result.
    pub fn new(head: Head, names: [String; 2], found: PlaneScan) -> Self {
        Self { head, names, found }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    /// 2 ΔNLL at a place of the plane, between the points of the grid by their weights: for the eye only.
    fn between(&self, place: [f64; 2]) -> f64 {
        let [rows, shape] = [self.found.shape[1], self.found.shape[0]];
        let cell = |k: usize, count: usize| {
            let [low, high] = self.found.range[k];
            let at = (place[k] - low) / (high - low) * (count - 1) as f64;
            let first = (at.floor() as usize).min(count - 2);
            (first, at - first as f64)
        };
        let ((i, x), (j, y)) = (cell(0, shape), cell(1, rows));
        let at = |i: usize, j: usize| self.found.points[i * rows + j].delta_twice_nll;
        let bottom = at(i, j) * (1.0 - x) + at(i + 1, j) * x;
        let top = at(i, j + 1) * (1.0 - x) + at(i + 1, j + 1) * x;
        bottom * (1.0 - y) + top * y
    }

    /// The levels, ascending.
    fn levels(&self) -> Vec<f64> {
        let mut levels: Vec<f64> = self.found.contours.iter().map(|contour| contour.level).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        levels
    }

    /// The plane, the second parameter upwards.
    fn sketch(&self, page: &mut Page) {
        let [[left, right], [bottom, top]] = self.found.range;
        let levels = self.levels();
        let cell = |place: f64, [low, high]: [f64; 2], count: usize| {
            ((place - low) / (high - low) * (count - 1) as f64).round()
        };
        let [best_x, best_y] = self.found.best;
        let (column, row) = (cell(best_x, [left, right], WIDTH), cell(best_y, [bottom, top], HEIGHT));
        let labels = [plain(top), plain(bottom)];
        let margin = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        for line in (0..HEIGHT).rev() {
            let y = bottom + (top - bottom) * line as f64 / (HEIGHT - 1) as f64;
            let cells: String = (0..WIDTH)
                .map(|at| {
                    if (at as f64, line as f64) == (column, row) {
                        return '◆';
                    }
                    let delta = self.between([left + (right - left) * at as f64 / (WIDTH - 1) as f64, y]);
                    let band = levels.iter().position(|&level| delta <= threshold_2d(level));
                    band.map_or(' ', |band| BANDS[band.min(BANDS.len() - 1)])
                })
                .collect();
            let label = match line {
                0 => labels[1].as_str(),
                line if line == HEIGHT - 1 => labels[0].as_str(),
                _ => "",
            };
            page.line(format!("  {label:>margin$} │{cells}").trim_end());
        }
        page.line(format!("  {:margin$} └{}", "", "─".repeat(WIDTH)));
        let (from, to) = (plain(left), plain(right));
        let gap = WIDTH.saturating_sub(from.chars().count());
        page.line(format!("  {:margin$}  {from}{to:>gap$}", ""));
        let bands = levels.iter().zip(BANDS.iter().chain(std::iter::repeat(&BANDS[BANDS.len() - 1])));
        let bands: Vec<String> =
            bands.map(|(level, band)| format!("{band} {} %", fixed(100.0 * level, 1))).collect();
        page.line(format!("  across {}, up {}; ◆ best, {}", self.names[0], self.names[1], bands.join(", ")));
    }
}

fn is_closed(contour: &Contour) -> bool {
    !contour.lines.is_empty() && contour.lines.iter().all(|line| line.closed)
}

fn contours(all: &[Contour]) -> Vec<Value> {
    let one = |contour: &Contour| {
        let lines: Vec<&Vec<[f64; 2]>> = contour.lines.iter().map(|line| &line.points).collect();
        let threshold = threshold_2d(contour.level);
        json!({ "level": contour.level, "threshold": threshold, "closed": is_closed(contour), "lines": lines })
    };
    all.iter().map(one).collect()
}

impl Report for PlaneReport {
    fn command(&self) -> &'static str {
        "scan"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let [x, y] = &self.names;
        let point = |point: &PlanePoint| {
            let [a, b] = point.values;
            let delta = finite.number(point.delta_twice_nll, || format!("2 ΔNLL at {a}, {b}"));
            let mut out = json!({
                "values": { x.as_str(): a, y.as_str(): b }, "delta_twice_nll": delta, "converged": point.converged,
            });
            if let Some(part) = point.delta_statistical {
                out["delta_statistical"] = json!(finite.number(part, || format!("the part at {a}, {b}")));
            }
            out
        };
        let points: Vec<Value> = self.found.points.iter().map(point).collect();
        let [best, range] = [
            json!({ x.as_str(): self.found.best[0], y.as_str(): self.found.best[1] }),
            json!({ x.as_str(): self.found.range[0], y.as_str(): self.found.range[1] }),
        ];
        let mut body = json!({
            "parameters": self.names,
            "best": best,
            "range": range,
            "shape": self.found.shape,
            "contours": contours(&self.found.contours),
        });
        if !self.found.statistical.is_empty() {
            body["contours_statistical"] = json!(contours(&self.found.statistical));
        }
        body["points"] = Value::Array(points);
        self.head.document([body], finite)
    }

    fn text(&self, page: &mut Page) {
        let [x, y] = &self.names;
        self.head.page(&format!("profile likelihood of {x} and {y}"), page);
        page.line(format!("best {x} = {}, {y} = {}", plain(self.found.best[0]), plain(self.found.best[1])));
        page.heading("contours");
        let mut table = Table::new(&[
            ("", Align::Left),
            ("level", Align::Right),
            ("2 ΔNLL", Align::Right),
            (x, Align::Left),
            (y, Align::Left),
            ("", Align::Left),
        ]);
        let parts = self.found.contours.iter().map(|contour| ("", contour));
        for (what, contour) in parts.chain(self.found.statistical.iter().map(|c| ("statistical", c))) {
            let reach = |k: usize| {
                let all = contour.lines.iter().flat_map(|line| &line.points).map(|point| point[k]);
                let ends = all.fold(None, |ends: Option<[f64; 2]>, x| {
                    Some(ends.map_or([x, x], |[low, high]| [low.min(x), high.max(x)]))
                });
                ends.map(|[low, high]| format!("{} … {}", plain(low), plain(high))).unwrap_or_default()
            };
            let form = match (contour.lines.len(), is_closed(contour)) {
                (0, _) => "none".to_owned(),
                (1, true) => String::new(),
                (count, true) => format!("{count} parts"),
                (_, false) => "leaves the range".to_owned(),
            };
            table.row([
                what.into(),
                format!("{} %", fixed(100.0 * contour.level, 1)).into(),
                fixed(threshold_2d(contour.level), 3).into(),
                reach(0).into(),
                reach(1).into(),
                form.into(),
            ]);
        }
        page.table(&table);
        page.heading("2 ΔNLL");
        self.sketch(page);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let [x, y] = &self.names;
        let header = [x.as_str(), y.as_str(), "delta_twice_nll", "delta_statistical", "converged"];
        let rows = self.found.points.iter().map(|point| {
            let part = point.delta_statistical.map(exact).unwrap_or_default();
            let [a, b] = point.values;
            vec![
                a.to_string(),
                b.to_string(),
                exact(point.delta_twice_nll),
                part,
                point.converged.to_string(),
            ]
        });
        Some(std::iter::once(header.map(str::to_owned).to_vec()).chain(rows).collect())
    }
}
