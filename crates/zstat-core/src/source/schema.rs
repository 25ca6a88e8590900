//! JSON Schemas of our types, in the form that editors complete and that errors can be explained by.
//!
//! schemars writes an enum with a `type` tag as `oneOf`: of a wrong modifier one could only say that it is none of seven
//! things. Here it becomes a list of the types and, for each, `if type is X then …`.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// The schema of `T`, tagged enums dispatched by their tag.
pub fn of<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    dispatch_by_type(&mut schema);
    schema.to_value()
}

/// Turns every `oneOf` over objects with a constant `type` into `if type is X then …`.
pub fn dispatch_by_type(schema: &mut Schema) {
    Dispatch.transform(schema);
}

struct Dispatch;

impl Transform for Dispatch {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(object) = schema.as_object_mut() {
            dispatch(object);
        }
    }
}

/// The constant `type` of a branch, with the branch's description.
fn tag(branch: &Value) -> Option<&str> {
    branch.get("properties")?.get("type")?.get("const")?.as_str()
}

fn dispatch(schema: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = schema.get("oneOf") else { return };
    let Some(tags) = branches.iter().map(|branch| tag(branch).map(str::to_owned)).collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let branches = branches.clone();
    schema.remove("oneOf");
    // What the `oneOf` stood beside holds for every type: it is repeated in each branch, because
    // `additionalProperties: false` looks only at the properties beside it.
    let shared = schema.remove("properties");
    let required = schema.remove("required");
    schema.remove("unevaluatedProperties");
    schema.remove("additionalProperties");
    let words: Vec<Value> = tags
        .iter()
        .zip(&branches)
        .map(|(tag, branch)| match branch.get("description") {
            Some(description) => json!({"const": tag, "description": description}),
            None => json!({"const": tag}),
        })
        .collect();
    let arms: Vec<Value> = tags
        .iter()
        .zip(branches)
        .map(|(tag, branch)| arm(tag, branch, shared.as_ref(), required.as_ref()))
        .collect();
    schema.insert("type".into(), json!("object"));
    let mut needed = vec![json!("type")];
    if let Some(Value::Array(shared)) = &required {
        needed.splice(0..0, shared.iter().filter(|name| *name != "type").cloned());
    }
    let mut properties = match &shared {
        Some(Value::Object(shared)) => shared.clone(),
        _ => Map::new(),
    };
    properties.insert("type".into(), json!({"type": "string", "oneOf": words}));
    schema.insert("required".into(), Value::Array(needed));
    schema.insert("properties".into(), Value::Object(properties));
    schema.insert("allOf".into(), Value::Array(arms));
}

fn arm(tag: &str, branch: Value, shared: Option<&Value>, required: Option<&Value>) -> Value {
    let Value::Object(mut branch) = branch else { return branch };
    let mut properties = Map::new();
    for part in [shared, branch.get("properties")].into_iter().flatten() {
        if let Value::Object(part) = part {
            properties.extend(part.clone());
        }
    }
    let mut needed: Vec<Value> = Vec::new();
    for part in [required, branch.get("required")].into_iter().flatten() {
        if let Value::Array(part) = part {
            needed.extend(part.iter().filter(|name| !needed.contains(name)).cloned().collect::<Vec<_>>());
        }
    }
    // Shared keys that mean nothing with this tag.
    if let Some(Value::Array(without)) = branch.remove("x-without") {
        without.iter().filter_map(Value::as_str).for_each(|name| drop(properties.remove(name)));
    }
    branch.insert("properties".into(), Value::Object(properties));
    branch.insert("required".into(), Value::Array(needed));
    branch.insert("additionalProperties".into(), json!(false));
    json!({"if": {"properties": {"type": {"const": tag}}, "required": ["type"]}, "then": branch})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tagged_enums_are_dispatched() {
        let schema = of::<crate::spec::Modifier>();
        let arms = schema["allOf"].as_array().expect("as built");
        assert_eq!(arms.len(), 7, "{schema:#}");
        let normsys =
            arms.iter().find(|arm| arm["if"]["properties"]["type"]["const"] == "normsys").expect("as built");
        let then = &normsys["then"];
        assert_eq!(then["additionalProperties"], false);
        for key in ["name", "type", "lo", "hi", "interpolation", "constraint"] {
            assert!(then["properties"].get(key).is_some(), "{key}: {then:#}");
        }
        assert_eq!(then["required"], json!(["name", "type"]));
        assert_eq!(then["anyOf"], json!([{"required": ["lo", "hi"]}, {"required": ["vary"]}]));
        let with_vary = |arm: &&Value| arm["then"]["properties"].get("vary").is_some();
        assert_eq!(arms.iter().filter(with_vary).count(), 2, "only what events make can vary them");
    }
}
