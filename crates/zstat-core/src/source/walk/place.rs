//! Where a fault is: in words for the message, as a pointer and as bytes.

use super::Walk;
use crate::diag::{Code, Fault};
use crate::source::{Entry, Node, pointer};

/// Where a fault is, in words.
impl Walk<'_> {
    /// "channel `SR`", for an item of `channels` with the name SR.
    pub(super) fn name_of_item(&self, item: &Node) -> Option<String> {
        let list = &self.path.last()?.key;
        let singular = list.strip_suffix("ches").map(|stem| format!("{stem}ch"));
        let singular = singular.or_else(|| list.strip_suffix('s').map(str::to_owned));
        let singular = singular.filter(|word| !word.is_empty())?;
        Some(format!("{singular} `{}`", item.get("name")?.text()?))
    }

    /// The mapping that is looked at, with a colon: "modifier `jes` of sample `signal` of channel `SR`: "; nothing for
    /// the document itself.
    pub(super) fn place(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!("{}: ", self.subject()) }
    }

    /// "modifier `jes` of sample `signal` of channel `SR`: ", or nothing outside named things.
    fn named_place(&self) -> String {
        let names: Vec<&str> = self.path.iter().rev().filter_map(|step| step.name.as_deref()).collect();
        if names.is_empty() { String::new() } else { format!("{}: ", names.join(" of ")) }
    }

    /// The place and, within it, the path of what is wrong.
    pub(super) fn subject(&self) -> String {
        let from = self.path.iter().rposition(|step| step.name.is_some()).map_or(0, |at| at + 1);
        let mut path = String::new();
        for step in &self.path[from..] {
            match (step.index, path.is_empty()) {
                (true, _) => path += &format!("[{}]", step.key),
                (false, true) => path += &step.key,
                (false, false) => path += &format!(".{}", step.key),
            }
        }
        if path.is_empty() {
            let place = self.named_place();
            let place = place.trim_end_matches(": ");
            return if place.is_empty() { "the document".to_owned() } else { place.to_owned() };
        }
        format!("{}`{path}`", self.named_place())
    }

    /// The subject that a key of the mapping would be.
    pub(super) fn subject_of(&self, key: &str) -> String {
        format!("{}`{key}`", self.place())
    }

    fn pointer(&self) -> String {
        pointer::from_keys(self.path.iter().map(|step| step.key.as_str()))
    }

    pub(super) fn fault(&self, code: Code, node: &Node, message: String) -> Fault {
        let mut fault = Fault::new(code, self.pointer(), message);
        fault.span = node.span.clone();
        fault
    }

    pub(super) fn push(&mut self, code: Code, node: &Node, message: String, help: Option<String>) {
        let mut fault = self.fault(code, node, message);
        fault.help = help;
        self.faults.push(fault);
    }

    pub(super) fn push_key(&mut self, code: Code, entry: &Entry, message: String, help: Option<String>) {
        let mut fault = Fault::new(code, pointer::join(&self.pointer(), &entry.key), message).at_key();
        fault.span = entry.key_span.clone();
        fault.help = help;
        self.faults.push(fault);
    }
}
