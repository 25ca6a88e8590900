//! `zstat schema`: JSON Schemas of this build, plugins included.

use clap::Args;

use crate::args::GlobalArgs;
use crate::failure::{Failure, OptionFault};
use crate::schemas;
use crate::{EXIT_DONE, output};

/// Options of `zstat schema`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat schema > zstat.schema.json    # of the analysis document, for editors\n  zstat schema workspace\n  zstat schema --output schemas/      # all of them, one file each"
)]
pub struct SchemaArgs {
    /// Which schema: `analysis`, `workspace`, or a plugin as KIND.NAME
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Prints one schema, or writes files into the folder `--output`.
pub fn run(args: &SchemaArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let all = schemas::all()?;
    if let Some(name) = args.name.as_ref().filter(|name| !all.contains_key(*name)) {
        let known: Vec<&str> = all.keys().map(String::as_str).collect();
        return Err(Failure::Options(vec![OptionFault::unknown("NAME", name, "schema", &known)]));
    }
    let Some(folder) = &global.output else {
        let name = args.name.as_deref().unwrap_or(schemas::MAIN);
        output::write_stdout(&schemas::text(&all[name]))?;
        return Ok(EXIT_DONE);
    };
    std::fs::create_dir_all(folder).map_err(|error| Failure::write(folder, error))?;
    for (name, schema) in
        all.iter().filter(|(name, _)| args.name.as_ref().is_none_or(|wanted| wanted == *name))
    {
        output::write_file(&folder.join(format!("{name}.json")), &schemas::text(schema))?;
    }
    Ok(EXIT_DONE)
}
