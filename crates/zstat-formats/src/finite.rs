//! The first number of a workspace that is not finite: JSON writers would turn it into `null` without a word.

use zstat_core::source::pointer;
use zstat_core::spec::{Bounds, ConstraintSpec, ModifierKind, OneOrMany, ParameterSpec, Workspace};

/// Place (JSON pointer into the workspace) and value of the first number that is NaN or infinite.
pub(crate) fn first_not_finite(workspace: &Workspace) -> Option<(String, f64)> {
    let mut search = Search { found: None };
    for (c, channel) in workspace.channels.iter().enumerate() {
        for (s, sample) in channel.samples.iter().enumerate() {
            let at = format!("/channels/{c}/samples/{s}");
            search.list(&sample.data, || format!("{at}/data"));
            for (m, modifier) in sample.modifiers.iter().enumerate() {
                let at = || format!("{at}/modifiers/{m}");
                search.modifier(&modifier.kind, at);
                search.constraint(modifier.constraint.as_ref(), || at() + "/constraint");
            }
        }
    }
    for (channel, data) in &workspace.observations {
        search.list(data, || pointer::join("/observations", channel));
    }
    let settings = |base: String| move |name: &str| pointer::join(&(base.clone() + "/parameters"), name);
    let at = settings(String::new());
    workspace.parameters.iter().for_each(|(name, spec)| search.parameter(spec, || at(name)));
    for (i, measurement) in workspace.measurements.iter().enumerate() {
        let at = settings(format!("/measurements/{i}"));
        measurement.parameters.iter().for_each(|(name, spec)| search.parameter(spec, || at(name)));
    }
    for (i, block) in workspace.constraints.iter().enumerate() {
        for row in block.covariance.iter().chain(&block.correlation).flatten() {
            search.list(row, || format!("/constraints/{i}"));
        }
    }
    search.found
}

struct Search {
    found: Option<(String, f64)>,
}

impl Search {
    fn list(&mut self, values: &[f64], at: impl Fn() -> String) {
        if self.found.is_none()
            && let Some(i) = values.iter().position(|value| !value.is_finite())
        {
            self.found = Some((format!("{}/{i}", at()), values[i]));
        }
    }

    fn value(&mut self, value: f64, at: impl Fn() -> String) {
        if self.found.is_none() && !value.is_finite() {
            self.found = Some((at(), value));
        }
    }

    fn modifier(&mut self, kind: &ModifierKind, at: impl Fn() -> String) {
        match kind {
            ModifierKind::NormSys { lo, hi, .. } => {
                self.value(*lo, || at() + "/lo");
                self.value(*hi, || at() + "/hi");
            }
            ModifierKind::HistoSys { lo, hi, .. } => {
                self.list(lo, || at() + "/lo");
                self.list(hi, || at() + "/hi");
            }
            ModifierKind::ShapeSys { errors } | ModifierKind::StatError { errors } => {
                self.list(errors, || at() + "/errors");
            }
            ModifierKind::NormFactor | ModifierKind::Lumi | ModifierKind::ShapeFactor => {}
        }
    }

    fn constraint(&mut self, constraint: Option<&ConstraintSpec>, at: impl Fn() -> String) {
        match constraint {
            Some(ConstraintSpec::Normal { sigma: width })
            | Some(ConstraintSpec::Poisson { tau: width })
            | Some(ConstraintSpec::Lognormal { kappa: width }) => self.list(width.as_slice(), at),
            Some(ConstraintSpec::None) | None => {}
        }
    }

    fn parameter(&mut self, spec: &ParameterSpec, at: impl Fn() -> String) {
        let list = OneOrMany::<f64>::as_slice;
        self.list(spec.init.as_ref().map_or(&[], list), || at() + "/init");
        self.list(spec.aux.as_ref().map_or(&[], list), || at() + "/aux");
        for pair in spec.bounds.as_ref().map_or(&[][..], OneOrMany::<Bounds>::as_slice) {
            self.list(pair, || at() + "/bounds");
        }
        self.constraint(spec.constraint.as_ref(), || at() + "/constraint");
    }
}
