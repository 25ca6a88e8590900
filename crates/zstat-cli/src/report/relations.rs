//! What ties parameters together, for `zstat inspect`: formulas, and constraints over several parameters.

use serde::Serialize;
use serde_json::{Value, json};
use zstat_core::formula::Formula;
use zstat_core::model::{Constraint, FormulaParameter};
use zstat_core::spec::CorrelatedConstraint;

use crate::output::number::{fixed, plain};
use crate::output::table::{Align, Cell, Table};
use crate::output::{DIM, Finite, Page};
use crate::session::Session;

/// At most so many things that a formula drives are named in a row of the page.
const NAMED: usize = 2;

/// A formula and what hangs on it.
#[derive(Debug)]
pub(super) struct FormulaView {
    name: String,
    text: String,
    /// At the start values; not finite outside the formula's domain.
    value: f64,
    /// The parameters that it depends on in the end.
    parameters: Vec<String>,
    drives: Vec<Driven>,
    /// The formulas that name it.
    used_by: Vec<String>,
}

/// A modifier whose parameter is a formula.
#[derive(Debug, Serialize)]
struct Driven {
    channel: String,
    sample: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A Gaussian constraint over several parameters.
#[derive(Debug, Serialize)]
pub(super) struct BlockView {
    parameters: Vec<String>,
    /// Auxiliary observations, in units of the parameters.
    aux: Vec<f64>,
    /// Widths, in units of the parameters.
    sigma: Vec<f64>,
    correlation: Vec<Vec<f64>>,
}

impl FormulaView {
    pub(super) fn json(&self, finite: &mut Finite) -> Value {
        let value = finite.number(self.value, || format!("the formula `{}` at the start values", self.name));
        json!({
            "name": self.name, "formula": self.text, "value": value,
            "parameters": self.parameters, "modifiers": self.drives, "used_by": self.used_by,
        })
    }

    /// "SR/signal (normfactor), ratio (formula), …"; says so where nothing is driven.
    fn driven(&self) -> String {
        let modifiers =
            self.drives.iter().map(|one| format!("{}/{} ({})", one.channel, one.sample, one.kind));
        let formulas = self.used_by.iter().map(|name| format!("{name} (formula)"));
        let all: Vec<String> = modifiers.chain(formulas).collect();
        match all.len() {
            0 => "nothing".to_owned(),
            n if n > NAMED => format!("{}, … {n} in all", all[..NAMED].join(", ")),
            _ => all.join(", "),
        }
    }
}

/// The formulas of the model, in its order.
pub(super) fn formulas(session: &Session) -> Vec<FormulaView> {
    let model = &session.model;
    let values = session.formulas(&model.init());
    let uses: Vec<(&str, Vec<String>)> = (model.formulas().iter())
        .filter_map(|f| Some((f.name.as_str(), Formula::parse(f.text()).ok()?.names().to_vec())))
        .collect();
    let view = |(formula, value): (&FormulaParameter, f64)| FormulaView {
        name: formula.name.clone(),
        text: formula.text().to_owned(),
        value,
        parameters: formula.roots().iter().map(|&root| model.parameters()[root].name.clone()).collect(),
        drives: driven_by(session, &formula.name),
        used_by: uses
            .iter()
            .filter(|(_, used)| used.contains(&formula.name))
            .map(|(name, _)| (*name).to_owned())
            .collect(),
    };
    model.formulas().iter().zip(values).map(view).collect()
}

fn driven_by(session: &Session, name: &str) -> Vec<Driven> {
    let mut out = Vec::new();
    for channel in &session.spec.analysis().workspace.channels {
        for sample in &channel.samples {
            for modifier in sample.modifiers.iter().filter(|modifier| modifier.name == name) {
                out.push(Driven {
                    channel: channel.name.clone(),
                    sample: sample.name.clone(),
                    kind: modifier.kind.name(),
                });
            }
        }
    }
    out
}

/// The correlated constraints, in the spec's order.
pub(super) fn blocks(session: &Session) -> Vec<BlockView> {
    let model = &session.model;
    let view = |block: &CorrelatedConstraint| {
        let members = block.parameters.iter().filter_map(|name| model.find(name));
        let members: Vec<_> = members.map(|index| &model.parameters()[index.0]).collect();
        let widths = members.iter().map(|member| match member.constraint {
            Constraint::Correlated { sigma, .. } => sigma,
            _ => f64::NAN,
        });
        let sigma: Vec<f64> = widths.collect();
        // As the model has it: the mean of both halves of a rounded table.
        let entry = |i: usize, j: usize| match (&block.covariance, &block.correlation) {
            _ if i == j => 1.0,
            (Some(v), _) => 0.5 * (v[i][j] + v[j][i]) / (sigma[i] * sigma[j]),
            (None, Some(rho)) => 0.5 * (rho[i][j] + rho[j][i]),
            (None, None) => f64::NAN,
        };
        let n = members.len();
        BlockView {
            parameters: members.iter().map(|member| member.name.clone()).collect(),
            aux: members.iter().map(|member| member.constraint.aux()).collect(),
            correlation: (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect(),
            sigma,
        }
    };
    session.spec.analysis().workspace.constraints.iter().map(view).collect()
}

/// Both, where there are any.
pub(super) fn page(formulas: &[FormulaView], blocks: &[BlockView], page: &mut Page) {
    if !formulas.is_empty() {
        page.heading("formulas");
        page.table(&formula_table(formulas));
    }
    for block in blocks {
        page.heading("correlated constraint");
        page.table(&block_table(block));
    }
}

fn formula_table(formulas: &[FormulaView]) -> Table {
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("at init", Align::Right),
        ("formula", Align::Left),
        ("of", Align::Left),
        ("drives", Align::Left),
    ]);
    for view in formulas {
        let driven = view.driven();
        table.row([
            view.name.as_str().into(),
            plain(view.value).into(),
            view.text.as_str().into(),
            view.parameters.join(", ").into(),
            if view.drives.is_empty() && view.used_by.is_empty() {
                Cell::styled(driven, DIM)
            } else {
                driven.into()
            },
        ]);
    }
    table
}

/// The lower half of the correlation matrix.
fn block_table(block: &BlockView) -> Table {
    let mut columns = vec![("name", Align::Left), ("at", Align::Right), ("sigma", Align::Right)];
    columns.extend(block.parameters.iter().map(|name| (name.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for (i, name) in block.parameters.iter().enumerate() {
        let mut row: Vec<Cell> =
            vec![name.as_str().into(), plain(block.aux[i]).into(), plain(block.sigma[i]).into()];
        row.extend(block.correlation[i][..=i].iter().map(|&rho| Cell::from(fixed(rho, 3))));
        row.resize_with(columns.len(), || "".into());
        table.row(row);
    }
    table
}
