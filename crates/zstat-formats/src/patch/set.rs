//! pyhf's patch sets: the layout of the file, and which of its patches is meant.
//!
//! Source: pyhf 0.7.6, `schemas/1.0.0/defs.json` and `patchset.py`. Reading is lazy: only the chosen patch is parsed,
//! because published sets hold hundreds of them in tens of megabytes.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use zstat_core::text::{glob_matches, is_glob, nearest};

use crate::pyhf::known_version;

/// A patch set; `P` is what a patch's operations are read as.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PatchSet")]
pub(super) struct PatchSet<P> {
    /// What the patches are for.
    pub metadata: SetMetadata,
    /// The patches.
    #[schemars(length(min = 1))]
    pub patches: Vec<NamedPatch<P>>,
    /// Version of the layout: `1.0.0`.
    #[serde(deserialize_with = "known_version")]
    #[schemars(extend("const" = crate::pyhf::VERSION))]
    #[allow(dead_code, reason = "checked while it is read")]
    pub version: String,
}

/// What the patches of a set are for. Other keys are for people.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct SetMetadata {
    /// Digests of the workspace that the patches are for, by algorithm.
    #[schemars(length(min = 1))]
    pub digests: IndexMap<String, String>,
    /// What each of a patch's values is.
    #[schemars(length(min = 1))]
    pub labels: Vec<String>,
}

/// One patch of a set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NamedPatch")]
pub(super) struct NamedPatch<P> {
    /// How it is called.
    pub metadata: PatchMetadata,
    /// Its operations.
    pub patch: P,
}

/// How a patch is called. Other keys are for people.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PatchMetadata {
    /// Name, unique in the set.
    pub name: String,
    /// A value for each label of the set, unique in the set together.
    pub values: Vec<PatchValue>,
}

/// A number or a text.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PatchValue {
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(String),
}

/// A patch set read from JSON: the operations are left as text.
pub(super) type JsonPatchSet<'a> = PatchSet<JsonText<'a>>;

/// A part of a JSON text, as it stands.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct JsonText<'a>(#[serde(borrow)] pub &'a RawValue);

/// A patch set as [`Value`]s, for its schema and for YAML.
pub(super) type TreePatchSet = PatchSet<Vec<Operation>>;

/// One operation of a JSON Patch (RFC 6902). What is needed beside `op` and `path` depends on `op`.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code, reason = "the operations are read from the tree, with their places; this is their schema")]
pub(super) struct Operation {
    /// add, remove, replace, move, copy or test.
    op: Op,
    /// JSON pointer (RFC 6901) of the place to change.
    path: String,
    /// JSON pointer of the place to move or copy from.
    #[serde(default)]
    from: Option<String>,
    /// The value to add, to put in place, or to compare with.
    #[serde(default)]
    value: Value,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Op {
    Add,
    Remove,
    Replace,
    Move,
    Copy,
    Test,
}

/// Why none of the patches of a set is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoPatch {
    pub message: String,
    pub help: Option<String>,
}

impl PatchMetadata {
    /// Whether `wanted` is this patch's name or its values, as `1300,100` or `[1300, "a"]`.
    fn is(&self, wanted: &str) -> bool {
        self.name == wanted || self.has_values(wanted)
    }

    fn has_values(&self, wanted: &str) -> bool {
        let inner = wanted.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')', ',']);
        let wanted: Vec<_> = inner.split(',').map(str::trim).collect();
        wanted.len() == self.values.len()
            && wanted.iter().zip(&self.values).all(|(text, value)| value.is(text))
    }

    fn values_text(&self) -> String {
        self.values.iter().map(PatchValue::text).collect::<Vec<_>>().join(",")
    }
}

impl PatchValue {
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Number(number) => text.parse().is_ok_and(|value: f64| number.as_f64() == Some(value)),
            Self::Text(value) => value == text.trim_matches(['"', '\'']),
        }
    }

    /// As it is written, a text without quotes.
    pub fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl<P> PatchSet<P> {
    /// The set without operations, and the operations of each patch.
    pub(super) fn taken_apart(self) -> (PatchSet<()>, Vec<P>) {
        let Self { metadata, patches, version } = self;
        let apart = patches
            .into_iter()
            .map(|NamedPatch { metadata, patch }| (NamedPatch { metadata, patch: () }, patch));
        let (patches, operations) = apart.unzip();
        (PatchSet { metadata, patches, version }, operations)
    }

    /// Index of the patch that `wanted` names; the only one if none is named.
    pub(super) fn find(&self, wanted: Option<&str>) -> Result<usize, NoPatch> {
        let names = || self.patches.iter().map(|patch| patch.metadata.name.as_str());
        let Some(wanted) = wanted else {
            return match self.patches.len() {
                1 => Ok(0),
                n => Err(NoPatch {
                    message: format!("the patch set has {n} patches, and none was chosen"),
                    help: Some(format!("choose one as FILE:NAME; its patches are {}", listed(names()))),
                }),
            };
        };
        let by_name = self.patches.iter().position(|patch| patch.metadata.name == wanted);
        let found = by_name.or_else(|| self.patches.iter().position(|patch| patch.metadata.is(wanted)));
        found.ok_or_else(|| {
            let near = if means_several(wanted) {
                let commands = "`zstat limit`, `zstat hypotest` and `zstat significance`";
                Some(format!("several patches in one run are for {commands}; "))
            } else {
                nearest(wanted, names().chain([ALL])).map(|near| format!("did you mean `{near}`? "))
            };
            let labels = self.metadata.labels.join(", ");
            NoPatch {
                message: format!(
                    "the patch set has no patch `{wanted}`, neither by name nor by its values of {labels}"
                ),
                help: Some(format!("{}its patches are {}", near.unwrap_or_default(), listed(names()))),
            }
        })
    }

    /// What pyhf refuses beyond the schema: pointers into the file and messages.
    pub(super) fn contradictions(&self) -> Vec<(String, String)> {
        let mut all = vec![];
        if self.patches.is_empty() {
            all.push(("/patches".to_owned(), "the patch set has no patches".to_owned()));
        }
        let mut names: IndexMap<&str, usize> = IndexMap::new();
        let mut values: IndexMap<String, usize> = IndexMap::new();
        let labels = self.metadata.labels.len();
        for (i, NamedPatch { metadata, .. }) in self.patches.iter().enumerate() {
            let at = format!("/patches/{i}/metadata");
            if let Some(first) = names.get(&*metadata.name) {
                let message = format!("patches {first} and {i} are both called `{}`", metadata.name);
                all.push((format!("{at}/name"), message));
            }
            names.entry(&metadata.name).or_insert(i);
            let text = metadata.values_text();
            if metadata.values.len() != labels {
                let n = metadata.values.len();
                let count = |n, noun| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
                let (values, labels) = (count(n, "value"), count(labels, "label"));
                let message = format!("patch `{}` has {values} for {labels}", metadata.name);
                all.push((format!("{at}/values"), message));
            } else if let Some(first) = values.get(&text) {
                let message = format!("patches {first} and {i} both have the values {text}");
                all.push((format!("{at}/values"), message));
            }
            values.entry(text).or_insert(i);
        }
        all
    }
}

/// All patches of a set, where no patch is called so.
const ALL: &str = "ALL";

/// Whether a name that no patch has stands for several: `ALL`, or a glob.
pub(crate) fn means_several(name: &str) -> bool {
    name == ALL || is_glob(name)
}

/// Whether the patch called `name` is one of those that `wanted` stands for.
pub(crate) fn is_meant(wanted: &str, name: &str) -> bool {
    wanted == ALL || glob_matches(wanted, name)
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 100;
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}
