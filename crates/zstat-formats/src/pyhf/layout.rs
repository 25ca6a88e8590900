//! Where the parts of zstat's workspace stand in a pyhf file, so that a fault of the model points into the user's file.

use std::cell::RefCell;
use std::collections::HashMap;

use zstat_core::source::{self, Node, pointer};

/// The layout of one pyhf file: a workspace, or a model alone. It remembers where names stand, so that it serves for the
/// faults of one file only.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// Index of the first entry of each name, by list.
    names: RefCell<HashMap<String, HashMap<String, usize>>>,
}

impl source::Layout for Layout {
    fn translate(&self, pointer: &str, at_key: bool, root: &Node) -> (String, bool) {
        let keys: Vec<String> = pointer::keys(pointer).map(std::borrow::Cow::into_owned).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let file = File { root, names: &self.names };
        let mut found = file.place(&keys);
        // Keys of zstat's mappings are values of `name` in pyhf's lists.
        if let (["observations", channel], true) = (&keys[..], at_key)
            && let Some(index) = file.named(&["observations"], channel)
        {
            found = path(&["observations", &index, "name"], &[]);
        }
        let last = found.last().map_or("", String::as_str);
        let is_name = last == "name" && keys.last() != Some(&"name");
        let keeps_key = at_key && !is_name && last.parse::<usize>().is_err();
        (pointer::from_keys(found.iter().map(String::as_str)), keeps_key)
    }
}

struct File<'a> {
    root: &'a Node,
    names: &'a RefCell<HashMap<String, HashMap<String, usize>>>,
}

type Path = Vec<String>;

fn path(base: &[&str], rest: &[&str]) -> Path {
    base.iter().chain(rest).map(|&key| key.to_owned()).collect()
}

impl File<'_> {
    fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self.root, |node, key| match key.parse::<usize>() {
            Ok(index) => node.items().get(index).or_else(|| node.get(key)),
            Err(_) => node.get(key),
        })
    }

    fn place(&self, keys: &[&str]) -> Path {
        match *keys {
            ["channels", c, "samples", s, "modifiers", m, ref rest @ ..] => {
                let modifier = ["channels", c, "samples", s, "modifiers", m];
                self.in_modifier(&modifier, rest)
            }
            ["observations"] => path(&["observations"], &[]),
            ["observations", channel, ref rest @ ..] => match self.named(&["observations"], channel) {
                Some(index) => path(&["observations", &index, "data"], rest),
                None => path(&["observations"], &[]),
            },
            ["poi" | "parameters", ..] if self.root.get("measurements").is_some() => {
                self.in_measurement("0", keys)
            }
            ["parameters", name, ref rest @ ..] => self.in_parameters(&["parameters"], name, rest),
            ["measurements", m, ref rest @ ..] => self.in_measurement(m, rest),
            ["poi" | "constraints", ..] => vec![],
            _ => path(keys, &[]),
        }
    }

    fn in_measurement(&self, m: &str, rest: &[&str]) -> Path {
        match *rest {
            ["poi", ..] if self.at(&["measurements", m, "config", "poi"]).is_none() => {
                path(&["measurements", m, "config"], &[])
            }
            ["poi", ..] => path(&["measurements", m, "config", "poi"], &[]),
            ["parameters", name, ref rest @ ..] => {
                self.in_parameters(&["measurements", m, "config", "parameters"], name, rest)
            }
            ["parameters"] => path(&["measurements", m, "config", "parameters"], &[]),
            ["name"] => path(&["measurements", m, "name"], &[]),
            _ => path(&["measurements", m], &[]),
        }
    }

    /// Index of the entry with this name in the list at `keys`.
    fn named(&self, keys: &[&str], name: &str) -> Option<String> {
        let list = keys.join("/");
        let mut names = self.names.borrow_mut();
        if !names.contains_key(&list) {
            let mut places = HashMap::new();
            for (index, item) in self.at(keys)?.items().iter().enumerate() {
                if let Some(name) = item.get("name").and_then(Node::text) {
                    places.entry(name.to_owned()).or_insert(index);
                }
            }
            names.insert(list.clone(), places);
        }
        names.get(&list)?.get(name).map(usize::to_string)
    }

    fn in_parameters(&self, base: &[&str], name: &str, rest: &[&str]) -> Path {
        let Some(index) = self.named(base, name) else { return path(base, &[]) };
        let entry = [base, &[&index]].concat();
        let key = match *rest {
            ["init", ..] => "inits",
            ["aux", ..] => "auxdata",
            ["constraint", "poisson", ..] => "factors",
            ["constraint", ..] => "sigmas",
            [key @ ("bounds" | "fixed"), ..] => key,
            _ => return path(&entry, &["name"]),
        };
        let setting = [&entry[..], &[key]].concat();
        if self.at(&setting).is_none() {
            return path(&entry, &[]);
        }
        let inner = match *rest {
            ["constraint", _, _, ref inner @ ..] | [_, ref inner @ ..] => inner,
            [] => &[],
        };
        // A scalar is a list of one entry in pyhf's layout; where zstat has a list, so has pyhf.
        let whole = path(&setting, &[]);
        let deeper = [&setting[..], inner].concat();
        if self.at(&deeper).is_some() { path(&deeper, &[]) } else { whole }
    }

    fn in_modifier(&self, modifier: &[&str], rest: &[&str]) -> Path {
        let histosys = self.at(modifier).and_then(|m| m.get("type")).and_then(Node::text) == Some("histosys");
        match *rest {
            ["lo", ref rest @ ..] if histosys => path(&[modifier, &["data", "lo_data"]].concat(), rest),
            ["hi", ref rest @ ..] if histosys => path(&[modifier, &["data", "hi_data"]].concat(), rest),
            [key @ ("lo" | "hi"), ..] => path(&[modifier, &["data", key]].concat(), &[]),
            ["errors", ref rest @ ..] => path(&[modifier, &["data"]].concat(), rest),
            ["interpolation" | "constraint", ..] => path(modifier, &[]),
            _ => path(modifier, rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zstat_core::source::Layout as _;

    fn translated(pointer: &str) -> String {
        let file = serde_json::json!({
            "channels": [{"name": "SR", "samples": [{"name": "s", "data": [1], "modifiers": [
                {"name": "a", "type": "histosys", "data": {"lo_data": [1], "hi_data": [1]}},
                {"name": "b", "type": "normsys", "data": {"lo": 1, "hi": 1}},
                {"name": "c", "type": "staterror", "data": [1]}]}]}],
            "observations": [{"name": "CR", "data": [1]}, {"name": "S/R", "data": [1]}],
            "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": [
                {"name": "x"}, {"name": "mu", "inits": [1], "bounds": [[0, 1]], "sigmas": [0.1, 0.2]}]}}],
            "version": "1.0.0"
        });
        Layout::default().translate(pointer, false, &Node::from_json(&file)).0
    }

    #[test]
    fn every_part_of_a_workspace_has_its_place() {
        let m = "/measurements/0/config/parameters/1";
        let cases = [
            ("/channels/0/samples/0/data/0", "/channels/0/samples/0/data/0"),
            ("/channels/0/samples/0/modifiers/0/lo/0", "/channels/0/samples/0/modifiers/0/data/lo_data/0"),
            ("/channels/0/samples/0/modifiers/0/hi", "/channels/0/samples/0/modifiers/0/data/hi_data"),
            ("/channels/0/samples/0/modifiers/1/lo", "/channels/0/samples/0/modifiers/1/data/lo"),
            ("/channels/0/samples/0/modifiers/2/errors/0", "/channels/0/samples/0/modifiers/2/data/0"),
            ("/channels/0/samples/0/modifiers/2/name", "/channels/0/samples/0/modifiers/2/name"),
            ("/channels/0/samples/0/modifiers/1/constraint/normal", "/channels/0/samples/0/modifiers/1"),
            ("/observations/S~1R/0", "/observations/1/data/0"),
            ("/observations/none", "/observations"),
            ("/poi", "/measurements/0/config/poi"),
            ("/parameters/mu/init", &format!("{m}/inits")),
            ("/parameters/mu/bounds", &format!("{m}/bounds")),
            ("/measurements/0/parameters/mu/bounds/1", &format!("{m}/bounds")),
            ("/measurements/0/parameters/mu/constraint/normal/sigma/1", &format!("{m}/sigmas/1")),
            ("/measurements/0/parameters/mu/aux", m),
            ("/measurements/0/parameters/none/aux", "/measurements/0/config/parameters"),
            ("/measurements/0/name", "/measurements/0/name"),
            ("/constraints/0", ""),
            ("", ""),
        ];
        for (native, pyhf) in cases {
            assert_eq!(translated(native), pyhf, "{native}");
        }
    }
}
