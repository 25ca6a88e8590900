//! `zstat evaluate`: the likelihood at one point.

use std::path::{Path, PathBuf};

use clap::Args;
use indexmap::IndexMap;
use zstat_core::diag::{Code, Fault};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::source::{NodeValue, pointer};

use crate::args::{DataArgs, GlobalArgs, ModelArgs, ParameterArgs};
use crate::failure::{Failure, OptionFault};
use crate::report::evaluation::EvaluationReport;
use crate::session::{Session, Setup};
use crate::side::SideFile;
use crate::{EXIT_DONE, output, select};

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
    /// The point, a JSON or YAML mapping {parameter: value}; parameters not in it are at their start value
    #[arg(long, value_name = "FILE")]
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
    let file = SideFile::open("--at", "give `{PARAMETER: value, ..}`", path)?;
    let root = match file.tree() {
        Ok(root) => root,
        Err(fault) => {
            faults.push(fault);
            return Ok(Vec::new());
        }
    };
    if !matches!(root.value, NodeValue::Map(_)) {
        let message = format!("the file {}, expected `{{PARAMETER: value, ..}}`", root.found());
        faults.push(file.fault(file.at(root, Code::WrongType, "", message)));
        return Ok(Vec::new());
    }
    faults.extend(file.repeated(root, "").into_iter().map(|fault| file.fault(fault)));
    let mut values: IndexMap<usize, f64> = IndexMap::new();
    for entry in root.entries() {
        let at = pointer::join("", &entry.key);
        let value = file.number(&entry.node, &at, &format!("`{}`", entry.key));
        let value = value.map_err(|fault| faults.push(file.fault(fault)));
        match (model.find(&entry.key), value) {
            (Some(index), Ok(value)) => {
                if values.insert(index.0, value).is_some()
                    && root.entries().iter().filter(|e| e.key == entry.key).count() == 1
                {
                    let message = format!("`{}` has a value already, under another name", entry.key);
                    faults.push(file.fault(file.at_key(entry, Code::DuplicateKey, "", message)));
                }
            }
            (Some(_), Err(())) => {}
            (None, _) => {
                let OptionFault { message, help, .. } = unknown(model, &entry.key);
                let fault = file.at_key(entry, Code::UnknownName, "", message);
                faults.push(file.fault(Fault { help, ..fault }));
            }
        }
    }
    Ok(values.into_iter().collect())
}

fn unknown(model: &Model, name: &str) -> OptionFault {
    // A name in a file is a name, whatever characters it has.
    let formula = model.formulas().iter().any(|formula| formula.name == name);
    if let Some(fault) = select::formula_fault(model, "--at", name).filter(|_| formula) {
        return fault;
    }
    match model.sets().iter().find(|set| set.name == name) {
        Some(set) => OptionFault::new("--at", name, format!("`{name}` has {} values", set.len))
            .help(format!("write `{name}[0]` to `{name}[{}]`", set.len - 1)),
        None => OptionFault::unknown("--at", name, "parameter", &select::known_parameters(model)),
    }
}
