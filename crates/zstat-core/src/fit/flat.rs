//! What flat directions leave determined: functions of the parameters that do not change along them.

/// A function changes along a flat direction if its slope there, in conditional standard deviations, is more than this part
/// of its steepest one.
const CHANGE: f64 = 1e-5;

/// The flat directions of a Hessian, and its generalised inverse without them. Rows are those of the free parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Flat {
    /// Conditional standard deviation of each parameter, 1/√H_ii; 1 where that is 0.
    scale: Vec<f64>,
    /// Flat directions of length 1 in these units.
    directions: Vec<Vec<f64>>,
    /// The generalised inverse, row-major.
    inverse: Vec<f64>,
}

impl Flat {
    /// Of directions in units of `scale`, and the generalised inverse in the parameters' own.
    pub(super) fn new(scale: Vec<f64>, directions: Vec<Vec<f64>>, inverse: Vec<f64>) -> Self {
        Self { scale, directions, inverse }
    }

    /// Covariance aᵀ H⁻ b of two functions from their slopes (row, derivative); none where a flat direction changes one of
    /// them. Where none does, every generalised inverse gives the same.
    pub fn covariance(&self, a: &[(usize, f64)], b: &[(usize, f64)]) -> Option<f64> {
        if !self.leaves(a) || !self.leaves(b) {
            return None;
        }
        let n = self.scale.len();
        let row = |i: usize| b.iter().map(|&(j, y)| self.inverse[i * n + j] * y).sum::<f64>();
        Some(a.iter().map(|&(i, x)| x * row(i)).sum())
    }

    fn leaves(&self, slopes: &[(usize, f64)]) -> bool {
        let steepest = slopes.iter().map(|&(i, slope)| (slope * self.scale[i]).powi(2)).sum::<f64>().sqrt();
        self.directions.iter().all(|direction| {
            let change: f64 = slopes.iter().map(|&(i, slope)| slope * self.scale[i] * direction[i]).sum();
            change.abs() <= CHANGE * steepest
        })
    }
}
