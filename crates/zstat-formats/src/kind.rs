//! What a text holds, told from its content: an analysis, a workspace of one layout or another, a patch, or something
//! that zstat does not read.
//!
//! In: any text, broken or not. Out: a [`Kind`]; the reader for it then says what is wrong. Nothing is parsed: JSON is
//! scanned once ([`crate::scan`]), of YAML only the first column is looked at, unless it
//! stands in brackets.

use serde_json::Value;
use zstat_core::source::{Document, Syntax};

use crate::scan::{Shape, json_evidence, yaml_evidence};
use crate::tree::document_tree;

/// What a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An analysis document of zstat: `workspace` and settings.
    Analysis,
    /// A workspace in zstat's own layout, bare.
    NativeWorkspace,
    /// A workspace of pyhf.
    PyhfWorkspace,
    /// A model of pyhf: channels and parameters, no data.
    PyhfModel,
    /// A patch set of pyhf: named patches.
    PatchSet,
    /// A JSON Patch (RFC 6902): a list of operations.
    JsonPatch,
    /// A result that zstat wrote.
    FitResult,
    /// A model in the HEP Statistics Serialization Standard.
    Hs3,
    /// XML, as HistFactory's own files.
    Xml,
    /// A datacard of combine.
    Datacard,
    /// Nothing but white space and comments.
    Empty,
    /// None of these.
    Unknown,
}

impl Kind {
    /// What it is, in words with an article.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Analysis => "a zstat analysis",
            Self::NativeWorkspace => "a zstat workspace",
            Self::PyhfWorkspace => "a pyhf workspace",
            Self::PyhfModel => "a pyhf model without data",
            Self::PatchSet => "a pyhf patch set",
            Self::JsonPatch => "a JSON Patch",
            Self::FitResult => "a result written by zstat",
            Self::Hs3 => "an HS3 model",
            Self::Xml => "an XML file",
            Self::Datacard => "a combine datacard",
            Self::Empty => "empty",
            Self::Unknown => "neither a workspace nor an analysis",
        }
    }

    /// Whether a model can be read from it.
    pub fn is_model(self) -> bool {
        matches!(self, Self::Analysis | Self::NativeWorkspace | Self::PyhfWorkspace | Self::PyhfModel)
    }

    /// Whether it can be given as a patch.
    pub fn is_patch(self) -> bool {
        matches!(self, Self::PatchSet | Self::JsonPatch)
    }
}

/// Tells what `text` holds, by reading all of its top level.
pub fn detect(text: &str) -> Kind {
    detect_with(text, false)
}

/// As [`detect`], but satisfied with the first modifier that has pyhf's `data`: a pyhf model is then called a workspace.
pub(crate) fn detect_quickly(text: &str) -> Kind {
    detect_with(text, true)
}

fn detect_with(text: &str, quick: bool) -> Kind {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.as_bytes().first() {
        None => Kind::Empty,
        Some(b'{' | b'[') if Syntax::of(text) == Syntax::Json => judge(&json_evidence(text, quick)),
        Some(b'{' | b'[') => detect_flow(text),
        Some(b'<') => Kind::Xml,
        Some(_) if is_datacard(text) => Kind::Datacard,
        Some(_) => judge(&yaml_evidence(text)),
    }
}

/// YAML in brackets: nobody writes large files so.
fn detect_flow(text: &str) -> Kind {
    document_tree(&Document::new("", text.to_owned())).map_or(Kind::Unknown, |tree| detect_tree(&tree))
}

/// What the top level of a text shows.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Evidence<'a> {
    /// The keys of the top-level mapping with the shapes of their values, in order.
    pub keys: Vec<(&'a str, Shape)>,
    /// The top level is a list: the keys of its first item, if that is a mapping.
    pub list: Option<Vec<&'a str>>,
    /// Some modifier has a `data` (pyhf) or has none (zstat).
    pub modifier_data: Option<bool>,
}

/// As [`detect`], of a tree.
pub(crate) fn detect_tree(tree: &Value) -> Kind {
    let shape = |value: &Value| match value {
        Value::Object(_) => Shape::Map,
        Value::Array(_) => Shape::List,
        _ => Shape::Scalar,
    };
    let mut evidence = Evidence::default();
    match tree {
        Value::Object(map) => {
            evidence.keys = map.iter().map(|(key, value)| (key.as_str(), shape(value))).collect();
            let channels = map.get("channels").and_then(Value::as_array).into_iter().flatten();
            let samples = channels.filter_map(|channel| channel.get("samples")?.as_array()).flatten();
            let mut modifiers = samples.filter_map(|sample| sample.get("modifiers")?.as_array()).flatten();
            evidence.modifier_data = modifiers.next().map(|modifier| modifier.get("data").is_some());
        }
        Value::Array(items) => {
            evidence.list = Some(match items.first() {
                None => vec![],
                Some(Value::Object(map)) => map.keys().map(String::as_str).collect(),
                Some(_) => vec!["not a mapping"],
            });
        }
        _ => {}
    }
    judge(&evidence)
}

fn judge(evidence: &Evidence<'_>) -> Kind {
    if let Some(item) = &evidence.list {
        let operations = item.is_empty() || item.contains(&"op") || item.contains(&"path");
        return if operations { Kind::JsonPatch } else { Kind::Unknown };
    }
    let shape = |name: &str| evidence.keys.iter().find(|(key, _)| *key == name).map(|&(_, shape)| shape);
    let has = |name: &str| shape(name).is_some();
    let list = |name: &str| shape(name) == Some(Shape::List);
    if evidence.keys.is_empty() {
        Kind::Empty
    } else if has("workspace") {
        Kind::Analysis
    } else if has("patches") {
        Kind::PatchSet
    } else if has("zstat") && (has("status") || has("twice_nll")) {
        Kind::FitResult
    } else if has("distributions") || has("likelihoods") {
        Kind::Hs3
    } else if has("version") && has("measurements")
        || list("observations")
        || evidence.modifier_data == Some(true)
    {
        let data = has("version") || has("measurements") || has("observations");
        if data { Kind::PyhfWorkspace } else { Kind::PyhfModel }
    } else if has("channels") && list("parameters") {
        Kind::PyhfModel
    } else if has("zstat") {
        Kind::Analysis
    } else if has("channels") || has("observations") {
        Kind::NativeWorkspace
    } else {
        Kind::Unknown
    }
}

/// A datacard says the numbers of channels and processes in its first lines, which are no YAML.
fn is_datacard(text: &str) -> bool {
    text.lines().take(50).any(|line| {
        let mut words = line.split_whitespace();
        matches!(words.next(), Some("imax" | "jmax" | "kmax"))
            && words.next().is_some_and(|word| word == "*" || word.parse::<u32>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_apart() {
        let cases = [
            (r#"{"zstat": 1, "workspace": {"channels": []}}"#, Kind::Analysis),
            (r#"{"workspace": {}}"#, Kind::Analysis),
            (r#"{"zstat": 1, "workspce": {}}"#, Kind::Analysis),
            (
                r#"{"channels": [{"name": "a", "samples": []}], "observations": {"a": [1]}}"#,
                Kind::NativeWorkspace,
            ),
            (r#"{"channels": [], "observations": []}"#, Kind::PyhfWorkspace),
            (r#"{"channels": [], "measurements": [], "version": "1.0.0"}"#, Kind::PyhfWorkspace),
            (
                r#"{"channels": [{"samples": [{"modifiers": [{"type": "lumi", "data": null}]}]}]}"#,
                Kind::PyhfModel,
            ),
            (r#"{"channels": [{"samples": [{"modifiers": [{"type": "lumi"}]}]}]}"#, Kind::NativeWorkspace),
            (r#"{"channels": [], "parameters": [{"name": "mu"}]}"#, Kind::PyhfModel),
            (r#"{"metadata": {}, "patches": [], "version": "1.0.0"}"#, Kind::PatchSet),
            (r#"[{"op": "add", "path": "/a", "value": 1}]"#, Kind::JsonPatch),
            ("[]", Kind::JsonPatch),
            ("[1, 2]", Kind::Unknown),
            (r#"{"zstat": "0.1.0", "spec": {}, "status": {}, "twice_nll": 1}"#, Kind::FitResult),
            (r#"{"distributions": [], "metadata": {"hs3_version": "0.2"}}"#, Kind::Hs3),
            ("{}", Kind::Empty),
            (" \n", Kind::Empty),
            ("<!DOCTYPE Combination SYSTEM 'HistFactorySchema.dtd'>", Kind::Xml),
            (r#"{"a": 1}"#, Kind::Unknown),
        ];
        for (text, kind) in cases {
            assert_eq!(detect(text), kind, "{text}");
        }
    }

    #[test]
    fn yaml_is_told_apart() {
        let cases = [
            ("# a\nzstat: 1\nworkspace:\n  channels: []\n", Kind::Analysis),
            ("channels:\n- name: a\nobservations: {a: [1]}\n", Kind::NativeWorkspace),
            ("channels:\n- name: a\nobservations:\n  a: [1]\n", Kind::NativeWorkspace),
            ("channels:\n- name: a\nobservations:\n- name: a\n", Kind::PyhfWorkspace),
            ("\"channels\":\n- name: a\n'observations': [{name: a}]\n", Kind::PyhfWorkspace),
            ("channels: []\nobservations:\n  # c\n  - name: a\n", Kind::PyhfWorkspace),
            ("- op: add\n  path: /a\n", Kind::JsonPatch),
            ("- {op: add, path: /a, value: 1}\n", Kind::JsonPatch),
            ("- { value: 1, 'path': /a, op: add }\n", Kind::JsonPatch),
            ("- {name: a}\n", Kind::Unknown),
            ("patches:\n- metadata: {}\n", Kind::PatchSet),
            ("---\nworkspace: {}\n", Kind::Analysis),
            ("imax 1 number of bins\njmax *\n", Kind::Datacard),
            ("Combination of channels\nimax    2\n", Kind::Datacard),
            ("# nothing\n", Kind::Empty),
            ("hello\n", Kind::Unknown),
        ];
        for (text, kind) in cases {
            assert_eq!(detect(text), kind, "{text}");
        }
    }

    #[test]
    fn the_quick_way_stops_at_the_first_modifier() {
        let text = r#"{"channels": [{"samples": [{"modifiers": [{"data": null, ~~ garbage"#;
        assert_eq!(detect_quickly(text), Kind::PyhfWorkspace);
        // Without a modifier that decides, the quick way goes on to the end.
        let text = r#"{"channels": [{"samples": [{"modifiers": []}]}], "poi": "mu", "observations": {}}"#;
        assert_eq!(detect_quickly(text), Kind::NativeWorkspace);
    }

    #[test]
    fn broken_text_is_judged_by_its_beginning() {
        let cases = [
            ("{", Kind::Empty),
            (r#"{"channels": [{"#, Kind::NativeWorkspace),
            (r#"{"channels": [], "version": "1.0.0", "measurements": [}"#, Kind::PyhfWorkspace),
            (r#"{"a\u0022": "\\", "workspace" "#, Kind::Unknown),
            (r#"{"workspace": {"#, Kind::Analysis),
            ("[[[[", Kind::Unknown),
        ];
        for (text, kind) in cases {
            assert_eq!(detect(text), kind, "{text}");
        }
    }
}
