//! `zstat plugin`: crates of plugins.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::plugins::linked;
use crate::EXIT_DONE;
use crate::args::GlobalArgs;
use crate::failure::Failure;
use crate::output::{self, Page, Report};
use crate::plugin::{Checkout, Kind, NewCrate, name_fault};

/// Options of `zstat plugin`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat plugin new my_loss\n  zstat plugin new my-fitter --kind fitter --path ~/plugins"
)]
pub struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

/// What is done with a plugin's crate.
#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// Write a crate with a working example: the plugin, a `zstat` that has it, a spec and conformance tests
    New(NewArgs),
}

/// Options of `zstat plugin new`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat plugin new my_loss\n  zstat plugin new my-fitter --kind fitter --path ~/plugins"
)]
pub struct NewArgs {
    /// Name of the crate and of its plugin: lower-case letters, digits, `-` and `_`
    #[arg(value_name = "NAME")]
    name: String,
    /// What the plugin does
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    kind: Kind,
    /// Folder in which the crate's folder, called NAME, is made; it must not exist yet
    #[arg(long, value_name = "DIR", default_value = ".")]
    path: PathBuf,
    /// Checkout of zstat that the crate depends on; by default the one that this program was built from
    #[arg(long, value_name = "PATH")]
    zstat: Option<PathBuf>,
}

/// Writes a crate.
pub fn run(args: &PluginArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let PluginCommand::New(args) = &args.command;
    let taken = linked()?;
    let taken: Vec<&str> =
        taken.iter().filter(|plugin| plugin.kind == args.kind.name()).map(|plugin| plugin.name).collect();
    if let Some(fault) = name_fault(&args.name, args.kind, &taken) {
        return Err(Failure::Options(vec![fault]));
    }
    let checkout = Checkout::find(args.zstat.as_deref())?;
    let new = NewCrate { name: args.name.clone(), kind: args.kind };
    let files = new.files(&checkout)?;
    let folder = new.write(&files, &args.path)?;
    // `./my_loss` is `my_loss`.
    let folder = folder.strip_prefix(".").map_or(folder.clone(), PathBuf::from);
    let files = files.iter().map(|(name, _)| *name).collect();
    output::write(&Written { new, folder, files }, global)?;
    Ok(EXIT_DONE)
}

struct Written {
    new: NewCrate,
    folder: PathBuf,
    files: Vec<&'static str>,
}

impl Report for Written {
    fn command(&self) -> &'static str {
        "plugin new"
    }

    fn json(&self) -> Value {
        json!({ "zstat": env!("CARGO_PKG_VERSION"), "name": self.new.name, "kind": self.new.kind.name(),
            "folder": self.folder.display().to_string(), "files": self.files })
    }

    fn text(&self, page: &mut Page) {
        let folder = self.folder.display();
        page.line(format!("{folder}: a crate with the {} `{}`", self.new.kind.name(), self.new.name));
        self.files.iter().for_each(|file| page.line(format!("  {file}")));
        page.line(format!("next: cd {folder} && cargo test"));
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let rows = self.files.iter().map(|file| vec![(*file).to_owned()]);
        Some(std::iter::once(vec!["file".to_owned()]).chain(rows).collect())
    }
}
