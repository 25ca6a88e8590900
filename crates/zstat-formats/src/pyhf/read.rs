//! pyhf's layout → zstat's workspace. The numbers are moved, nothing is dropped or reordered.

use indexmap::IndexMap;
use zstat_core::diag::{Code, Fault};
use zstat_core::spec::{self, ConstraintSpec, ModifierKind, OneOrMany, ParameterSpec};

use super::types::{Channel, Measurement, Model, Observation, Parameter, Workspace};
use super::uses::{Usage, Uses};

/// A workspace that was read, and what a user should know about how.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The same model in zstat's terms.
    pub workspace: spec::Workspace,
    /// Remarks: what the file lacks and what was assumed for it.
    pub notes: Vec<String>,
}

/// Converts a workspace file.
///
/// # Errors
/// What pyhf refuses and zstat's layout cannot hold: an observation or a parameter given twice, a setting that the
/// type of the parameter does not have. The pointers are into the pyhf file.
pub fn from_workspace(file: Workspace) -> Result<Converted, Vec<Fault>> {
    let mut faults = vec![];
    let mut notes = vec![];
    let mut workspace = spec::Workspace { channels: channels(file.channels), ..Default::default() };
    workspace.observations = observations(file.observations, &mut faults);
    let uses = Uses::of(&workspace.channels);
    let mut measurements = Vec::with_capacity(file.measurements.len());
    for (i, Measurement { name, config }) in file.measurements.into_iter().enumerate() {
        let at = format!("/measurements/{i}/config/parameters");
        let parameters = parameters(config.parameters, &uses, &at, &mut faults);
        let poi = (!config.poi.is_empty()).then_some(OneOrMany::One(config.poi));
        if poi.is_none() {
            notes.push(format!(
                "measurement `{name}` has no parameter of interest: a background-only workspace"
            ));
        }
        measurements.push(spec::Measurement { name, poi, parameters });
    }
    workspace.measurements = measurements;
    if faults.is_empty() { Ok(Converted { workspace, notes }) } else { Err(faults) }
}

/// Converts a model without data.
///
/// # Errors
/// As [`from_workspace`].
pub fn from_model(file: Model) -> Result<Converted, Vec<Fault>> {
    let mut faults = vec![];
    let mut workspace = spec::Workspace { channels: channels(file.channels), ..Default::default() };
    let uses = Uses::of(&workspace.channels);
    workspace.parameters = parameters(file.parameters, &uses, "/parameters", &mut faults);
    let notes = vec!["a model without observations: it can be evaluated, not fitted".to_owned()];
    if faults.is_empty() { Ok(Converted { workspace, notes }) } else { Err(faults) }
}

fn channels(channels: Vec<Channel>) -> Vec<spec::Channel> {
    let sample = |sample: super::types::Sample| spec::Sample {
        name: sample.name,
        data: sample.data,
        events: None,
        modifiers: sample.modifiers.into_iter().map(|modifier| modifier.0).collect(),
    };
    let channel = |channel: Channel| spec::Channel {
        name: channel.name,
        samples: channel.samples.into_iter().map(sample).collect(),
    };
    channels.into_iter().map(channel).collect()
}

fn observations(list: Vec<Observation>, faults: &mut Vec<Fault>) -> IndexMap<String, Vec<f64>> {
    let mut map = IndexMap::with_capacity(list.len());
    for (i, Observation { name, data }) in list.into_iter().enumerate() {
        if map.contains_key(&name) {
            let message = format!("channel `{name}` has two observations");
            let fault = Fault::new(Code::DuplicateName, format!("/observations/{i}/name"), message);
            faults.push(fault.help("keep one of them"));
        } else {
            map.insert(name, data);
        }
    }
    map
}

/// The settings of one measurement, by name; what pyhf refuses goes to `faults`.
fn parameters(
    list: Vec<Parameter>,
    uses: &Uses<'_>,
    at: &str,
    faults: &mut Vec<Fault>,
) -> IndexMap<String, ParameterSpec> {
    let mut map = IndexMap::with_capacity(list.len());
    for (j, parameter) in list.into_iter().enumerate() {
        let at = format!("{at}/{j}");
        let usage = uses.get(&parameter.name);
        faults.extend(unsupported(&parameter, usage, &at));
        let (name, settings) = settings(parameter, usage);
        if map.contains_key(&name) {
            let message = format!("parameter `{name}` is set twice");
            let fault = Fault::new(Code::DuplicateName, format!("{at}/name"), message);
            faults.push(fault.help("merge the two entries"));
        } else {
            map.insert(name, settings);
        }
    }
    map
}

/// Settings that the type of the parameter does not have: pyhf refuses them, and their meaning would be a guess.
fn unsupported(parameter: &Parameter, usage: Option<&Usage<'_>>, at: &str) -> Vec<Fault> {
    let Some(Usage { kind, .. }) = usage else { return vec![] };
    let (aux, sigmas, factors) = match kind {
        ModifierKind::NormFactor | ModifierKind::ShapeFactor => (false, false, false),
        ModifierKind::HistoSys { .. } | ModifierKind::NormSys { .. } => (true, false, false),
        ModifierKind::Lumi | ModifierKind::StatError { .. } => (true, true, false),
        ModifierKind::ShapeSys { .. } => (true, false, true),
    };
    let settings = [
        ("auxdata", parameter.auxdata.is_some(), aux),
        ("sigmas", parameter.sigmas.is_some(), sigmas),
        ("factors", parameter.factors.is_some(), factors),
    ];
    let refused = settings.iter().filter(|(_, given, allowed)| *given && !allowed);
    let fault = |&(setting, ..): &(&str, bool, bool)| {
        let message =
            format!("parameter `{}` of a {} has no `{setting}` in pyhf", parameter.name, kind.name());
        Fault::new(Code::ParameterSetting, format!("{at}/{setting}"), message)
            .at_key()
            .help("remove it, or convert the file to zstat's own layout and set `constraint` there")
    };
    refused.map(fault).collect()
}

fn settings(parameter: Parameter, usage: Option<&Usage<'_>>) -> (String, ParameterSpec) {
    let vector = usage.is_some_and(Usage::is_vector);
    let constraint = constraint(parameter.sigmas, parameter.factors, usage, vector);
    let untouched_aux =
        matches!(constraint, Some(ConstraintSpec::Poisson { .. })) && parameter.auxdata.is_none();
    let aux = if untouched_aux { usage.map(shapesys_tau) } else { parameter.auxdata };
    let settings = ParameterSpec {
        init: parameter.inits.map(|values| one_or_many(values, vector)),
        bounds: parameter.bounds.map(|values| one_or_many(values, vector)),
        fixed: parameter.fixed.map(OneOrMany::One),
        aux: aux.map(|values| one_or_many(values, vector)),
        constraint,
        formula: None,
    };
    (parameter.name, settings)
}

fn constraint(
    sigmas: Option<Vec<f64>>,
    factors: Option<Vec<f64>>,
    usage: Option<&Usage<'_>>,
    vector: bool,
) -> Option<ConstraintSpec> {
    let lumi = matches!(usage, Some(Usage { kind: ModifierKind::Lumi, .. }));
    match (sigmas, factors) {
        (Some(sigmas), _) => Some(ConstraintSpec::Normal { sigma: one_or_many(sigmas, vector) }),
        (None, Some(factors)) => Some(ConstraintSpec::Poisson { tau: one_or_many(factors, vector) }),
        // pyhf's default width of a luminosity, tried with 0.7.6.
        (None, None) if lumi => Some(ConstraintSpec::Normal { sigma: OneOrMany::One(1.0) }),
        (None, None) => None,
    }
}

/// The auxiliary counts that pyhf derives from a shapesys; they stay when only `factors` is replaced.
fn shapesys_tau(Usage { kind, nominal, .. }: &Usage<'_>) -> Vec<f64> {
    let ModifierKind::ShapeSys { errors } = kind else { return vec![] };
    let tau = |(&nominal, &error): (&f64, &f64)| match nominal > 0.0 && error > 0.0 {
        true => nominal.powi(2) / error.powi(2),
        false => 1.0,
    };
    nominal.iter().zip(errors).map(tau).collect()
}

/// A list of one entry is a scalar, unless it belongs to a parameter with one component a bin.
fn one_or_many<T: Copy>(values: Vec<T>, vector: bool) -> OneOrMany<T> {
    match values[..] {
        [value] if !vector => OneOrMany::One(value),
        _ => OneOrMany::Many(values),
    }
}
