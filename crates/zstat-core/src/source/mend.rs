//! Documents with faults of shape, mended as far as can be guessed, so that they can be read for their other faults.
//!
//! In: the tree of a document and the schema that it differs from. Out: a tree that differs less, and what was changed. Places
//! keep the bytes of the text. What may follow from a mend is judged elsewhere (`spec::independent`).

use std::collections::{HashMap, HashSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::walk::{walk, walk_to_mend};
use super::{Node, NodeValue, pointer};
use crate::diag::{Code, Fault, Mend};

/// Mends bring new faults to light, and these have mends: deeper than that nobody's faults are.
const ROUNDS: usize = 8;

/// A mended document.
#[derive(Debug)]
pub struct Mended {
    root: Node,
    made: Vec<Made>,
    /// Names of renamed keys in the text, by their places in the mended document.
    renamed: HashMap<String, String>,
    faults: Vec<Fault>,
    complete: bool,
}

/// One mend that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// Where: a pointer into the mended document, with the new name of a renamed key.
    pub pointer: String,
    /// Name of the key in the text, where there is a key.
    pub key: String,
    /// A single value stood there: no list, no mapping, not nothing, and no text of several numbers.
    pub was_single: bool,
    /// What was changed.
    pub mend: Mend,
}

impl Mended {
    /// Mends the document `root` until it fits `schema`, or nothing more can be mended.
    pub fn of(root: &Node, schema: &Value) -> Self {
        let mut mended = Self {
            root: root.clone(),
            made: vec![],
            renamed: HashMap::new(),
            faults: vec![],
            complete: false,
        };
        let mut told = HashSet::new();
        for round in 0..ROUNDS {
            let all = walk_to_mend(&mended.root, schema);
            if all.is_empty() {
                mended.complete = true;
                break;
            }
            mended.tell(walk(&mended.root, schema, ""), &all, round > 0, &mut told);
            if !mended.apply(all) {
                break;
            }
        }
        mended
    }

    /// What the mended document says; none if something was left that cannot be mended.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        if self.complete { T::deserialize(&self.root).ok() } else { None }
    }

    /// Faults of shape that came to light by mending, at their places in the text: those inside what stands under a
    /// mistyped key, or beside a mistyped `type`.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The mended tree.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// All mends, in the order in which they were made.
    pub fn made(&self) -> &[Made] {
        &self.made
    }

    /// The fault at its place in the text, `pointer` being its place in the mended document.
    #[must_use]
    pub fn placed(&self, fault: Fault, pointer: &str, at_key: bool) -> Fault {
        let span = fault.span.clone().or_else(|| self.root.span_at(pointer, at_key));
        Fault { pointer: self.written(pointer), at_key, span, ..fault }
    }

    /// A pointer into the mended document as one into the text.
    fn written(&self, mended: &str) -> String {
        let (mut now, mut written) = (String::new(), String::new());
        for key in pointer::keys(mended) {
            now = pointer::join(&now, &key);
            written = pointer::join(&written, self.renamed.get(&now).map_or(&*key, String::as_str));
        }
        written
    }

    /// Keeps those of the faults `now` that only mends brought to light, and that are no guesses.
    fn tell(
        &mut self,
        now: Vec<Fault>,
        all: &[Fault],
        follow: bool,
        told: &mut HashSet<(String, Code, String)>,
    ) {
        // Places where something else altogether is expected.
        let wrong = all.iter().filter(|fault| fault.code == Code::WrongType);
        let wrong: HashSet<&str> = wrong.map(|fault| fault.pointer.as_str()).collect();
        for fault in now {
            let is_new = told.insert((fault.pointer.clone(), fault.code, fault.message.clone()));
            if is_new && follow && self.is_opened(&fault.pointer, &wrong) {
                let (pointer, at_key) = (fault.pointer.clone(), fault.at_key);
                let fault = self.placed(fault, &pointer, at_key);
                self.faults.push(fault);
            }
        }
    }

    /// Whether what stands at `at` was not compared with the schema before some mend, and means what the mend takes it for.
    fn is_opened(&self, at: &str, wrong: &HashSet<&str>) -> bool {
        let touched = |made: &Made| match made.mend {
            Mend::Rename(_) => made.pointer == at,
            _ => pointer::is_within(at, &made.pointer),
        };
        let opens = |made: &Made| match &made.mend {
            Mend::Rename(_) => {
                pointer::is_within(at, &made.pointer) && !all_wrong(&self.root, &made.pointer, wrong)
            }
            Mend::Read(Value::String(_)) if made.key == "type" => {
                made.pointer.strip_suffix("/type").is_some_and(|tagged| pointer::is_within(at, tagged))
            }
            _ => false,
        };
        !self.made.iter().any(touched) && self.made.iter().any(opens)
    }

    /// Makes the mends of the faults; false if there were none to make.
    fn apply(&mut self, faults: Vec<Fault>) -> bool {
        let with_mend = faults.into_iter().filter_map(|fault| Some((fault.pointer, *fault.mend?)));
        // First what leaves the places of the others alone.
        let (values, keys): (Vec<_>, Vec<_>) =
            with_mend.partition(|(_, mend)| matches!(mend, Mend::Read(_) | Mend::StandIn(_)));
        let before = self.made.len();
        for (at, mend) in values.into_iter().chain(keys) {
            if let Some(made) = make(&mut self.root, &at, mend) {
                if let Mend::Rename(_) = made.mend {
                    self.renamed.insert(made.pointer.clone(), made.key.clone());
                }
                self.made.push(made);
            }
        }
        self.made.len() > before
    }
}

/// Whether every entry of the list at `list` is wrong: then it is not the list that its key was taken for.
fn all_wrong(root: &Node, list: &str, wrong: &HashSet<&str>) -> bool {
    let items = root.at(list).map_or(&[][..], Node::items);
    let is_wrong = |index: usize| wrong.contains(pointer::join(list, &index.to_string()).as_str());
    !items.is_empty() && (0..items.len()).all(is_wrong)
}

/// Changes the tree; nothing where the place is gone.
fn make(root: &mut Node, at: &str, mend: Mend) -> Option<Made> {
    let keys: Vec<_> = pointer::keys(at).collect();
    let (key, parents) = keys.split_last()?;
    let parent = pointer::from_keys(parents.iter().map(AsRef::as_ref));
    let holder = root.at_mut(&parent)?;
    let child = holder.child_mut(key)?;
    let was_single = is_single(child);
    let mut pointer = at.to_owned();
    match (&mend, &mut holder.value) {
        (Mend::Read(value) | Mend::StandIn(value), _) => {
            holder.child_mut(key)?.value = Node::from_json(value).value;
        }
        (Mend::Rename(name), NodeValue::Map(entries)) => {
            let entry = entries.iter_mut().find(|entry| entry.key == **key)?;
            entry.key.clone_from(name);
            pointer = pointer::join(&parent, name);
        }
        (Mend::Remove | Mend::KeepFirst, NodeValue::Map(entries)) => {
            let mut keep = mend == Mend::KeepFirst;
            entries.retain(|entry| entry.key != **key || std::mem::take(&mut keep));
        }
        (_, _) => return None,
    }
    Some(Made { pointer, key: key.to_string(), was_single, mend })
}

fn is_single(node: &Node) -> bool {
    match &node.value {
        NodeValue::Bool(_) | NodeValue::Number { .. } => true,
        NodeValue::Text(text) => {
            let parts = text.split([' ', ',', ';', '\t']).filter(|part| !part.is_empty());
            let numbers = parts.map(|part| part.parse::<f64>().is_ok()).collect::<Vec<_>>();
            numbers.len() < 2 || numbers.contains(&false)
        }
        NodeValue::Null | NodeValue::List(_) | NodeValue::Map(_) => false,
    }
}

#[cfg(test)]
mod tests;
