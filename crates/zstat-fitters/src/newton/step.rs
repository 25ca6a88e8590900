//! One step: the minimiser of a damped quadratic model in the box.

use zstat_core::fit::Problem;
use zstat_core::linalg::{ArrowMatrix, ArrowSolver, NotPositiveDefinite};

/// Rounds of holding parameters that would leave the box; after them the rest is cut off.
const ROUNDS: usize = 3;

/// Where a step starts.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub theta: &'a [f64],
    pub gradient: &'a [f64],
    pub problem: &'a Problem<'a>,
}

/// Scratch space of a step.
pub(super) struct Step {
    /// Parameters that may move: not fixed, and not held on a bound by the gradient.
    pub free: Vec<bool>,
    /// The step.
    pub p: Vec<f64>,
    /// λ·D, the damping added to the diagonal.
    pub damping: Vec<f64>,
    /// The last step met a bound.
    pub was_cut: bool,
    moving: Vec<bool>,
    rhs: Vec<f64>,
    product: Vec<f64>,
    solution: Vec<f64>,
}

impl Step {
    pub fn new(n: usize) -> Self {
        Self {
            free: vec![true; n],
            p: vec![0.0; n],
            damping: vec![0.0; n],
            was_cut: false,
            moving: vec![true; n],
            rhs: vec![0.0; n],
            product: vec![0.0; n],
            solution: vec![0.0; n],
        }
    }

    /// Frees all parameters but fixed ones and those that the gradient presses against a bound.
    pub fn find_free(&mut self, theta: &[f64], gradient: &[f64], problem: &Problem<'_>) {
        for (i, free) in self.free.iter_mut().enumerate() {
            *free = Self::is_free(i, theta, gradient, problem);
        }
    }

    /// Whether the free parameters at this point are those that are free now.
    pub fn is_free_set(&self, theta: &[f64], gradient: &[f64], problem: &Problem<'_>) -> bool {
        self.free.iter().enumerate().all(|(i, free)| *free == Self::is_free(i, theta, gradient, problem))
    }

    fn is_free(i: usize, theta: &[f64], gradient: &[f64], problem: &Problem<'_>) -> bool {
        let [lower, upper] = problem.bounds[i];
        let held = (theta[i] <= lower && gradient[i] >= 0.0) || (theta[i] >= upper && gradient[i] <= 0.0);
        !problem.fixed[i] && !held
    }

    /// Sets λ·D, with D the size of the diagonal, at least what the parameter's range suggests.
    pub fn set_damping(&mut self, lambda: f64, matrix: &ArrowMatrix, problem: &Problem<'_>) {
        for (i, damping) in self.damping.iter_mut().enumerate() {
            let [lower, upper] = problem.bounds[i];
            let range = (upper - lower).clamp(1e-3, 1e3);
            *damping = lambda * matrix.diagonal(i).abs().max(1.0 / (range * range));
        }
    }

    /// The step −(M + λD)⁻¹ g on the free parameters, kept in the box; gives the decrease −gᵀp − ½ pᵀMp it predicts.
    ///
    /// Parameters that would leave the box are put on its side, and the others solved for again.
    pub fn solve(
        &mut self,
        matrix: &ArrowMatrix,
        solver: &mut ArrowSolver,
        at: At<'_>,
    ) -> Result<f64, NotPositiveDefinite> {
        solver.factor(matrix, Some(&self.damping), &self.free)?;
        solver.solve(at.gradient, &mut self.solution);
        self.place(matrix, solver, at)
    }

    /// The undamped step after [`Step::edm`], whose factor and solution serve again.
    pub fn solve_again(
        &mut self,
        matrix: &ArrowMatrix,
        solver: &mut ArrowSolver,
        at: At<'_>,
    ) -> Result<f64, NotPositiveDefinite> {
        self.damping.fill(0.0);
        self.place(matrix, solver, at)
    }

    /// Puts M⁻¹ `rhs` into the solution, with the factor that the solver holds.
    pub fn solve_for(&mut self, solver: &mut ArrowSolver, rhs: &[f64]) {
        solver.solve(rhs, &mut self.solution);
    }

    /// What was solved for.
    pub fn solution(&mut self) -> &mut [f64] {
        &mut self.solution
    }

    /// Whether the negative solution leads out of the box.
    pub fn leaves(&self, at: At<'_>) -> bool {
        let mut points = at.theta.iter().zip(&self.solution).zip(at.problem.bounds).zip(&self.free);
        points.any(|(((x, step), [lower, upper]), free)| *free && (x - step < *lower || x - step > *upper))
    }

    /// The step is the negative solution.
    pub fn take(&mut self) {
        self.p.iter_mut().zip(&self.solution).for_each(|(p, x)| *p = -x);
        self.was_cut = false;
    }

    /// Takes `solution` = (M + λD)⁻¹ g and keeps its negative in the box.
    pub fn place(
        &mut self,
        matrix: &ArrowMatrix,
        solver: &mut ArrowSolver,
        at: At<'_>,
    ) -> Result<f64, NotPositiveDefinite> {
        self.moving.copy_from_slice(&self.free);
        self.p.fill(0.0);
        let mut cut = self.put_on_bounds(at);
        self.was_cut = cut > 0;
        for round in 0.. {
            if cut == 0 && round == 0 {
                // (M + λD) p = −g, so the decrease needs no product with M.
                let terms = self.p.iter().zip(at.gradient).zip(&self.damping);
                return Ok(terms.map(|((p, g), d)| 0.5 * p * (d * p - g)).sum());
            }
            if cut == 0 || round == ROUNDS {
                break;
            }
            // Those already placed enter the right-hand side.
            for (p, &moving) in self.p.iter_mut().zip(&self.moving) {
                if moving {
                    *p = 0.0;
                }
            }
            matrix.multiply(&self.p, &mut self.product);
            for (i, rhs) in self.rhs.iter_mut().enumerate() {
                *rhs = at.gradient[i] + self.product[i];
            }
            solver.factor(matrix, Some(&self.damping), &self.moving)?;
            solver.solve(&self.rhs, &mut self.solution);
            cut = self.put_on_bounds(at);
        }
        matrix.multiply(&self.p, &mut self.product);
        let terms = self.p.iter().zip(at.gradient.iter().zip(&self.product));
        Ok(terms.map(|(p, (g, mp))| -p * (g + 0.5 * mp)).sum())
    }

    /// Copies −`solution` to the step; parameters that would leave the box go on its side. Returns how many did.
    fn put_on_bounds(&mut self, at: At<'_>) -> usize {
        let mut cut = 0;
        for i in 0..self.p.len() {
            if !self.moving[i] {
                continue;
            }
            let [lower, upper] = at.problem.bounds[i];
            let wanted = at.theta[i] - self.solution[i];
            if wanted < lower || wanted > upper {
                self.p[i] = wanted.max(lower).min(upper) - at.theta[i];
                self.moving[i] = false;
                cut += 1;
            } else {
                self.p[i] = -self.solution[i];
            }
        }
        cut
    }

    /// The point after the step, exactly on the bounds where the step ends there.
    pub fn target(&self, theta: &[f64], problem: &Problem<'_>, out: &mut Vec<f64>) {
        out.clear();
        for (i, (&x, &p)) in theta.iter().zip(&self.p).enumerate() {
            let [lower, upper] = problem.bounds[i];
            let held = problem.fixed[i] || p == 0.0;
            out.push(if held { x } else { (x + p).max(lower).min(upper) });
        }
    }

    /// ½ gᵀ M⁻¹ g on the free parameters; the solver holds the factor of M there.
    pub fn edm(&mut self, solver: &mut ArrowSolver, gradient: &[f64]) -> f64 {
        solver.solve(gradient, &mut self.solution);
        0.5 * gradient.iter().zip(&self.solution).map(|(g, x)| g * x).sum::<f64>()
    }
}
