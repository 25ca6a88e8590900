//! Which minimiser: the option's, the spec's, or the default.

use serde_json::Value;
use zstat_core::fit::Fitter;
use zstat_core::plugin::Registry;
use zstat_core::spec::PluginSpec;

use crate::failure::{Failure, OptionFault};
use crate::session::Session;

/// The minimiser where neither spec nor option names one.
pub const DEFAULT_FITTER: &str = "newton";

/// The minimiser of the option, else of the spec with its options, else the default; none with a fault where the option
/// names none.
pub fn choose(
    session: &Session,
    name: Option<&str>,
    faults: &mut Vec<OptionFault>,
) -> Result<Option<Box<dyn Fitter>>, Failure> {
    let registry = Registry::<dyn Fitter>::load("fitter")?;
    let Some(name) = name else {
        let (name, options) = match &session.spec.analysis().fit.fitter {
            Some(PluginSpec::Name(name)) => (name.as_str(), Value::Null),
            Some(PluginSpec::Options { name, options }) => (name.as_str(), Value::Object(options.clone())),
            None => (DEFAULT_FITTER, Value::Null),
        };
        return Ok(Some(registry.build(name, options)?));
    };
    if registry.get(name).is_ok() {
        return Ok(Some(registry.build(name, Value::Null)?));
    }
    let known: Vec<&str> = registry.iter().map(|plugin| plugin.name).collect();
    faults.push(OptionFault::unknown("--fitter", name, "fitter", &known));
    Ok(None)
}
