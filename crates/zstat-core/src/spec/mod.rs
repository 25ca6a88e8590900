//! The spec: what a physicist writes, as Rust types.
//!
//! In: an analysis document or a bare workspace (already parsed into these types). Out: names and numbers for `model`.
//! Must not know files, parameters' indices or likelihoods.

mod analysis;
mod check;
mod lint;
mod modifier;
mod parameter;
pub mod read;
mod schema;
pub(crate) mod scope;
mod settings;
mod value;
mod vary;
mod workspace;

pub use analysis::{Analysis, FitSpec, PluginSpec};
pub use check::{check, check_analysis, independent};
pub use lint::lint;
pub use modifier::{Modifier, ModifierKind};
pub use parameter::{Bounds, ConstraintSpec, CorrelatedConstraint, OneOrMany, ParameterSpec};
pub use schema::{OfPlugins, Sections, plugin_options, plugins, schema, section};
pub use settings::{
    BuildOptions, Dialect, HistoSysCode, Interpolation, NormSysCode, StatErrorConstraint, StatErrorSpec,
};
pub use vary::{Effect, Vary};
pub use workspace::{Channel, Measurement, Sample, Workspace};
