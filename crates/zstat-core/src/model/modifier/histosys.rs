//! histosys: adds δ_b(α) between varied templates.

use super::Requirement;

/// A unit Gaussian α in [−5, 5], as a normsys: the two may share a parameter.
pub(super) fn requirement() -> Requirement {
    super::normsys::requirement()
}
