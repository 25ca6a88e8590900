//! What optimisers remember: how many steps they made, and running means with a number for each parameter.

use zstat_core::optimiser::{Parameters, StateError};

/// Whole numbers up to here are all f64.
const MOST_STEPS: f64 = 9_007_199_254_740_992.0;

/// `N` running means. As a state: the number of steps, then the means one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moments<const N: usize> {
    /// Steps made.
    pub steps: u64,
    /// The means.
    pub means: [Vec<f64>; N],
}

impl<const N: usize> Moments<N> {
    pub fn new(parameters: usize) -> Self {
        Self { steps: 0, means: std::array::from_fn(|_| vec![0.0; parameters]) }
    }

    /// Counts a step with this gradient.
    ///
    /// # Panics
    /// If gradient or parameters are not as long as the means.
    pub fn advance(&mut self, gradient: &[f64], parameters: &Parameters<'_>) {
        let length = self.means[0].len();
        assert_eq!(gradient.len(), length, "derivatives by all parameters");
        assert_eq!(parameters.len(), length, "all parameters");
        self.steps += 1;
    }

    pub fn state(&self) -> Vec<f64> {
        [self.steps as f64].into_iter().chain(self.means.iter().flatten().copied()).collect()
    }

    /// Takes a state over; means whose place is in `squares` cannot be negative.
    pub fn restore(&mut self, state: &[f64], squares: &[usize]) -> Result<(), StateError> {
        let length = self.means[0].len();
        let (expected, found) = (1 + N * length, state.len());
        if found != expected {
            return Err(StateError::Length { expected, found });
        }
        let wrong = |at: usize, expected| Err(StateError::Value { at, expected, found: state[at] });
        if !(0.0..=MOST_STEPS).contains(&state[0]) || state[0].fract() != 0.0 {
            return wrong(0, "a number of steps");
        }
        for (at, value) in state.iter().enumerate().skip(1) {
            if !value.is_finite() {
                return wrong(at, "a finite number");
            }
            if *value < 0.0 && squares.contains(&((at - 1) / length)) {
                return wrong(at, "the mean of a square");
            }
        }
        self.steps = state[0] as u64;
        let mut rest = &state[1..];
        for mean in &mut self.means {
            let (own, others) = rest.split_at(length);
            mean.copy_from_slice(own);
            rest = others;
        }
        Ok(())
    }
}
