//! The settings of parameters that hold for one measurement, before there is a model: which names are parameters, which
//! are formulas.

use std::collections::BTreeSet;

use zstat_core::formula::Formula;
use zstat_core::spec::{Measurement, ParameterSpec, Workspace};

/// A workspace as one measurement sees it.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'w> {
    workspace: &'w Workspace,
    measurement: Option<&'w Measurement>,
}

impl<'w> Settings<'w> {
    /// Those of the measurement called `name`; of the first where there is no name.
    pub fn of(workspace: &'w Workspace, name: Option<&str>) -> Self {
        let measurement = workspace.measurements.iter().find(|one| name.is_none_or(|name| one.name == name));
        Self { workspace, measurement }
    }

    fn get(&self, name: &str) -> Option<&'w ParameterSpec> {
        let of_measurement = self.measurement.and_then(|one| one.parameters.get(name));
        of_measurement.or_else(|| self.workspace.parameters.get(name))
    }

    /// The formula called `name`, if it is one.
    pub fn formula(&self, name: &str) -> Option<&'w str> {
        self.get(name)?.formula.as_deref()
    }

    fn names(&self) -> BTreeSet<&'w str> {
        let of_measurement = self.measurement.iter().flat_map(|one| one.parameters.keys());
        self.workspace.parameters.keys().chain(of_measurement).map(String::as_str).collect()
    }

    /// The names of all parameters: of modifiers, and of what only formulas use; formulas themselves are none.
    pub fn parameters(&self) -> BTreeSet<&'w str> {
        let names = self.names();
        let formulas = names.iter().filter_map(|name| Formula::parse(self.formula(name)?).ok());
        let arguments: BTreeSet<String> = formulas.flat_map(|formula| formula.names().to_vec()).collect();
        let declared = names.into_iter().filter(|name| arguments.contains(*name));
        let samples = self.workspace.channels.iter().flat_map(|channel| &channel.samples);
        let modifiers = samples.flat_map(|sample| &sample.modifiers).map(|modifier| modifier.name.as_str());
        modifiers.chain(declared).filter(|name| self.formula(name).is_none()).collect()
    }
}
