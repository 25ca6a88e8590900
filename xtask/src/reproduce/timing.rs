//! Timing programs, and how their numbers are written.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use super::Setting;
use crate::{cargo, output};

/// A timing program of zstat: one of its benches.
pub struct Timer {
    program: PathBuf,
}

impl Timer {
    /// Builds it.
    pub fn build(setting: &Setting, package: &str, bench: &str) -> anyhow::Result<Self> {
        let mut build = cargo(&setting.root);
        build.args(["bench", "-p", package, "--bench", bench, "--no-run", "--message-format", "json"]);
        let messages = output(&mut build)?;
        let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let program = artifacts
            .filter(|message| message["target"]["name"] == bench)
            .find_map(|message| message["executable"].as_str().map(PathBuf::from));
        Ok(Self { program: program.context("cargo names no timing program")? })
    }

    /// Runs it on one core. It prints one JSON line.
    pub fn measure(&self, arguments: &[&str], file: &Path) -> anyhow::Result<Value> {
        Self::row(pinned(&self.program).args(arguments).arg(file))
    }

    /// Runs it on all cores.
    pub fn measure_unpinned(&self, arguments: &[&str], file: &Path) -> anyhow::Result<Value> {
        Self::row(Command::new(&self.program).args(arguments).arg(file))
    }

    fn row(command: &mut Command) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(output(command)?.trim())?)
    }
}

/// A command on one core, where the system can do that.
pub fn pinned(program: &Path) -> Command {
    let can = Command::new("taskset").args(["-c", "0", "true"]).status().is_ok_and(|status| status.success());
    if !can {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program);
    command
}

/// The middle one, or the upper of two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A number in a row; NaN where there is none.
pub fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or(f64::NAN)
}

/// Seconds with three digits in a handy unit.
pub fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s.is_nan() => return "–".to_owned(),
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$}\u{a0}{unit}") // one word: tables must not break it
}

/// A ratio with as many digits as it deserves.
pub fn ratio(value: f64) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    let digits = usize::from(value < 10.0);
    format!("{value:.digits$}")
}

/// The interpreter of an environment; `setup.sh` puts it into a subfolder.
pub fn python(peers: &Path) -> anyhow::Result<PathBuf> {
    let places = [peers.join("env/bin/python"), peers.join("bin/python")];
    let found = places.into_iter().find(|place| place.exists());
    found.with_context(|| format!("no Python environment in {}", peers.display()))
}

/// The interpreter with ROOT, where it was installed, too.
pub fn root_python(peers: &Path) -> Option<PathBuf> {
    let mut beside = peers.as_os_str().to_owned();
    beside.push("-root");
    let places = [peers.join("env-root/bin/python"), Path::new(&beside).join("bin/python")];
    places.into_iter().find(|place| place.exists())
}
