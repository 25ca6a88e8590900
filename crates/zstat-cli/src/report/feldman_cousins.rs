//! The result of `zstat feldman-cousins`.

use serde_json::{Value, json};
use zstat_inference::{Calculator, End, Unified};

use super::head::Head;
use super::of_toys;
use crate::output::number::{exact, fixed, plain, several, with_uncertainty};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report};

/// Characters of the sketch of p, from 0 to 1.
const SKETCH: usize = 41;

/// The toys of an interval.
#[derive(Debug, Clone, Copy)]
pub struct ToysOfUnified {
    /// Toys of each value tested.
    pub per_point: u64,
    /// Toys that took a second attempt.
    pub retried: u64,
    /// Seed.
    pub seed: u64,
}

/// A unified interval.
pub struct FeldmanCousinsReport {
    head: Head,
    parameter: String,
    found: Unified,
    toys: Option<ToysOfUnified>,
}

impl FeldmanCousinsReport {
    /// From the engine's result; `toys` where it took any.
    pub fn new(head: Head, parameter: &str, found: Unified, toys: Option<ToysOfUnified>) -> Self {
        Self { head, parameter: parameter.to_owned(), found, toys }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }
}

impl Report for FeldmanCousinsReport {
    fn command(&self) -> &'static str {
        "feldman-cousins"
    }

    fn json(&self) -> Value {
        let found = &self.found;
        let mut finite = Finite::default();
        let points: Vec<Value> = (found.points.iter())
            .map(|point| {
                let mut number = |x: f64, what: &str| finite.number(x, || format!("{what} at {}", point.mu));
                json!({
                    "mu": point.mu,
                    "t_obs": number(point.t_obs, "t_obs"),
                    "t_critical": number(point.t_critical, "t_critical"),
                    "p_value": number(point.p_value.value, "p_value"),
                    "error": number(point.p_value.error, "error"),
                    "accepted": point.p_value.value > 1.0 - found.level,
                    "failed": point.failed,
                    "converged": point.converged,
                })
            })
            .collect();
        let value = |end: Option<End>| end.map(|end| end.value);
        let error = |end: Option<End>| end.and_then(|end| end.error);
        let mut body = json!({
            "poi": self.parameter,
            "calculator": found.calculator,
            "best": found.best,
            "range": found.range,
            "interval": {
                "level": found.level,
                "low": value(found.low),
                "high": value(found.high),
                "low_error": error(found.low),
                "high_error": error(found.high),
            },
        });
        if let Some(toys) = &self.toys {
            let failed: u64 = found.points.iter().map(|point| point.failed).sum();
            body["toys"] = json!({
                "per_point": toys.per_point, "failed": failed, "retried": toys.retried,
                "resolution": found.resolution, "seed": toys.seed,
            });
        }
        body["points"] = Value::Array(points);
        self.head.document([body], finite)
    }

    fn text(&self, page: &mut Page) {
        let (found, name) = (&self.found, self.parameter.as_str());
        let how = match (found.calculator, &self.toys) {
            (Calculator::Toys, Some(toys)) => {
                format!("{} a value, seed {}", several(toys.per_point, "toy"), toys.seed)
            }
            _ => "exact sums".to_owned(),
        };
        self.head.page(&format!("unified interval of {name}, {how}"), page);
        if let Some(toys) = &self.toys {
            of_toys::notes(page, toys.retried, found.resolution, "critical values");
        }
        let end = |end: Option<End>| match end {
            Some(End { value, error: Some(error) }) => with_uncertainty(value, error),
            Some(End { value, error: None }) => plain(value),
            None => "outside".to_owned(),
        };
        let level = fixed(100.0 * found.level, 1);
        page.line(format!("best {name} = {}", plain(found.best)));
        page.line(format!("{level} % interval: {} to {}", end(found.low), end(found.high)));
        page.heading("values tested");
        let alpha = 1.0 - found.level;
        let title = format!("p from 0 to 1, ┊ at {}", plain(alpha));
        let columns = [
            (name, Align::Right),
            ("t", Align::Right),
            ("critical", Align::Right),
            ("p", Align::Right),
            ("± error", Align::Right),
            (&title, Align::Left),
        ];
        let mut table = Table::new(&columns);
        for point in &found.points {
            let error = point.p_value.error;
            table.row([
                plain(point.mu).into(),
                fixed(point.t_obs, 3).into(),
                fixed(point.t_critical, 3).into(),
                fixed(point.p_value.value, 4).into(),
                if error > 0.0 { fixed(error, 4) } else { String::new() }.into(),
                sketch(point.p_value.value, alpha).into(),
            ]);
        }
        page.table(&table);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = [self.parameter.as_str(), "t_obs", "t_critical", "p_value", "error", "converged"];
        let rows = self.found.points.iter().map(|point| {
            let numbers = [point.mu, point.t_obs, point.t_critical, point.p_value.value, point.p_value.error];
            let converged = point.converged.to_string();
            numbers.map(exact).into_iter().chain([converged]).collect()
        });
        Some(std::iter::once(header.map(str::to_owned).to_vec()).chain(rows).collect())
    }
}

/// `●` at p, `┊` at the level's complement.
fn sketch(p: f64, alpha: f64) -> String {
    let cell = |x: f64| (x.clamp(0.0, 1.0) * (SKETCH - 1) as f64).round() as usize;
    // No number has no place.
    let (at, mark) = (p.is_finite().then(|| cell(p)), cell(alpha));
    let end = at.unwrap_or(mark).max(mark);
    let symbol = |i: usize| match i {
        i if Some(i) == at => '●',
        i if i == mark => '┊',
        _ => ' ',
    };
    (0..=end).map(symbol).collect()
}

#[cfg(test)]
mod tests {
    use super::sketch;

    #[test]
    fn sketches() {
        assert_eq!(sketch(0.0, 0.05), "● ┊");
        assert_eq!(sketch(0.05, 0.05), "  ●");
        assert_eq!(sketch(0.1, 0.05), "  ┊ ●");
        assert_eq!(sketch(f64::NAN, 0.05), "  ┊");
        assert_eq!(sketch(1.0, 0.05).chars().count(), 41);
    }
}
