//! The iteration, as an argmin `Solver`: model minimiser, line search, update of the memory.

use argmin::core::{Error, IterState, KV, Problem, Solver, TerminationReason, TerminationStatus};
use nalgebra::DVector;

use super::line_search::{Probe, search};
use super::memory::Memory;
use super::model;
use crate::reduced::Reduced;

pub(super) type State = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// Bounded limited-memory BFGS.
pub(super) struct BoundedLbfgs {
    memory: Memory,
    bounds: Vec<[f64; 2]>,
    /// Largest entry of the projected gradient that ends the iteration.
    pub threshold: f64,
    projected: f64,
    stuck: bool,
}

impl BoundedLbfgs {
    pub fn new(bounds: Vec<[f64; 2]>, memory: usize, threshold: f64) -> Self {
        let memory = Memory::new(bounds.len(), memory);
        Self { memory, bounds, threshold, projected: f64::INFINITY, stuck: false }
    }

    /// Whether no step decreases the value any more.
    pub fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// Largest step that −g makes in the box.
    fn project(&self, x: &[f64], gradient: &[f64]) -> f64 {
        let steps = x.iter().zip(gradient).zip(&self.bounds);
        steps.map(|((x, g), b)| ((x - g).max(b[0]).min(b[1]) - x).abs()).fold(0.0, f64::max)
    }

    /// One step along the direction to the model's minimiser.
    fn step(
        &self,
        problem: &Problem<&Reduced<'_>>,
        x: &[f64],
        value: f64,
        gradient: &[f64],
    ) -> Option<Probe<(Vec<f64>, Vec<f64>)>> {
        let objective = problem.problem.as_ref()?;
        let target = model::minimise(&self.memory, x, gradient, &self.bounds);
        let direction: Vec<f64> = target.iter().zip(x).map(|(t, x)| t - x).collect();
        let slope: f64 = direction.iter().zip(gradient).map(|(d, g)| d * g).sum();
        let descends = slope < 0.0;
        if !descends {
            return None;
        }
        let longest = self.room(x, &direction);
        search(value, slope, 1.0, longest, |step| {
            // A step of one ends exactly on the bounds that the model's minimiser sits on.
            let point: Vec<f64> = if step == 1.0 {
                target.clone()
            } else {
                let moved = x.iter().zip(&direction).zip(&self.bounds);
                moved.map(|((x, d), b)| (x + step * d).max(b[0]).min(b[1])).collect()
            };
            let (value, gradient) = objective.gradient(&point)?;
            let slope = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
            Some(Probe { step, value, slope, payload: (point, gradient) })
        })
    }

    /// The longest step along `direction` that stays in the box, not below 1.
    fn room(&self, x: &[f64], direction: &[f64]) -> f64 {
        let mut room = 1e10_f64;
        for ((x, d), b) in x.iter().zip(direction).zip(&self.bounds) {
            let limit = if *d > 0.0 { b[1] } else { b[0] };
            if *d != 0.0 {
                room = room.min((limit - x) / d);
            }
        }
        room.max(1.0)
    }
}

impl Solver<&Reduced<'_>, State> for BoundedLbfgs {
    fn name(&self) -> &str {
        "L-BFGS-B"
    }

    fn init(
        &mut self,
        problem: &mut Problem<&Reduced<'_>>,
        mut state: State,
    ) -> Result<(State, Option<KV>), Error> {
        self.stuck = true;
        let start = state.take_param().unwrap_or_default();
        let evaluated = problem.problem("gradient_count", |objective| Ok(objective.gradient(&start)))?;
        let Some((value, gradient)) = evaluated else { return Ok((state.param(start), None)) };
        self.stuck = false;
        self.projected = self.project(&start, &gradient);
        Ok((state.param(start).cost(value).gradient(gradient), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<&Reduced<'_>>,
        mut state: State,
    ) -> Result<(State, Option<KV>), Error> {
        let (Some(x), Some(gradient)) = (state.take_param(), state.take_gradient()) else {
            self.stuck = true;
            return Ok((state, None));
        };
        let value = state.get_cost();
        let mut found = self.step(problem, &x, value, &gradient);
        if found.is_none() && !self.memory.is_empty() {
            self.memory.forget();
            found = self.step(problem, &x, value, &gradient);
        }
        let Some(Probe { value, payload: (next, slopes), .. }) = found else {
            self.stuck = true;
            return Ok((state.param(x).cost(value).gradient(gradient), None));
        };
        let difference = |a: &[f64], b: &[f64]| DVector::from_row_slice(a) - DVector::from_row_slice(b);
        self.memory.learn(difference(&next, &x), difference(&slopes, &gradient));
        self.projected = self.project(&next, &slopes);
        Ok((state.param(next).cost(value).gradient(slopes), None))
    }

    fn terminate(&mut self, _state: &State) -> TerminationStatus {
        if self.stuck {
            let reason = "no step decreases the value".to_owned();
            TerminationStatus::Terminated(TerminationReason::SolverExit(reason))
        } else if self.projected <= self.threshold {
            TerminationStatus::Terminated(TerminationReason::SolverConverged)
        } else {
            TerminationStatus::NotTerminated
        }
    }
}
