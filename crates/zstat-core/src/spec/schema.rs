//! The JSON Schema of an analysis in this build: the types' own, with the options of every linked fitter.

use serde_json::{Map, Value, json};

use super::Analysis;
use crate::fit::Fitter;
use crate::plugin::{Plugin, Registry};
use crate::source::schema::{dispatch_by_type, of};

/// Schema of an analysis; `fit.fitter` is a linked fitter's name, or `{type: NAME, ...options}` with that fitter's options.
/// `sections` are schemas of the sections that others know, by key, and their definitions.
pub fn schema(fitters: &Registry<dyn Fitter>, sections: Sections) -> Value {
    let mut schema = of::<Analysis>();
    let mut definitions = sections.definitions;
    let fitter = plugins(&OfPlugins::new("fitter", "The minimiser"), fitters, &mut definitions);
    if let Some(Value::Object(all)) = schema.get_mut("$defs") {
        all.insert("PluginSpec".to_owned(), fitter);
        all.extend(definitions);
    }
    if let Some(Value::Object(all)) = schema.get_mut("properties") {
        for (key, mut section) in sections.properties {
            let description = all.get(&key).and_then(|known| known.get("description")).cloned();
            if let (Value::Object(section), Some(description)) = (&mut section, description) {
                section.insert("description".to_owned(), description);
            }
            all.insert(key, section);
        }
    }
    schema
}

/// Schemas of sections of an analysis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sections {
    /// By key.
    pub properties: Map<String, Value>,
    /// What they refer to, as `#/$defs/NAME`.
    pub definitions: Map<String, Value>,
}

/// How a plugin stands in a spec.
#[derive(Debug, Clone)]
pub struct OfPlugins<'a> {
    /// The kind.
    pub kind: &'static str,
    /// What it is for.
    pub description: &'a str,
    /// Properties beside the plugin's own options.
    pub house: Map<String, Value>,
    /// The plugin that is meant where no `type` is given.
    pub default: Option<&'a str>,
}

impl<'a> OfPlugins<'a> {
    /// A plugin that must be named, with its own options alone.
    pub fn new(kind: &'static str, description: &'a str) -> Self {
        Self { kind, description, house: Map::new(), default: None }
    }
}

/// Schema of the options of one plugin, as they stand beside `type`.
///
/// Its definitions are moved to `definitions`, where a reference `#/$defs/KIND.NAME.X` finds them.
pub fn plugin_options<T: ?Sized>(
    kind: &str,
    plugin: &Plugin<T>,
    definitions: &mut Map<String, Value>,
) -> Map<String, Value> {
    let mut schema = (plugin.schema)();
    dispatch_by_type(&mut schema);
    let prefix = format!("{kind}.{}.", plugin.name);
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

/// Schema of a place where one of the linked plugins stands: a name, or `{type: NAME, ...options}`.
pub fn plugins<T: ?Sized>(
    place: &OfPlugins<'_>,
    registry: &Registry<T>,
    definitions: &mut Map<String, Value>,
) -> Value {
    let kind = place.kind;
    let mut words = Vec::new();
    let mut arms = Vec::new();
    for plugin in registry.iter() {
        words.push(json!({"const": plugin.name, "description": plugin.summary}));
        let mut then = plugin_options(kind, plugin, definitions);
        let properties = then.entry("properties").or_insert_with(|| json!({}));
        if let Value::Object(properties) = properties {
            properties.insert("type".to_owned(), json!({"const": plugin.name}));
            properties.extend(place.house.clone());
        }
        let is_default = place.default == Some(plugin.name);
        let mut condition = json!({"properties": {"type": {"const": plugin.name}}, "required": ["type"]});
        if let (true, Value::Object(condition)) = (is_default, &mut condition) {
            condition.remove("required");
        }
        arms.push(json!({ "if": condition, "then": then }));
    }
    let mut mapping = json!({
        "type": "object",
        "properties": {"type": {"type": "string", "oneOf": words, "description": format!("Name of the {kind}.")}},
        "required": ["type"],
        "x-plugin": kind,
        "allOf": arms,
    });
    if let (Some(_), Value::Object(mapping)) = (place.default, &mut mapping) {
        mapping.remove("required");
    }
    json!({
        "description": format!("{}: a name, or `{{type: NAME, ...options}}`.", place.description),
        "x-plugin": kind,
        "anyOf": [{"type": "string", "oneOf": words}, mapping],
    })
}

/// A type's schema for a place inside another: its definitions moved to `definitions`, under names that begin with `prefix`.
pub fn section<T: schemars::JsonSchema>(prefix: &str, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = of::<T>();
    if let Value::Object(map) = &mut schema {
        map.remove("$schema");
        map.remove("title");
        if let Some(Value::Object(own)) = map.remove("$defs") {
            for (name, mut definition) in own {
                redirect(&mut definition, prefix);
                definitions.insert(format!("{prefix}{name}"), definition);
            }
        }
    }
    redirect(&mut schema, prefix);
    schema
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
