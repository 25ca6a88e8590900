//! Interpolation codes: an effect and its first two derivatives as functions of α. Source: CERN-OPEN-2012-016, and
//! ROOT's `FlexibleInterpVar` and `PiecewiseInterpolation` for the meaning of the code numbers.
//!
//! One file a family: [`factor`] scales a sample (normsys), [`shift`] adds to it (histosys). At the kink of codes 0 and 1,
//! α = 0, the right derivative is given.

mod factor;
mod shift;

pub use factor::Factor;
pub use shift::Basis;
