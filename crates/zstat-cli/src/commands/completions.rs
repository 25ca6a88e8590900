//! `zstat completions`: completion scripts for shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::{Cli, GlobalArgs};
use crate::failure::Failure;
use crate::{EXIT_DONE, output};

/// Options of `zstat completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  zstat completions bash > ~/.local/share/bash-completion/completions/zstat"
)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Writes the script.
pub fn run(args: &CompletionsArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "zstat", &mut script);
    let script = String::from_utf8_lossy(&script);
    match &global.output {
        Some(path) => output::write_file(path, &script)?,
        None => output::write_stdout(&script)?,
    }
    Ok(EXIT_DONE)
}
