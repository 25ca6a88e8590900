//! What all reports of toys say of them.

use crate::output::Page;
use crate::output::number::{plain, several};

/// Notes on toys that took a second attempt, and on values that were cut because there are too many to hold; `what` is made of
/// them.
pub fn notes(page: &mut Page, retried: u64, resolution: f64, what: &str) {
    if retried > 0 {
        page.note(&format!("{} took a second attempt", several(retried, "toy")));
    }
    if resolution > 0.0 {
        page.note(&format!(
            "{what}: from values cut by less than {} of themselves, being so many; all else is exact",
            plain(resolution)
        ));
    }
}
