//! `zstat evaluate`: the likelihood at one point.

use std::path::{Path, PathBuf};

use clap::Args;
use indexmap::IndexMap;
use serde::de::{MapAccess, Visitor};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;

use crate::args::{DataArgs, GlobalArgs, ModelArgs, ParameterArgs};
use crate::failure::{Failure, OptionFault};
use crate::report::evaluation::EvaluationReport;
use crate::session::{Session, Setup};
use crate::{EXIT_DONE, input, output, select};

/// Options of `zstat evaluate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  zstat evaluate specs/quickstart.yaml --set mu=0 --format json\n  zstat evaluate specs/quickstart.yaml --at point.json    # {\"mu\": 1.2, \"jes\": -0.3}"
)]
pub struct EvaluateArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
    /// The point, one JSON object {parameter: value}; parameters not in it are at their start value
    #[arg(long, value_name = "FILE.json")]
    at: Option<PathBuf>,
}

/// Evaluates. A likelihood that is not finite is a result: `null`, with the bin named in a warning.
pub fn run(args: &EvaluateArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let session = Session::open(&args.model)?;
    let mut faults = Vec::new();
    let at = match &args.at {
        Some(path) => read_point(&session.model, path, &mut faults)?,
        None => Vec::new(),
    };
    let Setup { data, start, unobserved } = session.setup(&args.data, &args.parameters, &mut faults)?;
    session.finish(faults)?;
    let mut theta = start.values;
    for (index, value) in at {
        theta[index] = value;
    }
    let started = std::time::Instant::now();
    let mut nll = Nll::new(&session.model, data);
    let evaluation = if unobserved.is_empty() {
        nll.evaluate(&theta).map_err(|error| error.to_string())
    } else {
        Err(format!(
            "no observations of {}; use --data asimov, --data FILE or --blind",
            unobserved.join(", ")
        ))
    };
    let evaluate_s = started.elapsed().as_secs_f64();
    let floors = nll.root_floors(&theta);
    let mut report = EvaluationReport::new(&session, theta, evaluation);
    report.warnings.splice(0..0, start.warnings);
    report.warnings.extend(floors);
    report.evaluate_s = evaluate_s;
    output::write(&report, global)?;
    Ok(EXIT_DONE)
}

/// The values of the point by parameter index. Unknown names, values that are no numbers, doubles: faults, all of them.
fn read_point(
    model: &Model,
    path: &Path,
    faults: &mut Vec<OptionFault>,
) -> Result<Vec<(usize, f64)>, Failure> {
    let document = input::read_document(path)?;
    let point = match serde_json::from_str::<Point>(document.text()) {
        Ok(point) => point.0,
        Err(error) => {
            let message = format!("expected one JSON object {{parameter: value}}: {error}");
            faults.push(OptionFault::new("--at", path.display().to_string(), message));
            return Ok(Vec::new());
        }
    };
    let mut values: IndexMap<usize, f64> = IndexMap::new();
    let known = select::known_parameters(model);
    for (name, value) in point {
        let Some(index) = model.find(&name) else {
            faults.push(unknown(model, &name, &known));
            continue;
        };
        if values.insert(index.0, value).is_some() {
            faults.push(OptionFault::new("--at", name.clone(), format!("`{name}` has a value already")));
        }
    }
    Ok(values.into_iter().collect())
}

fn unknown(model: &Model, name: &str, known: &[&str]) -> OptionFault {
    // A name in a file is a name, whatever characters it has.
    let formula = model.formulas().iter().any(|formula| formula.name == name);
    if let Some(fault) = select::formula_fault(model, "--at", name).filter(|_| formula) {
        return fault;
    }
    match model.sets().iter().find(|set| set.name == name) {
        Some(set) => OptionFault::new("--at", name, format!("`{name}` has {} values", set.len))
            .help(format!("write `{name}[0]` to `{name}[{}]`", set.len - 1)),
        None => OptionFault::unknown("--at", name, "parameter", known),
    }
}

/// An object of numbers that keeps double keys, so that they can be refused.
struct Point(Vec<(String, f64)>);

impl<'de> serde::Deserialize<'de> for Point {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Point;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Point, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Point(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
