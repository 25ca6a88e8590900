//! The `zstat` command line as a library: arguments, files, diagnostics, progress, exit codes. No statistics here.
//!
//! A binary with plugins of its own is `use my_plugin as _; fn main() -> ExitCode { zstat_cli::main() }`.

mod args;
mod commands;
mod data;
mod data_file;
mod failure;
mod fitter;
mod functions;
mod input;
mod interrupt;
mod jobs;
mod output;
mod plugin;
mod plugins;
mod prepared;
mod progress;
mod remarks;
mod render;
mod report;
mod schemas;
mod select;
mod session;
mod settings;
mod side;
mod start;
mod training;

use std::process::ExitCode;

use clap::Parser;

use failure::Failure;

pub use args::Cli;
pub use render::diagnostic as rendered;

/// Done, and everything converged.
pub(crate) const EXIT_DONE: u8 = 0;
/// A result was written, and something in it did not converge.
pub(crate) const EXIT_NOT_CONVERGED: u8 = 1;
/// Bad input or usage; nothing was written.
pub(crate) const EXIT_BAD_INPUT: u8 = 2;
/// Interrupted by Ctrl-C.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;

/// Runs the command line of this process. Exit codes: 0 done and converged, 1 result written but something did not
/// converge, 2 bad input or usage, 130 interrupted.
pub fn main() -> ExitCode {
    interrupt::install();
    let mut cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way, too, and go to standard output; a closed pipe is no error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EXIT_BAD_INPUT } else { EXIT_DONE });
        }
    };
    cli.global.color.write_global();
    match run(&mut cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            render::failure(&failure);
            ExitCode::from(EXIT_BAD_INPUT)
        }
    }
}

/// What all commands have in common, then the command.
fn run(cli: &mut Cli) -> Result<u8, Failure> {
    if let Some(threads) = cli.global.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
        pool.map_err(|source| Failure::Threads { count: threads.get(), source })?;
    }
    cli.global.output =
        cli.global.output.take().filter(|path| path.as_os_str() != "-" || cli.command.needs_a_folder());
    if let Some(target) = cli.global.output.as_deref().filter(|_| !cli.command.fills_a_folder()) {
        output::check_target(target)?;
    }
    commands::run(cli)
}
