//! What a workspace must be beyond its shape: everything that makes a likelihood impossible, all at once.
//!
//! In: a [`Workspace`] and the options it is to be built with. Out: faults as pointers into the workspace. A workspace
//! without errors here can be built: `model` relies on it. What is merely odd is [`super::lint`]'s business.

mod analysis;
mod bins;
mod correlated;
mod doubt;
mod formulas;
mod modifiers;
mod parameters;
mod poi;
mod uses;

pub use analysis::check_analysis;
pub use doubt::independent;
pub(crate) use uses::{Use, Uses};

use super::{BuildOptions, Workspace};
use crate::diag::{Code, Fault};

/// Yields and variations beyond this cannot be squared and summed safely, and mean nothing.
const MAX_MAGNITUDE: f64 = 1e100;

/// All errors of a workspace, in no particular order.
///
/// With `options.allow_absent`, parameters of interest and settings for parameters that the workspace does not have are
/// no errors (published background-only files have them); [`super::lint`] mentions them.
pub fn check(workspace: &Workspace, options: &BuildOptions) -> Vec<Fault> {
    let mut faults = Vec::new();
    bins::check(workspace, &mut faults);
    if faults.iter().any(|fault| fault.code == Code::Nothing && !fault.pointer.ends_with("/name")) {
        // Names that nothing defines would follow from what is missing.
        return faults;
    }
    let uses = Uses::of(workspace);
    modifiers::check(workspace, &uses, options, &mut faults);
    parameters::check(workspace, &uses, options, &mut faults);
    poi::check(workspace, &uses, options, &mut faults);
    correlated::check(workspace, &uses, options, &mut faults);
    formulas::check(workspace, &uses, options, &mut faults);
    faults
}

/// "is 3" or "is not finite" for a number that should be something else.
fn shown(value: f64) -> String {
    crate::text::number(value)
}

/// A count and its noun: "1 entry", "3 entries".
fn entries(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}
