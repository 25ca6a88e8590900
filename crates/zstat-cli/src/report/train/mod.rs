//! The result of `zstat train`: what each training gives (`result`) and where that is from (`origin`), and the document and page of all (here).

mod origin;
mod result;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Value, json};
use zstat_core::text::ranges;
use zstat_train::train::Spent;

use crate::output::number::{plain, with_uncertainty};
use crate::output::table::{Align, Table};
use crate::output::{Page, Report, json_document};
use crate::session::{Session, SpecInfo};

pub use origin::{Flaw, Origin};
pub use result::{Found, Number, SeedResult};

/// Seconds of the parts of a training.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timing {
    /// Reading or generating events.
    pub events_s: f64,
    /// All epochs.
    pub train_s: f64,
    /// Counting other events, and what measurements get from them.
    pub evaluate_s: f64,
    /// Steps that were made in `train_s`.
    pub steps: u64,
    /// What these took, by part.
    pub spent: Spent,
}

/// The result of all seeds.
pub struct TrainReport {
    spec: SpecInfo,
    results: Vec<SeedResult>,
    /// Where each is from; none: all were trained.
    origins: Vec<Origin>,
    folder: PathBuf,
    load_s: f64,
    timing: Timing,
}

/// Median, and the range of the middle 68 %.
pub(super) fn band(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |fraction: f64| {
        let place = fraction * (values.len() - 1) as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(values.len() - 1);
        values[below] + (place - below as f64) * (values[above] - values[below])
    };
    [at(0.5), at(0.158_655), at(0.841_345)]
}

impl TrainReport {
    /// From the results of all seeds: one at least; and what it took where anything was done.
    pub fn new(session: &Session, results: Vec<SeedResult>, folder: &Path, timing: Timing) -> Self {
        let (spec, folder) = (session.info(), folder.to_owned());
        Self { spec, results, origins: Vec::new(), folder, load_s: session.load_s, timing }
    }

    /// The same, told where each result is from.
    pub fn with(mut self, origins: Vec<Origin>) -> Self {
        self.origins = origins;
        self
    }

    /// The results with where they are from.
    fn with_origins(&self) -> impl Iterator<Item = (&SeedResult, &Origin)> {
        self.results.iter().zip(&self.origins)
    }

    /// The document without what differs from run to run, for a file.
    pub fn document(&self) -> String {
        let mut value = self.value(Vec::new());
        if let Value::Object(map) = &mut value {
            map.remove("timing");
            map.remove("workspace");
            map.remove("folder");
            if let Some(Value::Object(status)) = map.get_mut("status") {
                ["found", "made_again"].iter().for_each(|key| {
                    status.remove(*key);
                });
            }
            // Where a file lies is not what it says.
            if let Some(Value::Object(spec)) = map.get_mut("spec") {
                spec.remove("file");
            }
        }
        json_document(&value)
    }

    /// Whether each workspace can be fitted.
    pub fn is_fit(&self) -> bool {
        self.results.iter().all(|result| result.unfit.is_none())
    }

    /// What a reader has to know, each with its seed where there are several.
    fn warnings(&self) -> Vec<String> {
        let of = |result: &SeedResult| -> Vec<String> {
            let seed = if self.results.len() > 1 { format!("seed {}: ", result.seed) } else { String::new() };
            let unfit = result.unfit.iter().map(|why| format!("`workspace.yaml` cannot be fitted: {why}"));
            let all = unfit.chain(result.remarks.iter().cloned());
            all.map(|remark| format!("{seed}{remark}")).collect()
        };
        self.results.iter().flat_map(of).collect()
    }

    /// What was wrong with folders that were found.
    fn damage(&self) -> Vec<String> {
        let several = self.results.len() > 1;
        let of = |(result, origin): (&SeedResult, &Origin)| {
            let seed = if several { format!("seed {}: ", result.seed) } else { String::new() };
            origin.damage().into_iter().map(move |line| format!("{seed}{line}")).collect::<Vec<_>>()
        };
        self.with_origins().flat_map(of).collect()
    }

    /// A metric of a measurement over the seeds.
    fn values(&self, at: usize, name: &str) -> Vec<f64> {
        let of = |result: &SeedResult| result.measurements[at].metrics.get(name).copied().flatten();
        self.results.iter().filter_map(of).map(|number| number.value).collect()
    }

    /// A metric of a measurement: of one seed with its error, of several the median and the band.
    fn metric(&self, at: usize, name: &str) -> Value {
        let number = self.results[0].measurements[at].metrics[name];
        match (number, self.values(at, name)) {
            (_, values) if values.is_empty() => Value::Null,
            (Some(Number { value, mc_error }), _) if self.results.len() == 1 => {
                json!({ "value": value, "mc_error": mc_error })
            }
            (_, values) => {
                let n = values.len();
                let [median, low, high] = band(values);
                let mc_error = number.and_then(|number| number.mc_error);
                json!({ "value": median, "low": low, "high": high, "seeds": n, "mc_error": mc_error })
            }
        }
    }

    /// Metrics of a measurement, and their limits.
    fn measurement(&self, at: usize) -> Value {
        let of = &self.results[0].measurements[at];
        let metrics: serde_json::Map<String, Value> =
            of.metrics.keys().map(|name| (name.clone(), self.metric(at, name))).collect();
        json!({
            "measurement": of.measurement,
            "poi": of.poi,
            "metrics": metrics,
            "missing": of.missing,
            "limits": of.limits(),
            "limits_mc_error": of.limit_errors(),
            "no_limits": of.no_limits(),
            "optimal_classifier": of.classifier,
            "optimal_classifier_missing": of.classifier_missing,
        })
    }

    fn cell(&self, at: usize, name: &str) -> String {
        match (self.results[0].measurements[at].metrics[name], self.values(at, name)) {
            (_, values) if values.is_empty() => "n/a".to_owned(),
            (number, _) if self.results.len() == 1 => told(number),
            (_, values) => {
                let (n, all) = (values.len(), self.results.len());
                let [median, low, high] = band(values);
                let of = if n < all { format!(" ({n} of {all})") } else { String::new() };
                format!("{} [{}, {}]{of}", plain(median), plain(low), plain(high))
            }
        }
    }

    /// What a reader should know beside the table.
    fn notes(&self) -> Vec<String> {
        let first = &self.results[0];
        let mut told: Vec<String> = Vec::new();
        for result in self.results.iter().filter(|result| !result.empty_bins.is_empty()) {
            let (seed, bins) = (result.seed, ranges(&result.empty_bins));
            let noun = if result.empty_bins.len() == 1 { "bin" } else { "bins" };
            told.push(format!(
                "seed {seed}: no event is in {noun} {bins} of the summary: left out of the workspace"
            ));
        }
        for measurement in &first.measurements {
            told.extend(reasons("no", &measurement.missing));
            told.extend(reasons("exact classifier: no", &measurement.classifier_missing));
            let none = measurement.no_limits();
            told.extend(none.iter().map(|(name, why)| format!("no limit of sigma_poi, {name}: {why}")));
        }
        told.sort();
        told.dedup();
        told
    }

    /// The document, with warnings before those of the results.
    fn value(&self, mut warnings: Vec<String>) -> Value {
        let first = &self.results[0];
        let trained = first.trained_for;
        warnings.extend(self.warnings());
        let measurements: Vec<Value> = (0..first.measurements.len()).map(|at| self.measurement(at)).collect();
        let seeds: Vec<Value> = self.results.iter().map(SeedResult::json).collect();
        let Timing { events_s, train_s, evaluate_s, steps, spent } = self.timing;
        let found = self.with_origins().filter(|(_, origin)| matches!(origin, Origin::Found));
        let found: Vec<u64> = found.map(|(result, _)| result.seed).collect();
        let again = self.with_origins().flat_map(|(result, origin)| origin.made_again(result.seed));
        let again: Vec<Value> = again.collect();
        let of_step = |all_s: f64| (steps > 0).then(|| all_s / steps as f64);
        json!({
            "zstat": env!("CARGO_PKG_VERSION"),
            "spec": self.spec,
            "folder": self.folder.display().to_string(),
            "status": {
                "epochs": first.epochs,
                "stopped_by": first.stopped_by,
                "found": found,
                "made_again": again,
                "warnings": warnings,
            },
            "loss": first.loss,
            "evaluation": {
                "events": first.events,
                "measurement": first.measurements[trained].measurement,
                "metrics": measurements[trained]["metrics"],
                "limits": measurements[trained]["limits"],
                "measurements": measurements,
                "seeds": seeds,
            },
            "workspace": match self.results.len() {
                1 => json!(self.folder.join("workspace.yaml").display().to_string()),
                _ => Value::Null,
            },
            "timing": {
                "load_s": self.load_s,
                "events_s": events_s,
                "train_s": train_s,
                "evaluate_s": evaluate_s,
                "step_s": of_step(train_s),
                "step": {
                    "events_s": of_step(spent.events),
                    "network_s": of_step(spent.network),
                    "summary_s": of_step(spent.summary),
                    "loss_s": of_step(spent.loss),
                    "update_s": of_step(spent.update),
                },
            },
        })
    }
}

/// A number with its error.
fn told(number: Option<Number>) -> String {
    match number {
        None => "n/a".to_owned(),
        Some(Number { value, mc_error: Some(error) }) => with_uncertainty(value, error),
        // Nobody knows how many of its digits mean anything.
        Some(Number { value, mc_error: None }) => format!("{} ± ?", rough(value)),
    }
}

/// A number with three significant digits.
fn rough(value: f64) -> String {
    plain(format!("{value:.2e}").parse().unwrap_or(value))
}

/// Why numbers are missing, those with the same reason together.
fn reasons(what: &str, missing: &IndexMap<String, String>) -> Vec<String> {
    let mut by_reason: IndexMap<&str, Vec<&str>> = IndexMap::new();
    missing.iter().for_each(|(name, why)| by_reason.entry(why).or_default().push(name));
    by_reason.iter().map(|(why, names)| format!("{what} {}: {why}", names.join(", "))).collect()
}

impl Report for TrainReport {
    fn command(&self) -> &'static str {
        "train"
    }

    fn json(&self) -> Value {
        self.value(self.damage())
    }

    fn text(&self, page: &mut Page) {
        self.spec.head(page);
        let first = &self.results[0];
        let seeds = match self.results.len() {
            1 => format!("seed {}", first.seed),
            n => format!("{n} seeds from {} on", first.seed),
        };
        let found = self.origins.iter().filter(|origin| matches!(origin, Origin::Found)).count();
        match found {
            0 => page.line(format!("trained: {seeds}, {} epochs", first.epochs)),
            n if n == self.results.len() => {
                page.line(format!("found finished: {seeds}, {} epochs; nothing was trained", first.epochs));
            }
            n => page.line(format!("trained: {seeds}, {} epochs; found finished: {n}", first.epochs)),
        }
        let where_ = self.folder.display();
        let unfit = self.results.iter().filter(|result| result.unfit.is_some()).count();
        match (self.results.len(), unfit) {
            (1, 0) => page.line(format!("in {where_}: `workspace.yaml` can be fitted")),
            (1, _) => page.line(format!("in {where_}: `workspace.yaml`, which cannot be fitted")),
            (_, 0) => page.line(format!("in {where_}/seed-…: each `workspace.yaml` can be fitted")),
            (n, unfit) => {
                page.line(format!("in {where_}/seed-…: {unfit} of {n} `workspace.yaml` cannot be fitted"));
            }
        }
        self.damage().iter().chain(&self.warnings()).for_each(|warning| page.warning(warning));
        page.heading("from events that training never saw, in hard bins");
        let names: Vec<&String> = first.measurements[0].metrics.keys().collect();
        let mut columns = vec![("measurement", Align::Left)];
        columns.extend(names.iter().map(|name| (name.as_str(), Align::Right)));
        let mut table = Table::new(&columns);
        for (at, measurement) in first.measurements.iter().enumerate() {
            let mut row = vec![measurement.measurement.clone().unwrap_or_default().into()];
            row.extend(names.iter().map(|name| self.cell(at, name).into()));
            table.row(row);
        }
        page.table(&table);
        super::train_cut::page(&self.results, page);
        if first.measurements.iter().any(|measurement| !measurement.limits().is_empty()) {
            page.heading("for comparison, from the densities that the events are generated from");
            let mut columns = vec![("measurement", Align::Left), ("unbinned sigma_poi", Align::Right)];
            let titles: Vec<String> = names.iter().map(|name| format!("exact classifier {name}")).collect();
            columns.extend(titles.iter().map(|title| (title.as_str(), Align::Right)));
            let mut table = Table::new(&columns);
            for of in &first.measurements {
                let mut row = vec![of.measurement.clone().unwrap_or_default().into()];
                row.push(told(of.unbinned()).into());
                row.extend(names.iter().map(|name| told(of.classifier.get(*name).copied().flatten()).into()));
                table.row(row);
            }
            page.table(&table);
            page.note(
                "unbinned: the likelihood of the events themselves; no summary has a smaller sigma_poi",
            );
            page.note("exact classifier: the ratio of signal's and background's densities, in as many uniform bins as the summary has; other bins, or a summary that knows what varies, may be better");
        }
        self.notes().iter().for_each(|line| page.note(line));
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let names: Vec<&String> = self.results[0].measurements[0].metrics.keys().collect();
        let header = ["seed", "measurement", "poi"].map(str::to_owned).into_iter();
        let header = header.chain(names.iter().map(|name| (*name).clone()));
        let header = header.chain(["analytical", "optimal_classifier"].map(str::to_owned));
        let mut rows = vec![header.collect::<Vec<String>>()];
        let text = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        for result in &self.results {
            for found in &result.measurements {
                let mut row = vec![
                    result.seed.to_string(),
                    found.measurement.clone().unwrap_or_default(),
                    found.poi.clone(),
                ];
                row.extend(names.iter().map(|name| text(found.metrics[*name].map(|number| number.value))));
                row.push(text(found.analytical));
                row.push(text(found.of_classifier("sigma_poi")));
                rows.push(row);
            }
        }
        Some(rows)
    }
}
