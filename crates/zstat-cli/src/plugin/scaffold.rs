//! The crate that a plugin begins with: a working example with its own program, a spec and conformance tests.
//!
//! In: a name and a kind. Out: files, as texts; then a folder, whole or not at all.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use zstat_core::text::list_of;

use super::Checkout;
use crate::failure::{Failure, OptionFault};
use crate::interrupt;

/// What a plugin does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A training loss, of scores or of templates.
    #[default]
    Loss,
    /// A minimiser.
    Fitter,
    /// From scores to shares in bins.
    Summary,
}

impl Kind {
    /// As specs and messages have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Fitter => "fitter",
            Self::Summary => "summary",
        }
    }
}

/// Characters of a name.
const LONGEST: usize = 64;
/// Names that Rust or cargo keep for themselves.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "inventory",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "serde_json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "zstat",
];

/// A crate to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCrate {
    /// Its name, and the plugin's.
    pub name: String,
    /// The plugin's kind.
    pub kind: Kind,
}

/// What of `name` cannot be the name of a plugin's crate; `taken` are the names that the kind has in this build.
pub fn fault(name: &str, kind: Kind, taken: &[&str]) -> Option<OptionFault> {
    let fault = |message: String, help: &str| Some(OptionFault::new("NAME", name, message).help(help));
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fits) {
        let help = "a lower-case letter, then lower-case letters, digits, `-` and `_`: my_loss";
        return fault("is no name for a crate and its plugin".to_owned(), help);
    }
    if name.len() > LONGEST {
        return fault(format!("has {} characters", name.len()), &format!("{LONGEST} at most"));
    }
    if RESERVED.contains(&name) || name.starts_with("zstat-") || name.starts_with("zstat_") {
        return fault("is a name that Rust, or zstat, keeps for itself".to_owned(), "choose another one");
    }
    if taken.contains(&name) {
        let help = format!("taken are {}", list_of(taken, "and"));
        return fault(
            format!("this build has a {} of that name, and would refuse a second", kind.name()),
            &help,
        );
    }
    None
}

impl NewCrate {
    /// All files, with their paths in the crate.
    ///
    /// # Errors
    /// Where the checkout's lock file cannot be read.
    pub fn files(&self, checkout: &Checkout) -> Result<Vec<(&'static str, String)>, Failure> {
        let (lib, test, spec, attempt) = match self.kind {
            Kind::Loss => (
                include_str!("../../templates/loss/src/lib.rs.in"),
                include_str!("../../templates/loss/tests/conformance.rs.in"),
                include_str!("../../templates/loss/spec.yaml.in"),
                "validate spec.yaml              # is the spec sane?",
            ),
            Kind::Fitter => (
                include_str!("../../templates/fitter/src/lib.rs.in"),
                include_str!("../../templates/fitter/tests/conformance.rs.in"),
                include_str!("../../templates/fitter/spec.yaml.in"),
                "fit spec.yaml                   # what does it find?",
            ),
            Kind::Summary => (
                include_str!("../../templates/summary/src/lib.rs.in"),
                include_str!("../../templates/summary/tests/conformance.rs.in"),
                include_str!("../../templates/summary/spec.yaml.in"),
                "validate spec.yaml              # is the spec sane?",
            ),
        };
        let fitters: &[&str] = if self.kind == Kind::Fitter { &["zstat-fitters"] } else { &[] };
        let dependencies = checkout.dependencies(&[&["zstat-cli", "zstat-core"], fitters].concat());
        let fill = |text: &str| {
            text.replace("@WORKSPACE@", include_str!("../../templates/common/workspace.yaml.in"))
                .replace("@NAME@", &self.name)
                .replace("@IDENT@", &self.name.replace('-', "_"))
                .replace("@TYPE@", &type_name(&self.name))
                .replace("@KIND@", self.kind.name())
                .replace("@TRY@", attempt)
                .replace("@DEPENDENCIES@", &dependencies)
                .replace("@DEV_DEPENDENCIES@", &checkout.dependencies(&["zstat-testkit"]))
        };
        Ok(vec![
            ("Cargo.toml", fill(include_str!("../../templates/common/Cargo.toml.in"))),
            ("Cargo.lock", checkout.lock()?),
            (".gitignore", fill(include_str!("../../templates/common/gitignore"))),
            ("README.md", fill(include_str!("../../templates/common/README.md.in"))),
            ("spec.yaml", fill(spec)),
            ("src/lib.rs", fill(lib)),
            ("src/main.rs", fill(include_str!("../../templates/common/main.rs.in"))),
            ("tests/conformance.rs", fill(test)),
        ])
    }

    /// Writes all files into a new folder of the crate's name in `parent`, or none; the folder.
    ///
    /// # Errors
    /// Where the folder exists or cannot be written.
    pub fn write(&self, files: &[(&'static str, String)], parent: &Path) -> Result<PathBuf, Failure> {
        let folder = parent.join(&self.name);
        let refused = |error: Error| Failure::write(&folder, error);
        if folder.symlink_metadata().is_ok() {
            return Err(refused(Error::new(ErrorKind::AlreadyExists, "it exists, and is left as it is")));
        }
        if !parent.is_dir() {
            let message = format!("there is no folder `{}`", parent.display());
            return Err(refused(Error::new(ErrorKind::NotFound, message)));
        }
        let _whole = interrupt::whole_file();
        let beside = tempfile::Builder::new().prefix(".zstat-").tempdir_in(parent).map_err(refused)?;
        // A folder in the temporary one, which is for its owner alone.
        let made = beside.path().join(&self.name);
        for (name, text) in files {
            let path = made.join(name);
            path.parent().map_or(Ok(()), fs::create_dir_all).map_err(refused)?;
            fs::write(&path, text).map_err(refused)?;
        }
        fs::rename(&made, &folder).map_err(refused)?;
        Ok(folder)
    }
}

/// `my-loss_2` is of the type `MyLoss2`.
fn type_name(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split(['-', '_']).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for name in ["my_loss", "l", "pivot-2"] {
            assert!(fault(name, Kind::Loss, &["bce"]).is_none(), "{name}");
        }
        for name in ["", "MyLoss", "2nd", "../x", "a b", "type", "zstat-x", "bce", "ä", &"x".repeat(65)] {
            assert!(fault(name, Kind::Loss, &["bce"]).is_some(), "{name}");
        }
        assert_eq!(type_name("my-loss_2"), "MyLoss2");
    }

    #[test]
    fn nothing_is_left_unfilled() {
        let checkout = Checkout::find(None).expect("the tests run in one");
        for kind in [Kind::Loss, Kind::Fitter, Kind::Summary] {
            let new = NewCrate { name: "my-own".to_owned(), kind };
            for (name, text) in new.files(&checkout).expect("files") {
                let left = text
                    .lines()
                    .find(|line| line.contains('@') && !line.contains("://") && !line.contains("@generated"));
                assert_eq!(left, None, "{name}");
            }
        }
    }

    #[test]
    fn a_folder_that_exists_is_left_alone_and_nothing_half_done_remains() {
        let parent = tempfile::tempdir().expect("a folder");
        let new = NewCrate { name: "mine".to_owned(), kind: Kind::Loss };
        let files = [("a/b.txt", "text".to_owned())];
        let folder = new.write(&files, parent.path()).expect("written");
        assert_eq!(fs::read_to_string(folder.join("a/b.txt")).expect("there"), "text");
        let error = new.write(&[("c.txt", String::new())], parent.path()).expect_err("it exists");
        assert!(error.to_string().contains("it exists, and is left as it is"), "{error}");
        let other = NewCrate { name: "other".to_owned(), ..new };
        // A file cannot be in a file.
        assert!(other.write(&[("x", String::new()), ("x/y", String::new())], parent.path()).is_err());
        let left: Vec<_> =
            fs::read_dir(parent.path()).expect("read").flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["mine"]);
    }
}
