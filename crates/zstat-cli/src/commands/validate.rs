//! `zstat validate`: schema and meaning, all faults at once, then lint.

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
    let found = match Session::open(&args.model) {
        Ok(session) => {
            session.finish(Vec::new())?;
            if global.format == Format::Text && !global.quiet {
                session.spec.notes().iter().for_each(|note| render::note(note));
            }
            SpecFaults { diagnostics: session.lint(), documents: session.spec.into_documents() }
        }
        Err(Failure::Spec(faults)) => *faults,
        Err(other) => return Err(other),
    };
    let report = Validation::new(&found);
    if global.format == Format::Text {
        let shown = found.diagnostics.iter().filter(|d| !global.quiet || d.severity == Severity::Error);
        render::diagnostics(&found.documents, shown);
    }
    output::write(&report, global)?;
    let bad = !report.errors.is_empty() || (args.strict && !report.warnings.is_empty());
    Ok(if bad { EXIT_BAD_INPUT } else { EXIT_DONE })
}

struct Validation {
    name: String,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Validation {
    fn new(found: &SpecFaults) -> Self {
        let of = |severity| found.diagnostics.iter().filter(|d| d.severity == severity).cloned().collect();
        Self { name: found.name().to_owned(), errors: of(Severity::Error), warnings: of(Severity::Warning) }
    }
}

impl Report for Validation {
    fn command(&self) -> &'static str {
        "validate"
    }

    fn json(&self) -> Value {
        json!({ "valid": self.errors.is_empty(), "errors": self.errors, "warnings": self.warnings })
    }

    fn text(&self, page: &mut Page) {
        let verdict = if self.errors.is_empty() { "valid" } else { "not valid" };
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
