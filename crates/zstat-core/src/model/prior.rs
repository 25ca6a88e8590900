//! What the constraints alone say of the parameters: their covariance before a fit.

use nalgebra::DMatrix;

use super::{CorrelatedBlock, Model};

/// Covariance of the parameters by their constraint terms alone. Parameters without constraint, and those held, have none.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// Variance of each parameter, in units of it squared; 0 without a constraint of its own.
    pub variances: Vec<f64>,
    /// Correlated constraints, whose members have no entry above.
    pub blocks: Vec<PriorBlock>,
}

/// A correlated constraint.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorBlock {
    /// Indices of its parameters that are not held.
    pub members: Vec<usize>,
    /// Their covariance, row-major: with the other members held where they are.
    pub covariance: Vec<f64>,
}

impl Model {
    /// The covariance by the constraints around the auxiliary observations `aux`, with `held` parameters at rest. Both have
    /// one entry a parameter.
    pub fn prior(&self, aux: &[f64], held: &[bool]) -> Prior {
        let blocks: Vec<PriorBlock> = self
            .blocks
            .iter()
            .map(|block| prior_block(block, held))
            .filter(|b| !b.members.is_empty())
            .collect();
        let variance = |i: usize| match self.parameters[i].constraint.with_aux(aux[i]).centre_and_width() {
            Some((_, width)) if !held[i] => width * width,
            _ => 0.0,
        };
        let mut variances: Vec<f64> = (0..self.parameters.len()).map(variance).collect();
        for &member in self.blocks.iter().flat_map(|block| &block.members) {
            variances[member] = 0.0;
        }
        Prior { variances, blocks }
    }
}

fn prior_block(block: &CorrelatedBlock, held: &[bool]) -> PriorBlock {
    let n = block.members.len();
    let free: Vec<usize> = (0..n).filter(|&i| !held[block.members[i]]).collect();
    // Scaled to unit diagonal, so that units do not cost digits.
    let scale: Vec<f64> = free.iter().map(|&i| block.precision[i * n + i].sqrt()).collect();
    let precision = DMatrix::from_fn(free.len(), free.len(), |i, j| {
        block.precision[free[i] * n + free[j]] / (scale[i] * scale[j])
    });
    let covariance = match precision.cholesky() {
        Some(cholesky) => {
            let inverse = cholesky.inverse();
            let entries = (0..free.len()).flat_map(|i| (0..free.len()).map(move |j| (i, j)));
            entries.map(|(i, j)| inverse[(i, j)] / (scale[i] * scale[j])).collect()
        }
        None => vec![f64::NAN; free.len() * free.len()],
    };
    PriorBlock { members: free.iter().map(|&i| block.members[i]).collect(), covariance }
}
