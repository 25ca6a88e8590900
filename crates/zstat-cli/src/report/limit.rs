//! The result of `zstat limit`.

use serde_json::{Value, json};
use zstat_inference::{Asimov, Limit, LimitOptions, LimitPoint, Reached, TestStatistic};

use super::head::{Outcome, TestHead};
use super::hypotest::BANDS;
use crate::output::number::{exact, plain};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report};
use crate::prepared::Prepared;

/// Characters of the sketch of CLs.
const SKETCH: usize = 50;
/// Its title.
pub(super) const SCALE: &str = "0 · · · · · · · · · ● observed, ○ median · · · · · 1";

/// An upper limit.
pub struct LimitReport {
    head: TestHead,
    found: Limit,
    statistic: TestStatistic,
    options: LimitOptions,
}

impl LimitReport {
    /// From the engine's result.
    pub fn new(
        prepared: &Prepared,
        asimov: Asimov,
        found: Limit,
        statistic: TestStatistic,
        options: LimitOptions,
        test_s: f64,
    ) -> Self {
        let mut warnings = found.warnings.clone();
        warnings.extend(reasons(&found, prepared.parameter()));
        let Limit { converged, fits, .. } = found;
        let stage = ("test_s", test_s);
        let head = TestHead::new(prepared, asimov, Outcome { warnings: &warnings, converged, fits, stage });
        Self { head, found, statistic, options }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }
}

/// Why there are no limits, where there are none: one line a reason.
pub fn reasons(found: &Limit, parameter: &str) -> Vec<String> {
    let all = std::iter::once(("observed", found.observed)).chain(BANDS.into_iter().zip(found.expected));
    let mut why: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, reached) in all {
        let Some(reason) = reason(reached, parameter) else { continue };
        match why.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => why.push((reason, vec![name])),
        }
    }
    why.into_iter().map(|(reason, names)| format!("no limit ({}): {reason}", names.join(", "))).collect()
}

/// A limit in a table.
pub fn shown(reached: Reached) -> String {
    match reached {
        Reached::At(value) => plain(value),
        Reached::AboveBound(bound) => format!("> {}", plain(bound)),
        Reached::NoSensitivity | Reached::Failed => "none".to_owned(),
    }
}

/// Why there is no limit.
fn reason(reached: Reached, parameter: &str) -> Option<String> {
    match reached {
        Reached::At(_) => None,
        Reached::AboveBound(bound) => Some(format!(
            "it lies above {}, the upper bound of `{parameter}`; use --widen, or widen `bounds` in the spec",
            plain(bound)
        )),
        Reached::NoSensitivity => {
            Some(format!("no sensitivity, the likelihood hardly depends on `{parameter}`"))
        }
        Reached::Failed => Some("the search came to no end".to_owned()),
    }
}

impl Report for LimitReport {
    fn command(&self) -> &'static str {
        "limit"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let found = &self.found;
        let mut body = json!({
            "test_stat": self.statistic,
            "level": self.options.level,
            "mu_hat": finite.number(found.mu_hat, || "mu_hat".to_owned()),
            "observed": found.observed.value(),
            "expected": found.expected.map(Reached::value),
            "scan": found.scan,
        });
        if self.options.curve.is_some() {
            body["curve"] = json!(found.curve);
        }
        self.head.document(body, finite)
    }

    fn text(&self, page: &mut Page) {
        let (found, name) = (&self.found, &self.head.parameter);
        let percent = plain(100.0 * self.options.level);
        let what = format!(
            "upper limit on {name} at {percent} % confidence with CLs, {}, asymptotic formulas",
            self.statistic
        );
        self.head.page(&what, page);
        page.line(format!("best {name} = {}", plain(found.mu_hat)));
        page.gap();
        let mut columns = vec![("observed", Align::Right)];
        columns.extend(BANDS.map(|band| (band, Align::Right)));
        let mut table = Table::new(&columns);
        table.row(std::iter::once(found.observed).chain(found.expected).map(|reached| shown(reached).into()));
        page.table(&table);
        let points = if found.curve.is_empty() { thinned(&found.scan) } else { found.curve.iter().collect() };
        if points.len() > 1 {
            page.heading("CLs");
            let mut table = Table::new(&[
                (name.as_str(), Align::Right),
                ("observed", Align::Right),
                ("median", Align::Right),
                (SCALE, Align::Left),
            ]);
            for point in points {
                table.row([
                    plain(point.mu).into(),
                    point.cls_obs.map(plain).unwrap_or_default().into(),
                    plain(point.cls_exp[2]).into(),
                    sketch(point.cls_obs, point.cls_exp[2], 1.0 - self.options.level).into(),
                ]);
            }
            page.table(&table);
        }
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header =
            ["mu", "cls_obs", "cls_exp_m2", "cls_exp_m1", "cls_exp_median", "cls_exp_p1", "cls_exp_p2"];
        let points = if self.options.curve.is_some() { &self.found.curve } else { &self.found.scan };
        let rows = points.iter().map(|point| {
            let observed = point.cls_obs.map(exact).unwrap_or_default();
            let expected = point.cls_exp.iter().map(|cls| exact(*cls));
            [point.mu.to_string(), observed].into_iter().chain(expected).collect()
        });
        Some(std::iter::once(header.map(str::to_owned).to_vec()).chain(rows).collect())
    }
}

/// The points without those that stand on the same spot of a sketch as the one before.
fn thinned(scan: &[LimitPoint]) -> Vec<&LimitPoint> {
    let width = scan.last().map_or(0.0, |last| last.mu) / 100.0;
    let mut out: Vec<&LimitPoint> = Vec::new();
    for point in scan {
        if out.last().is_none_or(|last| point.mu - last.mu > width) {
            out.push(point);
        }
    }
    out
}

/// CLs of data and median between 0 and 1, and the threshold.
pub(super) fn sketch(observed: Option<f64>, median: f64, threshold: f64) -> String {
    let place = |value: f64| ((value.clamp(0.0, 1.0) * (SKETCH - 1) as f64).round()) as usize;
    let mut line = vec![' '; SKETCH];
    line[place(threshold)] = '┊';
    let median = Some(median).filter(|median| !median.is_nan());
    for (value, sign) in [(median, '○'), (observed, '●')] {
        if let Some(value) = value {
            line[place(value)] = sign;
        }
    }
    line.into_iter().collect::<String>().trim_end().to_owned()
}
