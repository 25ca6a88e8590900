//! Crates to be linked: what `--with` names, looked up.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Checkout;
use super::build::{BuildError, cargo};
use super::checkout::toml_text;

/// A crate with plugins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Its name.
    pub package: String,
    /// What Rust code calls it.
    pub ident: String,
    /// The right side of its line in a manifest.
    requirement: String,
}

impl Linked {
    /// The crate in a folder, a crate of the checkout, or one of the registry, `NAME` or `NAME@VERSION`.
    ///
    /// # Errors
    /// Where it is none of these, has no library, or would register with another zstat.
    pub fn find(with: &str, checkout: &Checkout) -> Result<Self, BuildError> {
        let path = Path::new(with);
        let manifest = if path.ends_with("Cargo.toml") { path.to_owned() } else { path.join("Cargo.toml") };
        if manifest.is_file() {
            return Self::in_folder(with, &manifest, checkout);
        }
        if let Some(folder) = checkout.own(with) {
            return Self::in_folder(with, &folder.join("Cargo.toml"), checkout);
        }
        let (name, version) = with.split_once('@').unwrap_or((with, "*"));
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(fits) || path.exists() {
            return Err(BuildError::NoCrate { with: with.to_owned() });
        }
        let (package, ident) = (name.to_owned(), name.replace('-', "_"));
        Ok(Self { package, ident, requirement: toml_text(version) })
    }

    fn in_folder(with: &str, manifest: &Path, checkout: &Checkout) -> Result<Self, BuildError> {
        let metadata = metadata(with, manifest)?;
        let wanted = manifest.canonicalize().unwrap_or_else(|_| manifest.to_owned());
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let mut packages =
            packages.filter(|package| path_of(&package["manifest_path"]).as_ref() == Some(&wanted));
        let no_library = || BuildError::NoLibrary { with: with.to_owned() };
        let package = packages.next().ok_or_else(no_library)?;
        let mut targets = package["targets"].as_array().into_iter().flatten();
        let is_lib =
            |target: &&Value| target["kind"].as_array().is_some_and(|kinds| kinds.contains(&"lib".into()));
        let library =
            targets.find(is_lib).and_then(|target| target["name"].as_str()).ok_or_else(no_library)?;
        let name = package["name"].as_str().unwrap_or_default();
        check_core(name, package, checkout)?;
        let folder = wanted.parent().unwrap_or(Path::new("")).display().to_string();
        Ok(Self {
            package: name.to_owned(),
            ident: library.replace('-', "_"),
            requirement: format!("{{ path = {} }}", toml_text(&folder)),
        })
    }

    /// Its line in a manifest.
    pub fn dependency(&self) -> String {
        format!("{} = {}\n", self.package, self.requirement)
    }
}

/// What registers with another zstat-core registers with another registry: nothing of it would be found.
fn check_core(name: &str, package: &Value, checkout: &Checkout) -> Result<(), BuildError> {
    let wanted = checkout.root().join("crates/zstat-core");
    let mut dependencies = package["dependencies"].as_array().into_iter().flatten();
    let core = dependencies.find(|dependency| dependency["name"] == "zstat-core");
    let core = core.and_then(|core| core["path"].as_str());
    match core.map(|path| Path::new(path).canonicalize().unwrap_or_else(|_| path.into())) {
        Some(found) if found != wanted => {
            Err(BuildError::OtherCore { package: name.to_owned(), found, wanted })
        }
        _ => Ok(()),
    }
}

fn path_of(value: &Value) -> Option<PathBuf> {
    value.as_str().and_then(|path| Path::new(path).canonicalize().ok())
}

/// What cargo says of a manifest, its dependencies not looked up.
fn metadata(with: &str, manifest: &Path) -> Result<Value, BuildError> {
    let mut command = cargo();
    command
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(manifest);
    let output = command.output().map_err(BuildError::NoCargo)?;
    serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success()).ok_or_else(|| {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        BuildError::Manifest { with: with.to_owned(), message }
    })
}
