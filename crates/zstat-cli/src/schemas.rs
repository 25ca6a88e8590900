//! The JSON Schemas of this build: from the Rust types, the options of the linked plugins composed in.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde_json::{Value, json};
use zstat_core::fit::Fitter;
use zstat_core::plugin::Registry;
use zstat_core::source::schema;
use zstat_core::spec::{Analysis, Workspace};

use crate::failure::Failure;

/// The schema of the analysis document.
pub const MAIN: &str = "analysis";

/// All schemas by name, sorted: the documents and the options of each plugin.
///
/// # Errors
/// Where two plugins share a name.
pub fn all() -> Result<IndexMap<String, Value>, Failure> {
    let fitters = Registry::<dyn Fitter>::load("fitter")?;
    let mut schemas = IndexMap::new();
    schemas.insert(MAIN.to_owned(), analysis());
    for plugin in fitters.iter() {
        let schema = (plugin.schema)().to_value();
        schemas.insert(format!("fitter.{}", plugin.name), schema);
    }
    let title = "A HistFactory workspace in zstat's own form.";
    schemas.insert("workspace".to_owned(), of::<Workspace>("workspace", title));
    schemas.sort_keys();
    Ok(schemas)
}

/// The schema of the analysis document, with the options of all linked plugins.
pub fn analysis() -> Value {
    let mut schema = of::<Analysis>(MAIN, "One zstat analysis: a model, its data, and what to do with it.");
    if let Ok(fitters) = Registry::<dyn Fitter>::load("fitter") {
        compose(&mut schema, &fitters);
    }
    schema
}

/// A schema as a file.
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn of<T: JsonSchema>(name: &str, title: &str) -> Value {
    let mut schema = schema::of::<T>();
    schema["$id"] = json!(format!("https://zstat.dev/schemas/{name}.json"));
    schema["title"] = json!(title);
    schema
}

/// `fit.fitter` becomes: the name of a linked fitter, or an object whose `type` chooses the schema of the options.
fn compose(schema: &mut Value, fitters: &Registry<dyn Fitter>) {
    let names: Vec<&str> = fitters.iter().map(|plugin| plugin.name).collect();
    let conditions: Vec<Value> = (fitters.iter())
        .map(|plugin| {
            let mut options = (plugin.schema)();
            schema::dispatch_by_type(&mut options);
            let mut options = options.to_value();
            if let Some(properties) = options.get_mut("properties").and_then(Value::as_object_mut) {
                properties.insert("type".to_owned(), json!(true));
            }
            if let Some(map) = options.as_object_mut() {
                map.shift_remove("$schema");
            }
            json!({
                "if": { "properties": { "type": { "const": plugin.name } }, "required": ["type"] },
                "then": options,
            })
        })
        .collect();
    let composed = json!({
        "description": "The minimiser: a name, or `{type: NAME, ...options}`.",
        "if": { "type": "string" },
        "then": { "enum": names },
        "else": {
            "type": "object",
            "required": ["type"],
            "properties": { "type": { "enum": names } },
            "allOf": conditions,
        },
    });
    if let Some(fitter) = schema.pointer_mut("/$defs/PluginSpec") {
        *fitter = composed;
    }
}
