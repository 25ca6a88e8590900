//! `zstat validate`: schema and meaning, all faults at once, then lint.

use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};
use zstat_core::diag::{Diagnostic, Severity};

use crate::args::{Format, GlobalArgs, ModelArgs};
use crate::failure::Failure;
use crate::input::SpecFaults;
use crate::output::{self, Page, Report};
use crate::session::Session;
use crate::{EXIT_BAD_INPUT, EXIT_DONE, render};

/// Options of `zstat validate`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zstat validate specs/quickstart.yaml --strict")]
pub struct ValidateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Warnings fail, too (exit code 2)
    #[arg(long)]
    strict: bool,
}

/// Checks a spec. Diagnostics go to standard error, the result to standard output.
pub fn run(args: &ValidateArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let opened = Instant::now();
    let found = match Session::open_with_training(&args.model) {
        Ok(session) => {
            session.finish(Vec::new())?;
            if global.format() == Format::Text && !global.quiet {
                session.spec.notes().iter().for_each(|note| render::note(note));
            }
            SpecFaults { diagnostics: session.lint(), documents: session.spec.into_documents() }
        }
        Err(Failure::Spec(faults)) => *faults,
        Err(other) => return Err(other),
    };
    let report = Validation::new(&found, args.strict, opened.elapsed().as_secs_f64());
    if global.format() == Format::Text {
        // Where warnings fail, quiet must not hide why.
        let shown = found
            .diagnostics
            .iter()
            .filter(|d| !global.quiet || args.strict || d.severity == Severity::Error);
        render::diagnostics(&found.documents, shown);
    }
    output::write(&report, global)?;
    Ok(if report.valid() { EXIT_DONE } else { EXIT_BAD_INPUT })
}

struct Validation {
    name: String,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// Do warnings fail?
    strict: bool,
    /// Opened file to the last check, in seconds.
    load_s: f64,
}

impl Validation {
    fn new(found: &SpecFaults, strict: bool, load_s: f64) -> Self {
        let of = |severity| found.diagnostics.iter().filter(|d| d.severity == severity).cloned().collect();
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        Self { name: found.name().to_owned(), errors, warnings, strict, load_s }
    }

    fn valid(&self) -> bool {
        self.errors.is_empty() && (!self.strict || self.warnings.is_empty())
    }
}

impl Report for Validation {
    fn command(&self) -> &'static str {
        "validate"
    }

    fn json(&self) -> Value {
        json!({
            "valid": self.valid(), "errors": self.errors, "warnings": self.warnings,
            "timing": { "load_s": self.load_s },
        })
    }

    fn text(&self, page: &mut Page) {
        let verdict = match (self.valid(), self.errors.is_empty()) {
            (true, _) => "valid",
            (false, false) => "not valid",
            (false, true) => "not valid, as warnings count (--strict)",
        };
        let counts = render::summary(&self.name, self.errors.len(), self.warnings.len());
        page.line(format!("{counts}: {verdict}"));
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["severity", "code", "file", "line", "column", "path", "message", "help"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for (severity, fault) in
            self.errors.iter().map(|f| ("error", f)).chain(self.warnings.iter().map(|f| ("warning", f)))
        {
            let help = fault.help.clone().unwrap_or_default();
            let place = [fault.file.clone(), fault.line.to_string(), fault.column.to_string()];
            let mut row = vec![severity.to_owned(), fault.code.id().to_owned()];
            row.extend(place);
            row.extend([fault.path.clone(), fault.message.clone(), help]);
            rows.push(row);
        }
        Some(rows)
    }
}
