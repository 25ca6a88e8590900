//! The file of `--data`: observations by channel.

use std::collections::HashMap;
use std::path::Path;

use zstat_core::diag::{Code, Fault};
use zstat_core::model::Model;
use zstat_core::source::{Entry, Node, NodeValue, pointer};
use zstat_core::text::nearest;

use crate::data::Observations;
use crate::failure::{Failure, OptionFault};
use crate::side::SideFile;

const FORMS: &str =
    "give `{CHANNEL: [n0, n1, ..]}`, pyhf's list of `{name, data}`, or a workspace with `observations`";

/// Reads the observations of a file: `{channel: [..]}`, pyhf's list, or anything with `observations` of either form. The
/// file and the model must agree about channels and bins; whatever is wrong is a fault of `--data`, all of it.
///
/// # Errors
/// Where the file cannot be read.
pub fn read(model: &Model, path: &Path, faults: &mut Vec<OptionFault>) -> Result<Observations, Failure> {
    let file = SideFile::open("--data", FORMS, path)?;
    let mut reader = Reader { file: &file, model, observations: Observations::new(), faults: Vec::new() };
    match file.tree() {
        Ok(root) => reader.root(root),
        Err(fault) => {
            faults.push(fault);
            return Ok(Observations::new());
        }
    }
    let Reader { observations, faults: found, .. } = reader;
    faults.extend(found.into_iter().map(|fault| file.fault(fault)));
    Ok(observations)
}

struct Reader<'a> {
    file: &'a SideFile,
    model: &'a Model,
    observations: Observations,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn root(&mut self, root: &Node) {
        let (mut node, mut at) = (root, String::new());
        // `observations` is a key of a workspace, and not a channel, where it does not hold numbers.
        for key in ["workspace", "observations"] {
            self.faults.extend(
                self.file.repeated(node, &at).into_iter().filter(|fault| fault.pointer.ends_with(key)),
            );
            if let Some(inner) = node.get(key).filter(|inner| !is_numbers(inner)) {
                at = pointer::join(&at, key);
                node = inner;
            }
        }
        match &node.value {
            NodeValue::Map(_) if self.is_workspace(node) => {
                let message = "the file has no `observations`".to_owned();
                self.faults.push(self.file.at(node, Code::MissingKey, &at, message).help(FORMS));
                return;
            }
            NodeValue::Map(entries) => self.by_channel(node, entries, &at),
            NodeValue::List(items) => self.list(items, &at),
            _ => {
                let message = format!("the file {}, expected observations by channel", node.found());
                self.faults.push(self.file.at(node, Code::WrongType, &at, message).help(FORMS));
                return;
            }
        }
        self.missing(node, &at);
    }

    /// A workspace, or an analysis, that holds no observations.
    fn is_workspace(&self, node: &Node) -> bool {
        let is_channel = |key: &str| self.channels().any(|channel| channel == key);
        ["channels", "workspace"].into_iter().any(|key| node.get(key).is_some() && !is_channel(key))
    }

    fn by_channel(&mut self, node: &Node, entries: &[Entry], at: &str) {
        self.faults.extend(self.file.repeated(node, at));
        for entry in entries {
            if self.is_known(&entry.key, || self.file.at_key(entry, Code::UnknownName, at, String::new())) {
                self.counts(&entry.key, &entry.node, &pointer::join(at, &entry.key));
            }
        }
    }

    fn list(&mut self, items: &[Node], at: &str) {
        let mut first: HashMap<&str, usize> = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            let at = pointer::join(at, &index.to_string());
            let (Some(name), Some(data)) = (item.get("name").and_then(Node::text), item.get("data")) else {
                let message =
                    format!("entry {index} {}, expected `name` and `data` of a channel", lacks(item));
                self.faults.push(self.file.at(item, Code::WrongType, &at, message).help(FORMS));
                continue;
            };
            self.faults.extend(self.file.repeated(item, &at));
            let name_at = pointer::join(&at, "name");
            if let Some(earlier) = first.get(name) {
                let message = format!("channel `{name}` has observations in entry {earlier} already");
                let fault = Fault::new(Code::DuplicateName, name_at, message).help("keep one of the two");
                self.faults.push(fault);
                continue;
            }
            first.insert(name, index);
            if self.is_known(name, || Fault::new(Code::UnknownName, name_at, "")) {
                self.counts(name, data, &pointer::join(&at, "data"));
            }
        }
    }

    /// Whether the model has this channel; if not, a fault at the place that `place` makes.
    fn is_known(&mut self, name: &str, place: impl FnOnce() -> Fault) -> bool {
        if self.channels().any(|channel| channel == name) {
            return true;
        }
        let help = match nearest(name, self.channels()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the model has {}", self.channels().collect::<Vec<_>>().join(", ")),
        };
        let message = format!("data are given for channel `{name}`, which the model does not have");
        self.faults.push(Fault { message, ..place() }.help(help));
        false
    }

    fn channels(&self) -> impl Iterator<Item = &str> {
        self.model.channels().iter().map(|channel| channel.name.as_str())
    }

    fn counts(&mut self, name: &str, node: &Node, at: &str) {
        let NodeValue::List(items) = &node.value else {
            let message =
                format!("the data of channel `{name}` {}, expected a list of numbers", past(&node.found()));
            self.faults.push(self.file.at(node, Code::WrongType, at, message));
            self.observations.insert(name.to_owned(), Vec::new());
            return;
        };
        let bins = self.model.channels().iter().find(|channel| channel.name == name);
        let bins = bins.map_or(0, |channel| channel.bins.len());
        if items.len() != bins {
            let numbers = if items.len() == 1 { "number" } else { "numbers" };
            let message = format!(
                "channel `{name}` has {bins} {} in the model, found {} {numbers}",
                if bins == 1 { "bin" } else { "bins" },
                items.len()
            );
            self.faults.push(self.file.at(node, Code::BinCount, at, message));
        }
        let mut counts = Vec::with_capacity(items.len());
        for (bin, item) in items.iter().enumerate() {
            let at = pointer::join(at, &bin.to_string());
            match self.file.number(item, &at, &format!("bin {bin} of channel `{name}`")) {
                Ok(count) if count >= 0.0 => counts.push(count),
                Ok(count) => {
                    let message =
                        format!("bin {bin} of channel `{name}` has {count} events, expected zero or more");
                    self.faults.push(self.file.at(item, Code::NegativeObservation, &at, message));
                }
                Err(fault) => self.faults.push(fault),
            }
        }
        self.observations.insert(name.to_owned(), counts);
    }

    /// Channels of which the file says nothing, unless a misspelt one is probably meant.
    fn missing(&mut self, node: &Node, at: &str) {
        let meant = |channel: &str| {
            self.faults
                .iter()
                .any(|fault| fault.help.as_deref() == Some(&*format!("did you mean `{channel}`?")))
        };
        let missing: Vec<&str> = self
            .channels()
            .filter(|channel| !self.observations.contains_key(*channel) && !meant(channel))
            .collect();
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("no observations of {}", names.join(", "));
            let fault = self.file.at(node, Code::Nothing, at, message);
            self.faults.push(fault.help(format!("{FORMS}; to leave a channel out, blind it in a full file")));
        }
    }
}

fn is_numbers(node: &Node) -> bool {
    let items = node.items();
    !items.is_empty() && items.iter().all(|item| matches!(item.value, NodeValue::Number { .. }))
}

/// What an entry of pyhf's list is instead.
fn lacks(item: &Node) -> String {
    match &item.value {
        NodeValue::Map(_) => {
            let missing: Vec<&str> =
                ["name", "data"].into_iter().filter(|key| item.get(key).is_none()).collect();
            if missing.is_empty() {
                "has a `name` that is no text".to_owned()
            } else {
                format!("has no `{}`", missing.join("` and no `"))
            }
        }
        _ => item.found(),
    }
}

/// "is a mapping" of a plural subject.
fn past(found: &str) -> String {
    match found.strip_prefix("is ") {
        Some(rest) => format!("are {rest}"),
        None => found.replacen("has ", "have ", 1),
    }
}
