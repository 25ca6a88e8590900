//! A plugin from nothing: `zstat plugin new` writes a crate, its tests pass, and `zstat build` makes a program with it.
//!
//! All offline, in a profile that is soon built, and in the target folder of everything else.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{cargo, output, program, run, say};

/// The crate that is made.
const NAME: &str = "my_loss";
/// The guide's example.
const EXAMPLE: &str = "pivot";

/// One profile for the plugin and for the program with it, so that what both use is compiled once, and soon: there is next to nothing to
/// compute.
const PROFILE: &str = "[profile.dev]\nopt-level = 0\ndebug = false\n\n[profile.dev.package.\"*\"]\nopt-level = 0\ndebug = false\n";

/// Makes, tests, links and runs.
pub fn from_nothing(root: &Path) -> anyhow::Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), |target| root.join(target));
    let folder = target.join("xtask/plugin");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join(".cargo")).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(folder.join(".cargo/config.toml"), PROFILE)?;
    let zstat = || -> anyhow::Result<Command> {
        let mut command = program(root)?;
        command.current_dir(&folder);
        Ok(command)
    };
    run(zstat()?.args(["plugin", "new", NAME, "--path"]).arg(&folder))?;
    let made = folder.join(NAME);

    let mut test = cargo(root);
    test.current_dir(&folder).args(["test", "--offline", "--target-dir"]).arg(&target).arg("--manifest-path");
    run(test.arg(made.join("Cargo.toml")))?;

    let program = folder.join("zstat");
    let mut build = zstat()?;
    build.env("CARGO_TARGET_DIR", &target);
    build.args(["build", "--offline", "--profile", "dev", "--with"]).arg(&made).arg("--with");
    run(build.arg(root.join("examples").join(EXAMPLE)).arg("--output").arg(&program))?;
    let listed: Value =
        serde_json::from_str(&output(Command::new(&program).args(["plugins", "--format", "json"]))?)?;
    for name in [NAME, EXAMPLE] {
        let mut plugins = listed["plugins"].as_array().into_iter().flatten();
        if !plugins.any(|plugin| plugin["kind"] == "loss" && plugin["name"] == name) {
            bail!("the program has no loss `{name}`: {listed}");
        }
    }
    run(Command::new(&program).arg("validate").arg(made.join("spec.yaml")))?;
    say("a plugin was made, tested, linked and found");
    Ok(())
}
