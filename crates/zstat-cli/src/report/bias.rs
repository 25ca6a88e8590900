//! The result of `zstat bias`: fitted against injected values.

use serde_json::{Value, json};
use zstat_inference::{Bias, BiasPoint, Coverage, Line, Response};

use super::head::Head;
use super::of_toys;
use super::toys::coverage;
use crate::output::number::{exact, fixed, plain, several, with_uncertainty};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report};

/// Characters of the sketch.
const WIDTH: usize = 60;
const HEIGHT: usize = 17;

/// The toys of a study.
#[derive(Debug, Clone, Copy)]
pub struct ToysOfBias {
    /// Toys of each injected value.
    pub per_point: u64,
    /// Seed.
    pub seed: u64,
}

/// An injection and bias study.
pub struct BiasReport {
    head: Head,
    parameter: String,
    found: Bias,
    toys: ToysOfBias,
}

impl BiasReport {
    /// From the engine's result.
    pub fn new(head: Head, parameter: &str, found: Bias, toys: ToysOfBias) -> Self {
        Self { head, parameter: parameter.to_owned(), found, toys }
    }

    fn resolution(&self) -> f64 {
        self.found.points.iter().map(|point| point.resolution).fold(0.0, f64::max)
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    fn estimates(&self, page: &mut Page) {
        let columns = [
            ("injected", Align::Right),
            ("mean", Align::Right),
            ("± error", Align::Right),
            ("median", Align::Right),
            ("± error", Align::Right),
            ("rms", Align::Right),
            ("± error", Align::Right),
            ("bias", Align::Right),
            ("in σ", Align::Right),
            ("of median", Align::Right),
            ("in σ", Align::Right),
        ];
        let mut table = Table::new(&columns);
        let number = |x: Option<f64>| x.map(plain).unwrap_or_default();
        let short = |x: Option<f64>| x.map(|x| fixed(x, 3)).unwrap_or_default();
        for point in &self.found.points {
            let Response { truth, value, .. } = &point.response;
            table.row([
                plain(*truth).into(),
                number(value.mean()).into(),
                number(value.mean_error()).into(),
                number(point.median.map(|median| median.value)).into(),
                number(median_error(point)).into(),
                number(value.width()).into(),
                number(point.width_error).into(),
                number(point.response.bias()).into(),
                short(point.in_widths(point.response.bias())).into(),
                number(point.median_bias()).into(),
                short(point.in_widths(point.median_bias())).into(),
            ]);
        }
        page.table(&table);
    }

    fn pulls(&self, page: &mut Page) {
        let titles = Coverage::LEVELS.map(|level| format!("{} % covers", fixed(100.0 * level, 1)));
        let mut columns = vec![
            ("injected", Align::Right),
            ("pull mean", Align::Right),
            ("± error", Align::Right),
            ("pull width", Align::Right),
            ("± error", Align::Right),
        ];
        titles
            .iter()
            .for_each(|title| columns.extend([(title.as_str(), Align::Right), ("± error", Align::Right)]));
        columns.extend(["at bound", "retried", "failed"].map(|title| (title, Align::Right)));
        let mut table = Table::new(&columns);
        let short = |x: Option<f64>| x.map(|x| fixed(x, 3)).unwrap_or_default();
        let count = |n: u64| if n > 0 { n.to_string() } else { String::new() };
        for point in &self.found.points {
            let pull = &point.response.pull;
            let mut row = vec![plain(point.response.truth)];
            row.extend([pull.mean(), pull.mean_error(), pull.width(), pull.width_error()].map(short));
            let mut fractions = point.coverage.fractions();
            for _ in Coverage::LEVELS {
                let covered = fractions.next().map(|(_, covered)| [covered.value, covered.error]);
                let percent = |x: f64| format!("{} %", fixed(100.0 * x, 1));
                row.extend(covered.map_or_else(Default::default, |numbers| numbers.map(percent)));
            }
            row.extend([point.response.at_bound, point.retried, point.failed].map(count));
            table.row(row.into_iter().map(Into::into));
        }
        page.table(&table);
    }

    fn line(&self, line: &Line, page: &mut Page) {
        page.heading("line through the means");
        let [[intercept, mixed], [_, slope]] = line.covariance;
        page.line(format!("  slope      {}", with_uncertainty(line.slope, slope.sqrt())));
        page.line(format!("  intercept  {}", with_uncertainty(line.intercept, intercept.sqrt())));
        page.line(format!("  correlation of the two  {}", fixed(mixed / (intercept * slope).sqrt(), 2)));
        if let Some(p) = line.p_value {
            let degrees = if line.dof == 1 { "1 degree".to_owned() } else { format!("{} degrees", line.dof) };
            let p = if p < 1e-3 { format!("{p:.1e}") } else { fixed(p, 3) };
            page.line(format!("  χ² = {} for {degrees} of freedom, p = {p}", fixed(line.chi_squared, 2)));
        }
    }

    /// Means with their standard deviations over the injected values, and where fitted is injected.
    fn sketch(&self, page: &mut Page) {
        let points: Vec<[f64; 3]> = (self.found.points.iter())
            .filter_map(|point| {
                let value = &point.response.value;
                Some([point.response.truth, value.mean()?, value.width().unwrap_or(0.0)])
            })
            .collect();
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)])
        };
        let [left, right] = ends(&mut points.iter().map(|point| point[0]));
        let [bottom, top] = ends(&mut points.iter().flat_map(|[x, y, width]| [*x, y - width, y + width]));
        if !(right > left && top > bottom && (right - left).is_finite() && (top - bottom).is_finite()) {
            return;
        }
        let column = |x: f64| ((x - left) / (right - left) * (WIDTH - 1) as f64).round() as usize;
        let row = |y: f64| ((y - bottom) / (top - bottom) * (HEIGHT - 1) as f64).round() as usize;
        let mut cells = vec![[' '; WIDTH]; HEIGHT];
        for at in 0..WIDTH {
            cells[row(left + (right - left) * at as f64 / (WIDTH - 1) as f64)][at] = '·';
        }
        for &[x, y, width] in &points {
            (row(y - width)..=row(y + width)).for_each(|row| cells[row][column(x)] = '│');
        }
        points.iter().for_each(|&[x, y, _]| cells[row(y)][column(x)] = '●');
        page.heading(&format!("fitted {} over injected", self.parameter));
        let labels = [plain(top), plain(bottom)];
        let margin = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        for (at, line) in cells.iter().enumerate().rev() {
            let label = match at {
                0 => labels[1].as_str(),
                at if at == HEIGHT - 1 => labels[0].as_str(),
                _ => "",
            };
            page.line(format!("  {label:>margin$} ┤{}", line.iter().collect::<String>()).trim_end());
        }
        page.line(format!("  {:margin$} └{}", "", "─".repeat(WIDTH)));
        let (from, to) = (plain(left), plain(right));
        let gap = WIDTH.saturating_sub(from.chars().count());
        page.line(format!("  {:margin$}  {from}{to:>gap$}", ""));
        page.line("  ● mean, │ ± rms, · fitted = injected");
    }
}

fn median_error(point: &BiasPoint) -> Option<f64> {
    point.median.map(|median| median.error).filter(|error| error.is_finite())
}

/// The numbers of a point, by their names in JSON and CSV.
fn numbers(point: &BiasPoint) -> [(&'static str, Option<f64>); 16] {
    let Response { truth, value, pull, .. } = &point.response;
    let bias = point.response.bias();
    [
        ("injected", Some(*truth)),
        ("mean", value.mean()),
        ("mean_error", value.mean_error()),
        ("median", point.median.map(|median| median.value)),
        ("median_error", median_error(point)),
        ("rms", value.width()),
        ("rms_error", point.width_error),
        ("bias", bias),
        ("bias_error", value.mean_error()),
        ("bias_in_rms", point.in_widths(bias)),
        ("median_bias", point.median_bias()),
        ("median_bias_in_rms", point.in_widths(point.median_bias())),
        ("pull_mean", pull.mean()),
        ("pull_mean_error", pull.mean_error()),
        ("pull_width", pull.width()),
        ("pull_width_error", pull.width_error()),
    ]
}

fn counts(point: &BiasPoint) -> [(&'static str, u64); 5] {
    [
        ("toys", point.toys),
        ("failed", point.failed),
        ("retried", point.retried),
        ("at_bound", point.response.at_bound),
        ("with_uncertainty", point.response.pull.count()),
    ]
}

fn line_json(line: &Line) -> Value {
    let [[intercept, _], [_, slope]] = line.covariance;
    json!({
        "slope": line.slope,
        "slope_error": slope.sqrt(),
        "intercept": line.intercept,
        "intercept_error": intercept.sqrt(),
        "covariance": { "names": ["intercept", "slope"], "matrix": line.covariance },
        "chi_squared": line.chi_squared,
        "dof": line.dof,
        "p_value": line.p_value,
    })
}

impl Report for BiasReport {
    fn command(&self) -> &'static str {
        "bias"
    }

    fn json(&self) -> Value {
        let points = &self.found.points;
        let point = |point: &BiasPoint| {
            let mut out: serde_json::Map<String, Value> =
                numbers(point).into_iter().map(|(name, x)| (name.to_owned(), json!(x))).collect();
            out.insert("coverage".to_owned(), coverage(&point.coverage));
            out.extend(counts(point).map(|(name, count)| (name.to_owned(), json!(count))));
            Value::Object(out)
        };
        let sum = |count: fn(&BiasPoint) -> u64| points.iter().map(count).sum::<u64>();
        let body = json!({
            "parameter": self.parameter,
            "toys": {
                "per_point": self.toys.per_point,
                "failed": sum(|point| point.failed),
                "retried": sum(|point| point.retried),
                "resolution": self.resolution(),
                "seed": self.toys.seed,
            },
            "line": self.found.line.as_ref().map(line_json),
            "points": points.iter().map(point).collect::<Vec<_>>(),
        });
        self.head.document([body], Finite::default())
    }

    fn text(&self, page: &mut Page) {
        let ToysOfBias { per_point, seed } = self.toys;
        let values = several(self.found.points.len() as u64, "injected value");
        let toys = several(per_point, "toy");
        let toys = if self.found.points.len() > 1 { format!("{toys} each") } else { toys };
        self.head.page(&format!("bias of {}, {values} with {toys}, seed {seed}", self.parameter), page);
        // Those that took a second attempt are in the table.
        of_toys::notes(page, 0, self.resolution(), "medians");
        page.heading(&format!("fitted {}", self.parameter));
        self.estimates(page);
        page.heading("pulls and coverage");
        self.pulls(page);
        if let Some(line) = &self.found.line {
            self.line(line, page);
        }
        self.sketch(page);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let names = |level: f64| {
            let name = format!("covered_{}", fixed(100.0 * level, 0));
            [format!("{name}_error"), name].into_iter().rev()
        };
        let first = self.found.points.first()?;
        let header: Vec<String> = (numbers(first).iter().map(|(name, _)| (*name).to_owned()))
            .chain(Coverage::LEVELS.into_iter().flat_map(names))
            .chain(counts(first).iter().map(|(name, _)| (*name).to_owned()))
            .collect();
        let number = |x: Option<f64>| x.map(exact).unwrap_or_default();
        let rows = self.found.points.iter().map(|point| {
            let mut fractions = point.coverage.fractions();
            let covered = Coverage::LEVELS.into_iter().flat_map(|_| {
                let covered = fractions.next().map(|(_, covered)| covered);
                [covered.map(|covered| covered.value), covered.map(|covered| covered.error)]
            });
            let covered: Vec<Option<f64>> = covered.collect();
            let cells = numbers(point).into_iter().map(|(_, x)| x).chain(covered).map(number);
            cells.chain(counts(point).map(|(_, count)| count.to_string())).collect()
        });
        Some(std::iter::once(header).chain(rows).collect())
    }
}
