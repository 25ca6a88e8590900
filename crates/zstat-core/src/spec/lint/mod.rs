//! What is probably not meant: warnings about a workspace that can be built.
//!
//! Every warning is about something that moves the result: an effect counts only where it is visible beside the
//! statistical uncertainty of the expectation. Warnings that repeat are one warning a parameter, with a count.
//!
//! In: a workspace that has passed [`super::check`]. Out: warnings as pointers into the workspace.

mod data;
mod effects;
mod parameters;
mod picture;
mod yields;

use picture::Picture;

use super::check::Uses;
use super::scope::Settings;
use super::{BuildOptions, Workspace};
use crate::diag::Fault;

/// All warnings of a workspace, in no particular order. A workspace with errors gets none: they come first.
pub fn lint(workspace: &Workspace, options: &BuildOptions) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !super::check(workspace, options).is_empty() {
        return faults;
    }
    let uses = Uses::of(workspace);
    let settings = Settings::of(workspace, options);
    let picture = Picture::of(workspace, &settings);
    effects::lint(&uses, &picture, options, &mut faults);
    yields::lint(workspace, &uses, &settings, &picture, &mut faults);
    parameters::lint(workspace, &uses, &settings, &picture, options, &mut faults);
    data::lint(workspace, &picture, &mut faults);
    faults
}

/// "1 bin", "3 bins".
fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Names in a sentence, the first few of them.
fn some_of(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    if names.len() <= SHOWN {
        return crate::text::list_of(names, "and");
    }
    let shown: Vec<String> = names[..SHOWN].iter().map(|name| format!("`{name}`")).collect();
    format!("{} and {} more", shown.join(", "), names.len() - SHOWN)
}

/// A relative change: "+8 %", "−0.35 %".
fn percent(fraction: f64) -> String {
    let value = 100.0 * fraction;
    let digits = if value.abs() >= 10.0 {
        0
    } else if value.abs() >= 1.0 {
        1
    } else {
        2
    };
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{:.digits$} %", value.abs())
}
