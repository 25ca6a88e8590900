//! The JSON Schema of an analysis in this build: the types' own, with the options of every linked fitter.

use serde_json::{Map, Value, json};

use super::Analysis;
use crate::fit::Fitter;
use crate::plugin::Registry;
use crate::source::schema::{dispatch_by_type, of};

/// Schema of an analysis; `fit.fitter` is a linked fitter's name, or `{type: NAME, ...options}` with that fitter's options.
pub fn schema(fitters: &Registry<dyn Fitter>) -> Value {
    let mut schema = of::<Analysis>();
    let mut definitions = Map::new();
    let fitter = fitter(fitters, &mut definitions);
    if let Some(Value::Object(all)) = schema.get_mut("$defs") {
        all.insert("PluginSpec".to_owned(), fitter);
        all.extend(definitions);
    }
    schema
}

/// Schema of the options of one fitter, as they stand beside `type`.
///
/// Its definitions are moved to `definitions`, where a reference `#/$defs/fitter.NAME.X` finds them.
pub(super) fn options(
    plugin: &crate::plugin::Plugin<dyn Fitter>,
    definitions: &mut Map<String, Value>,
) -> Map<String, Value> {
    let mut schema = (plugin.schema)();
    dispatch_by_type(&mut schema);
    let prefix = format!("fitter.{}.", plugin.name);
    let Value::Object(mut options) = schema.to_value() else { return Map::new() };
    if let Some(Value::Object(own)) = options.remove("$defs") {
        for (name, mut definition) in own {
            redirect(&mut definition, &prefix);
            definitions.insert(format!("{prefix}{name}"), definition);
        }
    }
    options.remove("$schema");
    options.remove("title");
    let mut options = Value::Object(options);
    redirect(&mut options, &prefix);
    match options {
        Value::Object(options) => options,
        _ => Map::new(),
    }
}

fn fitter(fitters: &Registry<dyn Fitter>, definitions: &mut Map<String, Value>) -> Value {
    let mut words = Vec::new();
    let mut arms = Vec::new();
    for plugin in fitters.iter() {
        words.push(json!({"const": plugin.name, "description": plugin.summary}));
        let mut then = options(plugin, definitions);
        let properties = then.entry("properties").or_insert_with(|| json!({}));
        if let Value::Object(properties) = properties {
            properties.insert("type".to_owned(), json!({"const": plugin.name}));
        }
        arms.push(json!({
            "if": {"properties": {"type": {"const": plugin.name}}, "required": ["type"]},
            "then": then,
        }));
    }
    json!({
        "description": "The minimiser: a name, or `{type: NAME, ...options}`.",
        "x-plugin": "fitter",
        "anyOf": [
            {"type": "string", "oneOf": words},
            {
                "type": "object",
                "properties": {"type": {"type": "string", "oneOf": words, "description": "Name of the fitter."}},
                "required": ["type"],
                "x-plugin": "fitter",
                "allOf": arms,
            },
        ],
    })
}

/// Lets every reference into the schema's own definitions point at their new names.
fn redirect(schema: &mut Value, prefix: &str) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(name) = target.strip_prefix("#/$defs/") {
                            *target = format!("#/$defs/{prefix}{name}");
                        }
                    }
                    other => redirect(other, prefix),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, prefix)),
        _ => {}
    }
}
