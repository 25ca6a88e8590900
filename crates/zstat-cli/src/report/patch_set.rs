//! The result of a study of each patch of a set: one row a patch, whatever the study is.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_formats::{Member, PatchValue};
use zstat_inference::Asimov;

use super::head::{Head, Outcome, joined};
use crate::failure::Failure;
use crate::output::number::{exact, plain};
use crate::output::table::{Align, Table};
use crate::output::{BAD, Finite, GOOD, Page, Report};
use crate::prepared::Prepared;
use crate::session::SpecInfo;

/// Of patches with the same remark so many are named.
const NAMED: usize = 5;
/// Where no patch has a result, so many reasons are told.
const REASONS: usize = 10;

/// A study with asymptotic formulas, and how its results are shown.
pub trait PatchStudy: Sync {
    /// The numbers of one patch, as they are kept.
    type Numbers: Clone + Send + Serialize + DeserializeOwned;

    /// Name of the command.
    fn command(&self) -> &'static str;

    /// What progress is counted in.
    fn noun(&self) -> &'static str;

    /// What was done about the parameter `poi`, for people.
    fn title(&self, poi: &str) -> String;

    /// What all rows have in common, in JSON.
    fn about(&self, finite: &mut Finite) -> Value;

    /// The numbers of one patch in JSON; each `null` where there are none.
    fn json(&self, numbers: Option<&Self::Numbers>) -> Value;

    /// Columns of the page, behind the best value.
    fn columns(&self) -> Vec<&'static str>;

    /// A cell for each of [`PatchStudy::columns`].
    fn cells(&self, numbers: &Self::Numbers) -> Vec<String>;

    /// Columns of the CSV table, behind the best value.
    fn header(&self) -> Vec<&'static str>;

    /// A number for each of [`PatchStudy::header`], where there is one.
    fn numbers(&self, numbers: &Self::Numbers) -> Vec<Option<f64>>;

    /// All rows on one scale; patches without a result have a line without marks.
    fn sketch(&self, rows: &[(&str, Option<&Self::Numbers>)], page: &mut Page);
}

/// What came of one patch, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatchRecord<N> {
    /// Why there is no model or no test; empty where there is a result.
    pub faults: Vec<String>,
    /// The result.
    pub found: Option<PatchFound<N>>,
}

/// The result of one patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatchFound<N> {
    spec: SpecInfo,
    poi: String,
    mu_hat: Option<f64>,
    numbers: N,
    converged: bool,
    fits: usize,
    warnings: Vec<String>,
}

/// What every study of one patch tells of its fits.
#[derive(Debug, Clone, Copy)]
pub struct PatchFits<'a> {
    /// The best value of the parameter.
    pub mu_hat: f64,
    /// Did all converge?
    pub converged: bool,
    /// How many.
    pub fits: usize,
    /// What a reader should know.
    pub warnings: &'a [String],
}

impl<N> PatchFound<N> {
    /// From the engine's result; what of the `numbers` is not finite stands in `finite`.
    pub fn new(prepared: &Prepared, fits: PatchFits<'_>, numbers: N, finite: Finite) -> Self {
        let mut of_best = Finite::default();
        let mu_hat = of_best.number(fits.mu_hat, || "mu_hat".to_owned());
        let mut warnings = prepared.warnings(fits.warnings);
        warnings.extend(of_best.warnings.into_iter().chain(finite.warnings));
        Self {
            spec: prepared.session.info(),
            poi: prepared.parameter().to_owned(),
            mu_hat,
            numbers,
            converged: fits.converged,
            fits: fits.fits,
            warnings,
        }
    }
}

/// A patch and what came of it.
#[derive(Debug, Clone)]
pub struct Row<N> {
    /// The patch.
    pub member: Member,
    /// What came of it.
    pub record: PatchRecord<N>,
}

impl<N> Row<N> {
    fn numbers(&self) -> Option<&N> {
        self.record.found.as_ref().map(|found| &found.numbers)
    }

    /// Faults, then warnings.
    fn remarks(&self) -> impl Iterator<Item = &String> {
        self.record.faults.iter().chain(self.record.found.iter().flat_map(|found| &found.warnings))
    }

    /// Has it a result, found by fits that converged? That there is no limit may be one.
    fn is_done(&self) -> bool {
        self.record.found.as_ref().is_some_and(|found| found.converged)
    }

    fn status(&self) -> &'static str {
        match &self.record.found {
            None => "faulty",
            Some(found) if !found.converged => "NOT CONVERGED",
            Some(_) => "",
        }
    }
}

/// What the job gave.
pub struct SetOutcome<N> {
    /// One a patch, in the order of the set.
    pub rows: Vec<Row<N>>,
    /// Digest of workspace and patches.
    pub digest: String,
    /// Name of the patch set.
    pub file: String,
    /// What the values of a patch are.
    pub labels: Vec<String>,
    /// Seconds to read what all share.
    pub load_s: f64,
    /// Seconds for all patches.
    pub test_s: f64,
}

/// The results of many patches.
pub struct PatchSetReport<'a, S: PatchStudy> {
    head: Head,
    outcome: SetOutcome<S::Numbers>,
    /// Remarks of the reader that hold for all.
    common: Vec<String>,
    /// The parameter of interest, where it is the same for all.
    poi: Option<String>,
    asimov: Asimov,
    study: &'a S,
}

impl<'a, S: PatchStudy> PatchSetReport<'a, S> {
    /// From the records of a job.
    ///
    /// # Errors
    /// Where not one patch gives a model.
    pub fn new(outcome: SetOutcome<S::Numbers>, asimov: Asimov, study: &'a S) -> Result<Self, Failure> {
        let rows = &outcome.rows;
        let all: Vec<&PatchFound<S::Numbers>> =
            rows.iter().filter_map(|row| row.record.found.as_ref()).collect();
        let Some(first) = all.first() else {
            let (file, count) = (outcome.file.clone(), rows.len());
            let mut reasons = grouped(rows);
            if reasons.len() > REASONS {
                let more = reasons.split_off(REASONS).len();
                reasons.push(format!("and {more} more"));
            }
            return Err(Failure::NoMember { file, count, reasons });
        };
        let holds_for_all = |note: &String| all.iter().all(|found| found.spec.notes.contains(note));
        let notes = first.spec.notes.iter();
        // Of one patch alone everything would hold for all.
        let common: Vec<String> =
            notes.filter(|note| all.len() > 1 && holds_for_all(note)).cloned().collect();
        let same_poi = all.iter().all(|found| found.poi == first.poi);
        let poi = same_poi.then(|| first.poi.clone());
        let spec = SpecInfo { digest: outcome.digest.clone(), notes: common.clone(), ..first.spec.clone() };
        let mut warnings = Vec::new();
        let faulty = rows.len() - all.len();
        if faulty > 0 {
            warnings.push(format!("faulty, without a result: {faulty} of {} patches", rows.len()));
        }
        let converged = all.len() == rows.len() && all.iter().all(|found| found.converged);
        let fits = all.iter().map(|found| found.fits).sum();
        let stage = ("test_s", outcome.test_s);
        let about = Outcome { warnings: &warnings, converged, fits, stage };
        let head = Head::of_spec(spec, outcome.load_s, about);
        Ok(Self { head, outcome, common, poi, asimov, study })
    }

    /// Has every patch a result, found by fits that converged?
    pub fn complete(&self) -> bool {
        self.outcome.rows.iter().all(Row::is_done)
    }

    fn row_json(&self, row: &Row<S::Numbers>) -> Value {
        let found = row.record.found.as_ref();
        let notes = found.map(|found| found.spec.notes.iter().filter(|note| !self.common.contains(note)));
        let about = json!({
            "name": row.member.name,
            "values": row.member.values,
            "digest": found.map(|found| &found.spec.digest),
            "poi": found.map(|found| &found.poi),
            "mu_hat": found.and_then(|found| found.mu_hat),
        });
        let status = json!({ "status": {
            "converged": found.is_some_and(|found| found.converged),
            "fits": found.map_or(0, |found| found.fits),
            "faults": row.record.faults,
            "warnings": found.map_or(&[][..], |found| &found.warnings),
            "notes": notes.into_iter().flatten().collect::<Vec<_>>(),
        }});
        joined([about, self.study.json(row.numbers()), status])
    }

    fn table(&self, page: &mut Page) {
        let best = format!("best {}", self.poi.as_deref().unwrap_or("POI"));
        let mut columns = vec![("patch", Align::Left)];
        columns.extend(self.outcome.labels.iter().map(|label| (label.as_str(), Align::Right)));
        columns.push((best.as_str(), Align::Right));
        let of_study = self.study.columns();
        columns.extend(of_study.iter().map(|column| (*column, Align::Right)));
        columns.push(("", Align::Left));
        let mut table = Table::new(&columns);
        for row in &self.outcome.rows {
            let mut cells = vec![row.member.name.clone()];
            cells.extend(row.member.values.iter().map(PatchValue::text));
            match &row.record.found {
                Some(found) => {
                    cells.push(found.mu_hat.map(plain).unwrap_or_default());
                    cells.extend(self.study.cells(&found.numbers));
                }
                None => cells.extend(std::iter::repeat_n(String::new(), 1 + of_study.len())),
            }
            cells.push(row.status().to_owned());
            table.row(cells.into_iter().map(Into::into));
        }
        page.table(&table);
    }
}

impl<S: PatchStudy> Report for PatchSetReport<'_, S> {
    fn command(&self) -> &'static str {
        self.study.command()
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let about = json!({ "poi": self.poi, "calculator": "asymptotic", "asimov": self.asimov });
        let of_study = self.study.about(&mut finite);
        let patches = json!({
            "patch_set": { "file": self.outcome.file, "labels": self.outcome.labels },
            "patches": self.outcome.rows.iter().map(|row| self.row_json(row)).collect::<Vec<_>>(),
        });
        self.head.document([about, of_study, patches], finite)
    }

    fn text(&self, page: &mut Page) {
        let rows = &self.outcome.rows;
        let count = match rows.len() {
            1 => "1 patch".to_owned(),
            count => format!("{count} patches"),
        };
        let title = self.study.title(self.poi.as_deref().unwrap_or("the parameter of interest"));
        let what = format!("{title}, asymptotic formulas, for {count} of {}", self.outcome.file);
        let good = rows.iter().filter(|row| row.is_done()).count();
        let (word, style) = match rows.len() - good {
            0 => ("all done".to_owned(), GOOD),
            bad => (format!("{good} DONE, {bad} NOT"), BAD),
        };
        self.head.page_with(&what, (&word, style), page);
        page.gap();
        self.table(page);
        let marks: Vec<_> = rows.iter().map(|row| (row.member.name.as_str(), row.numbers())).collect();
        self.study.sketch(&marks, page);
        let remarks = grouped(rows);
        if !remarks.is_empty() {
            page.heading("remarks");
            remarks.iter().for_each(|remark| page.warning(remark));
        }
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let labels = self.outcome.labels.iter().map(String::as_str);
        let header = self.study.header();
        let size = header.len();
        let header = std::iter::once("patch").chain(labels).chain(["mu_hat"]).chain(header);
        let header = header.chain(["converged", "remarks"]).map(str::to_owned);
        let mut out = vec![header.collect::<Vec<_>>()];
        for row in &self.outcome.rows {
            let found = row.record.found.as_ref();
            let mut cells = vec![row.member.name.clone()];
            cells.extend(row.member.values.iter().map(PatchValue::text));
            let numbers = found.map(|found| self.study.numbers(&found.numbers));
            let numbers = numbers.unwrap_or_else(|| vec![None; size]);
            let all = std::iter::once(found.and_then(|found| found.mu_hat)).chain(numbers);
            cells.extend(all.map(|value| value.map(exact).unwrap_or_default()));
            cells.push(found.is_some_and(|found| found.converged).to_string());
            cells.push(row.remarks().cloned().collect::<Vec<_>>().join("; "));
            out.push(cells);
        }
        Some(out)
    }
}

/// Remarks with the patches that they are about, each once.
fn grouped<N>(rows: &[Row<N>]) -> Vec<String> {
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
