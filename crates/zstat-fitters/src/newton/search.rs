//! The search: steps, their acceptance, and the end.

use zstat_core::fit::{Curvature, EvalError, Minimum, Objective, Problem, Termination};
use zstat_core::linalg::{ArrowMatrix, ArrowSolver};

use super::NewtonOptions;
use super::distance::FLAT_DAMPING;
use super::escape::way_down;
use super::quasi::{NEAR, Pairs, Quasi};
use super::step::{At, Step};
use crate::reduced::find_start;

/// λ below this is no damping at all.
const SMALLEST_DAMPING: f64 = 1e-7;
/// λ of the first step after an undamped one failed.
const FIRST_DAMPING: f64 = 0.1;
/// No step is possible beyond this.
const LARGEST_DAMPING: f64 = 1e16;
/// Halvings of a step that leaves the domain.
const SHORTER: usize = 3;
/// Decreases below this fraction of the value are rounding.
pub(super) const ROUNDING: f64 = 4e-15;
/// So near (EDM, a thousandth of a standard deviation) to where they were found positive definite, second derivatives are so.
const SURE: f64 = 1e-6;
/// A search that left a neighbour's second derivatives this far from the minimum (EDM) goes on with the Fisher matrix.
const FAR: f64 = 1.0;

/// What the matrix of the quadratic model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Second {
    /// The exact Hessian, at `theta` or where the last steps began.
    Exact,
    /// The Fisher matrix: so at the start, where the exact one is mostly indefinite and not worth its price.
    Fisher,
    /// Second derivatives from elsewhere, which the problem came with.
    Neighbour,
}

impl Second {
    /// The fraction of the tolerance at which searches on such second derivatives of an earlier point end: a step with fresh
    /// ones, from the tolerance itself, would as well. What is left of the gradient bends flat directions up or down, which is
    /// not to be mistaken for curvature; fits beside a known one are many, and a gradient each counts.
    pub fn goal(self) -> f64 {
        match self {
            Self::Exact | Self::Fisher => 1e-14,
            Self::Neighbour => 1e-6,
        }
    }
}

/// The state of one minimisation.
pub(super) struct Search<'a> {
    pub(super) objective: &'a mut dyn Objective,
    pub(super) problem: &'a Problem<'a>,
    pub(super) theta: Vec<f64>,
    pub(super) trial: Vec<f64>,
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    pub(super) hessian: ArrowMatrix,
    pub(super) second: Second,
    /// Corrections of it from the steps since.
    pub(super) pairs: Pairs,
    /// The Fisher matrix, and whether it belongs to `theta`.
    pub(super) fisher: Option<ArrowMatrix>,
    pub(super) fisher_is_current: bool,
    pub(super) solver: ArrowSolver,
    pub(super) step: Step,
    pub(super) damping: f64,
    pub(super) growth: f64,
    /// How far the minimum is from `theta` (EDM), as far as is known.
    distance: f64,
    /// The solver holds the undamped factor of `hessian` on the free parameters, and `step` its solution.
    pub(super) factored: bool,
    /// The solver holds the factor of `hessian` with a trace of damping, and `step` its solution.
    pub(super) is_flat: bool,
    /// The Hessian on the free parameters, damped as it is now, is known not to be positive definite.
    pub(super) indefinite: bool,
    /// The solver holds its factor, and `step` the solution.
    pub(super) solved: bool,
    pub(super) iterations: usize,
    pub(super) evaluations: usize,
}

/// How a round of trial steps ended.
enum Round {
    Accepted,
    /// No step decreases the value any more.
    Stuck,
    /// The objective says that there is nothing to be found.
    Over,
}

impl<'a> Search<'a> {
    /// Evaluates the start, or says why there is nothing to start from.
    pub fn start(
        objective: &'a mut dyn Objective,
        problem: &'a Problem<'a>,
    ) -> Result<Self, (Vec<f64>, EvalError, usize)> {
        let n = objective.n_params();
        let mut theta = problem.start.to_vec();
        for (i, x) in theta.iter_mut().enumerate() {
            if !problem.fixed[i] {
                *x = x.max(problem.bounds[i][0]).min(problem.bounds[i][1]);
            }
        }
        let mut gradient = vec![0.0; n];
        let (mut hessian, second) = match problem.curvature {
            Some(neighbour) => (neighbour.clone(), Second::Neighbour),
            None => (objective.new_hessian(), Second::Fisher),
        };
        let mut first = |theta: &[f64], objective: &mut dyn Objective| match second {
            Second::Neighbour => objective.gradient(theta, &mut gradient),
            _ => objective.hessian(theta, Curvature::Fisher, &mut gradient, &mut hessian),
        };
        let mut evaluations = 1;
        let mut value = first(&theta, objective);
        if value.is_err() {
            // A point with a value is usually near.
            let near = find_start(objective, problem)?;
            (theta, evaluations) = (near.theta, 1 + near.evaluations);
            value = first(&theta, objective);
        }
        match value {
            Err(error) => Err((theta, error, evaluations)),
            Ok(value) => Ok(Self {
                solver: ArrowSolver::new(hessian.structure().clone()),
                objective,
                problem,
                value,
                gradient,
                hessian,
                second,
                pairs: Pairs::default(),
                fisher: None,
                fisher_is_current: false,
                step: Step::new(n),
                damping: 0.0,
                growth: 2.0,
                distance: f64::INFINITY,
                factored: false,
                is_flat: false,
                indefinite: false,
                solved: false,
                iterations: 0,
                evaluations,
                trial: theta.clone(),
                theta,
            }),
        }
    }

    pub fn run(mut self, options: &NewtonOptions) -> Minimum {
        let mut edm = f64::INFINITY;
        let termination = loop {
            if self.problem.known.is_some_and(|known| known.is_near(&self.theta, self.value)) {
                break Termination::Known;
            }
            self.step.find_free(&self.theta, &self.gradient, self.problem);
            let estimate = if self.is_surely_far() { None } else { self.estimate_edm() };
            self.distance = estimate.unwrap_or(f64::INFINITY);
            if let Some(estimate) = estimate {
                edm = estimate;
                if edm <= options.tolerance && self.second != Second::Neighbour {
                    // Only the exact Hessian can say that this is a minimum.
                    if self.second == Second::Fisher {
                        if self.make_exact() {
                            continue;
                        }
                        break Termination::NoProgress;
                    }
                    if edm > Second::Exact.goal() * options.tolerance {
                        edm = self.polish(edm);
                    }
                    break Termination::Converged;
                }
                match self.quasi_newton(estimate, options) {
                    Quasi::Arrived(distance) if self.is_no_saddle(estimate) => {
                        edm = distance;
                        break Termination::Converged;
                    }
                    Quasi::Known => break Termination::Known,
                    Quasi::Moved | Quasi::Arrived(_) => {
                        if self.renew(estimate) {
                            continue;
                        }
                        break Termination::NoProgress;
                    }
                    Quasi::Nothing => {}
                }
            }
            if self.second == Second::Neighbour {
                // Of no use here.
                if self.renew(estimate.unwrap_or(f64::INFINITY)) {
                    continue;
                }
                break Termination::NoProgress;
            }
            if self.iterations >= options.max_iterations {
                edm = self.estimate_edm().unwrap_or(edm);
                break Termination::IterationLimit;
            }
            self.iterations += 1;
            let round = self.advance();
            if let Round::Over = round {
                break Termination::NoProgress;
            }
            if let Round::Stuck = round {
                if self.settle_on_bounds() {
                    continue;
                }
                if self.second == Second::Fisher && self.make_exact() {
                    self.restart_damping();
                    continue;
                }
                match self.flat_edm() {
                    // Nearly degenerate parameters: the gradient's rounding alone makes the undamped estimate large.
                    Some(estimate) if estimate <= options.tolerance => {
                        edm = estimate;
                        break Termination::Converged;
                    }
                    Some(_) => break Termination::NoProgress,
                    None if self.leave_saddle() => {}
                    None => break Termination::NoProgress,
                }
            }
        };
        let Self { theta, value, gradient, hessian, iterations, evaluations, .. } = self;
        let curvature = (termination == Termination::Converged).then_some(hessian);
        Minimum { theta, value, gradient, edm, termination, iterations, evaluations, curvature }
    }

    /// Moves off a saddle; false if there is no way down.
    fn leave_saddle(&mut self) -> bool {
        let (hessian, free) = (&self.hessian, &self.step.free);
        let point = way_down(
            self.objective,
            hessian,
            free,
            &self.theta,
            self.value,
            self.problem,
            &mut self.evaluations,
        );
        let Some(point) = point else { return false };
        self.trial = point;
        self.restart_damping();
        self.accept()
    }

    /// Tries steps with more and more damping until one decreases the value; then takes new derivatives.
    fn advance(&mut self) -> Round {
        loop {
            if self.damping > LARGEST_DAMPING {
                return Round::Stuck;
            }
            let Some(predicted) = self.propose() else {
                self.damp_more();
                continue;
            };
            let noise = ROUNDING * self.value.abs().max(1.0);
            // A step cut by several bounds at once may climb; a shorter one will not.
            if predicted < -noise {
                self.damp_more();
                continue;
            }
            if predicted <= noise {
                return Round::Stuck;
            }
            self.step.target(&self.theta, self.problem, &mut self.trial);
            self.evaluations += 1;
            let ratio = match self.objective.value(&self.trial) {
                Ok(value) => (self.value - value) / predicted,
                Err(EvalError::CalledBack) => return Round::Over,
                Err(_) => self.shorten(predicted),
            };
            if ratio > 1e-4 && self.accept() {
                self.damp_by_ratio(ratio);
                return Round::Accepted;
            }
            self.damp_more();
        }
    }

    /// Shortens a step that leaves the objective's domain until it ends inside; returns the ratio of actual to predicted
    /// decrease there. A shorter step costs a value, one with more damping a factorisation.
    fn shorten(&mut self, predicted: f64) -> f64 {
        let slope: f64 = self.step.p.iter().zip(&self.gradient).map(|(p, g)| p * g).sum();
        let mut length = 1.0;
        for _ in 0..SHORTER {
            length *= 0.5;
            self.step.p.iter_mut().for_each(|p| *p *= 0.5);
            self.step.target(&self.theta, self.problem, &mut self.trial);
            self.evaluations += 1;
            if let Ok(value) = self.objective.value(&self.trial) {
                // The model's parabola along the step, through its slope and the decrease at its end.
                let expected = length * (length * predicted - (1.0 - length) * slope);
                return (self.value - value) / expected;
            }
        }
        f64::NEG_INFINITY
    }

    /// A step in `self.step` and its predicted decrease; none if no matrix is definite at this damping.
    fn propose(&mut self) -> Option<f64> {
        let at = At { theta: &self.theta, gradient: &self.gradient, problem: self.problem };
        let reuse = std::mem::take(&mut self.factored) && self.damping == 0.0;
        let hopeless = std::mem::take(&mut self.indefinite);
        let solved = if std::mem::take(&mut self.solved) {
            self.step.place(&self.hessian, &mut self.solver, at).ok()
        } else if reuse {
            self.step.solve_again(&self.hessian, &mut self.solver, at).ok()
        } else if hopeless {
            None
        } else {
            self.step.set_damping(self.damping, &self.hessian, self.problem);
            self.step.solve(&self.hessian, &mut self.solver, at).ok()
        };
        if solved.is_some() || self.second == Second::Fisher {
            return solved;
        }
        self.refresh_fisher().ok()?;
        let fisher = self.fisher.as_ref()?;
        let at = At { theta: &self.theta, gradient: &self.gradient, problem: self.problem };
        self.step.set_damping(self.damping.max(FLAT_DAMPING), fisher, self.problem);
        self.step.solve(fisher, &mut self.solver, at).ok()
    }

    fn refresh_fisher(&mut self) -> Result<(), EvalError> {
        if self.fisher_is_current {
            return Ok(());
        }
        let mut fisher = self.fisher.take().unwrap_or_else(|| self.objective.new_hessian());
        self.evaluations += 1;
        let mut gradient = vec![0.0; self.theta.len()];
        self.objective.hessian(&self.theta, Curvature::Fisher, &mut gradient, &mut fisher)?;
        self.fisher = Some(fisher);
        self.fisher_is_current = true;
        Ok(())
    }

    /// Whether steps on older second derivatives, begun at this distance, ended at a minimum for sure. From further away they
    /// may end on a saddle, which the exact ones there tell; a search beside a known minimum has no need of it.
    fn is_no_saddle(&self, began: f64) -> bool {
        match self.second {
            Second::Fisher => false,
            Second::Neighbour => true,
            Second::Exact => began <= SURE || self.problem.curvature.is_some(),
        }
    }

    /// New second derivatives where steps with older ones ended, which began at this distance from the minimum; false if
    /// there are none.
    fn renew(&mut self, distance: f64) -> bool {
        if self.second != Second::Neighbour || distance < FAR {
            return self.make_exact();
        }
        self.evaluations += 1;
        let fisher =
            self.objective.hessian(&self.theta, Curvature::Fisher, &mut self.gradient, &mut self.hessian);
        (self.second, self.factored) = (Second::Fisher, false);
        fisher.is_ok()
    }

    /// Replaces other second derivatives by the exact ones where the search is; false if there are none.
    fn make_exact(&mut self) -> bool {
        self.evaluations += 1;
        let outcome =
            self.objective.hessian(&self.theta, Curvature::Exact, &mut self.gradient, &mut self.hessian);
        self.second = if outcome.is_ok() { Second::Exact } else { Second::Fisher };
        self.factored = false;
        outcome.is_ok()
    }

    /// Moves to the trial point; false if it has no derivatives.
    pub(super) fn accept(&mut self) -> bool {
        self.evaluations += 1;
        let mut gradient = std::mem::take(&mut self.gradient);
        // A search that is to come near a minimum it knows has little use for more, unless it ends elsewhere.
        let (curvature, second) = match self.problem.known {
            Some(_) if self.distance > NEAR => (Curvature::Fisher, Second::Fisher),
            _ => (Curvature::Exact, Second::Exact),
        };
        let outcome = self.objective.hessian(&self.trial, curvature, &mut gradient, &mut self.hessian);
        self.gradient = gradient;
        match outcome {
            Ok(value) => {
                self.value = value;
                std::mem::swap(&mut self.theta, &mut self.trial);
                (self.fisher_is_current, self.second) = (false, second);
                true
            }
            Err(_) => false,
        }
    }

    pub(super) fn restart_damping(&mut self) {
        (self.damping, self.growth) = (0.0, 2.0);
    }

    fn damp_more(&mut self) {
        self.damping = (self.damping * self.growth).max(FIRST_DAMPING);
        self.growth *= 2.0;
    }

    /// Nielsen's rule: λ shrinks to a third after a good step, and grows slowly after a poor one.
    fn damp_by_ratio(&mut self, ratio: f64) {
        let factor = 1.0 - (2.0 * ratio.min(1.5) - 1.0).powi(3);
        self.damping *= factor.max(0.1);
        self.growth = 2.0;
        if self.damping < SMALLEST_DAMPING {
            self.damping = 0.0;
        }
    }
}
