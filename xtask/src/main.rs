//! `cargo xtask`: maintenance of this repository. Nothing here is part of the tool.

mod generated;
mod licences;
mod plugin;
mod reproduce;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};

/// Maintenance of the zstat repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Check sizes, headers, stray paths and the top level of the repository
    Tidy,
    /// Write `schemas/`; with --check only compare
    Schemas {
        #[arg(long)]
        check: bool,
    },
    /// Write the generated pages of `docs/`; with --check only compare
    Docs {
        #[arg(long)]
        check: bool,
    },
    /// Check licences and sources of all dependencies against `deny.toml`
    Licences,
    /// Begin a plugin with `zstat plugin new`, test it, and build a program with it
    Plugin,
    /// Run what the gate runs: `.ci/run`
    Ci,
    /// Make a published result again; without NAME, list them
    Reproduce {
        name: Option<String>,
        /// Environment with the peers, as `../shared/bench/setup.sh DIR` makes it: to measure them beside zstat
        #[arg(long, value_name = "DIR")]
        peers: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Tidy => tidy::run(&root()),
        Task::Schemas { check } => generated::schemas(&root(), check),
        Task::Docs { check } => generated::docs(&root(), check),
        Task::Licences => licences::run(&root()),
        Task::Plugin => plugin::from_nothing(&root()),
        Task::Ci => run(Command::new("bash").arg(".ci/run").current_dir(root())),
        Task::Reproduce { name, peers } => {
            reproduce::run(&reproduce::Setting { root: root(), peers }, name.as_deref())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Runs a command; its failure is an error.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}

/// Standard output of a command; its failure is an error.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// This cargo, in the repository.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// The program as the sources have it: built now, or the one that `ZSTAT_PROGRAM` names, which somebody has built just before.
fn program(root: &Path) -> anyhow::Result<Command> {
    if let Some(program) = std::env::var_os("ZSTAT_PROGRAM") {
        return Ok(Command::new(program));
    }
    run(cargo(root).args(["build", "--quiet", "--locked", "--package", "zstat-cli"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), |target| root.join(target));
    Ok(Command::new(target.join(format!("debug/zstat{}", std::env::consts::EXE_SUFFIX))))
}

#[expect(clippy::print_stdout, reason = "the one place where these commands talk")]
fn say(text: &str) {
    println!("{text}");
}
