//! The result of `zstat fit`: the JSON of the contract and the CSV table. The page for people is in `fit_text`.

use serde::Serialize;
use serde_json::{Value, json};
use zstat_core::fit::{FitResult, FormulaResult, ParameterResult};
use zstat_core::likelihood::Data;

use super::fit_text;
use crate::commands::Sort;
use crate::output::number::exact;
use crate::output::{Finite, Page, Report};
use crate::session::{Session, SpecInfo};
use crate::start::Start;

/// Wall-clock seconds of disjoint stages.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Timing {
    /// Opened file to built model.
    pub load_s: f64,
    /// Model to result, with the full covariance, without MINOS and output.
    pub fit_s: f64,
    /// MINOS intervals, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minos_s: Option<f64>,
}

/// What the page for people shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// Order of the parameters.
    pub sort: Sort,
    /// Correlations of at least this size are listed.
    pub correlations: f64,
    /// Yields bin by bin.
    pub bins: bool,
}

/// A channel's data and expectation.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelYields {
    /// Name.
    pub name: String,
    /// Left out of the likelihood?
    pub blinded: bool,
    /// Observed events a bin; none where blinded.
    pub observed: Option<Vec<f64>>,
    /// Expected events a bin at the start values.
    pub prefit: Vec<f64>,
    /// Expected events a bin at the minimum.
    pub postfit: Vec<f64>,
}

/// Column of the CSV table that says what holds a value: a kind of constraint, `formula` or `function`.
const CONSTRAINT: usize = 9;

/// A fit and what it was made with.
#[derive(Debug)]
pub struct FitReport {
    pub(super) spec: SpecInfo,
    pub(super) result: FitResult,
    /// Functions that were asked for.
    pub(super) functions: Vec<FormulaResult>,
    pub(super) channels: Vec<ChannelYields>,
    pub(super) shown: Shown,
    timing: Timing,
}

impl FitReport {
    /// From the engine's result, and `functions` of the parameters.
    pub fn new(
        session: &Session,
        data: &Data,
        start: &Start,
        mut result: FitResult,
        functions: Vec<FormulaResult>,
        timing: Timing,
        shown: Shown,
    ) -> Self {
        result.status.warnings.splice(0..0, start.warnings.iter().cloned());
        let best: Vec<f64> = result.parameters.iter().map(|p| p.value).collect();
        let (prefit, postfit) = (session.expected(&start.values), session.expected(&best));
        let channels = session.model.channels().iter().map(|channel| {
            let blinded = data.masked[channel.bins.clone()].iter().all(|&masked| masked);
            ChannelYields {
                name: channel.name.clone(),
                blinded,
                observed: (!blinded).then(|| data.main[channel.bins.clone()].to_vec()),
                prefit: prefit[channel.bins.clone()].to_vec(),
                postfit: postfit[channel.bins.clone()].to_vec(),
            }
        });
        Self { spec: session.info(), channels: channels.collect(), result, functions, shown, timing }
    }

    /// Did it converge?
    pub fn converged(&self) -> bool {
        self.result.status.converged
    }
}

impl Report for FitReport {
    fn command(&self) -> &'static str {
        "fit"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let parameters: Vec<Value> =
            self.result.parameters.iter().map(|p| parameter_json(p, &mut finite)).collect();
        let mut all = |found: &[FormulaResult]| -> Vec<Value> {
            found.iter().map(|f| formula_json(f, &mut finite)).collect()
        };
        let (formulas, functions) = (all(&self.result.formulas), all(&self.functions));
        let mut document = json!({ "zstat": env!("CARGO_PKG_VERSION"), "spec": self.spec });
        let status = &self.result.status;
        finite.number(status.edm, || "edm".to_owned());
        if let Some(matrix) = self.result.covariance.as_ref().map(|c| &c.matrix) {
            let bad = matrix.iter().flatten().filter(|x| !x.is_finite()).count();
            if bad > 0 {
                finite.warnings.push(format!("{bad} entries of the covariance are not finite: null in JSON"));
            }
        }
        if self.result.twice_nll.is_none() {
            finite.warnings.push("twice_nll is not finite: null in JSON".to_owned());
        }
        document["status"] = json!(status);
        if let Some(Value::Array(warnings)) = document["status"].get_mut("warnings") {
            warnings.extend(finite.warnings.into_iter().map(Value::from));
        }
        document["twice_nll"] = json!(self.result.twice_nll);
        document["poi"] = json!(self.result.poi);
        document["parameters"] = Value::Array(parameters);
        if !formulas.is_empty() {
            document["formulas"] = Value::Array(formulas);
        }
        if !functions.is_empty() {
            document["functions"] = Value::Array(functions);
        }
        document["covariance"] = json!(self.result.covariance);
        if !self.result.minima.is_empty() {
            document["minima"] = json!(self.result.minima);
        }
        document["channels"] = json!(self.channels);
        document["timing"] = json!(self.timing);
        document
    }

    fn text(&self, page: &mut Page) {
        fit_text::page(self, page);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = [
            "name",
            "value",
            "uncertainty",
            "minos_down",
            "minos_up",
            "init",
            "lower",
            "upper",
            "fixed",
            "constraint",
            "pull",
            "at_bound",
        ];
        let number = |x: Option<f64>| x.map(exact).unwrap_or_default();
        let rows = self.result.parameters.iter().map(|p| {
            vec![
                p.name.clone(),
                number(Some(p.value)),
                number(p.uncertainty),
                number(p.minos.and_then(|m| m.down)),
                number(p.minos.and_then(|m| m.up)),
                number(Some(p.init)),
                number(Some(p.bounds[0])),
                number(Some(p.bounds[1])),
                p.fixed.to_string(),
                p.constraint.to_owned(),
                number(p.pull),
                p.at_bound.to_string(),
            ]
        });
        // A formula is no parameter: start value, bounds and the rest have no meaning for it.
        let kinds = [("formula", &self.result.formulas), ("function", &self.functions)];
        let formulas = kinds.into_iter().flat_map(|(kind, all)| all.iter().map(move |f| (kind, f)));
        let formulas = formulas.map(|(kind, f)| {
            let mut row = vec![f.name.clone(), number(Some(f.value)), number(f.uncertainty)];
            row.resize(header.len(), String::new());
            row[CONSTRAINT] = kind.to_owned();
            row
        });
        let head = std::iter::once(header.map(str::to_owned).to_vec());
        Some(head.chain(rows).chain(formulas).collect())
    }
}

/// What follows from the parameters; numbers that are not finite are `null` and explained.
fn formula_json(f: &FormulaResult, finite: &mut Finite) -> Value {
    let mut number = |x: f64, what: &str| finite.number(x, || format!("{what} of `{}`", f.name));
    let value = number(f.value, "the value");
    let uncertainty = f.uncertainty.and_then(|x| number(x, "the uncertainty"));
    json!({ "name": f.name, "formula": f.formula, "value": value, "uncertainty": uncertainty })
}

/// One parameter; numbers that are not finite are `null` and explained.
fn parameter_json(p: &ParameterResult, finite: &mut Finite) -> Value {
    let mut number = |x: f64, what: &str| finite.number(x, || format!("{what} of `{}`", p.name));
    let value = number(p.value, "the value");
    let bounds = [number(p.bounds[0], "the lower bound"), number(p.bounds[1], "the upper bound")];
    let uncertainty = p.uncertainty.and_then(|x| number(x, "the uncertainty"));
    let pull = p.pull.and_then(|x| number(x, "the pull"));
    let ratio = p.constraint_ratio.and_then(|x| number(x, "the constraint ratio"));
    let mut out = json!({ "name": p.name, "value": value, "uncertainty": uncertainty });
    if let Some(minos) = p.minos {
        let (down, up) =
            (minos.down.and_then(|x| number(x, "minos")), minos.up.and_then(|x| number(x, "minos")));
        out["minos"] = json!({ "down": down, "up": up });
    }
    let rest = json!({
        "init": p.init, "bounds": bounds, "fixed": p.fixed, "constraint": p.constraint,
        "pull": pull, "constraint_ratio": ratio, "at_bound": p.at_bound,
    });
    if let (Some(out), Value::Object(rest)) = (out.as_object_mut(), rest) {
        out.extend(rest);
    }
    out
}
