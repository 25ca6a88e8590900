//! Which function of a statistic is minimised: the statistic itself is a square of standard deviations, the larger the
//! better.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::loss::LossError;

/// What is minimised, in terms of a statistic q, the square of a significance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// −ln q: its gradient does not depend on the size of q.
    #[default]
    Log,
    /// −q.
    Negative,
    /// −√q: minus the significance.
    Root,
    /// 1/q.
    Inverse,
}

impl Form {
    /// The function of `q`, and its slope.
    ///
    /// # Errors
    /// Where q is no positive number.
    pub fn of(self, q: f64) -> Result<[f64; 2], LossError> {
        if !(q > 0.0 && q.is_finite()) {
            return Err(LossError::NotFinite {
                value: q,
                why: "the significance is not positive: signal and background are not told apart; train with another loss first, such as `bce`",
            });
        }
        Ok(match self {
            Self::Log => [-q.ln(), -1.0 / q],
            Self::Negative => [-q, -1.0],
            Self::Root => [-q.sqrt(), -0.5 / q.sqrt()],
            Self::Inverse => [1.0 / q, -1.0 / (q * q)],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_differences() {
        for form in [Form::Log, Form::Negative, Form::Root, Form::Inverse] {
            for q in [0.01, 1.0, 30.0_f64] {
                let h = 1e-5 * q;
                let at = |q| form.of(q).unwrap()[0];
                let [_, slope] = form.of(q).unwrap();
                let numeric = (at(q + h) - at(q - h)) / (2.0 * h);
                assert!((slope - numeric).abs() < 1e-7 * numeric.abs(), "{form:?} at {q}");
            }
            assert!(form.of(0.0).is_err() && form.of(f64::NAN).is_err());
        }
    }
}
