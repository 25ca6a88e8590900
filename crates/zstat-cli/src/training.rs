//! The training in a spec, as far as a command looks at it.

use zstat_core::diag::Fault;
use zstat_core::plugin::PluginError;
use zstat_train::spec::{Plugins, Training, takes_events};

use crate::input::Spec;

/// What of a training is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Events {
    /// Nothing: templates must be there.
    None,
    /// Its spec.
    WithoutFiles,
    /// Its spec and the heads of its files of events: it is to be trained, or might be.
    WithFiles,
}

impl Events {
    /// The training of a spec, or what is wrong with it; none where there is none, or nobody looks.
    ///
    /// # Errors
    /// Where plugins share a name.
    pub fn read(self, spec: &Spec) -> Result<Option<Result<Training, Vec<Fault>>>, PluginError> {
        let analysis = spec.analysis();
        if self == Self::None || !takes_events(analysis) {
            return Ok(None);
        }
        let linked = Plugins::load()?;
        Ok(Some(match self {
            Self::WithFiles => Training::read_with_files(analysis, &linked, spec.folder()),
            _ => Training::read(analysis, &linked),
        }))
    }
}
