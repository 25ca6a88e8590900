//! A `zstat` with more plugins: a small crate that names theirs, built by cargo and tried before it is handed over.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, Error};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use zstat_core::text::list_of;

use super::{Checkout, Linked};
use crate::failure::Failure;

/// A program to be built.
#[derive(Debug)]
pub struct Program<'a> {
    /// The checkout that it is built from.
    pub checkout: &'a Checkout,
    /// The crates with plugins that it has besides the stock build's.
    pub crates: &'a [Linked],
    /// No network.
    pub offline: bool,
    /// Cargo's profile.
    pub profile: &'a str,
    /// No progress of cargo's.
    pub quiet: bool,
}

/// What was built.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The program, where cargo left it.
    pub program: PathBuf,
    /// All that `zstat plugins` says of those of the crates asked for.
    pub plugins: Vec<Value>,
}

/// Why there is no program.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Nothing of that name.
    #[error("--with {with}: no folder with a Cargo.toml, and no name of a crate")]
    NoCrate {
        /// What was asked for.
        with: String,
    },
    /// A manifest that cargo does not read.
    #[error("--with {with}: {message}")]
    Manifest {
        /// What was asked for.
        with: String,
        /// What cargo says.
        message: String,
    },
    /// A crate without a library.
    #[error("--with {with}: the crate has no library, and plugins stand in one: src/lib.rs")]
    NoLibrary {
        /// What was asked for.
        with: String,
    },
    /// A crate of another checkout.
    #[error(
        "`{package}` depends on the zstat-core in `{}`, and is to be linked with `{}`: its plugins would not be found; \
         use one path for both (--zstat says which checkout is built)", found.display(), wanted.display()
    )]
    OtherCore {
        /// Its name.
        package: String,
        /// What it depends on.
        found: PathBuf,
        /// What it is linked with.
        wanted: PathBuf,
    },
    /// No cargo.
    #[error("cannot run `cargo`: {0}; building needs Rust (https://rustup.rs)")]
    NoCargo(#[source] Error),
    /// Cargo has told why.
    #[error("cargo could not build a zstat with {}: see its messages above", list_of(&.crates.iter().map(String::as_str).collect::<Vec<_>>(), "and"))]
    Cargo {
        /// The crates.
        crates: Vec<String>,
    },
    /// The program does not start, because of two plugins of one name, for example.
    #[error("the program that was built does not run, and is not written: {message}")]
    Broken {
        /// What it says.
        message: String,
    },
    /// A crate that registers nothing.
    #[error(
        "`{package}` is linked but registers no plugin, and nothing is written: a plugin is an `inventory::submit!` of a \
         `Plugin<dyn …>` whose `package` is `env!(\"CARGO_PKG_NAME\")` (docs/src/plugins.md)"
    )]
    Silent {
        /// Its name.
        package: String,
    },
}

/// The cargo that runs this program, or the one on the path.
pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Builds the program and tries it.
///
/// # Errors
/// Where cargo cannot, or the program has not what it was built for.
pub fn build(wanted: &Program<'_>) -> Result<Built, Failure> {
    let target = target_folder(wanted.checkout);
    let name = wanted.name();
    // In one place for the same crates, so that cargo finds again what it has built.
    let folder = target.join("zstat-build").join(&name);
    wanted.write(&name, &folder)?;
    let program = compile(wanted, &name, &folder, &target)?;
    let plugins = listed(&program)?;
    for linked in wanted.crates {
        if !plugins.iter().any(|plugin| plugin["crate"] == linked.package.as_str()) {
            return Err(BuildError::Silent { package: linked.package.clone() }.into());
        }
    }
    let asked =
        |plugin: &Value| wanted.crates.iter().any(|linked| plugin["crate"] == linked.package.as_str());
    Ok(Built { program, plugins: plugins.into_iter().filter(asked).collect() })
}

impl Program<'_> {
    /// A name that is another one for other crates: builds beside each other do not meet.
    fn name(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.manifest("").hash(&mut hasher);
        format!("zstat-with-{:016x}", hasher.finish())
    }

    fn manifest(&self, name: &str) -> String {
        let plugins: String = self.crates.iter().map(Linked::dependency).collect();
        // A crate cannot be there twice.
        let named = self.crates.iter().any(|linked| linked.package == "zstat-cli");
        let own = self.checkout.dependencies(if named { &[] } else { &["zstat-cli"] });
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\n{own}{plugins}\n[workspace]\n\n\
             [profile.dev]\nopt-level = 1\n\n[profile.dev.package.\"*\"]\nopt-level = 2\ndebug = false\n\n\
             [profile.release]\nlto = \"thin\"\ncodegen-units = 1\n"
        )
    }

    fn write(&self, name: &str, folder: &Path) -> Result<(), Failure> {
        let uses: String = self.crates.iter().map(|linked| format!("use {} as _;\n", linked.ident)).collect();
        let main = format!(
            "//! A zstat with more plugins, made by `zstat build`.\n\n{uses}\n\
             fn main() -> std::process::ExitCode {{\n    zstat_cli::main()\n}}\n"
        );
        let refused = |error| Failure::write(folder, error);
        fs::create_dir_all(folder.join("src")).map_err(refused)?;
        fs::write(folder.join("Cargo.toml"), self.manifest(name)).map_err(refused)?;
        fs::write(folder.join("Cargo.lock"), self.checkout.lock()?).map_err(refused)?;
        fs::write(folder.join("src/main.rs"), main).map_err(refused)
    }
}

/// Where cargo builds: as its user says, else beside the checkout's own builds, so that crates are built once.
fn target_folder(checkout: &Checkout) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => here.join(target),
        None => checkout.root().join("target"),
    }
}

/// Runs cargo, whose progress and errors go to standard error; the program.
fn compile(wanted: &Program<'_>, name: &str, folder: &Path, target: &Path) -> Result<PathBuf, BuildError> {
    let mut command = cargo();
    command.args(["build", "--message-format", "json-render-diagnostics", "--profile", wanted.profile]);
    command.args(wanted.offline.then_some("--offline")).args(wanted.quiet.then_some("--quiet"));
    command.arg("--target-dir").arg(target).arg("--manifest-path").arg(folder.join("Cargo.toml"));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(BuildError::NoCargo)?;
    let mut program = None;
    for line in
        child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok)
    {
        let message: Value = serde_json::from_str(&line).unwrap_or_default();
        if message["reason"] == "compiler-artifact" && message["target"]["name"] == name {
            program = message["executable"].as_str().map(PathBuf::from).or(program);
        }
    }
    let failed =
        || BuildError::Cargo { crates: wanted.crates.iter().map(|linked| linked.package.clone()).collect() };
    let status = child.wait().map_err(BuildError::NoCargo)?;
    program.filter(|_| status.success()).ok_or_else(failed)
}

/// What a program says of its plugins.
fn listed(program: &Path) -> Result<Vec<Value>, BuildError> {
    let broken = |message: String| BuildError::Broken { message };
    let output = Command::new(program)
        .args(["plugins", "--format", "json", "--color", "never"])
        .output()
        .map_err(|error| broken(error.to_string()))?;
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    match &json["plugins"] {
        Value::Array(plugins) if output.status.success() => Ok(plugins.clone()),
        _ => {
            let message = String::from_utf8_lossy(&output.stderr);
            Err(broken(message.trim().trim_start_matches("error: ").to_owned()))
        }
    }
}
