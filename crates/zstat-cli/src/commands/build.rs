//! `zstat build`: a program with more plugins.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::EXIT_DONE;
use crate::args::GlobalArgs;
use crate::failure::{Failure, OptionFault};
use crate::output::{self, Page, Report};
use crate::plugin::{self, Built, Checkout, Linked, Program};

/// Options of `zstat build`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat build --with ./my_loss --output my-zstat\n  zstat build --with ./my_loss --with ../pivot --output my-zstat --offline"
)]
pub struct BuildArgs {
    /// Crate with plugins: a folder, the name of a crate in the checkout, or NAME[@VERSION] of the registry; may be
    /// repeated
    #[arg(long, value_name = "PATH_OR_CRATE", required = true)]
    with: Vec<String>,
    /// Use nothing from the network: what cargo has must do
    #[arg(long)]
    offline: bool,
    /// Cargo's profile: `release`, or `dev` to be built sooner and run slower
    #[arg(long, value_name = "NAME", default_value = "release")]
    profile: String,
    /// Checkout of zstat that is built; by default the one that this program was built from
    #[arg(long, value_name = "PATH")]
    zstat: Option<PathBuf>,
}

/// Builds a program and writes it to `--output`.
pub fn run(args: &BuildArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let Some(output) = &global.output else {
        let fault = OptionFault::new("--output", "(none)", "where does the program go?");
        return Err(Failure::Options(vec![fault.help("name a file: --output my-zstat")]));
    };
    let checkout = Checkout::find(args.zstat.as_deref())?;
    let mut crates: Vec<Linked> = Vec::new();
    for with in &args.with {
        let found = Linked::find(with, &checkout)?;
        if !crates.contains(&found) {
            crates.push(found);
        }
    }
    let (offline, profile, quiet) = (args.offline, args.profile.as_str(), global.quiet);
    let built = plugin::build(&Program { checkout: &checkout, crates: &crates, offline, profile, quiet })?;
    output::write_program(output, &built.program)?;
    let report = Written { built, path: output.clone() };
    output::write(&report, &global.to_stdout())?;
    Ok(EXIT_DONE)
}

struct Written {
    built: Built,
    path: PathBuf,
}

impl Written {
    fn rows(&self) -> impl Iterator<Item = [&str; 4]> {
        self.built.plugins.iter().map(|plugin| {
            ["kind", "name", "crate", "summary"].map(|key| plugin[key].as_str().unwrap_or_default())
        })
    }
}

impl Report for Written {
    fn command(&self) -> &'static str {
        "build"
    }

    fn json(&self) -> Value {
        json!({ "zstat": env!("CARGO_PKG_VERSION"), "program": self.path.display().to_string(),
            "plugins": self.built.plugins })
    }

    fn text(&self, page: &mut Page) {
        page.line(format!("{}: a zstat with", self.path.display()));
        self.rows().for_each(|[kind, name, from, _]| page.line(format!("  {kind} `{name}` of {from}")));
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["kind", "name", "crate", "summary"];
        let rows = std::iter::once(header).chain(self.rows());
        Some(rows.map(|row| row.map(str::to_owned).to_vec()).collect())
    }
}
