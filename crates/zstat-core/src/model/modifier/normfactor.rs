//! normfactor: the sample times a free θ.

use super::Requirement;
use crate::model::Constraint;

/// Start 1, bounds [0, 10], free: pyhf's defaults; ROOT's are the user's, so they serve there too.
pub(super) fn requirement() -> Requirement {
    Requirement { init: 1.0, bounds: [0.0, 10.0], fixed: false, constraint: Constraint::None }
}
