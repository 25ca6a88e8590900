//! What all studies report beside their numbers: the spec, how it went, how long it took.

use anstyle::Style;
use serde_json::{Map, Value, json};

use crate::output::{BAD, Finite, GOOD, Page, styled};
use crate::prepared::Prepared;
use crate::session::SpecInfo;

/// How a study went.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// What a reader should know.
    pub warnings: &'a [String],
    /// Did all fits converge?
    pub converged: bool,
    /// Minimisations.
    pub fits: usize,
    /// Name of the stage in `timing`, and its seconds.
    pub stage: (&'static str, f64),
}

/// The head of a study's result.
pub struct Head {
    spec: SpecInfo,
    warnings: Vec<String>,
    converged: bool,
    fits: usize,
    load_s: f64,
    stage: (&'static str, f64),
}

impl Head {
    /// Remarks on the options come before those of the study.
    pub fn new(prepared: &Prepared, outcome: Outcome<'_>) -> Self {
        Self {
            spec: prepared.session.info(),
            warnings: prepared.warnings(outcome.warnings),
            converged: outcome.converged,
            fits: outcome.fits,
            load_s: prepared.session.load_s,
            stage: outcome.stage,
        }
    }

    /// Of a study without one model: the spec as it is to be called, and the seconds to read it.
    pub fn of_spec(spec: SpecInfo, load_s: f64, outcome: Outcome<'_>) -> Self {
        let Outcome { warnings, converged, fits, stage } = outcome;
        Self { spec, warnings: warnings.to_vec(), converged, fits, load_s, stage }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The document: version and spec, then the `parts`, then status and timing.
    pub fn document(&self, parts: impl IntoIterator<Item = Value>, finite: Finite) -> Value {
        let warnings: Vec<&String> = self.warnings.iter().chain(&finite.warnings).collect();
        let (stage, stage_s) = self.stage;
        let head = json!({ "zstat": env!("CARGO_PKG_VERSION"), "spec": self.spec });
        let tail = json!({
            "status": { "converged": self.converged, "fits": self.fits, "warnings": warnings },
            "timing": { "load_s": self.load_s, stage: stage_s },
        });
        joined(std::iter::once(head).chain(parts).chain([tail]))
    }

    /// The head of a page: the spec, what was done, how it went.
    pub fn page(&self, what: &str, page: &mut Page) {
        let words = if self.converged { ("converged", GOOD) } else { ("NOT CONVERGED", BAD) };
        self.page_with(what, words, page);
    }

    /// The same with a word of its own for how it went.
    pub fn page_with(&self, what: &str, (word, style): (&str, Style), page: &mut Page) {
        self.spec.head(page);
        match self.fits {
            0 => page.line(what),
            1 => page.line(format!("{what}: {} (1 fit)", styled(word, style))),
            fits => page.line(format!("{what}: {} ({fits} fits)", styled(word, style))),
        }
        self.warnings.iter().for_each(|warning| page.warning(warning));
    }
}

/// Objects as one, with the keys in the order of the parts.
pub fn joined(parts: impl IntoIterator<Item = Value>) -> Value {
    let mut all = Map::new();
    for part in parts {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    Value::Object(all)
}

/// The head of a test of hypotheses about one parameter.
pub struct TestHead {
    head: Head,
    /// The parameter that is tested.
    pub parameter: String,
    asimov: zstat_inference::Asimov,
    calculator: &'static str,
}

impl TestHead {
    /// Of a test with asymptotic formulas.
    pub fn new(prepared: &Prepared, asimov: zstat_inference::Asimov, outcome: Outcome<'_>) -> Self {
        let head = Head::new(prepared, outcome);
        Self { head, parameter: prepared.parameter().to_owned(), asimov, calculator: "asymptotic" }
    }

    /// Of a test with toys.
    pub fn of_toys(prepared: &Prepared, asimov: zstat_inference::Asimov, outcome: Outcome<'_>) -> Self {
        Self { calculator: "toys", ..Self::new(prepared, asimov, outcome) }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    /// The document of [`Head`], with what the test is about.
    pub fn document(&self, body: Value, finite: Finite) -> Value {
        let about = json!({ "poi": self.parameter, "calculator": self.calculator, "asimov": self.asimov });
        self.head.document([about, body], finite)
    }

    /// As [`Head::page`].
    pub fn page(&self, what: &str, page: &mut Page) {
        self.head.page(what, page);
    }
}
