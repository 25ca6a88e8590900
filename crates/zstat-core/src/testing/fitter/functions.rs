//! Functions to minimise with known minima, as [`Objective`]s with exact derivatives by dual numbers.

use nalgebra::{DMatrix, SymmetricEigen};
use num_dual::{Dual64, HyperDual64};

use crate::fit::{Curvature, EvalError, Objective};
use crate::linalg::ArrowMatrix;
use crate::testing::oracle::Number;

/// A function of `n` numbers, written once for numbers and dual numbers. NaN or infinite where it has no value.
pub trait Function {
    /// Number of parameters.
    fn n_params(&self) -> usize;
    /// The value.
    fn at<T: Number>(&self, theta: &[T]) -> T;
    /// The Fisher matrix at `theta`, `n` × `n`; none for the Hessian with the signs of its eigenvalues dropped.
    fn fisher(&self, _theta: &[f64]) -> Option<Vec<f64>> {
        None
    }
}

/// A [`Function`] as an objective. Its Fisher matrix is the function's own, or else the Hessian with the signs of its eigenvalues dropped.
///
/// Records what a fitter must not do: evaluate outside the bounds, or move what is fixed.
pub(super) struct Recorded<'a, F> {
    function: &'a F,
    bounds: Vec<[f64; 2]>,
    fixed: Vec<Option<f64>>,
    /// Evaluations of all kinds.
    pub evaluations: usize,
    /// The first forbidden point.
    pub trespass: Option<Vec<f64>>,
}

impl<'a, F: Function> Recorded<'a, F> {
    pub fn new(function: &'a F, bounds: &[[f64; 2]], fixed: Vec<Option<f64>>) -> Self {
        Self { function, bounds: bounds.to_vec(), fixed, evaluations: 0, trespass: None }
    }

    fn record(&mut self, theta: &[f64]) {
        self.evaluations += 1;
        let allowed = theta.iter().enumerate().all(|(i, &value)| match self.fixed[i] {
            Some(fixed) => value.to_bits() == fixed.to_bits(),
            None => value >= self.bounds[i][0] && value <= self.bounds[i][1] && value.is_finite(),
        });
        if !allowed && self.trespass.is_none() {
            self.trespass = Some(theta.to_vec());
        }
    }

    fn checked(&self, theta: &[f64]) -> Result<f64, EvalError> {
        let value: f64 = self.function.at(theta);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(EvalError::NotFinite { what: "the function".to_owned() })
        }
    }

    fn slopes(&self, theta: &[f64], gradient: &mut [f64]) {
        let mut point: Vec<Dual64> = theta.iter().map(|&value| Dual64::from_re(value)).collect();
        for (index, slope) in gradient.iter_mut().enumerate() {
            point[index].eps = 1.0;
            *slope = self.function.at(&point).eps;
            point[index].eps = 0.0;
        }
    }

    fn bends(&self, theta: &[f64]) -> DMatrix<f64> {
        let n = theta.len();
        let mut point: Vec<HyperDual64> = theta.iter().map(|&value| HyperDual64::from_re(value)).collect();
        let mut matrix = DMatrix::zeros(n, n);
        for row in 0..n {
            for column in 0..=row {
                point[row].eps1 = 1.0;
                point[column].eps2 = 1.0;
                matrix[(row, column)] = self.function.at(&point).eps1eps2;
                matrix[(column, row)] = matrix[(row, column)];
                point[row].eps1 = 0.0;
                point[column].eps2 = 0.0;
            }
        }
        matrix
    }
}

impl<F: Function> Objective for Recorded<'_, F> {
    fn n_params(&self) -> usize {
        self.function.n_params()
    }

    fn value(&mut self, theta: &[f64]) -> Result<f64, EvalError> {
        self.record(theta);
        self.checked(theta)
    }

    fn gradient(&mut self, theta: &[f64], gradient: &mut [f64]) -> Result<f64, EvalError> {
        self.record(theta);
        let value = self.checked(theta)?;
        self.slopes(theta, gradient);
        Ok(value)
    }

    fn hessian(
        &mut self,
        theta: &[f64],
        curvature: Curvature,
        gradient: &mut [f64],
        hessian: &mut ArrowMatrix,
    ) -> Result<f64, EvalError> {
        self.record(theta);
        let value = self.checked(theta)?;
        self.slopes(theta, gradient);
        let mut matrix = self.bends(theta);
        if curvature == Curvature::Fisher {
            let mut eigen = SymmetricEigen::new(matrix);
            eigen.eigenvalues.apply(|value| *value = value.abs());
            matrix = eigen.recompose();
        }
        hessian.shared.copy_from_slice(matrix.as_slice());
        if let Some(fisher) = self.function.fisher(theta).filter(|_| curvature == Curvature::Fisher) {
            hessian.shared.copy_from_slice(&fisher);
        }
        Ok(value)
    }

    fn new_hessian(&self) -> ArrowMatrix {
        let n = self.n_params();
        ArrowMatrix::from_dense(n, &vec![0.0; n * n])
    }
}

/// ½ Σ w_i (θ_i − c_i)² + ½ (Σ (θ_i − c_i))²·`coupling`, with w_i from 1 to `spread`.
pub(super) struct Quadratic {
    pub centre: Vec<f64>,
    pub spread: f64,
    pub coupling: f64,
}

impl Function for Quadratic {
    fn n_params(&self) -> usize {
        self.centre.len()
    }
    fn at<T: Number>(&self, theta: &[T]) -> T {
        let last = (self.centre.len() - 1).max(1) as f64;
        let mut sum = T::from(0.0);
        let mut total = T::from(0.0);
        for (index, (&value, &centre)) in theta.iter().zip(&self.centre).enumerate() {
            let step = value - centre;
            total += step * step * (0.5 * self.spread.powf(index as f64 / last));
            sum += step;
        }
        total + sum * sum * (0.5 * self.coupling)
    }
}

/// Rosenbrock's valley in two dimensions, minimum 0 at (1, 1).
pub(super) struct Rosenbrock;

impl Function for Rosenbrock {
    fn n_params(&self) -> usize {
        2
    }
    fn at<T: Number>(&self, theta: &[T]) -> T {
        let (x, y) = (theta[0], theta[1]);
        let valley = y - x * x;
        let along = -x + 1.0;
        valley * valley * 100.0 + along * along
    }
}

/// θ₀² + (θ₁ + θ₂ − 1)²: flat along θ₁ − θ₂, and in θ₃.
pub(super) struct Flat;

impl Function for Flat {
    fn n_params(&self) -> usize {
        4
    }
    fn at<T: Number>(&self, theta: &[T]) -> T {
        let sum = theta[1] + theta[2] - 1.0;
        theta[0] * theta[0] + sum * sum
    }
}

/// Σ ν_i − n_i ln ν_i with ν = (θ₀, θ₀ + θ₁): no value for ν ≤ 0. Minimum at (n₀, n₁ − n₀).
pub(super) struct Counting {
    pub n: [f64; 2],
}

impl Function for Counting {
    fn n_params(&self) -> usize {
        2
    }
    fn at<T: Number>(&self, theta: &[T]) -> T {
        let mut total = T::from(0.0);
        for (n, nu) in self.n.into_iter().zip([theta[0], theta[0] + theta[1]]) {
            if nu.re() <= 0.0 {
                return T::from(f64::NAN);
            }
            total += nu - nu.ln() * n;
        }
        total
    }
}

/// A count of nothing where 2 θ are expected and no background: the line 2 θ, which counts are expected to bend by 2/θ.
pub(super) struct Nothing;

impl Function for Nothing {
    fn n_params(&self) -> usize {
        1
    }
    fn at<T: Number>(&self, theta: &[T]) -> T {
        theta[0] * 2.0
    }
    fn fisher(&self, theta: &[f64]) -> Option<Vec<f64>> {
        Some(vec![if theta[0] > 0.0 { 2.0 / theta[0] } else { 0.0 }])
    }
}

/// θ₀⁴/4 − θ₀²/2 + θ₁²/2: a saddle at 0, minima −1/4 at (±1, 0).
pub(super) struct Saddle;

impl Function for Saddle {
    fn n_params(&self) -> usize {
        2
    }
    fn at<T: Number>(&self, theta: &[T]) -> T {
        let square = theta[0] * theta[0];
        square * square * 0.25 - square * 0.5 + theta[1] * theta[1] * 0.5
    }
}

/// No value anywhere.
pub(super) struct Nowhere;

impl Function for Nowhere {
    fn n_params(&self) -> usize {
        1
    }
    fn at<T: Number>(&self, _theta: &[T]) -> T {
        T::from(f64::NAN)
    }
}
