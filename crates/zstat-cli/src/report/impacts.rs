//! The result of `zstat impacts`: JSON and CSV. The page for people is in `impacts_text`.

use serde_json::{Value, json};
use zstat_core::model::Model;
use zstat_inference::{Effect, GroupImpact, ImpactKind, Impacts, ParameterImpact};

use super::head::Head;
use super::impacts_text;
use crate::commands::Order;
use crate::output::number::exact;
use crate::output::{Finite, Page, Report};

/// A parameter's impact with what the model says of it.
pub struct Named {
    /// Name.
    pub name: String,
    /// Kind of its constraint.
    pub constraint: &'static str,
    /// Its impact.
    pub impact: ParameterImpact,
}

/// Impacts and what they were computed with.
pub struct ImpactsReport {
    pub(super) head: Head,
    /// Names of the parameters of interest.
    pub(super) pois: Vec<String>,
    /// In the model's order.
    pub(super) parameters: Vec<Named>,
    pub(super) found: Impacts,
    /// Parameters shown on the page.
    pub(super) top: usize,
    order: Order,
    /// Names of the members, by group.
    members: Vec<Vec<String>>,
}

/// What the numbers mean, in the words of the result.
pub struct Definitions {
    /// How the head of a page calls the kind.
    pub title: &'static str,
    /// Of an impact.
    pub impact: &'static str,
    /// Of a prefit impact.
    pub prefit: Option<&'static str>,
    /// Of a group's impact.
    pub group: &'static str,
    /// Of the statistical part.
    pub statistical: &'static str,
    /// Of the systematic part.
    pub systematic: &'static str,
}

const FREEZE: &str =
    "sqrt(total^2 - frozen^2), frozen: the uncertainty with the group held at its best values";
const HELD: &str = "the uncertainty with all constrained parameters held at their best values";

/// The definitions of a kind.
pub fn definitions(kind: ImpactKind) -> Definitions {
    match kind {
        ImpactKind::Refit => Definitions {
            title: "by refits",
            impact: "shift of the best value with the parameter held one uncertainty after the fit above (up) and below \
                     (down) its best value, all others fitted again",
            prefit: Some("the same with one width of the parameter's constraint"),
            group: FREEZE,
            statistical: HELD,
            systematic: "sqrt(total^2 - statistical^2)",
        },
        ImpactKind::GlobalObservables => Definitions {
            title: "by shifted auxiliary observations",
            impact: "shift of the best value with the parameter's auxiliary observation one width of its constraint \
                     higher (up) and lower (down), everything fitted again; members of a correlated constraint: an \
                     independent shift each",
            prefit: None,
            group: "quadratic sum of the members' impacts, each half the distance between up and down",
            statistical: "sqrt(total^2 - systematic^2): the fluctuations of the data in the bins",
            systematic: "quadratic sum of the impacts of all constrained parameters",
        },
        ImpactKind::Covariance => Definitions {
            title: "from the covariance",
            impact: "covariance with the parameter / the parameter's uncertainty after the fit, without another fit",
            prefit: Some("the same slope times the width of the parameter's constraint"),
            group: FREEZE,
            statistical: HELD,
            systematic: "sqrt(total^2 - statistical^2)",
        },
    }
}

impl ImpactsReport {
    /// From the engine's result.
    pub fn new(head: Head, model: &Model, found: Impacts, order: Order, top: usize) -> Self {
        let name = |i: usize| model.parameters()[i].name.clone();
        let named = |impact: &ParameterImpact| Named {
            name: name(impact.parameter),
            constraint: model.parameters()[impact.parameter].constraint.name(),
            impact: impact.clone(),
        };
        let of_group = |group: &GroupImpact| group.group.members.iter().map(|&i| name(i)).collect();
        Self {
            head,
            pois: found.pois.iter().map(|poi| name(poi.parameter)).collect(),
            parameters: found.parameters.iter().map(named).collect(),
            members: found.groups.iter().map(of_group).collect(),
            found,
            order,
            top,
        }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    /// The parameters in the order asked for, by their impact on the parameter of interest number `poi`.
    pub fn sorted(&self, poi: usize) -> Vec<&Named> {
        let mut sorted: Vec<&Named> = self.parameters.iter().collect();
        let pull = |named: &Named| named.impact.pull.map_or(f64::INFINITY, f64::abs);
        match self.order {
            Order::Impact => {
                sorted = self.found.ranked(poi).into_iter().map(|at| &self.parameters[at]).collect();
            }
            Order::Pull => sorted.sort_by(|a, b| pull(b).total_cmp(&pull(a))),
            Order::Model => {}
            Order::Name => sorted.sort_by(|a, b| a.name.cmp(&b.name)),
        }
        sorted
    }

    /// All about one parameter of interest.
    fn block(&self, at: usize, finite: &mut Finite) -> Value {
        let poi = &self.found.pois[at];
        let value = finite.number(poi.value, || format!("the best value of `{}`", self.pois[at]));
        let parameters: Vec<Value> =
            self.sorted(at).into_iter().map(|named| parameter(named, at, finite)).collect();
        let groups = self.found.groups.iter().zip(&self.members);
        let groups: Vec<Value> = groups
            .map(|(group, members)| {
                json!({ "name": group.group.name, "impact": group.impacts[at], "parameters": members })
            })
            .collect();
        json!({
            "poi": self.pois[at],
            "value": value,
            "total": poi.total,
            "statistical": poi.statistical,
            "systematic": poi.systematic,
            "statistical_held": poi.held,
            "groups": groups,
            "parameters": parameters,
        })
    }
}

fn parameter(named: &Named, at: usize, finite: &mut Finite) -> Value {
    let impact = &named.impact;
    let mut number = |x: Option<f64>, what: &str| {
        x.and_then(|x| finite.number(x, || format!("{what} of `{}`", named.name)))
    };
    let Effect { up, down, prefit_up, prefit_down } = impact.effects[at];
    json!({
        "name": named.name,
        "value": number(Some(impact.value), "the value"),
        "uncertainty": number(impact.uncertainty, "the uncertainty"),
        "pull": number(impact.pull, "the pull"),
        "pull_error": number(impact.pull_error, "the error of the pull"),
        "constraint": named.constraint,
        "impact_up": number(up, "the impact"),
        "impact_down": number(down, "the impact"),
        "impact_prefit_up": number(prefit_up, "the prefit impact"),
        "impact_prefit_down": number(prefit_down, "the prefit impact"),
        "at_bound": impact.at_bound,
        "converged": impact.converged,
        "notes": impact.notes,
    })
}

impl Report for ImpactsReport {
    fn command(&self) -> &'static str {
        "impacts"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let words = definitions(self.found.kind);
        let about = json!({
            "kind": self.found.kind,
            "definitions": {
                "impact": words.impact,
                "impact_prefit": words.prefit,
                "group": words.group,
                "statistical": words.statistical,
                "systematic": words.systematic,
                "statistical_held": HELD,
            },
        });
        let first = self.block(0, &mut finite);
        let mut parts = vec![about, first.clone()];
        if self.pois.len() > 1 {
            let others = (1..self.pois.len()).map(|at| self.block(at, &mut finite));
            let all: Vec<Value> = std::iter::once(first).chain(others).collect();
            parts.push(json!({ "pois": all }));
        }
        self.head.document(parts, finite)
    }

    fn text(&self, page: &mut Page) {
        impacts_text::page(self, page);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = [
            "poi",
            "name",
            "value",
            "uncertainty",
            "pull",
            "pull_error",
            "constraint",
            "impact_up",
            "impact_down",
            "impact_prefit_up",
            "impact_prefit_down",
        ];
        let number = |x: Option<f64>| x.map(exact).unwrap_or_default();
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for (at, poi) in self.pois.iter().enumerate() {
            rows.extend(self.sorted(at).into_iter().map(|named| {
                let (impact, effect) = (&named.impact, &named.impact.effects[at]);
                vec![
                    poi.clone(),
                    named.name.clone(),
                    number(Some(impact.value)),
                    number(impact.uncertainty),
                    number(impact.pull),
                    number(impact.pull_error),
                    named.constraint.to_owned(),
                    number(effect.up),
                    number(effect.down),
                    number(effect.prefit_up),
                    number(effect.prefit_down),
                ]
            }));
        }
        Some(rows)
    }
}
