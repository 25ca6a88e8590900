//! Other people's files to and from zstat workspaces.
//!
//! In: texts of workspaces and patches ([`read`]), never paths. Out: an analysis, or all faults with their places; and the
//! way back to text ([`Format::write`]), with a list of what the target cannot express.

#![cfg_attr(test, allow(clippy::unwrap_used))] // a test fails by panicking

mod digest;
mod family;
mod finite;
mod format;
mod kind;
mod loss;
pub mod native;
mod patch;
pub mod pyhf;
pub mod python_json;
mod read;
mod scan;
mod tree;

pub use digest::digest;
pub use family::{Family, Member};
pub use format::{Format, UnknownFormat, WriteError, Written};
pub use kind::{Kind, detect};
pub use loss::Loss;
pub use patch::{PatchInput, PatchValue, split_patch_argument};
pub use read::{Input, Loaded, read};
