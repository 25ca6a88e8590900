//! The checkout of zstat that plugin crates depend on, by path, until zstat is published.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, OptionFault};

/// The checkout that this program was built from.
const BUILT_FROM: &str = env!("CARGO_MANIFEST_DIR");
/// What a checkout has.
const PARTS: [&str; 3] = ["Cargo.lock", "crates/zstat-core/Cargo.toml", "crates/zstat-cli/Cargo.toml"];

/// A checkout of zstat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout that `--zstat` names, else the one that this program was built from.
    ///
    /// # Errors
    /// Where there is none.
    pub fn find(option: Option<&Path>) -> Result<Self, Failure> {
        let built_from = Path::new(BUILT_FROM).ancestors().nth(2).unwrap_or(Path::new(BUILT_FROM));
        let (root, why) = match option {
            Some(path) => (path, "is no checkout of zstat"),
            None => (built_from, "the checkout that this program was built from is not there any more"),
        };
        let missing = PARTS.into_iter().find(|part| !root.join(part).is_file());
        let root = match (missing, root.canonicalize()) {
            (None, Ok(root)) => root,
            (missing, _) => {
                let fault = OptionFault::new("--zstat", root.display().to_string(), why);
                let missing = missing.unwrap_or("the folder");
                let help = format!("{missing} is missing; give the path of a clone of zstat's repository");
                return Err(Failure::Options(vec![fault.help(help)]));
            }
        };
        Ok(Self { root })
    }

    /// Its root, an absolute path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of one of its own crates.
    pub fn own(&self, name: &str) -> Option<PathBuf> {
        let folder = self.root.join("crates").join(name);
        (!name.contains(['/', '\\']) && folder.join("Cargo.toml").is_file()).then_some(folder)
    }

    /// The lines of a manifest that say which crates of it are depended on.
    pub fn dependencies(&self, names: &[&str]) -> String {
        let line = |name: &&str| {
            let path = self.root.join("crates").join(name);
            format!("{name} = {{ path = {} }}\n", toml_text(&path.display().to_string()))
        };
        names.iter().map(line).collect()
    }

    /// The versions of other crates that it is tested with.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn lock(&self) -> Result<String, Failure> {
        let path = self.root.join("Cargo.lock");
        std::fs::read_to_string(&path).map_err(|error| Failure::read(&path, error))
    }
}

/// A string in TOML, which has JSON's escapes.
pub fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_checkout_is_found_and_others_are_told() {
        let here = Checkout::find(None).expect("the tests run in one");
        assert_eq!(Checkout::find(Some(here.root())).expect("the same"), here);
        assert!(
            here.own("zstat-core").is_some() && here.own("../xtask").is_none() && here.own("serde").is_none()
        );
        let folder = tempfile::tempdir().expect("a folder");
        let Err(Failure::Options(faults)) = Checkout::find(Some(folder.path())) else {
            panic!("not refused")
        };
        let line = faults[0].line();
        assert!(line.contains("is no checkout of zstat; Cargo.lock is missing"), "{line}");
    }
}
