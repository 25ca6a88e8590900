//! Where an uncertainty comes from: the statistical part, and groups of parameters.

use zstat_core::fit::{Problem, uncertainties};
use zstat_core::model::Constraint;

use super::reference::Reference;
use super::{GroupImpact, ImpactKind, ParameterImpact, PoiBreakdown, nuisances};
use crate::Inputs;
use crate::scan::constrained_too;

/// Variances may differ by this part of the larger from rounding alone.
const ROUNDING: f64 = 1e-9;

/// Parameters that are looked at together.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpactGroup {
    /// Name.
    pub name: String,
    /// Indices of the parameters, ascending.
    pub members: Vec<usize>,
}

/// All parameters that have an impact, grouped by the kinds of modifiers they drive: `lumi`, `histosys+normsys`; `formula`
/// for those that only formulas use. By name.
pub fn groups_by_kind(inputs: &Inputs<'_>, pois: &[usize]) -> Vec<ImpactGroup> {
    let mut groups: Vec<ImpactGroup> = Vec::new();
    for i in nuisances(inputs, pois) {
        let kinds = &inputs.model.sets()[inputs.model.parameters()[i].set].kinds;
        let name = if kinds.is_empty() { "formula".to_owned() } else { kinds.join("+") };
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.members.push(i),
            None => groups.push(ImpactGroup { name, members: vec![i] }),
        }
    }
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups
}

impl Reference<'_> {
    /// The parts of the uncertainties of the parameters of interest.
    pub(super) fn breakdown(&self, parameters: &[ParameterImpact]) -> Vec<PoiBreakdown> {
        let held = self.with_fixed(constrained_too(&self.inputs));
        let one = |(at, &parameter): (usize, &usize)| {
            let total = self.sigma(parameter);
            let held = held[at];
            let (statistical, systematic) = if self.kind == ImpactKind::GlobalObservables {
                let systematic = self.quadrature(parameters, at);
                (subtract(total, systematic), systematic)
            } else {
                // No part of what is not determined.
                (total.and(held), subtract(total, held))
            };
            let value = self.theta[parameter];
            PoiBreakdown { parameter, value, total, statistical, systematic, held }
        };
        self.pois.iter().enumerate().map(one).collect()
    }

    /// The impacts of groups.
    pub(super) fn groups(&self, groups: &[ImpactGroup], parameters: &[ParameterImpact]) -> Vec<GroupImpact> {
        let free = nuisances(&self.inputs, &self.pois);
        let one = |group: &ImpactGroup| {
            let members: Vec<usize> = group.members.iter().copied().filter(|i| free.contains(i)).collect();
            let impacts = if self.kind == ImpactKind::GlobalObservables {
                let of_group: Vec<ParameterImpact> =
                    parameters.iter().filter(|p| members.contains(&p.parameter)).cloned().collect();
                (0..self.pois.len()).map(|at| self.quadrature(&of_group, at)).collect()
            } else {
                let mut fixed = self.inputs.fixed.to_vec();
                members.iter().for_each(|&i| fixed[i] = true);
                let frozen = self.with_fixed(fixed);
                let parts = self.pois.iter().zip(frozen);
                parts.map(|(&poi, frozen)| subtract(self.sigma(poi), frozen)).collect()
            };
            GroupImpact { group: ImpactGroup { name: group.name.clone(), members }, impacts }
        };
        groups.iter().map(one).collect()
    }

    /// The quadratic sum of the impacts of constrained parameters; none where one is missing.
    fn quadrature(&self, parameters: &[ParameterImpact], at: usize) -> Option<f64> {
        let is_constrained =
            |p: &&ParameterImpact| self.inputs.model.parameters()[p.parameter].constraint != Constraint::None;
        let mut sum = 0.0;
        for parameter in parameters.iter().filter(is_constrained) {
            sum += parameter.effects[at].half()?.powi(2);
        }
        Some(sum.sqrt())
    }

    /// The uncertainties of the parameters of interest with others kept at their best values: the minimum stays where it is.
    fn with_fixed(&self, fixed: Vec<bool>) -> Vec<Option<f64>> {
        let bounds: Vec<[f64; 2]> = self.rows.iter().map(|row| row.bounds).collect();
        let at_bound: Vec<usize> = (0..fixed.len()).filter(|&i| self.rows[i].at_bound && !fixed[i]).collect();
        let problem = Problem::new(&self.theta, &bounds, &fixed);
        let mut nll = self.inputs.nll();
        nll.hold(&fixed);
        let found = uncertainties(&mut nll, &self.theta, &problem, &at_bound);
        let sigma = |&poi: &usize| found.as_ref()?.sigma(poi).filter(|sigma| sigma.is_finite());
        self.pois.iter().map(sigma).collect()
    }
}

/// √(total² − part²); none where one is missing, or the part is larger than the total by more than rounding.
fn subtract(total: Option<f64>, part: Option<f64>) -> Option<f64> {
    let (total, part) = (total?, part?);
    let rest = total * total - part * part;
    (rest >= -ROUNDING * total * total).then(|| rest.max(0.0).sqrt())
}
