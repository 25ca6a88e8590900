//! What one training gives, as it is kept in its folder.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_train::files::History;
use zstat_train::spec::Training;
use zstat_train::train::{Evaluation, Fitted, Metric, Metrics};

use crate::report::train_cut::CutResult;

/// A number with the error that the limited number of events leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// The number.
    pub value: f64,
    /// Its error.
    pub mc_error: Option<f64>,
}

/// What a measurement gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasurementResult {
    /// The measurement; none for the workspace's own settings.
    pub measurement: Option<String>,
    /// Parameter of interest.
    pub poi: String,
    /// Numbers by name; none where there is none.
    pub metrics: IndexMap<String, Option<Number>>,
    /// Why numbers are missing.
    pub missing: IndexMap<String, String>,
    /// The smallest standard deviation that any summary could give, from the events' densities.
    pub analytical: Option<f64>,
    /// Its error, from the number of events.
    #[serde(default)]
    pub analytical_mc_error: Option<f64>,
    /// Why that is not known.
    pub no_analytical: Option<String>,
    /// The same numbers from the exact classifier of signal and background, in as many uniform bins; none where it is not known.
    pub classifier: IndexMap<String, Option<Number>>,
    /// Why that is not known.
    pub no_classifier: Option<String>,
    /// Why single numbers of it are missing.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub classifier_missing: IndexMap<String, String>,
}

impl MeasurementResult {
    /// A number of the exact classifier.
    pub fn of_classifier(&self, name: &str) -> Option<f64> {
        self.classifier.get(name).copied().flatten().map(|number| number.value)
    }

    /// What stands beside the result: standard deviations that no summary beats, and of the exact classifier.
    pub fn limits(&self) -> IndexMap<&'static str, f64> {
        let known =
            [("analytical", self.analytical), ("optimal_classifier", self.of_classifier("sigma_poi"))];
        known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Their errors from the number of events, as far as they are known.
    pub fn limit_errors(&self) -> IndexMap<&'static str, f64> {
        let classifier = self.classifier.get("sigma_poi").copied().flatten();
        let known = [
            ("analytical", self.analytical_mc_error),
            ("optimal_classifier", classifier.and_then(|number| number.mc_error)),
        ];
        known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The unbinned limit with its error.
    pub fn unbinned(&self) -> Option<Number> {
        Some(Number { value: self.analytical?, mc_error: self.analytical_mc_error })
    }

    /// Why others are not known.
    pub fn no_limits(&self) -> IndexMap<&'static str, &str> {
        let none = [("analytical", &self.no_analytical), ("optimal_classifier", &self.no_classifier)];
        none.into_iter().filter_map(|(name, why)| Some((name, why.as_deref()?))).collect()
    }
}

/// The losses of a training, at its beginning and its end: for the record, never a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Names of the losses.
    #[serde(rename = "type")]
    pub names: String,
    /// Of the first epoch's steps.
    pub initial: Option<f64>,
    /// Of the last epoch's.
    #[serde(rename = "final")]
    pub last: Option<f64>,
    /// Of the validation events then.
    pub validation: Option<f64>,
}

/// One training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedResult {
    /// Its seed.
    pub seed: u64,
    /// Epochs that were trained.
    pub epochs: u64,
    /// What ended it: `epochs` or `early_stopping`.
    pub stopped_by: String,
    /// The epoch whose state was taken, from 0.
    pub epoch: u32,
    /// Its losses.
    pub loss: Trained,
    /// Events of the evaluation, by process.
    pub events: IndexMap<String, u64>,
    /// Bins of the summary that no event of the evaluation is in: left out of the workspace.
    pub empty_bins: Vec<usize>,
    /// What a reader should know of what was learnt, and of the result.
    pub remarks: Vec<String>,
    /// Why the workspace cannot be fitted; none where it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<String>,
    /// Place of the measurement that was trained for.
    pub trained_for: usize,
    /// What measurements get.
    pub measurements: Vec<MeasurementResult>,
    /// What a cut on the score gives; none where there are several scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<CutResult>,
    /// What the best cut there is gives: on the ratio of the densities, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_cut: Option<CutResult>,
}

/// What a training found.
pub struct Found<'a> {
    /// What was learnt.
    pub fitted: &'a Fitted,
    /// Events of the evaluation in bins.
    pub evaluation: &'a Evaluation,
    /// Events of the evaluation, by process.
    pub events: IndexMap<String, u64>,
    /// What measurements get.
    pub metrics: Vec<Metrics>,
    /// The smallest standard deviation of each.
    pub limits: Vec<Result<Metric, String>>,
    /// What measurements get from the exact classifier.
    pub classifier: Result<Vec<Metrics>, String>,
    /// What cuts on the ratio of densities give.
    pub best_cut: Option<CutResult>,
}

impl SeedResult {
    /// From the engine's results.
    pub fn new(seed: u64, training: &Training, history: &History, found: Found<'_>) -> Self {
        let column = |name: &str| history.columns.iter().position(|column| column == name);
        let of = |row: Option<&Vec<f64>>, name: &str| {
            row.zip(column(name)).map(|(row, column)| row[column]).filter(|value| value.is_finite())
        };
        let names: Vec<&str> = training.losses.iter().map(|(spec, _)| spec.name.as_str()).collect();
        let (first, last) = (history.rows.first(), history.rows.last());
        let epochs = history.rows.len() as u64;
        let bins = found.evaluation.bins();
        let kept = found.evaluation.kept();
        let wanted = training.train.measurement.as_deref();
        let place = found.metrics.iter().position(|of| of.measurement.as_deref() == wanted);
        let classifier = match found.classifier {
            Ok(all) => all.into_iter().map(Ok).collect(),
            Err(why) => vec![Err(why); found.metrics.len()],
        };
        let measurements = found.metrics.into_iter().zip(found.limits).zip(classifier);
        Self {
            seed,
            epochs,
            stopped_by: if epochs < u64::from(training.train.epochs) { "early_stopping" } else { "epochs" }
                .to_owned(),
            epoch: found.fitted.epoch,
            loss: Trained {
                names: names.join(" + "),
                initial: of(first, "loss"),
                last: of(last, "loss"),
                validation: of(last, "validation"),
            },
            events: found.events,
            empty_bins: (0..bins).filter(|bin| !kept.contains(bin)).collect(),
            remarks: Vec::new(),
            unfit: None,
            trained_for: place.unwrap_or(0),
            measurements: measurements
                .map(|((found, limit), exact)| measurement(found, limit, exact))
                .collect(),
            cut: None,
            best_cut: found.best_cut,
        }
    }

    /// The result in a document.
    pub fn json(&self) -> Value {
        json!({
            "seed": self.seed,
            "status": { "epochs": self.epochs, "stopped_by": self.stopped_by, "epoch": self.epoch },
            "loss": self.loss,
            "empty_bins": self.empty_bins,
            "unfit": self.unfit,
            "metrics": self.measurements[self.trained_for].metrics,
            "measurements": self.measurements,
            "cut": self.cut,
            "best_cut": self.best_cut,
        })
    }
}

fn measurement(
    found: Metrics,
    limit: Result<Metric, String>,
    exact: Result<Metrics, String>,
) -> MeasurementResult {
    let mut missing = IndexMap::new();
    let mut metrics = IndexMap::new();
    for (name, value) in found.values {
        let value = value.map_err(|why| missing.insert(name.to_owned(), why)).ok();
        metrics
            .insert(name.to_owned(), value.map(|value| Number { value: value.value, mc_error: value.error }));
    }
    let (exact, no_classifier) = match exact {
        Ok(exact) => (exact.values, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let mut classifier_missing = IndexMap::new();
    let mut classifier = IndexMap::new();
    for (name, value) in exact {
        let value = value.map_err(|why| classifier_missing.insert(name.to_owned(), why)).ok();
        let value = value.map(|value| Number { value: value.value, mc_error: value.error });
        classifier.insert(name.to_owned(), value);
    }
    MeasurementResult {
        measurement: found.measurement,
        poi: found.poi,
        metrics,
        missing,
        analytical: limit.as_ref().ok().map(|limit| limit.value),
        analytical_mc_error: limit.as_ref().ok().and_then(|limit| limit.error),
        no_analytical: limit.err(),
        classifier,
        no_classifier,
        classifier_missing,
    }
}
