//! The contract of an optimiser: a gradient and a learning rate move parameters.
//!
//! An optimiser knows neither what the parameters are nor where the gradient comes from. What it remembers of earlier steps can
//! be saved and given back, so that a run goes on from there with the same bits. One optimiser serves one list of parameters;
//! lists that are learnt together, those of a scorer and those of a summary, have one each, of the same kind.

use crate::plugin::Plugin;

/// How optimisers of one kind are made: the plugin, with its options.
pub trait OptimiserKind: Send + Sync {
    /// An optimiser of so many parameters that has made no step.
    fn make(&self, parameters: usize) -> Box<dyn Optimiser>;

    /// The learning rate that options say; what a schedule makes of it is the caller's.
    fn learning_rate(&self) -> f64;
}

inventory::collect!(Plugin<dyn OptimiserKind>);

/// A way to move parameters, with what it remembers.
pub trait Optimiser: Send {
    /// Makes one step with this learning rate. The gradient, one number a parameter, is that of a loss that is to become
    /// smaller; a component that is not finite spoils its parameter for good.
    ///
    /// # Panics
    /// If there are not as many numbers as the optimiser has parameters.
    fn step(&mut self, rate: f64, gradient: &[f64], parameters: Parameters<'_>);

    /// All that it remembers, the number of steps included.
    fn state(&self) -> Vec<f64>;

    /// Goes back to what [`state`](Optimiser::state) gave: from there on all steps have the same bits. Nothing is changed
    /// where there is an error.
    ///
    /// # Errors
    /// Where the numbers are not a state of this optimiser.
    fn restore(&mut self, state: &[f64]) -> Result<(), StateError>;
}

/// The parameters that a step moves: those of networks are f32, edges that are learnt f64.
#[derive(Debug)]
pub enum Parameters<'a> {
    /// Single precision.
    F32(&'a mut [f32]),
    /// Double precision.
    F64(&'a mut [f64]),
}

impl Parameters<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Replaces each parameter, in their order, by what `moved` makes of its value, its derivative and what is remembered of it;
    /// single precision is rounded once, at the end.
    ///
    /// # Panics
    /// If there are fewer derivatives, or numbers to remember, than parameters.
    pub fn update<const N: usize>(
        self,
        gradient: &[f64],
        memory: [&mut [f64]; N],
        mut moved: impl FnMut(f64, f64, [&mut f64; N]) -> f64,
    ) {
        // Slices of one length, so that a loop over them needs no checks.
        let length = self.len();
        let gradient = &gradient[..length];
        let mut memory = memory.map(|numbers| &mut numbers[..length]);
        let mut one = |i: usize, value: f64| {
            moved(value, gradient[i], memory.each_mut().map(|numbers| &mut numbers[i]))
        };
        match self {
            Self::F32(values) => {
                for (i, value) in values.iter_mut().enumerate() {
                    *value = one(i, f64::from(*value)) as f32;
                }
            }
            Self::F64(values) => {
                for (i, value) in values.iter_mut().enumerate() {
                    *value = one(i, *value);
                }
            }
        }
    }
}

impl<'a> From<&'a mut [f32]> for Parameters<'a> {
    fn from(values: &'a mut [f32]) -> Self {
        Self::F32(values)
    }
}

impl<'a> From<&'a mut [f64]> for Parameters<'a> {
    fn from(values: &'a mut [f64]) -> Self {
        Self::F64(values)
    }
}

/// Why numbers are not the state of an optimiser.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Too few or too many.
    #[error("the state of this optimiser is {expected} numbers, found {found}: it belongs to another one")]
    Length {
        /// By the optimiser and its parameters.
        expected: usize,
        /// That were given.
        found: usize,
    },
    /// A number that no optimiser remembers.
    #[error("number {at} of the optimiser's state must be {expected}, found {found}")]
    Value {
        /// Its place, from 0.
        at: usize,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_precisions_are_updated_in_order() {
        let (mut single, mut double) = ([1.0_f32, 2.0, 3.0], [1.0_f64, 2.0]);
        let (gradient, mut seen) = ([0.0, 1.0, 2.0], [0.5; 3]);
        let moved = |value: f64, slope: f64, [seen]: [&mut f64; 1]| {
            *seen += slope;
            value + slope + 1e-9
        };
        Parameters::from(&mut single[..]).update(&gradient, [&mut seen], moved);
        Parameters::from(&mut double[..]).update(&gradient, [&mut seen], moved);
        assert_eq!(seen, [0.5, 2.5, 2.5]);
        assert_eq!(single, [1.0, 3.0, 5.0]);
        assert_eq!(double, [1.0 + 1e-9, 3.0 + 1e-9]);
        assert_eq!(Parameters::from(&mut double[..]).len(), 2);
        assert!(Parameters::from(&mut single[..0]).is_empty());
    }
}
