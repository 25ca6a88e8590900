//! Whether what a training is made of goes together: losses with the summary, the processes and the model.

use indexmap::IndexMap;
use zstat_core::diag::{Code, Fault};
use zstat_core::loss::{LossError, Process};
use zstat_core::model::Model;
use zstat_core::spec::Workspace;
use zstat_core::text::nearest;

use super::parts::{Built, BuiltLoss, at_loss};
use super::samples::{Made, interests, signals};
use super::{ProcessSpec, TrainSpec, Training, WordOr};

/// What can be told before there is a model.
pub(super) fn check(
    workspace: &Workspace,
    train: &TrainSpec,
    built: &Built,
    processes: Option<(&IndexMap<String, ProcessSpec>, &Made)>,
    faults: &mut Vec<Fault>,
) {
    measurement(workspace, train, faults);
    let Some(summary) = &built.summary else { return };
    let outputs = summary.outputs();
    let given: Vec<Process> = processes.map_or_else(Vec::new, |(processes, made)| {
        let pois = interests(workspace, train.measurement.as_deref());
        let signals = signals(workspace, processes, &made.samples, pois);
        let is_seen = |process: usize| made.samples.iter().any(|sample| sample.process == process);
        let all = processes.iter().zip(signals).enumerate().filter(|(at, _)| is_seen(*at));
        all.map(|(_, ((name, process), is_signal))| Process {
            name: name.clone(),
            is_signal,
            yield_: process.events().unwrap_or(1.0),
        })
        .collect()
    });
    let pois = interests(workspace, train.measurement.as_deref());
    let modifiers =
        workspace.channels.iter().flat_map(|channel| &channel.samples).flat_map(|of| &of.modifiers);
    let named: Vec<&String> =
        modifiers.map(|modifier| &modifier.name).chain(workspace.parameters.keys()).collect();
    let is_known = pois.iter().all(|poi| named.contains(&poi));
    for BuiltLoss { at, spec, loss } in &built.losses {
        let Err(error) = loss.fits_events(outputs, &given) else { continue };
        if matches!(error, LossError::OneKind { .. }) && !is_known {
            // That the parameter of interest is not there is told with the model.
            continue;
        }
        let message = format!("loss `{}`: {error}", spec.name);
        let fault = Fault::new(Code::OutOfRange, at, message);
        faults.push(match error {
            LossError::Outputs { needed: 1, .. } => {
                let summary = match &train.summary {
                    WordOr::Word(name) => name,
                    WordOr::With(part) => part.name.as_deref().unwrap_or_default(),
                };
                fault.help(format!(
                    "the summary `{summary}` makes the scorer give {outputs} scores an event: take one of a single score, such as `bkde`, `sigmoid_edges` or `hard`"
                ))
            }
            _ => fault,
        });
    }
}

fn measurement(workspace: &Workspace, train: &TrainSpec, faults: &mut Vec<Fault>) {
    let Some(name) = &train.measurement else { return };
    let known: Vec<&str> = workspace.measurements.iter().map(|known| known.name.as_str()).collect();
    if known.contains(&name.as_str()) {
        return;
    }
    let message = format!("no measurement of the workspace is called `{name}`");
    let fault = Fault::new(Code::UnknownName, "/train/measurement", message);
    faults.push(match (nearest(name, known.iter().copied()), known.is_empty()) {
        (Some(near), _) => fault.help(format!("did you mean `{near}`?")),
        (None, true) => fault.help("it has none: leave this out"),
        (None, false) => fault.help(format!("there are {}", known.join(", "))),
    });
}

impl Training {
    /// What is wrong with the model that is trained for, built from [`Training::workspace`] with its measurement.
    pub fn check_model(&self, model: &Model) -> Vec<Fault> {
        if model.poi().is_empty() {
            let message = "there is no parameter of interest: a training makes its measurement better";
            let fault = Fault::new(Code::BadPoi, "/workspace", message);
            return vec![fault.help("name it: `poi: mu`")];
        }
        let refused = |(i, (spec, loss)): (usize, &(super::LossSpec, Box<dyn zstat_core::loss::Loss>))| {
            let error = loss.fits_model(model).err()?;
            let message = format!("loss `{}`: {error}", spec.name);
            Some(Fault::new(Code::OutOfRange, at_loss(&self.train, i), message))
        };
        self.losses.iter().enumerate().filter_map(refused).collect()
    }
}
