//! normsys: the sample times an interpolated factor f(α).

use super::{Effect, Requirement};
use crate::model::Constraint;
use crate::model::interp::Factor;
use crate::spec::NormSysCode;

/// A unit Gaussian α in [−5, 5].
pub(super) fn requirement() -> Requirement {
    let constraint = Constraint::Normal { aux: 0.0, sigma: 1.0 };
    Requirement { init: 0.0, bounds: [-5.0, 5.0], fixed: false, constraint }
}

/// `lo` and `hi` are positive: `spec::check` has seen to it.
pub(super) fn effect(lo: f64, hi: f64, code: NormSysCode) -> Effect<'static> {
    Effect::Interpolate(Factor::new(code, lo, hi))
}
