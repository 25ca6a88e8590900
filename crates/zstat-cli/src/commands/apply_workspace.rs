//! The workspace of a run with new events as what its channel observed.

use std::path::{Path, PathBuf};

use zstat_core::spec::Analysis;
use zstat_core::text::number;
use zstat_formats::Format;

use super::apply_run::TrainedRun;
use super::train_files::WORKSPACE;
use crate::args::SpecArgs;
use crate::failure::{Failure, OptionFault};
use crate::input::Spec;
use crate::report::apply::Counts;

/// A workspace that is to be written.
pub struct Observed {
    path: PathBuf,
    analysis: Analysis,
    channel: String,
    /// Channels whose observations are none.
    expected: Vec<String>,
}

impl Observed {
    /// Reads the workspace of a run, whose channel has `bins` bins.
    ///
    /// # Errors
    /// Where it cannot be read or has another channel.
    pub fn open(path: &Path, trained: &TrainedRun, bins: usize) -> Result<Self, Failure> {
        let spec = trained.folder.join(WORKSPACE);
        let spec = Spec::open(&SpecArgs { spec, patch: Vec::new(), ignore_digests: false })?;
        let analysis = spec.analysis().clone();
        let channel = trained.channel().to_owned();
        let mut found = analysis.workspace.channels.iter().filter(|known| known.name == channel);
        let lengths: Vec<usize> =
            found.by_ref().flat_map(|known| &known.samples).map(|sample| sample.data.len()).collect();
        if lengths.is_empty() || lengths.iter().any(|length| *length != bins) {
            let message = format!("its `{WORKSPACE}` has no channel `{channel}` of {bins} bins");
            let fault = OptionFault::new("RUN", trained.folder.display().to_string(), message);
            return Err(Failure::Options(vec![fault.help("copy the folder anew from where it is whole")]));
        }
        // What a training puts in where nothing is observed.
        let given = &trained.spec.analysis().workspace.observations;
        let channels = analysis.workspace.channels.iter().map(|known| &known.name);
        let expected = channels.filter(|name| **name != channel && !given.contains_key(*name));
        let expected = expected.cloned().collect();
        Ok(Self { path: path.to_owned(), analysis, channel, expected })
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Where counts are no observations, or the format cannot hold them.
    pub fn text(mut self, counts: &Counts, warnings: &mut Vec<String>) -> Result<String, Failure> {
        let fault =
            |message: String| OptionFault::new("--workspace", self.path.display().to_string(), message);
        let negative = counts.bins.iter().enumerate().filter(|(_, bin)| bin.weighted < 0.0);
        let faults: Vec<OptionFault> = negative
            .map(|(at, bin)| {
                let message = format!("the weights in bin {at} add up to {}", number(bin.weighted));
                fault(message).help("observations are 0 or more: events of data have no negative weights")
            })
            .collect();
        if !faults.is_empty() {
            return Err(Failure::Options(faults));
        }
        let events: Vec<f64> = counts.bins.iter().map(|bin| bin.weighted).collect();
        let format = Format::of_file(&self.path.display().to_string()).unwrap_or(Format::Native);
        self.analysis.workspace.observations.insert(self.channel.clone(), events);
        let written = format.write(&self.analysis).map_err(|error| {
            Failure::Options(vec![OptionFault::new(
                "--workspace",
                self.path.display().to_string(),
                error.to_string(),
            )])
        })?;
        warnings.extend(self.expected.iter().map(|channel| {
            format!(
                "channel `{channel}`: nothing is observed; in the workspace stands what is expected there"
            )
        }));
        warnings.extend(written.losses.iter().map(|loss| format!("lost in {}: {loss}", self.path.display())));
        Ok(written.text)
    }
}
