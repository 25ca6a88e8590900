//! The settings that hold together: a measurement's in place of the workspace's of the same name.

use std::collections::BTreeSet;

use super::{BuildOptions, Measurement, OneOrMany, ParameterSpec, Workspace};
use crate::formula::Formula;
use crate::source::pointer;

/// The settings and parameters of interest that hold for one measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings<'w> {
    pub workspace: &'w Workspace,
    pub measurement: Option<(usize, &'w Measurement)>,
}

impl<'w> Settings<'w> {
    /// Those of the measurement that the options choose: the first, if they are silent.
    pub fn of(workspace: &'w Workspace, options: &BuildOptions) -> Self {
        let wanted = options.measurement.as_deref();
        let mut all = workspace.measurements.iter().enumerate();
        let measurement = all.find(|(_, one)| wanted.is_none_or(|name| one.name == name));
        Self { workspace, measurement }
    }

    /// Those of every measurement; of the workspace alone if it has none.
    pub fn all(workspace: &'w Workspace) -> Vec<Self> {
        if workspace.measurements.is_empty() {
            return vec![Self { workspace, measurement: None }];
        }
        let all = workspace.measurements.iter().enumerate();
        all.map(|measurement| Self { workspace, measurement: Some(measurement) }).collect()
    }

    /// The setting of a parameter, and where it stands.
    pub fn get(&self, name: &str) -> Option<(&'w ParameterSpec, String)> {
        if let Some((at, measurement)) = self.measurement
            && let Some(setting) = measurement.parameters.get(name)
        {
            return Some((setting, pointer::join(&format!("/measurements/{at}/parameters"), name)));
        }
        let setting = self.workspace.parameters.get(name)?;
        Some((setting, pointer::join("/parameters", name)))
    }

    /// The parameters of interest, and where they stand.
    pub fn poi(&self) -> (&'w [String], String) {
        let of_measurement = self.measurement.and_then(|(at, one)| Some((one.poi.as_ref()?, at)));
        match (of_measurement, &self.workspace.poi) {
            (Some((poi, at)), _) => (poi.as_slice(), format!("/measurements/{at}/poi")),
            (None, Some(poi)) => (poi.as_slice(), "/poi".to_owned()),
            (None, None) => (&[], "/poi".to_owned()),
        }
    }

    /// Whether the parameters of interest stand in a list, each with a place of its own.
    pub fn poi_is_list(&self) -> bool {
        let of_measurement = self.measurement.and_then(|(_, one)| one.poi.as_ref());
        matches!(of_measurement.or(self.workspace.poi.as_ref()), Some(OneOrMany::Many(_)))
    }

    /// All names with a setting, sorted.
    pub fn names(&self) -> BTreeSet<&'w str> {
        let of_measurement = self.measurement.iter().flat_map(|(_, one)| one.parameters.keys());
        self.workspace.parameters.keys().chain(of_measurement).map(String::as_str).collect()
    }

    /// The names that are formulas, sorted, with the formula's text.
    pub fn formulas(&self) -> Vec<(&'w str, &'w str)> {
        let text = |name: &'w str| Some((name, self.get(name)?.0.formula.as_deref()?));
        self.names().into_iter().filter_map(text).collect()
    }

    /// All names that appear in formulas, sorted. Formulas that cannot be read count as empty.
    pub fn arguments(&self) -> BTreeSet<String> {
        let formulas = self.formulas().into_iter().filter_map(|(_, text)| Formula::parse(text).ok());
        formulas.flat_map(|formula| formula.names().to_vec()).collect()
    }
}
