//! `zstat plugins`: what is linked into this binary.

use clap::Args;
use serde_json::{Value, json};
use zstat_core::fit::Fitter;
use zstat_core::loss::Loss;
use zstat_core::optimiser::OptimiserKind;
use zstat_core::plugin::{PluginInfo, Registry};
use zstat_core::scorer::ScorerKind;
use zstat_core::summary::Summary;
use zstat_core::table::EventReader;

use crate::EXIT_DONE;
use crate::args::GlobalArgs;
use crate::failure::Failure;
use crate::output::table::{Align, Table};
use crate::output::{self, Page, Report};

/// Options of `zstat plugins`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zstat plugins --format json")]
pub struct PluginsArgs {}

/// Lists the plugins.
pub fn run(_args: &PluginsArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    output::write(&Linked(linked()?), global)?;
    Ok(EXIT_DONE)
}

/// All linked plugins, by kind and name.
///
/// # Errors
/// Where two of a kind share a name.
pub fn linked() -> Result<Vec<PluginInfo>, Failure> {
    let kinds = [
        Registry::<dyn Fitter>::load("fitter")?.info(),
        Registry::<dyn Loss>::load("loss")?.info(),
        Registry::<dyn OptimiserKind>::load("optimiser")?.info(),
        Registry::<dyn EventReader>::load("reader")?.info(),
        Registry::<dyn ScorerKind>::load("scorer")?.info(),
        Registry::<dyn Summary>::load("summary")?.info(),
    ];
    Ok(kinds.concat())
}

struct Linked(Vec<PluginInfo>);

impl Linked {
    fn rows(&self) -> impl Iterator<Item = [&str; 5]> {
        self.0.iter().map(|p| [p.kind, p.name, p.package, p.version, p.summary])
    }
}

impl Report for Linked {
    fn command(&self) -> &'static str {
        "plugins"
    }

    fn json(&self) -> Value {
        json!({ "zstat": env!("CARGO_PKG_VERSION"), "plugins": self.0 })
    }

    fn text(&self, page: &mut Page) {
        let columns = ["kind", "name", "crate", "version", "summary"].map(|title| (title, Align::Left));
        let mut table = Table::new(&columns);
        self.rows().for_each(|row| table.row(row.map(Into::into)));
        page.table(&table);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["kind", "name", "crate", "version", "summary"];
        let rows = std::iter::once(header).chain(self.rows());
        Some(rows.map(|row| row.map(str::to_owned).to_vec()).collect())
    }
}
