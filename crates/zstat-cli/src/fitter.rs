//! Which minimiser: the option's, the spec's, or the default.

use serde_json::Value;
use zstat_core::fit::Fitter;
use zstat_core::plugin::{HOW_TO_LINK, Registry};
use zstat_core::spec::PluginSpec;

use crate::failure::{Failure, OptionFault, known_names};
use crate::session::Session;

/// The minimiser where neither spec nor option names one.
pub const DEFAULT_FITTER: &str = "newton";

/// The minimiser that toys fall back to where that called `chosen` (as [`name`] has it) fails on them.
pub fn rescue(chosen: &str) -> Result<Box<dyn Fitter>, Failure> {
    let name = if chosen.starts_with(DEFAULT_FITTER) { "lbfgsb" } else { DEFAULT_FITTER };
    Ok(Registry::<dyn Fitter>::load("fitter")?.build(name, Value::Null)?)
}

/// Name of the minimiser that [`choose`] makes, with its options if the spec has any.
pub fn name(session: &Session, option: Option<&str>) -> String {
    match (option, &session.spec.analysis().fit.fitter) {
        (Some(name), _) => name.to_owned(),
        (None, Some(PluginSpec::Name(name))) => name.clone(),
        (None, Some(PluginSpec::Options { name, options })) => {
            format!("{name} {}", Value::Object(options.clone()))
        }
        (None, None) => DEFAULT_FITTER.to_owned(),
    }
}

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
    let fault = OptionFault::new("--fitter", name, format!("no fitter is called `{name}`"));
    faults.push(fault.help(format!("{}; {HOW_TO_LINK}", known_names(name, &known))));
    Ok(None)
}
