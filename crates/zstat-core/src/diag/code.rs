//! The list of fault codes. `docs/errors.md` is generated from it.

use super::Severity;

/// Kind of a fault. `E…` stops, `W…` is lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// Two modifiers, samples or channels that cannot be combined share a name.
    DuplicateName,
    /// A list has not one entry a bin.
    BinCount,
    /// A name that nothing defines.
    UnknownName,
    /// Modifiers or settings that share a parameter disagree about it.
    ParameterConflict,
    /// A parameter setting has a value out of range.
    ParameterSetting,
}

impl Code {
    /// All codes, in the order of `docs/errors.md`.
    pub const ALL: &'static [Self] = &[
        Self::DuplicateName,
        Self::BinCount,
        Self::UnknownName,
        Self::ParameterConflict,
        Self::ParameterSetting,
    ];

    /// The short identifier that is printed.
    pub fn id(self) -> &'static str {
        match self {
            Self::DuplicateName => "E0301",
            Self::BinCount => "E0302",
            Self::UnknownName => "E0303",
            Self::ParameterConflict => "E0401",
            Self::ParameterSetting => "E0402",
        }
    }

    /// One line that says what the code means.
    pub fn title(self) -> &'static str {
        match self {
            Self::DuplicateName => "a name is used twice where it must be unique",
            Self::BinCount => "a list has the wrong number of bins",
            Self::UnknownName => "a name that nothing defines",
            Self::ParameterConflict => "modifiers or settings disagree about a shared parameter",
            Self::ParameterSetting => "a parameter setting is out of range",
        }
    }

    /// Error or warning.
    pub fn severity(self) -> Severity {
        if self.id().starts_with('W') { Severity::Warning } else { Severity::Error }
    }
}
