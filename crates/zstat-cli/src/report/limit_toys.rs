//! The result of `zstat limit --toys`.

use serde_json::{Value, json};
use zstat_inference::{Limit, LimitByToys, Reached, TestStatistic, ToyReached};

use super::head::TestHead;
use super::hypotest::BANDS;
use super::limit::{SCALE, shown, sketch};
use super::of_toys;
use crate::output::number::{exact, plain, several};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report};

/// What the toys gave, and of what.
pub struct ToyRun {
    /// The limits.
    pub found: LimitByToys,
    /// Those of asymptotic formulas, around which the grid was placed.
    pub asymptotic: Limit,
    /// What was compared.
    pub statistic: TestStatistic,
    /// Confidence level.
    pub level: f64,
    /// Seed of the toys.
    pub seed: u64,
}

/// Limits from toys.
pub struct LimitToysReport {
    head: TestHead,
    run: ToyRun,
    /// Why there are no limits, where there are none.
    reasons: Vec<String>,
}

impl LimitToysReport {
    /// From the engine's result.
    pub fn new(head: TestHead, run: ToyRun) -> Self {
        let all = std::iter::once(("observed", run.found.observed))
            .chain(BANDS.into_iter().zip(run.found.expected));
        let mut why: Vec<(String, Vec<&str>)> = Vec::new();
        for (name, reached) in all {
            let Some(reason) = reason(reached, &run, &head.parameter) else { continue };
            match why.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, names)) => names.push(name),
                None => why.push((reason, vec![name])),
            }
        }
        let line =
            |(reason, names): (String, Vec<&str>)| format!("no limit ({}): {reason}", names.join(", "));
        let reasons = why.into_iter().map(line).collect();
        Self { head, run, reasons }
    }

    /// Did all fits converge, and no toy fail?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    fn all(&self) -> impl Iterator<Item = ToyReached> {
        std::iter::once(self.run.found.observed).chain(self.run.found.expected)
    }
}

/// Why there is no limit.
fn reason(reached: ToyReached, run: &ToyRun, parameter: &str) -> Option<String> {
    let alpha = plain(1.0 - run.level);
    match reached {
        ToyReached::At { .. } => None,
        ToyReached::AboveBound(bound) => Some(format!(
            "it lies above {}, the upper bound of `{parameter}`; use --widen, or widen `bounds` in the spec",
            plain(bound)
        )),
        ToyReached::AboveGrid(last) => Some(format!(
            "CLs is above {alpha} up to {}, the end of the grid; widen it with --range",
            plain(last)
        )),
        ToyReached::BelowGrid(first) => Some(format!(
            "CLs is below {alpha} from {} on, the start of the grid; widen it with --range",
            plain(first)
        )),
        ToyReached::NoToys(mu) => {
            let is_first = run.found.points.first().is_some_and(|point| point.mu == mu);
            let more = "ask for more with --toys";
            let help = if is_first {
                format!("begin lower with --range, or {more}")
            } else {
                format!("{more}, or for a finer grid with --points")
            };
            let toys = run.found.toys.requested;
            let none = match toys {
                1 => "the one toy is not".to_owned(),
                _ => format!("not one of {toys} toys is"),
            };
            Some(format!("{none} so extreme at {parameter} = {}; {help}", plain(mu)))
        }
        ToyReached::NoSensitivity => {
            Some(format!("no sensitivity, the likelihood hardly depends on `{parameter}`"))
        }
    }
}

fn cell(reached: ToyReached) -> String {
    match reached {
        ToyReached::At { value, .. } => plain(value),
        ToyReached::AboveBound(end) | ToyReached::AboveGrid(end) => format!("> {}", plain(end)),
        ToyReached::BelowGrid(end) => format!("< {}", plain(end)),
        ToyReached::NoToys(_) | ToyReached::NoSensitivity => "none".to_owned(),
    }
}

impl Report for LimitToysReport {
    fn command(&self) -> &'static str {
        "limit"
    }

    fn json(&self) -> Value {
        let mut finite = Finite { warnings: self.reasons.clone() };
        let ToyRun { found, asymptotic, .. } = &self.run;
        let toys = json!({
            "requested": found.toys.requested,
            "failed": found.toys.failed,
            "retried": found.toys.retried,
            "resolution": found.resolution,
            "seed": self.run.seed,
        });
        let mu_hat = finite.number(found.mu_hat, || "mu_hat".to_owned());
        let mut scan = Vec::new();
        for point in &found.points {
            let mut number =
                |value: f64, what: &str| finite.number(value, || format!("{what} at {}", point.mu));
            let tails = point.observed;
            scan.push(json!({
                "mu": point.mu,
                "q_obs": number(point.q_obs, "q_obs"),
                "cls_obs": number(tails.cls.value, "cls_obs"),
                "cls_obs_error": number(tails.cls.error, "cls_obs_error"),
                "clsb_obs": number(tails.clsb.value, "clsb_obs"),
                "clb_obs": number(tails.clb.value, "clb_obs"),
                "cls_exp": point.expected.map(|cls| number(cls.value, "cls_exp")),
                "cls_exp_errors": point.expected.map(|cls| number(cls.error, "cls_exp_errors")),
            }));
        }
        let body = json!({
            "toys": toys,
            "test_stat": self.run.statistic,
            "level": self.run.level,
            "mu_hat": mu_hat,
            "observed": found.observed.value(),
            "observed_error": found.observed.error(),
            "expected": found.expected.map(ToyReached::value),
            "expected_errors": found.expected.map(ToyReached::error),
            "asymptotic": {
                "observed": asymptotic.observed.value(),
                "expected": asymptotic.expected.map(Reached::value),
            },
            "scan": scan,
        });
        self.head.document(body, finite)
    }

    fn text(&self, page: &mut Page) {
        let (ToyRun { found, asymptotic, .. }, name) = (&self.run, &self.head.parameter);
        let ends = [found.points.first(), found.points.last()].map(|point| point.map_or(f64::NAN, |p| p.mu));
        let what = format!(
            "upper limit on {name} at {} % confidence with CLs, {}, {} of each of {} values from {} to {} and of no signal, seed {}",
            plain(100.0 * self.run.level),
            self.run.statistic,
            several(found.toys.requested, "toy"),
            found.points.len(),
            plain(ends[0]),
            plain(ends[1]),
            self.run.seed
        );
        self.head.page(&what, page);
        self.reasons.iter().for_each(|reason| page.warning(reason));
        of_toys::notes(page, found.toys.retried, found.resolution, "what is expected");
        page.line(format!("best {name} = {}", plain(found.mu_hat)));
        page.gap();
        let mut columns = vec![("", Align::Left), ("observed", Align::Right)];
        columns.extend(BANDS.map(|band| (band, Align::Right)));
        let mut table = Table::new(&columns);
        let row = |title: &str, cells: Vec<String>| {
            std::iter::once(title.to_owned()).chain(cells).map(Into::into).collect::<Vec<_>>()
        };
        table.row(row("limit", self.all().map(cell).collect()));
        table.row(row(
            "error",
            self.all().map(|reached| reached.error().map(plain).unwrap_or_default()).collect(),
        ));
        let formulas = std::iter::once(asymptotic.observed).chain(asymptotic.expected);
        table.row(row("asymptotic", formulas.map(shown).collect()));
        page.table(&table);
        page.heading("CLs");
        let columns = [
            (name.as_str(), Align::Right),
            ("observed", Align::Right),
            ("error", Align::Right),
            ("median", Align::Right),
            (SCALE, Align::Left),
        ];
        let mut table = Table::new(&columns);
        for point in &found.points {
            let (cls, median) = (point.observed.cls, point.expected[2].value);
            let observed = Some(cls.value).filter(|cls| !cls.is_nan());
            table.row([
                plain(point.mu).into(),
                plain(cls.value).into(),
                plain(cls.error).into(),
                plain(median).into(),
                sketch(observed, median, 1.0 - self.run.level).into(),
            ]);
        }
        page.table(&table);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        const PARTS: [&str; 5] = ["m2", "m1", "median", "p1", "p2"];
        let mut header = ["mu", "cls_obs", "cls_obs_error"].map(str::to_owned).to_vec();
        header.extend(PARTS.map(|part| format!("cls_exp_{part}")));
        header.extend(PARTS.map(|part| format!("cls_exp_{part}_error")));
        let rows = self.run.found.points.iter().map(|point| {
            let cls = point.observed.cls;
            let expected =
                point.expected.map(|cls| cls.value).into_iter().chain(point.expected.map(|cls| cls.error));
            let numbers = [point.mu, cls.value, cls.error].into_iter().chain(expected);
            numbers.map(exact).collect()
        });
        Some(std::iter::once(header).chain(rows).collect())
    }
}
