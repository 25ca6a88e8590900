//! `zstat merge`: the result of a long job from its parts.

use std::io::ErrorKind::NotFound;
use std::path::PathBuf;

use clap::{Args, Parser};
use serde_json::{Value, json};

use crate::args::{Cli, GlobalArgs};
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Merged};
use crate::output::{self, Page, Report};
use crate::{EXIT_BAD_INPUT, EXIT_DONE, EXIT_NOT_CONVERGED};

/// Options of `zstat merge`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat hypotest specs/quickstart.yaml --toys 1000 --shard 1/2 --checkpoint part1\n  zstat hypotest specs/quickstart.yaml --toys 1000 --shard 2/2 --checkpoint part2\n  zstat merge part1 part2 --format json"
)]
pub struct MergeArgs {
    /// Folders of the parts, as given to --checkpoint
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Only list the tasks that no part has; exit code 1 where there are any
    #[arg(long)]
    missing: bool,
}

/// Runs the command of the parts on their records: nothing is computed again.
pub fn run(args: &MergeArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let merged = Merged::open(&args.folders)?;
    let Some(first) = merged.first() else { return Ok(EXIT_BAD_INPUT) };
    let part = |output: &PathBuf| Some((output.clone(), jobs::folder_of(output, &args.folders)?));
    if let Some((output, part)) = global.output.as_ref().and_then(part) {
        let same = output::real_place(&output) == output::real_place(part);
        let message = if same {
            "is one of the parts".to_owned()
        } else {
            format!("is in `{}`, one of the parts, which would be lost", part.display())
        };
        let fault = OptionFault::new("--output", output.display().to_string(), message);
        return Err(Failure::Options(vec![fault.help("choose another place for the result")]));
    }
    if args.missing {
        let report = Missing { tasks: first.tasks, gaps: merged.gaps()? };
        output::write(&report, global)?;
        return Ok(if report.gaps.is_empty() { EXIT_DONE } else { EXIT_NOT_CONVERGED });
    }
    let arguments = std::iter::once("zstat").chain(first.arguments.iter().map(String::as_str));
    let mut cli = Cli::try_parse_from(arguments).map_err(|error| Failure::Arguments(error.to_string()))?;
    cli.global = global.clone();
    cli.global.merged = Some(merged);
    super::run(&cli).map_err(|failure| match failure {
        Failure::Read { path, source, near: _ } if path.is_relative() && source.kind() == NotFound => {
            let why =
                "the parts name their files from the folder that they were made in: run `zstat merge` there";
            Failure::Read { path, source: std::io::Error::new(NotFound, why), near: None }
        }
        other => other,
    })
}

struct Missing {
    tasks: u64,
    gaps: Vec<std::ops::Range<u64>>,
}

impl Missing {
    fn count(&self) -> u64 {
        self.gaps.iter().map(|gap| gap.end - gap.start).sum()
    }
}

impl Report for Missing {
    fn command(&self) -> &'static str {
        "merge"
    }

    fn json(&self) -> Value {
        let gaps: Vec<[u64; 2]> = self.gaps.iter().map(|gap| [gap.start, gap.end]).collect();
        json!({
            "zstat": env!("CARGO_PKG_VERSION"), "tasks": self.tasks, "missing": self.count(), "ranges": gaps,
        })
    }

    fn text(&self, page: &mut Page) {
        page.line(format!("{} of {} tasks are missing", self.count(), self.tasks));
        for gap in &self.gaps {
            let last = gap.end - 1;
            page.line(if gap.start == last {
                format!("  {last}")
            } else {
                format!("  {} to {last}", gap.start)
            });
        }
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = vec!["from".to_owned(), "to".to_owned()];
        let rows = self.gaps.iter().map(|gap| vec![gap.start.to_string(), gap.end.to_string()]);
        Some(std::iter::once(header).chain(rows).collect())
    }
}
