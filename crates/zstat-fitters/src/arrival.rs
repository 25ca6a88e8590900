//! The end of a minimisation: value, gradient, and the distance to the minimum from exact second derivatives.

use zstat_core::fit::{Curvature, EvalError, Minimum, Objective, Problem, Termination};
use zstat_core::linalg::ArrowSolver;

use crate::reduced::Reduced;

/// Damping, relative to the diagonal, that makes a merely semidefinite matrix (a flat direction) definite.
const FLAT: f64 = 1e-9;

/// The objective at a point, and how far it is from a minimum.
pub(crate) struct Arrival {
    theta: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    edm: f64,
}

impl Arrival {
    /// Evaluates value, gradient and exact Hessian at the coordinates `x`. The value is NaN where there is none.
    pub fn at(reduced: &Reduced<'_>, x: &[f64], problem: &Problem<'_>) -> Self {
        let theta = reduced.theta(x);
        match reduced.with_objective(|objective| distance(objective, &theta, problem)) {
            Some((value, gradient, edm)) => Self { theta, value, gradient, edm },
            None => {
                let gradient = vec![f64::NAN; theta.len()];
                Self { theta, value: f64::NAN, gradient, edm: f64::INFINITY }
            }
        }
    }

    /// ½ gᵀH⁻¹g over the parameters that are neither fixed nor held on a bound; infinite where H is indefinite there.
    pub fn edm(&self) -> f64 {
        self.edm
    }

    /// The result of the minimisation that ended here.
    pub fn minimum(self, termination: Termination, iterations: usize, evaluations: usize) -> Minimum {
        let Self { theta, value, gradient, edm } = self;
        Minimum { theta, value, gradient, edm, termination, iterations, evaluations }
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
    }
}

/// Value, gradient and ½ gᵀH⁻¹g.
fn distance(
    objective: &mut dyn Objective,
    theta: &[f64],
    problem: &Problem<'_>,
) -> Option<(f64, Vec<f64>, f64)> {
    let mut gradient = vec![0.0; theta.len()];
    let mut hessian = objective.new_hessian();
    let value = objective.hessian(theta, Curvature::Exact, &mut gradient, &mut hessian).ok()?;
    let free: Vec<bool> = (0..theta.len()).map(|i| may_move(i, theta, &gradient, problem)).collect();
    let mut solver = ArrowSolver::new(hessian.structure().clone());
    let damping: Vec<f64> = (0..theta.len())
        .map(|i| {
            let range = (problem.bounds[i][1] - problem.bounds[i][0]).clamp(1e-3, 1e3);
            FLAT * hessian.diagonal(i).abs().max(1.0 / (range * range))
        })
        .collect();
    let definite = solver.factor(&hessian, None, &free).is_ok()
        || solver.factor(&hessian, Some(&damping), &free).is_ok();
    if !definite {
        return Some((value, gradient, f64::INFINITY));
    }
    let mut step = vec![0.0; theta.len()];
    solver.solve(&gradient, &mut step);
    let edm = 0.5 * gradient.iter().zip(&step).map(|(g, s)| g * s).sum::<f64>();
    Some((value, gradient, edm))
}

/// Not fixed, and not pressed against a bound by the gradient.
fn may_move(i: usize, theta: &[f64], gradient: &[f64], problem: &Problem<'_>) -> bool {
    let [lower, upper] = problem.bounds[i];
    let held = (theta[i] <= lower && gradient[i] >= 0.0) || (theta[i] >= upper && gradient[i] <= 0.0);
    !problem.fixed[i] && !held
}
