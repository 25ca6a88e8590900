//! The result of `zstat train`: what each training gives (`result`), and the document and page of all (here).

mod result;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zstat_train::train::Spent;

use crate::output::number::{plain, with_uncertainty};
use crate::output::table::{Align, Table};
use crate::output::{Page, Report, json_document};
use crate::session::{Session, SpecInfo};

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
        Self { spec, results, folder, load_s: session.load_s, timing }
    }

    /// The document without what differs from run to run, for a file.
    pub fn document(&self) -> String {
        let mut value = self.json();
        if let Value::Object(map) = &mut value {
            map.remove("timing");
            map.remove("workspace");
            map.remove("folder");
            // Where a file lies is not what it says.
            if let Some(Value::Object(spec)) = map.get_mut("spec") {
                spec.remove("file");
            }
        }
        json_document(&value)
    }

    /// What losses say, each with its seed where there are several.
    fn warnings(&self) -> Vec<String> {
        let of = |result: &SeedResult| -> Vec<String> {
            let seed = if self.results.len() > 1 { format!("seed {}: ", result.seed) } else { String::new() };
            result.remarks.iter().map(|remark| format!("{seed}{remark}")).collect()
        };
        self.results.iter().flat_map(of).collect()
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
            "no_limits": of.no_limits(),
            "optimal_classifier": of.classifier,
        })
    }

    fn cell(&self, at: usize, name: &str) -> String {
        match (self.results[0].measurements[at].metrics[name], self.values(at, name)) {
            (_, values) if values.is_empty() => "n/a".to_owned(),
            (Some(Number { value, mc_error: Some(error) }), _) if self.results.len() == 1 => {
                with_uncertainty(value, error)
            }
            (Some(Number { value, .. }), _) if self.results.len() == 1 => plain(value),
            (_, values) => {
                let [median, low, high] = band(values);
                format!("{} [{}, {}]", plain(median), plain(low), plain(high))
            }
        }
    }

    /// What a reader should know beside the table.
    fn notes(&self) -> Vec<String> {
        let first = &self.results[0];
        let mut told: Vec<String> = Vec::new();
        for result in self.results.iter().filter(|result| !result.empty_bins.is_empty()) {
            let bins: Vec<String> = result.empty_bins.iter().map(usize::to_string).collect();
            told.push(format!("seed {}: no event is in bin {}: left out", result.seed, bins.join(", ")));
        }
        for measurement in &first.measurements {
            told.extend(measurement.missing.iter().map(|(name, why)| format!("no {name}: {why}")));
            let none = measurement.no_limits();
            told.extend(none.iter().map(|(name, why)| format!("no limit of sigma_poi, {name}: {why}")));
        }
        told.sort();
        told.dedup();
        told
    }
}

impl Report for TrainReport {
    fn command(&self) -> &'static str {
        "train"
    }

    fn json(&self) -> Value {
        let first = &self.results[0];
        let trained = first.trained_for;
        let measurements: Vec<Value> = (0..first.measurements.len()).map(|at| self.measurement(at)).collect();
        let seeds: Vec<Value> = self.results.iter().map(SeedResult::json).collect();
        let Timing { events_s, train_s, evaluate_s, steps, spent } = self.timing;
        let of_step = |all_s: f64| (steps > 0).then(|| all_s / steps as f64);
        json!({
            "zstat": env!("CARGO_PKG_VERSION"),
            "spec": self.spec,
            "folder": self.folder.display().to_string(),
            "status": { "epochs": first.epochs, "stopped_by": first.stopped_by, "warnings": self.warnings() },
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

    fn text(&self, page: &mut Page) {
        self.spec.head(page);
        let first = &self.results[0];
        let seeds = match self.results.len() {
            1 => format!("seed {}", first.seed),
            n => format!("{n} seeds from {} on", first.seed),
        };
        page.line(format!("trained: {seeds}, {} epochs", first.epochs));
        let where_ = self.folder.display();
        match self.results.len() {
            1 => page.line(format!("in {where_}: `workspace.yaml` can be fitted")),
            _ => page.line(format!("in {where_}/seed-…: each `workspace.yaml` can be fitted")),
        }
        self.warnings().iter().for_each(|warning| page.warning(warning));
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
            page.heading("the best that is possible, where it is known how events are generated");
            let mut columns = vec![("measurement", Align::Left), ("unbinned sigma_poi", Align::Right)];
            let titles: Vec<String> = names.iter().map(|name| format!("exact classifier {name}")).collect();
            columns.extend(titles.iter().map(|title| (title.as_str(), Align::Right)));
            let mut table = Table::new(&columns);
            for of in &first.measurements {
                let number = |value: Option<f64>| value.map_or("n/a".to_owned(), plain);
                let mut row = vec![of.measurement.clone().unwrap_or_default().into()];
                row.push(number(of.analytical).into());
                row.extend(names.iter().map(|name| number(of.of_classifier(name)).into()));
                table.row(row);
            }
            page.table(&table);
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
