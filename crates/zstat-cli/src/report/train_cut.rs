//! What a cut on the score of a training gives: chosen by validation events, told of others.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use zstat_train::train::{CutRow, Cuts, Quantity};

use super::train::{Number, SeedResult, band};
use crate::output::Page;
use crate::output::number::{plain, with_uncertainty};
use crate::output::table::{Align, Table};

/// The best cuts of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CutResult {
    /// Which side of the threshold is kept: `above` or `below`.
    pub keep: String,
    /// The least effective number of validation events that the background of a cut is known by.
    pub min_effective: f64,
    /// Without a cut.
    pub no_cut: CutAt,
    /// Where s/√(s + b) is largest by the validation events; none where no cut has enough of them.
    pub s_over_sqrt_s_plus_b: Option<CutAt>,
    /// Where the closed form of the significance is.
    pub z_asimov: Option<CutAt>,
}

/// One cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CutAt {
    /// The threshold; none where everything is kept.
    pub threshold: Option<f64>,
    /// By the validation events: too good, since the cut was chosen by them.
    pub validation: CutNumbers,
    /// By the events of the evaluation.
    pub evaluation: CutNumbers,
}

/// What a cut keeps, and what that is worth. None where a number is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CutNumbers {
    /// The part of the signal that is kept.
    pub efficiency: Option<f64>,
    /// The part of each process.
    pub efficiencies: IndexMap<String, Option<f64>>,
    /// Signal events.
    pub s: Option<Number>,
    /// Background events.
    pub b: Option<Number>,
    /// Effective number of simulated background events.
    pub effective: Option<f64>,
    /// s/√b.
    pub s_over_sqrt_b: Option<Number>,
    /// s/√(s + b).
    pub s_over_sqrt_s_plus_b: Option<Number>,
    /// The closed form.
    pub z_asimov: Option<Number>,
}

impl CutResult {
    /// The best of all cuts.
    pub fn new(cuts: &Cuts) -> Self {
        let best = |quantity: Quantity| cuts.best(quantity).map(|at| CutAt::new(cuts, at));
        Self {
            keep: if cuts.above { "above" } else { "below" }.to_owned(),
            min_effective: cuts.min_effective,
            no_cut: CutAt::new(cuts, 0),
            s_over_sqrt_s_plus_b: best(CutRow::s_over_sqrt_s_plus_b),
            z_asimov: best(CutRow::z_asimov),
        }
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

impl CutAt {
    fn new(cuts: &Cuts, at: usize) -> Self {
        let numbers = |row: &CutRow| {
            let number = |[value, error]: [f64; 2]| {
                finite(value).map(|value| Number { value, mc_error: finite(error) })
            };
            let names = cuts.processes.iter().map(|(name, _)| name.clone());
            CutNumbers {
                efficiency: finite(row.efficiency),
                efficiencies: names.zip(row.efficiencies.iter().map(|part| finite(*part))).collect(),
                s: number(row.s),
                b: number(row.b),
                effective: finite(row.effective),
                s_over_sqrt_b: number(row.s_over_sqrt_b()),
                s_over_sqrt_s_plus_b: number(row.s_over_sqrt_s_plus_b()),
                z_asimov: number(row.z_asimov()),
            }
        };
        Self {
            threshold: finite(cuts.validation[at].threshold),
            validation: numbers(&cuts.validation[at]),
            evaluation: numbers(&cuts.evaluation[at]),
        }
    }
}

/// The cuts of all seeds, by the events of the evaluation; nothing where there are none.
pub fn page(results: &[SeedResult], page: &mut Page) {
    let cuts: Vec<&CutResult> = results.iter().filter_map(|result| result.cut.as_ref()).collect();
    let Some(first) = cuts.first() else { return };
    page.heading("one cut on the score, chosen on the validation events");
    let processes: Vec<&String> = first.no_cut.evaluation.efficiencies.keys().collect();
    let parts: Vec<String> = processes.iter().map(|name| format!("part of {name}")).collect();
    let mut columns = vec![("best", Align::Left), ("keeps", Align::Right)];
    columns.extend(parts.iter().map(|part| (part.as_str(), Align::Right)));
    let rest = ["s", "b", "effective MC of b", "s/√(s + b)", "z_asimov"];
    columns.extend(rest.map(|name| (name, Align::Right)));
    let mut table = Table::new(&columns);
    type Of = fn(&SeedResult) -> Option<&CutAt>;
    let kinds: [(&str, Of); 5] = [
        ("no cut", |result| Some(&result.cut.as_ref()?.no_cut)),
        ("s/√(s + b)", |result| result.cut.as_ref()?.s_over_sqrt_s_plus_b.as_ref()),
        ("z_asimov", |result| result.cut.as_ref()?.z_asimov.as_ref()),
        ("s/√(s + b), exact", |result| result.best_cut.as_ref()?.s_over_sqrt_s_plus_b.as_ref()),
        ("z_asimov, exact", |result| result.best_cut.as_ref()?.z_asimov.as_ref()),
    ];
    for (name, of) in kinds {
        let at: Vec<&CutAt> = results.iter().filter_map(of).collect();
        if at.is_empty() && name.ends_with("exact") {
            continue;
        }
        if at.is_empty() {
            page.note(&format!(
                "no best {name}: every cut leaves the background less than {} effective validation events",
                plain(first.min_effective)
            ));
            continue;
        }
        let number = |of: fn(&CutNumbers) -> Option<Number>| {
            cell(&at.iter().filter_map(|at| of(&at.evaluation)).collect::<Vec<_>>())
        };
        let only = |value: Option<f64>| value.map(|value| Number { value, mc_error: None });
        let keeps = at.iter().filter_map(|at| only(at.threshold)).collect::<Vec<_>>();
        let sign = if first.keep == "above" { "≥" } else { "≤" };
        let keeps = if keeps.is_empty() { "all".to_owned() } else { format!("{sign} {}", cell(&keeps)) };
        let mut row = vec![name.into(), keeps.into()];
        for process in &processes {
            let parts = at.iter().filter_map(|at| only(at.evaluation.efficiencies.get(*process).copied()?));
            row.push(cell(&parts.collect::<Vec<_>>()).into());
        }
        let effective = at.iter().filter_map(|at| only(at.evaluation.effective)).collect::<Vec<_>>();
        row.extend([number(|n| n.s), number(|n| n.b), cell(&effective)].map(Into::into));
        row.extend([number(|n| n.s_over_sqrt_s_plus_b), number(|n| n.z_asimov)].map(Into::into));
        table.row(row);
    }
    page.table(&table);
    if results.iter().any(|result| result.best_cut.is_some()) {
        page.note("exact: cuts on the logarithm of the ratio of signal's and background's densities, which no cut beats");
    }
}

/// One number with its error; of several the median and the middle 68 %.
fn cell(numbers: &[Number]) -> String {
    match numbers {
        [] => "n/a".to_owned(),
        [Number { value, mc_error: Some(error) }] => with_uncertainty(*value, *error),
        [Number { value, .. }] => plain(*value),
        _ => {
            let [median, low, high] = band(numbers.iter().map(|number| number.value).collect());
            format!("{} [{}, {}]", plain(median), plain(low), plain(high))
        }
    }
}
