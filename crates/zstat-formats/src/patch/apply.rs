//! One operation of a JSON Patch (RFC 6902) on a document: what it does, or why it cannot be done.
//!
//! The change itself is json-patch's; here stands what a user wants to know when it fails, and what happened to the
//! places of the document when it does not.

use json_patch::jsonptr::Pointer;
use json_patch::{
    AddOperation, CopyOperation, MoveOperation, PatchOperation, RemoveOperation, TestOperation,
};
use serde_json::Value;
use zstat_core::text::nearest;

use super::origin::{Effect, Path};

/// Why an operation cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The member of the operation that is to blame: `path`, `from` or `value`.
    pub member: &'static str,
    pub message: String,
    pub help: Option<String>,
}

/// Applies `operation` to `document`, which is of no use any more if that is refused.
pub(super) fn apply(document: &mut Value, operation: PatchOperation) -> Result<Effect, Refusal> {
    let path = keys(operation.path());
    let effect = match &operation {
        PatchOperation::Add(_) => place_for(document, &path)?,
        PatchOperation::Replace(_) => find(document, &path, "path").map(|_| Effect::Set(path))?,
        PatchOperation::Remove(_) => removal(document, path)?,
        PatchOperation::Copy(CopyOperation { from, .. }) => {
            let from = keys(from);
            find(document, &from, "from")?;
            Effect::Copy { from, to: Box::new(place_for(document, &path)?) }
        }
        PatchOperation::Move(operation) => return move_value(document, operation, &path),
        PatchOperation::Test(operation) => return test(document, operation, &path),
    };
    change(document, operation)?;
    Ok(effect)
}

/// Number of values that a copy takes; 0 for other operations.
pub(super) fn size_of_copy(document: &Value, operation: &PatchOperation) -> usize {
    let PatchOperation::Copy(CopyOperation { from, .. }) = operation else { return 0 };
    document.pointer(from.as_str()).map_or(0, size)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn change(document: &mut Value, operation: PatchOperation) -> Result<(), Refusal> {
    json_patch::patch_unsafe(document, &[operation])
        .map_err(|error| refusal("path", error.kind.to_string(), None))
}

fn removal(document: &Value, path: Path) -> Result<Effect, Refusal> {
    find(document, &path, "path")?;
    if path.is_empty() {
        return Err(refusal("path", "the whole document cannot be removed".to_owned(), None));
    }
    Ok(if is_entry(document, &path) { Effect::RemoveEntry(path) } else { Effect::RemoveMember })
}

/// A removal and an addition; the target is looked for in the document without the value.
fn move_value(document: &mut Value, operation: &MoveOperation, path: &[String]) -> Result<Effect, Refusal> {
    let from = keys(&operation.from);
    find(document, &from, "from")?;
    if path == from {
        return Ok(Effect::Nothing);
    }
    if path.starts_with(&from) {
        let message = format!("`{}` cannot be moved into itself", operation.from);
        return Err(refusal("path", message, None));
    }
    let entry = is_entry(document, &from);
    let value = document.pointer_mut(operation.from.as_str()).map(Value::take).unwrap_or_default();
    change(document, PatchOperation::Remove(RemoveOperation { path: operation.from.clone() }))?;
    let to = Box::new(place_for(document, path)?);
    change(document, PatchOperation::Add(AddOperation { path: operation.path.clone(), value }))?;
    Ok(Effect::Move { from, entry, to })
}

fn test(document: &Value, operation: &TestOperation, path: &[String]) -> Result<Effect, Refusal> {
    let found = find(document, path, "path")?;
    if same(found, &operation.value) {
        return Ok(Effect::Nothing);
    }
    let (found, expected) = (excerpt(found), excerpt(&operation.value));
    let message = format!("{} is {found}, the patch expects {expected}", pointer(path));
    Err(refusal("value", message, Some("the patch was made for another version of the file".to_owned())))
}

fn keys(pointer: &Pointer) -> Path {
    pointer.tokens().map(|token| token.decoded().into_owned()).collect()
}

fn refusal(member: &'static str, message: String, help: Option<String>) -> Refusal {
    Refusal { member, message, help }
}

/// The value at `path`, or how far the path leads.
fn find<'v>(document: &'v Value, path: &[String], member: &'static str) -> Result<&'v Value, Refusal> {
    let mut at = document;
    for (depth, key) in path.iter().enumerate() {
        let next = match at {
            Value::Object(map) => map.get(key),
            Value::Array(items) => index(key).and_then(|index| items.get(index)),
            _ => None,
        };
        at = next.ok_or_else(|| dead_end(at, path, depth, member))?;
    }
    Ok(at)
}

/// An index as RFC 6901 has it: digits without a leading zero.
fn index(key: &str) -> Option<usize> {
    let digits = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (key == "0" || !key.starts_with('0'));
    if canonical { key.parse().ok() } else { None }
}

/// The path leads to `at` in `depth` steps and not further.
fn dead_end(at: &Value, path: &[String], depth: usize, member: &'static str) -> Refusal {
    let (here, key) = (pointer(&path[..depth]), &path[depth]);
    let missing = pointer(&path[..=depth]);
    match at {
        Value::Object(map) => {
            let near = nearest(key, map.keys().map(String::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", listed(map.keys().map(String::as_str))),
            };
            refusal(member, format!("there is no {missing}: {here} has no `{key}`"), Some(help))
        }
        Value::Array(items) if index(key).is_some() => {
            let names: Vec<_> = items.iter().filter_map(|item| item.get("name")?.as_str()).collect();
            let entries =
                if items.len() == 1 { "1 entry".to_owned() } else { format!("{} entries", items.len()) };
            let help = (!names.is_empty()).then(|| format!("they are {}", listed(names.into_iter())));
            refusal(member, format!("there is no {missing}: {here} has {entries}, counted from 0"), help)
        }
        Value::Array(_) => {
            refusal(member, format!("there is no {missing}: {here} is a list, and `{key}` is no index"), None)
        }
        _ => refusal(member, format!("there is no {missing}: {here} is {}", excerpt(at)), None),
    }
}

/// What adding a value at `path` does.
fn place_for(document: &Value, path: &[String]) -> Result<Effect, Refusal> {
    let Some((last, parent)) = path.split_last() else { return Ok(Effect::Set(vec![])) };
    match find(document, parent, "path")? {
        Value::Object(_) => Ok(Effect::Set(path.to_vec())),
        Value::Array(items) => {
            let at = if last == "-" { Some(items.len()) } else { index(last) };
            match at {
                Some(at) if at <= items.len() => Ok(Effect::Insert([parent, &[at.to_string()]].concat())),
                _ => {
                    let (here, n) = (pointer(parent), items.len());
                    let message =
                        format!("nothing can be added at `{}`: {here} is a list of {n}", pointer_text(path));
                    Err(refusal("path", message, Some(format!("use an index up to {n}, or `-` for its end"))))
                }
            }
        }
        other => {
            let message = format!("nothing can be added to {}: it is {}", pointer(parent), excerpt(other));
            Err(refusal("path", message, None))
        }
    }
}

/// Whether the last step of an existing path goes into a list.
fn is_entry(document: &Value, path: &[String]) -> bool {
    path.split_last().is_some_and(|(_, parent)| find(document, parent, "path").is_ok_and(Value::is_array))
}

/// Equality as RFC 6902 has it: numbers by value, mappings without order.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn pointer_text(path: &[String]) -> String {
    zstat_core::source::pointer::from_keys(path.iter().map(String::as_str))
}

fn pointer(path: &[String]) -> String {
    if path.is_empty() { "the document".to_owned() } else { format!("`{}`", pointer_text(path)) }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}

fn excerpt(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a mapping".to_owned(),
        scalar => format!("`{scalar}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(document: &mut Value, operation: Value) -> Result<Effect, Refusal> {
        apply(document, serde_json::from_value(operation).unwrap())
    }

    #[test]
    fn operations_change_the_document() {
        let mut document = json!({"a": [1, 2], "b": {"c": 1}});
        run(&mut document, json!({"op": "add", "path": "/a/1", "value": 9})).unwrap();
        run(&mut document, json!({"op": "add", "path": "/a/-", "value": 8})).unwrap();
        run(&mut document, json!({"op": "remove", "path": "/a/0"})).unwrap();
        run(&mut document, json!({"op": "move", "from": "/b/c", "path": "/d"})).unwrap();
        run(&mut document, json!({"op": "copy", "from": "/a", "path": "/e"})).unwrap();
        run(&mut document, json!({"op": "replace", "path": "/d", "value": "x"})).unwrap();
        run(&mut document, json!({"op": "test", "path": "/a/0", "value": 9.0})).unwrap();
        assert_eq!(document, json!({"a": [9, 2, 8], "b": {}, "d": "x", "e": [9, 2, 8]}));
        run(&mut document, json!({"op": "replace", "path": "", "value": {}})).unwrap();
        assert_eq!(document, json!({}));
    }

    #[test]
    fn refusals_say_why() {
        let mut document = json!({"channels": [{"name": "SR", "samples": []}], "n": 1});
        let mut why = |operation| run(&mut document, operation).unwrap_err();
        let r = why(json!({"op": "add", "path": "/channels/1/samples/0", "value": 1}));
        assert_eq!(r.message, "there is no `/channels/1`: `/channels` has 1 entry, counted from 0");
        assert_eq!(r.help.unwrap(), "they are `SR`");
        let r = why(json!({"op": "replace", "path": "/chanels/0", "value": 1}));
        assert_eq!(r.message, "there is no `/chanels`: the document has no `chanels`");
        assert_eq!(r.help.unwrap(), "did you mean `channels`?");
        let r = why(json!({"op": "add", "path": "/channels/2", "value": 1}));
        assert_eq!(r.message, "nothing can be added at `/channels/2`: `/channels` is a list of 1");
        let r = why(json!({"op": "add", "path": "/channels/01", "value": 1}));
        assert!(r.message.starts_with("nothing can be added"), "{r:?}");
        let r = why(json!({"op": "remove", "path": "/channels/x"}));
        assert_eq!(r.message, "there is no `/channels/x`: `/channels` is a list, and `x` is no index");
        let r = why(json!({"op": "add", "path": "/n/0", "value": 1}));
        assert_eq!(r.message, "nothing can be added to `/n`: it is `1`");
        let r = why(json!({"op": "test", "path": "/n", "value": 2}));
        assert_eq!((r.member, &*r.message), ("value", "`/n` is `1`, the patch expects `2`"));
        let r = why(json!({"op": "move", "from": "/channels", "path": "/channels/0"}));
        assert_eq!(r.message, "`/channels` cannot be moved into itself");
        let r = why(json!({"op": "copy", "from": "/x", "path": "/y"}));
        assert_eq!(r.member, "from");
        assert!(why(json!({"op": "remove", "path": ""})).message.contains("whole document"));
    }
}
