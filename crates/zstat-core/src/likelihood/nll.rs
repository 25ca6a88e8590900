//! −ln L of a model given data.

use super::Data;
use crate::fit::{Curvature, EvalError, Objective};
use crate::linalg::ArrowMatrix;
use crate::model::Model;

/// −ln L of a model and data, as an [`Objective`] (up to the constant that [`Nll::constant`] gives).
#[derive(Debug)]
pub struct Nll<'m> {
    model: &'m Model,
    data: Data,
}

/// The likelihood at one point, with all constants.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// −2 ln L of the bins.
    pub twice_nll_main: f64,
    /// −2 ln of the constraint terms.
    pub twice_nll_constraint: f64,
    /// Expected events a bin.
    pub expected: Vec<f64>,
    /// Gradient of −2 ln L, one a parameter.
    pub gradient: Vec<f64>,
}

impl<'m> Nll<'m> {
    /// A likelihood. # Panics: if the lengths of `data` do not fit the model.
    pub fn new(model: &'m Model, data: Data) -> Self {
        Self { model, data }
    }

    /// The model.
    pub fn model(&self) -> &'m Model {
        self.model
    }

    /// The data.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// What is to be added to the objective's value to get −ln L with all constants.
    pub fn constant(&self) -> f64 {
        0.0
    }

    /// Everything at one point, for people: see [`Evaluation`].
    ///
    /// # Errors
    /// Where the likelihood is not finite.
    pub fn evaluate(&mut self, _theta: &[f64]) -> Result<Evaluation, EvalError> {
        Err(EvalError::NotFinite { what: "everything".into() })
    }
}

impl Objective for Nll<'_> {
    fn n_params(&self) -> usize {
        self.model.parameters().len()
    }
    fn value(&mut self, _theta: &[f64]) -> Result<f64, EvalError> {
        Ok(0.0)
    }
    fn gradient(&mut self, _theta: &[f64], _gradient: &mut [f64]) -> Result<f64, EvalError> {
        Ok(0.0)
    }
    fn hessian(
        &mut self,
        _theta: &[f64],
        _curvature: Curvature,
        _gradient: &mut [f64],
        _hessian: &mut ArrowMatrix,
    ) -> Result<f64, EvalError> {
        Ok(0.0)
    }
    fn new_hessian(&self) -> ArrowMatrix {
        ArrowMatrix {}
    }
}
