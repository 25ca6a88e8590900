//! Channel compatibility: one parameter of interest for all channels, against one for each.
//!
//! 2 [NLL_one − NLL_separate] is distributed as χ² where all channels share one value, in the limit of many events (S. S. Wilks,
//! Ann. Math. Statist. 9 (1938) 60). Its degrees of freedom are the directions that separate values add to those the data
//! determine: (groups − 1), or fewer where free backgrounds take the place of differences.

use std::sync::atomic::{AtomicUsize, Ordering};

use nalgebra::DMatrix;
use zstat_core::fit::{Curvature, FitOptions, Fitter, Minimum, Objective, ParameterResult, Problem, minimum};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::{Model, ParamIdx};

use crate::{Inputs, TestError, chi_squared_tail};

/// A value below this is no rounding: the fit with more freedom missed its minimum.
const NEGATIVE: f64 = -1e-6;

/// Eigenvalues of a scaled matrix below this are flat directions.
const FLAT: f64 = 1e-10;

/// How to compare.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompatibilityOptions {
    /// Channels that share a value: name and indices of channels. All others stand for themselves.
    pub groups: Vec<(String, Vec<usize>)>,
    /// Bounds of the parameter, in both fits; by default the model's.
    pub bounds: Option<[f64; 2]>,
}

/// One group of channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name: the channel's, where it is one.
    pub name: String,
    /// Its channels.
    pub channels: Vec<String>,
    /// Its own value, with MINOS.
    pub best: ParameterResult,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Compatibility {
    /// The one value of all channels, with MINOS.
    pub one: ParameterResult,
    /// Each group's own.
    pub groups: Vec<Group>,
    /// Channels that do not depend on the parameter, or are blinded.
    pub left_out: Vec<String>,
    /// 2 [NLL_one − NLL_separate].
    pub value: f64,
    /// Directions that separate values add to those the data determine: groups less one, or fewer.
    pub dof: usize,
    /// Probability of a larger value, asymptotically.
    pub p_value: f64,
    /// Both fits converged.
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations, those of MINOS included.
    pub fits: usize,
}

/// A minimiser that counts how often it is called.
struct Counted<'f> {
    fitter: &'f dyn Fitter,
    calls: AtomicUsize,
}

impl Fitter for Counted<'_> {
    fn minimise(&self, objective: &mut dyn Objective, problem: &Problem<'_>) -> Minimum {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.fitter.minimise(objective, problem)
    }
}

/// Fits `parameter` once for all channels and once for each group.
///
/// # Errors
/// Where there are fewer than two groups, the parameter cannot be split, or there is no likelihood.
pub fn compatibility(
    inputs: Inputs<'_>,
    parameter: usize,
    options: &CompatibilityOptions,
) -> Result<Compatibility, TestError> {
    let counted = Counted { fitter: inputs.fitter, calls: AtomicUsize::new(0) };
    let inputs = Inputs { fitter: &counted, ..inputs };
    let poi = ParamIdx(parameter);
    let (groups, left_out) = grouped(inputs, poi, options);
    if groups.len() < 2 {
        let groups = groups.into_iter().map(|(name, _)| name).collect();
        return Err(TestError::OneGroup { parameter: inputs.name(parameter).to_owned(), groups });
    }
    let mut model = inputs.model.clone();
    if let Some(bounds) = options.bounds {
        model.set_bounds(poi, bounds);
    }
    let [lower, upper] = model.parameters()[parameter].bounds;
    let mut start = inputs.start.to_vec();
    start[parameter] = start[parameter].max(lower).min(upper);
    let one = fitted(inputs, &model, inputs.data, &start, inputs.fixed, &[poi])?;

    let (split, parameters) = model.split(poi, &groups).map_err(TestError::Split)?;
    let copies = groups.len() - 1;
    let extended = |values: &[f64], more: f64| [values, &vec![more; copies]].concat();
    let start = extended(&one.theta, one.theta[parameter]);
    let data = Data { aux: extended(&inputs.data.aux, inputs.data.aux[parameter]), ..inputs.data.clone() };
    let fixed = [inputs.fixed, &vec![false; copies]].concat();
    let separate = fitted(inputs, &split, &data, &start, &fixed, &parameters)?;

    let value = 2.0 * (one.nll - separate.nll);
    let all = determined(&split, &data, &start, &fixed);
    let (dof, mut warnings) = match all.zip(determined(&model, inputs.data, &one.theta, inputs.fixed)) {
        Some((all, together)) => (all.saturating_sub(together).min(copies), Vec::new()),
        None => (copies, Vec::new()),
    };
    if dof < copies {
        warnings.push(format!(
            "the data determine only {dof} of {copies} differences between the separate values: so many degrees of freedom \
             are counted"
        ));
    }
    for (what, fit) in [("one value", &one), ("separate values", &separate)] {
        warnings.extend(fit.warnings.iter().map(|warning| format!("fit with {what}: {warning}")));
    }
    if value < NEGATIVE {
        warnings.push(format!(
            "the fit with separate values ended {:.3e} higher in 2 NLL: it missed its minimum",
            -value
        ));
    }
    let channel = |index: &usize| inputs.model.channels()[*index].name.clone();
    let groups = groups.iter().zip(&separate.results).map(|((name, channels), best)| Group {
        name: name.clone(),
        channels: channels.iter().map(channel).collect(),
        best: best.clone(),
    });
    Ok(Compatibility {
        groups: groups.collect(),
        left_out,
        value,
        dof,
        p_value: chi_squared_tail(value, dof),
        converged: one.converged && separate.converged && value >= NEGATIVE,
        one: one.results[0].clone(),
        warnings,
        fits: counted.calls.load(Ordering::Relaxed),
    })
}

/// How many directions of the free parameters the data and constraints determine to first order at `theta`: the rank of the Fisher
/// matrix, scaled to a diagonal of ones; none where there is no likelihood.
fn determined(model: &Model, data: &Data, theta: &[f64], fixed: &[bool]) -> Option<usize> {
    let mut nll = Nll::new(model, data.clone());
    let mut hessian = nll.new_hessian();
    nll.hessian(theta, Curvature::Fisher, &mut vec![0.0; theta.len()], &mut hessian).ok()?;
    let moves = |i: &usize| !fixed[*i] && hessian.diagonal(*i) > 0.0;
    let rows: Vec<usize> = (0..theta.len()).filter(moves).collect();
    let (n, dense) = (theta.len(), hessian.to_dense());
    let size = |i: usize| hessian.diagonal(i).sqrt();
    let entry = |r: usize, c: usize| dense[rows[r] * n + rows[c]] / (size(rows[r]) * size(rows[c]));
    let scaled = DMatrix::from_fn(rows.len(), rows.len(), entry);
    Some(scaled.symmetric_eigenvalues().iter().filter(|value| **value > FLAT).count())
}

/// The groups of channels that say something of the parameter, in the model's order of their first channels; and the names
/// of the channels left out.
fn grouped(
    inputs: Inputs<'_>,
    poi: ParamIdx,
    options: &CompatibilityOptions,
) -> (Vec<(String, Vec<usize>)>, Vec<String>) {
    let channels = inputs.model.channels();
    let acts = inputs.model.channels_of(poi);
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    let mut left_out = Vec::new();
    for (index, channel) in channels.iter().enumerate() {
        if !acts[index] || !inputs.data.masked[channel.bins.clone()].contains(&false) {
            left_out.push(channel.name.clone());
            continue;
        }
        let asked = options.groups.iter().find(|(_, members)| members.contains(&index));
        let name = asked.map_or(&channel.name, |(name, _)| name);
        match groups.iter_mut().find(|(known, _)| asked.is_some() && known == name) {
            Some((_, members)) => members.push(index),
            None => groups.push((name.clone(), vec![index])),
        }
    }
    (groups, left_out)
}

/// What is kept of a fit.
struct Fitted {
    theta: Vec<f64>,
    nll: f64,
    converged: bool,
    results: Vec<ParameterResult>,
    warnings: Vec<String>,
}

fn fitted(
    inputs: Inputs<'_>,
    model: &Model,
    data: &Data,
    start: &[f64],
    fixed: &[bool],
    parameters: &[ParamIdx],
) -> Result<Fitted, TestError> {
    let options = FitOptions {
        start: start.to_vec(),
        fixed: fixed.to_vec(),
        minos: parameters.iter().map(|index| index.0).collect(),
        multi_start: 1,
        seed: 1,
    };
    let mut nll = Nll::new(model, data.clone());
    let mut fitted = minimum(&mut nll, inputs.fitter, &options);
    fitted.add_minos(&mut nll, inputs.fitter, &options);
    let result = fitted.result;
    let theta: Vec<f64> = result.parameters.iter().map(|parameter| parameter.value).collect();
    let value = nll.value(&theta).map_err(TestError::NoFit)?;
    Ok(Fitted {
        nll: value,
        converged: result.status.converged,
        results: parameters.iter().map(|index| result.parameters[index.0].clone()).collect(),
        warnings: result.status.warnings,
        theta,
    })
}
