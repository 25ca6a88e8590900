//! How a fault of shape could be mended for reading on, so that the faults behind it are told along with it.

use serde_json::Value;

/// A change of the marked place after which the document has one fault of shape less. It is for finding more faults: nothing
/// is ever computed with a mended document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mend {
    /// Take the key for this one, which was meant.
    Rename(String),
    /// Leave the key and its value out.
    Remove,
    /// Of a key that is given twice, keep the first.
    KeepFirst,
    /// Take the value for this one, which was meant: the word that was mistyped, the number in the quotes.
    Read(Value),
    /// Put this in place of the value: of the right type, and nobody's meaning.
    StandIn(Value),
}
