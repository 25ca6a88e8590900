//! Tensors with names as bytes: the safetensors format, which the tools of others read.
//!
//! A file is the length of its header in 8 bytes, the header, the data. The header is JSON: `dtype`, `shape` and `data_offsets` of
//! each tensor (its bytes of the data, from and up to), and texts under `__metadata__`. The data have no holes. All numbers are
//! little-endian, and so is the length. Source: the format as described in the README of huggingface/safetensors.

mod fault;
mod header;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use fault::TensorsFault;
use header::{Entry, Header};

/// The numbers of a tensor, the last index fastest.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers<'a> {
    /// Single precision.
    F32(Cow<'a, [f32]>),
    /// Double precision.
    F64(Cow<'a, [f64]>),
}

impl<'a> From<&'a [f32]> for Numbers<'a> {
    fn from(numbers: &'a [f32]) -> Self {
        Self::F32(numbers.into())
    }
}

impl<'a> From<&'a [f64]> for Numbers<'a> {
    fn from(numbers: &'a [f64]) -> Self {
        Self::F64(numbers.into())
    }
}

impl Numbers<'_> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F64(numbers) => numbers.len(),
        }
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of single precision; none where they are doubles.
    pub fn f32(&self) -> Option<&[f32]> {
        if let Self::F32(numbers) = self { Some(numbers) } else { None }
    }

    /// Those of double precision; none where they are singles.
    pub fn f64(&self) -> Option<&[f64]> {
        if let Self::F64(numbers) = self { Some(numbers) } else { None }
    }

    fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F64(_) => Dtype::F64,
        }
    }

    fn append(&self, data: &mut Vec<u8>) {
        match self {
            Self::F32(numbers) => data.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            Self::F64(numbers) => data.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
        }
    }

    /// Back from bytes, as many as whole numbers have.
    fn of(dtype: Dtype, data: &[u8]) -> Self {
        match dtype {
            Dtype::F32 => {
                Self::F32(data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
            }
            Dtype::F64 => {
                Self::F64(data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
            }
        }
    }
}

/// What a number of the data is. In the order in which they stand there: the widest first, so that each begins at a multiple of
/// its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dtype {
    F64,
    F32,
}

impl Dtype {
    const ALL: [Self; 2] = [Self::F64, Self::F32];

    fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
        }
    }

    /// Bytes of a number.
    fn width(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
        }
    }
}

/// A tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its lengths, the slowest index first; none for a single number.
    pub shape: Vec<usize>,
    /// As many numbers as the product of the lengths.
    pub numbers: Numbers<'a>,
}

impl<'a> NamedTensor<'a> {
    /// One with these numbers.
    pub fn new(name: impl Into<Cow<'a, str>>, shape: &[usize], numbers: impl Into<Numbers<'a>>) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), numbers: numbers.into() }
    }
}

/// What a file has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tensors {
    /// Texts with names, in the order of the file.
    pub metadata: Vec<(String, String)>,
    /// Tensors, sorted by name.
    pub tensors: Vec<NamedTensor<'static>>,
}

impl Tensors {
    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<&NamedTensor<'static>> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The text of this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.metadata.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// The file. Names of tensors are sorted in it, texts stay in their order; the order of `tensors` makes no difference.
///
/// # Panics
/// If two tensors or two texts have one name, a tensor is called `__metadata__`, or has not as many numbers as its shape says.
pub fn write(tensors: &[NamedTensor<'_>], metadata: &[(String, String)]) -> Vec<u8> {
    let mut order: Vec<&NamedTensor<'_>> = tensors.iter().collect();
    order.sort_by_key(|tensor| (tensor.numbers.dtype(), &tensor.name));
    let (mut data, mut entries) = (Vec::new(), BTreeMap::new());
    for NamedTensor { name, shape, numbers } in order {
        assert_eq!(header::product(shape), Some(numbers.len()), "numbers of `{name}`, of shape {shape:?}");
        let begin = data.len();
        numbers.append(&mut data);
        let entry = Entry { dtype: numbers.dtype(), shape: shape.clone(), bytes: begin..data.len() };
        assert!(entries.insert(name.clone().into_owned(), entry).is_none(), "two tensors `{name}`");
    }
    let header = Header { metadata: metadata.to_vec(), entries: entries.into_iter().collect() };
    let header = header.to_text();
    let mut file = Vec::with_capacity(8 + header.len() + data.len());
    file.extend((header.len() as u64).to_le_bytes());
    file.extend(header.into_bytes());
    file.extend(data);
    file
}

/// The tensors of a file.
///
/// # Errors
/// Where it is none, is cut, or has anything but tensors of `F32` and `F64` that fill it without holes.
pub fn read(bytes: &[u8]) -> Result<Tensors, TensorsFault> {
    let cut = TensorsFault::Length { found: bytes.len() };
    let (length, rest) = bytes.split_first_chunk().ok_or(cut)?;
    let length = u64::from_le_bytes(*length);
    let cut = TensorsFault::HeaderCut { length, found: rest.len() };
    let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (header, data) = split.ok_or(cut)?;
    let Header { metadata, mut entries } = Header::of_text(header)?;
    header::check_cover(&entries, data.len())?;
    entries.sort_by(|(left, _), (right, _)| left.cmp(right));
    let tensor = |(name, Entry { dtype, shape, bytes }): (String, Entry)| {
        let numbers = Numbers::of(dtype, &data[bytes]);
        NamedTensor { name: name.into(), shape, numbers }
    };
    Ok(Tensors { metadata, tensors: entries.into_iter().map(tensor).collect() })
}
