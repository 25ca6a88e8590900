//! The result of `zstat scan`.

use serde_json::{Value, json};
use zstat_inference::{Interval, Scan};

use super::head::Head;
use crate::output::number::{exact, fixed, offset, plain};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report};

/// Characters of the sketch of 2 ΔNLL, and the largest value in it.
const SKETCH: usize = 40;
const HIGHEST: f64 = 10.0;

/// A profile scan.
pub struct ScanReport {
    head: Head,
    parameter: String,
    found: Scan,
}

impl ScanReport {
    /// From the engine's result.
    pub fn new(head: Head, parameter: &str, found: Scan) -> Self {
        Self { head, parameter: parameter.to_owned(), found }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }
}

fn intervals(all: &[Interval]) -> Vec<Value> {
    all.iter().map(|i| json!({ "level": i.level, "low": i.low, "high": i.high })).collect()
}

impl Report for ScanReport {
    fn command(&self) -> &'static str {
        "scan"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let name = self.parameter.as_str();
        let points: Vec<Value> = (self.found.points.iter())
            .map(|point| {
                let delta = finite.number(point.delta_twice_nll, || format!("2 ΔNLL at {}", point.value));
                let mut out = json!({
                    "values": { name: point.value }, "delta_twice_nll": delta, "converged": point.converged,
                });
                if let Some(part) = point.delta_statistical {
                    out["delta_statistical"] =
                        json!(finite.number(part, || format!("the part at {}", point.value)));
                }
                out
            })
            .collect();
        let open = self.found.intervals.iter().filter(|i| i.low.is_none() || i.high.is_none()).count();
        if open > 0 {
            finite.warnings.push("ends of intervals that are null lie outside the range".to_owned());
        }
        let mut body = json!({
            "parameter": name,
            "best": self.found.best,
            "range": self.found.range,
            "intervals": intervals(&self.found.intervals),
        });
        if !self.found.statistical.is_empty() {
            body["intervals_statistical"] = json!(intervals(&self.found.statistical));
        }
        body["points"] = Value::Array(points);
        self.head.document([body], finite)
    }

    fn text(&self, page: &mut Page) {
        let (found, name) = (&self.found, self.parameter.as_str());
        self.head.page(&format!("profile likelihood of {name}"), page);
        page.line(format!("best {name} = {}", plain(found.best)));
        let has_intervals = !found.intervals.is_empty() || !found.statistical.is_empty();
        if has_intervals {
            page.heading("intervals");
        }
        let columns =
            [("", Align::Left), ("level", Align::Right), ("from", Align::Right), ("to", Align::Right)];
        let columns = [&columns[..], &[("relative to the best", Align::Left)]].concat();
        let mut table = Table::new(&columns);
        let end = |end: Option<f64>| end.map_or("outside".to_owned(), plain);
        let parts = found.intervals.iter().map(|i| ("", i));
        for (what, interval) in parts.chain(found.statistical.iter().map(|i| ("statistical", i))) {
            let inside = |x: &Option<f64>| x.map(|x| offset(x - found.best)).unwrap_or_default();
            table.row([
                what.into(),
                format!("{} %", fixed(100.0 * interval.level, 1)).into(),
                end(interval.low).into(),
                end(interval.high).into(),
                format!("{} {}", inside(&interval.low), inside(&interval.high)).into(),
            ]);
        }
        page.table(&table);
        page.heading("2 ΔNLL");
        let mut table = Table::new(&[
            (name, Align::Right),
            ("2 ΔNLL", Align::Right),
            ("statistical", Align::Right),
            ("0 · · · · · · · · · · · · · · · · · · 10", Align::Left),
        ]);
        for point in &found.points {
            table.row([
                plain(point.value).into(),
                fixed(point.delta_twice_nll, 4).into(),
                point.delta_statistical.map(|part| fixed(part, 4)).unwrap_or_default().into(),
                bar(point.delta_twice_nll).into(),
            ]);
        }
        page.table(&table);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = [self.parameter.as_str(), "delta_twice_nll", "delta_statistical", "converged"];
        let rows = self.found.points.iter().map(|point| {
            let part = point.delta_statistical.map(exact).unwrap_or_default();
            vec![point.value.to_string(), exact(point.delta_twice_nll), part, point.converged.to_string()]
        });
        Some(std::iter::once(header.map(str::to_owned).to_vec()).chain(rows).collect())
    }
}

/// Nothing where the value is unknown.
fn bar(delta: f64) -> String {
    if delta.is_nan() {
        return String::new();
    }
    let length = (delta.clamp(0.0, HIGHEST) / HIGHEST * (SKETCH - 1) as f64).round();
    format!("{}●", " ".repeat(length as usize))
}
