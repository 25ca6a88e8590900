//! How far the minimum is: ½ gᵀH⁻¹g, the estimated vertical distance (EDM).

use super::quasi::NEAR;
use super::search::{ROUNDING, Search};
use super::step::At;

/// Relative λ that makes a merely semidefinite matrix (a flat direction) definite.
pub(super) const FLAT_DAMPING: f64 = 1e-9;

impl Search<'_> {
    /// Whether the damped step that comes next, which is solved for here, tells that the minimum is not near, or that the
    /// Hessian is indefinite: damping makes the distance smaller, and a matrix more definite.
    pub(super) fn is_surely_far(&mut self) -> bool {
        if self.damping == 0.0 {
            return false;
        }
        self.pairs.clear();
        self.factored = false;
        self.step.set_damping(self.damping, &self.hessian, self.problem);
        self.indefinite =
            self.solver.factor(&self.hessian, Some(&self.step.damping), &self.step.free).is_err();
        self.solved = !self.indefinite && self.step.edm(&mut self.solver, &self.gradient) > NEAR;
        self.indefinite || self.solved
    }

    /// ½ gᵀH⁻¹g over the free parameters with the exact Hessian; none where that is indefinite.
    ///
    /// A flat direction is not indefinite: a trace of damping makes it definite.
    pub(super) fn estimate_edm(&mut self) -> Option<f64> {
        self.pairs.clear();
        self.is_flat = false;
        self.factored = self.solver.factor(&self.hessian, None, &self.step.free).is_ok();
        // The step that comes next has its own damping.
        self.indefinite = !self.factored && self.damping == 0.0;
        if self.factored { Some(self.step.edm(&mut self.solver, &self.gradient)) } else { self.flat_edm() }
    }

    /// The same with a trace of damping; none where the Hessian is indefinite.
    pub(super) fn flat_edm(&mut self) -> Option<f64> {
        self.step.set_damping(FLAT_DAMPING, &self.hessian, self.problem);
        self.solver.factor(&self.hessian, Some(&self.step.damping), &self.step.free).ok()?;
        self.is_flat = true;
        Some(self.step.edm(&mut self.solver, &self.gradient))
    }

    /// One more step without new second derivatives, undamped but for flat directions: it takes the error from √tolerance
    /// to its square.
    pub(super) fn polish(&mut self, edm: f64) -> f64 {
        if !self.factored && !self.is_flat {
            return edm;
        }
        let at = At { theta: &self.theta, gradient: &self.gradient, problem: self.problem };
        if self.step.solve_again(&self.hessian, &mut self.solver, at).is_err() {
            return edm;
        }
        self.step.target(&self.theta, self.problem, &mut self.trial);
        let mut gradient = vec![0.0; self.gradient.len()];
        self.evaluations += 1;
        let Ok(value) = self.objective.gradient(&self.trial, &mut gradient) else { return edm };
        // Parameters put on a bound leave the solver with the factor of fewer rows.
        if self.step.was_cut {
            self.step.set_damping(if self.is_flat { FLAT_DAMPING } else { 0.0 }, &self.hessian, self.problem);
            if self.solver.factor(&self.hessian, Some(&self.step.damping), &self.step.free).is_err() {
                return edm;
            }
        }
        let better = self.step.edm(&mut self.solver, &gradient);
        if better < edm && value <= self.value + ROUNDING * self.value.abs() {
            std::mem::swap(&mut self.theta, &mut self.trial);
            (self.value, self.gradient) = (value, gradient);
            return better;
        }
        edm
    }
}
