//! Plugins: algorithms that a binary links by name: fitters, losses, optimisers, scorers, summaries.
//!
//! A crate registers with `inventory::submit!`; the linker keeps it only where some binary names the crate
//! (`use my_fitter as _;`). The registry sorts by name, because `inventory` promises no order, and refuses duplicates.

use std::collections::BTreeMap;

use schemars::Schema;
use serde::Serialize;
use serde_json::Value;

use crate::text::nearest;

/// What to do about a plugin that is not linked; ends a message or a line of help.
pub const HOW_TO_LINK: &str = "a plugin of another crate must be linked: `zstat build --with CRATE --output BINARY` (docs/src/plugins.md)";

/// One registered plugin of kind `T`, for example `dyn Fitter`.
pub struct Plugin<T: ?Sized + 'static> {
    /// Name in specs and on the command line: lower case, hyphens.
    pub name: &'static str,
    /// One line for `zstat plugins`.
    pub summary: &'static str,
    /// The crate that registers it: `env!("CARGO_PKG_NAME")`.
    pub package: &'static str,
    /// That crate's version: `env!("CARGO_PKG_VERSION")`.
    pub version: &'static str,
    /// Schema of the options.
    pub schema: fn() -> Schema,
    /// Builds it from its options, an object; unknown options are errors.
    pub build: fn(Value) -> Result<Box<T>, PluginError>,
}

/// What `zstat plugins` says of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginInfo {
    /// The kind: `fitter`, …
    pub kind: &'static str,
    /// Name in specs.
    pub name: &'static str,
    /// The crate that registers it.
    #[serde(rename = "crate")]
    pub package: &'static str,
    /// That crate's version.
    pub version: &'static str,
    /// One line.
    pub summary: &'static str,
}

/// All linked plugins of one kind, by name.
pub struct Registry<T: ?Sized + 'static> {
    kind: &'static str,
    plugins: BTreeMap<&'static str, &'static Plugin<T>>,
}

impl<T: ?Sized + 'static> Registry<T>
where
    Plugin<T>: inventory::Collect,
{
    /// All linked plugins of this kind, sorted by name.
    ///
    /// # Errors
    /// `Duplicate` if two share a name.
    pub fn load(kind: &'static str) -> Result<Self, PluginError> {
        let mut plugins: BTreeMap<_, &'static Plugin<T>> = BTreeMap::new();
        for plugin in inventory::iter::<Plugin<T>> {
            if let Some(first) = plugins.insert(plugin.name, plugin) {
                return Err(PluginError::Duplicate {
                    kind,
                    name: plugin.name,
                    packages: [first.package, plugin.package],
                });
            }
        }
        Ok(Self { kind, plugins })
    }
}

impl<T: ?Sized + 'static> Registry<T> {
    /// The plugin called `name`.
    ///
    /// # Errors
    /// `Unknown`, with the known names and the nearest of them.
    pub fn get(&self, name: &str) -> Result<&'static Plugin<T>, PluginError> {
        self.plugins.get(name).copied().ok_or_else(|| PluginError::Unknown {
            kind: self.kind,
            name: name.to_owned(),
            nearest: nearest(name, self.plugins.keys().copied()).map(str::to_owned),
            known: self.plugins.keys().copied().collect(),
        })
    }

    /// Builds the plugin called `name` from its options (an object; null stands for an empty one).
    ///
    /// # Errors
    /// `Unknown`, or `Options` where the plugin refuses them.
    pub fn build(&self, name: &str, options: Value) -> Result<Box<T>, PluginError> {
        let options = if options.is_null() { Value::Object(Default::default()) } else { options };
        (self.get(name)?.build)(options)
    }

    /// The plugins, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Plugin<T>> + '_ {
        self.plugins.values().copied()
    }

    /// What `zstat plugins` prints.
    pub fn info(&self) -> Vec<PluginInfo> {
        self.iter()
            .map(|plugin| PluginInfo {
                kind: self.kind,
                name: plugin.name,
                package: plugin.package,
                version: plugin.version,
                summary: plugin.summary,
            })
            .collect()
    }
}

/// Why a plugin is not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// No plugin of that name is linked.
    #[error(
        "no {kind} called `{name}`{}; this build has {}; {HOW_TO_LINK}",
        nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default(),
        if known.is_empty() { "none".to_owned() } else { known.join(", ") }
    )]
    Unknown {
        /// Kind looked for.
        kind: &'static str,
        /// Name asked for.
        name: String,
        /// The most similar known name.
        nearest: Option<String>,
        /// All known names.
        known: Vec<&'static str>,
    },
    /// Two plugins share a name.
    #[error("two {kind} plugins are called `{name}`, in {} and {}; rename one of them", packages[0], packages[1])]
    Duplicate {
        /// Kind of both.
        kind: &'static str,
        /// The name.
        name: &'static str,
        /// The crates.
        packages: [&'static str; 2],
    },
    /// The plugin refuses its options.
    #[error("options of {kind} `{name}`: {source}")]
    Options {
        /// Kind of the plugin.
        kind: &'static str,
        /// Its name.
        name: &'static str,
        /// What serde says.
        #[source]
        source: serde_json::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_near_ones_and_how_to_link() {
        let unknown = |kind, name: &str, known: &[&'static str]| PluginError::Unknown {
            kind,
            name: name.to_owned(),
            nearest: nearest(name, known.iter().copied()).map(str::to_owned),
            known: known.to_vec(),
        };
        let how = "a plugin of another crate must be linked: `zstat build --with CRATE --output BINARY` (docs/src/plugins.md)";
        for (kind, name, known, wanted) in [
            (
                "loss",
                "bec",
                &["bce", "cls"][..],
                "no loss called `bec` (did you mean `bce`?); this build has bce, cls",
            ),
            ("summary", "histogram", &["bkde"], "no summary called `histogram`; this build has bkde"),
            ("scorer", "mlp", &[], "no scorer called `mlp`; this build has none"),
        ] {
            assert_eq!(unknown(kind, name, known).to_string(), format!("{wanted}; {how}"));
        }
    }
}
