//! The limited-memory BFGS matrix in compact form, B = θI − W M Wᵀ with W = [Y, θS].
//!
//! Source: R. H. Byrd, P. Lu, J. Nocedal, C. Zhu, SIAM J. Sci. Comput. 16 (1995) 1190, section 3.

use std::collections::VecDeque;

use nalgebra::{DMatrix, DVector, LU};

/// Smallest s·y, relative to y·y, of a pair that keeps B positive definite.
const CURVATURE: f64 = 2.2e-16;

/// The last pairs of steps s and gradient changes y, and what follows from them.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    capacity: usize,
    pairs: VecDeque<(DVector<f64>, DVector<f64>)>,
    /// θ, the curvature of B where no pair says otherwise.
    pub theta: f64,
    /// W, n × 2m.
    pub w: DMatrix<f64>,
    /// M, 2m × 2m.
    pub m: DMatrix<f64>,
}

impl Memory {
    pub fn new(n: usize, capacity: usize) -> Self {
        Self {
            capacity,
            pairs: VecDeque::new(),
            theta: 1.0,
            w: DMatrix::zeros(n, 0),
            m: DMatrix::zeros(0, 0),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Back to B = I.
    pub fn forget(&mut self) {
        *self = Self::new(self.w.nrows(), self.capacity);
    }

    /// Takes in a step; false if its curvature is not positive enough to be of use.
    pub fn learn(&mut self, s: DVector<f64>, y: DVector<f64>) -> bool {
        let (sy, yy) = (s.dot(&y), y.dot(&y));
        let useful = sy > CURVATURE * yy && (yy / sy).is_finite();
        if !useful {
            return false;
        }
        if self.pairs.len() == self.capacity {
            self.pairs.pop_front();
        }
        self.pairs.push_back((s, y));
        self.theta = yy / sy;
        if !self.compact() {
            self.forget();
            return false;
        }
        true
    }

    /// Rebuilds W and M; false if M does not exist to working precision.
    fn compact(&mut self) -> bool {
        let (n, m) = (self.w.nrows(), self.pairs.len());
        self.w = DMatrix::zeros(n, 2 * m);
        let mut inverse = DMatrix::zeros(2 * m, 2 * m);
        for (i, (s_i, y_i)) in self.pairs.iter().enumerate() {
            self.w.set_column(i, y_i);
            self.w.set_column(m + i, &(s_i * self.theta));
            inverse[(i, i)] = -s_i.dot(y_i);
            for (j, (s_j, y_j)) in self.pairs.iter().enumerate() {
                inverse[(m + i, m + j)] = self.theta * s_i.dot(s_j);
                if i > j {
                    let below = s_i.dot(y_j);
                    inverse[(m + i, j)] = below;
                    inverse[(j, m + i)] = below;
                }
            }
        }
        match LU::new(inverse).try_inverse() {
            Some(m) if m.iter().all(|entry| entry.is_finite()) => {
                self.m = m;
                true
            }
            _ => false,
        }
    }

    /// M v for a vector of length 2m.
    pub fn apply(&self, v: &DVector<f64>) -> DVector<f64> {
        &self.m * v
    }

    /// Row `i` of W as a column.
    pub fn row(&self, i: usize) -> DVector<f64> {
        self.w.row(i).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The compact form against the update formula B' = B − B s sᵀ B/(sᵀ B s) + y yᵀ/(yᵀ s) from B = θI.
    #[test]
    fn compact_form_is_the_bfgs_update() {
        let steps = [[1.0, 0.2, -0.3], [0.1, -0.8, 0.4], [0.3, 0.3, 0.9]];
        let hessian = DMatrix::from_row_slice(3, 3, &[4.0, 1.0, 0.5, 1.0, 3.0, -0.2, 0.5, -0.2, 2.0]);
        let mut memory = Memory::new(3, 5);
        for s in &steps {
            let s = DVector::from_row_slice(s);
            assert!(memory.learn(s.clone(), &hessian * s));
        }
        let mut expected = DMatrix::identity(3, 3) * memory.theta;
        for s in &steps {
            let s = DVector::from_row_slice(s);
            let (y, bs) = (&hessian * &s, &expected * &s);
            expected += &y * y.transpose() / y.dot(&s) - &bs * bs.transpose() / s.dot(&bs);
        }
        let found = DMatrix::identity(3, 3) * memory.theta - &memory.w * &memory.m * memory.w.transpose();
        assert!((found - expected).amax() < 1e-12);
    }

    #[test]
    fn pairs_without_positive_curvature_are_refused() {
        let mut memory = Memory::new(2, 3);
        assert!(!memory.learn(DVector::from_row_slice(&[1.0, 0.0]), DVector::from_row_slice(&[-1.0, 0.0])));
        assert!(!memory.learn(DVector::from_row_slice(&[0.0, 0.0]), DVector::from_row_slice(&[0.0, 0.0])));
        assert!(memory.is_empty());
    }
}
