//! The header of a file of tensors: JSON in, JSON out, and whether it fits the data.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Dtype, TensorsFault};

/// The name under which texts are.
const METADATA: &str = "__metadata__";

/// What a header has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    /// Texts with names.
    pub metadata: Vec<(String, String)>,
    /// Tensors by name.
    pub entries: Vec<(String, Entry)>,
}

/// A tensor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Of the data.
    pub bytes: Range<usize>,
}

/// A tensor, as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

impl Header {
    /// JSON, filled up with spaces: the data after it begin at a multiple of 8 bytes.
    ///
    /// # Panics
    /// If two texts have one name, or a tensor that of the texts.
    pub fn to_text(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let mut members = Vec::with_capacity(1 + self.entries.len());
        if !self.metadata.is_empty() {
            assert_eq!(twice(&self.metadata), None, "a text is there twice");
            let texts = self.metadata.iter().map(|(name, text)| format!("{}:{}", quoted(name), quoted(text)));
            members.push(format!("{}:{{{}}}", quoted(METADATA), texts.collect::<Vec<_>>().join(",")));
        }
        for (name, Entry { dtype, shape, bytes }) in &self.entries {
            assert_ne!(name, METADATA, "the name of a tensor");
            let (name, dtype, shape) = (quoted(name), dtype.name(), Value::from(shape.clone()));
            let Range { start, end } = bytes;
            members.push(format!(
                r#"{name}:{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{start},{end}]}}"#
            ));
        }
        let mut text = format!("{{{}}}", members.join(","));
        text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(8) - text.len()));
        text
    }

    /// Back from JSON.
    pub fn of_text(text: &[u8]) -> Result<Self, TensorsFault> {
        if text.first() != Some(&b'{') {
            return Err(TensorsFault::HeaderStart);
        }
        let members: Members<Box<RawValue>> = serde_json::from_slice(text).map_err(TensorsFault::Header)?;
        let mut header = Self { metadata: Vec::new(), entries: Vec::new() };
        for (name, member) in members.distinct()? {
            let fault = |fault| TensorsFault::Member { name: name.clone(), fault };
            if name == METADATA {
                let texts: Members<String> = serde_json::from_str(member.get()).map_err(fault)?;
                header.metadata = texts.distinct()?;
            } else {
                let written: Written = serde_json::from_str(member.get()).map_err(fault)?;
                let entry = written.check(&name)?;
                header.entries.push((name, entry));
            }
        }
        Ok(header)
    }
}

impl Written {
    fn check(self, name: &str) -> Result<Entry, TensorsFault> {
        let name = || name.to_owned();
        let Self { dtype, shape, data_offsets: [begin, end] } = self;
        let Some(dtype) = Dtype::ALL.into_iter().find(|known| known.name() == dtype) else {
            return Err(TensorsFault::Dtype { name: name(), found: dtype });
        };
        let Some(expected) = product(&shape).and_then(|numbers| numbers.checked_mul(dtype.width())) else {
            return Err(TensorsFault::Shape { name: name(), shape });
        };
        let Some(found) = end.checked_sub(begin) else {
            return Err(TensorsFault::Backwards { name: name(), begin, end });
        };
        if found != expected {
            return Err(TensorsFault::Size { name: name(), shape, expected, found });
        }
        Ok(Entry { dtype, shape, bytes: begin..end })
    }
}

/// How many numbers there are; none where that cannot be counted.
pub(super) fn product(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, length| product.checked_mul(*length))
}

/// Do the tensors fill `length` bytes of data, each byte once?
pub(super) fn check_cover(entries: &[(String, Entry)], length: usize) -> Result<(), TensorsFault> {
    let mut order: Vec<_> = entries.iter().map(|(name, entry)| (&entry.bytes, name)).collect();
    order.sort_by_key(|(bytes, name)| (bytes.start, bytes.end, *name));
    let mut before: Option<&String> = None;
    let mut covered = 0;
    for (bytes, name) in order {
        let Range { start, end } = *bytes;
        if end > length {
            return Err(TensorsFault::Cut { name: name.clone(), end, found: length });
        }
        match before {
            Some(other) if start < covered => {
                return Err(TensorsFault::Overlap { name: name.clone(), begin: start, other: other.clone() });
            }
            _ if start > covered => return Err(TensorsFault::Hole { begin: covered, end: start }),
            _ => (before, covered) = (Some(name), end),
        }
    }
    if covered < length { Err(TensorsFault::Hole { begin: covered, end: length }) } else { Ok(()) }
}

/// The members of an object in their order; a name may be there twice.
struct Members<T>(Vec<(String, T)>);

impl<T> Members<T> {
    fn distinct(self) -> Result<Vec<(String, T)>, TensorsFault> {
        match twice(&self.0) {
            Some(name) => Err(TensorsFault::Twice { name: name.to_owned() }),
            None => Ok(self.0),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

struct InOrder<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
    type Value = Members<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// The first name that was there before.
fn twice<T>(members: &[(String, T)]) -> Option<&str> {
    let mut names = BTreeSet::new();
    members.iter().map(|(name, _)| name.as_str()).find(|name| !names.insert(*name))
}
