//! Which faults of meaning may be told of a document that was mended for reading: those that do not follow from a mend.
//!
//! A fault that is left out is told in the next run; one that follows from a guess would mislead. So in doubt it is left out.

use std::collections::HashSet;

use serde_json::Value;

use crate::diag::{Code, Fault, Mend};
use crate::source::{Layout, Made, Mended, Node, pointer};
use crate::text::nearest;

/// The faults that are independent of all mends, at their places in the text. `faults` are of the mended document, with
/// pointers as `layout` takes them.
pub fn independent(faults: Vec<Fault>, mended: &Mended, layout: &dyn Layout) -> Vec<Fault> {
    let doubt = Doubt::of(mended);
    let placed = faults.into_iter().filter_map(|fault| {
        let (pointer, at_key) = layout.translate(&fault.pointer, fault.at_key, mended.root());
        (!doubt.covers(&fault, &pointer)).then(|| mended.placed(fault, &pointer, at_key))
    });
    placed.collect()
}

/// What mends make doubtful.
#[derive(Debug, Default)]
struct Doubt {
    /// Places that are doubtful with all that is inside.
    within: HashSet<String>,
    /// Keys that were renamed: what is inside is the user's own.
    renamed: HashSet<String>,
    /// Lists and mappings around values that were replaced: what is said of them may be of these values.
    around: HashSet<String>,
    /// Names, kinds and settings, of which faults elsewhere may be.
    elsewhere: bool,
    /// Lengths of lists, by which the number of bins is told.
    lengths: bool,
}

impl Doubt {
    fn of(mended: &Mended) -> Self {
        let mut doubt = Self::default();
        mended.made().iter().for_each(|made| doubt.add(made, mended.root()));
        doubt
    }

    fn add(&mut self, made: &Made, root: &Node) {
        let at = &made.pointer;
        if let Mend::Rename(name) = &made.mend {
            self.renamed.insert(at.clone());
            // Another tool's word may be for another list.
            let is_list = root.at(at).is_some_and(|node| !node.items().is_empty());
            self.lengths |= is_list && nearest(&made.key, [name.as_str()]).is_none();
            return;
        }
        self.within.insert(at.clone());
        match &made.mend {
            Mend::Rename(_) => {}
            Mend::Remove | Mend::KeepFirst => {
                self.within.extend(unit(at));
                self.elsewhere = true;
                self.lengths |= !made.was_single || made.mend == Mend::KeepFirst;
            }
            Mend::Read(value) => {
                self.around.extend(prefixes(at).map(str::to_owned));
                self.lengths |= value.is_array();
                self.elsewhere |= value.is_array();
            }
            Mend::StandIn(value) => {
                self.around.extend(prefixes(at).map(str::to_owned));
                self.stand_in(made, value);
            }
        }
    }

    fn stand_in(&mut self, made: &Made, value: &Value) {
        let keys: Vec<_> = pointer::keys(&made.pointer).collect();
        let of_constraint = keys.iter().any(|key| key == "constraint" || key == "constraints");
        let in_modifier = keys.iter().any(|key| key == "modifiers");
        if !value.is_number() || !in_modifier {
            self.within.extend(unit(&made.pointer));
        }
        self.elsewhere |= value.is_string() || value.is_array() || of_constraint;
        self.lengths |= !made.was_single || value.is_array() || made.key == "type";
    }

    /// Whether the fault, which stands at `pointer` of the mended document, may follow from a mend.
    fn covers(&self, fault: &Fault, pointer: &str) -> bool {
        let counts = matches!(fault.code, Code::BinCount | Code::SettingLength);
        prefixes(pointer).any(|place| self.within.contains(place))
            || self.renamed.contains(pointer)
            || !counts && self.around.contains(pointer)
            || self.elsewhere && needs_others(fault)
            || self.lengths && matches!(fault.code, Code::BinCount | Code::Nothing)
    }
}

/// A pointer and those to all that is around its place.
fn prefixes(pointer: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(pointer), |at| at.rsplit_once('/').map(|(around, _)| around))
}

/// The setting, modifier or correlated constraint in which a place is: its parts belong together.
fn unit(at: &str) -> Option<String> {
    let keys: Vec<_> = pointer::keys(at).collect();
    let list = keys.iter().position(|key| ["parameters", "modifiers", "constraints"].contains(&&**key))?;
    (list + 1 < keys.len()).then(|| pointer::from_keys(keys[..=list + 1].iter().map(AsRef::as_ref)))
}

/// Whether a fault is of more than what stands at its place and the lengths of lists: of names that are used or defined
/// elsewhere, of defaults that follow the kind of a modifier.
fn needs_others(fault: &Fault) -> bool {
    match fault.code {
        Code::ParameterSetting => {
            // The reader's own words for what is not in the text.
            fault.message.contains("default") || pointer::keys(&fault.pointer).any(|key| key == "aux")
        }
        Code::DuplicateName
        | Code::UnknownName
        | Code::NotShareable
        | Code::ParameterConflict
        | Code::SettingLength
        | Code::MissingSetting
        | Code::BadPoi
        | Code::BadCovariance
        | Code::BadFormula => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
