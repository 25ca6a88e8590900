//! Whether the workspace of a result can be used: weights of both signs may leave a bin that expects less than nothing, and bins
//! that are left out take their data with them.

use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};

use super::evaluate::Evaluation;
use super::fault::TrainFault;
use super::fit::Trainer;

/// What helps where weights do not cancel.
const HELP: &str = "negative weights outweigh the others there; use fewer bins, or more `evaluate.events`";

/// Why no measurement makes sense of a model: the first bin that expects a negative number of events at the start values, or with
/// the parameter of interest at 0. None where all is well.
pub(super) fn unsound(model: &Model) -> Option<String> {
    let mut theta = model.init();
    let mut nll = Nll::new(model, model.data(vec![0.0; model.n_bins()]));
    let mut negative = |theta: &[f64], what: &str| {
        let expected = nll.expected(theta);
        let (bin, events) = expected.iter().enumerate().find(|(_, events)| **events < 0.0)?;
        let (channel, bin) = model.locate_bin(bin);
        Some(format!("bin {bin} of channel `{channel}` expects {events:.4} events {what}: {HELP}"))
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

impl Trainer<'_> {
    /// Why no command takes a workspace that [`super::workspace()`] gave; none where it is valid.
    pub fn unfit(&self, workspace: &Workspace, options: &BuildOptions) -> Option<String> {
        let faults = Model::build(workspace, options).err()?;
        // What is expected at the start values stands in for data: it is not these that are wrong.
        let without_data = Workspace { observations: Default::default(), ..workspace.clone() };
        let why = Model::build(&without_data, options).ok().and_then(|model| unsound(&model));
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
            return Err(TrainFault::LostData { channel: channel.to_owned(), bins: lost });
        }
        let bins: Vec<String> = all.iter().map(|(bin, _)| bin.to_string()).collect();
        Ok((!bins.is_empty()).then(|| {
            let noun = if bins.len() == 1 { "bin" } else { "bins" };
            let bins = bins.join(", ");
            format!("channel `{channel}`: the data have 0 events in {noun} {bins} of the summary, left out with them")
        }))
    }

    /// The channel that is trained.
    fn channel(&self) -> &str {
        &self.workspace.channels[self.engine.training.channel].name
    }
}
