//! What a conversion could not carry over.

use std::fmt;

use serde::Serialize;

/// One thing that the target format cannot express; the written file means something else there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// What was lost.
    pub what: String,
    /// Where it stands in the source: a channel, a parameter, a measurement.
    #[serde(rename = "where")]
    pub place: String,
    /// Why the target cannot hold it, and what stands there instead.
    pub why: String,
}

impl Loss {
    pub(crate) fn new(what: impl Into<String>, place: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), place: place.into(), why: why.into() }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: {}", self.what, self.place, self.why)
    }
}
