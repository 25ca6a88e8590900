//! Trainings by the program itself, as anybody would run them.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::reproduce::Setting;
use crate::{cargo, run, say};

/// The program, and where its runs are kept: what was done before by the same program is not done again.
pub struct Lab {
    /// The program.
    pub program: PathBuf,
    root: PathBuf,
    folder: PathBuf,
}

impl Lab {
    /// Builds the program.
    pub fn new(setting: &Setting) -> anyhow::Result<Self> {
        run(cargo(&setting.root).args(["build", "--release", "--locked", "-p", "zstat-cli"]))?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or(setting.root.join("target"), PathBuf::from);
        let program = target.join(format!("release/zstat{}", std::env::consts::EXE_SUFFIX));
        let bytes = fs::read(&program).with_context(|| format!("{}", program.display()))?;
        let mut hash = DefaultHasher::new();
        bytes.hash(&mut hash);
        let folder = target.join(format!("reproduce/{:016x}", hash.finish()));
        fs::create_dir_all(&folder)?;
        Ok(Self { program, root: setting.root.clone(), folder })
    }

    /// A shipped spec, to be changed.
    pub fn spec(&self, name: &str) -> anyhow::Result<Value> {
        let path = self.root.join(format!("specs/{name}.yaml"));
        let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        Ok(serde_yaml::from_str(&text)?)
    }

    /// The folder of a run.
    pub fn run_folder(&self, label: &str) -> PathBuf {
        self.folder.join(label)
    }

    /// Trains a shipped spec as it is.
    pub fn shipped(&self, label: &str, name: &str, arguments: &[&str]) -> anyhow::Result<Value> {
        self.train_file(label, &self.root.join(format!("specs/{name}.yaml")), arguments)
    }

    /// Trains a spec that was made here.
    pub fn changed(&self, label: &str, spec: &Value, arguments: &[&str]) -> anyhow::Result<Value> {
        let path = self.folder.join(format!("{label}.yaml"));
        fs::write(&path, serde_yaml::to_string(spec)?)?;
        self.train_file(label, &path, arguments)
    }

    fn train_file(&self, label: &str, spec: &Path, arguments: &[&str]) -> anyhow::Result<Value> {
        say(&format!("training {label}"));
        // What another spec left is of no use.
        let (asked, kept) = (fs::read(spec)?, self.folder.join(format!("{label}.trained")));
        if fs::read(&kept).ok().as_ref() != Some(&asked) {
            let _ = fs::remove_dir_all(self.run_folder(label));
            fs::write(&kept, &asked)?;
        }
        let mut command = Command::new(&self.program);
        command.arg("train").arg(spec).args(["--format", "json", "--quiet", "--output"]);
        self.json(command.arg(self.run_folder(label)).args(arguments))
    }

    /// The JSON of another command; an exit code of 1 has a result, too.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut command = Command::new(&self.program);
        self.json(command.args(arguments).args(["--format", "json"]))
    }

    fn json(&self, command: &mut Command) -> anyhow::Result<Value> {
        let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
        if !matches!(output.status.code(), Some(0 | 1)) {
            bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// The numbers of a measurement in a result; `None` is the first.
pub fn measurement<'v>(result: &'v Value, name: Option<&str>) -> &'v Value {
    let all = &result["evaluation"]["measurements"];
    let Some(name) = name else { return &all[0] };
    let found = all.as_array().and_then(|all| all.iter().find(|one| one["measurement"] == name));
    found.unwrap_or(&Value::Null)
}

/// A metric as text: median and band of several seeds, or value and error of one, with so many digits behind the point.
pub fn cell(of: &Value, metric: &str, digits: usize) -> String {
    let metric = &of["metrics"][metric];
    let number = |key: &str| metric[key].as_f64();
    match (number("value"), number("low"), number("high"), number("mc_error")) {
        (None, ..) => "n/a".to_owned(),
        (Some(value), Some(low), Some(high), _) => {
            format!("{value:.digits$} [{low:.digits$}, {high:.digits$}]")
        }
        (Some(value), .., Some(error)) => format!("{value:.digits$} ± {error:.digits$}"),
        (Some(value), ..) => format!("{value:.digits$}"),
    }
}

/// A number in powers of ten, with two digits.
pub fn small(value: f64) -> String {
    format!("{value:.2e}")
}
