//! The folder of a training: what is kept while it goes on, and what it leaves.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_core::spec::Analysis;
use zstat_formats::Format;
use zstat_train::files::{Cell, Checkpoint, History, Table, tensors};
use zstat_train::spec::Training;
use zstat_train::train::{Evaluation, Fitted, Saved, Trainer};

use super::apply_run::digest_of;
use super::train_found::MadeWith;
use super::train_tables::{self, Tables};
use crate::failure::Failure;
use crate::output::{json_document, write_file, write_file_with};
use crate::report::train::SeedResult;
use crate::session::Session;

/// Name of the file that an unfinished training goes on from.
pub const CHECKPOINT: &str = "checkpoint.zstat";
/// Name of the file with the result.
pub const RESULT: &str = "result.json";
/// Name of the file that says a folder's training is done; written last.
pub const RUN: &str = "run.json";
/// Name of the file of what was learnt.
pub const WEIGHTS: &str = "weights.safetensors";
/// Name of the file of losses, epoch by epoch.
pub const HISTORY: &str = "history.csv";
/// Name of the file of metrics along the training.
pub const CURVES: &str = "curves.csv";
/// Name of the file of the spec, with its patches applied.
pub const SPEC: &str = "spec.json";
/// The workspace with the templates.
pub const WORKSPACE: &str = "workspace.yaml";
/// All that a finished training has written, but for its weights and `run.json`.
pub const WRITTEN: [&str; 11] = [
    RESULT,
    HISTORY,
    CURVES,
    SPEC,
    "history.parquet",
    WORKSPACE,
    "workspace.json",
    "templates.csv",
    "distributions.csv",
    "boundary.csv",
    "thresholds.csv",
];

/// Whether a training leaves files of this name.
pub fn is_written(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let known = ["weights", "history", "templates", "workspace", "spec", "result", "run"];
    known.contains(&stem) || ["curves", "distributions", "boundary", "thresholds"].contains(&stem)
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
    /// Tables behind figures.
    pub tables: &'a Tables,
    /// The analysis that it leaves.
    pub analysis: &'a Analysis,
    /// What it depends on.
    pub made_with: &'a MadeWith,
    /// What it is worth.
    pub result: &'a SeedResult,
}

/// The last file of a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Done {
    zstat: String,
    /// What the run depends on.
    pub digest: String,
    /// The same in its parts.
    #[serde(default)]
    pub made_with: MadeWith,
    seed: u64,
    /// What the run gave.
    pub result: SeedResult,
    /// The epoch whose state was taken.
    pub epoch: u32,
    /// Digests of all other files, by name.
    pub digests: IndexMap<String, String>,
    #[serde(flatten)]
    more: serde_json::Map<String, Value>,
    /// Digest of this file with nothing in its place.
    #[serde(default)]
    seal: String,
}

impl Done {
    /// The text of the file.
    fn sealed(mut self) -> String {
        self.seal = digest_of(json_document(&json!(self)).as_bytes());
        json_document(&json!(self))
    }

    /// Whether the text that it was read from is what the training wrote.
    pub fn is_whole(&self, text: &str) -> bool {
        digest_of(text.replacen(&self.seal, "", 1).as_bytes()) == self.seal
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

/// Removes what an unfinished training would go on from.
pub fn forget(folder: &Path) {
    let _ = fs::remove_file(folder.join(CHECKPOINT));
}

/// Files of a run as they are written, with their digests.
pub struct Files<'f> {
    folder: &'f Path,
    digests: IndexMap<String, String>,
}

impl Files<'_> {
    /// Writes one, whole or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&mut self, name: &str, content: &[u8]) -> Result<(), Failure> {
        self.digests.insert(name.to_owned(), digest_of(content));
        bytes(&self.folder.join(name), content)
    }
}

/// Writes all files, each whole or not at all, the one that says so last; `document` is the result as it is printed.
///
/// # Errors
/// Where one cannot be written.
pub fn write(folder: &Path, run: &Run<'_>, document: &str) -> Result<(), Failure> {
    let mut files = Files { folder, digests: IndexMap::new() };
    files.write(RESULT, document.as_bytes())?;
    files.write(WEIGHTS, &weights(run)?)?;
    let history = train_tables::losses(run.history);
    files.write(HISTORY, history.to_csv().as_bytes())?;
    let parquet = history.to_parquet().map_err(|error| Failure::Training(error.to_string()))?;
    files.write("history.parquet", &parquet)?;
    files.write("templates.csv", templates(run).as_bytes())?;
    run.tables.write(&mut files)?;
    files.write(WORKSPACE, written(Format::Native, run.analysis)?.as_bytes())?;
    // Titles and settings of commands are no part of a model.
    let bare = Analysis { name: None, fit: Default::default(), ..run.analysis.clone() };
    let pyhf = match Format::Pyhf.write(&bare) {
        Ok(pyhf) if pyhf.losses.is_empty() => {
            files.write("workspace.json", pyhf.text.as_bytes())?;
            json!({ "workspace.json": "written" })
        }
        Ok(pyhf) => {
            let reasons: Vec<String> = pyhf.losses.iter().map(ToString::to_string).collect();
            json!({ "workspace.json": "not written: pyhf cannot say all of it", "reasons": reasons })
        }
        Err(error) => json!({ "workspace.json": format!("not written: {error}") }),
    };
    files.write(SPEC, json_document(&json!(run.session.spec.analysis())).as_bytes())?;
    let more = json!({
        "features": run.trainer.features(),
        "standardiser": run.trainer.standardiser(),
        "scorer": run.training.scorer_name,
        "pyhf": pyhf,
        "tables": run.tables.told(),
    });
    let Value::Object(more) = more else { return Ok(()) };
    let done = Done {
        zstat: env!("CARGO_PKG_VERSION").to_owned(),
        digest: run.made_with.digest(),
        made_with: run.made_with.clone(),
        seed: run.result.seed,
        result: run.result.clone(),
        epoch: run.fitted.epoch,
        digests: files.digests,
        more,
        seal: String::new(),
    };
    write_file(&folder.join(RUN), &done.sealed())
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
        ("digest".to_owned(), run.made_with.digest()),
        ("features".to_owned(), run.trainer.features().join(",")),
    ];
    Ok(tensors::write(&all, &metadata))
}

/// Yields of every sample in every bin, nominal and varied.
fn templates(run: &Run<'_>) -> String {
    let columns = ["channel", "sample", "variation", "side", "bin", "summary_bin", "events", "error"];
    let mut table = Table::new(&columns);
    let channel = &run.analysis.workspace.channels[run.training.channel];
    let kept = run.found.kept();
    for (at, of) in run.training.samples.iter().enumerate() {
        let sample = &channel.samples[of.index];
        let (_, errors) = run.found.nominal(run.trainer.nominal_pass(at));
        let errors: Vec<f64> = kept.iter().map(|bin| errors[*bin]).collect();
        let mut rows = |variation: &str, side: &str, values: &[f64], errors: Option<&[f64]>| {
            for (bin, value) in values.iter().enumerate() {
                let error = errors.map_or(f64::NAN, |errors| errors[bin]);
                table.row(&[
                    Cell::from(channel.name.as_str()),
                    Cell::from(sample.name.as_str()),
                    Cell::from(variation),
                    Cell::from(side),
                    Cell::from(bin as f64),
                    Cell::from(kept[bin] as f64),
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
