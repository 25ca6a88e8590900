//! `zstat man`: manual pages, for packagers.

use std::path::Path;

use clap::{Args, CommandFactory};

use crate::args::{Cli, GlobalArgs};
use crate::failure::Failure;
use crate::{EXIT_DONE, output};

/// Options of `zstat man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zstat man --output man/    # one page a command\n  zstat man | man -l -")]
pub struct ManArgs {}

/// Writes the main page to standard output, or all pages into the folder `--output`.
pub fn run(_args: &ManArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = &global.output else {
        output::write_stdout(&page(command)?)?;
        return Ok(EXIT_DONE);
    };
    std::fs::create_dir_all(folder).map_err(|error| Failure::write(folder, error))?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let file = folder.join(format!("zstat-{}.1", sub.get_name()));
        output::write_file(&file, &page(sub.clone())?)?;
        for inner in sub.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let file = folder.join(format!("zstat-{}-{}.1", sub.get_name(), inner.get_name()));
            output::write_file(&file, &page(inner.clone())?)?;
        }
    }
    output::write_file(&folder.join("zstat.1"), &page(command)?)?;
    Ok(EXIT_DONE)
}

fn page(command: clap::Command) -> Result<String, Failure> {
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut text);
    rendered.map_err(|error| Failure::write(Path::new("<man page>"), error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
