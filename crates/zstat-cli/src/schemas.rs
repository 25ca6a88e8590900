//! The JSON Schemas of this build: from the Rust types, the options of the linked plugins composed in.

use indexmap::IndexMap;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};
use zstat_core::fit::Fitter;
use zstat_core::plugin::Registry;
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
    let mut analysis = of::<Analysis>("analysis", "One zstat analysis: a model, its data, and what to do with it.");
    compose(&mut analysis, &fitters);
    schemas.insert(MAIN.to_owned(), analysis);
    for plugin in fitters.iter() {
        let schema = (plugin.schema)().to_value();
        schemas.insert(format!("fitter.{}", plugin.name), schema);
    }
    let title = "A HistFactory workspace in zstat's own form.";
    schemas.insert("workspace".to_owned(), of::<Workspace>("workspace", title));
    schemas.sort_keys();
    Ok(schemas)
}

/// A schema as a file.
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn of<T: JsonSchema>(name: &str, title: &str) -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    conditional(&mut schema);
    schema["$id"] = json!(format!("https://zstat.dev/schemas/{name}.json"));
    schema["title"] = json!(title);
    schema
}

/// Turns every `oneOf` of tagged objects into `allOf` of `if type == X then …`: a fault is then told by the branch that
/// its `type` chooses, and editors complete the fields of that branch.
fn conditional(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(conditional),
        Value::Object(map) => map.values_mut().for_each(conditional),
        _ => return,
    }
    let Some(branches) = schema.get("oneOf").and_then(Value::as_array) else { return };
    let tags: Option<Vec<String>> = branches.iter().map(tag).collect();
    let (Some(tags), branches) = (tags, branches.clone()) else { return };
    let conditions = branches.into_iter().zip(&tags).map(|(branch, tag)| {
        json!({ "if": { "properties": { "type": { "const": tag } }, "required": ["type"] }, "then": branch })
    });
    let conditions: Value = conditions.collect();
    if let Some(map) = schema.as_object_mut() {
        map.shift_remove("oneOf");
        map.insert("allOf".to_owned(), conditions);
        let properties = map.entry("properties").or_insert_with(|| json!({}));
        properties["type"] = json!({ "type": "string", "enum": tags });
    }
}

/// The constant of the branch's `type`.
fn tag(branch: &Value) -> Option<String> {
    Some(branch.pointer("/properties/type/const")?.as_str()?.to_owned())
}

/// `fit.fitter` becomes: the name of a linked fitter, or an object whose `type` chooses the schema of the options.
fn compose(schema: &mut Value, fitters: &Registry<dyn Fitter>) {
    let names: Vec<&str> = fitters.iter().map(|plugin| plugin.name).collect();
    let conditions: Vec<Value> = (fitters.iter())
        .map(|plugin| {
            let mut options = (plugin.schema)().to_value();
            conditional(&mut options);
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
