//! The result of `zstat toys`: what the fits of pseudo-data make of the truth.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zstat_core::model::Model;
use zstat_inference::{Coverage, Estimate, Response, StudyRecord};

use super::head::Head;
use super::pull_bar::pull_bar;
use crate::failure::Failure;
use crate::output::number::{exact, fixed, plain, several};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report, json_document, write_file};

/// What the toys add up to, one record after the other.
pub struct Studied {
    parameters: Vec<(String, Response)>,
    poi: Option<(String, f64)>,
    toys: u64,
    /// Toys whose fits failed with every start and minimiser.
    pub failed: u64,
    retried: u64,
    coverage: Coverage,
}

impl Studied {
    /// Nothing yet, of the parameters `reported`.
    pub fn new(model: &Model, reported: &[usize], truth: &[f64], poi: Option<usize>) -> Self {
        let parameter = |&i: &usize| {
            let parameter = &model.parameters()[i];
            (parameter.name.clone(), Response::new(truth[i], parameter.bounds))
        };
        Self {
            parameters: reported.iter().map(parameter).collect(),
            poi: poi.map(|poi| (model.parameters()[poi].name.clone(), truth[poi])),
            toys: 0,
            failed: 0,
            retried: 0,
            coverage: Coverage::default(),
        }
    }

    /// One more toy.
    pub fn add(&mut self, record: &StudyRecord) {
        self.toys += 1;
        self.retried += u64::from(record.converged && record.rescued);
        if !record.converged {
            self.failed += 1;
            return;
        }
        for (((_, response), &value), error) in
            self.parameters.iter_mut().zip(&record.values).zip(&record.errors)
        {
            response.add(value, *error);
        }
        if let Some(rise) = record.twice_rise {
            self.coverage.add(rise);
        }
    }

    /// What a reader should know.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.failed > 0 {
            warnings.push(format!(
                "{} of {} toys are left out of the summary: their fits failed with every start and minimiser",
                self.failed, self.toys
            ));
        }
        let at_bound: Vec<String> = (self.parameters.iter())
            .filter(|(_, response)| 20 * response.at_bound > self.toys)
            .map(|(name, response)| format!("`{name}` ({})", response.at_bound))
            .collect();
        if !at_bound.is_empty() {
            warnings.push(format!(
                "at a bound in more than 5 % of the toys: {}; pulls are biased by it",
                at_bound.join(", ")
            ));
        }
        warnings
    }
}

/// Coverage, level by level.
pub fn coverage(found: &Coverage) -> Value {
    let of_level = |(level, covered): (f64, Estimate)| json!({ "level": level, "covered": covered.value, "error": covered.error });
    Value::Array(found.fractions().map(of_level).collect())
}

/// The summary of a folder of toys.
pub struct ToysReport {
    head: Head,
    studied: Studied,
    seed: u64,
    folder: PathBuf,
}

impl ToysReport {
    /// Of all toys, which are in `folder`.
    pub fn new(head: Head, studied: Studied, seed: u64, folder: &Path) -> Self {
        Self { head, studied, seed, folder: folder.to_owned() }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    /// Writes the JSON document beside the toys, without what differs from run to run.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_summary(&self, folder: &Path) -> Result<(), Failure> {
        let mut summary = self.json();
        if let Some(map) = summary.as_object_mut() {
            map.shift_remove("timing");
            map.shift_remove("files");
        }
        write_file(&folder.join("summary.json"), &json_document(&summary))
    }
}

impl Report for ToysReport {
    fn command(&self) -> &'static str {
        "toys"
    }

    fn json(&self) -> Value {
        let studied = &self.studied;
        let finite = Finite::default();
        let parameters = studied.parameters.iter().map(|(name, response)| {
            let Response { truth, value, pull, at_bound, .. } = response;
            json!({
                "name": name,
                "true": truth,
                "mean": value.mean(),
                "mean_error": value.mean_error(),
                "rms": value.width(),
                "bias": response.bias(),
                "pull_mean": pull.mean(),
                "pull_mean_error": pull.mean_error(),
                "pull_width": pull.width(),
                "pull_width_error": pull.width_error(),
                "with_uncertainty": pull.count(),
                "at_bound": at_bound,
            })
        });
        let parameters: Vec<Value> = parameters.collect();
        let mut body = json!({
            "toys": {
                "requested": studied.toys, "failed": studied.failed, "retried": studied.retried,
                "seed": self.seed,
            },
        });
        if let Some((name, truth)) = &studied.poi {
            body["poi"] = json!(name);
            body["true"] = json!(truth);
            body["coverage"] = coverage(&studied.coverage);
        }
        body["parameters"] = Value::Array(parameters);
        body["files"] = json!({ "toys": self.folder.join("toys.parquet").display().to_string() });
        self.head.document([body], finite)
    }

    fn text(&self, page: &mut Page) {
        let studied = &self.studied;
        self.head.page(&format!("{}, seed {}", several(studied.toys, "toy"), self.seed), page);
        if studied.retried > 0 {
            page.note(&format!("{} took a second attempt", several(studied.retried, "toy")));
        }
        let coverage: Vec<_> = studied.coverage.fractions().collect();
        if let (Some((name, truth)), false) = (&studied.poi, coverage.is_empty()) {
            page.heading(&format!("coverage of {name} = {}", plain(*truth)));
            let mut table =
                Table::new(&[("level", Align::Right), ("covered", Align::Right), ("", Align::Left)]);
            for (level, covered) in coverage {
                table.row([
                    format!("{} %", fixed(100.0 * level, 1)).into(),
                    format!("{} %", fixed(100.0 * covered.value, 1)).into(),
                    format!("± {}", fixed(100.0 * covered.error, 1)).into(),
                ]);
            }
            page.table(&table);
        }
        page.heading("parameters");
        let columns = [
            ("", Align::Left),
            ("true", Align::Right),
            ("mean", Align::Right),
            ("± error", Align::Right),
            ("rms", Align::Right),
            ("pull mean", Align::Right),
            ("± error", Align::Right),
            ("pull width", Align::Right),
            ("± error", Align::Right),
            ("-3 · · · · · 0 · · · · · 3", Align::Left),
        ];
        let mut table = Table::new(&columns);
        let number = |x: Option<f64>| x.map(plain).unwrap_or_default();
        let short = |x: Option<f64>| x.map(|x| fixed(x, 3)).unwrap_or_default();
        for (name, Response { truth, value, pull, .. }) in &studied.parameters {
            let bar = pull.mean().map(|mean| pull_bar(mean, pull.width())).unwrap_or_default();
            table.row([
                name.as_str().into(),
                plain(*truth).into(),
                number(value.mean()).into(),
                number(value.mean_error()).into(),
                number(value.width()).into(),
                short(pull.mean()).into(),
                short(pull.mean_error()).into(),
                short(pull.width()).into(),
                short(pull.width_error()).into(),
                bar.into(),
            ]);
        }
        page.table(&table);
        page.gap();
        page.line(format!("the toys are in {}", self.folder.join("toys.parquet").display()));
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = [
            "parameter",
            "true",
            "mean",
            "mean_error",
            "rms",
            "pull_mean",
            "pull_mean_error",
            "pull_width",
            "pull_width_error",
        ];
        let number = |x: Option<f64>| x.map(exact).unwrap_or_default();
        let rows = self.studied.parameters.iter().map(|(name, response)| {
            let Response { truth, value, pull, .. } = response;
            let numbers = [
                Some(*truth),
                value.mean(),
                value.mean_error(),
                value.width(),
                pull.mean(),
                pull.mean_error(),
                pull.width(),
                pull.width_error(),
            ];
            std::iter::once(name.clone()).chain(numbers.map(number)).collect()
        });
        Some(std::iter::once(header.map(str::to_owned).to_vec()).chain(rows).collect())
    }
}
