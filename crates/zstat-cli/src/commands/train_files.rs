//! The folder of a training: what is kept while it goes on, and what it leaves.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_core::spec::Analysis;
use zstat_formats::Format;
use zstat_train::files::{Cell, Checkpoint, History, Table, tensors};
use zstat_train::spec::Training;
use zstat_train::train::{Evaluation, Fitted, Saved, Trainer};

use super::apply_run::digest_of;
use crate::failure::{Failure, OptionFault};
use crate::output::{json_document, write_file, write_file_with};
use crate::report::train::SeedResult;
use crate::session::Session;

/// Name of the file that an unfinished training goes on from.
pub const CHECKPOINT: &str = "checkpoint.zstat";
/// Name of the file that says a folder's training is done; written last.
pub const RUN: &str = "run.json";
/// Name of the file of what was learnt.
pub const WEIGHTS: &str = "weights.safetensors";
/// Name of the file of the spec, with its patches applied.
pub const SPEC: &str = "spec.json";

/// Whether a training leaves files of this name.
pub fn is_written(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    ["weights", "history", "templates", "workspace", "spec", "evaluation", "run"].contains(&stem)
}

/// What is kept after an epoch.
pub struct Kept {
    /// State of the training.
    pub state: Saved,
    /// Numbers of the epochs so far.
    pub history: History,
}

/// All that a run leaves.
pub struct Run<'a> {
    /// The spec.
    pub session: &'a Session,
    /// The training.
    pub training: &'a Training,
    /// Its parts.
    pub trainer: &'a Trainer<'a>,
    /// What was learnt.
    pub fitted: &'a Fitted,
    /// Events of the evaluation in bins.
    pub found: &'a Evaluation,
    /// Numbers of the epochs.
    pub history: &'a History,
    /// The analysis that it leaves.
    pub analysis: &'a Analysis,
    /// What it depends on.
    pub digest: &'a str,
    /// What it is worth.
    pub result: &'a SeedResult,
}

/// The last file of a run.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    zstat: String,
    digest: String,
    seed: u64,
    result: SeedResult,
    #[serde(flatten)]
    more: serde_json::Map<String, Value>,
}

/// The result of a run that was done before, by the same spec; none where there is none.
///
/// # Errors
/// Where the folder has the run of another spec.
pub fn done(folder: &Path, digest: &str) -> Result<Option<SeedResult>, Failure> {
    let path = folder.join(RUN);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::read(&path, error)),
    };
    let foreign = |message: String| {
        let fault = OptionFault::new("--output", folder.display().to_string(), message);
        Failure::Options(vec![fault.help("choose another folder, or remove this one")])
    };
    match serde_json::from_str::<Done>(&text) {
        Ok(done) if done.digest == digest => Ok(Some(done.result)),
        Ok(_) => Err(foreign("has the run of another spec, seed or version".to_owned())),
        Err(error) => Err(foreign(format!("has a `{RUN}` that is no run of zstat ({error})"))),
    }
}

/// Where an unfinished training of the same spec stands; none where there is none.
///
/// # Errors
/// Where the file is damaged, or of another spec.
pub fn checkpoint(folder: &Path, digest: &str) -> Result<Option<Kept>, Failure> {
    let path = folder.join(CHECKPOINT);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::read(&path, error)),
    };
    let found = Checkpoint::from_bytes(&bytes, digest)
        .map_err(|fault| Failure::Training(format!("{}: {fault}", path.display())))?;
    let mut optimisers = found.optimisers.into_iter();
    let state = Saved {
        epoch: u32::try_from(found.epoch).unwrap_or(u32::MAX),
        parameters: found.parameters,
        learnt: found.learnt,
        best: found.best,
        optimisers: [optimisers.next().unwrap_or_default(), optimisers.next().unwrap_or_default()],
        stopping: found.stopping,
    };
    Ok(Some(Kept { state, history: found.history }))
}

/// Keeps where a training stands.
///
/// # Errors
/// Where it cannot be written.
pub fn keep(folder: &Path, digest: &str, kept: &Kept) -> Result<(), Failure> {
    let Kept { state, history } = kept;
    let checkpoint = Checkpoint {
        digest: digest.to_owned(),
        epoch: u64::from(state.epoch),
        parameters: state.parameters.clone(),
        learnt: state.learnt.clone(),
        best: state.best.clone(),
        optimisers: state.optimisers.to_vec(),
        stopping: state.stopping,
        history: history.clone(),
    };
    bytes(&folder.join(CHECKPOINT), &checkpoint.to_bytes())
}

/// Writes all files, each whole or not at all, the one that says so last.
///
/// # Errors
/// Where one cannot be written.
pub fn write(folder: &Path, run: &Run<'_>) -> Result<(), Failure> {
    bytes(&folder.join(WEIGHTS), &weights(run)?)?;
    write_file(&folder.join("history.csv"), &run.history.to_csv())?;
    let parquet = run.history.to_parquet().map_err(|error| Failure::Training(error.to_string()))?;
    bytes(&folder.join("history.parquet"), &parquet)?;
    write_file(&folder.join("templates.csv"), &templates(run))?;
    let text = written(Format::Native, run.analysis)?;
    write_file(&folder.join("workspace.yaml"), &text)?;
    // Titles and settings of commands are no part of a model.
    let bare = Analysis { name: None, fit: Default::default(), ..run.analysis.clone() };
    let pyhf = Format::Pyhf.write(&bare);
    let pyhf = match pyhf {
        Ok(pyhf) if pyhf.losses.is_empty() => {
            write_file(&folder.join("workspace.json"), &pyhf.text)?;
            json!({ "workspace.json": "written" })
        }
        Ok(pyhf) => {
            let reasons: Vec<String> = pyhf.losses.iter().map(ToString::to_string).collect();
            json!({ "workspace.json": "not written: pyhf cannot say all of it", "reasons": reasons })
        }
        Err(error) => json!({ "workspace.json": format!("not written: {error}") }),
    };
    write_file(&folder.join(SPEC), &json_document(&json!(run.session.spec.analysis())))?;
    write_file(&folder.join("evaluation.json"), &json_document(&json!(run.result)))?;
    let standardiser = run.trainer.standardiser();
    let more = json!({
        "features": run.trainer.features(),
        "standardiser": standardiser,
        "scorer": run.training.scorer_name,
        "epoch": run.fitted.epoch,
        "digests": digests(folder, &[SPEC, WEIGHTS])?,
        "pyhf": pyhf,
    });
    let Value::Object(more) = more else { return Ok(()) };
    let done = Done {
        zstat: env!("CARGO_PKG_VERSION").to_owned(),
        digest: run.digest.to_owned(),
        seed: run.result.seed,
        result: run.result.clone(),
        more,
    };
    write_file(&folder.join(RUN), &json_document(&json!(done)))
}

/// Digests of files that are read again to score new events, by name.
fn digests(folder: &Path, names: &[&str]) -> Result<Value, Failure> {
    let mut digests = serde_json::Map::new();
    for name in names {
        let path = folder.join(name);
        let content = fs::read(&path).map_err(|error| Failure::read(&path, error))?;
        digests.insert((*name).to_owned(), json!(digest_of(&content)));
    }
    Ok(Value::Object(digests))
}

fn written(format: Format, analysis: &Analysis) -> Result<String, Failure> {
    let found = format.write(analysis).map_err(|error| Failure::Training(error.to_string()))?;
    Ok(found.text)
}

fn bytes(path: &Path, content: &[u8]) -> Result<(), Failure> {
    write_file_with(path, |out| out.write_all(content))
}

/// What was learnt, as tensors.
fn weights(run: &Run<'_>) -> Result<Vec<u8>, Failure> {
    let parameters = run.fitted.scorer.parameters();
    let shapes = run.fitted.scorer.tensors();
    let mut all: Vec<tensors::NamedTensor<'_>> = shapes
        .iter()
        .map(|tensor| {
            tensors::NamedTensor::new(tensor.name.clone(), &tensor.shape, &parameters[tensor.range.clone()])
        })
        .collect();
    if !run.fitted.learnt.is_empty() {
        all.push(tensors::NamedTensor::new("summary", &[run.fitted.learnt.len()], &run.fitted.learnt[..]));
    }
    let metadata = [
        ("format".to_owned(), "zstat".to_owned()),
        ("digest".to_owned(), run.digest.to_owned()),
        ("features".to_owned(), run.trainer.features().join(",")),
    ];
    Ok(tensors::write(&all, &metadata))
}

/// Yields of every sample in every bin, nominal and varied.
fn templates(run: &Run<'_>) -> String {
    let columns = ["channel", "sample", "variation", "side", "bin", "events", "error"];
    let mut table = Table::new(&columns);
    let channel = &run.analysis.workspace.channels[run.training.channel];
    for (at, of) in run.training.samples.iter().enumerate() {
        let sample = &channel.samples[of.index];
        let (_, errors) = run.found.nominal(run.trainer.nominal_pass(at));
        let errors: Vec<f64> = run.found.kept().into_iter().map(|bin| errors[bin]).collect();
        let mut rows = |variation: &str, side: &str, values: &[f64], errors: Option<&[f64]>| {
            for (bin, value) in values.iter().enumerate() {
                let error = errors.map_or(f64::NAN, |errors| errors[bin]);
                table.row(&[
                    Cell::from(channel.name.as_str()),
                    Cell::from(sample.name.as_str()),
                    Cell::from(variation),
                    Cell::from(side),
                    Cell::from(bin as f64),
                    Cell::from(*value),
                    Cell::from(error),
                ]);
            }
        };
        rows("", "nominal", &sample.data, Some(&errors));
        for modifier in &sample.modifiers {
            if let zstat_core::spec::ModifierKind::HistoSys { lo, hi, .. } = &modifier.kind {
                rows(&modifier.name, "down", lo, None);
                rows(&modifier.name, "up", hi, None);
            }
        }
    }
    table.into_csv()
}
