//! The JSON Schemas of this build: from the Rust types, the options of the linked plugins composed in.

use indexmap::IndexMap;
use serde_json::{Value, json};
use zstat_core::fit::Fitter;
use zstat_core::plugin::Registry;
use zstat_core::source::schema;
use zstat_core::spec::{self, Workspace};
use zstat_core::table::EventReader;
use zstat_train::spec::{Plugins, sections};

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
    let title = "One zstat analysis: a model, its data, and what to do with it.";
    let linked = Plugins::load()?;
    schemas.insert(MAIN.to_owned(), titled(spec::schema(&fitters, sections(&linked)), MAIN, title));
    of_plugins("fitter", &fitters, &mut schemas);
    of_plugins("loss", &linked.losses, &mut schemas);
    of_plugins("optimiser", &linked.optimisers, &mut schemas);
    of_plugins("reader", &Registry::<dyn EventReader>::load("reader")?, &mut schemas);
    of_plugins("scorer", &linked.scorers, &mut schemas);
    of_plugins("summary", &linked.summaries, &mut schemas);
    let title = "A HistFactory workspace in zstat's own form.";
    schemas.insert("workspace".to_owned(), titled(schema::of::<Workspace>(), "workspace", title));
    schemas.sort_keys();
    Ok(schemas)
}

fn of_plugins<T: ?Sized>(kind: &str, registry: &Registry<T>, schemas: &mut IndexMap<String, Value>) {
    for plugin in registry.iter() {
        let mut schema = (plugin.schema)();
        schema::dispatch_by_type(&mut schema);
        let (name, title) =
            (format!("{kind}.{}", plugin.name), format!("Options of the {kind} {}.", plugin.name));
        schemas.insert(name.clone(), titled(schema.to_value(), &name, &title));
    }
}

/// A schema as a file.
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn titled(mut schema: Value, name: &str, title: &str) -> Value {
    schema["$id"] = json!(format!("https://zstat.dev/schemas/{name}.json"));
    schema["title"] = json!(title);
    schema
}
