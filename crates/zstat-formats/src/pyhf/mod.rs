//! pyhf's workspace files: reading, writing, and where things stand in them.

mod export_formula;
mod export_parameter;
mod layout;
mod mapping;
mod modifier;

mod read;
mod types;
mod uses;
mod write;

pub use layout::Layout;
pub use modifier::Modifier;
pub use read::{Converted, from_model, from_workspace};
pub(crate) use types::known_version;
pub use types::{Channel, Config, Measurement, Model, Observation, Parameter, Sample, VERSION, Workspace};
pub use write::from_analysis;
