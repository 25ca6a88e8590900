//! shapefactor: bin b times a free γ_b.

use super::Requirement;
use crate::model::Constraint;
use crate::spec::{BuildOptions, Dialect};

/// One free γ a bin, from 0 to 10 (pyhf) or 1000 (ROOT).
pub(super) fn requirements(n_bins: usize, options: &BuildOptions) -> Vec<Requirement> {
    let upper = match options.dialect {
        Dialect::Pyhf => 10.0,
        Dialect::Root => 1000.0,
    };
    let one = Requirement { init: 1.0, bounds: [0.0, upper], fixed: false, constraint: Constraint::None };
    vec![one; n_bins]
}
