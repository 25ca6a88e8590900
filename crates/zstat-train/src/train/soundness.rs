//! Whether the workspace of a result can be used: weights of both signs may leave a bin that expects less than nothing, and bins
//! that are left out take their data with them.

use zstat_core::fit::{self, FitOptions, Fitter};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};
use zstat_core::text::ranges;

use super::evaluate::Evaluation;
use super::fault::TrainFault;
use super::fit::Trainer;
use crate::spec::{ProcessSpec, Training};

/// Where more events of the evaluation come from.
pub(super) fn more_events(training: &Training) -> &'static str {
    let is_read = |process: &ProcessSpec| process.files.is_some();
    match training.processes.values().all(is_read) {
        true => "a larger share of the events (`split: {evaluation: ...}`)",
        false => "more `evaluate.events`",
    }
}

/// Why no measurement makes sense of a model: the first bin that expects a negative number of events at the start values, or with
/// the parameter of interest at 0. None where all is well.
pub(super) fn unsound(model: &Model, training: &Training) -> Option<String> {
    let more = more_events(training);
    let mut theta = model.init();
    let mut nll = Nll::new(model, model.data(vec![0.0; model.n_bins()]));
    let mut negative = |theta: &[f64], what: &str| {
        let expected = nll.expected(theta);
        let (bin, events) = expected.iter().enumerate().find(|(_, events)| **events < 0.0)?;
        let (channel, bin) = model.locate_bin(bin);
        Some(format!(
            "bin {bin} of channel `{channel}` expects {events:.4} events {what}: negative weights outweigh the others there; use fewer bins, or {more}"
        ))
    };
    if let Some(why) = negative(&theta, "at the start values") {
        return Some(why);
    }
    let poi = model.poi().first()?.0;
    let parameter = &model.parameters()[poi];
    let [low, high] = parameter.bounds;
    if !(low..=high).contains(&0.0) {
        return None;
    }
    theta[poi] = 0.0;
    negative(&theta, &format!("where `{}` is 0", parameter.name))
}

/// Why the fit to the data of a workspace does not converge; none where it does.
fn unconverged(model: &Model, workspace: &Workspace, fitter: &dyn Fitter) -> Option<String> {
    let observed = |name: &String| workspace.observations.get(name).cloned().unwrap_or_default();
    let observed: Vec<f64> = model.channels().iter().flat_map(|channel| observed(&channel.name)).collect();
    let mut nll = Nll::new(model, model.data(observed));
    let fixed = model.parameters().iter().map(|parameter| parameter.fixed).collect();
    let options = FitOptions { start: model.init(), fixed, minos: Vec::new(), multi_start: 1, seed: 0 };
    let status = fit::run(&mut nll, fitter, &options).status;
    (!status.converged).then(|| {
        let warnings: String = status.warnings.iter().map(|warning| format!("; {warning}")).collect();
        format!("its fit does not converge: {}{warnings}", status.reason)
    })
}

impl Trainer<'_> {
    /// Why a workspace that [`super::workspace()`] gave cannot be fitted: it is not valid, or the fit does not converge. None where it
    /// can be.
    pub fn unfit(
        &self,
        workspace: &Workspace,
        options: &BuildOptions,
        fitter: &dyn Fitter,
    ) -> Option<String> {
        let faults = match Model::build(workspace, options) {
            Ok(model) => return unconverged(&model, workspace, fitter),
            Err(faults) => faults,
        };
        // What is expected at the start values stands in for data: it is not these that are wrong.
        let without_data = Workspace { observations: Default::default(), ..workspace.clone() };
        let why =
            Model::build(&without_data, options).ok().and_then(|model| unsound(&model, self.engine.training));
        let first = || {
            let fault = faults.first()?;
            let help = fault.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            Some(format!("{}{help}", fault.message))
        };
        why.or_else(first).or_else(|| Some("it is not valid".to_owned()))
    }

    /// Bins of the summary that no event of the evaluation is in, with what the data have there.
    fn data_left_out(&self, found: &Evaluation) -> Vec<(usize, f64)> {
        let Some(observed) = self.workspace.observations.get(self.channel()) else { return Vec::new() };
        let kept = found.kept();
        let (n, all) = (found.bins(), observed.iter().copied().enumerate());
        if observed.len() != n {
            return Vec::new();
        }
        all.filter(|(bin, _)| !kept.contains(bin)).collect()
    }

    /// Whether the data lose nothing where bins are left out; what they lose of nothing, as a remark.
    ///
    /// # Errors
    /// Where they have events in such a bin.
    pub fn left_out(&self, found: &Evaluation) -> Result<Option<String>, TrainFault> {
        let all = self.data_left_out(found);
        let lost: Vec<(usize, f64)> = all.iter().copied().filter(|(_, events)| *events != 0.0).collect();
        let channel = self.channel();
        if !lost.is_empty() {
            return Err(TrainFault::LostData {
                channel: channel.to_owned(),
                bins: lost,
                more: more_events(self.engine.training),
            });
        }
        let bins: Vec<usize> = all.iter().map(|(bin, _)| *bin).collect();
        Ok((!bins.is_empty()).then(|| {
            let noun = if bins.len() == 1 { "bin" } else { "bins" };
            let bins = ranges(&bins);
            format!("channel `{channel}`: the data have 0 events in {noun} {bins} of the summary, left out with them")
        }))
    }

    /// The channel that is trained.
    fn channel(&self) -> &str {
        &self.workspace.channels[self.engine.training.channel].name
    }
}
