//! Choices of a schema (`anyOf`, `oneOf`): find the branch that was meant, and say what is wrong with that one.

use serde_json::Value;

use super::Walk;
use super::words::{required, words};
use crate::diag::{Code, Fault, Mend};
use crate::source::{Entry, Node, NodeValue};
use crate::text::{list_of, nearest};

impl<'s> Walk<'s> {
    pub(super) fn choose(
        &mut self,
        node: &Node,
        schema: &'s Value,
        branches: &'s [Value],
        written: &'s Value,
    ) {
        let branches = self.flatten(branches, 0);
        if let (NodeValue::Map(entries), Some(variants)) = (&node.value, variants(&branches)) {
            return self.variant(node, entries, &variants);
        }
        if let NodeValue::Text(text) = &node.value {
            let known: Vec<&str> = branches.iter().flat_map(|branch| words(branch)).collect();
            let free_text = branches.iter().any(|branch| {
                words(branch).is_empty() && self.has_type(node, branch) && branch.get("type").is_some()
            });
            if known.contains(&text.as_str()) {
                return;
            }
            if !known.is_empty() && !free_text {
                return self.unknown_choice(node, text, known, &branches, schema);
            }
        }
        let fitting: Vec<&'s Value> =
            branches.iter().copied().filter(|branch| self.has_type(node, branch)).collect();
        match fitting.as_slice() {
            [] => self.wrong_type(node, schema, written),
            [one] => self.value(node, one),
            several => {
                // The branch with the fewest faults is the one that was meant.
                let tried = several.iter().map(|branch| self.tried(node, branch, self.mending));
                if let Some(best) = tried.min_by_key(Vec::len) {
                    self.faults.extend(best);
                }
            }
        }
    }

    /// The faults of `node`, were it to stand here with this schema.
    pub(super) fn tried(&self, node: &Node, schema: &'s Value, mending: bool) -> Vec<Fault> {
        // Without the faults so far: there may be many, and choices, too.
        let (root, path, infinite) = (self.root, self.path.clone(), self.infinite);
        let mut trial = Walk { root, faults: Vec::new(), path, infinite, mending };
        trial.value(node, schema);
        trial.faults
    }

    /// The branches behind references and inside nested choices.
    fn flatten(&self, branches: &'s [Value], depth: usize) -> Vec<&'s Value> {
        let mut all = Vec::new();
        for branch in branches {
            let branch = self.resolve(branch);
            match super::words::choices(branch) {
                Some(inner) if depth < 8 => all.extend(self.flatten(inner, depth + 1)),
                _ => all.push(branch),
            }
        }
        all
    }

    /// A mapping with one key that names the variant (`{normal: {sigma: 1}}`).
    fn variant(&mut self, node: &Node, entries: &[Entry], variants: &[(&'s str, &'s Value)]) {
        self.keys(entries);
        let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
        if entries.len() != 1 {
            let message = format!(
                "{} has {} keys, expected one of {}",
                self.subject(),
                entries.len(),
                list_of(&names, "or")
            );
            return self.push(Code::WrongType, node, message, None);
        }
        for entry in entries {
            match variants.iter().find(|(name, _)| *name == entry.key) {
                Some((_, schema)) => self.member(entry, schema),
                None => {
                    let message = format!(
                        "{} has the key `{}`, expected {}",
                        self.subject(),
                        entry.key,
                        list_of(&names, "or")
                    );
                    let near = nearest(&entry.key, names.iter().copied());
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    self.push_key(Code::UnknownWord, entry, message, help);
                    self.mend(|_| near.map(|near| Mend::Rename(near.to_owned())));
                }
            }
        }
    }

    /// A word that is none of a choice's: a mistyped one, or a variant without its mapping.
    fn unknown_choice(
        &mut self,
        node: &Node,
        text: &str,
        mut known: Vec<&'s str>,
        branches: &[&'s Value],
        schema: &'s Value,
    ) {
        let variants = variants(branches).unwrap_or_default();
        if let Some((name, of_variant)) = variants.iter().find(|(name, _)| *name == text) {
            let keys = required(self.resolve(of_variant));
            let form = keys.iter().map(|key| format!("{key}: …")).collect::<Vec<_>>().join(", ");
            let message = format!("{} is `{name}` without {}", self.subject(), list_of(&keys, "and"));
            return self.push(
                Code::MissingKey,
                node,
                message,
                Some(format!("write `{{{name}: {{{form}}}}}`")),
            );
        }
        known.extend(variants.iter().map(|(name, _)| *name));
        self.unknown_word(node, text, &known, schema);
    }

    /// Whether `schema` accepts values of a type.
    pub(super) fn accepts(&self, schema: &'s Value, name: &str) -> bool {
        let schema = self.resolve(schema);
        if let Some(branches) = super::words::choices(schema) {
            return self.flatten(branches, 0).iter().any(|branch| self.accepts(branch, name));
        }
        match schema.get("type") {
            Some(Value::String(of)) => of == name,
            Some(Value::Array(all)) => all.iter().any(|of| of == name),
            _ => false,
        }
    }

    /// All words that a schema of constants, or a choice of them, allows; none where other text is allowed as well.
    pub(super) fn all_words(&self, schema: &'s Value) -> Vec<&'s str> {
        let schema = self.resolve(schema);
        match super::words::choices(schema) {
            Some(branches) => self.flatten(branches, 0).into_iter().flat_map(words).collect(),
            None => words(schema),
        }
    }
}

/// The object branches of an externally tagged enum, by their one key; none if there is another kind of object.
fn variants<'s>(branches: &[&'s Value]) -> Option<Vec<(&'s str, &'s Value)>> {
    let objects =
        branches.iter().filter(|branch| branch.get("type").and_then(Value::as_str) == Some("object"));
    let variants: Option<Vec<_>> = objects
        .map(|branch| {
            let properties = branch.get("properties")?.as_object()?;
            let (name, schema) = properties.iter().next()?;
            let only = properties.len() == 1
                && branch.get("additionalProperties") == Some(&Value::Bool(false))
                && required(branch) == [name.as_str()];
            only.then_some((name.as_str(), schema))
        })
        .collect();
    variants.filter(|variants| !variants.is_empty())
}
