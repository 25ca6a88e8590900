//! A slow and obvious likelihood, written from the definitions and sharing no code with `model` or `likelihood`.
//!
//! In: a [`Workspace`] and [`BuildOptions`]. Out: parameters in pyhf's order, expected events, −2 ln L with all
//! constants, and its exact gradient and Hessian by dual numbers. It walks the spec anew for every evaluation and looks
//! everything up by name: what it says is easy to check against CERN-OPEN-2012-016 and the conventions of pyhf 0.7.

mod formula;
mod interpolation;
mod parameters;
mod rates;
mod terms;

use std::collections::BTreeMap;

use num_dual::{Dual64, DualNum, HyperDual64};

use crate::spec::{BuildOptions, Workspace};

/// A real number or a dual number over one.
pub trait Number: DualNum<Primitive = f64> + Copy {}
impl<T: DualNum<Primitive = f64> + Copy> Number for T {}

/// Density of the auxiliary observation `aux` of a parameter θ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OracleConstraint {
    /// No auxiliary observation.
    None,
    /// Normal(aux | θ, σ).
    Normal {
        /// Width, in units of θ.
        sigma: f64,
    },
    /// Pois(aux | τθ), with Γ(aux + 1) in place of the factorial.
    Poisson {
        /// Auxiliary events at θ = 1.
        tau: f64,
    },
    /// Normal(ln aux | ln θ, ln κ), a density in ln aux: no factor 1/aux.
    LogNormal {
        /// ln κ.
        ln_kappa: f64,
    },
}

/// One parameter, a bin of a vector parameter counting as one.
#[derive(Debug, Clone, PartialEq)]
pub struct OracleParameter {
    /// `name`, or `name[i]` for shapefactor, shapesys and staterror.
    pub name: String,
    /// Start value.
    pub init: f64,
    /// Lower and upper bound.
    pub bounds: [f64; 2],
    /// Kept at its start value.
    pub fixed: bool,
    /// Its constraint term; not used where a correlated block covers the parameter.
    pub constraint: OracleConstraint,
    /// Auxiliary observation; means nothing without a constraint.
    pub aux: f64,
}

/// A run of parameters that one name stands for.
#[derive(Debug, Clone)]
struct Set {
    first: usize,
    len: usize,
    vector: bool,
    /// Where the bins of a channel start among the set's; empty for scalars.
    offsets: BTreeMap<String, usize>,
}

/// A multivariate normal over several parameters.
#[derive(Debug, Clone)]
struct Block {
    members: Vec<usize>,
    /// Inverse of the covariance.
    inverse: Vec<Vec<f64>>,
    ln_determinant: f64,
}

/// The likelihood of a workspace. Data are public, so that a test may replace them.
#[derive(Debug, Clone)]
pub struct Oracle {
    workspace: Workspace,
    options: BuildOptions,
    /// The parameters in pyhf's order.
    pub parameters: Vec<OracleParameter>,
    /// Observed events, channels by name; NaN for the bins of a channel without observation.
    pub main: Vec<f64>,
    sets: BTreeMap<String, Set>,
    blocks: Vec<Block>,
    /// Names that stand for a formula.
    formulas: BTreeMap<String, String>,
}

impl Oracle {
    /// Reads the parameters off a workspace.
    ///
    /// # Errors
    /// Where a workspace has no defined meaning. Not a substitute for the checks of `spec`: only what would make the
    /// oracle guess is refused.
    pub fn new(workspace: &Workspace, options: &BuildOptions) -> Result<Self, String> {
        let mut oracle = Self {
            workspace: workspace.clone(),
            options: options.clone(),
            parameters: Vec::new(),
            main: Vec::new(),
            sets: BTreeMap::new(),
            blocks: Vec::new(),
            formulas: BTreeMap::new(),
        };
        oracle.workspace.channels.sort_by(|a, b| a.name.cmp(&b.name));
        for channel in &mut oracle.workspace.channels {
            channel.samples.sort_by(|a, b| a.name.cmp(&b.name));
            for sample in &mut channel.samples {
                sample.modifiers.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
        oracle.check_names()?;
        oracle.main = oracle.read_observations()?;
        oracle.read_parameters()?;
        oracle.read_blocks()?;
        Ok(oracle)
    }

    /// Start values.
    pub fn init(&self) -> Vec<f64> {
        self.parameters.iter().map(|parameter| parameter.init).collect()
    }

    /// Auxiliary data in pyhf's order: one entry a constrained parameter.
    pub fn aux_data(&self) -> Vec<f64> {
        let constrained = self.parameters.iter().filter(|p| p.constraint != OracleConstraint::None);
        constrained.map(|parameter| parameter.aux).collect()
    }

    /// Mean of each entry of [`Self::aux_data`].
    pub fn expected_aux(&self, theta: &[f64]) -> Vec<f64> {
        let mut expected = Vec::new();
        for (parameter, &value) in self.parameters.iter().zip(theta) {
            match parameter.constraint {
                OracleConstraint::None => {}
                OracleConstraint::Normal { .. } | OracleConstraint::LogNormal { .. } => expected.push(value),
                OracleConstraint::Poisson { tau } => expected.push(tau * value),
            }
        }
        expected
    }

    /// −2 ln L of the bins, all constants included. NaN or infinite where the likelihood is.
    pub fn twice_nll_main<T: Number>(&self, theta: &[T]) -> T {
        let expected = self.expected(theta);
        let mut total = T::from(0.0);
        for (&n, nu) in self.main.iter().zip(expected) {
            total += terms::poisson(n, nu);
        }
        total
    }

    /// −2 ln of the constraint terms, fixed parameters' included, all constants included.
    pub fn twice_nll_constraint<T: Number>(&self, theta: &[T]) -> T {
        let mut total = T::from(0.0);
        for (index, (parameter, &value)) in self.parameters.iter().zip(theta).enumerate() {
            if self.blocks.iter().any(|block| block.members.contains(&index)) {
                continue;
            }
            total += match parameter.constraint {
                OracleConstraint::None => T::from(0.0),
                OracleConstraint::Normal { sigma } => terms::normal(parameter.aux, value, sigma),
                OracleConstraint::Poisson { tau } => terms::poisson(parameter.aux, value * tau),
                OracleConstraint::LogNormal { ln_kappa } => {
                    terms::normal(parameter.aux.ln(), value.ln(), ln_kappa)
                }
            };
        }
        for block in &self.blocks {
            let pulls: Vec<T> =
                block.members.iter().map(|&index| theta[index] - self.parameters[index].aux).collect();
            total += terms::multivariate_normal(&pulls, &block.inverse, block.ln_determinant);
        }
        total
    }

    /// −2 ln L, all constants included.
    pub fn twice_nll<T: Number>(&self, theta: &[T]) -> T {
        self.twice_nll_main(theta) + self.twice_nll_constraint(theta)
    }

    /// −ln L, all constants included.
    pub fn nll(&self, theta: &[f64]) -> f64 {
        0.5 * self.twice_nll(theta)
    }

    /// Gradient of −ln L, exact to rounding. At a kink: the derivative towards larger values.
    pub fn gradient(&self, theta: &[f64]) -> Vec<f64> {
        let mut point: Vec<Dual64> = theta.iter().map(|&value| Dual64::from_re(value)).collect();
        let mut gradient = Vec::with_capacity(theta.len());
        for index in 0..theta.len() {
            point[index].eps = 1.0;
            gradient.push(0.5 * self.twice_nll(&point).eps);
            point[index].eps = 0.0;
        }
        gradient
    }

    /// Second derivatives of −ln L, row by row, exact to rounding.
    pub fn hessian(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        self.second_derivatives(theta, |point| self.twice_nll(point) * 0.5)
    }

    /// What is left of the Hessian without second derivatives of ν: Σ (n/ν²) ∂ν ∂ν over the bins, and the constraint
    /// terms' second derivatives where they are positive (a log-normal's is not far above its centre).
    pub fn fisher(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let mut total = self.second_derivatives(theta, |point| self.twice_nll_constraint(point) * 0.5);
        for (index, row) in total.iter_mut().enumerate() {
            row[index] = row[index].max(0.0);
        }
        let jacobian = self.jacobian(theta);
        let expected = self.expected(theta);
        for (nu, slopes) in expected.into_iter().zip(jacobian) {
            if nu > 0.0 {
                for (row, &d_row) in total.iter_mut().zip(&slopes) {
                    for (entry, &d_column) in row.iter_mut().zip(&slopes) {
                        *entry += d_row * d_column / nu;
                    }
                }
            }
        }
        total
    }

    /// ∂ν_b/∂θ_p, one row a bin.
    pub fn jacobian(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let mut point: Vec<Dual64> = theta.iter().map(|&value| Dual64::from_re(value)).collect();
        let mut jacobian = vec![vec![0.0; theta.len()]; self.main.len()];
        for index in 0..theta.len() {
            point[index].eps = 1.0;
            for (row, nu) in jacobian.iter_mut().zip(self.expected(&point)) {
                row[index] = nu.eps;
            }
            point[index].eps = 0.0;
        }
        jacobian
    }

    fn second_derivatives(
        &self,
        theta: &[f64],
        function: impl Fn(&[HyperDual64]) -> HyperDual64,
    ) -> Vec<Vec<f64>> {
        let n = theta.len();
        let mut point: Vec<HyperDual64> = theta.iter().map(|&value| HyperDual64::from_re(value)).collect();
        let mut matrix = vec![vec![0.0; n]; n];
        for row in 0..n {
            for column in 0..=row {
                point[row].eps1 = 1.0;
                point[column].eps2 = 1.0;
                let entry = function(&point).eps1eps2;
                matrix[row][column] = entry;
                matrix[column][row] = entry;
                point[row].eps1 = 0.0;
                point[column].eps2 = 0.0;
            }
        }
        matrix
    }
}
