//! The result of `zstat evaluate`.

use indexmap::IndexMap;
use serde_json::{Value, json};
use zstat_core::likelihood::Evaluation;
use zstat_core::model::FormulaParameter;

use crate::output::number::{counts, events, exact, plain};
use crate::output::table::{Align, Cell, Table};
use crate::output::{DIM, Finite, Page, Report};
use crate::session::{Session, SpecInfo};

/// A quantity that follows from the parameters.
#[derive(Debug)]
struct FormulaValue {
    name: String,
    text: String,
    /// Not finite outside the formula's domain.
    value: f64,
}

/// The likelihood at one point.
#[derive(Debug)]
pub struct EvaluationReport {
    spec: SpecInfo,
    names: Vec<String>,
    theta: Vec<f64>,
    formulas: Vec<FormulaValue>,
    evaluation: Option<Evaluation>,
    expected: IndexMap<String, Vec<f64>>,
    load_s: f64,
    /// Seconds of the evaluation.
    pub evaluate_s: f64,
    /// What a reader should know; names the bin where the likelihood is not finite.
    pub warnings: Vec<String>,
}

impl EvaluationReport {
    /// From what the engine says of the point `theta`; the reason where the likelihood is not finite.
    pub fn new(session: &Session, theta: Vec<f64>, evaluation: Result<Evaluation, String>) -> Self {
        let mut warnings = Vec::new();
        let evaluation =
            evaluation.map_err(|reason| warnings.push(format!("twice_nll is null: {reason}"))).ok();
        let expected = session.expected(&theta);
        let channels = session.model.channels().iter();
        let expected = channels.map(|c| (c.name.clone(), expected[c.bins.clone()].to_vec())).collect();
        let formulas = session.model.formulas().iter().zip(session.formulas(&theta));
        let formula = |(f, value): (&FormulaParameter, f64)| FormulaValue {
            name: f.name.clone(),
            text: f.text().to_owned(),
            value,
        };
        Self {
            formulas: formulas.map(formula).collect(),
            spec: session.info(),
            names: session.model.parameters().iter().map(|p| p.name.clone()).collect(),
            theta,
            evaluation,
            expected,
            load_s: session.load_s,
            evaluate_s: 0.0,
            warnings,
        }
    }

    fn gradient(&self, index: usize) -> Option<f64> {
        self.evaluation.as_ref().map(|evaluation| evaluation.gradient[index])
    }
}

impl Report for EvaluationReport {
    fn command(&self) -> &'static str {
        "evaluate"
    }

    fn json(&self) -> Value {
        let mut finite = Finite { warnings: self.warnings.clone() };
        let mut number = |x: Option<f64>, what: &str| x.and_then(|x| finite.number(x, || what.to_owned()));
        let main = self.evaluation.as_ref().map(|e| e.twice_nll_main);
        let constraint = self.evaluation.as_ref().map(|e| e.twice_nll_constraint);
        let both = main.zip(constraint).map(|(main, constraint)| main + constraint);
        let (twice_nll, main, constraint) = (
            number(both, "twice_nll"),
            number(main, "twice_nll_main"),
            number(constraint, "twice_nll_constraint"),
        );
        let parameters: Vec<Value> = (self.names.iter().zip(&self.theta).enumerate())
            .map(|(index, (name, value))| {
                let gradient = number(self.gradient(index), &format!("the gradient in `{name}`"));
                json!({ "name": name, "value": value, "gradient": gradient })
            })
            .collect();
        for (channel, bins) in &self.expected {
            for (bin, nu) in bins.iter().enumerate() {
                number(Some(*nu), &format!("the expectation of bin {bin} in channel `{channel}`"));
            }
        }
        let formulas: Vec<Value> = (self.formulas.iter())
            .map(|f| {
                let value = number(Some(f.value), &format!("the formula `{}`", f.name));
                json!({ "name": f.name, "formula": f.text, "value": value })
            })
            .collect();
        let mut document = json!({
            "zstat": env!("CARGO_PKG_VERSION"),
            "spec": self.spec,
            "twice_nll": twice_nll,
            "twice_nll_main": main,
            "twice_nll_constraint": constraint,
            "expected": self.expected,
            "parameters": parameters,
        });
        if !formulas.is_empty() {
            document["formulas"] = Value::Array(formulas);
        }
        document["warnings"] = json!(finite.warnings);
        document["timing"] = json!({ "load_s": self.load_s, "evaluate_s": self.evaluate_s });
        document
    }

    fn text(&self, page: &mut Page) {
        self.spec.head(page);
        if let Some(e) = &self.evaluation {
            let (main, constraint) = (e.twice_nll_main, e.twice_nll_constraint);
            page.line(format!(
                "2 NLL = {:.6}: bins {main:.6}, constraints {constraint:.6}",
                main + constraint
            ));
        }
        for warning in &self.warnings {
            page.warning(warning);
        }
        page.heading("expected events");
        let mut table =
            Table::new(&[("channel", Align::Left), ("total", Align::Right), ("bins", Align::Left)]);
        for (channel, bins) in &self.expected {
            let list = bins.iter().map(|&x| events(x)).collect::<Vec<_>>().join("  ");
            table.row([channel.as_str().into(), counts(bins.iter().sum()).into(), list.into()]);
        }
        page.table(&table);
        page.heading("parameters");
        let mut table = Table::new(&[
            ("name", Align::Left),
            ("value", Align::Right),
            ("gradient of 2 NLL", Align::Right),
        ]);
        for (index, (name, value)) in self.names.iter().zip(&self.theta).enumerate() {
            let gradient = self.gradient(index).map(plain).unwrap_or_default();
            table.row([name.as_str().into(), plain(*value).into(), gradient.into()]);
        }
        page.table(&table);
        if self.formulas.is_empty() {
            return;
        }
        page.heading("formulas");
        let mut table =
            Table::new(&[("name", Align::Left), ("value", Align::Right), ("formula", Align::Left)]);
        for formula in &self.formulas {
            let name = formula.name.as_str();
            table.row([name.into(), plain(formula.value).into(), Cell::styled(&formula.text, DIM)]);
        }
        page.table(&table);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let mut rows = vec![["name", "value", "gradient"].map(str::to_owned).to_vec()];
        for (index, (name, value)) in self.names.iter().zip(&self.theta).enumerate() {
            let gradient = self.gradient(index).map(exact).unwrap_or_default();
            rows.push(vec![name.clone(), value.to_string(), gradient]);
        }
        for formula in &self.formulas {
            let value = exact(formula.value);
            rows.push(vec![formula.name.clone(), value, String::new()]);
        }
        Some(rows)
    }
}
