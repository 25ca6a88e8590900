//! The result of `zstat limit --patch FILE:ALL`: one row a patch.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_formats::{Member, PatchValue};
use zstat_inference::{Asimov, Limit, LimitOptions, Reached, TestStatistic};

use super::head::{Head, Outcome};
use super::hypotest::BANDS;
use super::limit::{reasons, shown};
use crate::failure::Failure;
use crate::output::number::plain;
use crate::output::table::{Align, Table};
use crate::output::{BAD, Finite, GOOD, Page, Report};
use crate::prepared::Prepared;
use crate::session::SpecInfo;

/// Characters of the sketch of the limits.
const SKETCH: usize = 45;
/// Of patches with the same remark so many are named.
const NAMED: usize = 5;

/// What came of one patch, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatchRecord {
    /// Why there is no model or no test; empty where there is a limit.
    pub faults: Vec<String>,
    /// The limit.
    pub limit: Option<PatchLimit>,
}

/// The limit of one patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatchLimit {
    spec: SpecInfo,
    poi: String,
    mu_hat: Option<f64>,
    observed: Reached,
    expected: [Reached; 5],
    converged: bool,
    fits: usize,
    warnings: Vec<String>,
}

impl PatchLimit {
    /// From the engine's result.
    pub fn new(prepared: &Prepared, found: &Limit) -> Self {
        let mut finite = Finite::default();
        let mu_hat = finite.number(found.mu_hat, || "mu_hat".to_owned());
        let mut warnings = prepared.warnings(&found.warnings);
        warnings.extend(reasons(found, prepared.parameter()));
        warnings.extend(finite.warnings);
        Self {
            spec: prepared.session.info(),
            poi: prepared.parameter().to_owned(),
            mu_hat,
            observed: found.observed,
            expected: found.expected,
            converged: found.converged,
            fits: found.fits,
            warnings,
        }
    }

    fn all(&self) -> impl Iterator<Item = Reached> {
        std::iter::once(self.observed).chain(self.expected)
    }
}

/// A patch and what came of it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The patch.
    pub member: Member,
    /// What came of it.
    pub record: PatchRecord,
}

impl Row {
    /// Is there a limit, or a bound that it lies above, found by fits that converged?
    fn complete(&self) -> bool {
        let sensitive = |limit: &PatchLimit| limit.all().all(|reached| reached != Reached::NoSensitivity);
        self.record.limit.as_ref().is_some_and(|limit| limit.converged && sensitive(limit))
    }

    /// Faults, then warnings.
    fn remarks(&self) -> impl Iterator<Item = &String> {
        self.record.faults.iter().chain(self.record.limit.iter().flat_map(|limit| &limit.warnings))
    }

    fn status(&self) -> &'static str {
        match &self.record.limit {
            None => "faulty",
            Some(limit) if !limit.converged => "NOT CONVERGED",
            Some(_) => "",
        }
    }

    fn json(&self, common: &[String]) -> Value {
        let limit = self.record.limit.as_ref();
        let notes = limit.map(|limit| limit.spec.notes.iter().filter(|note| !common.contains(note)));
        json!({
            "name": self.member.name,
            "values": self.member.values,
            "digest": limit.map(|limit| &limit.spec.digest),
            "poi": limit.map(|limit| &limit.poi),
            "mu_hat": limit.and_then(|limit| limit.mu_hat),
            "observed": limit.and_then(|limit| limit.observed.value()),
            "expected": limit.map(|limit| limit.expected.map(Reached::value)),
            "status": {
                "converged": limit.is_some_and(|limit| limit.converged),
                "fits": limit.map_or(0, |limit| limit.fits),
                "faults": self.record.faults,
                "warnings": limit.map_or(&[][..], |limit| &limit.warnings),
                "notes": notes.into_iter().flatten().collect::<Vec<_>>(),
            },
        })
    }
}

/// What the job gave.
pub struct SetOutcome {
    /// One a patch, in the order of the set.
    pub rows: Vec<Row>,
    /// Digest of workspace and patches.
    pub digest: String,
    /// Name of the patch set.
    pub file: String,
    /// What the values of a patch are.
    pub labels: Vec<String>,
    /// Seconds to read what all share.
    pub load_s: f64,
    /// Seconds for all limits.
    pub test_s: f64,
}

/// The limits of many patches.
pub struct PatchLimitsReport {
    head: Head,
    outcome: SetOutcome,
    /// Remarks of the reader that hold for all.
    common: Vec<String>,
    /// The parameter of interest, where it is the same for all.
    poi: Option<String>,
    asimov: Asimov,
    statistic: TestStatistic,
    options: LimitOptions,
}

impl PatchLimitsReport {
    /// From the records of a job.
    ///
    /// # Errors
    /// Where not one patch gives a model.
    pub fn new(
        outcome: SetOutcome,
        asimov: Asimov,
        statistic: TestStatistic,
        options: LimitOptions,
    ) -> Result<Self, Failure> {
        let rows = &outcome.rows;
        let limits: Vec<&PatchLimit> = rows.iter().filter_map(|row| row.record.limit.as_ref()).collect();
        let Some(first) = limits.first() else {
            let (file, count) = (outcome.file.clone(), rows.len());
            return Err(Failure::NoMember { file, count, reasons: grouped(rows) });
        };
        let holds_for_all = |note: &String| limits.iter().all(|limit| limit.spec.notes.contains(note));
        let notes = first.spec.notes.iter();
        // Of one patch alone everything would hold for all.
        let common: Vec<String> =
            notes.filter(|note| limits.len() > 1 && holds_for_all(note)).cloned().collect();
        let same_poi = limits.iter().all(|limit| limit.poi == first.poi);
        let poi = same_poi.then(|| first.poi.clone());
        let spec = SpecInfo { digest: outcome.digest.clone(), notes: common.clone(), ..first.spec.clone() };
        let mut warnings = Vec::new();
        let faulty = rows.len() - limits.len();
        if faulty > 0 {
            warnings.push(format!("faulty, without a result: {faulty} of {} patches", rows.len()));
        }
        let converged = limits.len() == rows.len() && limits.iter().all(|limit| limit.converged);
        let fits = limits.iter().map(|limit| limit.fits).sum();
        let stage = ("test_s", outcome.test_s);
        let about = Outcome { warnings: &warnings, converged, fits, stage };
        let head = Head::of_spec(spec, outcome.load_s, about);
        Ok(Self { head, outcome, common, poi, asimov, statistic, options })
    }

    /// Has every patch a limit, or a bound that it lies above, found by fits that converged?
    pub fn complete(&self) -> bool {
        self.outcome.rows.iter().all(Row::complete)
    }

    fn numbers(&self, page: &mut Page) {
        let best = format!("best {}", self.poi.as_deref().unwrap_or("POI"));
        let mut columns = vec![("patch", Align::Left)];
        columns.extend(self.outcome.labels.iter().map(|label| (label.as_str(), Align::Right)));
        columns.extend([(best.as_str(), Align::Right), ("observed", Align::Right)]);
        columns.extend(BANDS.map(|band| (band, Align::Right)));
        columns.push(("", Align::Left));
        let mut table = Table::new(&columns);
        for row in &self.outcome.rows {
            let mut cells = vec![row.member.name.clone()];
            cells.extend(row.member.values.iter().map(PatchValue::text));
            match &row.record.limit {
                Some(limit) => {
                    cells.push(limit.mu_hat.map(plain).unwrap_or_default());
                    cells.extend(limit.all().map(shown));
                }
                None => cells.extend(std::iter::repeat_n(String::new(), 2 + BANDS.len())),
            }
            cells.push(row.status().to_owned());
            table.row(cells.into_iter().map(Into::into));
        }
        page.table(&table);
    }

    /// Limits of data and median, on a logarithmic scale.
    fn sketch(&self, page: &mut Page) {
        let limits = |row: &Row| row.record.limit.as_ref().map(|limit| [limit.expected[2], limit.observed]);
        let all = self.outcome.rows.iter().filter_map(limits).flatten().filter_map(Reached::value);
        let positive: Vec<f64> = all.filter(|value| *value > 0.0).collect();
        if positive.is_empty() {
            return;
        }
        let [low, high] = positive.iter().fold([1.0_f64, 1.0], |[low, high], x| [low.min(*x), high.max(*x)]);
        let width = (high / low).ln();
        let place = |value: f64| ((value / low).ln() / width * (SKETCH - 2) as f64).round() as usize;
        let (first, last) = (plain(low), plain(high));
        let room = SKETCH.saturating_sub(first.len());
        let title = format!("{first}{last:>room$}");
        let mut table = Table::new(&[("patch", Align::Left), (&title, Align::Left)]);
        for row in &self.outcome.rows {
            let mut line = vec![' '; SKETCH];
            line[place(1.0).min(SKETCH - 1)] = '┊';
            for (reached, sign) in limits(row).into_iter().flatten().zip(['○', '●']) {
                match reached {
                    Reached::At(value) if value > 0.0 => line[place(value).min(SKETCH - 1)] = sign,
                    Reached::AboveBound(_) => line[SKETCH - 1] = '>',
                    _ => {}
                }
            }
            let line = line.into_iter().collect::<String>();
            table.row([row.member.name.clone().into(), line.trim_end().into()]);
        }
        page.heading("limits: ● observed, ○ median, ┊ 1, on a logarithmic scale");
        page.table(&table);
    }
}

impl Report for PatchLimitsReport {
    fn command(&self) -> &'static str {
        "limit"
    }

    fn json(&self) -> Value {
        let about = json!({
            "poi": self.poi,
            "calculator": "asymptotic",
            "asimov": self.asimov,
            "test_stat": self.statistic,
            "level": self.options.level,
            "patch_set": { "file": self.outcome.file, "labels": self.outcome.labels },
            "patches": self.outcome.rows.iter().map(|row| row.json(&self.common)).collect::<Vec<_>>(),
        });
        self.head.document([about], Finite::default())
    }

    fn text(&self, page: &mut Page) {
        let poi = self.poi.as_deref().unwrap_or("the parameter of interest");
        let percent = plain(100.0 * self.options.level);
        let rows = &self.outcome.rows;
        let good = rows.iter().filter(|row| row.complete()).count();
        let what = format!(
            "upper limits on {poi} at {percent} % confidence with CLs, {}, asymptotic formulas, for {} of {}",
            self.statistic,
            if rows.len() == 1 { "1 patch".to_owned() } else { format!("{} patches", rows.len()) },
            self.outcome.file
        );
        let word = if good == rows.len() {
            "all done".to_owned()
        } else {
            format!("{good} DONE, {} NOT", rows.len() - good)
        };
        let style = if good == rows.len() { GOOD } else { BAD };
        self.head.page_with(&what, (&word, style), page);
        page.gap();
        self.numbers(page);
        self.sketch(page);
        let remarks = grouped(rows);
        if !remarks.is_empty() {
            page.heading("remarks");
            remarks.iter().for_each(|remark| page.warning(remark));
        }
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let numbers = ["mu_hat", "observed", "exp_m2", "exp_m1", "exp_median", "exp_p1", "exp_p2"];
        let labels = self.outcome.labels.iter().map(String::as_str);
        let header = std::iter::once("patch").chain(labels).chain(numbers).chain(["converged", "remarks"]);
        let mut out = vec![header.map(str::to_owned).collect::<Vec<_>>()];
        for row in &self.outcome.rows {
            let limit = row.record.limit.as_ref();
            let mut cells = vec![row.member.name.clone()];
            cells.extend(row.member.values.iter().map(PatchValue::text));
            let mu_hat = limit.and_then(|limit| limit.mu_hat);
            let all = limit.map(|limit| limit.all().map(Reached::value).collect::<Vec<_>>());
            let limits = all.unwrap_or_else(|| vec![None; 1 + BANDS.len()]);
            let numbers = std::iter::once(mu_hat).chain(limits);
            cells.extend(numbers.map(|value| value.map(|value| value.to_string()).unwrap_or_default()));
            cells.push(limit.is_some_and(|limit| limit.converged).to_string());
            cells.push(row.remarks().cloned().collect::<Vec<_>>().join("; "));
            out.push(cells);
        }
        Some(out)
    }
}

/// Remarks with the patches that they are about, each once.
fn grouped(rows: &[Row]) -> Vec<String> {
    let mut groups: Vec<(&String, Vec<&str>)> = Vec::new();
    for row in rows {
        for remark in row.remarks() {
            match groups.iter_mut().find(|(known, _)| *known == remark) {
                Some((_, names)) => names.push(&row.member.name),
                None => groups.push((remark, vec![&row.member.name])),
            }
        }
    }
    let told = |(remark, names): (&String, Vec<&str>)| {
        let shown = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match names.len().saturating_sub(NAMED) {
            0 => format!("{shown}: {remark}"),
            more => format!("{shown} and {more} more: {remark}"),
        }
    };
    groups.into_iter().map(told).collect()
}
