//! Options of every command: format, destination, colour, quietness, threads.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::jobs::Merged;

/// How a result is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// One table, comma-separated, with a header line.
    Csv,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes this the choice of all streams of the process.
    pub fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::AlwaysAnsi,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// Options that every command has.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output options")]
pub struct GlobalArgs {
    /// How the result is written
    /// [default: by the ending of --output, `.json` or `.csv`; else text]
    #[arg(long, global = true, value_enum, value_name = "FORMAT", hide_possible_values = false)]
    format: Option<Format>,
    /// Write the result there, whole or not at all, instead of to standard output: a file, with `train`, `toys` and
    /// `schema` a folder, with `apply` the table of scored events; `-` is standard output
    #[arg(long, short, global = true, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Print nothing on standard error but errors; warnings about a result stay on its page
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
    /// Number of threads; by default all processors. Results never depend on it
    #[arg(long, global = true, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<NonZeroUsize>,
    /// Parts of a long job that are put together by running its command on their records.
    #[arg(skip)]
    pub merged: Option<Merged>,
}

impl GlobalArgs {
    /// The same for a result that goes to standard output, whatever --output names.
    pub fn to_stdout(&self) -> Self {
        Self { output: None, ..self.clone() }
    }

    /// The format asked for, else that of the file's ending.
    pub fn format(&self) -> Format {
        let ending = self.output.as_ref().and_then(|path| path.extension());
        let ending = ending.map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        self.format.unwrap_or(match ending.as_deref() {
            Some("json") => Format::Json,
            Some("csv") => Format::Csv,
            _ => Format::Text,
        })
    }
}

/// Threads beyond any use: hardly a machine has as many processors, and not every one has room for more.
const MOST_THREADS: usize = 1024;

/// A number of threads.
fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse::<NonZeroUsize>().ok().filter(|count| count.get() <= MOST_THREADS);
    number.ok_or_else(|| format!("expected a whole number from 1 to {MOST_THREADS}"))
}

/// How many of something: one at least.
pub fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a whole number, 1 or more".to_owned())
}

/// A number; whether it makes sense is told with all other options.
pub fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "expected a number".to_owned())
}

/// A seed.
pub fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

/// The size of a correlation.
pub fn correlation(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|size| (0.0..=1.0).contains(size));
    value.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}
