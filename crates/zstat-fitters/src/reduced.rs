//! An objective over the parameters that can move, in coordinates of comparable size, as an argmin problem.
//!
//! Coordinate x_j = θ_i/s_i of a movable parameter i, with s_i = 1/√F_ii from the Fisher matrix at the start: a change of
//! x by 1 is about one standard deviation. Bounds are met exactly: where x is on its bound θ is the bound, to the bit.

use std::cell::{Cell, RefCell};

use nalgebra::DMatrix;
use zstat_core::fit::{Curvature, EvalError, Objective, Problem};
use zstat_core::linalg::ArrowMatrix;

/// The view of an objective that the solvers here work on.
pub(crate) struct Reduced<'a> {
    objective: RefCell<&'a mut dyn Objective>,
    /// The full point; entries of movable parameters are overwritten.
    base: Vec<f64>,
    movable: Vec<usize>,
    scale: Vec<f64>,
    theta_bounds: Vec<[f64; 2]>,
    /// Bounds of the coordinates.
    pub bounds: Vec<[f64; 2]>,
    evaluations: Cell<usize>,
}

/// Where a search begins.
pub(crate) struct Start {
    /// The full point, in the box and with a value.
    pub theta: Vec<f64>,
    /// Evaluations that were needed to find it.
    pub evaluations: usize,
}

/// Radii of the search for a point with a value, relative to the box or to max(1, |θ|), and points tried at each.
const RADII: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];
const TRIES: usize = 8;

/// The start moved into the box; where that has no value, the first of a fixed sequence of points around it that has.
///
/// # Errors
/// The point moved into the box and the reason why it has no value, if no point with a value was found.
pub(crate) fn find_start(
    objective: &mut dyn Objective,
    problem: &Problem<'_>,
) -> Result<Start, (Vec<f64>, EvalError, usize)> {
    let inside: Vec<f64> = (0..problem.start.len())
        .map(|i| {
            let [lower, upper] = problem.bounds[i];
            let start = problem.start[i];
            if problem.fixed[i] { start } else { start.max(lower).min(upper) }
        })
        .collect();
    let mut evaluations = 1;
    let reason = match objective.value(&inside) {
        Ok(value) if value.is_finite() => return Ok(Start { theta: inside, evaluations }),
        Ok(_) => EvalError::NotFinite { what: "the objective at the start".to_owned() },
        Err(reason) => reason,
    };
    let movable = (0..inside.len()).any(|i| !problem.fixed[i]);
    let mut sequence = 0;
    for radius in RADII.into_iter().filter(|_| movable) {
        for _ in 0..TRIES {
            let mut theta = inside.clone();
            for (i, value) in theta.iter_mut().enumerate().filter(|(i, _)| !problem.fixed[*i]) {
                let [lower, upper] = problem.bounds[i];
                let width = (upper - lower).min(2.0 * value.abs().max(1.0));
                sequence += 1;
                *value = (*value + radius * width * (fraction(sequence) - 0.5)).max(lower).min(upper);
            }
            evaluations += 1;
            if objective.value(&theta).is_ok_and(f64::is_finite) {
                return Ok(Start { theta, evaluations });
            }
        }
    }
    Err((inside, reason, evaluations))
}

/// The `index`-th of a fixed sequence of numbers that fills [0, 1) evenly (Weyl's, with the golden ratio).
fn fraction(index: usize) -> f64 {
    (index as f64 * 0.618_033_988_749_894_9).fract()
}

impl<'a> Reduced<'a> {
    /// The view around `start`, a point with a value. Scales are 1 without `scaling`.
    pub fn new(objective: &'a mut dyn Objective, problem: &Problem<'_>, start: Start, scaling: bool) -> Self {
        let movable: Vec<usize> = (0..start.theta.len())
            .filter(|&i| !problem.fixed[i] && problem.bounds[i][0] < problem.bounds[i][1])
            .collect();
        let mut evaluations = start.evaluations;
        let mut scale = vec![1.0; movable.len()];
        if scaling && !movable.is_empty() {
            evaluations += 1;
            fisher_scales(objective, &start.theta, &movable, problem, &mut scale);
        }
        let theta_bounds: Vec<[f64; 2]> = movable.iter().map(|&i| problem.bounds[i]).collect();
        let bounds = theta_bounds.iter().zip(&scale).map(|(b, s)| [b[0] / s, b[1] / s]).collect();
        Self {
            objective: RefCell::new(objective),
            base: start.theta,
            movable,
            scale,
            theta_bounds,
            bounds,
            evaluations: Cell::new(evaluations),
        }
    }

    /// The start in coordinates.
    pub fn start(&self) -> Vec<f64> {
        let coordinates = self.movable.iter().zip(&self.scale).zip(&self.bounds);
        coordinates.map(|((&i, s), b)| (self.base[i] / s).max(b[0]).min(b[1])).collect()
    }

    /// The full point of coordinates.
    pub fn theta(&self, x: &[f64]) -> Vec<f64> {
        let mut theta = self.base.clone();
        for (j, &i) in self.movable.iter().enumerate() {
            let [lower, upper] = self.theta_bounds[j];
            theta[i] = if x[j] <= self.bounds[j][0] {
                lower
            } else if x[j] >= self.bounds[j][1] {
                upper
            } else {
                (x[j] * self.scale[j]).max(lower).min(upper)
            };
        }
        theta
    }

    /// Coordinates moved onto the bounds that they are outside of.
    pub fn clamped(&self, mut x: Vec<f64>) -> Vec<f64> {
        x.iter_mut().zip(&self.bounds).for_each(|(x, b)| *x = x.max(b[0]).min(b[1]));
        x
    }

    /// A matrix over the parameters as one over the coordinates; rows of parameters that are not free are zero.
    pub fn scaled(&self, matrix: &ArrowMatrix, free: &[bool]) -> DMatrix<f64> {
        let (full, n) = (matrix.to_dense(), self.base.len());
        DMatrix::from_fn(self.movable.len(), self.movable.len(), |row, column| {
            let (i, j) = (self.movable[row], self.movable[column]);
            if free[i] && free[j] { full[i * n + j] * self.scale[row] * self.scale[column] } else { 0.0 }
        })
    }

    /// The value, infinite where there is none.
    pub fn value(&self, x: &[f64]) -> f64 {
        self.evaluations.set(self.evaluations.get() + 1);
        let value = self.objective.borrow_mut().value(&self.theta(x));
        value.ok().filter(|value| value.is_finite()).unwrap_or(f64::INFINITY)
    }

    /// Value and gradient in coordinates; none where the function has no value or no finite slope.
    pub fn gradient(&self, x: &[f64]) -> Option<(f64, Vec<f64>)> {
        self.evaluations.set(self.evaluations.get() + 1);
        let mut full = vec![0.0; self.base.len()];
        let value = self.objective.borrow_mut().gradient(&self.theta(x), &mut full).ok()?;
        let gradient: Vec<f64> = self.movable.iter().zip(&self.scale).map(|(&i, s)| full[i] * s).collect();
        let finite = value.is_finite() && gradient.iter().all(|slope| slope.is_finite());
        finite.then_some((value, gradient))
    }

    /// Uses the objective itself; counts as one evaluation.
    pub fn with_objective<T>(&self, action: impl FnOnce(&mut dyn Objective) -> T) -> T {
        self.evaluations.set(self.evaluations.get() + 1);
        action(&mut **self.objective.borrow_mut())
    }

    /// Evaluations so far.
    pub fn evaluations(&self) -> usize {
        self.evaluations.get()
    }
}

fn fisher_scales(
    objective: &mut dyn Objective,
    theta: &[f64],
    movable: &[usize],
    problem: &Problem<'_>,
    scale: &mut [f64],
) {
    let mut gradient = vec![0.0; theta.len()];
    let mut fisher = objective.new_hessian();
    if objective.hessian(theta, Curvature::Fisher, &mut gradient, &mut fisher).is_err() {
        return;
    }
    for (scale, &i) in scale.iter_mut().zip(movable) {
        let range = problem.bounds[i][1] - problem.bounds[i][0];
        let sigma = 1.0 / fisher.diagonal(i).sqrt();
        // A parameter that the data hardly touch has no width of its own.
        *scale = if sigma.is_finite() && sigma > 0.0 { sigma.min(range) } else { range.min(1.0) };
    }
}
