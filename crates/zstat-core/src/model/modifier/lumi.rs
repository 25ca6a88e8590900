//! lumi: the sample times the integrated luminosity λ, in the units of the measurement's auxiliary value.

use super::Requirement;
use crate::model::Constraint;

/// The measurement must say auxiliary value and width; the start is then the auxiliary value.
pub(super) fn requirement() -> Requirement {
    let constraint = Constraint::Normal { aux: 1.0, sigma: 1.0 };
    Requirement { init: 1.0, bounds: [0.0, 10.0], fixed: false, constraint }
}
