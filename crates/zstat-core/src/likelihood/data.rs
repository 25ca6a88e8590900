//! Data: what is observed in the bins, and the auxiliary observations of the constraints.

/// Observed and auxiliary data of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Events a bin, all channels in the model's order. May be fractional (Asimov data).
    pub main: Vec<f64>,
    /// Auxiliary observation of each parameter, in the model's order; ignored where it has no constraint.
    pub aux: Vec<f64>,
    /// Bins left out of the likelihood (blinded), one a bin.
    pub masked: Vec<bool>,
}
