//! The end of a minimisation: value, gradient, and the distance to the minimum from exact second derivatives.

use nalgebra::SymmetricEigen;
use zstat_core::fit::{Curvature, EvalError, Minimum, Problem, Termination};
use zstat_core::linalg::{ArrowMatrix, ArrowSolver};

use crate::reduced::Reduced;

/// Damping, relative to the diagonal, that makes a merely semidefinite matrix (a flat direction) definite. Without it
/// the rounding of the gradient along such a direction would count as distance.
const FLAT: f64 = 1e-9;
/// Steps along a direction of negative curvature, in uncertainties of the parameters.
const STEPS: [f64; 6] = [1.0, 0.3, 0.1, 1e-2, 1e-3, 1e-4];

/// The objective at a point, and how far it is from a minimum.
pub(crate) struct Arrival {
    theta: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    edm: f64,
    /// The Hessian, and which parameters are neither fixed nor held on a bound.
    curvature: Option<(ArrowMatrix, Vec<bool>)>,
}

impl Arrival {
    /// Evaluates value, gradient and exact Hessian at the coordinates `x`. The value is NaN where there is none.
    pub fn at(reduced: &Reduced<'_>, x: &[f64], problem: &Problem<'_>) -> Self {
        let theta = reduced.theta(x);
        let mut gradient = vec![0.0; theta.len()];
        let evaluated = reduced.with_objective(|objective| {
            let mut hessian = objective.new_hessian();
            objective
                .hessian(&theta, Curvature::Exact, &mut gradient, &mut hessian)
                .map(|value| (value, hessian))
        });
        let Ok((value, hessian)) = evaluated else {
            gradient.fill(f64::NAN);
            return Self { theta, value: f64::NAN, gradient, edm: f64::INFINITY, curvature: None };
        };
        let free: Vec<bool> = (0..theta.len()).map(|i| may_move(i, &theta, &gradient, problem)).collect();
        let edm = distance(&gradient, &hessian, &free, problem);
        Self { theta, value, gradient, edm, curvature: Some((hessian, free)) }
    }

    /// ½ gᵀH⁻¹g over the parameters that are neither fixed nor held on a bound; infinite where H is indefinite there.
    pub fn edm(&self) -> f64 {
        self.edm
    }

    /// Whether the search ends here: converged, out of ideas (`exhausted`), or out of iterations.
    pub fn verdict(&self, tolerance: f64, exhausted: bool, out_of_iterations: bool) -> Option<Termination> {
        if self.edm <= tolerance {
            Some(Termination::Converged)
        } else if exhausted {
            Some(Termination::NoProgress)
        } else if out_of_iterations {
            Some(Termination::IterationLimit)
        } else {
            None
        }
    }

    /// A lower point along the direction of most negative curvature; none where there is no such direction.
    ///
    /// The start of a fit may well be a saddle: two variations to the same side leave no slope at α = 0.
    pub fn way_down(&self, reduced: &Reduced<'_>, x: &[f64]) -> Option<Vec<f64>> {
        let (hessian, free) = self.curvature.as_ref()?;
        let eigen = SymmetricEigen::new(reduced.scaled(hessian, free));
        let lowest = eigen.eigenvalues.imin();
        if eigen.eigenvalues[lowest] >= 0.0 {
            return None;
        }
        let direction = eigen.eigenvectors.column(lowest);
        STEPS.into_iter().find_map(|step| {
            let sides = [step, -step].map(|step| {
                let moved: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
                let point = reduced.clamped(moved);
                (reduced.value(&point), point)
            });
            let [one, other] = sides;
            let (value, point) = if one.0 <= other.0 { one } else { other };
            (value < self.value).then_some(point)
        })
    }

    /// The result of the minimisation that ended here.
    pub fn minimum(self, termination: Termination, iterations: usize, evaluations: usize) -> Minimum {
        let Self { theta, value, gradient, edm, .. } = self;
        Minimum { theta, value, gradient, edm, termination, iterations, evaluations, curvature: None }
    }
}

/// The result where there was no point to start from: the point, why it has no value, and evaluations done.
pub(crate) fn invalid_start((theta, reason, evaluations): (Vec<f64>, EvalError, usize)) -> Minimum {
    Minimum {
        gradient: vec![f64::NAN; theta.len()],
        theta,
        value: f64::NAN,
        edm: f64::NAN,
        termination: Termination::InvalidStart(reason.to_string()),
        iterations: 0,
        evaluations,
        curvature: None,
    }
}

/// ½ gᵀH⁻¹g over the free parameters.
fn distance(gradient: &[f64], hessian: &ArrowMatrix, free: &[bool], problem: &Problem<'_>) -> f64 {
    let damping: Vec<f64> = (0..gradient.len())
        .map(|i| {
            let range = (problem.bounds[i][1] - problem.bounds[i][0]).clamp(1e-3, 1e3);
            FLAT * hessian.diagonal(i).abs().max(1.0 / (range * range))
        })
        .collect();
    let mut solver = ArrowSolver::new(hessian.structure().clone());
    if solver.factor(hessian, Some(&damping), free).is_err() {
        return f64::INFINITY;
    }
    let mut step = vec![0.0; gradient.len()];
    solver.solve(gradient, &mut step);
    0.5 * gradient.iter().zip(&step).map(|(g, s)| g * s).sum::<f64>()
}

/// Not fixed, and not pressed against a bound by the gradient.
fn may_move(i: usize, theta: &[f64], gradient: &[f64], problem: &Problem<'_>) -> bool {
    let [lower, upper] = problem.bounds[i];
    let held = (theta[i] <= lower && gradient[i] >= 0.0) || (theta[i] >= upper && gradient[i] <= 0.0);
    !problem.fixed[i] && !held
}
