//! `zstat convert`: between file formats, with a report of what was lost.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use zstat_core::spec::Analysis;
use zstat_formats::{Loss, native, pyhf};

use crate::args::{GlobalArgs, SpecArgs};
use crate::failure::{Failure, OptionFault};
use crate::input::Loaded;
use crate::output::{self, Page, Report};
use crate::{EXIT_DONE, render};

/// A file format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// zstat's analysis document, YAML
    Yaml,
    /// pyhf's workspace, JSON
    Pyhf,
}

/// Options of `zstat convert`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat convert workspace.json analysis.yaml\n  zstat convert bkgonly.json fit.yaml --patch patchset.json:signal_1\n  zstat convert specs/quickstart.yaml quickstart.json"
)]
pub struct ConvertArgs {
    #[command(flatten)]
    spec: SpecArgs,
    /// File to write; `-` is standard output
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Format of OUT; by default from its ending: `.yaml` and `.yml`, or `.json` for pyhf
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Option<Target>,
}

/// Converts. What was lost is in the report, or in warnings where OUT is standard output.
pub fn run(args: &ConvertArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let target = args.to.map_or_else(|| target_of(&args.out), Ok)?;
    let loaded = Loaded::open(&args.spec)?;
    let (text, losses) = written(&loaded.analysis, target, &args.out)?;
    if args.out.as_os_str() == "-" {
        output::write_stdout(&text)?;
        if !global.quiet {
            losses.iter().for_each(|loss| render::warning(&format!("lost: {loss}")));
        }
        return Ok(EXIT_DONE);
    }
    output::write_file(&args.out, &text)?;
    let report = Conversion { from: loaded.name().to_owned(), to: args.out.display().to_string(), losses };
    output::write(&report, global)?;
    Ok(EXIT_DONE)
}

/// The format that a file's ending stands for.
fn target_of(out: &Path) -> Result<Target, Failure> {
    match out.extension().and_then(|ending| ending.to_str()) {
        Some("yaml" | "yml") => Ok(Target::Yaml),
        Some("json") => Ok(Target::Pyhf),
        _ => {
            let fault = OptionFault::new("OUT", out.display().to_string(), "the ending names no format");
            Err(Failure::Options(vec![fault.help("end it in .yaml or .json, or say --to yaml or --to pyhf")]))
        }
    }
}

fn written(analysis: &Analysis, target: Target, out: &Path) -> Result<(String, Vec<Loss>), Failure> {
    let fail = |error: String| Failure::write(out, std::io::Error::other(error));
    match target {
        Target::Yaml => Ok((native::to_yaml(analysis).map_err(|e| fail(e.to_string()))?, Vec::new())),
        Target::Pyhf => {
            let (workspace, losses) = pyhf::from_analysis(analysis);
            let text = serde_json::to_string_pretty(&workspace).map_err(|e| fail(e.to_string()))?;
            Ok((text + "\n", losses))
        }
    }
}

struct Conversion {
    from: String,
    to: String,
    losses: Vec<Loss>,
}

impl Report for Conversion {
    fn command(&self) -> &'static str {
        "convert"
    }

    fn json(&self) -> Value {
        json!({ "zstat": env!("CARGO_PKG_VERSION"), "from": self.from, "to": self.to, "losses": self.losses })
    }

    fn text(&self, page: &mut Page) {
        let count = match self.losses.len() {
            0 => "nothing was lost".to_owned(),
            1 => "1 loss".to_owned(),
            n => format!("{n} losses"),
        };
        page.line(format!("{} -> {}: {count}", self.from, self.to));
        self.losses.iter().for_each(|loss| page.warning(&format!("lost: {loss}")));
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["what", "where", "why"].map(str::to_owned).to_vec();
        let rows = self.losses.iter().map(|loss| vec![loss.what.clone(), loss.place.clone(), loss.why.clone()]);
        Some(std::iter::once(header).chain(rows).collect())
    }
}
