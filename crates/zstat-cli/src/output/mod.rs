//! Results out: one file a format, one place that knows standard output, files and pipes.

mod csv;
mod file;
mod json;
pub mod npy;
pub mod number;
pub mod parquet;
pub mod table;
mod text;

use std::io::{ErrorKind, Write};
use std::path::Path;

use serde_json::Value;

use crate::args::{Format, GlobalArgs};
use crate::failure::Failure;

pub use csv::document as csv_document;
pub use file::{check_target, real_place, write_file, write_file_with, write_program};
pub use json::{Finite, document as json_document};
pub use text::{ATTENTION, BAD, BOLD, DIM, GOOD, Page, styled};

/// A result that every format can be made of.
pub trait Report {
    /// Name of the command, for messages.
    fn command(&self) -> &'static str;

    /// The JSON document of the contract.
    fn json(&self) -> Value;

    /// The page for people.
    fn text(&self, page: &mut Page);

    /// The one table of the result, header first; none where the result is not one table.
    fn csv(&self) -> Option<Vec<Vec<String>>> {
        None
    }
}

/// Writes a result in the format and to the place asked for.
///
/// # Errors
/// Where the format has no form for it or the destination cannot be written.
pub fn write(report: &dyn Report, args: &GlobalArgs) -> Result<(), Failure> {
    let text = match args.format() {
        Format::Json => json::document(&report.json()),
        Format::Csv => csv::document(&report.csv().ok_or(Failure::NoTable { command: report.command() })?),
        Format::Text => {
            let mut page = Page::default();
            report.text(&mut page);
            page.finish()
        }
    };
    // A table has no place for them.
    if args.format() == Format::Csv && !args.quiet {
        let json = report.json();
        let warnings = json["status"]["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
        write_warnings(warnings)?;
    }
    match &args.output {
        Some(path) => write_file(path, &anstream::adapter::strip_str(&text).to_string()),
        None => write_stdout(&text),
    }
}

/// Writes warnings about a result to standard error, a line each. A reader that went away is no failure.
fn write_warnings<'w>(warnings: impl Iterator<Item = &'w str>) -> Result<(), Failure> {
    let mut err = anstream::stderr().lock();
    for warning in warnings {
        match writeln!(err, "{}: {warning}", styled("warning", ATTENTION)) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                return Err(Failure::write(Path::new("<stderr>"), error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes to standard output, without colours where it is not a terminal. A reader that went away is no failure.
///
/// # Errors
/// Where it cannot be written.
pub fn write_stdout(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::write(Path::new("<stdout>"), error))
        }
        _ => Ok(()),
    }
}
