//! Other people's files to and from zstat workspaces.

mod kind;
mod loss;
pub mod native;
pub mod pyhf;
pub mod python_json;
mod scan;

pub use kind::{Kind, detect};
pub use loss::Loss;
