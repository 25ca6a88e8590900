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
use super::{BuildOptions, Measurement, ParameterSpec, Workspace};
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

/// The settings and parameters of interest that hold for the chosen measurement.
struct Settings<'w> {
    workspace: &'w Workspace,
    measurement: Option<(usize, &'w Measurement)>,
}

impl<'w> Settings<'w> {
    fn of(workspace: &'w Workspace, options: &BuildOptions) -> Self {
        let wanted = options.measurement.as_deref();
        let mut all = workspace.measurements.iter().enumerate();
        let measurement = all.find(|(_, one)| wanted.is_none_or(|name| one.name == name));
        Self { workspace, measurement }
    }

    /// The setting of a parameter, and where it stands.
    fn get(&self, name: &str) -> Option<(&'w ParameterSpec, String)> {
        if let Some((at, measurement)) = self.measurement
            && let Some(setting) = measurement.parameters.get(name)
        {
            return Some((
                setting,
                format!("/measurements/{at}/parameters/{}", crate::source::pointer::escape(name)),
            ));
        }
        let setting = self.workspace.parameters.get(name)?;
        Some((setting, format!("/parameters/{}", crate::source::pointer::escape(name))))
    }

    /// The parameters of interest, and where they stand.
    fn poi(&self) -> (&'w [String], String) {
        let of_measurement = self.measurement.and_then(|(at, one)| Some((one.poi.as_ref()?, at)));
        match (of_measurement, &self.workspace.poi) {
            (Some((poi, at)), _) => (poi.as_slice(), format!("/measurements/{at}/poi")),
            (None, Some(poi)) => (poi.as_slice(), "/poi".to_owned()),
            (None, None) => (&[], "/poi".to_owned()),
        }
    }
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
