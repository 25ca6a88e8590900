//! `zstat convert`: between file formats, with a report of what was lost.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use zstat_core::fit::Fitter;
use zstat_core::plugin::Registry;
use zstat_core::spec::{BuildOptions, check, check_analysis};
use zstat_formats::{Format, Loss, Written};

use crate::args::{GlobalArgs, Hinted, SpecArgs};
use crate::failure::{Failure, OptionFault};
use crate::input::{Spec, SpecFaults};
use crate::jobs;
use crate::output::{self, Page, Report};
use crate::{EXIT_DONE, render};

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
    /// Format of OUT; by default from its ending: `.yaml` is native, `.zstat.json` native-json, any other `.json` pyhf
    #[arg(long, value_name = "FORMAT", value_parser = Hinted(&["native", "native-json", "pyhf"]))]
    to: Option<String>,
}

/// Converts. What was lost is in the report, or in warnings where OUT is standard output.
pub fn run(args: &ConvertArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let format = format(args)?;
    if same_file(&args.spec.spec, &args.out) {
        let fault = OptionFault::new("OUT", args.out.display().to_string(), "is the spec itself");
        return Err(Failure::Options(vec![fault.help("comments would be lost; write another file")]));
    }
    let to_stdout = args.out.as_os_str() == "-";
    if let Some(fault) = jobs::same_output("OUT", &args.out, global.output.as_ref()).filter(|_| !to_stdout) {
        return Err(Failure::Options(vec![fault.help("the report of losses needs a file of its own")]));
    }
    let spec = Spec::open(&args.spec)?;
    let load_s = spec.opened.elapsed().as_secs_f64();
    let analysis = spec.analysis();
    let options = BuildOptions {
        dialect: analysis.dialect,
        interpolation: analysis.interpolation,
        staterror: analysis.staterror,
        allow_absent: spec.is_foreign(),
        ..BuildOptions::default()
    };
    let mut faults = check(&analysis.workspace, &options);
    faults.extend(check_analysis(analysis, &Registry::<dyn Fitter>::load("fitter")?));
    if !faults.is_empty() {
        let diagnostics = spec.locate(&faults);
        return Err(Failure::Spec(Box::new(SpecFaults { documents: spec.into_documents(), diagnostics })));
    }
    let Written { text, losses } = format
        .write(spec.analysis())
        .map_err(|error| Failure::write(&args.out, std::io::Error::other(error)))?;
    if to_stdout {
        output::write_stdout(&text)?;
        if !global.quiet {
            losses.iter().for_each(|loss| render::warning(&format!("lost: {loss}")));
        }
    } else {
        output::write_file(&args.out, &text)?;
    }
    let report =
        Conversion { from: spec.name().to_owned(), to: args.out.display().to_string(), losses, load_s };
    if !to_stdout || global.output.is_some() {
        output::write(&report, global)?;
    }
    Ok(EXIT_DONE)
}

/// The format asked for, else that of the file's ending.
fn format(args: &ConvertArgs) -> Result<Format, Failure> {
    let known = Format::ALL.map(Format::name);
    let out = args.out.display().to_string();
    let fault = match &args.to {
        Some(name) => match name.parse() {
            Ok(format) => return Ok(format),
            Err(_) => OptionFault::unknown("--to", name, "format", &known),
        },
        None => match Format::of_file(&out) {
            Some(format) => return Ok(format),
            None => OptionFault::new("OUT", out, "the ending names no format")
                .help(format!("end it in .yaml or .json, or give --to {}", known.join("|"))),
        },
    };
    Err(Failure::Options(vec![fault]))
}

struct Conversion {
    from: String,
    to: String,
    losses: Vec<Loss>,
    load_s: f64,
}

/// Whether two paths lead to one existing file.
fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b && a.is_file())
}

impl Report for Conversion {
    fn command(&self) -> &'static str {
        "convert"
    }

    fn json(&self) -> Value {
        json!({ "zstat": env!("CARGO_PKG_VERSION"), "from": self.from, "to": self.to, "losses": self.losses,
            "timing": { "load_s": self.load_s } })
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
        let rows =
            self.losses.iter().map(|loss| vec![loss.what.clone(), loss.place.clone(), loss.why.clone()]);
        Some(std::iter::once(header).chain(rows).collect())
    }
}
