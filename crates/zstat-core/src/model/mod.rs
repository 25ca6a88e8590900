//! The model: names turned into indices once, and the numbers of the templates beside them.
//!
//! *Structure* (which modifier of which sample is driven by which parameter) is fixed at [`Model::build`]; *templates*
//! (nominal yields and variations) are replaceable. Source of the formulas: CERN-OPEN-2012-016.

mod constraint;
mod parameter;

pub use constraint::Constraint;
pub use parameter::{ParamIdx, Parameter, ParameterSet};

use crate::diag::Fault;
use crate::spec::{BuildOptions, Workspace};

/// A compiled workspace.
#[derive(Debug, Clone)]
pub struct Model {
    parameters: Vec<Parameter>,
    sets: Vec<ParameterSet>,
    poi: Vec<ParamIdx>,
    channels: Vec<ChannelInfo>,
}

/// A channel of a model and its place among all bins.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelInfo {
    /// Name.
    pub name: String,
    /// Its bins among the model's bins.
    pub bins: std::ops::Range<usize>,
    /// Names of its samples, in the model's order.
    pub samples: Vec<String>,
}

impl Model {
    /// Compiles a workspace.
    ///
    /// Channels, samples and parameters are in pyhf's order: channels and samples by name; parameters by kind of
    /// modifier (histosys, lumi, normfactor, normsys, shapefactor, shapesys, staterror) and first use.
    ///
    /// # Errors
    /// All faults of the workspace at once, as pointers into the workspace.
    pub fn build(_workspace: &Workspace, _options: &BuildOptions) -> Result<Self, Vec<Fault>> {
        Ok(Self { parameters: vec![], sets: vec![], poi: vec![], channels: vec![] })
    }

    /// The parameters, vector parameters expanded, in pyhf's order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The named parameters, each a run of `parameters`.
    pub fn sets(&self) -> &[ParameterSet] {
        &self.sets
    }

    /// The parameters of interest; empty for a background-only workspace.
    pub fn poi(&self) -> &[ParamIdx] {
        &self.poi
    }

    /// The channels, sorted by name.
    pub fn channels(&self) -> &[ChannelInfo] {
        &self.channels
    }

    /// Number of bins over all channels.
    pub fn n_bins(&self) -> usize {
        self.channels.last().map_or(0, |channel| channel.bins.end)
    }

    /// The parameter called `name`; a one-bin vector may be written `name` or `name[0]`.
    pub fn find(&self, name: &str) -> Option<ParamIdx> {
        if let Some(at) = self.parameters.iter().position(|p| p.name == name) {
            return Some(ParamIdx(at));
        }
        let set = self.sets.iter().find(|set| set.name == name && set.len == 1)?;
        Some(ParamIdx(set.first))
    }
}
