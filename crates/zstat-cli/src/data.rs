//! The data of a fit: the workspace's observations, a file's, or the Asimov data of a point; and blinding.

use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;
use zstat_core::likelihood::Data;
use zstat_core::model::{Constraint, Model};

use crate::failure::{Failure, OptionFault, known_names};

/// Observations by channel.
pub type Observations = IndexMap<String, Vec<f64>>;

/// What a file for `--data` may hold: `{channel: [..]}`, pyhf's list, or anything with `observations` of either form.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum DataFile {
    Within { observations: Box<DataFile> },
    Analysis { workspace: Box<DataFile> },
    ByChannel(Observations),
    List(Vec<NamedData>),
}

#[derive(Debug, Deserialize)]
struct NamedData {
    name: String,
    data: Vec<f64>,
}

impl DataFile {
    fn observations(self) -> Observations {
        match self {
            Self::Within { observations: inner } | Self::Analysis { workspace: inner } => {
                inner.observations()
            }
            Self::ByChannel(map) => map,
            Self::List(list) => list.into_iter().map(|entry| (entry.name, entry.data)).collect(),
        }
    }
}

/// Reads the observations of a file, JSON or YAML. A file that is not of the right form is a fault of `--data`.
///
/// # Errors
/// Where the file cannot be read.
pub fn read_file(path: &Path, faults: &mut Vec<OptionFault>) -> Result<Observations, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::read(path, source))?;
    let json = text.trim_start().starts_with(['{', '[']);
    let parsed: Result<DataFile, String> = if json {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        serde_yaml::from_str(&text).map_err(|error| error.to_string())
    };
    Ok(parsed.map(DataFile::observations).unwrap_or_else(|error| {
        let message = format!("expected observations by channel, `{{CHANNEL: [n0, n1, ..]}}`: {error}");
        faults.push(OptionFault::new("--data", path.display().to_string(), message));
        Observations::new()
    }))
}

/// Data of a model from observations by channel. `missing` collects the channels that have none: they stay at zero.
pub fn from_observations(model: &Model, observations: &Observations, missing: &mut Vec<String>) -> Data {
    let mut data = empty(model);
    for channel in model.channels() {
        match observations.get(&channel.name) {
            Some(counts) if counts.len() == channel.bins.len() => {
                data.main[channel.bins.clone()].copy_from_slice(counts);
            }
            _ => missing.push(channel.name.clone()),
        }
    }
    data
}

/// Faults of a data file against a model: unknown channels, wrong numbers of bins, bad counts; all of them.
pub fn check_file(model: &Model, path: &Path, observations: &Observations, faults: &mut Vec<OptionFault>) {
    let file = path.display().to_string();
    let known: Vec<&str> = model.channels().iter().map(|c| c.name.as_str()).collect();
    let mut fault = |message: String, help: Option<String>| {
        faults.push(OptionFault { option: "--data", found: file.clone(), message, help });
    };
    for (name, counts) in observations {
        let Some(channel) = model.channels().iter().find(|c| &c.name == name) else {
            fault(format!("the model has no channel `{name}`"), Some(known_names(name, &known)));
            continue;
        };
        if counts.len() != channel.bins.len() {
            let (found, expected) = (counts.len(), channel.bins.len());
            fault(format!("channel `{name}` has {expected} bins in the model, found {found} numbers"), None);
        }
        for (bin, count) in counts.iter().enumerate().filter(|(_, n)| !(n.is_finite() && **n >= 0.0)) {
            fault(
                format!("bin {bin} of channel `{name}`: expected a finite number ≥ 0, found {count}"),
                None,
            );
        }
    }
    for name in known.iter().filter(|name| !observations.contains_key(**name)) {
        fault(format!("no observations of channel `{name}`"), None);
    }
}

/// Zero events in every bin, auxiliary data at nominal.
pub fn empty(model: &Model) -> Data {
    let aux = model.parameters().iter().map(|p| nominal_aux(&p.constraint)).collect();
    Data { main: vec![0.0; model.n_bins()], aux, masked: vec![false; model.n_bins()] }
}

/// Auxiliary observation of a constraint, as the model has it; 0 where there is no constraint.
pub fn nominal_aux(constraint: &Constraint) -> f64 {
    match *constraint {
        Constraint::None => 0.0,
        Constraint::Normal { aux, .. }
        | Constraint::Poisson { aux, .. }
        | Constraint::LogNormal { aux, .. }
        | Constraint::Correlated { aux, .. } => aux,
    }
}
