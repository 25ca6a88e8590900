//! Why a run cannot go on from a checkpoint.

/// Why a checkpoint is refused. Each message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// It begins otherwise.
    #[error("the file is no checkpoint of a training; name another one, or remove it to begin anew")]
    Other,
    /// It ends before its content.
    #[error("the checkpoint is cut: {found} bytes are left; remove it to begin anew")]
    Head {
        /// Bytes of the file.
        found: usize,
    },
    /// It was written by another version.
    #[error(
        "the checkpoint has version {found} of the format, expected version {expected}; \
         go on with the zstat that wrote it, or remove it to begin anew"
    )]
    Version {
        /// That of the file.
        found: u32,
        /// The one that is read.
        expected: u32,
    },
    /// It is shorter or longer than it says.
    #[error(
        "the checkpoint is {}: it has {found} bytes, expected {expected}; remove it to begin anew",
        if (*found as u64) < *expected { "cut" } else { "longer than it was" }
    )]
    Length {
        /// Bytes of the file.
        found: usize,
        /// Bytes, as the file says.
        expected: u64,
    },
    /// Its SHA-256 is another one.
    #[error("the checkpoint was changed or damaged: its SHA-256 does not fit; remove it to begin anew")]
    Changed,
    /// It is whole, but its content makes no sense.
    #[error("the checkpoint is whole, but its content cannot be read; remove it to begin anew")]
    Content,
    /// It belongs to a run with another spec, seed, other options or events.
    #[error(
        "the checkpoint belongs to another run: its spec, seed, options (`--epochs`, `--fitter`) or files of events are others; \
         give these again to go on, choose another folder, or remove it to begin anew"
    )]
    Run {
        /// That of the file.
        found: String,
        /// The one of the run.
        expected: String,
    },
}
