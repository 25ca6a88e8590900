//! Options of a plugin: its schema and its builder say the same, and unknown ones are refused.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use zstat_core::plugin::{Plugin, Registry};

/// An option that no plugin has.
const NOBODYS: &str = "no_plugin_has_this_option";

/// Checks that a registered plugin of this kind (`loss`, `summary`, `fitter`, …) takes these options, an object, and
/// that its schema does; that the defaults in its schema are taken, by both; and that both refuse an unknown option and options
/// of another type. Name, summary and crate must be said.
///
/// # Panics
/// At the first violation, with what it is; or if no such plugin is linked.
#[track_caller]
pub fn check_options<T: ?Sized + 'static>(kind: &'static str, name: &str, options: &Value)
where
    Plugin<T>: inventory::Collect,
{
    let registry = match Registry::<T>::load(kind) {
        Ok(registry) => registry,
        Err(error) => panic!("{error}"),
    };
    let plugin = match registry.get(name) {
        Ok(plugin) => plugin,
        Err(error) => panic!("{error}"),
    };
    check_names(kind, plugin.name, &[plugin.summary, plugin.package, plugin.version]);
    let schema = (plugin.schema)().to_value();
    let validator = match jsonschema::validator_for(&schema) {
        Ok(validator) => validator,
        Err(error) => panic!("the schema of {kind} `{name}` is none: {error}"),
    };
    let takes = |options: &Map<String, Value>| {
        let options = Value::Object(options.clone());
        (validator.is_valid(&options), (plugin.build)(options).is_ok())
    };
    let Some(given) = options.as_object() else { panic!("options must be an object, found {options}") };
    let agree = |options: &Map<String, Value>, wanted: bool, what: &str| {
        let (schema, build) = takes(options);
        let verb = if wanted { "takes" } else { "refuses" };
        assert!(schema == wanted, "{kind} `{name}`: the schema must be one that {verb} {what}: {options:?}");
        assert!(build == wanted, "{kind} `{name}`: `build` must be one that {verb} {what}: {options:?}");
    };
    agree(given, true, "these options");
    let with = |key: &str, value: &Value| {
        let mut options = given.clone();
        options.insert(key.to_owned(), value.clone());
        options
    };
    agree(&with(NOBODYS, &json!(1)), false, "an unknown option");
    let mut defaults = given.clone();
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        agree(&with(key, &json!({ NOBODYS: [] })), false, "an option of another type");
        if let Some(default) = property.get("default") {
            defaults.insert(key.clone(), default.clone());
        }
    }
    agree(&defaults, true, "its defaults");
}

#[track_caller]
fn check_names(kind: &str, name: &str, said: &[&str]) {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    assert!(
        !name.is_empty() && name.chars().all(fits),
        "the name `{name}` of a {kind} is not of a-z, 0-9, - and _"
    );
    assert!(
        said.iter().all(|text| !text.is_empty()),
        "{kind} `{name}`: summary, crate and version must be said"
    );
}

/// Checks that options of a plugin survive JSON: what is read from `options` and written is read as the same.
///
/// # Panics
/// If they do not.
#[track_caller]
pub fn check_round_trip<O: DeserializeOwned + Serialize + PartialEq + Debug>(options: &Value) {
    let read = |value: Value| match serde_json::from_value::<O>(value.clone()) {
        Ok(options) => options,
        Err(error) => panic!("options {value} are not read: {error}"),
    };
    let first = read(options.clone());
    let written = match serde_json::to_value(&first) {
        Ok(written) => written,
        Err(error) => panic!("options {first:?} are not written: {error}"),
    };
    let second = read(written.clone());
    assert!(first == second, "options change on their way through JSON: {first:?}, {written}, {second:?}");
}
