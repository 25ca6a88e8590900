//! The result of `zstat train`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_train::files::History;
use zstat_train::spec::Training;
use zstat_train::train::{Evaluation, Fitted, Metrics};

use super::train_cut::CutResult;
use crate::output::number::{plain, with_uncertainty};
use crate::output::table::{Align, Table};
use crate::output::{Page, Report, json_document};
use crate::session::{Session, SpecInfo};

/// A number with the error that the limited number of events leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// The number.
    pub value: f64,
    /// Its error.
    pub error: Option<f64>,
}

/// What a measurement gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasurementResult {
    /// The measurement; none for the workspace's own settings.
    pub measurement: Option<String>,
    /// Parameter of interest.
    pub poi: String,
    /// Numbers by name; none where there is none.
    pub metrics: indexmap::IndexMap<String, Option<Number>>,
    /// Why numbers are missing.
    pub missing: indexmap::IndexMap<String, String>,
    /// The smallest standard deviation that any summary could give, from the events' densities.
    pub sigma_limit: Option<f64>,
    /// Why that is not known.
    pub no_limit: Option<String>,
}

/// One training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedResult {
    /// Its seed.
    pub seed: u64,
    /// Epochs that were trained.
    pub epochs: u64,
    /// The epoch whose state was taken, from 0.
    pub epoch: u32,
    /// Loss of the last epoch's steps: for the record, never a result.
    pub training_loss: Option<f64>,
    /// Loss of the validation events then.
    pub validation_loss: Option<f64>,
    /// Bins of the summary that no event of the evaluation is in: left out of the workspace.
    pub empty_bins: Vec<usize>,
    /// What measurements get.
    pub measurements: Vec<MeasurementResult>,
    /// What a cut on the score gives; none where there are several scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<CutResult>,
}

impl SeedResult {
    /// From the engine's results.
    pub fn new(
        seed: u64,
        (fitted, found): (&Fitted, &Evaluation),
        history: &History,
        metrics: Vec<Metrics>,
        limits: Vec<Result<f64, String>>,
    ) -> Self {
        let last = |name: &str| {
            let column = history.columns.iter().position(|column| column == name)?;
            history.rows.last().map(|row| row[column]).filter(|value| value.is_finite())
        };
        let measurements = metrics.into_iter().zip(limits).map(|(found, limit)| {
            let mut out = MeasurementResult {
                measurement: found.measurement,
                poi: found.poi,
                metrics: indexmap::IndexMap::new(),
                missing: indexmap::IndexMap::new(),
                sigma_limit: limit.as_ref().ok().copied(),
                no_limit: limit.err(),
            };
            for (name, value) in found.values {
                match value {
                    Ok(value) => {
                        let number = Number { value: value.value, error: value.error };
                        out.metrics.insert(name.to_owned(), Some(number));
                    }
                    Err(why) => {
                        out.metrics.insert(name.to_owned(), None);
                        out.missing.insert(name.to_owned(), why);
                    }
                }
            }
            out
        });
        Self {
            seed,
            epochs: history.rows.len() as u64,
            epoch: fitted.epoch,
            training_loss: last("loss"),
            validation_loss: last("validation"),
            empty_bins: (0..found.bins()).filter(|bin| !found.kept().contains(bin)).collect(),
            measurements: measurements.collect(),
            cut: None,
        }
    }
}

/// The result of all seeds.
pub struct TrainReport {
    spec: SpecInfo,
    results: Vec<SeedResult>,
    folder: PathBuf,
    train_s: f64,
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
    /// From the results of all seeds: one at least.
    pub fn new(
        session: &Session,
        _: &Training,
        results: Vec<SeedResult>,
        folder: &Path,
        train_s: f64,
    ) -> Self {
        Self { spec: session.info(), results, folder: folder.to_owned(), train_s }
    }

    /// The document, for the file of several seeds.
    pub fn document(&self) -> String {
        let mut value = self.json();
        if let Value::Object(map) = &mut value {
            map.remove("timing");
        }
        json_document(&value)
    }

    /// A metric of a measurement over the seeds.
    fn values(&self, at: usize, name: &str) -> Vec<f64> {
        let of = |result: &SeedResult| result.measurements[at].metrics.get(name).copied().flatten();
        self.results.iter().filter_map(of).map(|number| number.value).collect()
    }
}

impl Report for TrainReport {
    fn command(&self) -> &'static str {
        "train"
    }

    fn json(&self) -> Value {
        let first = &self.results[0];
        let summary: Vec<Value> = (first.measurements.iter().enumerate())
            .map(|(at, measurement)| {
                let mut out = json!({ "measurement": measurement.measurement, "poi": measurement.poi });
                for name in measurement.metrics.keys() {
                    let values = self.values(at, name);
                    out[name] = match values.is_empty() {
                        true => Value::Null,
                        false => {
                            let [median, low, high] = band(values);
                            json!({ "median": median, "low": low, "high": high })
                        }
                    };
                }
                out["sigma_limit"] = json!(measurement.sigma_limit);
                out
            })
            .collect();
        json!({
            "zstat": env!("CARGO_PKG_VERSION"),
            "spec": self.spec,
            "folder": self.folder.display().to_string(),
            "measurements": summary,
            "seeds": self.results,
            "timing": { "train_s": self.train_s },
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
        page.line(format!("in {}: `workspace.yaml` can be fitted", self.folder.display()));
        page.heading("from events that training never saw, in hard bins");
        let names: Vec<&String> = first.measurements[0].metrics.keys().collect();
        let mut columns = vec![("measurement", Align::Left)];
        columns.extend(names.iter().map(|name| (name.as_str(), Align::Right)));
        columns.push(("limit of sigma", Align::Right));
        let mut table = Table::new(&columns);
        for (at, measurement) in first.measurements.iter().enumerate() {
            let mut row = vec![measurement.measurement.clone().unwrap_or_default().into()];
            for name in &names {
                let text = match (measurement.metrics[*name], self.values(at, name)) {
                    (_, values) if values.is_empty() => "n/a".to_owned(),
                    (Some(Number { value, error: Some(error) }), values) if values.len() == 1 => {
                        with_uncertainty(value, error)
                    }
                    (_, values) => {
                        let [median, low, high] = band(values);
                        format!("{} [{}, {}]", plain(median), plain(low), plain(high))
                    }
                };
                row.push(text.into());
            }
            row.push(measurement.sigma_limit.map_or("n/a".to_owned(), plain).into());
            table.row(row);
        }
        page.table(&table);
        super::train_cut::page(&self.results, page);
        let mut told: Vec<String> = Vec::new();
        for result in self.results.iter().filter(|result| !result.empty_bins.is_empty()) {
            let bins: Vec<String> = result.empty_bins.iter().map(usize::to_string).collect();
            told.push(format!("seed {}: no event is in bin {}: left out", result.seed, bins.join(", ")));
        }
        for measurement in &first.measurements {
            let missing = measurement.missing.iter().map(|(name, why)| format!("no {name}: {why}"));
            told.extend(
                missing.chain(measurement.no_limit.iter().map(|why| format!("no limit of sigma: {why}"))),
            );
        }
        told.sort();
        told.dedup();
        told.iter().for_each(|line| page.note(line));
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let names: Vec<&String> = self.results[0].measurements[0].metrics.keys().collect();
        let header = ["seed", "measurement", "poi"].map(str::to_owned).into_iter();
        let header = header.chain(names.iter().map(|name| (*name).clone())).chain(["sigma_limit".to_owned()]);
        let mut rows = vec![header.collect::<Vec<String>>()];
        for result in &self.results {
            for found in &result.measurements {
                let mut row = vec![
                    result.seed.to_string(),
                    found.measurement.clone().unwrap_or_default(),
                    found.poi.clone(),
                ];
                row.extend(
                    names
                        .iter()
                        .map(|name| found.metrics[*name].map_or(String::new(), |n| n.value.to_string())),
                );
                row.push(found.sigma_limit.map_or(String::new(), |limit| limit.to_string()));
                rows.push(row);
            }
        }
        Some(rows)
    }
}
