//! What is wrong with a file of tensors.

/// Why a file of tensors is refused.
#[derive(Debug, thiserror::Error)]
pub enum TensorsFault {
    /// Too short for the length of its header.
    #[error(
        "the file has {found} bytes, the length of its header alone takes 8; it is cut, or no file of tensors"
    )]
    Length {
        /// Bytes of the file.
        found: usize,
    },
    /// It ends before its header does.
    #[error(
        "the header should have {length} bytes, {found} are left; the file is cut, or no file of tensors"
    )]
    HeaderCut {
        /// Bytes of the header, as the file says.
        length: u64,
        /// Bytes after the length.
        found: usize,
    },
    /// The header begins otherwise.
    #[error("the header has to begin with `{{`; this is no file of tensors")]
    HeaderStart,
    /// The header is no JSON object.
    #[error("the header is no JSON object: {0}")]
    Header(serde_json::Error),
    /// A member of the header is not what it should be.
    #[error("`{name}` in the header cannot be read: {fault}")]
    Member {
        /// The name of a tensor, or that of the texts.
        name: String,
        /// What is wrong.
        fault: serde_json::Error,
    },
    /// A name is there twice.
    #[error("the header has `{name}` twice")]
    Twice {
        /// The name of a tensor or of a text.
        name: String,
    },
    /// Numbers of another kind.
    #[error("tensor `{name}`: expected the dtype `F32` or `F64`, found `{found}`; convert it")]
    Dtype {
        /// Name of the tensor.
        name: String,
        /// Its kind.
        found: String,
    },
    /// A shape of more numbers than can be counted.
    #[error("tensor `{name}`: no computer holds a tensor of shape {shape:?}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Its lengths.
        shape: Vec<usize>,
    },
    /// The data end before they begin.
    #[error("tensor `{name}`: its data go from byte {begin} up to byte {end}, backwards")]
    Backwards {
        /// Name of the tensor.
        name: String,
        /// First byte.
        begin: usize,
        /// The byte after the last.
        end: usize,
    },
    /// Shape and length differ.
    #[error("tensor `{name}`: its data have {found} bytes, numbers of shape {shape:?} have {expected}")]
    Size {
        /// Name of the tensor.
        name: String,
        /// Its lengths.
        shape: Vec<usize>,
        /// Bytes by shape.
        expected: usize,
        /// Bytes by offsets.
        found: usize,
    },
    /// The data go on beyond the end.
    #[error("tensor `{name}`: its data go up to byte {end}, the file has {found} bytes of data; it is cut")]
    Cut {
        /// Name of the tensor.
        name: String,
        /// The byte after its last.
        end: usize,
        /// Bytes of data.
        found: usize,
    },
    /// Two tensors share bytes.
    #[error("tensor `{name}`: its data begin at byte {begin}, inside those of `{other}`")]
    Overlap {
        /// Name of the tensor.
        name: String,
        /// Its first byte.
        begin: usize,
        /// The tensor before.
        other: String,
    },
    /// Bytes that belong to no tensor.
    #[error("the data from byte {begin} up to byte {end} belong to no tensor")]
    Hole {
        /// First byte.
        begin: usize,
        /// The byte after the last.
        end: usize,
    },
}
