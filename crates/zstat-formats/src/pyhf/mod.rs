//! pyhf's workspace files: reading, writing, and where things stand in them.

mod export_parameter;
mod modifier;
mod pointer;
mod read;
mod types;
mod uses;
mod write;

pub use modifier::Modifier;
pub use pointer::to_pyhf_pointer;
pub use read::{Converted, from_model, from_workspace};
pub use types::{Channel, Config, Measurement, Model, Observation, Parameter, Sample, VERSION, Workspace};
pub use write::from_analysis;
