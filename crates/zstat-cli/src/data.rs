//! The data of a fit: the workspace's observations, a file's, or the Asimov data of a point; and blinding.

use indexmap::IndexMap;
use zstat_core::likelihood::Data;
use zstat_core::model::{Constraint, Model};

/// Observations by channel.
pub type Observations = IndexMap<String, Vec<f64>>;

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
