//! The model: names turned into indices once, and the numbers of the templates beside them.
//!
//! *Structure* (which modifier of which sample is driven by which parameter) is fixed at [`Model::build`]; *templates*
//! (nominal yields and variations) are replaceable. Source of the formulas: CERN-OPEN-2012-016.

mod constraint;
mod correlated;
mod formula;
mod functions;
mod interp;
mod modifier;
mod order;
mod parameter;
mod prior;
mod resolve;
mod split;
mod structure;
mod templates;

pub use constraint::Constraint;
pub use correlated::{CorrelatedBlock, CorrelatedRoot};
pub use formula::FormulaParameter;
pub(crate) use formula::FormulaValues;
pub use functions::Functions;
pub(crate) use interp::Basis;
pub use parameter::{ParamIdx, Parameter, ParameterSet};
pub use prior::{Prior, PriorBlock};
pub use split::SplitError;
pub(crate) use structure::{Cell, Shift, Structure};
pub use templates::{TemplatePlace, Templates};

use crate::diag::{Code, Fault};
use std::sync::{Arc, OnceLock};

use crate::likelihood::{Data, Layout};
use crate::spec::{BuildOptions, Dialect, HistoSysCode, Measurement, OneOrMany, Workspace};
use crate::text::nearest;
use interp::Factor;

/// A compiled workspace.
#[derive(Debug, Clone)]
pub struct Model {
    parameters: Vec<Parameter>,
    sets: Vec<ParameterSet>,
    poi: Vec<ParamIdx>,
    channels: Vec<ChannelInfo>,
    formulas: Vec<FormulaParameter>,
    pub(crate) blocks: Vec<CorrelatedBlock>,
    pub(crate) structure: Structure,
    pub(crate) templates: Templates,
    pub(crate) clip_bins: Option<f64>,
    pub(crate) clip_samples: Option<f64>,
    /// ROOT's rule, which is no part of the likelihood: negative sums of nominal and shifts would become 0.
    floored_by_root: bool,
    layout: OnceLock<Arc<Layout>>,
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
    /// All that `spec::check` finds wrong with the workspace, as pointers into it.
    pub fn build(workspace: &Workspace, options: &BuildOptions) -> Result<Self, Vec<Fault>> {
        let faults = crate::spec::check(workspace, options);
        if !faults.is_empty() {
            return Err(faults);
        }
        let measurement = select_measurement(workspace, options.measurement.as_deref())?;
        let ordered = order::Ordered::new(workspace);
        let parameters = resolve::resolve(workspace, &ordered, options);
        let (structure, templates) = Structure::build(&ordered, &parameters, options);
        let mut first = 0;
        let channels = ordered
            .channels
            .iter()
            .map(|channel| {
                let bins = first..first + channel.n_bins;
                first = bins.end;
                let samples = channel.samples.iter().map(|s| s.sample.name.clone()).collect();
                ChannelInfo { name: channel.name.to_owned(), bins, samples }
            })
            .collect();
        let mut model = Self {
            parameters: parameters.list,
            sets: parameters.sets,
            poi: Vec::new(),
            channels,
            formulas: parameters.formulas,
            blocks: parameters.blocks,
            structure,
            templates,
            clip_bins: options.clip_bins,
            clip_samples: options.clip_samples,
            floored_by_root: options.dialect == Dialect::Root && options.clip_samples.is_none(),
            layout: OnceLock::new(),
        };
        let poi = measurement.and_then(|m| m.poi.as_ref()).or(workspace.poi.as_ref());
        let names = options.poi.as_deref().or(poi.map(OneOrMany::as_slice)).unwrap_or_default();
        model.poi = names.iter().filter_map(|name| model.find(name)).collect();
        Ok(model)
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
        resolve::find(&self.parameters, &self.sets, name).map(ParamIdx)
    }

    /// What follows from the parameters by formulas; each uses only earlier ones.
    pub fn formulas(&self) -> &[FormulaParameter] {
        &self.formulas
    }

    /// For each formula, whether the likelihood depends on it: a modifier uses it, or another formula that one uses. The
    /// others are reported and no more.
    pub fn driving(&self) -> Vec<bool> {
        let mut used = vec![false; self.n_extended()];
        self.structure.scales.iter().for_each(|scale| used[scale.param] = true);
        self.structure.bases.iter().for_each(|basis| used[basis.param] = true);
        for cell in &self.structure.cells {
            for &first in &self.structure.bin_scales[cell.bin_scales.clone()] {
                used[first..first + cell.n_bins()].fill(true);
            }
        }
        formula::used(&self.formulas, used.split_off(self.parameters.len()))
    }

    /// The Gaussian constraints over several parameters.
    pub fn correlated(&self) -> &[CorrelatedBlock] {
        &self.blocks
    }

    /// Whether ROOT would treat negative yields of a sample otherwise than this model does: dialect `root` without
    /// clipping of samples.
    pub fn is_floored_by_root(&self) -> bool {
        self.floored_by_root
    }

    /// The correlated Gaussians, each taken apart into independent shifts of its members that are not `held` (one entry a
    /// parameter).
    ///
    /// # Panics
    /// If `held` has not one entry a parameter.
    pub fn correlated_roots(&self, held: &[bool]) -> Vec<CorrelatedRoot> {
        assert_eq!(held.len(), self.parameters.len(), "one entry a parameter");
        self.blocks.iter().map(|block| block.root(held)).collect()
    }

    /// Parameters that drive a piecewise interpolation with a kink at 0 (codes 0 and 1), ascending.
    pub fn kinked(&self) -> Vec<usize> {
        let bases = self.structure.bases.iter().filter(|basis| basis.code == HistoSysCode::Code0);
        let scales =
            self.structure.scales.iter().filter(|s| s.factor.as_ref().is_some_and(Factor::is_kinked));
        let mut out: Vec<usize> = bases.map(|b| b.param).chain(scales.map(|s| s.param)).collect();
        out.retain(|&index| index < self.parameters.len());
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Length of the extended vector that modifiers see: parameters, then formulas.
    pub(crate) fn n_extended(&self) -> usize {
        self.parameters.len() + self.formulas.len()
    }

    /// The channel and bin (from 0) of one of the model's bins.
    ///
    /// # Panics
    /// If `bin` is not below `n_bins`.
    pub fn locate_bin(&self, bin: usize) -> (&str, usize) {
        let at = self.channels.partition_point(|channel| channel.bins.end <= bin);
        let channel = &self.channels[at];
        (&channel.name, bin - channel.bins.start)
    }

    /// Start values of all parameters.
    pub fn init(&self) -> Vec<f64> {
        self.parameters.iter().map(|p| p.init).collect()
    }

    /// Nominal auxiliary observations, one a parameter; NaN where unconstrained.
    pub fn nominal_aux(&self) -> Vec<f64> {
        self.parameters.iter().map(|p| p.constraint.aux()).collect()
    }

    /// The workspace's observations with nominal auxiliary data.
    ///
    /// # Errors
    /// A channel without observation, one fault each.
    pub fn observed(&self, workspace: &Workspace) -> Result<Data, Vec<Fault>> {
        let mut main = Vec::with_capacity(self.n_bins());
        let mut faults = Vec::new();
        for channel in &self.channels {
            match workspace.observations.get(&channel.name) {
                Some(observed) if observed.len() == channel.bins.len() => main.extend_from_slice(observed),
                Some(observed) => faults.push(Fault::new(
                    Code::BinCount,
                    format!("/observations/{}", channel.name),
                    format!(
                        "channel `{}` has {} bins, found {} observations",
                        channel.name,
                        channel.bins.len(),
                        observed.len()
                    ),
                )),
                None => faults.push(Fault::new(
                    Code::UnknownName,
                    "/observations",
                    format!("channel `{}` has no observation", channel.name),
                )),
            }
        }
        if faults.is_empty() { Ok(self.data(main)) } else { Err(faults) }
    }

    /// Main data with nominal auxiliary data.
    ///
    /// # Panics
    /// If `main` has not one entry a bin.
    pub fn data(&self, main: Vec<f64>) -> Data {
        assert_eq!(main.len(), self.n_bins(), "one observation a bin");
        Data { masked: vec![false; main.len()], main, aux: self.nominal_aux() }
    }

    /// Where derivatives go in the Hessian; worked out at first use.
    pub(crate) fn layout(&self) -> Arc<Layout> {
        Arc::clone(self.layout.get_or_init(|| Arc::new(Layout::new(self))))
    }

    /// The templates, in the layout of [`Templates`].
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Replaces the templates. Constraint widths (shapesys, staterror) stay as they were built.
    ///
    /// # Panics
    /// If the lengths differ from those of [`Model::templates`].
    pub fn set_templates(&mut self, templates: Templates) {
        assert_eq!(templates.nominal.len(), self.templates.nominal.len(), "nominal templates");
        assert_eq!(templates.shifts.len(), self.templates.shifts.len(), "shape variations");
        self.templates = templates;
    }
}

/// The measurement asked for, or the first; none in a workspace without measurements.
fn select_measurement<'w>(
    workspace: &'w Workspace,
    name: Option<&str>,
) -> Result<Option<&'w Measurement>, Vec<Fault>> {
    let Some(name) = name else { return Ok(workspace.measurements.first()) };
    if let Some(found) = workspace.measurements.iter().find(|m| m.name == name) {
        return Ok(Some(found));
    }
    let known = || workspace.measurements.iter().map(|m| m.name.as_str());
    let list = known().collect::<Vec<_>>().join(", ");
    let message = if list.is_empty() {
        format!("no measurement called `{name}`: the workspace names none")
    } else {
        format!("no measurement called `{name}`; there are {list}")
    };
    let mut fault = Fault::new(Code::UnknownName, "/measurements", message);
    if let Some(near) = nearest(name, known()) {
        fault = fault.help(format!("did you mean `{near}`?"));
    }
    Err(vec![fault])
}
