//! A workspace's digest: equal for texts that mean the same model, different for models that differ.
//!
//! Taken over a canonical form: channels, samples, modifiers, observations and parameters sorted by name, numbers as
//! their shortest decimals. The order of measurements stays, since the first is the default.

use serde::Serialize;
use sha2::{Digest, Sha256};
use zstat_core::spec::{Bounds, Channel, Measurement, OneOrMany, ParameterSpec, Sample, Workspace};

use crate::python_json::hex;

/// `sha256:` and 64 hexadecimals. Independent of layout (pyhf's or zstat's), formatting, the order of keys, and the
/// order of channels, samples and modifiers, which models do not depend on either.
pub fn digest(workspace: &Workspace) -> String {
    // Without `..`: a field that is added must be thought of here.
    let Workspace { channels, observations, poi, parameters, constraints, measurements } = workspace;
    let mut hash = Canonical { hash: Sha256::new() };
    hash.text("zstat workspace 1");
    let mut sorted: Vec<&Channel> = channels.iter().collect();
    sorted.sort_by_key(|channel| &channel.name);
    sorted.into_iter().for_each(|channel| hash.channel(channel));
    let mut sorted: Vec<_> = observations.iter().collect();
    sorted.sort_by_key(|&(name, _)| name);
    hash.value("observations", &sorted);
    hash.settings(poi.as_ref(), parameters);
    hash.value("constraints", constraints);
    for Measurement { name, poi, parameters } in measurements {
        hash.value("measurement", name);
        hash.settings(poi.as_ref(), parameters);
    }
    format!("sha256:{}", hex(&hash.hash.finalize()))
}

struct Canonical {
    hash: Sha256,
}

impl Canonical {
    /// Length and bytes: no two sequences of parts have the same bytes.
    fn text(&mut self, text: &str) {
        self.hash.update((text.len() as u64).to_le_bytes());
        self.hash.update(text);
    }

    fn value<T: Serialize + ?Sized>(&mut self, label: &str, value: &T) {
        self.text(label);
        self.text(&canonical(value));
    }

    fn channel(&mut self, channel: &Channel) {
        let Channel { name, samples } = channel;
        self.value("channel", name);
        let mut sorted: Vec<&Sample> = samples.iter().collect();
        sorted.sort_by_key(|sample| &sample.name);
        for Sample { name, data, modifiers, events: _ } in sorted {
            self.value("sample", name);
            self.value("data", data);
            let mut modifiers: Vec<_> = modifiers.iter().map(canonical).collect();
            modifiers.sort();
            modifiers.iter().for_each(|modifier| self.text(modifier));
        }
    }

    fn settings(
        &mut self,
        poi: Option<&OneOrMany<String>>,
        parameters: &indexmap::IndexMap<String, ParameterSpec>,
    ) {
        self.value("poi", poi.map_or(&[][..], OneOrMany::as_slice));
        let mut sorted: Vec<_> = parameters.iter().map(|(name, spec)| (name, unified(spec))).collect();
        sorted.sort_by_key(|&(name, _)| name);
        self.value("parameters", &sorted);
    }
}

/// A value as JSON. What is not finite becomes `null`: such a workspace builds no model.
fn canonical<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| error.to_string())
}

/// A list of one entry means the same as the entry.
fn unified(spec: &ParameterSpec) -> ParameterSpec {
    let numbers = |values: &OneOrMany<f64>| unlisted(values);
    ParameterSpec {
        init: spec.init.as_ref().map(numbers),
        bounds: spec.bounds.as_ref().map(unlisted::<Bounds>),
        fixed: spec.fixed.as_ref().map(unlisted),
        aux: spec.aux.as_ref().map(numbers),
        constraint: spec.constraint.clone(),
        formula: spec.formula.clone(),
    }
}

fn unlisted<T: Clone>(values: &OneOrMany<T>) -> OneOrMany<T> {
    match values {
        OneOrMany::Many(values) if values.len() == 1 => OneOrMany::One(values[0].clone()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
        "channels": [
            {"name": "a", "samples": [
                {"name": "s", "data": [1], "modifiers": [
                    {"name": "mu", "type": "normfactor"}, {"name": "k", "type": "normsys", "lo": 0.9, "hi": 1.1}]},
                {"name": "b", "data": [5]}]},
            {"name": "c", "samples": [{"name": "s", "data": [2]}]}],
        "observations": {"a": [6], "c": [2]},
        "poi": "mu",
        "parameters": {"mu": {"init": 1}, "k": {"aux": 0.5}}
    }"#;

    fn of(text: &str) -> String {
        digest(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn the_same_model_in_other_words_has_the_same_digest() {
        let same = r#"{
            "observations": {"c": [2.0], "a": [6e0]},
            "parameters": {"k": {"aux": [0.5]}, "mu": {"init": [1.0]}},
            "poi": ["mu"],
            "channels": [
                {"samples": [{"data": [2], "name": "s", "modifiers": []}], "name": "c"},
                {"name": "a", "samples": [
                    {"name": "b", "data": [5]},
                    {"name": "s", "data": [1], "modifiers": [
                        {"name": "k", "type": "normsys", "hi": 1.1, "lo": 0.9}, {"name": "mu", "type": "normfactor"}]}]}]
        }"#;
        assert_eq!(of(TEXT), of(same));
        assert!(of(TEXT).starts_with("sha256:") && of(TEXT).len() == 7 + 64);
    }

    #[test]
    fn every_change_of_the_model_shows() {
        let changes = [
            (r#""data": [1]"#, r#""data": [1.0000000000000002]"#),
            (r#""lo": 0.9"#, r#""lo": 0.8"#),
            (r#""hi": 1.1"#, r#""hi": 1.1, "interpolation": "code1""#),
            (r#""poi": "mu""#, r#""poi": "k""#),
            (r#""poi": "mu","#, ""),
            (r#""init": 1"#, r#""init": 2"#),
            (r#""aux": 0.5"#, r#""aux": 0.5, "fixed": true"#),
            (r#""a": [6]"#, r#""a": [7]"#),
            (r#""c", "samples""#, r#""d", "samples""#),
            (
                r#"{"name": "b", "data": [5]}"#,
                r#"{"name": "b", "data": [5], "modifiers": [{"name": "mu", "type": "normfactor"}]}"#,
            ),
            (r#""observations""#, r#""measurements": [{"name": "m"}], "observations""#),
        ];
        let mut seen = vec![of(TEXT)];
        for (old, new) in changes {
            assert!(TEXT.contains(old), "{old}");
            seen.push(of(&TEXT.replacen(old, new, 1)));
        }
        let n = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), n);
    }
}
