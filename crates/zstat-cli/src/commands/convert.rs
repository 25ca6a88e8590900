//! `zstat convert`: between file formats, with a report of what was lost.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::args::{GlobalArgs, ModelArgs};
use crate::failure::Failure;
use crate::input::Loaded;
use crate::output::{self, Page, Report};
use crate::{EXIT_DONE, render};

/// A file format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// zstat's analysis document, YAML.
    Yaml,
    /// pyhf's workspace, JSON.
    Pyhf,
}

/// Options of `zstat convert`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat convert workspace.json analysis.yaml\n  zstat convert bkgonly.json fit.yaml --patch patchset.json:signal_1\n  zstat convert specs/quickstart.yaml quickstart.json"
)]
pub struct ConvertArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// File to write; `-` is standard output
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Format of OUT; by default from its ending: `.yaml` and `.yml`, or `.json` for pyhf
    #[arg(long, value_enum)]
    to: Option<Target>,
}

/// Converts.
pub fn run(args: &ConvertArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let loaded = Loaded::open(&args.model)?;
    let (text, losses) = (serde_yaml::to_string(&loaded.analysis).unwrap_or_default(), Vec::<String>::new());
    if args.out.as_os_str() == "-" {
        output::write_stdout(&text)?;
        losses.iter().for_each(|loss| render::warning(loss));
        return Ok(EXIT_DONE);
    }
    output::write_file(&args.out, &text)?;
    let report = Conversion { from: loaded.name().to_owned(), to: args.out.display().to_string(), losses };
    output::write(&report, global)?;
    Ok(EXIT_DONE)
}

struct Conversion {
    from: String,
    to: String,
    losses: Vec<String>,
}

impl Report for Conversion {
    fn command(&self) -> &'static str {
        "convert"
    }

    fn json(&self) -> Value {
        json!({ "zstat": env!("CARGO_PKG_VERSION"), "from": self.from, "to": self.to, "losses": self.losses })
    }

    fn text(&self, page: &mut Page) {
        page.line(format!("{} -> {}: {} losses", self.from, self.to, self.losses.len()));
        for loss in &self.losses {
            page.warning(loss);
        }
    }
}
