//! `zstat inspect`: what a spec means, every default written out.

use clap::Args;

use crate::args::{GlobalArgs, ModelArgs};
use crate::failure::Failure;
use crate::report::inspection::Inspection;
use crate::session::Session;
use crate::{EXIT_DONE, output};

/// Options of `zstat inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  zstat inspect specs/quickstart.yaml --dialect root")]
pub struct InspectArgs {
    #[command(flatten)]
    model: ModelArgs,
}

/// Shows the model.
pub fn run(args: &InspectArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let session = Session::open_without_files(&args.model)?;
    session.finish(Vec::new())?;
    output::write(&Inspection::new(&session), global)?;
    Ok(EXIT_DONE)
}
