//! Steps on second derivatives of where they begin, or of a neighbouring minimum: near a minimum these change little, and
//! cost more than all the rest.
//!
//! They are the metric of a quasi-Newton method (limited-memory BFGS; Nocedal and Wright, algorithm 7.4): each step costs a
//! gradient, which corrects them. It goes on as long as that is cheaper than second derivatives would be.

use zstat_core::linalg::dense::axpy;

use super::NewtonOptions;
use super::search::{ROUNDING, Search, Second};
use super::step::At;

/// Within this distance (EDM; a tenth of a standard deviation) the exact second derivatives serve for several steps.
pub(super) const NEAR: f64 = 1e-2;
/// A step should leave less than this fraction of the distance, in the mean of two: second derivatives and their factor
/// cost some five gradients.
const GAIN: f64 = 0.5;
/// Corrections that are kept.
const MEMORY: usize = 20;
/// Shorter steps along one direction that are tried.
const SHORTER: usize = 2;
/// The decrease that a step must have, in parts of what its slope promises.
const DECREASE: f64 = 1e-4;
/// A step corrects nothing where the slope along it hardly changed.
const CURVED: f64 = 1e-8;

/// What such steps came to.
pub(super) enum Quasi {
    /// At the minimum, but for this distance.
    Arrived(f64),
    /// Near the minimum that was known before.
    Known,
    /// Lower, but second derivatives are needed there.
    Moved,
    /// Nowhere.
    Nothing,
}

/// One correction: the step, the change of the gradient, and 1 over their product.
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    rho: f64,
    alpha: f64,
}

/// Corrections of second derivatives, the oldest first.
#[derive(Default)]
pub(super) struct Pairs(Vec<Pair>);

impl Pairs {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn learn(&mut self, s: Vec<f64>, y: Vec<f64>) {
        let product = dot(&s, &y);
        if product > CURVED * (dot(&s, &s) * dot(&y, &y)).sqrt() {
            if self.0.len() == MEMORY {
                self.0.remove(0);
            }
            self.0.push(Pair { s, y, rho: product.recip(), alpha: 0.0 });
        }
    }
}

impl Search<'_> {
    /// Such steps, from the undamped solution at `theta` and its distance `edm` to the minimum.
    pub(super) fn quasi_newton(&mut self, mut edm: f64, options: &NewtonOptions) -> Quasi {
        if !self.factored || (self.second != Second::Neighbour && edm > NEAR) {
            return Quasi::Nothing;
        }
        let goal = self.second.goal() * options.tolerance;
        let (mut moved, mut before) = (false, f64::INFINITY);
        let mut gradient = vec![0.0; self.theta.len()];
        loop {
            if edm <= goal {
                return Quasi::Arrived(edm);
            }
            if self.iterations >= options.max_iterations || !self.try_step(edm, &mut gradient) {
                break;
            }
            (self.fisher_is_current, moved) = (false, true);
            self.iterations += 1;
            if self.problem.known.is_some_and(|known| known.is_near(&self.theta, self.value)) {
                return Quasi::Known;
            }
            if self.step.was_cut || !self.step.is_free_set(&self.theta, &self.gradient, self.problem) {
                self.step.find_free(&self.theta, &self.gradient, self.problem);
                self.pairs.clear();
                if self.solver.factor(&self.hessian, None, &self.step.free).is_err() {
                    break;
                }
            }
            let next = self.direction();
            if !(next <= edm && next <= GAIN * GAIN * before || next <= goal) {
                break;
            }
            (before, edm) = (edm, next);
        }
        self.factored = false;
        if moved {
            (self.damping, self.growth) = (0.0, 2.0);
            Quasi::Moved
        } else {
            Quasi::Nothing
        }
    }

    /// The solution of the corrected matrix for the gradient, into the step; returns half the product of the two.
    fn direction(&mut self) -> f64 {
        let mut rhs = self.gradient.clone();
        for pair in self.pairs.0.iter_mut().rev() {
            pair.alpha = pair.rho * dot(&pair.s, &rhs);
            axpy(-pair.alpha, &pair.y, &mut rhs);
        }
        self.step.solve_for(&mut self.solver, &rhs);
        let solution = self.step.solution();
        for pair in &self.pairs.0 {
            let beta = pair.rho * dot(&pair.y, solution);
            axpy(pair.alpha - beta, &pair.s, solution);
        }
        0.5 * dot(&self.gradient, solution)
    }

    /// A step along the solution, or a shorter one; false where none leads down.
    fn try_step(&mut self, edm: f64, gradient: &mut Vec<f64>) -> bool {
        let at = At { theta: &self.theta, gradient: &self.gradient, problem: self.problem };
        if self.step.leaves(at) {
            // Corrections are not for the fewer parameters that move inside the box.
            self.pairs.clear();
            self.direction();
            let at = At { theta: &self.theta, gradient: &self.gradient, problem: self.problem };
            if self.step.solve_again(&self.hessian, &mut self.solver, at).is_err() {
                return false;
            }
        } else {
            self.step.take();
        }
        let noise = ROUNDING * self.value.abs().max(1.0);
        let slope = dot(&self.gradient, &self.step.p);
        let mut length = 1.0;
        for _ in 0..=SHORTER {
            self.step.target(&self.theta, self.problem, &mut self.trial);
            self.evaluations += 1;
            let outcome = self.objective.gradient(&self.trial, gradient);
            let shorter = match outcome {
                Ok(value) if value <= self.value + DECREASE * length * slope + noise => {
                    let free = &self.step.free;
                    let s = self.trial.iter().zip(&self.theta).map(|(new, old)| new - old).collect();
                    let y = gradient.iter().zip(&self.gradient).zip(free);
                    let y = y.map(|((new, old), free)| if *free { new - old } else { 0.0 }).collect();
                    self.pairs.learn(s, y);
                    std::mem::swap(&mut self.theta, &mut self.trial);
                    std::mem::swap(&mut self.gradient, gradient);
                    self.value = value;
                    return true;
                }
                // The lowest point of the parabola through both values and the slope.
                Ok(value) => (-0.5 * length * slope / (value - self.value - length * slope)).clamp(0.1, 0.5),
                Err(_) => 0.25,
            };
            // Near a minimum a step that fails says that the matrix is wrong.
            if self.second != Second::Neighbour || edm < NEAR {
                return false;
            }
            length *= shorter;
            self.step.p.iter_mut().for_each(|p| *p *= shorter);
        }
        false
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
