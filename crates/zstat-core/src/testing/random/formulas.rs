//! Random formula parameters: a factor or an α that follows from others, and from a parameter of the formula's own.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::settings::Names;
use crate::spec::{ConstraintSpec, OneOrMany, ParameterSpec, Workspace};

/// Which parameter becomes a formula, and which formula.
#[derive(Debug, Clone)]
pub(super) struct FormulaPlan {
    which: usize,
    kind: usize,
    constrained: bool,
    of_alpha: bool,
}

pub(super) fn plan() -> impl Strategy<Value = FormulaPlan> {
    (0..6_usize, 0..6_usize, any::<bool>(), any::<bool>())
        .prop_map(|(which, kind, constrained, of_alpha)| FormulaPlan { which, kind, constrained, of_alpha })
}

impl FormulaPlan {
    /// Writes the settings; nothing if no parameter can become a formula.
    pub fn apply(
        &self,
        names: &Names,
        workspace: &Workspace,
        parameters: &mut BTreeMap<String, ParameterSpec>,
    ) {
        let usable = |name: &&String| {
            let modifiers = workspace.channels.iter().flat_map(|c| &c.samples).flat_map(|s| &s.modifiers);
            let shorthand = modifiers.filter(|m| m.name == **name).any(|m| m.constraint.is_some());
            !shorthand && !workspace.constraints.iter().any(|block| block.names(name))
        };
        let class = if self.of_alpha { &names.alphas } else { &names.factors };
        let class: Vec<&String> = class.iter().filter(usable).collect();
        let Some(&target) = class.get(self.which % class.len().max(1)) else { return };
        let other = names.factors.iter().find(|name| *name != target).map_or("kappa", String::as_str);
        let alpha = names.alphas.iter().find(|name| *name != target).map_or("kappa", String::as_str);
        let gamma = match names.gammas.first() {
            Some((name, _)) => format!("{name}[0]"),
            None => "kappa".to_owned(),
        };
        let text = match (self.of_alpha, self.kind) {
            (true, _) => format!("0.6 * (kappa - 1) - 0.8 * {alpha}"),
            (_, 0) => "kappa ^ 2".to_owned(),
            (_, 1) => format!("{other} * kappa"),
            (_, 2) => format!("0.25 + exp({alpha} / 4) * sqrt(kappa)"),
            (_, 3) => format!("2 * kappa / (1 + {gamma}^2)"),
            (_, 4) => format!("1 + helper * {alpha} / 8"),
            _ => format!("(0.5 + kappa)^({alpha} / 8) - ({other} - 1) / 8"),
        };
        if self.kind == 4 && !self.of_alpha {
            parameters.insert("helper".to_owned(), formula("log(1 + kappa^2) - -0.5"));
        }
        parameters.insert(target.clone(), formula(&text));
        let constraint = self.constrained.then_some(ConstraintSpec::Normal { sigma: OneOrMany::One(0.25) });
        let kappa = ParameterSpec {
            init: Some(OneOrMany::One(1.25)),
            bounds: Some(OneOrMany::One([0.25, 4.0])),
            constraint,
            ..ParameterSpec::default()
        };
        parameters.insert("kappa".to_owned(), kappa);
    }
}

fn formula(text: &str) -> ParameterSpec {
    ParameterSpec { formula: Some(text.to_owned()), ..ParameterSpec::default() }
}
