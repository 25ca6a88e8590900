//! Settings of one parameter → pyhf's entry of a measurement.

use zstat_core::spec::{ConstraintSpec, ModifierKind, OneOrMany, ParameterSpec};

use super::types::Parameter;
use super::uses::Usage;
use crate::Loss;

/// The entry of one parameter; what pyhf has no word for goes to `losses`. `place` names the measurement.
pub(super) fn export_parameter(
    name: &str,
    settings: &ParameterSpec,
    usage: Option<&Usage<'_>>,
    place: &str,
    losses: &mut Vec<Loss>,
) -> Parameter {
    let mut export = Export { name, usage, place, losses };
    let components = usage.map_or(1, Usage::components);
    let mut parameter = Parameter {
        name: name.to_owned(),
        inits: settings.init.as_ref().map(|values| expand(values, components)),
        bounds: settings.bounds.as_ref().map(|values| expand(values, components)),
        fixed: settings.fixed.as_ref().and_then(|flags| export.fixed(flags)),
        ..Default::default()
    };
    if let Some(aux) = &settings.aux {
        export.aux(&mut parameter, expand(aux, components));
    }
    if let Some(constraint) = &settings.constraint {
        export.constraint(&mut parameter, constraint, components);
    }
    export.luminosity(&parameter);
    parameter
}

struct Export<'a> {
    name: &'a str,
    usage: Option<&'a Usage<'a>>,
    place: &'a str,
    losses: &'a mut Vec<Loss>,
}

impl Export<'_> {
    fn lose(&mut self, what: impl Into<String>, why: &str) {
        let place = format!("parameter `{}` in {}", self.name, self.place);
        self.losses.push(Loss::new(what, place, why));
    }

    fn fixed(&mut self, flags: &OneOrMany<bool>) -> Option<bool> {
        let (&first, rest) = flags.as_slice().split_first()?;
        if rest.iter().all(|&flag| flag == first) {
            return Some(first);
        }
        self.lose("the fixing of single bins", "pyhf fixes all components of a parameter or none");
        None
    }

    fn aux(&mut self, parameter: &mut Parameter, values: Vec<f64>) {
        match self.usage.map(|usage| usage.kind) {
            Some(ModifierKind::NormFactor | ModifierKind::ShapeFactor) => {
                self.lose("the auxiliary observation", "pyhf leaves a parameter of this type unconstrained");
            }
            _ => parameter.auxdata = Some(values),
        }
    }

    fn constraint(&mut self, parameter: &mut Parameter, constraint: &ConstraintSpec, components: usize) {
        use ConstraintSpec as C;
        use ModifierKind as K;
        match (self.usage.map(|usage| usage.kind), constraint) {
            (Some(K::NormFactor | K::ShapeFactor), C::None) => {}
            (Some(K::NormSys { .. } | K::HistoSys { .. }), C::Normal { sigma }) if is_unit(sigma) => {}
            (Some(K::Lumi | K::StatError { .. }) | None, C::Normal { sigma }) => {
                parameter.sigmas = Some(expand(sigma, components));
            }
            (Some(K::ShapeSys { .. }) | None, C::Poisson { tau }) => {
                let factors = expand(tau, components);
                // Alone, pyhf's `factors` leave the auxiliary data at their default.
                parameter.auxdata.get_or_insert_with(|| factors.clone());
                parameter.factors = Some(factors);
            }
            (kind, constraint) => {
                let what = format!("the {} constraint", word(constraint));
                let why = match kind {
                    Some(K::NormFactor | K::ShapeFactor) => "pyhf leaves a parameter of this type free",
                    Some(K::NormSys { .. } | K::HistoSys { .. }) => {
                        "pyhf constrains a parameter of this type by a Gaussian of width 1"
                    }
                    Some(K::Lumi | K::StatError { .. }) => {
                        "pyhf constrains a parameter of this type by a Gaussian"
                    }
                    Some(K::ShapeSys { .. }) => "pyhf constrains a parameter of this type by a Poisson term",
                    None => "no modifier uses the parameter",
                };
                self.lose(what, why);
            }
        }
    }

    /// pyhf has no defaults for a luminosity.
    fn luminosity(&mut self, parameter: &Parameter) {
        if !matches!(self.usage.map(|usage| usage.kind), Some(ModifierKind::Lumi)) {
            return;
        }
        let given = [
            ("inits", parameter.inits.is_some()),
            ("bounds", parameter.bounds.is_some()),
            ("auxdata", parameter.auxdata.is_some()),
            ("sigmas", parameter.sigmas.is_some()),
        ];
        let missing: Vec<_> = given.iter().filter(|(_, given)| !given).map(|(key, _)| *key).collect();
        if !missing.is_empty() {
            let what = format!("the default of {}", missing.join(", "));
            self.lose(what, "pyhf has none for a luminosity: set `init`, `bounds`, `aux` and `constraint`");
        }
    }
}

fn is_unit(sigma: &OneOrMany<f64>) -> bool {
    sigma.as_slice().iter().all(|&sigma| sigma == 1.0)
}

fn word(constraint: &ConstraintSpec) -> &'static str {
    match constraint {
        ConstraintSpec::None => "absent",
        ConstraintSpec::Normal { .. } => "Gaussian",
        ConstraintSpec::Poisson { .. } => "Poisson",
        ConstraintSpec::Lognormal { .. } => "log-normal",
    }
}

fn expand<T: Copy>(values: &OneOrMany<T>, components: usize) -> Vec<T> {
    match values {
        OneOrMany::One(value) => vec![*value; components.max(1)],
        OneOrMany::Many(values) => values.clone(),
    }
}
