//! The list of fault codes. `docs/errors.md` is generated from it.
//!
//! E01 the text, E02 the shape of the document, E03 names and bins, E04 parameters, E05 plugins, E06 patches; W01 templates and
//! variations, W02 parameters, W03 data. A number is never given to another meaning.

use serde::{Serialize, Serializer};

use super::Severity;
use super::explain::TABLE;

/// Kind of a fault. `E…` stops, `W…` is lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The file is not UTF-8 text.
    NotUtf8,
    /// The text is not YAML or JSON.
    Syntax,
    /// There is nothing in the file.
    Empty,
    /// Nesting or aliases beyond any use.
    Limit,
    /// A key is given twice.
    DuplicateKey,
    /// The file holds something other than what was asked for.
    WrongFile,
    /// A key that nothing reads.
    UnknownKey,
    /// A key that is needed.
    MissingKey,
    /// A value of another type than expected.
    WrongType,
    /// A word that is none of the possible ones.
    UnknownWord,
    /// A number that is not finite.
    NotFinite,
    /// A number or a length out of its range.
    OutOfRange,
    /// The reader refuses the document for a reason that the schema does not know.
    Unreadable,
    /// Two modifiers, samples or channels that cannot be combined share a name.
    DuplicateName,
    /// A list has not one entry a bin.
    BinCount,
    /// A name that nothing defines.
    UnknownName,
    /// Channels, samples or bins are missing.
    Nothing,
    /// Observed events below zero.
    NegativeObservation,
    /// A factor of a normsys is zero or negative.
    NormSysFactor,
    /// A negative uncertainty.
    NegativeError,
    /// A vector of parameters shared where it cannot be.
    NotShareable,
    /// Modifiers or settings that share a parameter disagree about it.
    ParameterConflict,
    /// A parameter setting has a value out of range.
    ParameterSetting,
    /// A parameter setting has the wrong number of entries.
    SettingLength,
    /// A parameter needs a setting that is missing.
    MissingSetting,
    /// A parameter of interest that cannot be one.
    BadPoi,
    /// A correlated constraint that is not a covariance.
    BadCovariance,
    /// A formula that cannot be read, or has no meaning where it stands.
    BadFormula,
    /// A plugin that is not linked.
    UnknownPlugin,
    /// An operation of a patch cannot be applied.
    PatchOperation,
    /// A patch set has no such patch, or several and none was chosen.
    UnknownPatch,
    /// A patch set was made for another workspace.
    PatchDigest,
    /// Both variations go the same way.
    OneSided,
    /// A variation without effect.
    NoEffect,
    /// A variation that is improbably large.
    HugeEffect,
    /// `lo` and `hi` look swapped.
    Swapped,
    /// A template without events.
    EmptyTemplate,
    /// A bin without background.
    NoBackground,
    /// A bin with a negative expectation.
    NegativeBin,
    /// The same modifier twice on a sample: their effects are combined.
    Composed,
    /// A kinked interpolation.
    Kinked,
    /// A parameter that changes nothing.
    IdleParameter,
    /// Two parameters that do nearly the same.
    Degenerate,
    /// A parameter of interest that the model does not have.
    AbsentPoi,
    /// A setting for a parameter that the model does not have.
    IdleSetting,
    /// Data far from the expectation.
    FarData,
    /// Channels without data.
    NoData,
}

/// What is known of a code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) code: Code,
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) explanation: &'static str,
}

const ALL: [Code; TABLE.len()] = {
    let mut all = [Code::NotUtf8; TABLE.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = TABLE[at].code;
        at += 1;
    }
    all
};

impl Code {
    /// All codes, in the order of `docs/errors.md`.
    pub const ALL: &'static [Self] = &ALL;

    /// The table is in the order of the enum; a test holds it to that.
    fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// The short identifier that is printed.
    pub fn id(self) -> &'static str {
        self.entry().id
    }

    /// One line that says what the code means.
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// Cause and cure, in a few sentences of Markdown.
    pub fn explanation(self) -> &'static str {
        self.entry().explanation
    }

    /// Error or warning.
    pub fn severity(self) -> Severity {
        if self.id().starts_with('W') { Severity::Warning } else { Severity::Error }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_in_order_and_without_repeats() {
        for (at, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.code as usize, at, "{:?} is out of place", entry.code);
            assert!(entry.title.len() < 80 && !entry.title.ends_with('.'), "{}", entry.title);
            assert!(entry.explanation.len() > 80, "{}: say cause and cure", entry.id);
        }
        let mut ids: Vec<_> = Code::ALL.iter().map(|code| code.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), TABLE.len());
        // The last variant has an entry: nothing is missing.
        assert_eq!(Code::NoData as usize + 1, TABLE.len());
    }
}
