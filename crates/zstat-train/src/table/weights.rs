//! Sums of the weights of a process.

use serde::{Deserialize, Serialize};

use super::sum::sum;

/// What the weights of a process add up to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightSums {
    /// Number of events.
    pub events: usize,
    /// Σw.
    pub sum: f64,
    /// Σw².
    pub sum_of_squares: f64,
    /// (Σw)² / Σw²: as many events of equal weight have the same relative error.
    pub effective: f64,
    /// Share of events with a negative weight.
    pub negative_events: f64,
    /// Σ|w| over events with a negative weight, as a share of Σ|w| over all.
    pub negative_weight: f64,
}

/// Why weights make no template.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightFault {
    /// No events.
    #[error("process `{process}` has no events")]
    Empty {
        /// The process.
        process: String,
    },
    /// A weight that is no number.
    #[error(
        "process `{process}`: the weight in row {row} (counted from 0) is {value}, expected a finite number"
    )]
    NotFinite {
        /// The process.
        process: String,
        /// The first such row.
        row: usize,
        /// What it is.
        value: f64,
    },
    /// Weights that cancel.
    #[error(
        "the weights of process `{process}` add up to {sum} (positive ones to {positive}, negative ones to {negative}, in {events} events), expected more than 0: a process whose weights cancel has no normalised template"
    )]
    NotPositive {
        /// The process.
        process: String,
        /// Σw.
        sum: f64,
        /// Σw over positive weights.
        positive: f64,
        /// Σw over negative weights.
        negative: f64,
        /// Number of events.
        events: usize,
    },
    /// Weights so large that their squares have no sum.
    #[error(
        "the squares of the weights of process `{process}` add up to {sum_of_squares}; scale the weights"
    )]
    Squares {
        /// The process.
        process: String,
        /// Σw²: infinite or 0.
        sum_of_squares: f64,
    },
}

impl WeightSums {
    /// Sums over the events of a process.
    ///
    /// # Errors
    /// Where there are no events, a weight is not finite, or the sum is not positive.
    pub fn of(process: &str, weights: &[f64]) -> Result<Self, WeightFault> {
        let process = || process.to_owned();
        let events = weights.len();
        if events == 0 {
            return Err(WeightFault::Empty { process: process() });
        }
        if let Some((row, &value)) = weights.iter().enumerate().find(|(_, weight)| !weight.is_finite()) {
            return Err(WeightFault::NotFinite { process: process(), row, value });
        }
        let total = sum(weights.iter().copied());
        let positive = sum(weights.iter().copied().filter(|weight| *weight > 0.0));
        let negative = sum(weights.iter().copied().filter(|weight| *weight < 0.0));
        if total <= 0.0 {
            return Err(WeightFault::NotPositive {
                process: process(),
                sum: total,
                positive,
                negative,
                events,
            });
        }
        let sum_of_squares = sum(weights.iter().map(|weight| weight * weight));
        // Not (Σw)², which may overflow.
        let effective = total / sum_of_squares * total;
        if !(sum_of_squares.is_finite() && effective.is_finite() && total.is_finite()) {
            return Err(WeightFault::Squares { process: process(), sum_of_squares });
        }
        let below = weights.iter().filter(|weight| **weight < 0.0).count();
        Ok(Self {
            events,
            sum: total,
            sum_of_squares,
            effective,
            negative_events: below as f64 / events as f64,
            negative_weight: -negative / (positive - negative),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(weights: &[f64]) -> String {
        WeightSums::of("ttbar", weights).unwrap_err().to_string()
    }

    #[test]
    fn sums() {
        let found = WeightSums::of("ttbar", &[1.0, 1.0, -0.5, 2.5]).unwrap();
        let expected = WeightSums {
            events: 4,
            sum: 4.0,
            sum_of_squares: 8.5,
            effective: 16.0 / 8.5,
            negative_events: 0.25,
            negative_weight: 0.1,
        };
        assert_eq!(found, WeightSums { effective: found.effective, ..expected });
        assert!((found.effective - expected.effective).abs() < 1e-15);
        assert_eq!(WeightSums::of("b", &[0.1; 7]).unwrap().negative_weight, 0.0);
        assert!((WeightSums::of("b", &[0.1; 7]).unwrap().effective - 7.0).abs() < 1e-14);
    }

    #[test]
    fn weights_without_a_template() {
        assert_eq!(fault(&[]), "process `ttbar` has no events");
        let message =
            "process `ttbar`: the weight in row 1 (counted from 0) is NaN, expected a finite number";
        assert_eq!(fault(&[1.0, f64::NAN, f64::NAN]), message);
        let message = "the weights of process `ttbar` add up to -1 (positive ones to 1, negative ones to -2, in 2 events), \
             expected more than 0: a process whose weights cancel has no normalised template";
        assert_eq!(fault(&[1.0, -2.0]), message);
        assert!(fault(&[0.0, 0.0]).contains("add up to 0 "));
        // Plain sums of these are positive.
        assert!(
            fault(&[0.1, 0.2, -0.1, -0.2]).contains("add up to 0 ")
                || fault(&[0.1, 0.2, -0.1, -0.2]).contains("add up to -")
        );
        assert!(fault(&[1e200, 1e200]).contains("add up to inf; scale the weights"));
        assert!(fault(&[1e-200, 1e-200]).contains("add up to 0; scale the weights"));
    }
}
